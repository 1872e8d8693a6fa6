/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One page for all three listeners: it shows the document of the origin that
 * it was loaded from, and calls only that origin.  Credentials stay in the
 * page and are gone when it is left.
 */
"use strict";

const ui = SwaggerUIBundle({
	url: "/v1/openapi.json",
	dom_id: "#swagger-ui",
	presets: [SwaggerUIBundle.presets.apis],
	layout: "BaseLayout",
	deepLinking: true,
	docExpansion: "list",
	defaultModelsExpandDepth: 0,
	displayRequestDuration: true,
	filter: false,
	persistAuthorization: false,
	queryConfigEnabled: false,	/* no ?url=... of somebody else */
	validatorUrl: null,		/* no badge from another host */
	requestInterceptor: (request) => {
		/* Only what Authorize was given; no dialog of the browser. */
		request.credentials = "omit";
		return request;
	},
	onComplete: () => {
		const title = ui.specSelectors.info().get("title");

		if (title)
			document.title = title;
	},
});
