/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef INDEXES_H_
#define INDEXES_H_

#include <stdbool.h>

#include "err.h"

struct arena;
struct store;

/* The indexes of the database: the table in indexes.c is the only list. */

/* indexes_make(S, A): make those that are missing. */
enum err	indexes_make(struct store *, struct arena *);

/*
 * indexes_missing(S, A, each, ctx):
 * Call ${each}(ctx, collection, name) for each that is not there.
 */
enum err	indexes_missing(struct store *, struct arena *,
		    void (*)(void *, const char *, const char *), void *);

#endif /* !INDEXES_H_ */
