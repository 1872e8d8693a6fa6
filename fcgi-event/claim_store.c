/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claim_store: the collections `claims` and `voids`.
 *
 * { _id, userId, eventId, period, state, rewards: [reward],
 *   snapshot: { event, rewards: [reward], verdict }, traceId, attemptId, createdAt,
 *   took: [limit], expiresAt, version,
 *   decisions: [{ decisionId, attemptId, state, by, at, reason, traceId }] }
 *
 * _id bears the attempt's instant, so lists by _id are lists by createdAt; or
 * that of a unit which was taken in advance, up to 400 ms before.
 * version is absent until something is decided, and counts who did.
 *
 * A void claim has state VOID and the period "void:" with its own _id, so it
 * is in nobody's way.  `voids` lists them: { _id: claimId, at }, written
 * before the void claim, so that every one is pruned.
 */
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "claim_store.h"
#include "clock.h"
#include "event_store.h"
#include "id.h"
#include "period.h"
#include "request.h"
#include "stock_store.h"
#include "store.h"

#define VOIDS		"voids"
#define STATE_VOID	"VOID"
#define BATCH		100	/* claims that expire at a time */

enum err
claim_find_any(struct store *S, struct arena *A, const char *id,
    const bson_t **out)
{

	if (!id_valid("cl", id))
		return (err_set(ERR_NOT_FOUND, "there is no such claim"));
	return (store_find_one(S, A, CLAIMS,
	    DOC(A, "_id", BCON_UTF8(id)), out));
}

enum err
claim_find(struct store *S, struct arena *A, const char *id,
    const bson_t **out)
{
	enum err err;

	err = claim_find_any(S, A, id, out);
	if (err == ERR_OK && claim_is_void(*out))
		err = err_set(ERR_NOT_FOUND, NULL);
	return (err);
}

enum err
claim_find_own(struct store *S, struct arena *A, const char *user,
    const char *event, const struct period *period, const bson_t **out)
{
	enum err err;

	err = store_find_one(S, A, CLAIMS, DOC(A,
	    "userId", BCON_UTF8(user), "eventId", BCON_UTF8(event),
	    "period", BCON_UTF8(period->key)), out);
	if (err != ERR_NOT_FOUND || !period->mixed)
		return (err);
	/* Keys of periods begin with a digit or are ALL; void ones don't. */
	return (store_find_one(S, A, CLAIMS, DOC(A,
	    "userId", BCON_UTF8(user), "eventId", BCON_UTF8(event),
	    "period", "{", "$gte", BCON_UTF8("0"), "$lt", BCON_UTF8("B"), "}",
	    "createdAt", "{", "$gte", BCON_DATE_TIME(period->begins), "$lt",
	    BCON_DATE_TIME(period->ends), "}"), out));
}

static bool
add_event(void *ctx, const bson_t *doc)
{
	bson_t *events = ctx;
	const char *index;
	char key[16];

	(void)bson_uint32_to_string(bson_count_keys(events), &index, key,
	    sizeof(key));
	(void)BSON_APPEND_UTF8(events, index, store_text(doc, "eventId"));
	return (true);
}

enum err
claim_find_events(struct store *S, struct arena *A, const char *user,
    const bson_t *events, bson_t **out)
{

	*out = store_new_doc(A);
	return (store_find(S, CLAIMS, DOC(A, "userId", BCON_UTF8(user),
	    "eventId", "{", "$in", BCON_ARRAY(events), "}",
	    "state", "{", "$in", "[", BCON_UTF8("GRANTED"),
	    BCON_UTF8("PENDING"), "]", "}"), DOC(A,
	    "projection", "{", "eventId", BCON_INT32(1), "}"), add_event,
	    *out));
}

enum err
claim_find_attempt(struct store *S, struct arena *A, const char *user,
    const char *event, const char *attempt, const bson_t **out)
{

	return (store_find_one(S, A, CLAIMS, DOC(A,
	    "userId", BCON_UTF8(user), "eventId", BCON_UTF8(event),
	    "attemptId", BCON_UTF8(attempt)), out));
}

bool
claim_in_state(const bson_t *claim, const char *state)
{
	const char *found = store_text(claim, "state");

	return (found != NULL && strcmp(found, state) == 0);
}

bool
claim_is_void(const bson_t *claim)
{

	return (claim_in_state(claim, STATE_VOID));
}

bool
claim_is_ours(const bson_t *claim, const struct request *req)
{
	const char *attempt = store_text(claim, "attemptId");

	return (attempt != NULL && strcmp(attempt, req->attempt) == 0);
}

void
claim_visible(bson_t *filter, const char *state)
{
	bson_t inner;

	if (state != NULL) {
		(void)BSON_APPEND_UTF8(filter, "state", state);
		return;
	}
	(void)BSON_APPEND_DOCUMENT_BEGIN(filter, "state", &inner);
	(void)BSON_APPEND_UTF8(&inner, "$ne", STATE_VOID);
	(void)bson_append_document_end(filter, &inner);
}

/* The event as it is now, without its rewards, which stand beside it. */
static void
append_snapshot(bson_t *claim, const bson_t *event, const bson_t *verdict)
{
	bson_t snapshot, copy;
	bson_iter_t rewards;

	(void)BSON_APPEND_DOCUMENT_BEGIN(claim, "snapshot", &snapshot);
	(void)BSON_APPEND_DOCUMENT_BEGIN(&snapshot, "event", &copy);
	bson_copy_to_excluding_noinit(event, &copy, "rewards", "attemptId",
	    NULL);
	(void)bson_append_document_end(&snapshot, &copy);
	if (bson_iter_init_find(&rewards, event, "rewards"))
		(void)bson_append_iter(&snapshot, "rewards", -1, &rewards);
	if (verdict != NULL)
		(void)BSON_APPEND_DOCUMENT(&snapshot, "verdict", verdict);
	(void)bson_append_document_end(claim, &snapshot);
}

const bson_t *
claim_new(struct request *req, const struct claim_plan *plan, const char *id)
{
	bson_t *claim = store_new_doc(req->arena);

	(void)BSON_APPEND_UTF8(claim, "_id", id);
	(void)BSON_APPEND_UTF8(claim, "userId", req->subject);
	(void)BSON_APPEND_UTF8(claim, "eventId",
	    store_text(plan->event, "_id"));
	(void)BSON_APPEND_UTF8(claim, "period", plan->period->key);
	(void)BSON_APPEND_UTF8(claim, "state",
	    plan->pending ? "PENDING" : "GRANTED");
	(void)BSON_APPEND_ARRAY(claim, "rewards", plan->rewards);
	append_snapshot(claim, plan->event, plan->verdict);
	(void)BSON_APPEND_UTF8(claim, "traceId", req->trace.id);
	(void)BSON_APPEND_UTF8(claim, "attemptId", req->attempt);
	(void)BSON_APPEND_DATE_TIME(claim, "createdAt",
	    id_time(req->attempt));
	if (plan->ntook > 0)
		(void)BSON_APPEND_ARRAY(claim, "took", store_array(req->arena,
		    plan->took, plan->ntook));
	if (plan->expires != 0)
		(void)BSON_APPEND_DATE_TIME(claim, "expiresAt",
		    plan->expires);
	return (claim);
}

const char *
claim_outcome(const bson_t *claim)
{

	if (claim_in_state(claim, "GRANTED") ||
	    claim_in_state(claim, "REVOKED"))
		return (claim_has_decision(claim, "state", "GRANTED") ?
		    "PENDING" : "GRANTED");
	return ("PENDING");
}

size_t
claim_took(struct arena *A, const bson_t *claim, const char *const **ids)
{
	const char **list = NULL;
	bson_iter_t iter, item;
	size_t count = 0;

	if (bson_iter_init_find(&iter, claim, "took") &&
	    BSON_ITER_HOLDS_ARRAY(&iter) && bson_iter_recurse(&iter, &item)) {
		list = arena_alloc(A, (EVENT_REWARDS + 1) * sizeof(*list));
		while (count <= EVENT_REWARDS && bson_iter_next(&item))
			if (BSON_ITER_HOLDS_UTF8(&item))
				list[count++] = bson_iter_utf8(&item, NULL);
	}
	*ids = list;
	return (count);
}

/* { _id, version: as it was read }; absent is a version, too. */
static bson_t *
same_version(struct arena *A, const bson_t *claim)
{
	bson_t *filter;

	filter = DOC(A, "_id", BCON_UTF8(store_text(claim, "_id")));
	if (store_has(claim, "version"))
		(void)BSON_APPEND_INT64(filter, "version",
		    store_int(claim, "version"));
	else
		(void)BSON_APPEND_DOCUMENT(filter, "version",
		    DOC(A, "$exists", BCON_BOOL(false)));
	return (filter);
}

static bson_t *
new_decision(struct arena *A, const struct claim_decision *decision)
{
	bson_t *doc = store_new_doc(A);

	(void)BSON_APPEND_UTF8(doc, "decisionId", decision->id);
	(void)BSON_APPEND_UTF8(doc, "attemptId", decision->attempt);
	(void)BSON_APPEND_UTF8(doc, "state", decision->to);
	(void)BSON_APPEND_UTF8(doc, "by", decision->by);
	(void)BSON_APPEND_DATE_TIME(doc, "at", decision->at);
	if (decision->reason != NULL)
		(void)BSON_APPEND_UTF8(doc, "reason", decision->reason);
	else
		(void)BSON_APPEND_NULL(doc, "reason");
	if (decision->trace != NULL)
		(void)BSON_APPEND_UTF8(doc, "traceId", decision->trace);
	else
		(void)BSON_APPEND_NULL(doc, "traceId");
	return (doc);
}

enum err
claim_decide(struct store *S, struct arena *A, const bson_t *claim,
    const struct claim_decision *decision, bool *done)
{
	bson_t *filter = same_version(A, claim);

	(void)BSON_APPEND_UTF8(filter, "state", decision->from);
	return (store_update(S, CLAIMS, filter, DOC(A,
	    "$set", "{", "state", BCON_UTF8(decision->to), "}",
	    "$unset", "{", "expiresAt", BCON_UTF8(""), "}",
	    "$inc", "{", "version", BCON_INT64(1), "}",
	    "$push", "{", "decisions",
	    BCON_DOCUMENT(new_decision(A, decision)), "}"), done));
}

enum err
claim_fence(struct store *S, struct arena *A, const bson_t *claim, bool *done)
{

	return (store_update(S, CLAIMS, same_version(A, claim), DOC(A,
	    "$inc", "{", "version", BCON_INT64(1), "}"), done));
}

bool
claim_has_decision(const bson_t *claim, const char *name, const char *id)
{
	bson_iter_t iter, item, member;

	if (!bson_iter_init_find(&iter, claim, "decisions") ||
	    !BSON_ITER_HOLDS_ARRAY(&iter) || !bson_iter_recurse(&iter, &item))
		return (false);
	while (bson_iter_next(&item))
		if (BSON_ITER_HOLDS_DOCUMENT(&item) &&
		    bson_iter_recurse(&item, &member) &&
		    bson_iter_find(&member, name) &&
		    BSON_ITER_HOLDS_UTF8(&member) &&
		    strcmp(bson_iter_utf8(&member, NULL), id) == 0)
			return (true);
	return (false);
}

enum err
claim_void(struct store *S, struct arena *A, const struct stock_hold *hold)
{
	const char *period = arena_printf(A, "void:%s", hold->claim);
	int64_t now = clock_now();
	enum err err;

	err = store_insert(S, VOIDS, DOC(A, "_id", BCON_UTF8(hold->claim),
	    "at", BCON_DATE_TIME(now)));
	if (err != ERR_OK && err != ERR_EXISTS)
		return (err);
	return (store_insert(S, CLAIMS, DOC(A,
	    "_id", BCON_UTF8(hold->claim), "userId", BCON_UTF8(hold->user),
	    "eventId", BCON_UTF8(hold->event), "period", BCON_UTF8(period),
	    "state", BCON_UTF8(STATE_VOID),
	    "createdAt", BCON_DATE_TIME(now))));
}

/* Ids that are copied while a cursor is open, and used when it isn't. */
struct ids {
	struct arena	*arena;
	const char	*ids[BATCH];
	size_t		 count;
};

static bool
keep_id(void *ctx, const bson_t *doc)
{
	struct ids *list = ctx;
	const char *id = store_text(doc, "_id");

	if (id != NULL)
		list->ids[list->count++] = arena_strdup(list->arena, id);
	return (list->count < BATCH);
}

enum err
claim_prune(struct store *S, struct arena *A, int64_t before)
{
	struct ids list = { .arena = A, .count = 0 };
	enum err err;
	size_t i;

	err = store_find(S, VOIDS, DOC(A, "at", "{", "$lt",
	    BCON_DATE_TIME(before), "}"), NULL, keep_id, &list);
	for (i = 0; err == ERR_OK && i < list.count; i++) {
		err = store_remove(S, CLAIMS, DOC(A,
		    "_id", BCON_UTF8(list.ids[i]),
		    "state", BCON_UTF8(STATE_VOID)));
		if (err == ERR_OK)
			err = store_remove(S, VOIDS, DOC(A, "_id",
			    BCON_UTF8(list.ids[i])));
	}
	return (err);
}

enum err
claim_expired(struct store *S, struct arena *A, int64_t now,
    bool (*each)(void *, const bson_t *), void *ctx)
{

	return (store_find(S, CLAIMS, DOC(A, "expiresAt", "{",
	    "$lte", BCON_DATE_TIME(now), "}", "state", BCON_UTF8("PENDING")),
	    DOC(A, "limit", BCON_INT64(BATCH)), each, ctx));
}

enum err
claim_forget(struct store *S, struct arena *A, const char *user)
{

	return (store_update_all(S, CLAIMS, DOC(A, "userId", BCON_UTF8(user),
	    "snapshot.verdict.facts", "{", "$exists", BCON_BOOL(true), "}"),
	    DOC(A, "$unset", "{", "snapshot.verdict.facts", BCON_UTF8(""),
	    "snapshot.verdict.trace", BCON_UTF8(""), "}")));
}
