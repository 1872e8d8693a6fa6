/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * account: what users do with their own accounts: another password, an export
 * of what is held about them, the end of it.  Administrators can end one, too.
 *
 * Whoever is erased leaves nothing here but an opaque id in claims and audit
 * records, which stay: they say what was handed out, and to no one any more.
 */
#include <string.h>

#include "account.h"
#include "arena.h"
#include "auth.h"
#include "doc.h"
#include "json.h"
#include "log.h"
#include "password.h"
#include "reply.h"
#include "revoke.h"
#include "schema.h"
#include "security.h"
#include "session_store.h"
#include "store.h"
#include "strength.h"
#include "user_store.h"
#include "verdict.h"

#define SESSIONS_MAX	1000	/* in an export: the newest */

static const struct err_row wrong_password = { 403, "WRONG_PASSWORD",
    "The password is wrong" };

/* What other servers hold about a user, and where the user can read it. */
static const char elsewhere[] = "[\"/v1/users/me/claims\","
    "\"/v1/users/me/audit\"]";

enum err
account_find(struct request *req, const bson_t **user)
{
	struct auth *auth = req->app;
	enum err err;

	err = user_find(auth->store, req->arena, req->subject, user);
	return (err == ERR_NOT_FOUND ? err_set(ERR_TOKEN, NULL) : err);
}

enum err
account_password_right(struct request *req, const bson_t *user,
    const char *member)
{
	struct auth *auth = req->app;
	bool right;
	enum err err;

	err = password_check(auth->places, user_hash(user),
	    json_get_string(req->json, member), &right);
	if (err != ERR_OK || right)
		return (err);
	security_log(SECURITY_PASSWORD_WRONG, req, user_id(user), LOG_END);
	return (err_refuse(&wrong_password, NULL));
}

enum err
account_password_good(struct request *req, const char *member,
    const char *name, const char *email)
{
	struct auth *auth = req->app;
	struct weakness weakness;
	enum err err;

	err = strength_check(req->arena, auth->conf->password_min_length,
	    json_get_string(req->json, member), name, email, &weakness);
	return (err == ERR_INVALID ? request_fault(req,
	    arena_printf(req->arena, "/%s", member), weakness.code,
	    weakness.message) : err);
}

static enum err
set_password(struct request *req, void *ctx)
{
	struct auth *auth = req->app;
	const char *hash = ctx;
	enum err err;

	err = user_set_password(auth->store, req->arena, req->subject, hash,
	    req->attempt);
	if (err == ERR_OK)
		err = session_end_others(auth->store, req->arena,
		    req->subject, req->session);
	return (err == ERR_NOT_FOUND ? err_set(ERR_TOKEN, NULL) : err);
}

enum err
account_password(struct request *req, struct reply *reply)
{
	struct auth *auth = req->app;
	char hash[PASSWORD_HASH_SIZE];
	const bson_t *user;
	enum err err;

	if ((err = account_find(req, &user)) != ERR_OK ||
	    (err = account_password_good(req, "newPassword",
	    user_name(user), user_email(user))) != ERR_OK)
		return (err);
	/* A repeated call has changed it already, and ends what it began. */
	if (strcmp(user_password_by(user), req->attempt) != 0)
		err = account_password_right(req, user, "currentPassword");
	if (err == ERR_OK)
		err = password_hash(auth->places, json_get_string(req->json,
		    "newPassword"), hash);
	if (err == ERR_OK)
		err = revoke_user(req, req->subject, set_password, hash);
	if (err != ERR_OK)
		return (err);
	security_log(SECURITY_PASSWORD_CHANGED, req, req->subject, LOG_END);
	reply_no_content(reply);
	return (ERR_OK);
}

static enum err
erase_user(struct request *req, void *ctx)
{
	struct auth *auth = req->app;
	const char *id = ctx;
	enum err err;

	/* Who is gone already was there when this attempt began. */
	err = user_remove(auth->store, req->arena, id);
	if (err == ERR_OK || err == ERR_NOT_FOUND)
		err = session_erase_all(auth->store, req->arena, id);
	return (err);
}

static enum err
erase(struct request *req, struct reply *reply, const char *id)
{
	char copy[ID_SIZE];
	enum err err;

	memcpy(copy, id, ID_SIZE);
	if ((err = revoke_user(req, id, erase_user, copy)) != ERR_OK)
		return (err);
	security_log(SECURITY_USER_DELETED, req, copy, LOG_END);
	reply_no_content(reply);
	return (ERR_OK);
}

/* Is this a call that the gateway repeats, and its user was erased by it? */
static bool
is_repeated(struct request *req, const char *id)
{
	struct auth *auth = req->app;

	return (verdict_revoke_begun(auth->verdicts, req, SUBJECT_USER, id));
}

enum err
account_delete(struct request *req, struct reply *reply)
{
	const bson_t *user;
	enum err err;

	err = account_find(req, &user);
	if (err == ERR_TOKEN && is_repeated(req, req->subject))
		return (erase(req, reply, req->subject));
	if (err != ERR_OK)
		return (err);
	err = account_password_right(req, user, "password");
	return (err == ERR_OK ? erase(req, reply, user_id(user)) : err);
}

enum err
user_delete(struct request *req, struct reply *reply)
{
	const char *id = contract_param(req, "userId");
	struct auth *auth = req->app;
	const bson_t *user;
	enum err err;

	err = user_find(auth->store, req->arena, id, &user);
	if (err == ERR_OK || (err == ERR_NOT_FOUND && is_repeated(req, id)))
		return (erase(req, reply, id));
	return (err);
}

/* The list of sessions in an export. */
struct sessions {
	struct buf		*body;
	const struct schema	*schema;
	int			 count;
};

static bool
put_session(void *ctx, const bson_t *doc)
{
	struct sessions *L = ctx;

	buf_puts(L->body, L->count++ > 0 ? "," : "");
	doc_put(L->body, L->schema, doc);
	return (true);
}

static enum err
put_sessions(struct request *req, struct reply *reply)
{
	struct auth *auth = req->app;
	const struct schema *list = schema_property_named(req->op->result,
	    "sessions")->schema;
	struct sessions L = { &reply->body, schema_items(list), 0 };

	return (store_find(auth->store, SESSIONS, DOC(req->arena, "userId",
	    BCON_UTF8(req->subject)), DOC(req->arena, "sort", "{", "_id",
	    BCON_INT32(-1), "}", "limit", BCON_INT64(SESSIONS_MAX)),
	    put_session, &L));
}

enum err
account_export(struct request *req, struct reply *reply)
{
	struct buf *b = &reply->body;
	const bson_t *user;
	enum err err;

	if ((err = account_find(req, &user)) != ERR_OK)
		return (err);
	buf_puts(b, "{\"user\":");
	doc_put(b, schema_property_named(req->op->result, "user")->schema,
	    user);
	buf_puts(b, ",\"sessions\":[");
	if ((err = put_sessions(req, reply)) != ERR_OK)
		return (err);
	buf_printf(b, "],\"elsewhere\":%s}", elsewhere);
	reply_no_store(reply);
	reply_ok(reply);
	return (ERR_OK);
}
