/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SETTLE_H_
#define SETTLE_H_

#include "err.h"

struct arena;
struct stock_hold;
struct store;

/*
 * settle_hold(S, A, id, hold):
 * Find out whether the write that a hold of the limit ${id} announces has come
 * through, or see to it that it never can; then free the unit, or leave it
 * taken, and drop the hold.  Safe beside whoever made the hold and beside
 * others who settle it: the unit is freed once, or never.
 */
enum err	settle_hold(struct store *, struct arena *, const char *,
		    const struct stock_hold *);

#endif /* !SETTLE_H_ */
