/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rate: how many requests of a class an address, and a user, may send.
 *
 * The address comes first, before anything is asked of auth; a user is known
 * only afterwards.  A refusal costs a look into shared memory.
 */
#include "address.h"
#include "arena.h"
#include "clock.h"
#include "conf.h"
#include "contract.h"
#include "gateway.h"
#include "log.h"
#include "reply.h"
#include "request.h"
#include "security.h"

#define LOOK_MS	1000	/* between two looks whether a warning is due */

/* A key that is refused all the time is in the log once in ten seconds. */
static const struct rate log_rate = { 1, 10 };
static const struct rate warn_rate = { 1, 60 };

void
rate_client(const struct gateway *gw, struct request *req)
{
	char *text = arena_alloc(req->arena, ADDRESS_TEXT_SIZE);

	address_client(&gw->conf->trusted_proxies, req->client,
	    request_env(req, "HTTP_X_FORWARDED_FOR"), text);
	req->client = text;
}

/* draft-ietf-httpapi-ratelimit-headers-10: RateLimit-Policy and RateLimit. */
static void
put_headers(const struct request *req, struct reply *reply, const char *scope,
    const struct rate *rate, const struct rate_state *state)
{

	reply_header(reply, "RateLimit-Policy", arena_printf(req->arena,
	    "\"%s\";q=%lld;w=%lld", scope, (long long)rate->burst,
	    (long long)rate->seconds));
	reply_header(reply, "RateLimit", arena_printf(req->arena,
	    "\"%s\";r=%lld;t=%lld", scope, (long long)state->left,
	    (long long)((state->full_ms + 999) / 1000)));
}

static void
log_refusal(const struct gateway *gw, const struct request *req,
    const char *scope, const char *key)
{
	struct rate_state state;

	if (!ratelimit_take(gw->ratelimit, &log_rate, arena_printf(req->arena,
	    "log %s", scope), key, &state))
		return;
	security_log(SECURITY_RATE_LIMITED, req, req->subject,
	    LOG_STR("limit", scope), LOG_END);
}

void
rate_security(const struct gateway *gw, const struct request *req,
    enum security_event event)
{
	char block[ADDRESS_TEXT_SIZE];
	struct rate_state state;

	address_block(req->client, block);
	if (ratelimit_take(gw->ratelimit, &log_rate, event ==
	    SECURITY_TOKEN_REFUSED ? "log token" : "log role",
	    req->subject != NULL ? req->subject : block, &state))
		security_log(event, req, req->subject, LOG_END);
}

static enum err
take(const struct gateway *gw, const struct request *req, struct reply *reply,
    const struct rate *rate, const char *kind, const char *key)
{
	const char *class = rate_class_name(req->op->limit);
	const char *scope = arena_printf(req->arena, "%s-%s", class, kind);
	struct rate_state state;
	bool may;

	may = ratelimit_take(gw->ratelimit, rate, scope, key, &state);
	/* The user's limit is the narrower one, and follows if there is one. */
	if (gw->conf->ratelimit_headers && (!may || req->subject != NULL ||
	    (req->op->roles & ROLE_PUBLIC) != 0))
		put_headers(req, reply, scope, rate, &state);
	if (may)
		return (ERR_OK);
	log_refusal(gw, req, scope, key);
	reply->retry_after = (state.wait_ms + 999) / 1000;
	return (err_set(ERR_RATE, "too many requests (%s)", class));
}

enum err
rate_address(const struct gateway *gw, const struct request *req,
    struct reply *reply)
{
	char block[ADDRESS_TEXT_SIZE];

	if (!gw->conf->limits || req->op->limit == RATE_NONE)
		return (ERR_OK);
	address_block(req->client, block);
	return (take(gw, req, reply,
	    &gw->conf->rates[req->op->limit].address, "address", block));
}

enum err
rate_user(const struct gateway *gw, const struct request *req,
    struct reply *reply)
{

	if (!gw->conf->limits || req->op->limit == RATE_NONE ||
	    req->subject == NULL)
		return (ERR_OK);
	return (take(gw, req, reply, &gw->conf->rates[req->op->limit].user,
	    "user", req->subject));
}

void
rate_idle(struct gateway *gw)
{
	int64_t now = clock_mono();
	struct rate_state state;

	/* This is called after each request, too. */
	if (gw->conf->limits || now - gw->warned < LOOK_MS)
		return;
	gw->warned = now;
	if (ratelimit_take(gw->ratelimit, &warn_rate, "warning", "limits",
	    &state))
		security_log(SECURITY_LIMITS_OFF, NULL, NULL, LOG_END);
}
