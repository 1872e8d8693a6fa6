/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * factor_store: what the database knows of second factors:
 *	factor: { sealed, attempt, confirmedAt, confirmedBy, step, usedBy,
 *	    tries, triedAt, recovery: [hash, ...] }
 */
#include <bson/bson.h>
#include <stdio.h>

#include "arena.h"
#include "clock.h"
#include "factor_store.h"
#include "store.h"
#include "user_store.h"

#define TRIES		10
#define PAUSE_MS	60000

bool
factor_is_set(const bson_t *user)
{

	return (store_has(user, "factor.confirmedAt"));
}

bool
factor_is_begun(const bson_t *user)
{

	return (store_text(user, "factor.attempt") != NULL);
}

int64_t
factor_since(const bson_t *user)
{

	return (store_time(user, "factor.confirmedAt"));
}

static const char *
text_of(const bson_t *user, const char *name)
{
	const char *text = store_text(user, name);

	return (text != NULL ? text : "");
}

const char *
factor_confirmed_by(const bson_t *user)
{

	return (text_of(user, "factor.confirmedBy"));
}

const char *
factor_used_by(const bson_t *user)
{

	return (text_of(user, "factor.usedBy"));
}

int
factor_left(const bson_t *user)
{
	char name[64];
	int i;

	for (i = 0; i < FACTOR_RECOVERY_COUNT; i++) {
		(void)snprintf(name, sizeof(name), "factor.recovery.%d", i);
		if (store_text(user, name) == NULL)
			break;
	}
	return (i);
}

bool
factor_sealed(const bson_t *user, unsigned char sealed[FACTOR_SEALED_LEN])
{

	return (store_bytes(user, "factor.sealed", sealed,
	    FACTOR_SEALED_LEN));
}

enum err
factor_begin_store(struct store *S, struct arena *A, const char *user,
    const unsigned char sealed[FACTOR_SEALED_LEN], const char *attempt,
    bool *done)
{

	return (store_update(S, USERS, DOC(A, "_id", BCON_UTF8(user),
	    "factor.confirmedAt", BCON_NULL), DOC(A, "$set", "{",
	    "factor", "{",
	    "sealed", BCON_BIN(BSON_SUBTYPE_BINARY, sealed,
	    FACTOR_SEALED_LEN),
	    "attempt", BCON_UTF8(attempt),
	    "confirmedAt", BCON_NULL,
	    "step", BCON_INT64(0),
	    "tries", BCON_INT64(0),
	    "triedAt", BCON_DATE_TIME(0),
	    "recovery", "[", "]", "}", "}"), done));
}

enum err
factor_confirm_store(struct store *S, struct arena *A, const bson_t *user,
    int64_t step, char hashes[FACTOR_RECOVERY_COUNT][FACTOR_HASH_SIZE],
    const char *attempt, bool *done)
{
	bson_t *change = store_new_doc(A), set, list;
	char name[16];
	int i;

	(void)BSON_APPEND_DOCUMENT_BEGIN(change, "$set", &set);
	(void)BSON_APPEND_DATE_TIME(&set, "factor.confirmedAt", clock_now());
	(void)BSON_APPEND_UTF8(&set, "factor.confirmedBy", attempt);
	(void)BSON_APPEND_INT64(&set, "factor.step", step);
	(void)BSON_APPEND_INT64(&set, "factor.tries", 0);
	(void)BSON_APPEND_ARRAY_BEGIN(&set, "factor.recovery", &list);
	for (i = 0; i < FACTOR_RECOVERY_COUNT; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		(void)BSON_APPEND_UTF8(&list, name, hashes[i]);
	}
	(void)bson_append_array_end(&set, &list);
	(void)bson_append_document_end(change, &set);
	return (store_update(S, USERS, DOC(A, "_id", BCON_UTF8(user_id(user)),
	    "factor.attempt", BCON_UTF8(text_of(user, "factor.attempt")),
	    "factor.confirmedAt", BCON_NULL), change, done));
}

enum err
factor_try(struct store *S, struct arena *A, const char *user, bool *may)
{
	int64_t now = clock_now();

	return (store_update(S, USERS, DOC(A, "_id", BCON_UTF8(user),
	    "$or", "[",
	    "{", "factor.tries", "{", "$lt", BCON_INT64(TRIES), "}", "}",
	    "{", "factor.triedAt", "{", "$lt",
	    BCON_DATE_TIME(now - PAUSE_MS), "}", "}", "]"),
	    DOC(A, "$inc", "{", "factor.tries", BCON_INT64(1), "}",
	    "$set", "{", "factor.triedAt", BCON_DATE_TIME(now), "}"), may));
}

enum err
factor_use_step(struct store *S, struct arena *A, const char *user,
    int64_t step, const char *attempt, bool *used)
{

	return (store_update(S, USERS, DOC(A, "_id", BCON_UTF8(user),
	    "factor.step", "{", "$lt", BCON_INT64(step), "}"),
	    DOC(A, "$set", "{", "factor.step", BCON_INT64(step),
	    "factor.usedBy", BCON_UTF8(attempt),
	    "factor.tries", BCON_INT64(0), "}"), used));
}

enum err
factor_use_recovery(struct store *S, struct arena *A, const char *user,
    const char *hash, const char *attempt, bool *used)
{

	return (store_update(S, USERS, DOC(A, "_id", BCON_UTF8(user),
	    "factor.recovery", BCON_UTF8(hash)),
	    DOC(A, "$pull", "{", "factor.recovery", BCON_UTF8(hash), "}",
	    "$set", "{", "factor.usedBy", BCON_UTF8(attempt),
	    "factor.tries", BCON_INT64(0), "}"), used));
}

enum err
factor_remove_store(struct store *S, struct arena *A, const char *user)
{

	return (store_update(S, USERS, DOC(A, "_id", BCON_UTF8(user)),
	    DOC(A, "$unset", "{", "factor", BCON_INT32(1), "}"), NULL));
}
