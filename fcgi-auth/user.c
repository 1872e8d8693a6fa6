/* SPDX-License-Identifier: BSD-2-Clause */
/* user: sign up, list, read and change users. */
#include <string.h>

#include "account.h"
#include "arena.h"
#include "auth.h"
#include "doc.h"
#include "json.h"
#include "log.h"
#include "password.h"
#include "reply.h"
#include "security.h"
#include "session_store.h"
#include "store.h"
#include "user_store.h"
#include "verdict.h"

static void
put_user(struct request *req, struct reply *reply, const bson_t *user)
{

	doc_put(&reply->body, req->op->result, user);
}

enum err
user_register(struct request *req, struct reply *reply, enum role role)
{
	struct auth *auth = req->app;
	char hash[PASSWORD_HASH_SIZE];
	struct user_new new = {
		.attempt = req->attempt,
		.email = json_get_string(req->json, "email"),
		.name = json_get_string(req->json, "name"),
		.hash = hash,
		.role = role,
	};
	const bson_t *user;
	enum err err;

	if ((new.key = user_email_key(req->arena, new.email)) == NULL)
		return (request_fault(req, "/email", "WRONG_FORMAT",
		    "must be an email address"));
	if ((err = account_password_good(req, "password", new.name,
	    new.email)) != ERR_OK)
		return (err);
	err = password_hash(auth->places, json_get_string(req->json,
	    "password"), hash);
	if (err != ERR_OK ||
	    (err = user_insert(auth->store, req->arena, &new, &user)) !=
	    ERR_OK)
		return (err);
	security_log(SECURITY_USER_CREATED, req, user_id(user),
	    LOG_STR("role", role_name(role)), LOG_END);
	put_user(req, reply, user);
	reply->object = user_id(user);
	reply_created(reply, arena_printf(req->arena, "/v1/users/%s",
	    user_id(user)));
	return (ERR_OK);
}

enum err
user_create(struct request *req, struct reply *reply)
{

	return (user_register(req, reply, ROLE_USER));
}

enum err
user_list(struct request *req, struct reply *reply)
{
	struct auth *auth = req->app;
	bson_t *filter = store_new_doc(req->arena);
	struct page_query query = { USERS, "us", filter };

	user_filter(filter, request_query(req, "role"),
	    request_query(req, "status"));
	return (page_list(auth->store, req, reply, auth->cursor_key,
	    &query));
}

static enum err
answer_user(struct request *req, struct reply *reply, const char *id)
{
	struct auth *auth = req->app;
	const bson_t *user;
	enum err err;

	err = user_find(auth->store, req->arena, id, &user);
	if (err != ERR_OK)
		return (err);
	put_user(req, reply, user);
	reply_ok(reply);
	return (ERR_OK);
}

enum err
user_me(struct request *req, struct reply *reply)
{
	enum err err = answer_user(req, reply, req->subject);

	/* A caller who is gone has no right to call. */
	return (err == ERR_NOT_FOUND ? err_set(ERR_TOKEN, NULL) : err);
}

enum err
user_get(struct request *req, struct reply *reply)
{

	return (answer_user(req, reply, contract_param(req, "userId")));
}

enum err
user_internal_get(struct request *req, struct reply *reply)
{

	return (answer_user(req, reply, contract_param(req, "userId")));
}

static void
log_change(const struct request *req, const bson_t *before,
    const bson_t *after)
{
	bool active = user_is_active(after);

	if (user_role(before) != user_role(after))
		security_log(SECURITY_ROLE_CHANGED, req, user_id(after),
		    LOG_STR("from", role_name(user_role(before))),
		    LOG_STR("to", role_name(user_role(after))), LOG_END);
	if (user_is_active(before) != active)
		security_log(active ? SECURITY_USER_ENABLED :
		    SECURITY_USER_DISABLED, req, user_id(after), LOG_END);
}

/*
 * A user who is disabled loses all sessions.  They are ended once more before
 * he is enabled: a login may have passed its check just before he was
 * disabled, or the first ending may have failed.
 */
static enum err
change_user(struct request *req, const bson_t *before, const bson_t **after)
{
	struct auth *auth = req->app;
	const char *id = user_id(before);
	const char *role = json_get_string(req->json, "role");
	const char *status = json_get_string(req->json, "status");
	bool active = status != NULL && strcmp(status, "ACTIVE") == 0;
	enum err err = ERR_OK;

	if (active && !user_is_active(before))
		err = session_end_all(auth->store, req->arena, id);
	if (err == ERR_OK)
		err = user_update(auth->store, req->arena, id,
		    role != NULL ? role_parse(role) : ROLE_PUBLIC,
		    status != NULL ? &active : NULL, after);
	if (err == ERR_OK && !user_is_active(*after))
		err = session_end_all(auth->store, req->arena, id);
	return (err);
}

enum err
user_patch(struct request *req, struct reply *reply)
{
	struct auth *auth = req->app;
	const bson_t *before, *after;
	const char *id;
	enum err err;

	err = user_find(auth->store, req->arena,
	    contract_param(req, "userId"), &before);
	if (err != ERR_OK)
		return (err);
	id = user_id(before);
	err = verdict_revoke_begin(auth->verdicts, req, SUBJECT_USER, id);
	if (err == ERR_OK) {
		err = change_user(req, before, &after);
		verdict_revoke_end(auth->verdicts, req, SUBJECT_USER, id);
	}
	if (err != ERR_OK)
		return (err);
	log_change(req, before, after);
	put_user(req, reply, after);
	reply_ok(reply);
	return (ERR_OK);
}
