/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stock: units taken and given back, and the holds that may go; see stock.h.
 *
 * Two lists of holds are remembered: `settled`, of claims that are stored, and
 * `spare`, of units that no claim has used yet.  Both end with the next update
 * of their limit, or when they are DUE_MS old.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "id.h"
#include "stock.h"
#include "stock_store.h"
#include "store.h"

#define REMEMBERED	256	/* of each list; others are the sweep's */
#define BATCH		32	/* changed by one update */
#define AHEAD		8	/* units taken in advance, at most */
#define DUE_MS		400
#define RETRY_MS	1000
#define ARENA_MAX	((size_t)256 * 1024)

struct held {
	char	limit[ID_SIZE];
	char	key[ID_SIZE];
	int64_t	at;		/* clock_mono() */
	bool	ending;		/* may be given back already */
};

struct list {
	struct held	held[REMEMBERED];
	size_t		count;
};

struct stock {
	struct store	*store;
	struct arena	*arena;		/* of stock_idle() */
	struct list	 settled;
	struct list	 spare;
	int64_t		 retry_at;	/* clock_mono() */
};

/* Some holds of one limit. */
struct batch {
	const char	*keys[BATCH];
	size_t		 at[BATCH];	/* where they are remembered */
	size_t		 count;
};

struct stock *
stock_new(struct store *store)
{
	struct stock *K;

	if ((K = calloc(1, sizeof(*K))) == NULL ||
	    (K->arena = arena_new(ARENA_MAX)) == NULL) {
		free(K);
		(void)err_set(ERR_INTERNAL, "out of memory");
		return (NULL);
	}
	K->store = store;
	return (K);
}

static void
remember(struct list *list, const char *limit, const char *key)
{
	struct held *held;

	if (list->count == REMEMBERED)
		return;
	held = &list->held[list->count++];
	memcpy(held->limit, limit, ID_SIZE);
	memcpy(held->key, key, ID_SIZE);
	held->at = clock_mono();
	held->ending = false;
}

static void
collect(const struct list *list, const char *limit, struct batch *batch)
{
	size_t i;

	batch->count = 0;
	for (i = 0; i < list->count && batch->count < BATCH; i++) {
		if (strcmp(list->held[i].limit, limit) != 0)
			continue;
		batch->keys[batch->count] = list->held[i].key;
		batch->at[batch->count++] = i;
	}
}

/* From the last on: each gap is filled by the one at the end. */
static void
forget(struct list *list, const struct batch *batch)
{
	size_t i;

	for (i = batch->count; i-- > 0; )
		list->held[batch->at[i]] = list->held[--list->count];
}

bool
stock_use(struct stock *K, const char *limit, char key[ID_SIZE])
{
	const struct held *held = K->spare.held;
	struct batch oldest = { .count = 0 };
	int64_t due = clock_mono() - DUE_MS;
	size_t i;

	/* One that is due may be void, if this worker was stopped. */
	for (i = 0; i < K->spare.count; i++)
		if (strcmp(held[i].limit, limit) == 0 && held[i].at > due &&
		    !held[i].ending && (oldest.count == 0 ||
		    held[i].at < held[oldest.at[0]].at)) {
			oldest.at[0] = i;
			oldest.count = 1;
		}
	if (oldest.count == 0)
		return (false);
	memcpy(key, held[oldest.at[0]].key, ID_SIZE);
	forget(&K->spare, &oldest);
	return (true);
}

/* How many to take in advance: as many as soon will be used, if the last
 * moment is like the next one. */
static size_t
count_ahead(const struct stock *K, const struct batch *settled)
{
	size_t n = 2 * settled->count;

	if (n > AHEAD)
		n = AHEAD;
	return (n < REMEMBERED - K->spare.count ? n :
	    REMEMBERED - K->spare.count);
}

/* A unit for ${hold}, and ${ahead} for claims of later. */
static enum err
take_one(struct stock *K, struct arena *A, const char *id,
    const struct stock_hold *hold, const struct batch *settled, size_t ahead)
{
	struct stock_hold holds[1 + AHEAD];
	char keys[AHEAD][ID_SIZE];
	enum err err;
	size_t i;

	holds[0] = *hold;
	for (i = 0; i < ahead; i++) {
		id_new("cl", keys[i]);
		holds[1 + i] = *hold;
		holds[1 + i].key = holds[1 + i].claim = keys[i];
		holds[1 + i].user = "";
	}
	err = stock_take(K->store, A, id, holds, 1 + ahead, settled->keys,
	    settled->count);
	for (i = 0; err == ERR_OK && i < ahead; i++)
		remember(&K->spare, id, keys[i]);
	return (err);
}

enum err
stock_take_all(struct stock *K, struct arena *A, const char *const *ids,
    size_t count, const struct stock_hold *hold, bool plenty)
{
	struct batch batch;
	enum err err = ERR_OK, undone;
	size_t i, ahead;

	for (i = 0; i < count; i++) {
		collect(&K->settled, ids[i], &batch);
		ahead = (plenty && count == 1) ? count_ahead(K, &batch) : 0;
		err = take_one(K, A, ids[i], hold, &batch, ahead);
		if (err == ERR_NOT_FOUND && ahead > 0)
			err = take_one(K, A, ids[i], hold, &batch, 0);
		if (err != ERR_OK)
			break;
		forget(&K->settled, &batch);
	}
	if (err == ERR_NOT_FOUND) {
		undone = stock_return_all(K, A, ids, i, hold->key);
		if (undone != ERR_OK)
			err = undone;
	}
	return (err);
}

enum err
stock_return_all(struct stock *K, struct arena *A, const char *const *ids,
    size_t count, const char *key)
{
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; err == ERR_OK && i < count; i++)
		err = stock_give_back(K->store, A, ids[i], key);
	return (err);
}

void
stock_settled(struct stock *K, const char *const *ids, size_t count,
    const char *key)
{
	size_t i;

	for (i = 0; i < count; i++)
		remember(&K->settled, ids[i], key);
}

/* Units that nobody used are free again; of each the sweep may have settled
 * the hold, if this worker was stopped for long. */
static enum err
give_spares(struct stock *K, const char *limit, const struct batch *spare,
    const struct batch *settled)
{
	enum err err;
	size_t i;

	err = stock_give_all(K->store, K->arena, limit, spare->keys,
	    spare->count, settled->keys, settled->count);
	if (err != ERR_NOT_FOUND)
		return (err);
	err = ERR_OK;
	for (i = 0; err == ERR_OK && i < spare->count; i++)
		err = stock_give_back(K->store, K->arena, limit,
		    spare->keys[i]);
	if (err == ERR_OK && settled->count > 0)
		err = stock_drop(K->store, K->arena, limit, settled->keys,
		    settled->count);
	return (err);
}

/* End what is remembered of a limit. */
static enum err
end_limit(struct stock *K, const char *limit)
{
	struct batch spare, settled;
	enum err err;
	size_t i;

	collect(&K->spare, limit, &spare);
	collect(&K->settled, limit, &settled);
	/* If no answer comes, nobody knows: no claim may have them any more. */
	for (i = 0; i < spare.count; i++)
		K->spare.held[spare.at[i]].ending = true;
	if (spare.count > 0)
		err = give_spares(K, limit, &spare, &settled);
	else
		err = stock_drop(K->store, K->arena, limit, settled.keys,
		    settled.count);
	if (err == ERR_OK) {
		forget(&K->spare, &spare);
		forget(&K->settled, &settled);
	}
	arena_reset(K->arena);
	return (err);
}

/* One that was remembered by ${before}, so that no take came to end it along;
 * NULL: none. */
static const char *
find_due(const struct stock *K, int64_t before)
{
	const struct list *const lists[] = { &K->spare, &K->settled };
	size_t i, k;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (k = 0; k < lists[i]->count; k++)
			if (lists[i]->held[k].at <= before)
				return (lists[i]->held[k].limit);
	return (NULL);
}

static enum err
end_due(struct stock *K, int64_t before)
{
	const char *due;
	char limit[ID_SIZE];
	enum err err = ERR_OK;

	while (err == ERR_OK && (due = find_due(K, before)) != NULL) {
		memcpy(limit, due, ID_SIZE);
		err = end_limit(K, limit);
	}
	return (err);
}

void
stock_idle(struct stock *K)
{
	int64_t now;

	if (K->settled.count + K->spare.count == 0 ||
	    (now = clock_mono()) < K->retry_at)
		return;
	if (end_due(K, now - DUE_MS) != ERR_OK)
		K->retry_at = now + RETRY_MS;
}

void
stock_free(struct stock *K)
{

	if (K == NULL)
		return;
	(void)end_due(K, INT64_MAX);
	arena_free(K->arena);
	free(K);
}
