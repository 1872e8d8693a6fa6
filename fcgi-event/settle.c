/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settle: what became of the write that a hold announces?
 *
 * A worker that took a unit and then was stopped may store its claim at any
 * later time, so the age of a hold says nothing.  What says something is a
 * write of ours that its write can't get past:
 *
 *	claim		a void claim with the same _id; the late insert meets it
 *	decision	one more version of the claim; the late update misses
 */
#include <string.h>

#include "claim_store.h"
#include "id.h"
#include "settle.h"
#include "stock_store.h"

#define TRIES	20	/* while others change the claim */

static enum err
settle_claim(struct store *S, struct arena *A, const char *id,
    const struct stock_hold *hold)
{
	const bson_t *claim;
	enum err err;

	err = claim_void(S, A, hold);
	/* Whose it is must be looked at: an insert whose answer was lost takes
	 * what it finds under that _id for its own. */
	if (err == ERR_OK || err == ERR_EXISTS)
		err = claim_find_any(S, A, hold->claim, &claim);
	if (err != ERR_OK)
		return (err);
	return (claim_is_void(claim) ?
	    stock_give_back(S, A, id, hold->key) :
	    stock_drop(S, A, id, &hold->key, 1));
}

static enum err
settle_decision(struct store *S, struct arena *A, const char *id,
    const struct stock_hold *hold)
{
	const bson_t *claim;
	bool fenced;
	enum err err;
	int i;

	for (i = 0; i < TRIES; i++) {
		err = claim_find_any(S, A, hold->claim, &claim);
		if (err != ERR_OK)
			return (err);
		if (claim_has_decision(claim, "decisionId", hold->key))
			return (stock_give_back(S, A, id, hold->key));
		if ((err = claim_fence(S, A, claim, &fenced)) != ERR_OK)
			return (err);
		if (fenced)
			return (stock_drop(S, A, id, &hold->key, 1));
	}
	return (err_set(ERR_AWAY, NULL));
}

enum err
settle_hold(struct store *S, struct arena *A, const char *id,
    const struct stock_hold *hold)
{

	return (id_valid("cl", hold->key) ? settle_claim(S, A, id, hold) :
	    settle_decision(S, A, id, hold));
}
