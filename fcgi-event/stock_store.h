/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STOCK_STORE_H_
#define STOCK_STORE_H_

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct arena;
struct store;

/*
 * The collection `stock`: a document a limit, which is a reward's stock or an
 * event's limit of claims.  ${total} units are there, ${left} of them are
 * free.  A unit that is taken for a claim which isn't stored yet is a hold: a
 * member of `held`, named by what is to be written to `claims`.
 *
 * A hold of a claim is named by the claimId, and its unit is taken already.
 * A hold of a decision is named by the decisionId, and its unit will be given
 * back if that decision is found in the claim.  Whose write came through is
 * found out by settle.h; taking a hold away and counting ${left} up is one
 * update, so it happens once however many try.
 */
#define STOCK		"stock"
#define STOCK_HOLDS	1000	/* of one limit, at most */

/* A hold: what it is named by, and what is needed to settle it. */
struct stock_hold {
	const char	*key;		/* claimId or decisionId */
	const char	*claim;		/* claimId */
	const char	*user;		/* "": nobody's yet */
	const char	*event;
	const char	*period;
	int64_t		 at;		/* clock_now() */
};

/* stock_find(S, A, id, out): the document of a limit. */
enum err	stock_find(struct store *, struct arena *, const char *,
		    const bson_t **);

/*
 * stock_find_all(S, A, ids, count, each, ctx):
 * Call ${each}(ctx, doc) for each of these limits that is there.
 */
enum err	stock_find_all(struct store *, struct arena *,
		    const char *const *, size_t,
		    bool (*)(void *, const bson_t *), void *);

/*
 * stock_make(S, A, id, event, total):
 * Make a limit of ${total} units, all free; ${id} is that of a reward of
 * ${event}, or the event's own.  If there is one of that id, it is resized.
 */
enum err	stock_make(struct store *, struct arena *, const char *,
		    const char *, int64_t);

/*
 * stock_resize(S, A, id, total, before):
 * Let there be ${total} units in all: one update, guarded by the total that
 * there was, which is ${before} afterwards.  ERR_EXISTS if fewer would be
 * there than are taken, ERR_NOT_FOUND if there is no such limit.
 */
enum err	stock_resize(struct store *, struct arena *, const char *,
		    int64_t, int64_t *);

/*
 * stock_take(S, A, id, holds, count, settled, nsettled):
 * Take ${count} units, with a hold for each, and drop the holds named by
 * ${settled} in the same update.  ERR_NOT_FOUND if not so many are free.
 */
enum err	stock_take(struct store *, struct arena *, const char *,
		    const struct stock_hold *, size_t, const char *const *,
		    size_t);

/* stock_hold(S, A, id, hold): announce a decision that may free a unit. */
enum err	stock_hold(struct store *, struct arena *, const char *,
		    const struct stock_hold *);

/* stock_give_back(S, A, id, key): drop that hold and free its unit. */
enum err	stock_give_back(struct store *, struct arena *, const char *,
		    const char *);

/*
 * stock_give_all(S, A, id, keys, count, settled, nsettled):
 * The same for holds that are all there, and drop those named by ${settled}.
 * ERR_NOT_FOUND, and nothing is done, if one of ${keys} isn't.
 */
enum err	stock_give_all(struct store *, struct arena *, const char *,
		    const char *const *, size_t, const char *const *, size_t);

/* stock_drop(S, A, id, keys, count): drop holds; their units stay taken. */
enum err	stock_drop(struct store *, struct arena *, const char *,
		    const char *const *, size_t);

/*
 * stock_shown(S, A, id, total):
 * After stock_resize(): the event's document has this total now, too.
 */
enum err	stock_shown(struct store *, struct arena *, const char *,
		    int64_t);

/*
 * stock_holds(doc, iter), stock_next_hold(doc, iter, hold):
 * Go through the holds of a limit; what ${hold} points to lives in ${doc}.
 */
bool		stock_holds(const bson_t *, bson_iter_t *);
bool		stock_next_hold(const bson_t *, bson_iter_t *,
		    struct stock_hold *);

/*
 * stock_walk(S, A, after, each, ctx):
 * Call ${each}(ctx, doc) for the next STOCK_PAGE limits whose id is above
 * ${after}, by id, until it returns false.
 */
#define STOCK_PAGE	500
enum err	stock_walk(struct store *, struct arena *, const char *,
		    bool (*)(void *, const bson_t *), void *);

/*
 * stock_prune(S, A, ids, events, count):
 * Of ${count} untouched limits, with the events that they are said to be of,
 * remove those that no event has: whoever made them died before the event.
 */
enum err	 stock_prune(struct store *, struct arena *,
		    const char *const *, const char *const *, size_t);

#endif /* !STOCK_STORE_H_ */
