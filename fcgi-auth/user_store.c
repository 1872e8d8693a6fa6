/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_store: what the database knows of users.
 *
 * An email is taken by an insert into `emails` before its user is made.  Who
 * takes one and then dies leaves a row without a user: after 30 s it may be
 * taken over.
 *
 * The last administrator is guarded by one document of `guards`: {ids, gen}.
 * Always true: each of ids is an active administrator, and the list never
 * becomes empty again.  So who leaves the list needs another one in it.
 *	leave	first strike the id off and count gen up, if another id is
 *		there; then change the user, if its version is still as read
 *	join	first change the user; then read gen, count the user's version
 *		up, and add the id, if gen is still as read
 * One who leaves while another makes him join is seen by one of the two: either
 * the version or gen has moved, and that one starts again.  A crash in between
 * leaves an administrator who isn't listed.  That errs on the safe side, and is
 * mended when a refusal looks for such a one, or when he is patched.
 */
#include <bson/bson.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "arena.h"
#include "clock.h"
#include "id.h"
#include "log.h"
#include "store.h"
#include "user_store.h"

#define EMAILS		"emails"
#define GUARDS		"guards"
#define ADMINS		"admins"	/* _id of the one guard */
#define KEY_MAX		1016		/* 254 characters of 4 bytes */
#define STALE_MS	30000		/* an email's row without a user */
#define SLOW_MS		10000		/* clocks may differ by the rest */
#define TRIES		20

static const struct err_row email_taken = { 409, "EMAIL_TAKEN",
    "Another user has this email" };
static const struct err_row last_admin = { 409, "LAST_ADMIN",
    "The last active administrator stays one" };

const char *
user_id(const bson_t *user)
{

	return (store_text(user, "_id"));
}

const char *
user_name(const bson_t *user)
{
	const char *name = store_text(user, "name");

	return (name != NULL ? name : "");
}

const char *
user_email(const bson_t *user)
{
	const char *email = store_text(user, "email");

	return (email != NULL ? email : "");
}

const char *
user_hash(const bson_t *user)
{

	return (store_text(user, "passwordHash"));
}

const char *
user_password_by(const bson_t *user)
{
	const char *attempt = store_text(user, "passwordBy");

	return (attempt != NULL ? attempt : "");
}

enum role
user_role(const bson_t *user)
{
	const char *role = store_text(user, "role");

	return (role != NULL ? role_parse(role) : ROLE_PUBLIC);
}

bool
user_is_active(const bson_t *user)
{
	const char *status = store_text(user, "status");

	return (status != NULL && strcmp(status, "ACTIVE") == 0);
}

static bool
is_admin(enum role role, bool active)
{

	return (role == ROLE_ADMIN && active);
}

const char *
user_email_key(struct arena *A, const char *email)
{
	char *key;

	key = (char *)utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)email);
	if (key == NULL)
		return (NULL);
	arena_defer(A, free, key);
	return (key[0] != '\0' && strlen(key) <= KEY_MAX ? key : NULL);
}

enum err
user_find(struct store *S, struct arena *A, const char *id,
    const bson_t **out)
{

	if (!id_valid("us", id))
		return (err_set(ERR_NOT_FOUND, NULL));
	return (store_find_one(S, A, USERS, DOC(A, "_id", BCON_UTF8(id)),
	    out));
}

void
user_filter(bson_t *filter, const char *role, const char *status)
{

	if (role != NULL)
		(void)BSON_APPEND_UTF8(filter, "role", role);
	if (status != NULL)
		(void)BSON_APPEND_UTF8(filter, "status", status);
}

static enum err
find_email(struct store *S, struct arena *A, const char *key,
    const bson_t **row)
{

	return (store_find_one(S, A, EMAILS, DOC(A, "_id", BCON_UTF8(key)),
	    row));
}

/* Whose an email is. */
static const char *
email_owner(const bson_t *row)
{
	const char *owner = store_text(row, "userId");

	return (owner != NULL ? owner : "");
}

enum err
user_find_email(struct store *S, struct arena *A, const char *key,
    const bson_t **out)
{
	char nobody[ID_SIZE];
	const bson_t *row;
	enum err err;

	err = find_email(S, A, key != NULL ? key : "", &row);
	if (err == ERR_OK)
		return (user_find(S, A, email_owner(row), out));
	if (err != ERR_NOT_FOUND)
		return (err);
	/* Who isn't there is looked for all the same: see the header. */
	id_floor("us", 0, nobody);
	return (user_find(S, A, nobody, out));
}

/*
 * The row of an email that somebody has taken.  It goes with its user only, at
 * which moment it may be missed: then the caller may ask again.
 */
static enum err
read_email(struct store *S, struct arena *A, const char *key,
    const bson_t **row)
{
	enum err err = find_email(S, A, key, row);

	return (err == ERR_NOT_FOUND ? err_set(ERR_AWAY, NULL) : err);
}

/* Does an id of `emails` name a user who is there? */
static enum err
owner_exists(struct store *S, struct arena *A, const char *owner, bool *there)
{
	const bson_t *user;
	enum err err = user_find(S, A, owner, &user);

	*there = (err == ERR_OK);
	return (err == ERR_NOT_FOUND ? ERR_OK : err);
}

/* Make a row of `emails` that is ${owner}'s the user ${id}'s. */
static enum err
give_email(struct store *S, struct arena *A, const char *key,
    const char *owner, const char *id, bool *given)
{

	return (store_update(S, EMAILS, DOC(A, "_id", BCON_UTF8(key),
	    "userId", BCON_UTF8(owner)), DOC(A, "$set", "{",
	    "userId", BCON_UTF8(id), "at", BCON_DATE_TIME(clock_now()), "}"),
	    given));
}

static enum err
refuse_email(void)
{

	return (err_refuse(&email_taken, NULL));
}

/*
 * Take over the row of an owner who never came to be.  He may be at it just
 * now, so he is looked for again afterwards; see confirm_email().
 */
static enum err
take_over(struct store *S, struct arena *A, const char *key,
    const bson_t *row, const char *id)
{
	const char *owner = email_owner(row);
	bool there = true, taken = false;
	enum err err;

	if (clock_now() - store_time(row, "at") <= STALE_MS)
		return (refuse_email());
	if ((err = owner_exists(S, A, owner, &there)) != ERR_OK)
		return (err);
	if (!there)
		err = give_email(S, A, key, owner, id, &taken);
	if (err != ERR_OK || !taken)
		return (err != ERR_OK ? err : refuse_email());
	if ((err = owner_exists(S, A, owner, &there)) != ERR_OK || !there)
		return (err);
	err = give_email(S, A, key, id, owner, &taken);
	return (err != ERR_OK ? err : refuse_email());
}

/*
 * Take an email for a user who is to be made.  The row is read after the
 * insert in any case: when the insert's answer was lost, the row that is
 * there may be another's.
 */
static enum err
take_email(struct store *S, struct arena *A, const char *key, const char *id)
{
	const bson_t *row;
	enum err err;

	err = store_insert(S, EMAILS, DOC(A, "_id", BCON_UTF8(key),
	    "userId", BCON_UTF8(id), "at", BCON_DATE_TIME(clock_now())));
	if (err != ERR_OK && err != ERR_EXISTS)
		return (err);
	if ((err = read_email(S, A, key, &row)) != ERR_OK)
		return (err);
	if (strcmp(email_owner(row), id) == 0)
		return (ERR_OK);
	return (take_over(S, A, key, row, id));
}

/* Making the user took long: did somebody take the email over meanwhile? */
static enum err
confirm_email(struct store *S, struct arena *A, const char *key,
    const char *id)
{
	const bson_t *row;
	enum err err;

	if ((err = read_email(S, A, key, &row)) != ERR_OK)
		return (err);
	if (strcmp(email_owner(row), id) == 0)
		return (ERR_OK);
	err = store_remove(S, USERS, DOC(A, "_id", BCON_UTF8(id)));
	return (err != ERR_OK ? err : refuse_email());
}

static bson_t *
new_user(struct arena *A, const char *id, const struct user_new *new)
{

	return (DOC(A, "_id", BCON_UTF8(id),
	    "email", BCON_UTF8(new->email),
	    "emailKey", BCON_UTF8(new->key),
	    "name", BCON_UTF8(new->name),
	    "role", BCON_UTF8(role_name(new->role)),
	    "status", BCON_UTF8("ACTIVE"),
	    "passwordHash", BCON_UTF8(new->hash),
	    "version", BCON_INT64(1),
	    "createdAt", BCON_DATE_TIME(id_time(id)),
	    "updatedAt", BCON_DATE_TIME(id_time(id)),
	    "attemptId", BCON_UTF8(new->attempt)));
}

/* Count the user's version up, if it is still the one of ${user}. */
static enum err
touch(struct store *S, struct arena *A, const bson_t *user, bool *done)
{

	return (store_update(S, USERS,
	    DOC(A, "_id", BCON_UTF8(user_id(user)),
	    "version", BCON_INT64(store_int(user, "version"))),
	    DOC(A, "$inc", "{", "version", BCON_INT64(1), "}"), done));
}

/* One try of guard_join(). */
static enum err
try_join(struct store *S, struct arena *A, const char *id, bool *done)
{
	const bson_t *guard, *user;
	bool touched = false;
	enum err err;

	err = store_find_one(S, A, GUARDS, DOC(A, "_id", BCON_UTF8(ADMINS)),
	    &guard);
	if (err == ERR_NOT_FOUND)
		log_write(LOG_ERROR, "the guard of the administrators is "
		    "gone: run \"guerdon init\"", LOG_END);
	if (err != ERR_OK)
		return (err == ERR_NOT_FOUND ? err_set(ERR_INTERNAL, NULL) :
		    err);
	if ((err = user_find(S, A, id, &user)) != ERR_OK)
		return (err);
	if (!is_admin(user_role(user), user_is_active(user))) {
		*done = true;		/* he left meanwhile */
		return (ERR_OK);
	}
	if ((err = touch(S, A, user, &touched)) != ERR_OK || !touched)
		return (err);
	return (store_update(S, GUARDS, DOC(A, "_id", BCON_UTF8(ADMINS),
	    "gen", BCON_INT64(store_int(guard, "gen"))),
	    DOC(A, "$addToSet", "{", "ids", BCON_UTF8(id), "}"), done));
}

/* List an active administrator. */
static enum err
guard_join(struct store *S, struct arena *A, const char *id)
{
	bool done = false;
	enum err err = ERR_OK;
	int i;

	for (i = 0; i < TRIES && err == ERR_OK && !done; i++)
		err = try_join(S, A, id, &done);
	if (err == ERR_OK && !done)
		log_write(LOG_WARN, "an administrator isn't guarded yet",
		    LOG_STR("userId", id), LOG_END);
	return (err);
}

/* Strike an administrator off, if another one is listed. */
static enum err
try_leave(struct store *S, struct arena *A, const char *id, bool *done)
{

	return (store_update(S, GUARDS, DOC(A, "_id", BCON_UTF8(ADMINS),
	    "$or", "[",
	    "{", "ids", BCON_UTF8(id), "ids.1", "{", "$exists",
	    BCON_BOOL(true), "}", "}",
	    "{", "ids", "{", "$ne", BCON_UTF8(id), "}", "ids.0", "{",
	    "$exists", BCON_BOOL(true), "}", "}", "]"),
	    DOC(A, "$pull", "{", "ids", BCON_UTF8(id), "}",
	    "$inc", "{", "gen", BCON_INT64(1), "}"), done));
}

static enum err
guard_leave(struct store *S, struct arena *A, const char *id)
{
	const bson_t *other;
	bool done = false;
	enum err err;

	if ((err = try_leave(S, A, id, &done)) != ERR_OK || done)
		return (err);
	/* Perhaps there is one whom a crash left unlisted. */
	err = store_find_one(S, A, USERS, DOC(A, "role", BCON_UTF8("ADMIN"),
	    "status", BCON_UTF8("ACTIVE"),
	    "_id", "{", "$ne", BCON_UTF8(id), "}"), &other);
	if (err == ERR_OK &&
	    (err = guard_join(S, A, user_id(other))) == ERR_OK)
		err = try_leave(S, A, id, &done);
	if (err == ERR_NOT_FOUND || (err == ERR_OK && !done))
		return (err_refuse(&last_admin, NULL));
	return (err);
}

enum err
user_guard(struct store *S)
{
	bson_t *guard = BCON_NEW("_id", BCON_UTF8(ADMINS), "ids", "[", "]",
	    "gen", BCON_INT64(0));
	enum err err;

	err = store_insert(S, GUARDS, guard);
	bson_destroy(guard);
	return (err == ERR_EXISTS ? ERR_OK : err);
}

enum err
user_insert(struct store *S, struct arena *A, const struct user_new *new,
    const bson_t **out)
{
	int64_t started = clock_mono();
	char id[ID_SIZE];
	enum err err;

	id_derive("us", new->attempt, id);
	if ((err = take_email(S, A, new->key, id)) != ERR_OK)
		return (err);
	err = store_insert(S, USERS, new_user(A, id, new));
	if (err != ERR_OK && err != ERR_EXISTS)
		return (err);
	if (clock_mono() - started > SLOW_MS &&
	    (err = confirm_email(S, A, new->key, id)) != ERR_OK)
		return (err);
	if (new->role == ROLE_ADMIN &&
	    (err = guard_join(S, A, id)) != ERR_OK)
		return (err);
	return (user_find(S, A, id, out));
}

/* Set role and status of the version that ${user} is. */
static enum err
set_role(struct store *S, struct arena *A, const bson_t *user, enum role role,
    bool active, bool *done)
{

	return (store_update(S, USERS,
	    DOC(A, "_id", BCON_UTF8(user_id(user)),
	    "version", BCON_INT64(store_int(user, "version"))),
	    DOC(A, "$set", "{", "role", BCON_UTF8(role_name(role)),
	    "status", BCON_UTF8(active ? "ACTIVE" : "DISABLED"),
	    "updatedAt", BCON_DATE_TIME(clock_now()), "}",
	    "$inc", "{", "version", BCON_INT64(1), "}"), done));
}

/* One try of user_update(). */
static enum err
try_update(struct store *S, struct arena *A, const char *id, enum role role,
    const bool *status, bool *done)
{
	const bson_t *user;
	bool active;
	enum err err;

	if ((err = user_find(S, A, id, &user)) != ERR_OK)
		return (err);
	if (role == ROLE_PUBLIC)
		role = user_role(user);
	active = (status != NULL) ? *status : user_is_active(user);
	if (is_admin(user_role(user), user_is_active(user)) &&
	    !is_admin(role, active) &&
	    (err = guard_leave(S, A, id)) != ERR_OK)
		return (err);
	if (role == user_role(user) && active == user_is_active(user))
		*done = true;
	else if ((err = set_role(S, A, user, role, active, done)) != ERR_OK)
		return (err);
	/* Also if nothing changed: a crash may have left him unlisted. */
	if (*done && is_admin(role, active))
		err = guard_join(S, A, id);
	return (err);
}

enum err
user_update(struct store *S, struct arena *A, const char *id, enum role role,
    const bool *active, const bson_t **out)
{
	bool done = false;
	enum err err = ERR_OK;
	int i;

	for (i = 0; i < TRIES && err == ERR_OK && !done; i++)
		err = try_update(S, A, id, role, active, &done);
	if (err == ERR_OK && !done)
		err = err_set(ERR_AWAY, "too many changes at once");
	return (err == ERR_OK ? user_find(S, A, id, out) : err);
}

enum err
user_rehash(struct store *S, struct arena *A, const bson_t *user,
    const char *hash)
{

	return (store_update(S, USERS,
	    DOC(A, "_id", BCON_UTF8(user_id(user)),
	    "passwordHash", BCON_UTF8(user_hash(user))),
	    DOC(A, "$set", "{", "passwordHash", BCON_UTF8(hash), "}"),
	    NULL));
}

enum err
user_set_password(struct store *S, struct arena *A, const char *id,
    const char *hash, const char *attempt)
{
	bool found = false;
	enum err err;

	err = store_update(S, USERS, DOC(A, "_id", BCON_UTF8(id)),
	    DOC(A, "$set", "{", "passwordHash", BCON_UTF8(hash),
	    "passwordBy", BCON_UTF8(attempt),
	    "updatedAt", BCON_DATE_TIME(clock_now()), "}"), &found);
	return (err == ERR_OK && !found ? err_set(ERR_NOT_FOUND, NULL) : err);
}

/*
 * One try of user_remove().  The row of the email goes first: it is found by
 * the user's document, which therefore must outlive it.
 */
static enum err
try_remove(struct store *S, struct arena *A, const bson_t *user)
{
	const char *key = store_text(user, "emailKey");
	enum err err = ERR_OK;

	if (is_admin(user_role(user), user_is_active(user)))
		err = guard_leave(S, A, user_id(user));
	if (err == ERR_OK)
		err = store_remove(S, EMAILS, DOC(A,
		    "_id", BCON_UTF8(key != NULL ? key : ""),
		    "userId", BCON_UTF8(user_id(user))));
	if (err == ERR_OK)
		err = store_remove(S, USERS, DOC(A,
		    "_id", BCON_UTF8(user_id(user)),
		    "version", BCON_INT64(store_int(user, "version"))));
	return (err);
}

enum err
user_remove(struct store *S, struct arena *A, const char *id)
{
	const bson_t *user;
	enum err err;
	int i;

	/* Who was made an administrator meanwhile has another version. */
	for (i = 0; i < TRIES; i++) {
		if ((err = user_find(S, A, id, &user)) != ERR_OK)
			return (err == ERR_NOT_FOUND && i > 0 ? ERR_OK : err);
		if ((err = try_remove(S, A, user)) != ERR_OK)
			return (err);
	}
	return (err_set(ERR_AWAY, "too many changes at once"));
}
