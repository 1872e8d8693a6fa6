/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ACTIVITY_STORE_H_
#define ACTIVITY_STORE_H_

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct arena;
struct store;

/*
 * The collections `activities`, `progress`, `tries` and `attributes`: facts
 * about users.  An activity is counted once in the daily sums of its user and
 * metric, however often it is sent and whoever dies meanwhile.
 */
#define ACTIVITIES	"activities"
#define PROGRESS	"progress"
#define ATTRIBUTES	"attributes"

#define ACTIVITY_BATCH	500

struct activity {
	const char	*id;		/* activityId */
	const char	*user;
	const char	*metric;
	int64_t		 amount;
	int64_t		 at;		/* ms */
	bool		 accepted;	/* activity_record(): counted by this try */
};

/* activity_day(ms): the UTC day, in days since 1970. */
int64_t		 activity_day(int64_t);

/*
 * activity_record(S, A, list, count):
 * Store and count activities; ${accepted} tells those that were not there
 * before.  After a failure what was stored is counted by activity_settle().
 */
enum err	 activity_record(struct store *, struct arena *,
		    struct activity *, size_t);

/*
 * activity_settle(S, A, before, count):
 * Finish some tries that began before that time; ${count} is how many.
 */
enum err	 activity_settle(struct store *, struct arena *, int64_t, long *);

/*
 * progress_each(S, A, userId, metrics, since, each, ctx):
 * Call ${each}(ctx, doc) for the daily sums {metric, day, sum, count} of a
 * user from a day on, by metric and day.  ${metrics} is an array document;
 * NULL: all.
 */
enum err	 progress_each(struct store *, struct arena *, const char *,
		    const bson_t *, int64_t,
		    bool (*)(void *, const bson_t *), void *);

/* attributes_put(S, A, userId, attributes): they take the place of others. */
enum err	 attributes_put(struct store *, struct arena *, const char *,
		    const bson_t *);

/* attributes_find(S, A, userId, out): {attributes, updatedAt}. */
enum err	 attributes_find(struct store *, struct arena *, const char *,
		    const bson_t **);

/*
 * activity_erase(S, A, userId):
 * Erase all facts about a user, and what batches under way hold of them.  A
 * batch that is recorded at this moment may store some again.
 */
enum err	 activity_erase(struct store *, struct arena *, const char *);

#endif /* !ACTIVITY_STORE_H_ */
