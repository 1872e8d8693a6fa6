/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_list: sessions as objects: one's own, and for administrators those
 * of others.  They are listed while they live; ending one that has ended
 * already is fine, so that a call can be repeated.
 */
#include <string.h>

#include "arena.h"
#include "auth.h"
#include "log.h"
#include "page.h"
#include "reply.h"
#include "revoke.h"
#include "security.h"
#include "session_store.h"
#include "store.h"
#include "user_store.h"

/* Is it the session in which the caller asks? */
static const bson_t *
mark_current(const struct request *req, const bson_t *doc)
{
	const char *id = store_text(doc, "_id");
	bson_t *copy = store_own(req->arena, bson_copy(doc));

	(void)BSON_APPEND_BOOL(copy, "current", req->session != NULL &&
	    id != NULL && strcmp(id, req->session) == 0);
	return (copy);
}

static enum err
list(struct request *req, struct reply *reply, const char *user)
{
	struct auth *auth = req->app;
	bson_t *filter = store_new_doc(req->arena);
	struct page_query query = { SESSIONS, "se", filter, mark_current };

	session_filter(filter, user);
	reply_no_store(reply);
	return (page_list(auth->store, req, reply, auth->cursor_key,
	    &query));
}

static void
log_end(const struct request *req, const char *user, const char *session)
{

	if (session != NULL)
		security_log(SECURITY_SESSION_ENDED, req, user,
		    LOG_STR("sessionId", session), LOG_END);
	else
		security_log(SECURITY_SESSIONS_ENDED, req, user, LOG_END);
}

/* End the session of the path, if it is this user's. */
static enum err
end_one(struct request *req, struct reply *reply, const char *user)
{
	const char *id = contract_param(req, "sessionId");
	struct auth *auth = req->app;
	struct session session;
	enum err err;

	err = session_find(auth->store, req->arena, id, &session);
	if (err == ERR_OK && strcmp(session.user, user) != 0)
		err = err_set(ERR_NOT_FOUND, NULL);
	if (err != ERR_OK || (err = revoke_session(req, id)) != ERR_OK)
		return (err);
	log_end(req, user, id);
	reply_no_content(reply);
	return (ERR_OK);
}

static enum err
end_all(struct request *req, struct reply *reply, const char *user,
    const char *keep)
{
	enum err err;

	if ((err = revoke_sessions(req, user, keep)) != ERR_OK)
		return (err);
	log_end(req, user, NULL);
	reply_no_content(reply);
	return (ERR_OK);
}

/* The user of the path, who must be there. */
static enum err
find_user(struct request *req, const char **id)
{
	struct auth *auth = req->app;
	const bson_t *user;

	*id = contract_param(req, "userId");
	return (user_find(auth->store, req->arena, *id, &user));
}

enum err
session_mine(struct request *req, struct reply *reply)
{

	return (list(req, reply, req->subject));
}

enum err
session_mine_end(struct request *req, struct reply *reply)
{

	return (end_one(req, reply, req->subject));
}

enum err
session_mine_end_all(struct request *req, struct reply *reply)
{

	return (end_all(req, reply, req->subject,
	    request_query(req, "keep") != NULL ? req->session : NULL));
}

enum err
session_list(struct request *req, struct reply *reply)
{
	const char *user;
	enum err err = find_user(req, &user);

	return (err == ERR_OK ? list(req, reply, user) : err);
}

enum err
session_revoke(struct request *req, struct reply *reply)
{
	const char *user;
	enum err err = find_user(req, &user);

	return (err == ERR_OK ? end_one(req, reply, user) : err);
}

enum err
session_revoke_all(struct request *req, struct reply *reply)
{
	const char *user;
	enum err err = find_user(req, &user);

	return (err == ERR_OK ? end_all(req, reply, user, NULL) : err);
}
