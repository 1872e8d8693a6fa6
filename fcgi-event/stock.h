/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STOCK_H_
#define STOCK_H_

#include <stddef.h>

#include "err.h"

struct arena;
struct stock_hold;
struct store;

/*
 * What a worker remembers of the limits that it has taken from: holds of
 * claims that are stored by now.  They go with the worker's next take from
 * that limit, in the same update, or when it is idle; those of a worker that
 * dies go with the sweep.  So a claim of limited stock costs two writes.
 */
struct stock;

/* stock_new(store): NULL with err_detail(). */
struct stock	*stock_new(struct store *);

/* stock_free(K): drop what is remembered, and free; NULL is fine. */
void		 stock_free(struct stock *);

/*
 * stock_take_all(K, A, ids, count, hold):
 * Take a unit of each limit, in this order, or none: ERR_NOT_FOUND if one of
 * them has none left.  After ERR_AWAY nobody knows; the sweep finds out.
 */
enum err	 stock_take_all(struct stock *, struct arena *,
		    const char *const *, size_t, const struct stock_hold *);

/* stock_return_all(K, A, ids, count, key): give the units back. */
enum err	 stock_return_all(struct stock *, struct arena *,
		    const char *const *, size_t, const char *);

/* stock_settled(K, ids, count, key): its claim is stored. */
void		 stock_settled(struct stock *, const char *const *, size_t,
		    const char *);

/* stock_idle(K): drop holds that have been remembered for 200 ms. */
void		 stock_idle(struct stock *);

#endif /* !STOCK_H_ */
