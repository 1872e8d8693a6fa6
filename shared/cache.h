/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CACHE_H_
#define CACHE_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/*
 * A table of small values in memory that processes share.  Nobody waits for
 * anybody: a reader that meets a writer has a miss, a writer that meets one
 * doesn't store.  A writer that dies leaves a slot that the next one clears.
 *
 * An entry is of a generation and is found only by that; see freshness.h.
 * None is found that is older than 60 s.
 */
struct cache {
	unsigned char	*base;		/* shared; zeros are an empty table */
	size_t		 nslots;
	size_t		 slot_size;	/* of the whole slot */
};

/* cache_size(nslots, value_max): bytes of shared memory that it takes. */
size_t	cache_size(size_t, size_t);

/* cache_init(C, p, nslots, value_max): the table in cache_size() bytes. */
void	cache_init(struct cache *, void *, size_t, size_t);

/*
 * cache_get(C, A, key, key_len, generation, len):
 * The value, as a copy in the arena with a NUL behind it; NULL: a miss.
 */
void	*cache_get(const struct cache *, struct arena *, const void *, size_t,
	    uint64_t, size_t *);

/*
 * cache_put(C, key, key_len, generation, value, len, guard, want):
 * Store a value, if *${guard} is still ${want} at the moment when it becomes
 * visible.  One that is too long isn't stored.
 */
void	cache_put(const struct cache *, const void *, size_t, uint64_t,
	    const void *, size_t, const _Atomic uint64_t *, uint64_t);

/*
 * cache_drop(C, drop, ctx):
 * Remove every value for which ${drop}(ctx, value, len) is true.  Who counted
 * the guard up before can be sure that no such value, read before, appears
 * later.
 */
void	cache_drop(const struct cache *,
	    bool (*)(void *, const void *, size_t), void *);

#endif /* !CACHE_H_ */
