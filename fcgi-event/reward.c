/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reward: rewards live inside their events, and have addresses of their own.
 * Who may see an event may see its rewards.
 */
#include <assert.h>
#include <string.h>

#include "app.h"
#include "arena.h"
#include "catalog.h"
#include "clock.h"
#include "doc.h"
#include "event_store.h"
#include "id.h"
#include "json.h"
#include "limit.h"
#include "reply.h"
#include "request.h"
#include "reward.h"
#include "stock_store.h"
#include "store.h"

#define DETAILS_MAX	20

static const struct err_row too_many = { 409, "TOO_MANY_REWARDS",
    "The event has as many rewards as it can hold" };

static void
put_reward(struct request *req, struct reply *reply, const bson_t *reward)
{

	doc_put(&reply->body, req->op->result, reward);
	reply_etag(reply, event_version(reward), 0);
}

enum err
reward_check(struct request *req, const cJSON *json, const char *pointer)
{
	const char *text = json_get_string(json, "claimWindow");
	int64_t ms;

	if (text == NULL || clock_duration(text, strlen(text), &ms))
		return (ERR_OK);
	return (request_fault(req, arena_printf(req->arena, "%s/claimWindow",
	    pointer), "WRONG_FORMAT", "it must be a duration of weeks, or of "
	    "days, hours, minutes and seconds, of 10 years at most"));
}

void
reward_append(bson_t *reward, const struct schema *schema, const cJSON *json)
{

	if (json_get(json, "stock") == NULL)
		(void)BSON_APPEND_NULL(reward, "stock");
	if (json_get(json, "requiresApproval") == NULL)
		(void)BSON_APPEND_BOOL(reward, "requiresApproval", false);
	if (json_get(json, "claimWindow") == NULL)
		(void)BSON_APPEND_NULL(reward, "claimWindow");
	doc_append(reward, schema, json);
}

/* The write of a new reward, whose limit is there before it can be claimed. */
static enum err
write_new(struct request *req, const char *event, const char *id,
    const bson_t *reward, const bson_t **stored)
{
	struct app *app = req->app;
	int64_t total;
	enum err err = ERR_OK;

	if (event_limit(reward, "stock", &total))
		err = stock_make(app->store, req->arena, id, event, total);
	if (err != ERR_OK ||
	    (err = catalog_begin(app->catalog, req)) != ERR_OK)
		return (err);
	err = event_add_reward(app->store, req, event, id, reward, stored);
	catalog_end(app->catalog, req);
	return (err);
}

enum err
reward_create(struct request *req, struct reply *reply)
{
	struct app *app = req->app;
	const char *event = contract_param(req, "eventId");
	const bson_t *stored, *found;
	bson_t *reward = store_new_doc(req->arena);
	char id[ID_SIZE];
	enum err err;

	if ((err = reward_check(req, req->json, "")) != ERR_OK ||
	    (err = event_find(app->store, req->arena, event, &found)) !=
	    ERR_OK)
		return (err);
	id_derive("rw", req->attempt, id);
	event_new_reward(reward, id, event, id_time(req->attempt));
	reward_append(reward, req->op->body, req->json);
	if (!event_has_room(found, reward->len))
		return (err_refuse(&too_many, "the event is too large"));
	err = write_new(req, event, id, reward, &stored);
	if (err == ERR_EXISTS)
		return (err_refuse(&too_many, "at most %d", EVENT_REWARDS));
	if (err != ERR_OK)
		return (err);
	put_reward(req, reply, stored);
	reply_created(reply, arena_printf(req->arena, "/v1/rewards/%s", id));
	return (ERR_OK);
}

/*
 * A list across events, newest event first and in it the newest reward.  A
 * key is "eventId:rewardId".
 */
struct listing {
	struct request		*req;
	struct reply		*reply;
	struct page		*page;
	const struct schema	*schema;
	const char		*type;		/* NULL: all */
	const char		*event;		/* the cursor's; NULL: none */
	const char		*after;		/* rewardId in it to go on behind */
};

static bool
is_type(const bson_t *reward, const char *type)
{
	const char *found = store_text(reward, "type");

	return (type == NULL || (found != NULL && strcmp(found, type) == 0));
}

/* Put the rewards of one event; false when the page is full. */
static bool
put_rewards(void *ctx, const bson_t *event)
{
	struct listing *L = ctx;
	const bson_t *reward;
	const char *id, *key;
	int i;

	/* The cursor's event may be out of sight by now. */
	if (L->after != NULL && strcmp(store_text(event, "_id"), L->event) != 0)
		L->after = NULL;
	for (i = event_rewards(event) - 1; i >= 0; i--) {
		reward = event_reward_at(L->req->arena, event, i);
		if (reward == NULL ||
		    (id = store_text(reward, "rewardId")) == NULL)
			continue;
		if (L->after != NULL) {
			/* Still before or at the last one of that page. */
			if (strcmp(id, L->after) == 0)
				L->after = NULL;
			continue;
		}
		if (!is_type(reward, L->type))
			continue;
		key = arena_printf(L->req->arena, "%s:%s",
		    store_text(event, "_id"), id);
		if (!page_item(L->page, L->reply, key))
			return (false);
		doc_put(&L->reply->body, L->schema, reward);
	}
	L->after = NULL;
	return (true);
}

static bson_t *
list_filter(const struct request *req, const struct listing *L)
{
	const char *event = request_query(req, "eventId");
	bson_t *filter = store_new_doc(req->arena);

	if (event != NULL)
		(void)BSON_APPEND_UTF8(filter, "_id", event);
	else if (L->event != NULL)
		(void)BSON_APPEND_DOCUMENT(filter, "_id", DOC(req->arena,
		    "$lte", BCON_UTF8(L->event)));
	if (L->type != NULL)
		(void)BSON_APPEND_UTF8(filter, "rewards.type", L->type);
	else
		(void)BSON_APPEND_DOCUMENT(filter, "rewards.0",
		    DOC(req->arena, "$exists", BCON_BOOL(true)));
	if (req->role == ROLE_USER)
		event_visible(filter);
	return (filter);
}

enum err
reward_list(struct request *req, struct reply *reply)
{
	struct app *app = req->app;
	struct page page;
	struct listing L = { req, reply, &page, page_schema(req),
	    request_query(req, "type"), NULL, NULL };
	char *colon;
	bson_t *filter, *opts;
	enum err err;

	if ((err = page_open(&page, req, app->cursor_key)) != ERR_OK)
		return (err);
	if (page.after != NULL) {
		/* We signed it, so it has a colon. */
		L.event = arena_strdup(req->arena, page.after);
		colon = strchr(L.event, ':');
		assert(colon != NULL);
		*colon = '\0';
		L.after = colon + 1;
	}
	filter = list_filter(req, &L);
	opts = DOC(req->arena, "sort", "{", "_id", BCON_INT32(-1), "}",
	    "batchSize", BCON_INT64(page.limit + 1));
	err = store_find(app->store, EVENTS, filter, opts, put_rewards, &L);
	if (err != ERR_OK)
		return (err);
	page_close(&page, req, reply);
	return (ERR_OK);
}

/* The reward of the path and its event, if the caller may see them. */
static enum err
find_visible(struct request *req, const bson_t **event,
    const bson_t **reward)
{
	struct app *app = req->app;
	const char *id = contract_param(req, "rewardId");
	enum err err;

	err = event_find_reward(app->store, req->arena, id, event);
	if (err != ERR_OK)
		return (err);
	*reward = event_reward(req->arena, *event, id);
	if (*reward == NULL ||
	    (req->role == ROLE_USER && !event_is_active(*event)))
		return (err_set(ERR_NOT_FOUND, NULL));
	return (ERR_OK);
}

enum err
reward_get(struct request *req, struct reply *reply)
{
	const bson_t *event, *reward, *shown;
	uint32_t state;
	enum err err;

	if ((err = find_visible(req, &event, &reward)) != ERR_OK ||
	    (err = limit_show_reward(req, event, reward, &shown, &state)) !=
	    ERR_OK)
		return (err);
	if (reply_unchanged(reply, req, event_version(reward), state))
		return (ERR_OK);
	doc_put(&reply->body, req->op->result, shown);
	reply_ok(reply);
	return (ERR_OK);
}

/*
 * The details after the patch [RFC 7396]: members of the patch replace those
 * of the same name, null removes one.
 */
static enum err
merge_details(struct request *req, const bson_t *event,
    const bson_t *reward, bson_t *set)
{
	cJSON *patch = json_get(req->json, "details"), *member;
	bson_t *merged = store_new_doc(req->arena);
	cJSON *kept = cJSON_CreateObject();
	bson_iter_t iter, old;

	if (patch == NULL)
		return (ERR_OK);
	if (bson_iter_init_find(&iter, reward, "details") &&
	    BSON_ITER_HOLDS_DOCUMENT(&iter) && bson_iter_recurse(&iter, &old))
		while (bson_iter_next(&old))
			if (json_get(patch, bson_iter_key(&old)) == NULL)
				(void)bson_append_iter(merged, NULL, 0, &old);
	cJSON_ArrayForEach(member, patch)
		if (!cJSON_IsNull(member))
			(void)cJSON_AddItemReferenceToObject(kept,
			    member->string, member);
	doc_append(merged, NULL, kept);
	if (bson_count_keys(merged) > DETAILS_MAX)
		return (request_fault(req, "/details", "TOO_MANY",
		    "at most 20 members in all"));
	if (!event_has_room(event, merged->len))
		return (request_fault(req, "/details", "TOO_LONG",
		    "the event would be too large"));
	(void)BSON_APPEND_DOCUMENT(set, "details", merged);
	return (ERR_OK);
}

/* The write of a patch, and of the stock that it may set. */
static enum err
write_patch(struct request *req, const bson_t *event, const bson_t *set,
    const bson_t **reward)
{
	struct app *app = req->app;
	struct limit_change change = { .id = store_text(*reward, "rewardId"),
	    .event = store_text(event, "_id") };
	enum err err;

	if ((err = catalog_begin(app->catalog, req)) != ERR_OK)
		return (err);
	if ((err = limit_begin(req, &change, "stock")) == ERR_OK) {
		err = event_update_reward(app->store, req, event, *reward,
		    set, reward);
		limit_end(req, &change, err);
	}
	catalog_end(app->catalog, req);
	return (err);
}

enum err
reward_patch(struct request *req, struct reply *reply)
{
	struct app *app = req->app;
	const bson_t *event, *reward;
	bson_t *set = store_new_doc(req->arena);
	enum err err;

	if ((err = reward_check(req, req->json, "")) != ERR_OK ||
	    (err = find_visible(req, &event, &reward)) != ERR_OK ||
	    (err = merge_details(req, event, reward, set)) != ERR_OK)
		return (err);
	doc_append_without(set, req->op->body, req->json, "details");
	/* Ours already: the worker died before it could clear its mark. */
	if (event_is_ours(reward, req))
		catalog_end(app->catalog, req);
	else if (!request_match(request_env(req, "HTTP_IF_MATCH"),
	    event_version(reward)))
		return (err_set(ERR_PRECONDITION, NULL));
	else if ((err = write_patch(req, event, set, &reward)) != ERR_OK)
		return (err);
	put_reward(req, reply, reward);
	reply_ok(reply);
	return (ERR_OK);
}
