/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_store: what the database knows of sessions.
 *
 * Always true: the generation only grows, by one conditional update a step;
 * revokedAt and expiresAt never change once they are set; no token is stored.
 */
#include <bson/bson.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "session_store.h"
#include "store.h"
#include "user_store.h"

/* Read a document; one that isn't ours is a fault of the database. */
static enum err
read_session(struct arena *A, const bson_t *doc, struct session *session)
{
	const char *id = store_text(doc, "_id");
	const char *user = store_text(doc, "userId");
	const char *attempt = store_text(doc, "attemptId");

	if (id == NULL || !id_valid("se", id) || user == NULL ||
	    attempt == NULL ||
	    !store_bytes(doc, "seed", session->seed, REFRESH_SEED_LEN))
		return (err_set(ERR_INTERNAL, NULL));
	memcpy(session->id, id, ID_SIZE);
	session->user = arena_strdup(A, user);
	session->attempt = arena_strdup(A, attempt);
	session->generation = store_int(doc, "generation");
	session->advanced = store_time(doc, "refreshedAt");
	session->expires = store_time(doc, "expiresAt");
	session->revoked = store_has(doc, "revokedAt");
	return (ERR_OK);
}

enum err
session_find(struct store *S, struct arena *A, const char *id,
    struct session *session)
{
	const bson_t *doc;
	enum err err;

	if (!id_valid("se", id))
		return (err_set(ERR_NOT_FOUND, NULL));
	err = store_find_one(S, A, SESSIONS, DOC(A, "_id", BCON_UTF8(id)),
	    &doc);
	return (err == ERR_OK ? read_session(A, doc, session) : err);
}

enum err
session_find_with_user(struct store *S, struct arena *A, const char *id,
    struct session *session, const bson_t **user)
{
	static const struct store_join owner = { USERS, "userId", "user" };
	const bson_t *doc;
	enum err err;

	*user = NULL;
	if (!id_valid("se", id))
		return (err_set(ERR_NOT_FOUND, NULL));
	err = store_find_joined(S, A, SESSIONS, id, &owner, &doc);
	if (err != ERR_OK)
		return (err);
	*user = store_part(A, doc, "user.0");
	return (read_session(A, doc, session));
}

enum err
session_insert(struct store *S, struct arena *A, const char *attempt,
    const char *user, int64_t ttl, struct session *session)
{
	unsigned char seed[REFRESH_SEED_LEN];
	char id[ID_SIZE];
	bson_t *doc;
	enum err err;

	id_derive("se", attempt, id);
	id_random(seed, sizeof(seed));
	doc = DOC(A, "_id", BCON_UTF8(id),
	    "userId", BCON_UTF8(user),
	    "generation", BCON_INT64(1),
	    "seed", BCON_BIN(BSON_SUBTYPE_BINARY, seed, sizeof(seed)),
	    "attemptId", BCON_UTF8(attempt),
	    "createdAt", BCON_DATE_TIME(id_time(id)),
	    "refreshedAt", BCON_DATE_TIME(id_time(id)),
	    "expiresAt", BCON_DATE_TIME(id_time(id) + ttl * 1000),
	    "revokedAt", BCON_NULL);
	err = store_insert(S, SESSIONS, doc);
	if (err == ERR_EXISTS)
		return (session_find(S, A, id, session));
	return (err == ERR_OK ? read_session(A, doc, session) : err);
}

bool
session_is_live(const struct session *session)
{

	return (!session->revoked && clock_now() < session->expires);
}

enum err
session_advance(struct store *S, struct arena *A,
    const struct session *session, const char *attempt, bool *moved)
{

	return (store_update(S, SESSIONS,
	    DOC(A, "_id", BCON_UTF8(session->id),
	    "generation", BCON_INT64(session->generation),
	    "revokedAt", BCON_NULL,
	    "expiresAt", "{", "$gt", BCON_DATE_TIME(clock_now()), "}"),
	    DOC(A, "$set", "{", "attemptId", BCON_UTF8(attempt),
	    "refreshedAt", BCON_DATE_TIME(clock_now()), "}",
	    "$inc", "{", "generation", BCON_INT64(1), "}"), moved));
}

static bson_t *
revocation(struct arena *A)
{

	return (DOC(A, "$set", "{", "revokedAt",
	    BCON_DATE_TIME(clock_now()), "}"));
}

enum err
session_end(struct store *S, struct arena *A, const char *id)
{

	return (store_update(S, SESSIONS, DOC(A, "_id", BCON_UTF8(id),
	    "revokedAt", BCON_NULL), revocation(A), NULL));
}

enum err
session_end_all(struct store *S, struct arena *A, const char *user)
{

	return (store_update_all(S, SESSIONS, DOC(A, "userId",
	    BCON_UTF8(user), "revokedAt", BCON_NULL), revocation(A)));
}

enum err
session_end_others(struct store *S, struct arena *A, const char *user,
    const char *keep)
{

	return (store_update_all(S, SESSIONS, DOC(A, "userId",
	    BCON_UTF8(user), "_id", "{", "$ne", BCON_UTF8(keep), "}",
	    "revokedAt", BCON_NULL), revocation(A)));
}

enum err
session_erase_all(struct store *S, struct arena *A, const char *user)
{

	return (store_remove_all(S, SESSIONS, DOC(A, "userId",
	    BCON_UTF8(user))));
}

void
session_filter(bson_t *filter, const char *user)
{
	bson_t range;

	(void)BSON_APPEND_UTF8(filter, "userId", user);
	(void)BSON_APPEND_NULL(filter, "revokedAt");
	(void)BSON_APPEND_DOCUMENT_BEGIN(filter, "expiresAt", &range);
	(void)BSON_APPEND_DATE_TIME(&range, "$gt", clock_now());
	(void)bson_append_document_end(filter, &range);
}
