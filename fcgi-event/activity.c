/* SPDX-License-Identifier: BSD-2-Clause */
/* activity: facts about users, as servers report them and people read them. */
#include <string.h>

#include "activity_store.h"
#include "app.h"
#include "arena.h"
#include "clock.h"
#include "doc.h"
#include "id.h"
#include "json.h"
#include "person_store.h"
#include "reply.h"
#include "request.h"
#include "schema.h"
#include "store.h"

#define DAY_MS		INT64_C(86400000)
#define FUTURE_MS	DAY_MS		/* a clock may be wrong */
#define DAYS_SHOWN	31

/* Is an element what the contract says?  See x-each there. */
static bool
is_activity(const struct request *req, const cJSON *json)
{
	const struct schema_property *list =
	    schema_property_named(req->op->body, "activities");
	struct schema_errors errors;

	schema_errors_init(&errors, req->arena);
	return (schema_check(schema_items(list->schema), json, &errors));
}

/* Read one element; a code if it can't be accepted. */
static const char *
read_activity(struct request *req, const cJSON *json, struct activity *one)
{
	const char *at = json_get_string(json, "at");

	one->user = "";
	if (!is_activity(req, json))
		return ("INVALID_ACTIVITY");
	one->id = json_get_string(json, "activityId");
	one->user = json_get_string(json, "userId");
	one->metric = json_get_string(json, "metric");
	one->at = id_time(req->attempt);
	one->amount = 1;
	(void)json_get_int(json, "amount", &one->amount);
	if (!id_valid("us", one->user))
		return ("INVALID_USER");
	if (at != NULL && !clock_parse(at, strlen(at), &one->at))
		return ("INVALID_TIME");
	if (one->at < 0 || one->at > clock_now() + FUTURE_MS)
		return ("INVALID_TIME");
	return (NULL);
}

/* A batch as it is sorted out. */
struct batch {
	struct activity	 list[ACTIVITY_BATCH];	/* all, then the good ones */
	const char	*codes[ACTIVITY_BATCH];	/* why not; NULL: good */
	const char	*users[ACTIVITY_BATCH];
	bool		 gone[ACTIVITY_BATCH];
	size_t		 count;
};

/* Of somebody who is erased nothing is stored any more. */
static enum err
refuse_gone(struct request *req, struct batch *batch)
{
	struct app *app = req->app;
	enum err err;
	size_t i;

	for (i = 0; i < batch->count; i++)
		batch->users[i] = batch->list[i].user;
	err = person_gone(app->store, req->arena, batch->users,
	    batch->count, batch->gone);
	for (i = 0; i < batch->count; i++)
		if (batch->gone[i] && batch->codes[i] == NULL)
			batch->codes[i] = "INVALID_USER";
	return (err);
}

/* Say what is refused, and close the gaps. */
static void
put_rejected(struct batch *batch, struct buf *rejected)
{
	size_t i, good = 0;

	for (i = 0; i < batch->count; i++)
		if (batch->codes[i] == NULL)
			batch->list[good++] = batch->list[i];
		else
			buf_printf(rejected, "%s{\"index\":%zu,\"code\":"
			    "\"%s\"}", rejected->len > 0 ? "," : "", i,
			    batch->codes[i]);
	batch->count = good;
}

enum err
activity_create(struct request *req, struct reply *reply)
{
	struct app *app = req->app;
	struct batch *batch = arena_alloc(req->arena, sizeof(*batch));
	struct activity *list = batch->list;
	const cJSON *item;
	struct buf rejected;
	size_t i, count = 0, accepted = 0;
	enum err err;

	batch->count = 0;
	cJSON_ArrayForEach(item, json_get(req->json, "activities")) {
		batch->codes[batch->count] = read_activity(req, item,
		    &list[batch->count]);
		batch->count++;
	}
	if ((err = refuse_gone(req, batch)) != ERR_OK)
		return (err);
	buf_init(&rejected, req->arena, 64 * ACTIVITY_BATCH);
	put_rejected(batch, &rejected);
	count = batch->count;
	err = activity_record(app->store, req->arena, list, count);
	if (err != ERR_OK)
		return (err);
	for (i = 0; i < count; i++)
		accepted += list[i].accepted;
	buf_printf(&reply->body, "{\"accepted\":%zu,\"duplicates\":%zu,"
	    "\"rejected\":[%s]}", accepted, count - accepted,
	    rejected.len > 0 ? rejected.data : "");
	reply_ok(reply);
	return (ERR_OK);
}

enum err
attributes_set(struct request *req, struct reply *reply)
{
	struct app *app = req->app;
	const char *user = contract_param(req, "userId");
	bson_t *attributes = store_new_doc(req->arena);
	bool gone = true;
	enum err err;

	if (id_valid("us", user) && (err = person_gone(app->store, req->arena,
	    &user, 1, &gone)) != ERR_OK)
		return (err);
	if (gone)
		return (err_set(ERR_NOT_FOUND, "there is no such user"));
	doc_append(attributes, NULL, json_get(req->json, "attributes"));
	err = attributes_put(app->store, req->arena, user, attributes);
	if (err != ERR_OK)
		return (err);
	doc_put(&reply->body, req->op->result, DOC(req->arena,
	    "_id", BCON_UTF8(user), "attributes",
	    BCON_DOCUMENT(attributes)));
	reply_ok(reply);
	return (ERR_OK);
}

/* The days of the answer, as they are read. */
struct listing {
	struct reply	*reply;
	int		 count;
};

static bool
put_day(void *ctx, const bson_t *doc)
{
	struct listing *L = ctx;
	char text[CLOCK_TEXT_SIZE];

	if (store_int(doc, "count") == 0)
		return (true);
	clock_format(store_int(doc, "day") * DAY_MS, text);
	buf_printf(&L->reply->body, "%s{\"metric\":\"%s\",\"day\":\"%.10s\","
	    "\"sum\":", L->count++ > 0 ? "," : "",
	    store_text(doc, "metric"), text);
	buf_put_int(&L->reply->body, store_int(doc, "sum"));
	buf_puts(&L->reply->body, ",\"count\":");
	buf_put_int(&L->reply->body, store_int(doc, "count"));
	buf_putc(&L->reply->body, '}');
	return (true);
}

static enum err
put_attributes(struct request *req, struct reply *reply, const char *user)
{
	struct app *app = req->app;
	const bson_t *doc, *attributes = NULL;
	enum err err;

	err = attributes_find(app->store, req->arena, user, &doc);
	if (err == ERR_OK)
		attributes = store_part(req->arena, doc, "attributes");
	else if (err != ERR_NOT_FOUND)
		return (err);
	buf_puts(&reply->body, ",\"attributes\":");
	doc_put_free(&reply->body, attributes != NULL ? attributes :
	    store_new_doc(req->arena));
	return (ERR_OK);
}

enum err
progress_get(struct request *req, struct reply *reply)
{
	struct app *app = req->app;
	const char *user = contract_param(req, "userId");
	struct listing L = { reply, 0 };
	enum err err;

	if (!id_valid("us", user) || (req->role == ROLE_USER &&
	    strcmp(user, req->subject) != 0))
		return (err_set(ERR_NOT_FOUND, "there is no such user"));
	buf_printf(&reply->body, "{\"userId\":\"%s\"", user);
	if ((err = put_attributes(req, reply, user)) != ERR_OK)
		return (err);
	buf_puts(&reply->body, ",\"days\":[");
	err = progress_each(app->store, req->arena, user, NULL,
	    activity_day(clock_now()) - DAYS_SHOWN + 1, put_day, &L);
	if (err != ERR_OK)
		return (err);
	buf_puts(&reply->body, "]}");
	reply_ok(reply);
	return (ERR_OK);
}
