/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sweep: finish what others left behind.
 *
 *	expire		pending claims whose time is over
 *	settle		holds of limited stock that are 30 s old, and totals
 *			that an event doesn't show yet
 *	count		activities of batches that were cut short
 *	erase		people whose erasure was cut short, or who are gone
 *			not long enough
 *	prune		void claims that nobody can meet any more; limits,
 *			two days old, whose event was never made
 *	ship		audit spools that no worker holds
 *
 * Each step is safe beside live workers and beside another sweep: what it
 * does is decided by the same conditional updates.  One that fails doesn't
 * keep the others from being tried.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fcgi-auth/erasure.h"
#include "../fcgi-event/activity_store.h"
#include "../fcgi-event/audit.h"
#include "../fcgi-event/claim_store.h"
#include "../fcgi-event/decision.h"
#include "../fcgi-event/limit.h"
#include "../fcgi-event/settle.h"
#include "../fcgi-event/stock_store.h"
#include "arena.h"
#include "clock.h"
#include "command.h"
#include "conf.h"
#include "id.h"
#include "store.h"

#define HOLD_MS		30000		/* a hold that is looked at */
#define VOID_MS		86400000	/* longer than any worker is stopped */
#define STRAY_MS	172800000	/* by then an event is made, or never */
#define ARENA_MAX	((size_t)64 * 1024 * 1024)
#define EXPIRE_ROUNDS	1000		/* of a hundred claims */

struct sweep {
	struct store	*store;
	struct arena	*arena;		/* of one page or round */
	int64_t		 now;

	const char	*ids[256];	/* claims of this round */
	size_t		 nids;
	bson_t		*limits[STOCK_PAGE];	/* of this page, with work */
	size_t		 nlimits;
	const char	*strays[STOCK_PAGE];	/* that may be nobody's */
	const char	*events[STOCK_PAGE];	/* which they say they are of */
	size_t		 nstrays;
	char		 last[ID_SIZE];		/* of this page */
	size_t		 seen;

	long		 expired;
	long		 settled;
	long		 erased;
};

static bool
keep_claim(void *ctx, const bson_t *claim)
{
	struct sweep *W = ctx;

	W->ids[W->nids++] = arena_strdup(W->arena, store_text(claim, "_id"));
	return (W->nids < sizeof(W->ids) / sizeof(W->ids[0]));
}

static enum err
expire_claims(struct sweep *W)
{
	enum err err = ERR_OK;
	size_t i;
	int round;

	for (round = 0; err == ERR_OK && round < EXPIRE_ROUNDS; round++) {
		W->nids = 0;
		err = claim_expired(W->store, W->arena, W->now, keep_claim,
		    W);
		for (i = 0; err == ERR_OK && i < W->nids; i++) {
			err = decision_expire(W->store, W->arena, W->ids[i],
			    W->now);
			W->expired++;
		}
		arena_reset(W->arena);
		if (W->nids == 0)
			break;
	}
	return (err);
}

/* A limit that nobody has taken from so far may be of no event. */
static void
keep_stray(struct sweep *W, const bson_t *limit)
{
	const char *id = store_text(limit, "_id");
	const char *event = store_text(limit, "eventId");

	if (event == NULL || W->now - id_time(id) < STRAY_MS ||
	    store_int(limit, "left") != store_int(limit, "total"))
		return;
	W->strays[W->nstrays] = arena_strdup(W->arena, id);
	W->events[W->nstrays++] = arena_strdup(W->arena, event);
}

static bool
keep_limit(void *ctx, const bson_t *limit)
{
	struct sweep *W = ctx;
	bson_iter_t iter;

	(void)snprintf(W->last, sizeof(W->last), "%s",
	    store_text(limit, "_id"));
	W->seen++;
	if (store_has(limit, "changedAt") ||
	    (stock_holds(limit, &iter) && bson_iter_next(&iter)))
		W->limits[W->nlimits++] = store_own(W->arena,
		    bson_copy(limit));
	else
		keep_stray(W, limit);
	return (true);
}

static enum err
settle_limit(struct sweep *W, const bson_t *limit)
{
	struct stock_hold hold;
	bson_iter_t iter;
	enum err err;

	err = limit_reconcile(W->store, W->arena, limit, W->now - HOLD_MS);
	if (err != ERR_OK || !stock_holds(limit, &iter))
		return (err);
	while (err == ERR_OK && stock_next_hold(limit, &iter, &hold)) {
		if (hold.at > W->now - HOLD_MS)
			continue;
		err = settle_hold(W->store, W->arena,
		    store_text(limit, "_id"), &hold);
		W->settled++;
	}
	return (err);
}

static enum err
settle_limits(struct sweep *W)
{
	enum err err;
	size_t i;

	W->last[0] = '\0';
	do {
		W->seen = W->nlimits = W->nstrays = 0;
		err = stock_walk(W->store, W->arena, W->last, keep_limit, W);
		for (i = 0; err == ERR_OK && i < W->nlimits; i++)
			err = settle_limit(W, W->limits[i]);
		if (err == ERR_OK && W->nstrays > 0)
			err = stock_prune(W->store, W->arena, W->strays,
			    W->events, W->nstrays);
		arena_reset(W->arena);
	} while (err == ERR_OK && W->seen == STOCK_PAGE);
	return (err);
}

static enum err
count_activities(struct sweep *W)
{
	long count;
	enum err err;

	do {
		err = activity_settle(W->store, W->arena, W->now - HOLD_MS,
		    &count);
		arena_reset(W->arena);
		W->settled += count;
	} while (err == ERR_OK && count > 0);
	return (err);
}

/* After the activities, which may be those of somebody who is gone. */
static enum err
erase_people(struct sweep *W)
{
	long count;
	enum err err;

	do {
		err = erasure_sweep(W->store, W->arena, W->now, &count);
		arena_reset(W->arena);
		W->erased += count;
	} while (err == ERR_OK && count > 0);
	return (err);
}

static enum err
prune_voids(struct sweep *W)
{

	return (claim_prune(W->store, W->arena, W->now - VOID_MS));
}

static enum err
ship_spools(struct sweep *W, const struct conf *conf)
{
	char *dir;
	enum err err;

	if ((dir = conf_path(conf, "data/spool")) == NULL)
		return (err_set(ERR_INTERNAL, "out of memory"));
	err = audit_sweep(W->store, dir, conf->spool_max);
	free(dir);
	return (err);
}

/* Say what failed, and remember that something has. */
static bool
report(const char *step, enum err err)
{
	const char *detail = err_detail();

	if (err == ERR_OK)
		return (true);
	(void)fprintf(stderr, "guerdon: sweep: %s: %s\n", step,
	    detail[0] != '\0' ? detail : err_row(err)->title);
	return (false);
}

int
command_sweep(struct context *ctx, int argc, char *argv[])
{
	struct sweep W = { .now = clock_now() };
	bool good;
	int status;

	if ((status = command_bare(ctx, argc, argv)) != -1 ||
	    (status = command_open(ctx, ARENA_MAX, &W.store, &W.arena)) != -1)
		return (status);
	good = report("expire", expire_claims(&W));
	good = report("settle", settle_limits(&W)) && good;
	good = report("count", count_activities(&W)) && good;
	good = report("erase", erase_people(&W)) && good;
	good = report("prune", prune_voids(&W)) && good;
	good = report("ship", ship_spools(&W, ctx->conf)) && good;
	(void)printf("expired %ld, settled %ld, erased %ld\n", W.expired,
	    W.settled, W.erased);
	arena_free(W.arena);
	store_free(W.store);
	return (good ? EXIT_DONE : EXIT_FAILED);
}
