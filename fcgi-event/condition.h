/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CONDITION_H_
#define CONDITION_H_

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct cJSON;
struct request;

/*
 * Conditions on who may claim: a tree of {all: [...]}, {any: [...]},
 * {not: ...} and leaves, each of a kind that is a row of one table.
 *
 *	{metric, aggregate: SUM COUNT DAYS STREAK, op, value, window}
 *	{attribute, op, value} or {attribute, in: [...]}
 *	{accountAge: "DAYS", op, value}
 *	{claimed: eventId}
 *
 * op is GTE GT LTE LT EQ NE.  A window is EVENT (from the UTC day of startsAt
 * on) or a duration of whole days (P7D: today and the six days before).  A
 * STREAK is the days with activity one after the other up to today, or to
 * yesterday if there is none today.  An attribute that a user hasn't got
 * satisfies nothing, one of another type than the value only NE.
 */
#define CONDITION_NODES	50
#define CONDITION_DEPTH	8

/*
 * condition_check(req, tree, pointer):
 * Is this JSON a tree?  ERR_INVALID with the faults in ${req} if not.
 */
enum err	condition_check(struct request *, const struct cJSON *,
		    const char *);

/*
 * condition_eval(tree, facts, now, trace):
 * Does a user with these facts satisfy the tree at ${now}?  A pure function;
 * all nodes are looked at.  ${trace} becomes the tree with satisfied, wanted
 * and actual in each node.  For the facts see facts.h.
 */
bool		condition_eval(const bson_t *, const bson_t *, int64_t,
		    bson_t *);

/*
 * condition_each_leaf(tree, each, ctx):
 * Call ${each}(ctx, leaf) for each leaf.
 */
void		condition_each_leaf(const bson_t *,
		    void (*)(void *, const bson_t *), void *);

/* condition_since(leaf, startsAt, now): the first day of a metric's window,
 * in days since 1970 (UTC). */
int64_t		condition_since(const bson_t *, int64_t, int64_t);

#endif /* !CONDITION_H_ */
