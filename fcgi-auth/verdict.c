/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict: judged tokens in memory that the workers share; the collection
 * `revocations` makes the nodes forget them.
 *
 * Always true: a verdict that is found was read from the database after every
 * revocation of its session or user that was complete 250 ms ago.  For that,
 * a check counts the generation up before it drops what was revoked, and a
 * verdict becomes visible only if the generation is the one from before it
 * was read.
 */
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "cache.h"
#include "clock.h"
#include "freshness.h"
#include "log.h"
#include "revocation_store.h"
#include "shm.h"
#include "store.h"
#include "verdict.h"

#define OVERLAP_MS	10000	/* how far clocks and writers may lag */
#define WINDOW_MS	70000	/* no verdict lives longer than 60 s */
#define BATCH		256	/* revoked ids that are dropped in one pass */

#define SLOTS		16384
#define LAYOUT		UINT32_C(0x00020001)

/* The head of the shared file; the table follows. */
struct shared {
	struct freshness	 freshness;
	_Atomic int64_t		 looked;	/* clock_now() of the last check */
};

struct verdicts {
	struct store	*store;
	struct shared	*shared;
	struct cache	 cache;
};

static const char *const kinds[] = {
	[SUBJECT_SESSION] = "session",
	[SUBJECT_USER] = "user",
};

struct verdicts *
verdicts_open(struct store *store, const char *dir)
{
	struct verdicts *V;
	void *p;

	if ((V = calloc(1, sizeof(*V))) == NULL) {
		(void)err_set(ERR_INTERNAL, "out of memory");
		return (NULL);
	}
	if (shm_map(dir, "auth", LAYOUT + (uint32_t)sizeof(struct verdict),
	    4096 + cache_size(SLOTS, sizeof(struct verdict)), &p) != ERR_OK) {
		free(V);
		return (NULL);
	}
	V->store = store;
	V->shared = p;
	cache_init(&V->cache, (char *)p + 4096, SLOTS,
	    sizeof(struct verdict));
	return (V);
}

void
verdicts_close(struct verdicts *V)
{

	free(V);
}

/* Ids that were revoked: session ids and user ids can't be mixed up. */
struct revoked {
	struct verdicts	*V;
	bool		 counted;	/* the generation was counted up */
	size_t		 count;
	char		 ids[BATCH][ID_SIZE];
};

static bool
is_revoked(void *ctx, const void *value, size_t len)
{
	const struct revoked *R = ctx;
	struct verdict v;
	size_t i;

	if (len != sizeof(v))
		return (true);
	memcpy(&v, value, sizeof(v));
	for (i = 0; i < R->count; i++)
		if (memcmp(v.token.sid, R->ids[i], ID_SIZE) == 0 ||
		    memcmp(v.token.sub, R->ids[i], ID_SIZE) == 0)
			return (true);
	return (false);
}

/* Forget what was collected so far. */
static void
drop_revoked(struct revoked *R)
{

	if (R->count == 0)
		return;
	/* Once is enough: who reads from now on reads what is new. */
	if (!R->counted)
		freshness_bump(&R->V->shared->freshness);
	R->counted = true;
	cache_drop(&R->V->cache, is_revoked, R);
	R->count = 0;
}

static bool
collect(void *ctx, const bson_t *doc)
{
	struct revoked *R = ctx;
	const char *id = store_text(doc, "id");

	if (id == NULL || strlen(id) != ID_LEN)
		return (true);
	memcpy(R->ids[R->count++], id, ID_SIZE);
	if (R->count == BATCH)
		drop_revoked(R);
	return (true);
}

/* One look at the database, for all workers of the node. */
static enum finding
check(void *ctx)
{
	struct verdicts *V = ctx;
	struct revoked R = { .V = V };
	int64_t now = clock_now(), since = atomic_load(&V->shared->looked);
	bson_t *filter;
	enum err err;

	if (since < now - WINDOW_MS || since > now)
		since = now - WINDOW_MS;
	filter = BCON_NEW("$or", "[",
	    "{", "at", "{", "$gt", BCON_DATE_TIME(since - OVERLAP_MS), "}",
	    "}", "{", "pending", BCON_BOOL(true), "}", "]");
	err = store_find(V->store, REVOCATIONS, filter, NULL, collect, &R);
	bson_destroy(filter);
	if (err != ERR_OK)
		return (FINDING_FAILED);
	drop_revoked(&R);
	atomic_store(&V->shared->looked, now);
	return (FINDING_SAME);
}

uint64_t
verdict_guard(struct verdicts *V)
{
	uint64_t generation;

	/* Generations start at 0, and 0 means "can't be kept". */
	if (!freshness_ensure(&V->shared->freshness, check, V, &generation))
		return (0);
	return (generation + 1);
}

bool
verdict_recall(struct verdicts *V, struct arena *A, const char *token,
    struct verdict *verdict, uint64_t *guard)
{
	void *value;
	size_t len;

	if ((*guard = verdict_guard(V)) == 0)
		return (false);
	value = cache_get(&V->cache, A, token, strlen(token), 0, &len);
	if (value == NULL || len != sizeof(*verdict))
		return (false);
	memcpy(verdict, value, sizeof(*verdict));
	return (true);
}

void
verdict_keep(struct verdicts *V, const char *token,
    const struct verdict *verdict, uint64_t guard)
{

	if (guard != 0)
		cache_put(&V->cache, token, strlen(token), 0, verdict,
		    sizeof(*verdict), &V->shared->freshness.generation,
		    guard - 1);
}

static bool
is_any(void *ctx, const void *value, size_t len)
{

	(void)ctx;
	(void)value;
	(void)len;
	return (true);
}

void
verdicts_forget(struct verdicts *V)
{

	freshness_bump(&V->shared->freshness);
	cache_drop(&V->cache, is_any, NULL);
}

/* The _id of a revocation: an attempt may revoke a session and a user. */
static const char *
revocation_id(struct request *req, enum subject_kind kind)
{

	return (arena_printf(req->arena, "%s:%s", req->attempt, kinds[kind]));
}

enum err
verdict_revoke_begin(struct verdicts *V, struct request *req,
    enum subject_kind kind, const char *id)
{

	return (revocation_begin(V->store, req->arena,
	    revocation_id(req, kind), kinds[kind], id));
}

void
verdict_revoke_end(struct verdicts *V, struct request *req,
    enum subject_kind kind, const char *id)
{
	struct revoked R = { .V = V, .count = 1 };

	/* Here at once; elsewhere by the next look at the database. */
	memcpy(R.ids[0], id, ID_SIZE);
	drop_revoked(&R);
	if (revocation_end(V->store, req->arena, revocation_id(req, kind)) !=
	    ERR_OK)
		log_write(LOG_WARN, "a revocation stays pending",
		    LOG_STR("traceId", req->trace.id), LOG_END);
}

bool
verdict_revoke_begun(struct verdicts *V, struct request *req,
    enum subject_kind kind, const char *id)
{
	const bson_t *found;

	return (store_find_one(V->store, req->arena, REVOCATIONS,
	    DOC(req->arena, "_id", BCON_UTF8(revocation_id(req, kind)), "id",
	    BCON_UTF8(id)), &found) == ERR_OK);
}
