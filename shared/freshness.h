/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FRESHNESS_H_
#define FRESHNESS_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/*
 * How fresh a cache is that the workers of a node share.
 *
 * A cache may be used if the last look at the database, a check, was sent at
 * most 250 ms ago [CLOCK_BOOTTIME].  From 200 ms on one worker checks for
 * all.  A worker that finds it older, and another one checking, doesn't use
 * the cache: it reads for itself.  If the check fails, nobody uses it.  When
 * nothing is asked, nothing is checked.
 *
 * A check may find that something has changed: then it counts the generation
 * up, and entries of an earlier generation are worth nothing.  Who stores what
 * it read names the generation from before its read.
 *
 * It lies in memory of shm_map(); all zeros is a state of it: never checked.
 */
struct freshness {
	_Atomic int64_t		checked;	/* clock_mono() of the sending */
	_Atomic uint64_t	generation;
	_Atomic uint32_t	blocked;	/* a write is under way */
	_Atomic int32_t		checker;	/* pid; 0: nobody */
	_Atomic int64_t		taken;		/* clock_mono() of its turn */
};

/* What a check found. */
enum finding {
	FINDING_SAME,		/* nothing has changed */
	FINDING_CHANGED,	/* a new generation */
	FINDING_BLOCKED,	/* a write is under way: no cache for now */
	FINDING_FAILED		/* can't tell */
};

/*
 * freshness_ensure(F, check, ctx, generation):
 * May the cache be used now?  If so, ${generation} is the one to look up and
 * to store by.  ${check}(ctx) looks at the database; it is called if it is
 * this worker's turn.
 */
bool	freshness_ensure(struct freshness *, enum finding (*)(void *), void *,
	    uint64_t *);

/* freshness_bump(F): we wrote ourselves: a new generation at once. */
void	freshness_bump(struct freshness *);

#endif /* !FRESHNESS_H_ */
