/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ELIGIBILITY_H_
#define ELIGIBILITY_H_

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct arena;
struct request;
struct store;

/*
 * May this user claim this event, by its conditions?  The answer is a record
 * with all that it was reached by, so that it can be reached again:
 *
 * { at, facts, satisfied, trace }
 */

/*
 * eligibility_judge(S, A, event, userId, now, record):
 * ${record} is NULL for an event without conditions.
 */
enum err	eligibility_judge(struct store *, struct arena *,
		    const bson_t *, const char *, int64_t, const bson_t **);

/*
 * eligibility_again(A, tree, record, trace):
 * Judge once more by the facts and the instant of a record.
 */
bool		eligibility_again(struct arena *, const bson_t *,
		    const bson_t *, bson_t *);

#endif /* !ELIGIBILITY_H_ */
