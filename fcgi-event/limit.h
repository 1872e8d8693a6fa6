/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIMIT_H_
#define LIMIT_H_

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct arena;
struct request;
struct store;

/*
 * Limits as operators set and see them: the stock of a reward, an event's
 * limit of claims.  The collection `stock` has the numbers that decide; the
 * event's document has a copy of the total.
 */

/* A change of a total that is under way. */
struct limit_change {
	const char	*id;		/* rewardId or eventId */
	const char	*event;		/* eventId */
	bool		 made;		/* it was changed, from ${before} */
	int64_t		 before;
	int64_t		 total;
};

/*
 * limit_make_all(req, event, fields, rewards):
 * Make the limits of an event that is about to be stored, of that id.
 */
enum err	limit_make_all(struct request *, const char *, const bson_t *,
		    const bson_t *);

/*
 * limit_begin(req, change, name):
 * Before the document is changed: set the total to the number that the body
 * has under ${name}, if it has one.  Refuses with LIMIT_TOO_LOW what would be
 * less than is taken.
 */
enum err	limit_begin(struct request *, struct limit_change *,
		    const char *);

/*
 * limit_end(req, change, err):
 * After it: ${err} says what became of the document.  If it was not changed,
 * the total is what it was before.
 */
void		limit_end(struct request *, const struct limit_change *,
		    enum err);

/*
 * limit_show_event(req, event, out, state):
 * The event with what is left of its limits and granted, as it was at most
 * 250 ms ago.  ${state} is for the ETag; 0 if there is no limit.
 */
enum err	limit_show_event(struct request *, const bson_t *,
		    const bson_t **, uint32_t *);

/* limit_show_reward(req, event, reward, out, state): the same for a reward. */
enum err	limit_show_reward(struct request *, const bson_t *,
		    const bson_t *, const bson_t **, uint32_t *);

/*
 * limit_reconcile(S, A, limit, before):
 * Copy the total of a document of `stock` to the event, if it was changed
 * before that time and whoever changed it never came to do so.
 */
enum err	limit_reconcile(struct store *, struct arena *,
		    const bson_t *, int64_t);

#endif /* !LIMIT_H_ */
