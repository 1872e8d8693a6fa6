/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gate: the steps of one request in the gateway.
 *
 *	parse		method, path, query, trace; a fresh attempt id
 *	relieve		503 at once while too many are waiting
 *	route		operations port, document, or an operation:
 *			404, 405, OPTIONS
 *	limit		by the client's address: 429
 *	authenticate	the bearer token, by auth's introspection: 401, 503
 *	limit		by the subject: 429
 *	admit		the role, by the contract: 403
 *	measure		415, 413
 *	forward		to the worker, which does the rest
 *
 * The gateway checks no signature: only auth knows what a good token is.
 */
#include <string.h>

#include "arena.h"
#include "backlog.h"
#include "buf.h"
#include "clock.h"
#include "conf.h"
#include "contract.h"
#include "gateway.h"
#include "id.h"
#include "json.h"
#include "link.h"
#include "reply.h"
#include "request.h"

#define TOKEN_MAX	4096
#define REALM		"Bearer realm=\"guerdon\""

/* b64token of RFC 6750, section 2.1. */
static const char token_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz0123456789-._~+/=";

static enum err
route_document(const struct gateway *gw, const struct request *req,
    struct reply *reply)
{

	if (!req->head && strcmp(req->method, "GET") != 0)
		return (err_set(ERR_METHOD, NULL));
	buf_puts(&reply->body, gw->document);
	reply_ok(reply);
	return (ERR_OK);
}

/* A path is in at most one of the contracts. */
static enum err
route_operation(const struct gateway *gw, struct request *req,
    const char **allow)
{
	enum err err = ERR_NOT_FOUND;
	size_t i;

	for (i = 0; err == ERR_NOT_FOUND && i < UPSTREAM_COUNT; i++)
		err = contract_route(gw->upstreams[i].contract, req, true,
		    allow);
	return (err);
}

/* What a supervisor asks comes by the same socket, but isn't refused. */
static bool
is_operations(const struct request *req)
{
	const char *listener = request_env(req, "GUERDON_LISTENER");

	return (listener != NULL && strcmp(listener, "ops") == 0);
}

static enum err
relieve(const struct gateway *gw, const struct request *req)
{

	if (backlog_too_long(gw->backlog) && !is_operations(req))
		return (err_set(ERR_AWAY, "too many requests are waiting"));
	return (ERR_OK);
}

static enum err
route(const struct gateway *gw, struct request *req, struct reply *reply,
    const char **allow)
{
	enum err err;

	*allow = "GET, HEAD, OPTIONS";
	if (is_operations(req))
		err = health_serve(gw, req, reply);
	else if (strcmp(req->path, CONTRACT_PATH) == 0)
		err = route_document(gw, req, reply);
	else
		err = route_operation(gw, req, allow);
	return (reply_options(req, reply, err, *allow));
}

/* 401, with the reason that RFC 6750, section 3 has for it. */
static enum err
unauthenticated(const struct gateway *gw, const struct request *req,
    struct reply *reply, enum err err)
{

	if (err == ERR_TOKEN)
		rate_security(gw, req, SECURITY_TOKEN_REFUSED);
	reply_header(reply, "WWW-Authenticate", err == ERR_TOKEN ?
	    REALM ", error=\"invalid_token\"" : REALM);
	return (err_set(err, NULL));
}

/* Ask auth about the token; its answer is the only truth there is. */
static enum err
introspect(const struct gateway *gw, struct request *req, const char *token,
    cJSON **verdict)
{
	struct link_answer answer;
	struct link_call call;
	struct buf body;
	enum err err;

	buf_init(&body, req->arena, 4 * TOKEN_MAX);
	buf_puts(&body, "token=");
	buf_put_uri(&body, token);
	forward_start(gw, &call, req, "POST", "/introspect");
	link_param(&call, "GUERDON_ROLE", role_name(ROLE_SERVICE));
	link_param(&call, "CONTENT_TYPE", "application/x-www-form-urlencoded");
	link_param(&call, "CONTENT_LENGTH", arena_printf(req->arena, "%zu",
	    body.len));
	call.body = body.data;
	call.body_len = body.len;
	err = link_call(gw->upstreams[UPSTREAM_AUTH].link, req->arena, &call,
	    &answer);
	if (err != ERR_OK)
		return (err);
	if (answer.status != 200 || json_parse(req->arena, answer.body,
	    answer.body_len, verdict) != ERR_OK ||
	    !cJSON_IsBool(json_get(*verdict, "active")))
		return (err_set(ERR_AWAY, "authentication is away"));
	return (ERR_OK);
}

/* The token of "Authorization: Bearer b64token", NULL if it isn't that. */
static const char *
bearer_token(const char *authorization)
{
	const char *token;

	if (strncasecmp(authorization, "Bearer ", 7) != 0)
		return (NULL);
	token = authorization + 7 + strspn(authorization + 7, " ");
	if (token[0] == '\0' || strlen(token) > TOKEN_MAX ||
	    token[strspn(token, token_chars)] != '\0')
		return ("");
	return (token);
}

static enum err
authenticate(const struct gateway *gw, struct request *req,
    struct reply *reply)
{
	const char *shown = request_env(req, "HTTP_AUTHORIZATION");
	const char *token = (shown != NULL) ? bearer_token(shown) : NULL;
	const char *role;
	cJSON *verdict;
	enum err err;

	if ((req->op->roles & ROLE_PUBLIC) != 0)
		return (ERR_OK);
	if (token == NULL)
		return (unauthenticated(gw, req, reply,
		    ERR_UNAUTHENTICATED));
	if (token[0] == '\0')
		return (unauthenticated(gw, req, reply, ERR_TOKEN));
	if ((err = introspect(gw, req, token, &verdict)) != ERR_OK)
		return (err);
	if (!cJSON_IsTrue(json_get(verdict, "active")))
		return (unauthenticated(gw, req, reply, ERR_TOKEN));
	req->subject = json_get_string(verdict, "sub");
	req->session = json_get_string(verdict, "sid");
	role = json_get_string(verdict, "role");
	req->role = (role != NULL) ? role_parse(role) : ROLE_PUBLIC;
	if (req->subject == NULL || req->session == NULL ||
	    req->role == ROLE_PUBLIC || req->role == ROLE_SERVICE)
		return (err_set(ERR_AWAY, "authentication is away"));
	return (ERR_OK);
}

static enum err
admit(const struct gateway *gw, const struct request *req,
    struct reply *reply)
{
	enum err err;

	err = contract_admit(req);
	if (err == ERR_ROLE) {
		rate_security(gw, req, SECURITY_ROLE_REFUSED);
		reply_header(reply, "WWW-Authenticate",
		    REALM ", error=\"insufficient_scope\"");
	}
	return (err);
}

void
gate_serve(void *app, struct request *req, struct reply *reply)
{
	const struct gateway *gw = app;
	const char *allow = NULL;
	int64_t begun = clock_micro();
	bool relieved;
	enum err err;

	json_arena(req->arena);
	err = request_parse(req);
	id_new("at", req->attempt);
	req->deadline = req->started + gw->conf->request_timeout;
	rate_client(gw, req);
	relieved = err == ERR_OK && (err = relieve(gw, req)) != ERR_OK;
	if (err == ERR_OK)
		err = route(gw, req, reply, &allow);
	if (err == ERR_OK && reply->status == 0 &&
	    (err = rate_address(gw, req, reply)) == ERR_OK &&
	    (err = authenticate(gw, req, reply)) == ERR_OK &&
	    (err = rate_user(gw, req, reply)) == ERR_OK &&
	    (err = admit(gw, req, reply)) == ERR_OK &&
	    (err = contract_media(req)) == ERR_OK)
		err = forward_request(gw, req, reply);
	reply_finish(reply, req, err);
	if (!is_operations(req))
		cors_answer(gw, req, reply, allow);
	reply_common(reply, req);
	reply_log(req, reply);
	if (!relieved)
		backlog_served(gw->backlog, clock_micro() - begun);
}
