/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cache: a set-associative table of slots, each under a sequence number.
 *
 * The sequence is even while a slot can be read, odd while it is written.  A
 * reader copies, and believes its copy if the sequence is the same after it.
 * A writer owns the slot by its pid, makes the sequence odd, writes, and
 * publishes by one compare-and-swap to the next even number.  cache_drop()
 * dooms a value that is being written by moving the odd number on, so that
 * this swap fails.
 */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "cache.h"
#include "clock.h"

#define WAYS		4
#define LIFE_MS		60000
#define ALIGNMENT	64	/* a cache line */

struct slot {
	_Atomic uint32_t	sequence;
	_Atomic int32_t		owner;		/* pid of the writer; 0: none */
	_Atomic uint32_t	len;		/* 0: empty */
	uint32_t		unused;
	uint64_t		key[2];
	uint64_t		generation;
	int64_t			stored;		/* clock_mono() */
	unsigned char		value[];
};

static size_t
slot_size(size_t value_max)
{

	return ((sizeof(struct slot) + value_max + ALIGNMENT - 1) &
	    ~(size_t)(ALIGNMENT - 1));
}

size_t
cache_size(size_t nslots, size_t value_max)
{

	return (nslots * slot_size(value_max));
}

void
cache_init(struct cache *C, void *p, size_t nslots, size_t value_max)
{

	assert(nslots % WAYS == 0);
	C->base = p;
	C->nslots = nslots;
	C->slot_size = slot_size(value_max);
}

static struct slot *
slot_at(const struct cache *C, size_t i)
{

	return ((struct slot *)(void *)(C->base + i * C->slot_size));
}

static size_t
value_max(const struct cache *C)
{

	return (C->slot_size - sizeof(struct slot));
}

static void
hash_key(const void *key, size_t len, uint64_t hash[2])
{

	(void)crypto_generichash((unsigned char *)hash, 16, key, len, NULL, 0);
}

static size_t
first_way(const struct cache *C, const uint64_t hash[2])
{

	return (hash[0] % (C->nslots / WAYS) * WAYS);
}

/* Copy a slot's value if it is the one that is asked for. */
static void *
read_slot(const struct cache *C, struct slot *slot, struct arena *A,
    const uint64_t hash[2], uint64_t generation, size_t *len)
{
	uint32_t sequence, size;
	unsigned char *copy;

	sequence = atomic_load_explicit(&slot->sequence,
	    memory_order_acquire);
	size = atomic_load_explicit(&slot->len, memory_order_relaxed);
	if ((sequence & 1) != 0 || size == 0 || size > value_max(C) ||
	    slot->key[0] != hash[0] || slot->key[1] != hash[1] ||
	    slot->generation != generation ||
	    clock_mono() - slot->stored > LIFE_MS)
		return (NULL);
	copy = arena_alloc(A, (size_t)size + 1);
	memcpy(copy, slot->value, size);
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&slot->sequence, memory_order_relaxed) !=
	    sequence)
		return (NULL);
	*len = size;
	return (copy);
}

void *
cache_get(const struct cache *C, struct arena *A, const void *key,
    size_t key_len, uint64_t generation, size_t *len)
{
	uint64_t hash[2];
	size_t i, first;
	void *value;

	hash_key(key, key_len, hash);
	first = first_way(C, hash);
	for (i = first; i < first + WAYS; i++) {
		value = read_slot(C, slot_at(C, i), A, hash, generation, len);
		if (value != NULL)
			return (value);
	}
	return (NULL);
}

/* The slot to write: the key's own, else an empty or the oldest one. */
static struct slot *
choose_slot(const struct cache *C, const uint64_t hash[2])
{
	size_t i, first = first_way(C, hash);
	struct slot *slot, *best = slot_at(C, first);

	for (i = first; i < first + WAYS; i++) {
		slot = slot_at(C, i);
		if (slot->key[0] == hash[0] && slot->key[1] == hash[1])
			return (slot);
		if (slot->stored < best->stored)
			best = slot;
	}
	return (best);
}

/* Own the slot for writing; a dead writer's is taken over. */
static bool
own_slot(struct slot *slot)
{
	int32_t owner = 0, me = (int32_t)getpid();

	if (atomic_compare_exchange_strong(&slot->owner, &owner, me))
		return (true);
	return (kill(owner, 0) == -1 && errno == ESRCH &&
	    atomic_compare_exchange_strong(&slot->owner, &owner, me));
}

/* Make the sequence odd, also where a dead writer left it odd. */
static uint32_t
begin_write(struct slot *slot)
{
	uint32_t sequence = atomic_load(&slot->sequence);
	uint32_t odd;

	do
		odd = (sequence + 1) | 1;
	while (!atomic_compare_exchange_weak(&slot->sequence, &sequence,
	    odd));
	return (odd);
}

/* Doomed meanwhile, or not to be published: leave the slot empty. */
static void
abandon(struct slot *slot)
{

	atomic_store(&slot->len, 0);
	atomic_store(&slot->sequence, (atomic_load(&slot->sequence) + 1) &
	    ~UINT32_C(1));
}

void
cache_put(const struct cache *C, const void *key, size_t key_len,
    uint64_t generation, const void *value, size_t len,
    const _Atomic uint64_t *guard, uint64_t want)
{
	uint64_t hash[2];
	struct slot *slot;
	uint32_t odd;

	if (len == 0 || len > value_max(C))
		return;
	hash_key(key, key_len, hash);
	slot = choose_slot(C, hash);
	if (!own_slot(slot))
		return;
	odd = begin_write(slot);
	atomic_thread_fence(memory_order_release);
	memcpy(slot->key, hash, sizeof(slot->key));
	slot->generation = generation;
	slot->stored = clock_mono();
	memcpy(slot->value, value, len);
	atomic_store(&slot->len, (uint32_t)len);
	if (atomic_load(guard) != want ||
	    !atomic_compare_exchange_strong(&slot->sequence, &odd, odd + 1))
		abandon(slot);
	atomic_store(&slot->owner, 0);
}

/*
 * Empty one slot if its value is to go.  False: somebody wrote meanwhile, and
 * it must be looked at again.
 */
static bool
drop_slot(const struct cache *C, struct slot *slot,
    bool (*drop)(void *, const void *, size_t), void *ctx)
{
	uint32_t sequence = atomic_load(&slot->sequence), len, odd;

	/* Being written, with what we can't know yet: doomed. */
	if ((sequence & 1) != 0)
		return (atomic_compare_exchange_strong(&slot->sequence,
		    &sequence, sequence + 2));
	len = atomic_load(&slot->len);
	if (len == 0 || len > value_max(C) || !drop(ctx, slot->value, len))
		return (atomic_load(&slot->sequence) == sequence);
	odd = sequence + 1;
	if (!atomic_compare_exchange_strong(&slot->sequence, &sequence, odd))
		return (false);
	atomic_store(&slot->len, 0);
	(void)atomic_compare_exchange_strong(&slot->sequence, &odd, odd + 1);
	return (true);
}

void
cache_drop(const struct cache *C, bool (*drop)(void *, const void *, size_t),
    void *ctx)
{
	size_t i;

	for (i = 0; i < C->nslots; i++)
		while (!drop_slot(C, slot_at(C, i), drop, ctx))
			continue;
}
