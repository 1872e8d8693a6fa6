/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stock_store: the collection `stock`.
 *
 * { _id: rewardId or eventId, eventId, total, left,
 *   held: { KEY: { claimId, userId, period, at } }, changedAt }
 *
 * changedAt is there from a change of the total until the event shows it.
 *
 * Always true: ${left} + what claims have + what holds of claims have that
 * were never stored = ${total}.  Each write is one conditional update.
 */
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "event_store.h"
#include "id.h"
#include "stock_store.h"
#include "store.h"

#define PATH_SIZE	(sizeof("held.") + ID_LEN)
#define TRIES		20	/* of a resize that others overtake */

/* "held.KEY" */
static const char *
path_of(const char *key, char path[PATH_SIZE])
{

	(void)snprintf(path, PATH_SIZE, "held.%s", key);
	return (path);
}

enum err
stock_find(struct store *S, struct arena *A, const char *id,
    const bson_t **out)
{

	return (store_find_one(S, A, STOCK, DOC(A, "_id", BCON_UTF8(id)),
	    out));
}

enum err
stock_find_all(struct store *S, struct arena *A, const char *const *ids,
    size_t count, bool (*each)(void *, const bson_t *), void *ctx)
{

	return (store_find(S, STOCK, DOC(A, "_id", "{", "$in",
	    BCON_ARRAY(store_array(A, ids, count)), "}"), NULL, each, ctx));
}

enum err
stock_make(struct store *S, struct arena *A, const char *id,
    const char *event, int64_t total)
{
	int64_t before;
	enum err err;

	err = store_insert(S, STOCK, DOC(A, "_id", BCON_UTF8(id),
	    "eventId", BCON_UTF8(event), "total", BCON_INT64(total),
	    "left", BCON_INT64(total), "held", "{", "}"));
	return (err == ERR_EXISTS ? stock_resize(S, A, id, total, &before) :
	    err);
}

/* One try, from the total that was read. */
static enum err
resize_from(struct store *S, struct arena *A, const char *id, int64_t total,
    int64_t before, bool *matched)
{

	return (store_update(S, STOCK, DOC(A, "_id", BCON_UTF8(id),
	    "total", BCON_INT64(before),
	    "left", "{", "$gte", BCON_INT64(before - total), "}"),
	    DOC(A, "$set", "{", "total", BCON_INT64(total),
	    "changedAt", BCON_DATE_TIME(clock_now()), "}",
	    "$inc", "{", "left", BCON_INT64(total - before), "}"), matched));
}

enum err
stock_resize(struct store *S, struct arena *A, const char *id, int64_t total,
    int64_t *before)
{
	const bson_t *doc;
	bool matched;
	enum err err;
	int i;

	for (i = 0; i < TRIES; i++) {
		if ((err = stock_find(S, A, id, &doc)) != ERR_OK)
			return (err);
		*before = store_int(doc, "total");
		if (*before == total)
			return (ERR_OK);
		if (store_int(doc, "left") < *before - total)
			return (err_set(ERR_EXISTS, NULL));
		err = resize_from(S, A, id, total, *before, &matched);
		if (err != ERR_OK || matched)
			return (err);
	}
	return (err_set(ERR_AWAY, "try again"));
}

enum err
stock_shown(struct store *S, struct arena *A, const char *id, int64_t total)
{

	return (store_update(S, STOCK, DOC(A, "_id", BCON_UTF8(id),
	    "total", BCON_INT64(total)),
	    DOC(A, "$unset", "{", "changedAt", BCON_UTF8(""), "}"), NULL));
}

static void
append_hold(bson_t *doc, const struct stock_hold *hold)
{
	char path[PATH_SIZE];
	bson_t inner;

	(void)BSON_APPEND_DOCUMENT_BEGIN(doc, path_of(hold->key, path),
	    &inner);
	(void)BSON_APPEND_UTF8(&inner, "claimId", hold->claim);
	(void)BSON_APPEND_UTF8(&inner, "userId", hold->user);
	(void)BSON_APPEND_UTF8(&inner, "period", hold->period);
	(void)BSON_APPEND_DATE_TIME(&inner, "at", hold->at);
	(void)bson_append_document_end(doc, &inner);
}

/* { OPERATOR: { "held.KEY": "", ... } }, if there are keys. */
static void
append_unset(struct arena *A, bson_t *change, const char *const *keys,
    size_t count)
{
	bson_t *names = store_new_doc(A);
	char path[PATH_SIZE];
	size_t i;

	for (i = 0; i < count; i++)
		(void)BSON_APPEND_UTF8(names, path_of(keys[i], path), "");
	if (count > 0)
		(void)BSON_APPEND_DOCUMENT(change, "$unset", names);
}

/* { $set: { "held.KEY": {...}, ... } } */
static bson_t *
change_holds(struct arena *A, const struct stock_hold *holds, size_t count)
{
	bson_t *change = store_new_doc(A), *set = store_new_doc(A);
	size_t i;

	for (i = 0; i < count; i++)
		append_hold(set, &holds[i]);
	(void)BSON_APPEND_DOCUMENT(change, "$set", set);
	return (change);
}

enum err
stock_take(struct store *S, struct arena *A, const char *id,
    const struct stock_hold *holds, size_t count, const char *const *settled,
    size_t nsettled)
{
	bson_t *change = change_holds(A, holds, count);
	int64_t units = (int64_t)count;
	bool matched;
	enum err err;

	(void)BSON_APPEND_DOCUMENT(change, "$inc",
	    DOC(A, "left", BCON_INT64(-units)));
	append_unset(A, change, settled, nsettled);
	err = store_update(S, STOCK, DOC(A, "_id", BCON_UTF8(id),
	    "left", "{", "$gte", BCON_INT64(units), "}"), change, &matched);
	if (err == ERR_OK && !matched)
		err = err_set(ERR_NOT_FOUND, NULL);
	return (err);
}

enum err
stock_hold(struct store *S, struct arena *A, const char *id,
    const struct stock_hold *hold)
{
	bool matched;
	enum err err;

	err = store_update(S, STOCK, DOC(A, "_id", BCON_UTF8(id)),
	    change_holds(A, hold, 1), &matched);
	if (err == ERR_OK && !matched)
		err = err_set(ERR_NOT_FOUND, NULL);
	return (err);
}

enum err
stock_give_back(struct store *S, struct arena *A, const char *id,
    const char *key)
{
	bson_t *change = DOC(A, "$inc", "{", "left", BCON_INT64(1), "}");
	char path[PATH_SIZE];

	append_unset(A, change, &key, 1);
	return (store_update(S, STOCK, DOC(A, "_id", BCON_UTF8(id),
	    path_of(key, path), "{", "$exists", BCON_BOOL(true), "}"),
	    change, NULL));
}

enum err
stock_give_all(struct store *S, struct arena *A, const char *id,
    const char *const *keys, size_t count, const char *const *settled,
    size_t nsettled)
{
	bson_t *filter = DOC(A, "_id", BCON_UTF8(id));
	bson_t *change = DOC(A, "$inc", "{", "left",
	    BCON_INT64((int64_t)count), "}");
	const char **gone = arena_alloc(A, (count + nsettled) *
	    sizeof(*gone));
	char path[PATH_SIZE];
	bool matched;
	enum err err;
	size_t i;

	for (i = 0; i < count; i++) {
		(void)BSON_APPEND_DOCUMENT(filter, path_of(keys[i], path),
		    DOC(A, "$exists", BCON_BOOL(true)));
		gone[i] = keys[i];
	}
	for (i = 0; i < nsettled; i++)
		gone[count + i] = settled[i];
	append_unset(A, change, gone, count + nsettled);
	err = store_update(S, STOCK, filter, change, &matched);
	if (err == ERR_OK && !matched)
		err = err_set(ERR_NOT_FOUND, NULL);
	return (err);
}

enum err
stock_drop(struct store *S, struct arena *A, const char *id,
    const char *const *keys, size_t count)
{
	bson_t *change = store_new_doc(A);

	append_unset(A, change, keys, count);
	return (store_update(S, STOCK, DOC(A, "_id", BCON_UTF8(id)), change,
	    NULL));
}

bool
stock_next_hold(const bson_t *doc, bson_iter_t *iter, struct stock_hold *hold)
{
	bson_t inner;

	while (bson_iter_next(iter)) {
		if (!store_view(iter, &inner))
			continue;
		hold->key = bson_iter_key(iter);
		hold->claim = store_text(&inner, "claimId");
		hold->user = store_text(&inner, "userId");
		hold->event = store_text(doc, "eventId");
		hold->period = store_text(&inner, "period");
		hold->at = store_time(&inner, "at");
		if (hold->claim != NULL && hold->user != NULL &&
		    hold->event != NULL)
			return (true);
	}
	return (false);
}

bool
stock_holds(const bson_t *doc, bson_iter_t *iter)
{
	bson_iter_t held;

	return (bson_iter_init_find(&held, doc, "held") &&
	    BSON_ITER_HOLDS_DOCUMENT(&held) &&
	    bson_iter_recurse(&held, iter));
}

enum err
stock_walk(struct store *S, struct arena *A, const char *after,
    bool (*each)(void *, const bson_t *), void *ctx)
{

	return (store_find(S, STOCK, DOC(A, "_id", "{", "$gt",
	    BCON_UTF8(after), "}"), DOC(A, "sort", "{", "_id", BCON_INT32(1),
	    "}", "limit", BCON_INT64(STOCK_PAGE)), each, ctx));
}

/* Limits that may be nobody's. */
struct strays {
	const char *const	*ids;
	size_t			 count;
	bool			*owned;
};

static void
own(struct strays *strays, const char *id)
{
	size_t i;

	for (i = 0; id != NULL && i < strays->count; i++)
		if (strcmp(strays->ids[i], id) == 0)
			strays->owned[i] = true;
}

/* An event has its own limit, and those of its rewards. */
static bool
own_limits(void *ctx, const bson_t *event)
{
	bson_iter_t iter, item;
	bson_t reward;

	own(ctx, store_text(event, "_id"));
	if (bson_iter_init_find(&iter, event, "rewards") &&
	    bson_iter_recurse(&iter, &item))
		while (bson_iter_next(&item))
			if (store_view(&item, &reward))
				own(ctx, store_text(&reward, "rewardId"));
	return (true);
}

enum err
stock_prune(struct store *S, struct arena *A, const char *const *ids,
    const char *const *events, size_t count)
{
	struct strays strays = { ids, count,
	    arena_alloc(A, count * sizeof(bool)) };
	enum err err;
	size_t i;

	memset(strays.owned, 0, count * sizeof(bool));
	err = store_find(S, EVENTS, DOC(A, "_id", "{", "$in",
	    BCON_ARRAY(store_array(A, events, count)), "}"), DOC(A,
	    "projection", "{", "rewards.rewardId", BCON_INT32(1), "}"),
	    own_limits, &strays);
	for (i = 0; err == ERR_OK && i < count; i++)
		if (!strays.owned[i])
			err = store_remove(S, STOCK, DOC(A,
			    "_id", BCON_UTF8(ids[i]), "held", "{", "}"));
	return (err);
}
