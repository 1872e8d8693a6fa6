/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FACTS_H_
#define FACTS_H_

#include <bson/bson.h>

#include "err.h"

struct arena;
struct store;

/*
 * What a tree of conditions needs to know of a user, and no more:
 *
 * { startsAt, signedUpAt, attributes: {...}, claimed: [eventId],
 *   metrics: [{ metric, days: [{ day, sum, count }] }] }
 *
 * A userId bears the time of its making, so signedUpAt is read from it.
 */

/*
 * facts_read(S, A, event, userId, now, out):
 * The facts for the conditions of an event: at most three reads, none for
 * leaves that aren't there.
 */
enum err	facts_read(struct store *, struct arena *, const bson_t *,
		    const char *, int64_t, const bson_t **);

#endif /* !FACTS_H_ */
