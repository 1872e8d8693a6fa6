/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * account: what users do with their own accounts: another password, an export
 * of what is held about them, the end of it.  Administrators can end one, too.
 *
 * Whoever is erased leaves nothing but an opaque id in claims and audit
 * records, which stay: they say what was handed out, and to no one any more.
 */
#include <stdio.h>
#include <string.h>

#include "../fcgi-event/person_store.h"
#include "account.h"
#include "arena.h"
#include "auth.h"
#include "doc.h"
#include "erasure.h"
#include "json.h"
#include "log.h"
#include "page.h"
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

static const struct err_row wrong_password = { 403, "WRONG_PASSWORD",
    "The password is wrong" };

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

	/* Who is gone already was there when this attempt began. */
	return (erasure_run(auth->store, req->arena, ctx));
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

/*
 * An export is a list of {kind, MEMBER}: the user, the sessions, then the parts
 * of person_store.h, each from its highest _id down.  A cursor names the part,
 * by its letter, and the last _id.
 */
struct export {
	struct page		*page;
	struct reply		*reply;
	char			 letter;	/* of the part; 'a': the user */
	const char		*kind;
	const char		*member;
	const struct schema	*schema;	/* NULL: as stored */
};

/* What comes next: its kind, the member that it is in, how it is shown. */
static void
name_part(struct export *X, const struct request *req, const char *kind,
    const char *member)
{

	X->kind = kind;
	X->member = member;
	X->schema = strcmp(member, "record") == 0 ? NULL :
	    schema_property_named(page_schema(req), member)->schema;
}

static bool
put_record(void *ctx, const bson_t *doc)
{
	struct export *X = ctx;
	struct buf *b = &X->reply->body;
	char last[PAGE_AFTER_MAX];

	(void)snprintf(last, sizeof(last), "%c%s", X->letter,
	    store_text(doc, "_id"));
	if (!page_item(X->page, X->reply, last))
		return (false);
	buf_printf(b, "{\"kind\":\"%s\",\"%s\":", X->kind, X->member);
	if (X->schema != NULL)
		doc_put(b, X->schema, doc);
	else
		doc_put_free(b, doc);
	buf_putc(b, '}');
	return (true);
}

static enum err
put_sessions(struct request *req, struct export *X, const char *after,
    int64_t limit)
{
	struct auth *auth = req->app;
	bson_t *filter = DOC(req->arena, "userId", BCON_UTF8(req->subject));

	if (after != NULL)
		(void)BSON_APPEND_DOCUMENT(filter, "_id", DOC(req->arena,
		    "$lt", BCON_UTF8(after)));
	name_part(X, req, "SESSION", "session");
	return (store_find(auth->store, SESSIONS, filter, DOC(req->arena,
	    "sort", "{", "_id", BCON_INT32(-1), "}",
	    "limit", BCON_INT64(limit)), put_record, X));
}

/* One part, below ${after} of it. */
static enum err
put_part(struct request *req, struct export *X, const bson_t *user,
    const char *after)
{
	struct auth *auth = req->app;
	int64_t limit = X->page->limit - X->page->count + 1;
	size_t part = (size_t)(X->letter - 'c');

	if (X->letter == 'a') {
		name_part(X, req, "USER", "user");
		if (after == NULL)
			(void)put_record(X, user);
		return (ERR_OK);
	}
	if (X->letter == 'b')
		return (put_sessions(req, X, after, limit));
	name_part(X, req, person_part(part), "record");
	return (person_each(auth->store, req->arena, part, req->subject,
	    after, limit, put_record, X));
}

enum err
account_export(struct request *req, struct reply *reply)
{
	struct auth *auth = req->app;
	struct page page;
	struct export X = { &page, reply, 'a', NULL, NULL, NULL };
	const char *after = NULL;
	const bson_t *user;
	enum err err;

	if ((err = page_open(&page, req, auth->cursor_key)) != ERR_OK ||
	    (err = account_find(req, &user)) != ERR_OK)
		return (err);
	if (page.after != NULL) {
		X.letter = page.after[0];
		after = page.after + 1;
	}
	while (err == ERR_OK && !page.more && (X.letter < 'c' ||
	    person_part((size_t)(X.letter - 'c')) != NULL)) {
		err = put_part(req, &X, user, after);
		after = NULL;
		X.letter++;
	}
	if (err != ERR_OK)
		return (err);
	page_close(&page, req, reply);
	reply_no_store(reply);
	return (ERR_OK);
}
