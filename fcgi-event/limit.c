/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit: a total is set in two documents, and read from both.
 *
 * The one in `stock` is changed first, because only there it can turn out
 * that more has been taken.  Its mark changedAt stays until the event's copy
 * has followed, so that the sweep finds what nobody finished.
 */
#include "app.h"
#include "arena.h"
#include "catalog.h"
#include "event_store.h"
#include "id.h"
#include "json.h"
#include "limit.h"
#include "log.h"
#include "request.h"
#include "stock_store.h"
#include "store.h"

static const struct err_row too_low = { 409, "LIMIT_TOO_LOW",
    "More than that has been taken already" };

enum err
limit_make_all(struct request *req, const char *event, const bson_t *fields,
    const bson_t *rewards)
{
	struct app *app = req->app;
	const bson_t *reward;
	enum err err = ERR_OK;
	int64_t total;
	int i;

	if (event_limit(fields, "claimLimit", &total))
		err = stock_make(app->store, req->arena, event, event, total);
	for (i = 0; err == ERR_OK && (reward = event_list_at(req->arena,
	    rewards, i)) != NULL; i++)
		if (event_limit(reward, "stock", &total))
			err = stock_make(app->store, req->arena,
			    store_text(reward, "rewardId"), event, total);
	return (err);
}

enum err
limit_begin(struct request *req, struct limit_change *change,
    const char *name)
{
	struct app *app = req->app;
	enum err err;

	change->made = false;
	if (!json_get_int(req->json, name, &change->total))
		return (ERR_OK);
	err = stock_resize(app->store, req->arena, change->id, change->total,
	    &change->before);
	if (err == ERR_EXISTS)
		return (err_refuse(&too_low, NULL));
	change->made = (err == ERR_OK && change->before != change->total);
	/* It had none so far: it starts to count now. */
	if (err == ERR_NOT_FOUND)
		err = stock_make(app->store, req->arena, change->id,
		    change->event, change->total);
	return (err);
}

void
limit_end(struct request *req, const struct limit_change *change,
    enum err err)
{
	struct app *app = req->app;
	int64_t total = change->total, unused;

	if (!change->made || err == ERR_AWAY)
		return;
	if (err != ERR_OK) {
		total = change->before;
		err = stock_resize(app->store, req->arena, change->id, total,
		    &unused);
	}
	if (err == ERR_OK)
		err = stock_shown(app->store, req->arena, change->id, total);
	if (err != ERR_OK)
		log_write(LOG_WARN, "a limit is left to the sweep",
		    LOG_STR("id", change->id), LOG_END);
}

/* Append what is left and granted of one limit; into the state with both. */
static void
append_counts(struct arena *A, bson_t *doc, const bson_t *limits,
    const char *id, const char *left_name, const char *granted_name,
    uint32_t *state)
{
	int64_t left = store_int(limits, arena_printf(A, "%s.left", id));
	int64_t total = store_int(limits, arena_printf(A, "%s.total", id));

	(void)bson_append_int64(doc, left_name, -1, left);
	(void)bson_append_int64(doc, granted_name, -1, total - left);
	*state = *state * UINT32_C(1000003) + (uint32_t)left + 1;
	if (*state == 0)
		*state = 1;
}

static bson_t *
copy_reward(struct arena *A, const bson_t *reward, const bson_t *limits,
    uint32_t *state)
{
	bson_t *copy = store_own(A, bson_copy(reward));
	int64_t total;

	if (event_limit(reward, "stock", &total))
		append_counts(A, copy, limits, store_text(reward, "rewardId"),
		    "left", "granted", state);
	return (copy);
}

static void
append_rewards(struct arena *A, bson_t *doc, const bson_t *event,
    const bson_t *limits, uint32_t *state)
{
	const bson_t *reward;
	const char *index;
	char key[16];
	bson_t array;
	int i;

	(void)BSON_APPEND_ARRAY_BEGIN(doc, "rewards", &array);
	for (i = 0; (reward = event_reward_at(A, event, i)) != NULL; i++) {
		(void)bson_uint32_to_string((uint32_t)i, &index, key,
		    sizeof(key));
		(void)bson_append_document(&array, index, -1,
		    copy_reward(A, reward, limits, state));
	}
	(void)bson_append_array_end(doc, &array);
}

/* The limits of all that an event gives; NULL if nothing is limited. */
static enum err
read_limits(struct request *req, const bson_t *event, const bson_t **limits)
{
	struct app *app = req->app;
	struct event_limits ids;

	event_limits(event, event_reward_list(req->arena, event, NULL), &ids);
	*limits = NULL;
	return (ids.count == 0 ? ERR_OK : catalog_stock(app->catalog,
	    req->arena, event, limits));
}

enum err
limit_show_event(struct request *req, const bson_t *event, const bson_t **out,
    uint32_t *state)
{
	const bson_t *limits;
	bson_t *copy;
	int64_t total;
	enum err err;

	*state = 0;
	*out = event;
	err = read_limits(req, event, &limits);
	if (err != ERR_OK || limits == NULL)
		return (err);
	copy = store_new_doc(req->arena);
	bson_copy_to_excluding_noinit(event, copy, "rewards", NULL);
	if (event_limit(event, "claimLimit", &total))
		append_counts(req->arena, copy, limits,
		    store_text(event, "_id"), "claimsLeft", "claimsGranted",
		    state);
	append_rewards(req->arena, copy, event, limits, state);
	*out = copy;
	return (ERR_OK);
}

enum err
limit_show_reward(struct request *req, const bson_t *event,
    const bson_t *reward, const bson_t **out, uint32_t *state)
{
	const bson_t *limits;
	int64_t total;
	enum err err;

	*state = 0;
	*out = reward;
	if (!event_limit(reward, "stock", &total))
		return (ERR_OK);
	if ((err = read_limits(req, event, &limits)) == ERR_OK)
		*out = copy_reward(req->arena, reward, limits, state);
	return (err);
}

enum err
limit_reconcile(struct store *S, struct arena *A, const bson_t *limit,
    int64_t before)
{
	const char *id = store_text(limit, "_id");
	int64_t total = store_int(limit, "total");
	char mark[ID_SIZE];
	enum err err;

	if (!store_has(limit, "changedAt") ||
	    store_time(limit, "changedAt") > before)
		return (ERR_OK);
	id_new("at", mark);
	if ((err = catalog_mark(S, mark)) != ERR_OK)
		return (err);
	err = event_copy_limit(S, A, store_text(limit, "eventId"), id, total);
	(void)catalog_clear(S, mark);
	return (err == ERR_OK ? stock_shown(S, A, id, total) : err);
}
