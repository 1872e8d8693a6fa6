/* SPDX-License-Identifier: BSD-2-Clause */
/* event: publish, list, read and change events. */
#include <string.h>

#include "app.h"
#include "arena.h"
#include "catalog.h"
#include "clock.h"
#include "condition.h"
#include "doc.h"
#include "event_store.h"
#include "id.h"
#include "json.h"
#include "limit.h"
#include "reply.h"
#include "request.h"
#include "reward.h"
#include "schema.h"
#include "store.h"
#include "zone.h"

/* A USER sees ACTIVE events only; everybody else sees all. */
static bool
hidden(const struct request *req, const bson_t *event)
{

	return (req->role == ROLE_USER && !event_is_active(event));
}

static void
put_event(struct request *req, struct reply *reply, const bson_t *event)
{

	doc_put(&reply->body, req->op->result, event);
	reply_etag(reply, event_version(event), 0);
}

/* An instant of the body, ${fallback} if it isn't there. */
static int64_t
instant(const cJSON *json, const char *name, int64_t fallback)
{
	const char *text = json_get_string(json, name);
	int64_t ms;

	if (text == NULL || !clock_parse(text, strlen(text), &ms))
		return (fallback);
	return (ms);
}

static enum err
check_times(struct request *req, int64_t starts, int64_t ends)
{

	if (ends > starts)
		return (ERR_OK);
	return (request_fault(req, "/endsAt", "OUT_OF_RANGE",
	    "it must be after startsAt"));
}

/* What the schema can't know of recurrence, time zone and hours. */
static enum err
check_schedule(struct request *req)
{
	const char *name = json_get_string(req->json, "timeZone");
	const cJSON *hours = json_get(req->json, "hours");
	const char *from = json_get_string(hours, "from");
	const struct zone *zone;
	enum err err = ERR_OK;

	if (name != NULL && zone_read(req->arena, name, &zone) != ERR_OK)
		err = request_fault(req, "/timeZone", "UNKNOWN_TIME_ZONE",
		    "it must be the name of a zone of the IANA database");
	if (from != NULL &&
	    strcmp(from, json_get_string(hours, "to")) == 0)
		err = request_fault(req, "/hours/to", "OUT_OF_RANGE",
		    "it must differ from from");
	return (err);
}

static enum err
check_conditions(struct request *req)
{
	const cJSON *tree = json_get(req->json, "conditions");

	if (tree == NULL || cJSON_IsNull(tree))
		return (ERR_OK);
	return (condition_check(req, tree, "/conditions"));
}

/* All faults are told at once. */
static enum err
check_all(struct request *req, int64_t starts, int64_t ends)
{
	enum err times = check_times(req, starts, ends);
	enum err schedule = check_schedule(req);
	enum err conditions = check_conditions(req);

	return (times != ERR_OK ? times : schedule != ERR_OK ? schedule :
	    conditions);
}

/* The rewards of a new event, each with its members of ours. */
static bson_t *
new_rewards(struct request *req, const char *event)
{
	const struct schema *schema;
	const cJSON *item;
	const char *index;
	bson_t *array = store_new_doc(req->arena), inner;
	char id[ID_SIZE], key[16];
	uint32_t i = 0;

	schema = schema_items(schema_property_named(req->op->body,
	    "rewards")->schema);
	cJSON_ArrayForEach(item, json_get(req->json, "rewards")) {
		(void)bson_uint32_to_string(i++, &index, key, sizeof(key));
		id_new("rw", id);
		(void)BSON_APPEND_DOCUMENT_BEGIN(array, index, &inner);
		event_new_reward(&inner, id, event, id_time(req->attempt));
		reward_append(&inner, schema, item);
		(void)bson_append_document_end(array, &inner);
	}
	return (array);
}

static enum err
check_rewards(struct request *req)
{
	const cJSON *item;
	enum err err = ERR_OK;
	int i = 0;

	cJSON_ArrayForEach(item, json_get(req->json, "rewards"))
		if (reward_check(req, item, arena_printf(req->arena,
		    "/rewards/%d", i++)) != ERR_OK)
			err = ERR_INVALID;
	return (err);
}

/* The members of a new event, with what those that are absent mean. */
static bson_t *
new_fields(struct request *req)
{
	bson_t *fields = store_new_doc(req->arena);

	if (json_get(req->json, "description") == NULL)
		(void)BSON_APPEND_NULL(fields, "description");
	if (json_get(req->json, "status") == NULL)
		(void)BSON_APPEND_UTF8(fields, "status", "ACTIVE");
	if (json_get(req->json, "choice") == NULL)
		(void)BSON_APPEND_UTF8(fields, "choice", "ALL");
	if (json_get(req->json, "conditions") == NULL)
		(void)BSON_APPEND_NULL(fields, "conditions");
	if (json_get(req->json, "claimLimit") == NULL)
		(void)BSON_APPEND_NULL(fields, "claimLimit");
	doc_append_without(fields, req->op->body, req->json, "rewards");
	return (fields);
}

enum err
event_create(struct request *req, struct reply *reply)
{
	struct app *app = req->app;
	const bson_t *event;
	bson_t *fields, *rewards;
	char id[ID_SIZE];
	enum err err;

	err = check_all(req, instant(req->json, "startsAt", 0),
	    instant(req->json, "endsAt", 0));
	if (check_rewards(req) != ERR_OK || err != ERR_OK)
		return (ERR_INVALID);
	id_derive("ev", req->attempt, id);
	fields = new_fields(req);
	rewards = new_rewards(req, id);
	if ((err = limit_make_all(req, id, fields, rewards)) != ERR_OK ||
	    (err = catalog_begin(app->catalog, req)) != ERR_OK)
		return (err);
	err = event_insert(app->store, req, fields, rewards, &event);
	catalog_end(app->catalog, req);
	if (err != ERR_OK)
		return (err);
	put_event(req, reply, event);
	reply_created(reply, arena_printf(req->arena, "/v1/events/%s",
	    store_text(event, "_id")));
	return (ERR_OK);
}

enum err
event_list(struct request *req, struct reply *reply)
{
	struct app *app = req->app;
	const char *status = request_query(req, "status");
	bson_t *filter = store_new_doc(req->arena);
	struct page_query query = { EVENTS, "ev", filter };
	uint64_t generation;
	enum err err;

	if (catalog_list(app->catalog, req, reply, &generation))
		return (ERR_OK);
	/* What a USER may not see isn't there: the list is empty. */
	if (req->role == ROLE_USER) {
		if (status != NULL && strcmp(status, "ACTIVE") != 0)
			return (page_empty(req, reply, app->cursor_key));
		event_visible(filter);
	} else if (status != NULL)
		(void)BSON_APPEND_UTF8(filter, "status", status);
	err = page_list(app->store, req, reply, app->cursor_key, &query);
	if (err == ERR_OK)
		catalog_keep(app->catalog, req, reply, generation);
	return (err);
}

enum err
event_get(struct request *req, struct reply *reply)
{
	struct app *app = req->app;
	const bson_t *event, *shown;
	uint32_t state;
	enum err err;

	err = catalog_event(app->catalog, req->arena,
	    contract_param(req, "eventId"), &event);
	if (err != ERR_OK)
		return (err);
	if (hidden(req, event))
		return (err_set(ERR_NOT_FOUND, NULL));
	if ((err = limit_show_event(req, event, &shown, &state)) != ERR_OK)
		return (err);
	if (reply_unchanged(reply, req, event_version(event), state))
		return (ERR_OK);
	doc_put(&reply->body, req->op->result, shown);
	reply_ok(reply);
	return (ERR_OK);
}

/* The write of a patch, and of the limit that it may set. */
static enum err
write_patch(struct request *req, const bson_t **event)
{
	struct app *app = req->app;
	const char *id = store_text(*event, "_id");
	struct limit_change change = { .id = id, .event = id };
	bson_t *set = store_new_doc(req->arena);
	enum err err;

	doc_append(set, req->op->body, req->json);
	event_reschedule(set, *event, clock_now());
	if ((err = catalog_begin(app->catalog, req)) != ERR_OK)
		return (err);
	if ((err = limit_begin(req, &change, "claimLimit")) == ERR_OK) {
		err = event_update(app->store, req, *event, set, event);
		limit_end(req, &change, err);
	}
	catalog_end(app->catalog, req);
	return (err);
}

enum err
event_patch(struct request *req, struct reply *reply)
{
	struct app *app = req->app;
	const bson_t *event;
	enum err err;

	err = event_find(app->store, req->arena,
	    contract_param(req, "eventId"), &event);
	if (err != ERR_OK)
		return (err);
	err = check_all(req,
	    instant(req->json, "startsAt", store_time(event, "startsAt")),
	    instant(req->json, "endsAt", store_time(event, "endsAt")));
	if (err != ERR_OK)
		return (err);
	/* Ours already: the worker died before it could clear its mark. */
	if (event_is_ours(event, req))
		catalog_end(app->catalog, req);
	else if (!request_match(request_env(req, "HTTP_IF_MATCH"),
	    event_version(event)))
		return (err_set(ERR_PRECONDITION, NULL));
	else if ((err = write_patch(req, &event)) != ERR_OK)
		return (err);
	put_event(req, reply, event);
	reply_ok(reply);
	return (ERR_OK);
}
