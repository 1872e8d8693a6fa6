/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * combine: workers that do each other's work; see combine.h.
 *
 * Each worker has a slot in shared memory, with one word of state: a sequence,
 * a result and a phase.  The owner moves it
 *
 *	IDLE -> WAITING		its item is there
 *	WAITING, CALLED -> IDLE	it has lost its patience
 *
 * and whoever leads
 *
 *	WAITING -> CALLED	the turn is over: lead if you can
 *	WAITING, CALLED -> TAKEN	what was copied is what was there
 *	TAKEN -> DONE		with the result, where the turn was before
 *
 * Always true: an item changes only while its slot is IDLE, under a sequence
 * that it never had before, so a leader that copies first and takes by
 * compare-and-swap has a whole item.  Only who has a lead takes, and has
 * nothing taken when it gives the lead back, unless its job jumped; so who finds its item TAKEN by a
 * turn that isn't under way knows that its leader is gone.
 *
 * The word is a futex: owners sleep on it, for SLICE_MS at most, so that no
 * death costs more than that.  While one turn is under way, another one is for
 * two items or more: of the few that are on their way at a time, most would be
 * alone otherwise.
 */
#include <sys/syscall.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "combine.h"
#include "shm.h"

#define LEADS		2	/* turns at a time */
#define PATIENCE_MS	200	/* for a turn to end; it takes 2 */
#define STALLED_MS	1000	/* nobody waits after somebody had to */
#define STALE_MS	1000	/* an owner that waits so long is gone */
#define SLICE_MS	20
#define ALIGNMENT	64	/* a cache line */

/* A change of what lies in the file wants another number. */
#define LAYOUT		UINT32_C(0x00010002)

/* Bytes of the file that are locked. */
#define LEAD(i)		((int64_t)(i))
#define SLOT(i)		((int64_t)(LEADS + (i)))

enum phase { IDLE = 0, WAITING, CALLED, TAKEN, DONE };	/* IDLE: no bits */

#define PHASE(state)	((enum phase)((state) & 7))
#define RESULT(state)	((uint8_t)((state) >> 3 & 31))
#define SEQUENCE	UINT32_C(0xffffff00)
#define STEP		UINT32_C(0x100)	/* one more in the sequence */

struct slot {
	_Atomic uint32_t	state;
	_Atomic uint32_t	len;
	_Atomic int64_t		at;		/* clock_mono(): submitted */
	unsigned char		data[];
};

struct shared {
	_Atomic int64_t		stalled_until;	/* clock_mono() */
	_Atomic uint32_t	turns[LEADS];	/* counts them */
	_Alignas(ALIGNMENT) unsigned char slots[];
};

struct combine {
	int		 lock;		/* see LEAD and SLOT */
	struct shared	*shared;
	size_t		 max;
	size_t		 slot_size;
	struct slot	*own;		/* NULL: there was none left */
	int		 lead;		/* which we have; -1: none */
};

/* A turn: whose items are done. */
struct turn {
	struct combine_item	 items[COMBINE_MAX];
	struct slot		*slots[COMBINE_MAX];
	uint32_t		 states[COMBINE_MAX];	/* TAKEN */
	size_t			 count;
};

static struct slot *
slot_at(const struct combine *C, size_t i)
{

	return ((struct slot *)(void *)(C->shared->slots + i * C->slot_size));
}

static bool
set_lock(const struct combine *C, int64_t byte, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET,
	    .l_start = byte, .l_len = 1 };

	return (fcntl(C->lock, F_OFD_SETLK, &lock) == 0);
}

static bool
move(struct slot *slot, uint32_t from, uint32_t to)
{

	return (atomic_compare_exchange_strong(&slot->state, &from, to));
}

/* A new sequence, in which whatever a leader still has of the slot is stale. */
static void
rest(struct slot *slot)
{
	uint32_t state = atomic_load(&slot->state);

	while (!atomic_compare_exchange_weak(&slot->state, &state,
	    (state & SEQUENCE) + STEP))
		continue;
}

static enum err
map(struct combine *C, const char *dir, const char *name)
{
	char file[128];
	void *p;
	enum err err;

	(void)snprintf(file, sizeof(file), "%s.lock", name);
	if ((err = shm_file(dir, file, &C->lock)) != ERR_OK)
		return (err);
	C->slot_size = (sizeof(struct slot) + C->max + ALIGNMENT - 1) &
	    ~(size_t)(ALIGNMENT - 1);
	err = shm_map(dir, name, LAYOUT + (uint32_t)C->slot_size,
	    sizeof(struct shared) + COMBINE_MAX * C->slot_size, &p);
	C->shared = p;
	return (err);
}

struct combine *
combine_open(const char *dir, const char *name, size_t max)
{
	struct combine *C;
	size_t i;

	if ((C = calloc(1, sizeof(*C))) == NULL) {
		(void)err_set(ERR_INTERNAL, "out of memory");
		return (NULL);
	}
	C->lock = C->lead = -1;
	C->max = max;
	if (map(C, dir, name) != ERR_OK) {
		combine_close(C);
		return (NULL);
	}
	for (i = 0; i < COMBINE_MAX && C->own == NULL; i++)
		if (set_lock(C, SLOT(i), F_WRLCK))
			C->own = slot_at(C, i);
	if (C->own != NULL)
		rest(C->own);
	return (C);
}

void
combine_close(struct combine *C)
{

	if (C == NULL)
		return;
	if (C->lock != -1)
		(void)close(C->lock);
	free(C);
}

static void
sleep_on(struct slot *slot, uint32_t state)
{
	const struct timespec slice = { 0, SLICE_MS * 1000000L };

	(void)syscall(SYS_futex, &slot->state, FUTEX_WAIT, state, &slice,
	    NULL, 0);
}

static void
wake(struct slot *slot)
{

	(void)syscall(SYS_futex, &slot->state, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Which turn of a lead is under way, or was the last, in five bits. */
static uint8_t
turn_of(const struct combine *C, int i)
{

	return ((uint8_t)((atomic_load(&C->shared->turns[i]) * LEADS +
	    (uint32_t)i) & 31));
}

/* Does an item wait there whose owner can still want it?  The file outlives
 * workers, and the machine's uptime. */
static bool
waits(struct slot *slot, uint32_t *state)
{
	int64_t age = clock_mono() - atomic_load(&slot->at);

	*state = atomic_load(&slot->state);
	return ((PHASE(*state) == WAITING || PHASE(*state) == CALLED) &&
	    age >= 0 && age < STALE_MS);
}

/* Copy what waits in a slot, and take it if it is still there. */
static void
take(const struct combine *C, struct arena *A, struct slot *slot,
    struct turn *turn)
{
	struct combine_item *item = &turn->items[turn->count];
	uint32_t state, taken;
	unsigned char *copy;
	size_t len;

	if (!waits(slot, &state) || (len = atomic_load(&slot->len)) > C->max)
		return;
	copy = arena_alloc(A, len);
	memcpy(copy, slot->data, len);
	taken = (state & SEQUENCE) | (uint32_t)turn_of(C, C->lead) << 3 |
	    TAKEN;
	if (!move(slot, state, taken))
		return;
	item->data = copy;
	item->len = len;
	turn->slots[turn->count] = slot;
	turn->states[turn->count++] = taken;
}

/* Let one that waits lead, if anybody does. */
static void
call_next(const struct combine *C)
{
	struct slot *slot;
	uint32_t state;
	size_t i;

	for (i = 0; i < COMBINE_MAX; i++) {
		slot = slot_at(C, i);
		if (!waits(slot, &state) || PHASE(state) != WAITING)
			continue;
		if (move(slot, state, (state & SEQUENCE) | CALLED)) {
			wake(slot);
			return;
		}
	}
}

/* Also called by the arena, for a job that jumped; most have stopped before. */
static void
stop_leading(void *ctx)
{
	struct combine *C = ctx;

	if (C->lead == -1)
		return;
	(void)set_lock(C, LEAD(C->lead), F_UNLCK);
	C->lead = -1;
	call_next(C);
}

static void
lead(struct combine *C, struct arena *A, void (*job)(void *,
    struct combine_item *, size_t), void *ctx)
{
	struct turn *turn;
	size_t i;

	arena_defer(A, stop_leading, C);
	(void)atomic_fetch_add(&C->shared->turns[C->lead], 1);
	turn = arena_alloc(A, sizeof(*turn));
	for (i = 0; i < COMBINE_MAX; i++)
		take(C, A, slot_at(C, i), turn);
	if (turn->count > 0)
		job(ctx, turn->items, turn->count);
	for (i = 0; i < turn->count; i++) {
		assert(turn->items[i].result < 32);
		if (move(turn->slots[i], turn->states[i],
		    (turn->states[i] & SEQUENCE) |
		    (uint32_t)turn->items[i].result << 3 | DONE) &&
		    turn->slots[i] != C->own)
			wake(turn->slots[i]);
	}
}

/* Who called us was told so by the word; we are as those who wait again. */
static uint32_t
answer_call(struct slot *slot)
{
	uint32_t state = atomic_load(&slot->state);

	if (PHASE(state) == CALLED &&
	    move(slot, state, (state & SEQUENCE) | WAITING))
		state = (state & SEQUENCE) | WAITING;
	return (state);
}

static bool
is_led(const struct combine *C, int i)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = LEAD(i), .l_len = 1 };

	return (fcntl(C->lock, F_OFD_GETLK, &lock) == 0 &&
	    lock.l_type != F_UNLCK);
}

static size_t
count_waiting(const struct combine *C)
{
	uint32_t state;
	size_t i, n = 0;

	for (i = 0; i < COMBINE_MAX; i++)
		n += waits(slot_at(C, i), &state);
	return (n);
}

/* Get a lead, if there is one for us: beside another turn, a turn of one item
 * would cost more than it is worth. */
static bool
start_leading(struct combine *C)
{
	bool beside = false;
	int i;

	for (i = 0; i < LEADS; i++)
		if (C->lead == -1 && set_lock(C, LEAD(i), F_WRLCK))
			C->lead = i;
		else if (is_led(C, i))
			beside = true;
	if (C->lead == -1)
		return (false);
	if (!beside || count_waiting(C) > 1)
		return (true);
	(void)set_lock(C, LEAD(C->lead), F_UNLCK);
	C->lead = -1;
	return (false);
}

/* Whoever took our item is in that turn until the item is done, or dies. */
static bool
leader_is_gone(const struct combine *C, uint32_t taken)
{
	int i = RESULT(taken) % LEADS;

	return ((turn_of(C, i) != RESULT(taken) || !is_led(C, i)) &&
	    atomic_load(&C->own->state) == taken);
}

/* Where does our item stand?  If it is our turn to lead, we do. */
static uint32_t
advance(struct combine *C, struct arena *A, void (*job)(void *,
    struct combine_item *, size_t), void *ctx)
{
	uint32_t state = answer_call(C->own);

	if (PHASE(state) != WAITING || !start_leading(C))
		return (state);
	if (PHASE(atomic_load(&C->own->state)) == WAITING)
		lead(C, A, job, ctx);
	stop_leading(C);
	return (atomic_load(&C->own->state));
}

/* Nobody leads for so long that something is wrong: don't wait for it. */
static bool
give_up(struct combine *C, uint32_t state, int64_t now)
{

	if (!move(C->own, state, state & SEQUENCE))
		return (false);
	atomic_store(&C->shared->stalled_until, now + STALLED_MS);
	return (true);
}

/* Has somebody given up lately?  In the future there was another boot. */
static bool
is_stalled(const struct combine *C, int64_t now)
{
	int64_t left = atomic_load(&C->shared->stalled_until) - now;

	return (left > 0 && left <= STALLED_MS);
}

/* What was in the slot is nobody's business any more. */
static void
wipe(struct combine *C, size_t len)
{

	rest(C->own);
	memset(C->own->data, 0, len);
}

static void
submit(struct combine *C, const void *data, size_t len)
{

	rest(C->own);
	memcpy(C->own->data, data, len);
	atomic_store(&C->own->len, (uint32_t)len);
	atomic_store(&C->own->at, clock_mono());
	(void)atomic_fetch_add(&C->own->state, WAITING);
}

enum combined
combine_run(struct combine *C, struct arena *A, const void *data, size_t len,
    int64_t deadline, void (*job)(void *, struct combine_item *, size_t),
    void *ctx, uint8_t *result)
{
	int64_t now = clock_mono(), patience = now + PATIENCE_MS;
	uint32_t state;

	if (C->own == NULL || len > C->max || is_stalled(C, now))
		return (COMBINE_ALONE);
	submit(C, data, len);
	for (;; now = clock_mono()) {
		state = advance(C, A, job, ctx);
		if (PHASE(state) == DONE)
			break;
		if (PHASE(state) == TAKEN &&
		    (now >= deadline || leader_is_gone(C, state)))
			return (COMBINE_LOST);
		if (PHASE(state) == WAITING && now >= patience &&
		    give_up(C, state, now)) {
			wipe(C, len);
			return (COMBINE_ALONE);
		}
		if (PHASE(state) != CALLED)
			sleep_on(C->own, state);
	}
	*result = RESULT(state);
	wipe(C, len);
	return (COMBINE_DONE);
}
