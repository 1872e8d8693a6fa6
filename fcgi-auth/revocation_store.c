/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * revocation_store: { _id, kind, id, at, pending, expiresAt }; see
 * revocation_store.h.
 */
#include "arena.h"
#include "clock.h"
#include "revocation_store.h"
#include "store.h"

#define TTL_MS		3600000	/* then the database forgets it */

enum err
revocation_begin(struct store *S, struct arena *A, const char *id,
    const char *kind, const char *subject)
{
	int64_t now = clock_now();
	enum err err;

	err = store_insert(S, REVOCATIONS, DOC(A, "_id", BCON_UTF8(id),
	    "kind", BCON_UTF8(kind), "id", BCON_UTF8(subject),
	    "at", BCON_DATE_TIME(now), "pending", BCON_BOOL(true),
	    "expiresAt", BCON_DATE_TIME(now + TTL_MS)));
	return (err == ERR_EXISTS ? ERR_OK : err);
}

enum err
revocation_end(struct store *S, struct arena *A, const char *id)
{

	/* The date moves on: those who have looked meanwhile look again. */
	return (store_update(S, REVOCATIONS, DOC(A, "_id", BCON_UTF8(id)),
	    DOC(A, "$set", "{", "pending", BCON_BOOL(false),
	    "at", BCON_DATE_TIME(clock_now()), "}"), NULL));
}
