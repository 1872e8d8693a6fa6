/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PLACES_H_
#define PLACES_H_

#include <stdint.h>

#include "err.h"

/*
 * Places at which passwords are hashed: as many as the workers of a node may
 * hash at once, for each takes a core and 19 MiB.  A place is a byte of a
 * file, locked by an open file description: the kernel gives it back when its
 * worker dies.  A process has one place at most.
 */
struct places;

/*
 * places_open(dir, count):
 * The ${count} places of the file in ${dir}, the same for all who open it; 0:
 * one a core, four at most.  NULL, with err_detail(), if it is not a file of
 * our own.
 */
struct places	*places_open(const char *, int64_t);

/* places_close(P): NULL is fine. */
void		 places_close(struct places *);

/*
 * places_take(P):
 * Wait for a place, half a second at most; then ERR_AWAY.  NULL: there is no
 * bound.  What was taken is given back by places_give().
 */
enum err	 places_take(struct places *);

/* places_give(P): NULL is fine. */
void		 places_give(struct places *);

#endif /* !PLACES_H_ */
