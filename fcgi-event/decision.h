/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DECISION_H_
#define DECISION_H_

#include <bson/bson.h>
#include <stdbool.h>

#include "err.h"

struct arena;
struct claim_decision;
struct store;

/*
 * Decisions about claims.  A claim is PENDING until it is approved, rejected
 * or expired; a GRANTED one may be revoked.  What is rejected, revoked or has
 * expired gives its units of limited stock back, and keeps its document and
 * so the user's slot.
 */

/*
 * decision_make(S, A, claim, decision):
 * Write a decision about the claim as it was read, and give its units back
 * unless it is approved.  ERR_EXISTS: the claim has changed since.  After
 * ERR_AWAY the sweep finds out what came through.
 */
enum err	decision_make(struct store *, struct arena *, const bson_t *,
		    const struct claim_decision *);

/*
 * decision_expire(S, A, claimId, now):
 * Let a pending claim expire that has; others are left alone.
 */
enum err	decision_expire(struct store *, struct arena *, const char *,
		    int64_t);

#endif /* !DECISION_H_ */
