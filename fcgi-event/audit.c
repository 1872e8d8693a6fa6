/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audit: from the spool to the database, and the list that auditors read.
 *
 * A trail is a spool and how far it has been shipped.  Each worker has its
 * own; one that finds a spool of nobody (the pool was made smaller) ships
 * that too.  Always true: bytes before ${shipped} are in the database; an
 * intent without a result is kept in ${orphans} until it is settled, and the
 * file is not cleared before.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "audit.h"
#include "audit_store.h"
#include "clock.h"
#include "log.h"
#include "page.h"
#include "reply.h"
#include "request.h"
#include "spool.h"
#include "store.h"

#define RESULT		256	/* bytes that a result adds to its intent */
#define BATCH		256	/* records in one insert */
#define DUE_MS		500	/* age of the oldest record */
#define RETRY_MS	1000	/* after a failure */
#define SETTLE_MS	10000	/* older than any call can last */
#define ADOPT_MS	5000	/* how often to look for spools of nobody */
#define ORPHANS		256	/* more wait in the file for their turn */

struct trail {
	struct spool	*spool;
	int64_t		 shipped;
	bson_t		*orphans[ORPHANS];
	size_t		 norphans;
	bool		 unread;	/* there are more in the file */
};

struct audit {
	struct store	*store;
	char		*dir;
	int64_t		 max;
	struct trail	 own;
	struct trail	 adopted;	/* spool NULL: none */
	bson_t		*open;		/* intent of the attempt at hand */
	int		 pending;	/* results in the own spool */
	int64_t		 oldest;	/* clock_mono() of the first of them */
	int64_t		 retry_at;	/* clock_mono(); 0: now */
	int64_t		 adopt_at;
};

static void
forget_orphan(struct trail *T, size_t i)
{

	bson_destroy(T->orphans[i]);
	T->orphans[i] = T->orphans[--T->norphans];
}

static size_t
find_orphan(const struct trail *T, const char *id)
{
	size_t i;

	for (i = 0; i < T->norphans; i++)
		if (strcmp(store_text(T->orphans[i], "_id"), id) == 0)
			break;
	return (i);
}

/* While a spool is taken over: an intent is an orphan until its result. */
static bool
scan_document(void *ctx, const bson_t *doc, int64_t end)
{
	struct trail *T = ctx;
	const char *id = store_text(doc, "_id");
	size_t i;

	(void)end;
	if (id == NULL)
		return (true);
	if ((i = find_orphan(T, id)) < T->norphans)
		forget_orphan(T, i);
	if (audit_is_intent(doc)) {
		if (T->norphans < ORPHANS)
			T->orphans[T->norphans++] = bson_copy(doc);
		else
			T->unread = true;
	}
	return (true);
}

static void
take_over(struct trail *T, struct spool *spool)
{

	T->spool = spool;
	T->shipped = 0;
	T->norphans = 0;
	T->unread = false;
	spool_read(spool, 0, scan_document, T);
}

static void
let_go(struct trail *T)
{

	while (T->norphans > 0)
		forget_orphan(T, 0);
	spool_close(T->spool);
	T->spool = NULL;
}

struct audit *
audit_new(struct store *store, const char *dir, int64_t max)
{
	struct audit *U;
	struct spool *spool;

	if ((spool = spool_take(dir, max)) == NULL)
		return (NULL);
	if ((U = calloc(1, sizeof(*U))) == NULL ||
	    (U->dir = strdup(dir)) == NULL) {
		(void)err_set(ERR_INTERNAL, "out of memory");
		spool_close(spool);
		free(U);
		return (NULL);
	}
	U->store = store;
	U->max = max;
	take_over(&U->own, spool);
	/* What a dead worker left is due at once. */
	U->pending = spool_size(spool) > 0 ? BATCH : 0;
	return (U);
}

/* A batch of results read from a spool. */
struct batch {
	bson_t	*docs[BATCH];
	size_t	 count;
	int64_t	 end;
};

static bool
collect(void *ctx, const bson_t *doc, int64_t end)
{
	struct batch *batch = ctx;

	batch->end = end;
	if (!audit_is_intent(doc))
		batch->docs[batch->count++] = bson_copy(doc);
	return (batch->count < BATCH);
}

/* Ship the next batch of a trail; an empty one is fine. */
static enum err
ship_batch(struct audit *U, struct trail *T)
{
	struct batch batch = { .count = 0, .end = T->shipped };
	enum err err = ERR_OK;
	size_t i;

	spool_read(T->spool, T->shipped, collect, &batch);
	if (batch.count > 0)
		err = store_insert_all(U->store, AUDIT,
		    (const bson_t **)(void *)batch.docs, batch.count);
	for (i = 0; i < batch.count; i++)
		bson_destroy(batch.docs[i]);
	if (err == ERR_OK)
		T->shipped = batch.end;
	return (err);
}

/* Settle the orphans that are old enough for no call to be under way. */
static enum err
settle(struct audit *U, struct trail *T)
{
	bson_t *record;
	enum err err = ERR_OK;
	size_t i = 0;

	while (err == ERR_OK && i < T->norphans) {
		if (clock_now() - store_time(T->orphans[i], "at") <
		    SETTLE_MS) {
			i++;
			continue;
		}
		err = audit_settle(U->store, T->orphans[i], &record);
		if (err != ERR_OK)
			break;
		if ((err = spool_append(T->spool, record)) == ERR_OK)
			forget_orphan(T, i);
		bson_destroy(record);
	}
	return (err);
}

/* Ship all of a trail; what is left is tried again later. */
static enum err
ship(struct audit *U, struct trail *T)
{
	int64_t at;
	enum err err;

	err = settle(U, T);
	while (err == ERR_OK && T->shipped < spool_size(T->spool)) {
		at = T->shipped;
		err = ship_batch(U, T);
		if (err == ERR_OK && T->shipped == at)
			err = err_set(ERR_INTERNAL, "the spool can't be read");
	}
	if (err == ERR_OK && T->norphans == 0 && T->unread)
		take_over(T, T->spool);
	else if (err == ERR_OK && T->norphans == 0 && U->open == NULL) {
		spool_clear(T->spool);
		T->shipped = 0;
	} else
		spool_sync(T->spool);
	return (err);
}

static void
ship_own(struct audit *U)
{

	if (ship(U, &U->own) != ERR_OK) {
		U->retry_at = clock_mono() + RETRY_MS;
		return;
	}
	U->pending = 0;
	U->retry_at = 0;
}

/* Is there an orphan that can be settled by now? */
static bool
has_due_orphan(const struct trail *T)
{
	size_t i;

	for (i = 0; i < T->norphans; i++)
		if (clock_now() - store_time(T->orphans[i], "at") >=
		    SETTLE_MS)
			return (true);
	return (false);
}

/* Look after a spool that no worker holds any more. */
static void
adopt(struct audit *U)
{
	struct spool *spool;

	if (clock_mono() < U->adopt_at)
		return;
	U->adopt_at = clock_mono() + ADOPT_MS;
	if (U->adopted.spool == NULL &&
	    (spool = spool_adopt(U->dir, U->max)) != NULL)
		take_over(&U->adopted, spool);
	if (U->adopted.spool != NULL && ship(U, &U->adopted) == ERR_OK &&
	    spool_size(U->adopted.spool) == 0)
		let_go(&U->adopted);
}

void
audit_idle(struct audit *U)
{
	int64_t now = clock_mono();

	if (U->retry_at > now)
		return;
	if (U->pending >= BATCH || has_due_orphan(&U->own) ||
	    (U->pending > 0 && now - U->oldest >= DUE_MS))
		ship_own(U);
	if (U->pending == 0)
		adopt(U);
}

void
audit_free(struct audit *U)
{

	if (U == NULL)
		return;
	if (U->pending > 0)
		ship_own(U);
	let_go(&U->own);
	let_go(&U->adopted);
	if (U->open != NULL)
		bson_destroy(U->open);
	free(U->dir);
	free(U);
}

enum err
audit_before(struct audit *U, struct request *req)
{
	bson_t *intent = audit_intent(req);
	enum err err;

	/* An attempt that was cut short left its intent open. */
	if (U->open != NULL && U->own.norphans < ORPHANS)
		U->own.orphans[U->own.norphans++] = U->open;
	else if (U->open != NULL) {
		bson_destroy(U->open);
		U->own.unread = true;
	}
	U->open = NULL;
	/* The limit is for new attempts: what settles an old one must go in. */
	if (!spool_has_room(U->own.spool, 2 * (size_t)intent->len + RESULT))
		return (err_set(ERR_AWAY, "the audit spool is full"));
	if ((err = spool_append(U->own.spool, intent)) == ERR_OK)
		U->open = bson_copy(intent);
	return (err);
}

void
audit_after(struct audit *U, struct request *req, const struct reply *reply)
{

	if (U->open == NULL)
		return;
	if (spool_append(U->own.spool, audit_result(req, reply)) != ERR_OK) {
		/* The intent stays open, and is settled like an orphan. */
		log_write(LOG_ERROR, "audit result not spooled",
		    LOG_STR("traceId", req->trace.id), LOG_END);
		return;
	}
	bson_destroy(U->open);
	U->open = NULL;
	if (U->pending++ == 0)
		U->oldest = clock_mono();
}

enum err
audit_sweep(struct store *store, const char *dir, int64_t max)
{
	struct audit U = { .store = store };
	struct spool *spool;
	enum err err = ERR_OK;
	bool empty = true;

	/* One that isn't empty afterwards has attempts that may go on. */
	while (err == ERR_OK && empty &&
	    (spool = spool_adopt(dir, max)) != NULL) {
		take_over(&U.adopted, spool);
		err = ship(&U, &U.adopted);
		empty = spool_size(spool) == 0;
		let_go(&U.adopted);
	}
	return (err);
}

enum err
audit_mine(struct request *req, struct reply *reply)
{
	struct app *app = req->app;
	struct page_query query = { AUDIT, "au", DOC(req->arena,
	    "userId", BCON_UTF8(req->subject)) };

	return (page_list(app->store, req, reply, app->cursor_key, &query));
}

enum err
audit_list(struct request *req, struct reply *reply)
{
	static const struct { const char *name, *stored; } filters[] = {
		{ "traceId", "traceId" },
		{ "userId", "userId" },
		{ "eventId", "eventId" },
		{ "code", "result.code" },
	};
	struct app *app = req->app;
	bson_t *filter = store_new_doc(req->arena);
	struct page_query query = { AUDIT, "au", filter };
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		if ((value = request_query(req, filters[i].name)) != NULL)
			(void)BSON_APPEND_UTF8(filter, filters[i].stored,
			    value);
	return (page_list(app->store, req, reply, app->cursor_key, &query));
}
