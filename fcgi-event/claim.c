/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claim: a user takes the rewards of an event, once.
 *
 * The insert decides, by its unique index.  The reads before it only find the
 * reason for a refusal; a user who has claimed is told so before anything
 * else, or retries would not converge.
 */
#include <assert.h>
#include <string.h>

#include "app.h"
#include "arena.h"
#include "catalog.h"
#include "claim_store.h"
#include "doc.h"
#include "event_store.h"
#include "id.h"
#include "log.h"
#include "period.h"
#include "reply.h"
#include "request.h"
#include "store.h"

static const struct err_row already_claimed = { 409, "ALREADY_CLAIMED",
    "You have claimed this event before" };
static const struct err_row not_open = { 409, "EVENT_NOT_OPEN",
    "The event is not open" };
static const struct err_row no_rewards = { 409, "NO_REWARDS",
    "The event has no rewards" };

static const char *
claim_path(struct request *req, const bson_t *claim)
{

	return (arena_printf(req->arena, "/v1/claims/%s",
	    store_text(claim, "_id")));
}

/*
 * The period that the attempt's instant falls into.  A zone that was known when
 * the event was made may be gone: then we can't tell for now.
 */
static enum err
find_period(const struct request *req, const bson_t *event,
    struct period *period)
{
	struct schedule schedule;
	enum err err;

	event_schedule(event, &schedule);
	err = period_find(req->arena, &schedule, id_time(req->attempt),
	    period);
	if (err != ERR_NOT_FOUND)
		return (err);
	log_write(LOG_ERROR, "a time zone can't be read: is tzdata installed?",
	    LOG_STR("zone", schedule.zone), LOG_END);
	return (err_set(ERR_AWAY, NULL));
}

/*
 * Could the event be claimed by this caller at the attempt's instant?  The
 * reason if not.  That instant is the claim's createdAt, too, and the same
 * for an attempt that is repeated.
 */
static enum err
check_event(const struct request *req, const bson_t *event,
    const struct period *period)
{

	if (req->role == ROLE_USER && !event_is_active(event))
		return (err_set(ERR_NOT_FOUND, "there is no such event"));
	if (!event_is_open(event, id_time(req->attempt)) || !period->open)
		return (err_refuse(&not_open, NULL));
	if (event_rewards(event) == 0)
		return (err_refuse(&no_rewards, NULL));
	return (ERR_OK);
}

static enum err
refuse_claimed(struct request *req, struct reply *reply, const bson_t *claim)
{

	reply->object = store_text(claim, "_id");
	reply_header(reply, "Location", claim_path(req, claim));
	reply_member(reply, "claimId", store_text(claim, "_id"));
	return (err_refuse(&already_claimed, NULL));
}

/*
 * Refused for ${reason}, which isn't looked at again: by now the event may
 * have opened.  But a user who has a claim of this event is told that instead.
 * The claim of this very attempt, repeated, is given again.
 */
static enum err
refuse(struct request *req, struct reply *reply, enum err reason,
    const struct period *period, const bson_t **claim)
{
	struct app *app = req->app;
	const char *attempt;
	enum err err;

	err = claim_find_own(app->store, req->arena, req->subject,
	    contract_param(req, "eventId"), period, claim);
	if (err == ERR_OK) {
		attempt = store_text(*claim, "attemptId");
		if (attempt != NULL && strcmp(attempt, req->attempt) == 0)
			return (ERR_OK);
		return (refuse_claimed(req, reply, *claim));
	}
	if (err != ERR_NOT_FOUND)
		return (err);
	return (reason == ERR_NOT_FOUND ?
	    err_set(reason, "there is no such event") : reason);
}

/* From event and subject to the claim, or to the reason for none. */
static enum err
grant(struct request *req, struct reply *reply, const bson_t **claim)
{
	struct app *app = req->app;
	struct period period = { .key = PERIOD_ALL };
	const bson_t *event = NULL;
	enum err err;

	err = catalog_event(app->catalog, req->arena,
	    contract_param(req, "eventId"), &event);
	if (err == ERR_OK)
		err = find_period(req, event, &period);
	if (err == ERR_OK)
		err = check_event(req, event, &period);
	if (err == ERR_AWAY || err == ERR_INTERNAL)
		return (err);
	if (err != ERR_OK)
		return (refuse(req, reply, err, &period, claim));
	err = claim_insert(app->store, req, event, &period, claim);
	return (err == ERR_EXISTS ? refuse_claimed(req, reply, *claim) : err);
}

enum err
claim_create(struct request *req, struct reply *reply)
{
	const bson_t *claim = NULL;
	enum err err;

	if ((err = grant(req, reply, &claim)) != ERR_OK)
		return (err);
	assert(claim != NULL);
	reply->object = store_text(claim, "_id");
	doc_put(&reply->body, req->op->result, claim);
	reply_created(reply, claim_path(req, claim));
	return (ERR_OK);
}

static void
filter_by(const struct request *req, bson_t *filter, const char *name)
{
	const char *value = request_query(req, name);

	if (value != NULL)
		(void)BSON_APPEND_UTF8(filter, name, value);
}

enum err
claim_list(struct request *req, struct reply *reply)
{
	struct app *app = req->app;
	bson_t *filter = store_new_doc(req->arena);
	struct page_query query = { CLAIMS, "cl", filter };

	filter_by(req, filter, "userId");
	filter_by(req, filter, "eventId");
	filter_by(req, filter, "state");
	return (page_list(app->store, req, reply, app->cursor_key, &query));
}

enum err
claim_mine(struct request *req, struct reply *reply)
{
	struct app *app = req->app;
	struct page_query query = { CLAIMS, "cl", DOC(req->arena,
	    "userId", BCON_UTF8(req->subject)) };

	return (page_list(app->store, req, reply, app->cursor_key, &query));
}

enum err
claim_get(struct request *req, struct reply *reply)
{
	struct app *app = req->app;
	const bson_t *claim;
	const char *owner;
	enum err err;

	err = claim_find(app->store, req->arena,
	    contract_param(req, "claimId"), &claim);
	if (err != ERR_OK)
		return (err);
	owner = store_text(claim, "userId");
	if (req->role == ROLE_USER &&
	    (owner == NULL || strcmp(owner, req->subject) != 0))
		return (err_set(ERR_NOT_FOUND, NULL));
	doc_put(&reply->body, req->op->result, claim);
	reply_ok(reply);
	return (ERR_OK);
}
