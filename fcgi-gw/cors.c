/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cors: which pages of other origins may read our answers [Fetch standard,
 * https://fetch.spec.whatwg.org/#http-cors-protocol].
 *
 * Off unless the configuration names origins.  It lets a browser show an
 * answer to a page; it is no protection of ours: a request from elsewhere is
 * served as ever.  We take bearer tokens and no cookies, so credentials are
 * never allowed.
 */
#include <string.h>

#include "conf.h"
#include "gateway.h"
#include "reply.h"
#include "request.h"

#define MAX_AGE	"600"	/* seconds that a browser may keep a preflight */

/* What a page may send, and see, beyond what it always may. */
static const char sent[] = "Authorization, Content-Type, Idempotency-Key, "
    "If-Match, If-None-Match, traceparent";
static const char seen[] = "Allow, ETag, Link, Location, RateLimit, "
    "RateLimit-Policy, Retry-After, traceparent, WWW-Authenticate";

/* A preflight, by the standard's own definition. */
static bool
is_preflight(const struct request *req)
{

	return (strcmp(req->method, "OPTIONS") == 0 &&
	    request_env(req, "HTTP_ACCESS_CONTROL_REQUEST_METHOD") != NULL);
}

void
cors_answer(const struct gateway *gw, const struct request *req,
    struct reply *reply, const char *methods)
{
	const struct origins *origins = &gw->conf->cors_origins;
	const char *origin = request_env(req, "HTTP_ORIGIN");

	if (origins->count == 0)
		return;
	/* Also on an answer without: another origin's would have them. */
	reply_header(reply, "Vary", "Origin");
	if (origin == NULL || !origins_have(origins, origin))
		return;
	reply_header(reply, "Access-Control-Allow-Origin", origin);
	if (reply->status != 204 || methods == NULL || !is_preflight(req)) {
		reply_header(reply, "Access-Control-Expose-Headers", seen);
		return;
	}
	reply_header(reply, "Access-Control-Allow-Methods", methods);
	reply_header(reply, "Access-Control-Allow-Headers", sent);
	reply_header(reply, "Access-Control-Max-Age", MAX_AGE);
}
