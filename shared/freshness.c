/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * freshness: who checks, when, and what that means for the cache.
 *
 * The checker is a pid in shared memory, taken by compare-and-swap.  A dead
 * one, or one that is stopped, must not stand in the way for ever: it holds
 * the turn for at most TURN_MS, after which another takes it over; a late
 * result of the old one is thrown away.
 */
#include <unistd.h>

#include "clock.h"
#include "freshness.h"

#define TRUST_MS	250
#define RENEW_MS	200
#define TURN_MS		2000

/* Take the turn to check. */
static bool
take_turn(struct freshness *F, int32_t me)
{
	int32_t holder = 0;
	int64_t now = clock_mono();

	if (!atomic_compare_exchange_strong(&F->checker, &holder, me)) {
		/* A holder this late is dead or stopped. */
		if (now - atomic_load(&F->taken) <= TURN_MS ||
		    !atomic_compare_exchange_strong(&F->checker, &holder, me))
			return (false);
	}
	atomic_store(&F->taken, now);
	return (true);
}

static bool
check_now(struct freshness *F, enum finding (*check)(void *), void *ctx,
    int32_t me)
{
	int64_t sent = clock_mono();
	enum finding finding = check(ctx);

	/* Overtaken, because we were too slow: ours is old news. */
	if (atomic_load(&F->checker) != me)
		return (false);
	if (finding == FINDING_CHANGED || finding == FINDING_BLOCKED)
		(void)atomic_fetch_add(&F->generation, 1);
	atomic_store(&F->blocked, finding == FINDING_BLOCKED);
	if (finding != FINDING_FAILED)
		atomic_store(&F->checked, sent);
	(void)atomic_compare_exchange_strong(&F->checker, &me, 0);
	return (finding != FINDING_FAILED);
}

bool
freshness_ensure(struct freshness *F, enum finding (*check)(void *),
    void *ctx, uint64_t *generation)
{
	int64_t age = clock_mono() - atomic_load(&F->checked);
	int32_t me;

	if (age > RENEW_MS) {
		me = (int32_t)getpid();
		if (take_turn(F, me)) {
			if (!check_now(F, check, ctx, me))
				return (false);
		} else if (age > TRUST_MS)
			return (false);
	}
	*generation = atomic_load(&F->generation);
	return (atomic_load(&F->blocked) == 0 &&
	    clock_mono() - atomic_load(&F->checked) <= TRUST_MS);
}

void
freshness_bump(struct freshness *F)
{

	(void)atomic_fetch_add(&F->generation, 1);
}
