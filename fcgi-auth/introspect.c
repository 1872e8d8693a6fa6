/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * introspect: is this access token worth anything now?  [RFC 7662]
 *
 * The signature says who minted it and for whom; whether the session lives
 * and what the user may do is what the database says, or said so lately that
 * nothing can have changed: see verdict.h.  What is wrong with a token is
 * nobody's business: all of it is {"active":false}.  A database that is away
 * is no verdict, but 503.
 */
#include <string.h>

#include "auth.h"
#include "clock.h"
#include "factor.h"
#include "json.h"
#include "reply.h"
#include "session_store.h"
#include "token.h"
#include "user_store.h"
#include "verdict.h"

/*
 * Ask the database about a token whose signature is right.  ERR_NOT_FOUND if
 * the session has ended or the user may not sign in.
 */
static enum err
read_verdict(struct request *req, struct verdict *verdict)
{
	struct auth *auth = req->app;
	const struct token *token = &verdict->token;
	struct session session;
	const bson_t *user;
	enum err err;

	err = session_find_with_user(auth->store, req->arena, token->sid,
	    &session, &user);
	if (err == ERR_OK && (!session_is_live(&session) ||
	    strcmp(session.user, token->sub) != 0 || user == NULL ||
	    !user_is_active(user)))
		err = err_set(ERR_NOT_FOUND, NULL);
	if (err == ERR_OK) {
		verdict->role = factor_role(auth, user);
		verdict->until = session.expires;
	}
	return (err);
}

/* The verdict on a token: from memory, or from signature and database. */
static enum err
judge(struct request *req, const char *text, struct verdict *verdict)
{
	struct auth *auth = req->app;
	uint64_t guard;
	enum err err;

	if (verdict_recall(auth->verdicts, req->arena, text, verdict, &guard))
		return (token_is_timely(&verdict->token) &&
		    clock_now() < verdict->until ? ERR_OK : ERR_NOT_FOUND);
	memset(verdict, 0, sizeof(*verdict));
	if (!token_read(auth->token_keys, req->arena, text, &verdict->token))
		return (ERR_NOT_FOUND);
	if ((err = read_verdict(req, verdict)) == ERR_OK)
		verdict_keep(auth->verdicts, text, verdict, guard);
	return (err);
}

enum err
token_introspect(struct request *req, struct reply *reply)
{
	struct verdict verdict;
	const struct token *token = &verdict.token;
	enum err err;

	err = judge(req, json_get_string(req->json, "token"), &verdict);
	if (err == ERR_OK)
		buf_printf(&reply->body, "{\"active\":true,\"sub\":\"%s\","
		    "\"role\":\"%s\",\"sid\":\"%s\",\"exp\":%lld,"
		    "\"iat\":%lld,\"jti\":\"%s\"}", token->sub,
		    role_name(verdict.role), token->sid,
		    (long long)token->exp, (long long)token->iat, token->jti);
	else if (err == ERR_NOT_FOUND)
		buf_puts(&reply->body, "{\"active\":false}");
	else
		return (err);
	reply_no_store(reply);
	reply_ok(reply);
	return (ERR_OK);
}
