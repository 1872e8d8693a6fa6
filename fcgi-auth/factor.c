/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * factor: the second factor of staff: set up, asked for, removed.
 *
 * A code counts once: see factor_store.h.  Tries are counted before they are
 * made, so that many at once are no more than one after the other.  Only who
 * has the password gets so far; nobody else can use the tries up.
 */
#include <string.h>

#include "account.h"
#include "arena.h"
#include "auth.h"
#include "clock.h"
#include "factor.h"
#include "factor_store.h"
#include "json.h"
#include "log.h"
#include "reply.h"
#include "revoke.h"
#include "security.h"
#include "session_store.h"
#include "store.h"
#include "user_store.h"

static const struct err_row required = { 401, "SECOND_FACTOR_REQUIRED",
    "A code of the second factor is needed" };
static const struct err_row wrong_code = { 403, "WRONG_CODE",
    "The code is wrong" };
static const struct err_row exists = { 409, "FACTOR_EXISTS",
    "There is a second factor already" };
static const struct err_row kept = { 409, "FACTOR_REQUIRED",
    "This role needs a second factor" };

/* What a code of the second factor is worth. */
enum worth {
	WORTH_NOTHING,		/* wrong */
	WORTH_USED,		/* it was right, but it counts once */
	WORTH_ALL
};

static bool
is_needed(const struct auth *auth, const bson_t *user)
{

	return (auth->conf->require_totp && user_role(user) != ROLE_USER);
}

enum role
factor_role(const struct auth *auth, const bson_t *user)
{

	return (is_needed(auth, user) && !factor_is_set(user) ? ROLE_ENROL :
	    user_role(user));
}

/* The time step of a code; false if the code is wrong. */
static enum err
read_step(struct request *req, const bson_t *user, const char *code,
    int64_t *step, bool *right)
{
	const struct auth *auth = req->app;
	unsigned char sealed[FACTOR_SEALED_LEN], secret[FACTOR_SECRET_LEN];

	if (!factor_sealed(user, sealed) || !factor_open(auth->factor_key,
	    user_id(user), sealed, secret)) {
		security_log(SECURITY_FACTOR_UNREADABLE, req, user_id(user),
		    LOG_END);
		return (err_set(ERR_INTERNAL, NULL));
	}
	*right = factor_step(secret, code, clock_now() / 1000, step);
	explicit_bzero(secret, sizeof(secret));
	return (ERR_OK);
}

/* May there be a try now? */
static enum err
count_try(struct request *req, const bson_t *user)
{
	struct auth *auth = req->app;
	bool may = false;
	enum err err;

	err = factor_try(auth->store, req->arena, user_id(user), &may);
	if (err != ERR_OK || may)
		return (err);
	security_log(SECURITY_CODES_LIMITED, req, user_id(user), LOG_END);
	return (err_set(ERR_RATE, "too many wrong codes"));
}

/* A recovery code that was used is forgotten, and so a wrong one. */
static enum err
use_recovery(struct request *req, const bson_t *user, const char *code,
    enum worth *worth)
{
	struct auth *auth = req->app;
	char hash[FACTOR_HASH_SIZE];
	bool used = false;
	enum err err;

	factor_hash(auth->factor_key, user_id(user), code, hash);
	err = factor_use_recovery(auth->store, req->arena, user_id(user),
	    hash, req->attempt, &used);
	*worth = used ? WORTH_ALL : WORTH_NOTHING;
	return (err);
}

/* Use up a code of either kind. */
static enum err
use_code(struct request *req, const bson_t *user, const char *code,
    enum worth *worth)
{
	struct auth *auth = req->app;
	bool right = false;
	int64_t step;
	enum err err;

	*worth = WORTH_ALL;
	/* A call that the gateway repeats has used it itself. */
	if (strcmp(factor_used_by(user), req->attempt) == 0)
		return (ERR_OK);
	if ((err = count_try(req, user)) != ERR_OK)
		return (err);
	if (strlen(code) > 6)
		return (use_recovery(req, user, code, worth));
	err = read_step(req, user, code, &step, &right);
	if (err != ERR_OK || !right) {
		*worth = WORTH_NOTHING;
		return (err);
	}
	err = factor_use_step(auth->store, req->arena, user_id(user), step,
	    req->attempt, &right);
	if (!right)
		*worth = WORTH_USED;
	return (err);
}

enum err
factor_login(struct request *req, struct reply *reply, const bson_t *user)
{
	const char *code = json_get_string(req->json, "code");
	enum worth worth = WORTH_NOTHING;
	enum err err = ERR_OK;

	if (!factor_is_set(user))
		return (ERR_OK);
	if (code != NULL)
		err = use_code(req, user, code, &worth);
	if (err != ERR_OK || worth == WORTH_ALL)
		return (err);
	security_log(code == NULL ? SECURITY_LOGIN_CODE_ASKED :
	    worth == WORTH_USED ? SECURITY_LOGIN_CODE_REPLAYED :
	    SECURITY_LOGIN_CODE_WRONG, req, user_id(user), LOG_END);
	reply_header(reply, "WWW-Authenticate", "Bearer realm=\"guerdon\"");
	return (err_refuse(&required, code != NULL ?
	    "the code is wrong, or was used" : NULL));
}

enum err
factor_get(struct request *req, struct reply *reply)
{
	const struct auth *auth = req->app;
	char since[CLOCK_TEXT_SIZE];
	const bson_t *user;
	enum err err;

	if ((err = account_find(req, &user)) != ERR_OK)
		return (err);
	clock_format(factor_since(user), since);
	buf_printf(&reply->body, "{\"required\":%s,\"confirmedAt\":",
	    is_needed(auth, user) ? "true" : "false");
	if (factor_is_set(user))
		buf_printf(&reply->body, "\"%s\"", since);
	else
		buf_puts(&reply->body, "null");
	buf_printf(&reply->body, ",\"recoveryCodesLeft\":%d}",
	    factor_left(user));
	reply_no_store(reply);
	reply_ok(reply);
	return (ERR_OK);
}

/* For the authenticator [Key URI format]. */
static enum err
put_secret(struct reply *reply, const bson_t *user,
    const unsigned char secret[FACTOR_SECRET_LEN])
{
	struct buf *b = &reply->body;
	char text[FACTOR_BASE32_SIZE];
	enum err err;

	if ((err = factor_base32(secret, text)) != ERR_OK)
		return (err);
	buf_printf(b, "{\"secret\":\"%s\",\"uri\":\"otpauth://totp/Guerdon:",
	    text);
	buf_put_uri(b, store_text(user, "email"));
	buf_printf(b, "?secret=%s&issuer=Guerdon\"}", text);
	explicit_bzero(text, sizeof(text));
	return (ERR_OK);
}

enum err
factor_begin(struct request *req, struct reply *reply)
{
	struct auth *auth = req->app;
	unsigned char sealed[FACTOR_SEALED_LEN], secret[FACTOR_SECRET_LEN];
	const bson_t *user;
	bool done = false;
	enum err err;

	if ((err = account_find(req, &user)) != ERR_OK ||
	    (err = account_password_right(req, user, "password")) != ERR_OK)
		return (err);
	if (factor_is_set(user))
		return (err_refuse(&exists, NULL));
	id_random(secret, sizeof(secret));
	factor_seal(auth->factor_key, user_id(user), secret, sealed);
	err = factor_begin_store(auth->store, req->arena, user_id(user),
	    sealed, req->attempt, &done);
	if (err == ERR_OK && !done)
		err = err_refuse(&exists, NULL);
	if (err == ERR_OK)
		err = put_secret(reply, user, secret);
	explicit_bzero(secret, sizeof(secret));
	if (err != ERR_OK)
		return (err);
	reply_no_store(reply);
	reply_created(reply, "/v1/users/me/factor");
	return (ERR_OK);
}

/* What is confirmed, within revoke_user(). */
struct confirmation {
	const bson_t	*user;
	int64_t		 step;
};

/* A session that a password alone has begun is worth less from now on. */
static enum err
confirm(struct request *req, void *ctx)
{
	const struct confirmation *C = ctx;
	struct auth *auth = req->app;
	char hashes[FACTOR_RECOVERY_COUNT][FACTOR_HASH_SIZE];
	char code[FACTOR_RECOVERY_SIZE];
	bool done = false;
	enum err err;
	int i;

	for (i = 0; i < FACTOR_RECOVERY_COUNT; i++) {
		factor_recovery(auth->factor_key, req->subject, req->attempt,
		    i, code);
		factor_hash(auth->factor_key, req->subject, code, hashes[i]);
	}
	err = factor_confirm_store(auth->store, req->arena, C->user, C->step,
	    hashes, req->attempt, &done);
	if (err == ERR_OK && !done)
		err = err_refuse(&exists, NULL);
	if (err == ERR_OK)
		err = session_end_others(auth->store, req->arena,
		    req->subject, req->session);
	return (err);
}

/* The caller's own code. */
static enum err
refuse_code(const struct request *req, enum security_event why)
{

	security_log(why, req, req->subject, LOG_END);
	return (err_refuse(&wrong_code, NULL));
}

static void
put_recovery(const struct request *req, struct reply *reply)
{
	const struct auth *auth = req->app;
	char code[FACTOR_RECOVERY_SIZE];
	int i;

	for (i = 0; i < FACTOR_RECOVERY_COUNT; i++) {
		factor_recovery(auth->factor_key, req->subject, req->attempt,
		    i, code);
		buf_printf(&reply->body, "%s\"%s\"", i == 0 ?
		    "{\"recoveryCodes\":[" : ",", code);
	}
	buf_puts(&reply->body, "]}");
	reply_no_store(reply);
	reply_ok(reply);
}

enum err
factor_confirm(struct request *req, struct reply *reply)
{
	struct confirmation C;
	bool right = false;
	enum err err;

	if ((err = account_find(req, &C.user)) != ERR_OK)
		return (err);
	if (!factor_is_begun(C.user))
		return (err_set(ERR_NOT_FOUND, NULL));
	/* A repeated call gets what the first one made. */
	if (strcmp(factor_confirmed_by(C.user), req->attempt) == 0) {
		put_recovery(req, reply);
		return (ERR_OK);
	}
	if (factor_is_set(C.user))
		return (err_refuse(&exists, NULL));
	if ((err = count_try(req, C.user)) != ERR_OK ||
	    (err = read_step(req, C.user, json_get_string(req->json, "code"),
	    &C.step, &right)) != ERR_OK)
		return (err);
	if (!right)
		return (refuse_code(req, SECURITY_CODE_WRONG));
	if ((err = revoke_user(req, req->subject, confirm, &C)) != ERR_OK)
		return (err);
	security_log(SECURITY_FACTOR_SET, req, req->subject, LOG_END);
	put_recovery(req, reply);
	return (ERR_OK);
}

enum err
factor_remove(struct request *req, struct reply *reply)
{
	struct auth *auth = req->app;
	const bson_t *user;
	enum worth worth;
	enum err err;

	if ((err = account_find(req, &user)) != ERR_OK ||
	    (err = account_password_right(req, user, "password")) != ERR_OK)
		return (err);
	if (!factor_is_set(user))
		return (err_set(ERR_NOT_FOUND, NULL));
	if (is_needed(auth, user))
		return (err_refuse(&kept, NULL));
	err = use_code(req, user, json_get_string(req->json, "code"), &worth);
	if (err != ERR_OK)
		return (err);
	if (worth != WORTH_ALL)
		return (refuse_code(req, worth == WORTH_USED ?
		    SECURITY_CODE_REPLAYED : SECURITY_CODE_WRONG));
	err = factor_remove_store(auth->store, req->arena, req->subject);
	if (err != ERR_OK)
		return (err);
	security_log(SECURITY_FACTOR_REMOVED, req, req->subject, LOG_END);
	reply_no_content(reply);
	return (ERR_OK);
}

/* Take it away, and the sessions with it: whoever lost it may have lost more. */
static enum err
reset(struct request *req, void *ctx)
{
	const bson_t *user = ctx;
	struct auth *auth = req->app;
	enum err err;

	err = factor_remove_store(auth->store, req->arena, user_id(user));
	if (err == ERR_OK)
		err = session_end_all(auth->store, req->arena, user_id(user));
	return (err);
}

enum err
factor_reset(struct request *req, struct reply *reply)
{
	struct auth *auth = req->app;
	const bson_t *user;
	bson_t *copy;
	enum err err;

	err = user_find(auth->store, req->arena,
	    contract_param(req, "userId"), &user);
	if (err != ERR_OK)
		return (err);
	copy = store_own(req->arena, bson_copy(user));
	if ((err = revoke_user(req, user_id(user), reset, copy)) != ERR_OK)
		return (err);
	security_log(SECURITY_FACTOR_RESET, req, user_id(copy), LOG_END);
	reply_no_content(reply);
	return (ERR_OK);
}
