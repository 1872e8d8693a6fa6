/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swagger.js BASE METHOD PATH: open BASE/swagger/ in a headless Chromium, put
 * in the credentials, do "Try it out" on one operation and print what the page
 * shows, as one line of JSON: {title, url, code, body}.
 *
 * BEARER       a token for HTTP Bearer, or
 * BASIC        id:secret for HTTP Basic; with neither, nothing is put in
 * SCREENSHOT   file for a picture of the page at the end (PNG)
 * CHROMIUM     the browser; default /usr/bin/chromium
 *
 * Exit status 1, with the reasons on stderr, if a step failed, if the page
 * asked another host, broke its Content-Security-Policy, or logged an error.
 * (A browser logs an answer of 4xx or 5xx as an error: EXPECT=401 allows it.)
 */
"use strict";

const { chromium } = require("playwright-core");

const FLAGS = [
	"--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update",
	"--disable-sync",
];
const STEP = 20000;	/* ms for one step on a busy machine */

/* Everything that the page must not do is noted in ${faults}. */
async function watch(page, origin, expect, faults)
{
	await page.route(() => true, (route) => {
		const url = route.request().url();

		if (url.startsWith("data:") || new URL(url).origin === origin)
			return route.continue();
		faults.push(`request to another host: ${url}`);
		return route.abort();
	});
	page.on("pageerror", (e) => faults.push(`exception: ${e.message}`));
	page.on("console", (m) => {
		if (m.type() !== "error")
			return;
		if (expect && m.text().includes(`status of ${expect}`))
			return;
		faults.push(`console: ${m.text()} ${m.location().url || ""}`);
	});
	await page.exposeFunction("noteViolation", (v) => faults.push(v));
	await page.addInitScript(() => {
		document.addEventListener("securitypolicyviolation", (e) =>
		    window.noteViolation("content security policy: " +
		    `${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
	});
}

async function authorize(page, bearer, basic)
{
	if (!bearer && !basic)
		return;
	await page.locator(".auth-wrapper .btn.authorize").click();
	const dialog = page.locator(".modal-ux");
	if (bearer) {
		await dialog.getByLabel("auth-bearer-value").fill(bearer);
	} else {
		const [id, secret] = basic.split(/:(.*)/s);
		await dialog.getByLabel("auth-basic-username").fill(id);
		await dialog.getByLabel("auth-basic-password").fill(secret);
	}
	await dialog.locator("button.authorize").click();
	await dialog.getByText("Logout").waitFor();
	await dialog.locator("button.btn-done").click();
	await dialog.waitFor({ state: "detached" });
}

async function tryItOut(page, method, path)
{
	const block = page.locator(`.opblock-${method.toLowerCase()}`, {
		has: page.locator(`.opblock-summary-path[data-path="${path}"]`),
	});
	await block.locator(".opblock-summary-control").click();
	await block.locator("button.try-out__btn").click();
	await block.locator("button.execute").click();

	const live = block.locator(".live-responses-table");
	const row = live.locator("tr.response").first();
	await row.waitFor();
	return {
		url: await block.locator(".request-url pre").innerText(),
		code: Number(await row.locator(".response-col_status").innerText()),
		body: await row.locator(".response-col_description pre").first()
		    .innerText(),
	};
}

async function main(base, method, path)
{
	const env = process.env;
	const faults = [];
	const browser = await chromium.launch({
		executablePath: env.CHROMIUM || "/usr/bin/chromium",
		args: FLAGS,
		headless: true,
	});

	try {
		const page = await browser.newPage({
			viewport: { width: 1200, height: 1500 },
		});
		page.setDefaultTimeout(STEP);
		await watch(page, new URL(base).origin, env.EXPECT, faults);
		try {
			await page.goto(`${base}/swagger/`);
			await page.locator(".opblock").first().waitFor();
			await authorize(page, env.BEARER, env.BASIC);
			const result = await tryItOut(page, method, path);
			result.title = await page.title();
			console.log(JSON.stringify(result));
		} catch (e) {
			faults.push(e.message);
		}
		if (env.SCREENSHOT)
			await page.screenshot({ path: env.SCREENSHOT });
	} finally {
		await browser.close();
	}
	for (const fault of faults)
		console.error(`swagger.js: ${fault}`);
	return faults.length ? 1 : 0;
}

if (process.argv.length !== 5) {
	console.error("usage: swagger.js BASE METHOD PATH");
	process.exit(2);
}
main(...process.argv.slice(2)).then((status) => {
	process.exitCode = status;
}, (e) => {
	console.error(`swagger.js: ${e.message}`);
	process.exitCode = 1;
});
