/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * catalog: events and lists of them in memory that the workers share.
 *
 * Always true: what is found here was read under the present generation, and
 * the last look at `versions` was sent at most 250 ms ago; see freshness.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "cache.h"
#include "catalog.h"
#include "clock.h"
#include "event_store.h"
#include "freshness.h"
#include "id.h"
#include "log.h"
#include "reply.h"
#include "request.h"
#include "shm.h"
#include "stock_store.h"
#include "store.h"

#define VERSIONS	"versions"
#define NAME		"events"	/* _id of the document in it */
#define STALE_MS	30000		/* a mark whose writer is dead */

#define SLOTS_EVENTS	1024
#define SLOT_EVENT	8000
#define SLOTS_LISTS	128
#define SLOT_LIST	64000
#define SLOTS_STOCK	1024
#define SLOT_STOCK	1000
#define SLOTS_CLAIMS	16384
#define SLOT_CLAIM	1		/* that it is there is all */
#define TURNS		64
#define TRUST_MS	250	/* as freshness.h has it */
#define RENEW_MS	200

/* A change of what lies in the file wants another number. */
#define LAYOUT		UINT32_C(0x00010003)

/* The head of the shared file; the tables follow. */
struct shared {
	struct freshness	 freshness;
	_Atomic int64_t		 version;	/* n of the last check */
	_Atomic int64_t		 turns[TURNS];	/* clock_mono() of a read */
	_Atomic uint64_t	 claims;	/* 0: claims have one generation */
};

struct catalog {
	struct store	*store;
	struct shared	*shared;
	struct cache	 events;
	struct cache	 lists;
	struct cache	 stock;
	struct cache	 claims;
};

struct catalog *
catalog_open(struct store *store, const char *dir)
{
	size_t events = cache_size(SLOTS_EVENTS, SLOT_EVENT);
	size_t lists = cache_size(SLOTS_LISTS, SLOT_LIST);
	size_t stock = cache_size(SLOTS_STOCK, SLOT_STOCK);
	size_t claims = cache_size(SLOTS_CLAIMS, SLOT_CLAIM);
	struct catalog *G;
	void *p;

	if ((G = calloc(1, sizeof(*G))) == NULL) {
		(void)err_set(ERR_INTERNAL, "out of memory");
		return (NULL);
	}
	if (shm_map(dir, "event", LAYOUT, 4096 + events + lists + stock +
	    claims, &p) != ERR_OK) {
		free(G);
		return (NULL);
	}
	G->store = store;
	G->shared = p;
	cache_init(&G->events, (char *)p + 4096, SLOTS_EVENTS, SLOT_EVENT);
	cache_init(&G->lists, (char *)p + 4096 + events, SLOTS_LISTS,
	    SLOT_LIST);
	cache_init(&G->stock, (char *)p + 4096 + events + lists, SLOTS_STOCK,
	    SLOT_STOCK);
	cache_init(&G->claims, (char *)p + 4096 + events + lists + stock,
	    SLOTS_CLAIMS, SLOT_CLAIM);
	return (G);
}

void
catalog_close(struct catalog *G)
{

	free(G);
}

/* What a check reads. */
struct version {
	bool	found;
	int64_t	n;
	int	pending;
	char	stale[64];	/* a mark that is too old; "": none */
};

static bool
read_version(void *ctx, const bson_t *doc)
{
	struct version *v = ctx;
	bson_iter_t iter, marks;
	int64_t now = clock_now();

	v->found = true;
	v->n = store_int(doc, "n");
	if (!bson_iter_init_find(&iter, doc, "pending") ||
	    !bson_iter_recurse(&iter, &marks))
		return (false);
	while (bson_iter_next(&marks)) {
		v->pending++;
		if (BSON_ITER_HOLDS_DATE_TIME(&marks) &&
		    now - bson_iter_date_time(&marks) > STALE_MS)
			(void)snprintf(v->stale, sizeof(v->stale), "%s",
			    bson_iter_key(&marks));
	}
	return (false);
}

/* { $inc: { n: 1 }, OPERATOR: { "pending.MARK": at } } */
static bson_t *
mark_change(const char *operator, const char *mark, int64_t at)
{
	char path[80];

	(void)snprintf(path, sizeof(path), "pending.%s", mark);
	return (BCON_NEW("$inc", "{", "n", BCON_INT64(1), "}",
	    operator, "{", path, BCON_DATE_TIME(at), "}"));
}

static enum err
change_marks(struct store *S, const char *operator, const char *mark)
{
	bson_t *filter = BCON_NEW("_id", BCON_UTF8(NAME));
	bson_t *change = mark_change(operator, mark, clock_now());
	bool matched = false;
	enum err err;

	err = store_update(S, VERSIONS, filter, change, &matched);
	if (err == ERR_OK && !matched) {
		log_write(LOG_ERROR, "versions has no document \"events\": "
		    "run \"guerdon init\"", LOG_END);
		err = err_set(ERR_INTERNAL, NULL);
	}
	bson_destroy(filter);
	bson_destroy(change);
	return (err);
}

/* One look at the database, for all workers of the node. */
static enum finding
check(void *ctx)
{
	struct catalog *G = ctx;
	struct version v = { .found = false };
	bson_t *filter = BCON_NEW("_id", BCON_UTF8(NAME));
	enum err err;

	err = store_find(G->store, VERSIONS, filter, NULL, read_version, &v);
	bson_destroy(filter);
	if (err != ERR_OK || !v.found)
		return (FINDING_FAILED);
	/* Its writer is dead, or will count up once more when it clears. */
	if (v.stale[0] != '\0')
		(void)change_marks(G->store, "$unset", v.stale);
	if (v.pending > 0) {
		atomic_store(&G->shared->version, v.n);
		return (FINDING_BLOCKED);
	}
	if (atomic_exchange(&G->shared->version, v.n) != v.n)
		return (FINDING_CHANGED);
	return (FINDING_SAME);
}

static bool
usable(struct catalog *G, uint64_t *generation)
{

	return (freshness_ensure(&G->shared->freshness, check, G,
	    generation));
}

enum err
catalog_event(struct catalog *G, struct arena *A, const char *id,
    const bson_t **out)
{
	uint64_t generation;
	bool cached;
	size_t len;
	bson_t *view;
	void *data;
	enum err err;

	if (!id_valid("ev", id))
		return (err_set(ERR_NOT_FOUND, "there is no such event"));
	cached = usable(G, &generation);
	if (cached && (data = cache_get(&G->events, A, id, ID_LEN, generation,
	    &len)) != NULL) {
		view = arena_alloc(A, sizeof(*view));
		if (bson_init_static(view, data, len)) {
			*out = view;
			return (ERR_OK);
		}
	}
	if ((err = event_find(G->store, A, id, out)) == ERR_OK && cached)
		cache_put(&G->events, id, ID_LEN, generation,
		    bson_get_data(*out), (*out)->len,
		    &G->shared->freshness.generation, generation);
	return (err);
}

/* What is remembered of an event's limits: when they were read, and they. */
struct reading {
	int64_t	sent;		/* clock_mono() */
	unsigned char doc[];
};

static bool
put_limit(void *ctx, const bson_t *doc)
{
	bson_t *limits = ctx, inner;
	bson_iter_t held;
	int32_t holds = 0;

	if (stock_holds(doc, &held))
		while (bson_iter_next(&held))
			holds++;
	(void)BSON_APPEND_DOCUMENT_BEGIN(limits, store_text(doc, "_id"),
	    &inner);
	(void)BSON_APPEND_INT64(&inner, "total", store_int(doc, "total"));
	(void)BSON_APPEND_INT64(&inner, "left", store_int(doc, "left"));
	(void)BSON_APPEND_INT32(&inner, "holds", holds);
	(void)bson_append_document_end(limits, &inner);
	return (true);
}

static enum err
read_limits(struct catalog *G, struct arena *A, const bson_t *event,
    const bson_t **out)
{
	struct event_limits limits;
	bson_t *doc = store_new_doc(A);

	event_limits(event, event_reward_list(A, event, NULL), &limits);
	*out = doc;
	return (stock_find_all(G->store, A, limits.ids, limits.count,
	    put_limit, doc));
}

/* One worker of the node reads for all, unless that takes it too long. */
static bool
my_turn(struct catalog *G, const char *id)
{
	_Atomic int64_t *turn;
	int64_t last, now = clock_mono();
	unsigned hash = 0;

	while (*id != '\0')
		hash = hash * 31 + (unsigned char)*id++;
	turn = &G->shared->turns[hash % TURNS];
	last = atomic_load(turn);
	return (now - last > RENEW_MS &&
	    atomic_compare_exchange_strong(turn, &last, now));
}

static const struct reading *
find_reading(struct catalog *G, struct arena *A, const char *id,
    uint64_t generation, bson_t *view)
{
	struct reading *reading;
	size_t len;

	reading = cache_get(&G->stock, A, id, ID_LEN, generation, &len);
	if (reading == NULL || len < sizeof(*reading) || !bson_init_static(
	    view, reading->doc, len - sizeof(*reading)))
		return (NULL);
	return (reading);
}

static void
keep_reading(struct catalog *G, struct arena *A, const char *id,
    uint64_t generation, int64_t sent, const bson_t *doc)
{
	size_t len = sizeof(struct reading) + doc->len;
	struct reading *reading = arena_alloc(A, len);

	reading->sent = sent;
	memcpy(reading->doc, bson_get_data(doc), doc->len);
	cache_put(&G->stock, id, ID_LEN, generation, reading, len,
	    &G->shared->freshness.generation, generation);
}

enum err
catalog_stock(struct catalog *G, struct arena *A, const bson_t *event,
    const bson_t **out)
{
	const char *id = store_text(event, "_id");
	const struct reading *reading;
	bson_t *view = arena_alloc(A, sizeof(*view));
	uint64_t generation;
	int64_t sent;
	enum err err;

	if (!usable(G, &generation))
		return (read_limits(G, A, event, out));
	reading = find_reading(G, A, id, generation, view);
	sent = clock_mono();
	if (reading != NULL && (sent - reading->sent <= RENEW_MS ||
	    (sent - reading->sent <= TRUST_MS && !my_turn(G, id)))) {
		*out = view;
		return (ERR_OK);
	}
	if ((err = read_limits(G, A, event, out)) == ERR_OK)
		keep_reading(G, A, id, generation, sent, *out);
	return (err);
}

static const char *
claim_key(struct arena *A, const char *user, const char *event,
    const char *period)
{

	return (arena_printf(A, "%s %s %s", user, event, period));
}

bool
catalog_has_claim(const struct catalog *G, struct arena *A, const char *user,
    const char *event, const char *period)
{
	const char *key = claim_key(A, user, event, period);
	size_t len;

	return (cache_get(&G->claims, A, key, strlen(key), 0, &len) != NULL);
}

void
catalog_keep_claim(struct catalog *G, struct arena *A, const char *user,
    const char *event, const char *period)
{
	const char *key = claim_key(A, user, event, period);

	cache_put(&G->claims, key, strlen(key), 0, "", SLOT_CLAIM,
	    &G->shared->claims, 0);
}

/* A list depends on what was asked, and on whether drafts may be seen. */
static const char *
list_key(const struct request *req)
{
	const char *query = strchr(req->target, '?');

	return (arena_printf(req->arena, "%s%s", req->role == ROLE_USER ?
	    "user" : "staff", query != NULL ? query : ""));
}

bool
catalog_list(struct catalog *G, struct request *req, struct reply *reply,
    uint64_t *generation)
{
	const char *key;
	char *headers, *body;
	size_t len;

	if (!usable(G, generation)) {
		*generation = 0;
		return (false);
	}
	key = list_key(req);
	headers = cache_get(&G->lists, req->arena, key, strlen(key),
	    *generation, &len);
	if (headers == NULL)
		return (false);
	/* Headers, a NUL, the body. */
	body = headers + strlen(headers) + 1;
	reply_pass(reply, 200, headers, body,
	    len - (size_t)(body - headers));
	return (true);
}

void
catalog_keep(struct catalog *G, const struct request *req,
    const struct reply *reply, uint64_t generation)
{
	const char *key;
	struct buf b;

	if (generation == 0)
		return;
	key = list_key(req);
	buf_init(&b, req->arena, SLOT_LIST);
	buf_put(&b, reply->headers.data, reply->headers.len + 1);
	buf_put(&b, reply->body.data, reply->body.len);
	if (!b.full)
		cache_put(&G->lists, key, strlen(key), generation, b.data,
		    b.len, &G->shared->freshness.generation, generation);
}

enum err
catalog_mark(struct store *S, const char *mark)
{

	return (change_marks(S, "$set", mark));
}

enum err
catalog_clear(struct store *S, const char *mark)
{

	return (change_marks(S, "$unset", mark));
}

enum err
catalog_begin(struct catalog *G, struct request *req)
{

	return (catalog_mark(G->store, req->attempt));
}

void
catalog_end(struct catalog *G, struct request *req)
{

	/* The mark of one that fails here is cleared when it is old. */
	(void)catalog_clear(G->store, req->attempt);
	freshness_bump(&G->shared->freshness);
}
