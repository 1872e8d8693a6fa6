/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * introspect: is this access token worth anything now?  [RFC 7662]
 *
 * The signature says who minted it and for whom; whether the session lives
 * and what the user may do is read each time.  What is wrong with a token is
 * nobody's business: all of it is {"active":false}.  A database that is away
 * is no verdict, but 503.
 */
#include <string.h>

#include "auth.h"
#include "json.h"
#include "log.h"
#include "reply.h"
#include "session_store.h"
#include "token.h"
#include "user_store.h"

/*
 * The role that a token's user has now.  ERR_NOT_FOUND if the session has
 * ended or the user may not sign in.
 */
static enum err
read_role(struct request *req, const struct token *token, enum role *role)
{
	struct auth *auth = req->app;
	struct session session;
	const bson_t *user;
	enum err err;

	err = session_find(auth->store, req->arena, token->sid, &session);
	if (err == ERR_OK && (!session_is_live(&session) ||
	    strcmp(session.user, token->sub) != 0))
		err = err_set(ERR_NOT_FOUND, NULL);
	if (err == ERR_OK)
		err = user_find(auth->store, req->arena, token->sub, &user);
	if (err == ERR_OK && !user_is_active(user))
		err = err_set(ERR_NOT_FOUND, NULL);
	if (err == ERR_OK)
		*role = user_role(user);
	return (err);
}

enum err
token_introspect(struct request *req, struct reply *reply)
{
	struct auth *auth = req->app;
	struct token token;
	enum role role;
	enum err err;

	err = token_read(auth->token_keys, req->arena,
	    json_get_string(req->json, "token"), &token) ?
	    read_role(req, &token, &role) : ERR_NOT_FOUND;
	if (err == ERR_OK)
		buf_printf(&reply->body, "{\"active\":true,\"sub\":\"%s\","
		    "\"role\":\"%s\",\"sid\":\"%s\",\"exp\":%lld,"
		    "\"iat\":%lld,\"jti\":\"%s\"}", token.sub,
		    role_name(role), token.sid, (long long)token.exp,
		    (long long)token.iat, token.jti);
	else if (err == ERR_NOT_FOUND)
		buf_puts(&reply->body, "{\"active\":false}");
	else
		return (err);
	reply_no_store(reply);
	reply_ok(reply);
	return (ERR_OK);
}
