/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ratelimit: a table of words of 64 bits, in sets of eight, a cache line each.
 * A word is a tag of 22 bits, which tells the keys of a set apart, and a time
 * of 42 bits: when the bucket will be full again, in units of 100 us since the
 * machine started.  It changes by compare and swap, so that nobody who dies
 * leaves a lock, and no two workers let the same one through.
 *
 * A time further ahead than an empty bucket's is from before a restart of the
 * machine or of other settings, and counts as none: a mistake must not lock
 * anybody out.
 */
#include <sodium.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "err.h"
#include "num.h"
#include "ratelimit.h"
#include "shm.h"

#define LAYOUT		UINT32_C(0x00520001)
#define SETS		((size_t)16384)
#define WAYS		((size_t)8)
#define TIME_BITS	42
#define TIME_MASK	((UINT64_C(1) << TIME_BITS) - 1)
#define TAG_MASK	((UINT64_C(1) << (64 - TIME_BITS)) - 1)
#define UNIT_US		100
#define UNITS_MS	(1000 / UNIT_US)
#define UNITS_S		((int64_t)1000 * UNITS_MS)
#define SLACK		UNITS_S	/* two workers may read the clock out of order */
#define BURST_MAX	INT64_C(1000000)
#define SECONDS_MAX	INT64_C(86400)

typedef _Atomic uint64_t word;

struct ratelimit {
	word		(*sets)[WAYS];
	unsigned char	 secret[crypto_generichash_KEYBYTES];
};

/* Where a key has its place. */
struct place {
	word		*set;
	uint64_t	 tag;
};

static const char *const names[RATE_CLASSES] = {
	[RATE_NONE] = "none",
	[RATE_LOGIN] = "login",
	[RATE_SIGN_UP] = "sign-up",
	[RATE_REFRESH] = "refresh",
	[RATE_CLAIM] = "claim",
	[RATE_READ] = "read",
	[RATE_WRITE] = "write",
};

enum rate_class
rate_class_parse(const char *name)
{
	enum rate_class class = RATE_NONE;

	while (class < RATE_CLASSES && strcmp(names[class], name) != 0)
		class++;
	return (class);
}

const char *
rate_class_name(enum rate_class class)
{

	return (names[class]);
}

bool
rate_parse(const char *text, struct rate *rate)
{
	const char *slash = strchr(text, '/');
	char burst[24];

	if (slash == NULL || (size_t)(slash - text) >= sizeof(burst))
		return (false);
	memcpy(burst, text, (size_t)(slash - text));
	burst[slash - text] = '\0';
	/* An interval of less than a unit could not be kept. */
	return (num_parse(burst, 1, BURST_MAX, &rate->burst) &&
	    num_parse(slash + 1, 1, SECONDS_MAX, &rate->seconds) &&
	    rate->burst <= rate->seconds * UNITS_S / 10);
}

struct ratelimit *
ratelimit_open(const char *dir, const char *name, const char *secret)
{
	struct ratelimit *R;
	void *p;

	if ((R = calloc(1, sizeof(*R))) == NULL) {
		(void)err_set(ERR_INTERNAL, "out of memory");
		return (NULL);
	}
	if (shm_map(dir, name, LAYOUT, SETS * sizeof(*R->sets), &p) !=
	    ERR_OK) {
		free(R);
		return (NULL);
	}
	R->sets = p;
	(void)crypto_generichash(R->secret, sizeof(R->secret),
	    (const unsigned char *)secret, strlen(secret),
	    (const unsigned char *)name, strlen(name));
	return (R);
}

void
ratelimit_close(struct ratelimit *R)
{

	if (R == NULL)
		return;
	sodium_memzero(R->secret, sizeof(R->secret));
	free(R);
}

static struct place
locate(const struct ratelimit *R, const char *scope, const char *key)
{
	crypto_generichash_state state;
	struct place place;
	uint64_t sum[2];

	_Static_assert(sizeof(sum) >= crypto_generichash_BYTES_MIN,
	    "a sum of BLAKE2b");
	(void)crypto_generichash_init(&state, R->secret, sizeof(R->secret),
	    sizeof(sum));
	/* The NUL keeps the two apart. */
	(void)crypto_generichash_update(&state, (const unsigned char *)scope,
	    strlen(scope) + 1);
	(void)crypto_generichash_update(&state, (const unsigned char *)key,
	    strlen(key));
	(void)crypto_generichash_final(&state, (unsigned char *)sum,
	    sizeof(sum));
	place.set = R->sets[sum[0] % SETS];
	place.tag = sum[1] & TAG_MASK;
	if (place.tag == 0)
		place.tag = 1;
	return (place);
}

static int64_t
units_now(void)
{

	return (clock_micro() / UNIT_US);
}

/* What one take moves the time by. */
static int64_t
step_of(const struct rate *rate)
{

	return (rate->seconds * UNITS_S / rate->burst);
}

static int64_t
time_of(uint64_t value)
{

	return ((int64_t)(value & TIME_MASK));
}

/*
 * The word of a key, or else the one of its set that is free, or was full
 * again first.  ${value} is what it held; ${mine}: it is of the key.
 */
static word *
find(struct place place, uint64_t *value, bool *mine)
{
	uint64_t each;
	size_t i, best = 0;

	*value = UINT64_MAX;
	for (i = 0; i < WAYS; i++) {
		each = atomic_load(&place.set[i]);
		if ((*mine = each >> TIME_BITS == place.tag) ||
		    (each & TIME_MASK) < (*value & TIME_MASK)) {
			*value = each;
			best = i;
		}
		if (*mine)
			break;
	}
	return (place.set + best);
}

/* When the bucket is full again: now, if it is; never beyond ${span}. */
static int64_t
full_at(uint64_t value, bool mine, int64_t now, int64_t span)
{
	int64_t at = mine ? time_of(value) : now;

	return (at < now || at > now + span + SLACK ? now : at);
}

static bool
put(word *w, uint64_t *old, struct place place, int64_t at)
{

	return (atomic_compare_exchange_strong(w, old,
	    place.tag << TIME_BITS | ((uint64_t)at & TIME_MASK)));
}

bool
ratelimit_take(struct ratelimit *R, const struct rate *rate,
    const char *scope, const char *key, struct rate_state *state)
{
	struct place place = locate(R, scope, key);
	int64_t step = step_of(rate), span = step * rate->burst;
	int64_t now, ahead;
	uint64_t value;
	word *w;
	bool mine, may;

	do {
		now = units_now();
		w = find(place, &value, &mine);
		ahead = full_at(value, mine, now, span) + step - now;
		may = ahead <= span;
	} while (may && !put(w, &value, place, now + ahead));
	state->wait_ms = may ? 0 : (ahead - span) / UNITS_MS + 1;
	if (!may)
		ahead -= step;
	state->left = (ahead < span) ? (span - ahead) / step : 0;
	state->full_ms = ahead / UNITS_MS + 1;
	return (may);
}

void
ratelimit_return(struct ratelimit *R, const struct rate *rate,
    const char *scope, const char *key)
{
	struct place place = locate(R, scope, key);
	int64_t step = step_of(rate);
	uint64_t value;
	word *w;
	bool mine;

	do {
		w = find(place, &value, &mine);
		if (!mine || time_of(value) < step)
			return;
	} while (!put(w, &value, place, time_of(value) - step));
}

void
ratelimit_remember(struct ratelimit *R, const char *scope, const char *key,
    int64_t seconds)
{
	struct place place = locate(R, scope, key);
	int64_t until;
	uint64_t value;
	word *w;
	bool mine;

	do {
		until = units_now() + seconds * UNITS_S;
		w = find(place, &value, &mine);
	} while (!put(w, &value, place, until));
}

bool
ratelimit_knows(struct ratelimit *R, const char *scope, const char *key,
    int64_t seconds)
{
	int64_t now = units_now();
	uint64_t value;
	bool mine;

	(void)find(locate(R, scope, key), &value, &mine);
	return (mine && time_of(value) > now &&
	    time_of(value) <= now + seconds * UNITS_S);
}
