/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: log in, refresh, log out.
 *
 * Each refresh token is good for one use.  One that comes a second time was
 * stolen, or its user's copy was: the session ends, with all its tokens.  Two
 * things are no second use, and get the successor that was made already: a
 * call that the gateway repeats, because it got no answer (it bears the same
 * attempt id), and one that comes within the grace after the first use, as
 * from two windows of one browser.  The grace is for the generation just
 * before, never for an older one.
 */
#include <string.h>

#include "arena.h"
#include "auth.h"
#include "clock.h"
#include "factor.h"
#include "guess.h"
#include "json.h"
#include "log.h"
#include "password.h"
#include "reply.h"
#include "revoke.h"
#include "security.h"
#include "session_store.h"
#include "token.h"
#include "user_store.h"
#include "verdict.h"

#define TRIES	3

static const struct err_row invalid_credentials = { 401,
    "INVALID_CREDENTIALS", "Email or password are wrong" };
static const struct err_row invalid_grant = { 401, "INVALID_GRANT",
    "The refresh token is not valid" };

static enum err
refuse(struct reply *reply, const struct err_row *row)
{

	reply_header(reply, "WWW-Authenticate", "Bearer realm=\"guerdon\"");
	return (err_refuse(row, NULL));
}

/* Why we refuse goes to the log; the client isn't told. */
static enum err
refuse_login(const struct request *req, struct reply *reply,
    enum security_event why, const bson_t *user)
{

	security_log(why, req, user != NULL ? user_id(user) : NULL, LOG_END);
	return (refuse(reply, &invalid_credentials));
}

static enum err
refuse_refresh(const struct request *req, struct reply *reply,
    const char *why, const char *user)
{

	security_log(SECURITY_REFRESH_REFUSED, req, user,
	    LOG_STR("reason", why), LOG_END);
	return (refuse(reply, &invalid_grant));
}

static void
put_text(struct buf *b, const char *name, const char *value)
{

	buf_printf(b, "\"%s\":", name);
	json_put_string(b, value, strlen(value));
	buf_putc(b, ',');
}

static void
put_int(struct buf *b, const char *name, int64_t value)
{

	buf_printf(b, "\"%s\":", name);
	buf_put_int(b, value);
	buf_putc(b, ',');
}

/* The access token never outlives its session. */
static void
fill_token(const struct auth *auth, const struct session *session,
    struct token *token)
{

	memcpy(token->sid, session->id, ID_SIZE);
	(void)snprintf(token->sub, ID_SIZE, "%s", session->user);
	id_new("at", token->jti);
	token->iat = clock_now() / 1000;
	token->exp = token->iat + auth->conf->access_token_ttl;
	if (token->exp > session->expires / 1000)
		token->exp = session->expires / 1000;
}

/*
 * Answer with the tokens of one generation of a session.  Session and user
 * were read after ${guard} was taken, so the verdict on the new token is known
 * before it is asked for.
 */
static enum err
answer_tokens(struct request *req, struct reply *reply,
    const struct session *session, int64_t generation, enum role role,
    uint64_t guard)
{
	struct auth *auth = req->app;
	struct buf *b = &reply->body;
	char refresh[REFRESH_TOKEN_SIZE];
	struct verdict verdict = { .role = role, .until = session->expires };
	struct token *token = &verdict.token;
	const char *access;
	enum err err;

	fill_token(auth, session, token);
	err = token_mint(auth->token_keys, req->arena, token, &access);
	if (err != ERR_OK)
		return (err);
	verdict_keep(auth->verdicts, access, &verdict, guard);
	refresh_token_make(auth->refresh_key, session->id, generation,
	    session->seed, refresh);
	buf_putc(b, '{');
	put_text(b, "accessToken", access);
	put_text(b, "tokenType", "Bearer");
	put_int(b, "expiresIn", token->exp - token->iat);
	put_text(b, "refreshToken", refresh);
	put_int(b, "refreshExpiresIn", session->expires / 1000 - token->iat);
	put_text(b, "userId", session->user);
	buf_printf(b, "\"role\":\"%s\"}", role_name(role));
	reply_no_store(reply);
	reply_ok(reply);
	return (ERR_OK);
}

/* A hash with yesterday's parameters is made anew while we know the password.
 * If that fails, there is a next login. */
static void
strengthen(struct request *req, const bson_t *user, const char *password)
{
	struct auth *auth = req->app;
	char hash[PASSWORD_HASH_SIZE];

	if (password_is_weak(user_hash(user)) &&
	    password_hash(auth->places, password, hash) == ERR_OK)
		(void)user_rehash(auth->store, req->arena, user, hash);
}

/*
 * The session was begun for a user who was read before.  Whoever changed the
 * password since, or disabled or erased the user, has not seen it: it ends
 * before anybody gets its tokens.  ${may}: all is as it was.
 */
static enum err
confirm_login(struct request *req, const bson_t *before,
    const struct session *session, bool *may)
{
	struct auth *auth = req->app;
	const bson_t *user;
	enum err err;

	err = user_find(auth->store, req->arena, session->user, &user);
	*may = err == ERR_OK && user_is_active(user) &&
	    strcmp(user_password_by(user), user_password_by(before)) == 0;
	if (*may || (err != ERR_OK && err != ERR_NOT_FOUND))
		return (err);
	return (session_end(auth->store, req->arena, session->id));
}

/* Who has this email key, NULL if nobody, and is the password theirs?  Each
 * refusal takes as long as the others. */
static enum err
try_password(struct request *req, const char *key, const bson_t **user,
    bool *right)
{
	struct auth *auth = req->app;
	enum err err;

	*user = NULL;
	err = user_find_email(auth->store, req->arena, key, user);
	if (err != ERR_OK && err != ERR_NOT_FOUND)
		return (err);
	return (password_check(auth->places, *user != NULL ?
	    user_hash(*user) : NULL, json_get_string(req->json, "password"),
	    right));
}

/* The same, if there were not too many wrong ones. */
static enum err
throttle_password(struct request *req, struct reply *reply,
    const bson_t **user, bool *right)
{
	struct auth *auth = req->app;
	const char *key = user_email_key(req->arena,
	    json_get_string(req->json, "email"));
	struct guess guess;
	enum err err;

	err = guess_begin(auth->guesses, req, reply, key, &guess);
	if (err != ERR_OK)
		return (err);
	err = try_password(req, key, user, right);
	if (err != ERR_OK)
		guess_void(&guess);
	else if (*right)
		guess_right(&guess);
	return (err);
}

enum err
session_login(struct request *req, struct reply *reply)
{
	struct auth *auth = req->app;
	const char *password = json_get_string(req->json, "password");
	const bson_t *user;
	uint64_t guard = verdict_guard(auth->verdicts);
	struct session session;
	bool right, may = false;
	enum err err;

	if ((err = throttle_password(req, reply, &user, &right)) != ERR_OK)
		return (err);
	if (user == NULL || !right || !user_is_active(user))
		return (refuse_login(req, reply, user == NULL ?
		    SECURITY_LOGIN_UNKNOWN : !right ?
		    SECURITY_LOGIN_PASSWORD : SECURITY_LOGIN_DISABLED, user));
	if ((err = factor_login(req, reply, user)) != ERR_OK)
		return (err);
	strengthen(req, user, password);
	err = session_insert(auth->store, req->arena, req->attempt,
	    user_id(user), auth->conf->refresh_token_ttl, &session);
	if (err == ERR_OK)
		err = confirm_login(req, user, &session, &may);
	if (err != ERR_OK)
		return (err);
	if (!may)
		return (refuse_login(req, reply, SECURITY_LOGIN_OVERTAKEN,
		    user));
	err = answer_tokens(req, reply, &session, session.generation,
	    factor_role(auth, user), guard);
	if (err == ERR_OK)
		security_log(SECURITY_LOGIN, req, session.user,
		    LOG_STR("sessionId", session.id), LOG_END);
	return (err);
}

/* What a refresh token of a session is worth. */
enum worth {
	WORTH_NEXT,		/* the newest: the session may advance */
	WORTH_AGAIN,		/* used for this call, or just now: see above */
	WORTH_USED,		/* used before: the session must end */
	WORTH_NOTHING		/* forged, or the session has ended */
};

/* Was its successor made for this very call, or so lately that the client
 * may not know it? */
static bool
is_repeated(const struct request *req, const struct session *session)
{
	const struct auth *auth = req->app;
	int64_t grace = auth->conf->refresh_grace * 1000;

	return (strcmp(session->attempt, req->attempt) == 0 ||
	    (grace > 0 && clock_now() - session->advanced < grace));
}

static enum worth
judge(const struct request *req, const struct session *session,
    int64_t generation, const char *text)
{
	const struct auth *auth = req->app;

	if (!refresh_token_check(auth->refresh_key, session->id, generation,
	    session->seed, text) || !session_is_live(session) ||
	    generation > session->generation)
		return (WORTH_NOTHING);
	if (generation == session->generation)
		return (WORTH_NEXT);
	if (generation == session->generation - 1 && is_repeated(req, session))
		return (WORTH_AGAIN);
	return (WORTH_USED);
}

static enum err
end_reused(struct request *req, struct reply *reply,
    const struct session *session)
{
	enum err err;

	err = revoke_session(req, session->id);
	if (err != ERR_OK)
		return (err);
	security_log(SECURITY_REFRESH_REUSE, req, session->user,
	    LOG_STR("sessionId", session->id), LOG_END);
	return (refuse(reply, &invalid_grant));
}

/* One try of a refresh; ${done}: the answer is decided. */
static enum err
try_refresh(struct request *req, struct reply *reply, const char *sid,
    int64_t generation, bool *done)
{
	struct auth *auth = req->app;
	const char *text = json_get_string(req->json, "refreshToken");
	uint64_t guard = verdict_guard(auth->verdicts);
	struct session session;
	const bson_t *user;
	bool moved = false;
	enum worth worth;
	enum err err;

	*done = true;
	err = session_find_with_user(auth->store, req->arena, sid, &session,
	    &user);
	if (err == ERR_NOT_FOUND)
		return (refuse_refresh(req, reply, "unknown", NULL));
	if (err != ERR_OK)
		return (err);
	worth = judge(req, &session, generation, text);
	if (worth == WORTH_NOTHING)
		return (refuse_refresh(req, reply, "not valid",
		    session.user));
	if (worth == WORTH_USED)
		return (end_reused(req, reply, &session));
	if (user == NULL || !user_is_active(user))
		return (refuse_refresh(req, reply, "disabled",
		    session.user));
	if (worth == WORTH_NEXT) {
		err = session_advance(auth->store, req->arena, &session,
		    req->attempt, &moved);
		/* Another call was faster, or ours may have come through:
		 * the session's own state decides. */
		*done = moved || (err != ERR_OK && err != ERR_AWAY);
	}
	if (err != ERR_OK || !*done)
		return (err);
	return (answer_tokens(req, reply, &session, generation + 1,
	    factor_role(auth, user), guard));
}

enum err
session_refresh(struct request *req, struct reply *reply)
{
	char sid[ID_SIZE];
	int64_t generation;
	bool done = false;
	enum err err = ERR_OK;
	int i;

	if (!refresh_token_parse(json_get_string(req->json, "refreshToken"),
	    sid, &generation))
		return (refuse_refresh(req, reply, "malformed", NULL));
	for (i = 0; i < TRIES && !done; i++)
		err = try_refresh(req, reply, sid, generation, &done);
	return (done ? err : err_set(ERR_AWAY, NULL));
}

enum err
session_logout(struct request *req, struct reply *reply)
{
	enum err err;

	if (req->session == NULL)
		return (err_set(ERR_NO_SUBJECT, NULL));
	err = revoke_session(req, req->session);
	if (err == ERR_OK)
		reply_no_content(reply);
	return (err);
}
