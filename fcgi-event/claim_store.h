/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLAIM_STORE_H_
#define CLAIM_STORE_H_

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct arena;
struct period;
struct request;
struct stock_hold;
struct store;

/*
 * The collection `claims`: a document a claim, with the event and its rewards
 * as they were.  The unique index on (userId, eventId, period) decides who
 * has claimed, nothing else does.
 *
 * A void claim is no claim: it has the claimId of one that never came, so
 * that it never can.  It is found by claim_find_any() alone.
 */
#define CLAIMS	"claims"

/* The index for lists of one user's claims, who are few beside all claims: a
 * planner that goes by _id instead reads those of everybody. */
#define CLAIMS_OF_USER	"userId_1_eventId_1_period_1"

/* A claim that is about to be made. */
struct claim_plan {
	const bson_t	*event;
	const bson_t	*rewards;	/* an array: what is granted */
	const struct period *period;
	const bson_t	*verdict;	/* NULL: the event has no conditions */
	bool		 pending;	/* somebody has to approve it */
	int64_t		 expires;	/* when it does if nobody does; 0: never */
	const char	*const *took;	/* ids of the limits that it takes from */
	size_t		 ntook;
	bool		 plenty;	/* is left of all of them */
};

/* claim_find(S, A, claimId, out): ERR_NOT_FOUND also for a malformed id. */
enum err	claim_find(struct store *, struct arena *, const char *,
		    const bson_t **);

/* claim_find_any(S, A, claimId, out): the same, and void ones. */
enum err	claim_find_any(struct store *, struct arena *, const char *,
		    const bson_t **);

/*
 * claim_find_own(S, A, userId, eventId, period, out):
 * The user's claim of an event in a period.  If that is a mixed one, a claim
 * counts that was made in it under another key, before the schedule changed.
 */
enum err	claim_find_own(struct store *, struct arena *, const char *,
		    const char *, const struct period *, const bson_t **);

/*
 * claim_find_events(S, A, userId, eventIds, out):
 * Those of some events of which the user has a claim that is GRANTED or
 * PENDING, in whichever period; both are array documents.
 */
enum err	claim_find_events(struct store *, struct arena *, const char *,
		    const bson_t *, bson_t **);

/*
 * claim_find_attempt(S, A, userId, eventId, attemptId, out):
 * The claim that an attempt made, in whichever period.
 */
enum err	claim_find_attempt(struct store *, struct arena *,
		    const char *, const char *, const char *,
		    const bson_t **);

/*
 * claim_new(req, plan, claimId):
 * The document of what is planned for the request's subject.
 */
const bson_t	*claim_new(struct request *, const struct claim_plan *,
		    const char *);

/* claim_is_ours(claim, req): was it made by this very attempt? */
bool		claim_is_ours(const bson_t *, const struct request *);

/* claim_visible(filter, state): add which claims a list shows; NULL: all. */
void		claim_visible(bson_t *, const char *);

/* claim_is_void(claim), claim_in_state(claim, state). */
bool		claim_is_void(const bson_t *);
bool		claim_in_state(const bson_t *, const char *);

/* claim_outcome(claim): the state that it was made in. */
const char	*claim_outcome(const bson_t *);

/*
 * claim_took(A, claim, ids):
 * The limits that a claim has taken from, as an array in ${A}; their count.
 */
size_t		claim_took(struct arena *, const bson_t *,
		    const char *const **);

/* What somebody decides about a claim. */
struct claim_decision {
	const char	*id;		/* decisionId: of this one try */
	const char	*attempt;	/* attemptId of the request */
	const char	*from;		/* the state that it must have */
	const char	*to;
	const char	*by;		/* userId, or the name of a service */
	const char	*reason;	/* NULL: none */
	const char	*trace;
	int64_t		 at;
};

/*
 * claim_decide(S, A, claim, decision, done):
 * One conditional update of the version of the claim that was read.  ${done}
 * is false if the claim has changed since.
 */
enum err	claim_decide(struct store *, struct arena *, const bson_t *,
		    const struct claim_decision *, bool *);

/*
 * claim_fence(S, A, claim, done):
 * Count the version up, so that nobody who has read this one can decide.
 */
enum err	claim_fence(struct store *, struct arena *, const bson_t *,
		    bool *);

/* claim_has_decision(claim, name, value): one with that member? */
bool		claim_has_decision(const bson_t *, const char *,
		    const char *);

/*
 * claim_void(S, A, hold):
 * See to it that the claim of a hold never comes.  ERR_EXISTS if there is a
 * document with its id already, a claim or a void one.
 */
enum err	claim_void(struct store *, struct arena *,
		    const struct stock_hold *);

/* claim_prune(S, A, before): remove void claims that were made earlier. */
enum err	claim_prune(struct store *, struct arena *, int64_t);

/*
 * claim_expired(S, A, now, each, ctx):
 * Call ${each}(ctx, claim) for some pending claims that have expired.
 */
enum err	claim_expired(struct store *, struct arena *, int64_t,
		    bool (*)(void *, const bson_t *), void *);

/*
 * claim_forget(S, A, userId):
 * Strike the facts that a user's claims were judged by, and the traces, which
 * repeat them.  The verdict and its instant stay.
 */
enum err	claim_forget(struct store *, struct arena *, const char *);

#endif /* !CLAIM_STORE_H_ */
