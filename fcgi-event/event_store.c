/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event_store: the collection `events`.
 *
 * { _id, title, description, status, startsAt, endsAt, recurrence, timeZone,
 *   hours: {from, to}, scheduledAt, choice, claimLimit, conditions,
 *   createdBy, createdAt, updatedAt, version, attemptId,
 *   rewards: [{ rewardId, eventId, type, name, quantity, details, stock,
 *               requiresApproval, claimWindow, createdAt, version,
 *               attemptId }] }
 *
 * stock and claimLimit are copies of the totals in the collection `stock`,
 * which decides; null is no limit.
 *
 * scheduledAt is when recurrence, timeZone or hours were changed last.  These
 * four may be absent: it doesn't recur, in UTC, at all hours, never changed.
 *
 * Each write is one conditional update of one document.  attemptId is the
 * last attempt that wrote: a gateway that got no answer repeats its call, and
 * the repeat finds that the write is its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "event_store.h"
#include "id.h"
#include "period.h"
#include "request.h"
#include "store.h"

enum err
event_find(struct store *S, struct arena *A, const char *id,
    const bson_t **out)
{

	if (!id_valid("ev", id))
		return (err_set(ERR_NOT_FOUND, "there is no such event"));
	return (store_find_one(S, A, EVENTS,
	    DOC(A, "_id", BCON_UTF8(id)), out));
}

enum err
event_find_reward(struct store *S, struct arena *A, const char *id,
    const bson_t **out)
{

	if (!id_valid("rw", id))
		return (err_set(ERR_NOT_FOUND, "there is no such reward"));
	return (store_find_one(S, A, EVENTS,
	    DOC(A, "rewards.rewardId", BCON_UTF8(id)), out));
}

static bool
open_rewards(const bson_t *event, bson_iter_t *rewards)
{
	bson_iter_t iter;

	return (bson_iter_init_find(&iter, event, "rewards") &&
	    BSON_ITER_HOLDS_ARRAY(&iter) && bson_iter_recurse(&iter, rewards));
}

static const bson_t *
view(struct arena *A, const bson_iter_t *iter)
{
	bson_t *doc = arena_alloc(A, sizeof(*doc));

	return (store_view(iter, doc) ? doc : NULL);
}

const bson_t *
event_reward_at(struct arena *A, const bson_t *event, int at)
{
	bson_iter_t rewards;

	if (!open_rewards(event, &rewards))
		return (NULL);
	while (bson_iter_next(&rewards))
		if (at-- == 0)
			return (view(A, &rewards));
	return (NULL);
}

int
event_rewards(const bson_t *event)
{
	bson_iter_t rewards;
	int count = 0;

	if (!open_rewards(event, &rewards))
		return (0);
	while (bson_iter_next(&rewards))
		count++;
	return (count);
}

const bson_t *
event_reward(struct arena *A, const bson_t *event, const char *id)
{
	const bson_t *reward;
	const char *found;
	int i;

	for (i = 0; (reward = event_reward_at(A, event, i)) != NULL; i++)
		if ((found = store_text(reward, "rewardId")) != NULL &&
		    strcmp(found, id) == 0)
			return (reward);
	return (NULL);
}

const bson_t *
event_reward_list(struct arena *A, const bson_t *event, const bson_t *reward)
{
	bson_iter_t iter;
	const uint8_t *data;
	uint32_t len;
	bson_t *list;

	if (reward != NULL)
		return (DOC(A, "0", BCON_DOCUMENT(reward)));
	list = arena_alloc(A, sizeof(*list));
	if (bson_iter_init_find(&iter, event, "rewards") &&
	    BSON_ITER_HOLDS_ARRAY(&iter)) {
		bson_iter_array(&iter, &len, &data);
		if (bson_init_static(list, data, len))
			return (list);
	}
	return (store_new_doc(A));
}

const bson_t *
event_list_at(struct arena *A, const bson_t *list, int at)
{
	bson_iter_t iter;

	if (!bson_iter_init(&iter, list))
		return (NULL);
	while (bson_iter_next(&iter))
		if (at-- == 0)
			return (view(A, &iter));
	return (NULL);
}

bool
event_needs_approval(const bson_t *reward, int64_t *window)
{
	const char *text = store_text(reward, "claimWindow");

	*window = 0;
	if (text != NULL)
		(void)clock_duration(text, strlen(text), window);
	return (store_true(reward, "requiresApproval"));
}

bool
event_gives_one(const bson_t *event)
{
	const char *choice = store_text(event, "choice");

	return (choice != NULL && strcmp(choice, "ONE") == 0);
}

bool
event_limit(const bson_t *doc, const char *name, int64_t *total)
{

	if (!store_has(doc, name))
		return (false);
	*total = store_int(doc, name);
	return (true);
}

static int
compare_ids(const void *a, const void *b)
{

	return (strcmp(*(const char *const *)a, *(const char *const *)b));
}

/* The id of a reward in an array, if its stock is limited. */
static const char *
limited_reward(const bson_iter_t *iter)
{
	bson_t reward;
	int64_t total;

	if (!store_view(iter, &reward) || !event_limit(&reward, "stock", &total))
		return (NULL);
	return (store_text(&reward, "rewardId"));
}

void
event_limits(const bson_t *event, const bson_t *rewards,
    struct event_limits *limits)
{
	bson_iter_t iter;
	const char *id;
	int64_t total;

	limits->count = 0;
	if (event_limit(event, "claimLimit", &total))
		limits->ids[limits->count++] = store_text(event, "_id");
	if (!bson_iter_init(&iter, rewards))
		return;
	while (bson_iter_next(&iter) && limits->count <= EVENT_REWARDS)
		if ((id = limited_reward(&iter)) != NULL)
			limits->ids[limits->count++] = id;
	qsort(limits->ids, limits->count, sizeof(limits->ids[0]),
	    compare_ids);
}

bool
event_is_active(const bson_t *event)
{
	const char *status = store_text(event, "status");

	return (status != NULL && strcmp(status, "ACTIVE") == 0);
}

bool
event_is_open(const bson_t *event, int64_t now)
{

	return (event_is_active(event) &&
	    store_time(event, "startsAt") <= now &&
	    now < store_time(event, "endsAt"));
}

void
event_schedule(const bson_t *event, struct schedule *schedule)
{
	const char *from = store_text(event, "hours.from");
	const char *to = store_text(event, "hours.to");

	memset(schedule, 0, sizeof(*schedule));
	schedule->recurrence = recurrence_parse(store_text(event,
	    "recurrence"));
	schedule->zone = store_text(event, "timeZone");
	schedule->changed = store_time(event, "scheduledAt");
	schedule->hours = from != NULL && to != NULL;
	if (schedule->hours) {
		schedule->from = period_minutes(from);
		schedule->to = period_minutes(to);
	}
}

/* Do these documents have another value of a member?  Both may be absent. */
static bool
differ(const bson_t *set, const bson_t *event, const char *name)
{
	const char *new = store_text(set, name), *old;

	old = store_text(event, name);
	return (new == NULL || old == NULL ? new != old :
	    strcmp(new, old) != 0);
}

void
event_reschedule(bson_t *set, const bson_t *event, int64_t now)
{

	if ((bson_has_field(set, "recurrence") &&
	    differ(set, event, "recurrence")) ||
	    (bson_has_field(set, "timeZone") &&
	    differ(set, event, "timeZone")) ||
	    (bson_has_field(set, "hours") &&
	    (differ(set, event, "hours.from") ||
	    differ(set, event, "hours.to"))))
		(void)BSON_APPEND_DATE_TIME(set, "scheduledAt", now);
}

int64_t
event_version(const bson_t *event)
{

	return (store_int(event, "version"));
}

bool
event_has_room(const bson_t *event, size_t bytes)
{

	return (event->len + bytes <= EVENT_BYTES);
}

void
event_visible(bson_t *filter)
{

	(void)BSON_APPEND_UTF8(filter, "status", "ACTIVE");
}

bool
event_is_ours(const bson_t *doc, const struct request *req)
{
	const char *attempt = store_text(doc, "attemptId");

	return (attempt != NULL && strcmp(attempt, req->attempt) == 0);
}

enum err
event_insert(struct store *S, struct request *req, const bson_t *fields,
    const bson_t *rewards, const bson_t **out)
{
	bson_t *doc = store_new_doc(req->arena);
	char id[ID_SIZE];
	int64_t now = id_time(req->attempt);
	enum err err;

	id_derive("ev", req->attempt, id);
	(void)BSON_APPEND_UTF8(doc, "_id", id);
	(void)bson_concat(doc, fields);
	(void)BSON_APPEND_ARRAY(doc, "rewards", rewards);
	(void)BSON_APPEND_UTF8(doc, "createdBy",
	    req->subject != NULL ? req->subject : "service");
	(void)BSON_APPEND_DATE_TIME(doc, "createdAt", now);
	(void)BSON_APPEND_DATE_TIME(doc, "updatedAt", now);
	(void)BSON_APPEND_INT64(doc, "version", 1);
	(void)BSON_APPEND_UTF8(doc, "attemptId", req->attempt);
	err = store_insert(S, EVENTS, doc);
	if (err == ERR_EXISTS)
		return (event_find(S, req->arena, id, out));
	*out = doc;
	return (err);
}

/* Make the write; not matched is ERR_EXISTS, to be explained by the caller. */
static enum err
write_event(struct store *S, const bson_t *filter, const bson_t *change)
{
	bool matched;
	enum err err;

	err = store_update(S, EVENTS, filter, change, &matched);
	if (err == ERR_OK && !matched)
		err = ERR_EXISTS;
	return (err);
}

/* $set and $inc that go with every write of an event. */
static bson_t *
change_of(struct request *req, const bson_t *set, const char *inc)
{
	bson_t *change = store_new_doc(req->arena), *all;

	all = store_new_doc(req->arena);
	(void)bson_concat(all, set);
	(void)BSON_APPEND_DATE_TIME(all, "updatedAt", clock_now());
	(void)BSON_APPEND_UTF8(all, "attemptId", req->attempt);
	(void)BSON_APPEND_DOCUMENT(change, "$set", all);
	all = DOC(req->arena, "version", BCON_INT64(1));
	if (inc != NULL)
		(void)BSON_APPEND_INT64(all, inc, 1);
	(void)BSON_APPEND_DOCUMENT(change, "$inc", all);
	return (change);
}

enum err
event_update(struct store *S, struct request *req, const bson_t *event,
    const bson_t *set, const bson_t **out)
{
	const char *id = store_text(event, "_id");
	enum err err, found;

	err = write_event(S, DOC(req->arena, "_id", BCON_UTF8(id), "version",
	    BCON_INT64(event_version(event))), change_of(req, set, NULL));
	if (err != ERR_OK && err != ERR_EXISTS && err != ERR_AWAY)
		return (err);
	/* Done, or overtaken, or nobody knows: the document tells. */
	if ((found = event_find(S, req->arena, id, out)) != ERR_OK)
		return (found);
	if (err == ERR_OK || event_is_ours(*out, req))
		return (ERR_OK);
	return (err == ERR_AWAY ? err_set(ERR_AWAY, NULL) :
	    err_set(ERR_PRECONDITION, NULL));
}

void
event_new_reward(bson_t *doc, const char *id, const char *event, int64_t now)
{

	(void)BSON_APPEND_UTF8(doc, "rewardId", id);
	(void)BSON_APPEND_UTF8(doc, "eventId", event);
	(void)BSON_APPEND_DATE_TIME(doc, "createdAt", now);
	(void)BSON_APPEND_INT64(doc, "version", 1);
}

enum err
event_add_reward(struct store *S, struct request *req, const char *event,
    const char *id, const bson_t *reward, const bson_t **out)
{
	bson_t *filter, *change;
	char full[32];
	enum err err;

	if (!id_valid("ev", event))
		return (err_set(ERR_NOT_FOUND, "there is no such event"));
	(void)snprintf(full, sizeof(full), "rewards.%d", EVENT_REWARDS - 1);
	filter = DOC(req->arena, "_id", BCON_UTF8(event),
	    full, "{", "$exists", BCON_BOOL(false), "}",
	    "rewards.rewardId", "{", "$ne", BCON_UTF8(id), "}");
	change = change_of(req, store_new_doc(req->arena), NULL);
	(void)BSON_APPEND_DOCUMENT(change, "$push", DOC(req->arena,
	    "rewards", BCON_DOCUMENT(reward)));
	err = write_event(S, filter, change);
	if (err == ERR_OK) {
		*out = reward;
		return (ERR_OK);
	}
	if (err != ERR_EXISTS)
		return (err);
	if ((err = event_find(S, req->arena, event, out)) != ERR_OK)
		return (err);
	*out = event_reward(req->arena, *out, id);
	return (*out != NULL ? ERR_OK : err_set(ERR_EXISTS, NULL));
}

/* Spell members of a reward as members of the element that matched. */
static bson_t *
positional(struct arena *A, const bson_t *set)
{
	bson_t *out = store_new_doc(A);
	bson_iter_t iter;
	char name[96];

	if (bson_iter_init(&iter, set)) {
		while (bson_iter_next(&iter)) {
			(void)snprintf(name, sizeof(name), "rewards.$.%s",
			    bson_iter_key(&iter));
			(void)bson_append_iter(out, name, -1, &iter);
		}
	}
	return (out);
}

enum err
event_update_reward(struct store *S, struct request *req,
    const bson_t *event, const bson_t *reward, const bson_t *set,
    const bson_t **out)
{
	const char *id = store_text(reward, "rewardId");
	bson_t *filter, *all;
	enum err err, found;

	filter = DOC(req->arena, "_id", BCON_UTF8(store_text(event, "_id")),
	    "rewards", "{", "$elemMatch", "{", "rewardId", BCON_UTF8(id),
	    "version", BCON_INT64(event_version(reward)), "}", "}");
	all = positional(req->arena, set);
	(void)BSON_APPEND_UTF8(all, "rewards.$.attemptId", req->attempt);
	err = write_event(S, filter, change_of(req, all,
	    "rewards.$.version"));
	if (err != ERR_OK && err != ERR_EXISTS && err != ERR_AWAY)
		return (err);
	if ((found = event_find_reward(S, req->arena, id, &event)) != ERR_OK)
		return (found);
	*out = event_reward(req->arena, event, id);
	if (err == ERR_OK || event_is_ours(*out, req))
		return (ERR_OK);
	return (err == ERR_AWAY ? err_set(ERR_AWAY, NULL) :
	    err_set(ERR_PRECONDITION, NULL));
}

enum err
event_copy_limit(struct store *S, struct arena *A, const char *event,
    const char *id, int64_t total)
{
	bool own = strcmp(event, id) == 0;
	const char *name = own ? "claimLimit" : "rewards.$.stock";
	bson_t *filter = DOC(A, "_id", BCON_UTF8(event)), *change;

	if (own)
		(void)BSON_APPEND_DOCUMENT(filter, "claimLimit",
		    DOC(A, "$ne", BCON_NULL));
	else
		(void)BSON_APPEND_DOCUMENT(filter, "rewards", DOC(A,
		    "$elemMatch", "{", "rewardId", BCON_UTF8(id),
		    "stock", "{", "$ne", BCON_NULL, "}", "}"));
	change = DOC(A, "$set", "{", name, BCON_INT64(total),
	    "updatedAt", BCON_DATE_TIME(clock_now()), "}",
	    "$inc", "{", "version", BCON_INT64(1), "}");
	return (store_update(S, EVENTS, filter, change, NULL));
}
