/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLAIM_STORE_H_
#define CLAIM_STORE_H_

#include <bson/bson.h>

#include "err.h"

struct arena;
struct period;
struct request;
struct store;

/*
 * The collection `claims`: a document a claim, with the event and its rewards
 * as they were.  The unique index on (userId, eventId, period) decides who
 * has claimed, nothing else does.
 */
#define CLAIMS	"claims"

/* claim_find(S, A, claimId, out): ERR_NOT_FOUND also for a malformed id. */
enum err	claim_find(struct store *, struct arena *, const char *,
		    const bson_t **);

/*
 * claim_find_own(S, A, userId, eventId, period, out):
 * The user's claim of an event in a period.  If that is a mixed one, a claim
 * counts that was made in it under another key, before the schedule changed.
 */
enum err	claim_find_own(struct store *, struct arena *, const char *,
		    const char *, const struct period *, const bson_t **);

/*
 * claim_insert(S, req, event, period, out):
 * Grant the event's rewards to the request's subject, in a period.  ERR_EXISTS: the user
 * has a claim already, which is ${out}; the claim of a repeated attempt is
 * found again and is ERR_OK.
 */
enum err	claim_insert(struct store *, struct request *, const bson_t *,
		    const struct period *, const bson_t **);

#endif /* !CLAIM_STORE_H_ */
