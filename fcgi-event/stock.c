/* SPDX-License-Identifier: BSD-2-Clause */
/* stock: units taken and given back, and the holds that may go; see stock.h. */
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

#define SETTLED		256	/* remembered; those above are the sweep's */
#define BATCH		32	/* dropped in one update */
#define DUE_MS		200
#define RETRY_MS	1000
#define ARENA_MAX	((size_t)256 * 1024)

struct settled {
	char	limit[ID_SIZE];
	char	key[ID_SIZE];
	int64_t	at;		/* clock_mono() */
};

struct stock {
	struct store	*store;
	struct arena	*arena;		/* of stock_idle() */
	struct settled	 settled[SETTLED];
	size_t		 count;
	int64_t		 retry_at;	/* clock_mono() */
};

/* Some remembered holds of one limit. */
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
collect(const struct stock *K, const char *limit, struct batch *batch)
{
	size_t i;

	batch->count = 0;
	for (i = 0; i < K->count && batch->count < BATCH; i++) {
		if (strcmp(K->settled[i].limit, limit) != 0)
			continue;
		batch->keys[batch->count] = K->settled[i].key;
		batch->at[batch->count++] = i;
	}
}

/* From the last on: each gap is filled by the one at the end. */
static void
forget(struct stock *K, const struct batch *batch)
{
	size_t i;

	for (i = batch->count; i-- > 0; )
		K->settled[batch->at[i]] = K->settled[--K->count];
}

enum err
stock_take_all(struct stock *K, struct arena *A, const char *const *ids,
    size_t count, const struct stock_hold *hold)
{
	struct batch batch;
	enum err err = ERR_OK, undone;
	size_t i;

	for (i = 0; i < count; i++) {
		collect(K, ids[i], &batch);
		err = stock_take(K->store, A, ids[i], hold, batch.keys,
		    batch.count);
		if (err != ERR_OK)
			break;
		forget(K, &batch);
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
	struct settled *settled;
	size_t i;

	for (i = 0; i < count && K->count < SETTLED; i++) {
		settled = &K->settled[K->count++];
		memcpy(settled->limit, ids[i], ID_SIZE);
		memcpy(settled->key, key, ID_SIZE);
		settled->at = clock_mono();
	}
}

/* Drop holds of the limit of the first one remembered. */
static enum err
drop_some(struct stock *K)
{
	struct batch batch;
	enum err err;

	collect(K, K->settled[0].limit, &batch);
	err = stock_drop(K->store, K->arena, K->settled[0].limit, batch.keys,
	    batch.count);
	if (err == ERR_OK)
		forget(K, &batch);
	arena_reset(K->arena);
	return (err);
}

/* Is one of them so old that no take came to drop it along? */
static bool
is_due(const struct stock *K, int64_t now)
{
	size_t i;

	for (i = 0; i < K->count; i++)
		if (now - K->settled[i].at >= DUE_MS)
			return (true);
	return (false);
}

void
stock_idle(struct stock *K)
{
	int64_t now = clock_mono();

	if (K->count == 0 || now < K->retry_at || !is_due(K, now))
		return;
	while (K->count > 0) {
		if (drop_some(K) != ERR_OK) {
			K->retry_at = now + RETRY_MS;
			return;
		}
	}
}

void
stock_free(struct stock *K)
{

	if (K == NULL)
		return;
	while (K->count > 0 && drop_some(K) == ERR_OK)
		continue;
	arena_free(K->arena);
	free(K);
}
