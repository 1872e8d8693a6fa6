/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STOCK_H_
#define STOCK_H_

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "id.h"

struct arena;
struct stock_hold;
struct store;

/*
 * What a worker remembers of the limits that it has taken from.
 *
 * Holds of claims that are stored by now go with the worker's next take from
 * that limit, in the same update, or when it is idle.  So a claim of limited
 * stock costs two writes.
 *
 * While plenty is left, a take is also for some claims of later: units in
 * advance, each with the hold of a claimId that no claim has yet.  So a claim
 * costs little more than one write when there is a rush.  What isn't used
 * within 400 ms is given back.  What a worker that dies held is settled by the
 * sweep.
 */
struct stock;

/* stock_new(store): NULL with err_detail(). */
struct stock	*stock_new(struct store *);

/* stock_free(K): give back and drop what is remembered, and free; NULL is
 * fine. */
void		 stock_free(struct stock *);

/*
 * stock_use(K, limit, claimId):
 * Is there a unit that was taken in advance?  It is the caller's now, who
 * stores a claim under that id or returns it by stock_return_all().
 */
bool		 stock_use(struct stock *, const char *, char[ID_SIZE]);

/*
 * stock_take_all(K, A, ids, count, hold, plenty):
 * Take a unit of each limit, in this order, or none: ERR_NOT_FOUND if one of
 * them has none left.  ${plenty}: so much is left that some may be taken in
 * advance.  After ERR_AWAY nobody knows; the sweep finds out.
 */
enum err	 stock_take_all(struct stock *, struct arena *,
		    const char *const *, size_t, const struct stock_hold *,
		    bool);

/* stock_return_all(K, A, ids, count, key): give the units back. */
enum err	 stock_return_all(struct stock *, struct arena *,
		    const char *const *, size_t, const char *);

/* stock_settled(K, ids, count, key): its claim is stored. */
void		 stock_settled(struct stock *, const char *const *, size_t,
		    const char *);

/* stock_idle(K): end what has been remembered for 400 ms. */
void		 stock_idle(struct stock *);

#endif /* !STOCK_H_ */
