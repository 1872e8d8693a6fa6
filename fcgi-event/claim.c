/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claim: a user takes the rewards of an event, once in a period.
 *
 *	plan		the event, and what of it: 404, 400, 409
 *	take		a unit of each limit: SOLD_OUT
 *	insert		decides, by its unique index: ALREADY_CLAIMED
 *
 * The reads before the insert only find the reason for a refusal.  A user who
 * has claimed is told so before anything else, or retries would not converge.
 * Everything is judged by one instant, the attempt's.
 */
#include <assert.h>
#include <string.h>

#include "app.h"
#include "arena.h"
#include "catalog.h"
#include "claim_store.h"
#include "clock.h"
#include "commit.h"
#include "doc.h"
#include "eligibility.h"
#include "event_store.h"
#include "id.h"
#include "json.h"
#include "log.h"
#include "period.h"
#include "reply.h"
#include "request.h"
#include "stock.h"
#include "stock_store.h"
#include "store.h"

#define TRACE_MAX	65536
#define TRIES	3	/* of a claim whose id was made void */
#define PLENTY	(2 * STOCK_HOLDS)	/* more than may be away at once */
#define FEW	(STOCK_HOLDS / 4)	/* of holds */

static const struct err_row already_claimed = { 409, "ALREADY_CLAIMED",
    "You have claimed this event before" };
static const struct err_row not_open = { 409, "EVENT_NOT_OPEN",
    "The event is not open" };
static const struct err_row no_rewards = { 409, "NO_REWARDS",
    "The event has no rewards" };
static const struct err_row not_eligible = { 409, "NOT_ELIGIBLE",
    "You do not meet the conditions" };
static const struct err_row sold_out = { 409, "SOLD_OUT",
    "There is nothing left" };

static const char *
claim_path(struct request *req, const bson_t *claim)
{

	return (arena_printf(req->arena, "/v1/claims/%s",
	    store_text(claim, "_id")));
}

/* Which of the rewards does the claimant get?  All, or the one named. */
static enum err
choose(struct request *req, const bson_t *event, struct claim_plan *plan)
{
	const char *want = json_get_string(req->json, "rewardId");
	const bson_t *reward = NULL;

	if (event_gives_one(event) && want == NULL)
		return (request_fault(req, "/rewardId", "REQUIRED",
		    "this event gives one of its rewards: name it"));
	if (!event_gives_one(event) && want != NULL)
		return (request_fault(req, "/rewardId", "NOT_WANTED",
		    "this event gives all its rewards"));
	if (want != NULL &&
	    (reward = event_reward(req->arena, event, want)) == NULL)
		return (request_fault(req, "/rewardId", "NO_SUCH_REWARD",
		    "this event has no such reward"));
	plan->rewards = event_reward_list(req->arena, event, reward);
	return (ERR_OK);
}

/* Has somebody to approve it, and until when? */
static void
plan_approval(struct request *req, struct claim_plan *plan)
{
	const bson_t *reward;
	int64_t window, expires;
	int i;

	for (i = 0; (reward = event_list_at(req->arena, plan->rewards, i)) !=
	    NULL; i++) {
		if (!event_needs_approval(reward, &window))
			continue;
		plan->pending = true;
		expires = id_time(req->attempt) + window;
		if (window != 0 && (plan->expires == 0 ||
		    expires < plan->expires))
			plan->expires = expires;
	}
}

static void
plan_limits(struct request *req, struct claim_plan *plan)
{
	struct event_limits *limits;

	limits = arena_alloc(req->arena, sizeof(*limits));
	event_limits(plan->event, plan->rewards, limits);
	plan->took = limits->ids;
	plan->ntook = limits->count;
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
 * Could the event be claimed by this caller at the attempt's instant, and
 * what would it be?  The reason if not.
 */
static enum err
plan_claim(struct request *req, const bson_t *event, struct claim_plan *plan)
{
	enum err err;

	plan->event = event;
	if (req->role == ROLE_USER && !event_is_active(event))
		return (err_set(ERR_NOT_FOUND, "there is no such event"));
	if (!event_is_open(event, id_time(req->attempt)) ||
	    !plan->period->open)
		return (err_refuse(&not_open, NULL));
	if (event_rewards(event) == 0)
		return (err_refuse(&no_rewards, NULL));
	if ((err = choose(req, event, plan)) != ERR_OK)
		return (err);
	plan_approval(req, plan);
	plan_limits(req, plan);
	return (ERR_OK);
}

/*
 * The user has this claim.  It is given again to the attempt that made it and
 * is repeated.
 */
static enum err
meet_own(struct request *req, struct reply *reply, const bson_t *claim)
{

	if (claim_is_ours(claim, req))
		return (ERR_OK);
	reply->object = store_text(claim, "_id");
	reply_header(reply, "Location", claim_path(req, claim));
	reply_member(reply, "claimId", store_text(claim, "_id"));
	return (err_refuse(&already_claimed, NULL));
}

/* The caller's claim in the period of a plan. */
static enum err
find_own(struct request *req, const struct claim_plan *plan,
    const bson_t **claim)
{
	struct app *app = req->app;

	return (claim_find_own(app->store, req->arena, req->subject,
	    contract_param(req, "eventId"), plan->period, claim));
}

/*
 * Refused for ${reason}, which isn't looked at again: by now the event may
 * have opened.  But a user who has a claim of this event is told that instead.
 */
static enum err
refuse(struct request *req, struct reply *reply, enum err reason,
    const struct claim_plan *plan, const bson_t **claim)
{
	enum err err;

	err = find_own(req, plan, claim);
	if (err == ERR_OK)
		return (meet_own(req, reply, *claim));
	if (err != ERR_NOT_FOUND)
		return (err);
	return (reason == ERR_NOT_FOUND ?
	    err_set(reason, "there is no such event") : reason);
}

/* The conditions of the event, at the attempt's instant. */
static enum err
judge(struct request *req, struct claim_plan *plan)
{
	struct app *app = req->app;

	return (eligibility_judge(app->store, req->arena, plan->event,
	    req->subject, id_time(req->attempt), &plan->verdict));
}

static bool
is_eligible(const struct claim_plan *plan)
{

	return (plan->verdict == NULL ||
	    store_true(plan->verdict, "satisfied"));
}

/* The tree with what was wanted and what was found, as JSON. */
static const char *
trace_of(struct request *req, const struct claim_plan *plan)
{
	struct buf trace;

	buf_init(&trace, req->arena, TRACE_MAX);
	if (plan->verdict == NULL)
		buf_puts(&trace, "null");
	else
		doc_put_free(&trace, store_part(req->arena, plan->verdict,
		    "trace"));
	return (trace.full ? "null" : trace.data);
}

/*
 * Not eligible, unless the user has a claim: one that was made when the
 * conditions were met is found although they aren't any more.
 */
static enum err
refuse_ineligible(struct request *req, struct reply *reply,
    const struct claim_plan *plan, const bson_t **claim)
{
	enum err err;

	err = find_own(req, plan, claim);
	if (err == ERR_OK)
		return (meet_own(req, reply, *claim));
	if (err != ERR_NOT_FOUND)
		return (err);
	reply_member_json(reply, "trace", trace_of(req, plan));
	return (err_refuse(&not_eligible, NULL));
}

/* So many holds mean that workers die faster than the sweep runs. */
static enum err
check_holds(struct request *req, const struct claim_plan *plan)
{
	struct app *app = req->app;
	const bson_t *limits;
	enum err err;
	size_t i;

	err = catalog_stock(app->catalog, req->arena, plan->event, &limits);
	for (i = 0; err == ERR_OK && i < plan->ntook; i++)
		if (store_int(limits, arena_printf(req->arena, "%s.holds",
		    plan->took[i])) > STOCK_HOLDS)
			err = err_set(ERR_AWAY, "too many claims are under "
			    "way; if this lasts, run \"guerdon sweep\"");
	return (err);
}

/* Take a unit of each limit; ${id} is the claimId that they are held for. */
static enum err
take_units(struct request *req, const struct claim_plan *plan,
    char id[ID_SIZE])
{
	struct app *app = req->app;
	struct stock_hold hold = { id, id, req->subject,
	    store_text(plan->event, "_id"), plan->period->key,
	    clock_now() };
	enum err err;

	if (plan->ntook == 1 && stock_use(app->stock, plan->took[0], id))
		return (ERR_OK);
	id_new_at("cl", req->attempt, id);
	err = stock_take_all(app->stock, req->arena, plan->took, plan->ntook,
	    &hold, plan->plenty);
	return (err == ERR_NOT_FOUND ? err_refuse(&sold_out, NULL) : err);
}

/* Is ${id}, of which the user has no claim, that of a void one? */
static enum err
confirm_void(struct request *req, const char *id)
{
	struct app *app = req->app;
	const bson_t *claim;
	enum err err;

	err = claim_find_any(app->store, req->arena, id, &claim);
	if (err == ERR_OK && claim_is_void(claim))
		return (ERR_OK);
	return (err == ERR_OK || err == ERR_NOT_FOUND ?
	    err_set(ERR_AWAY, "try again") : err);
}

/*
 * A key of ${id} was taken: the units are free again, unless by this very
 * claim.  ERR_NOT_FOUND if it was made void, and the user has no other.
 */
static enum err
meet_another(struct request *req, const struct claim_plan *plan,
    const char *id, const bson_t **claim)
{
	struct app *app = req->app;
	enum err err, undone;

	err = find_own(req, plan, claim);
	if (err != ERR_OK && err != ERR_NOT_FOUND)
		return (err);
	if (err == ERR_OK && strcmp(store_text(*claim, "_id"), id) == 0)
		return (ERR_OK);
	if (err == ERR_NOT_FOUND &&
	    (undone = confirm_void(req, id)) != ERR_OK)
		return (undone);
	undone = stock_return_all(app->stock, req->arena, plan->took,
	    plan->ntook, id);
	if (undone != ERR_OK)
		return (undone);
	return (err == ERR_OK ? err_set(ERR_EXISTS, NULL) :
	    err_set(ERR_NOT_FOUND, NULL));
}

/* Take the units, insert the claim; ERR_NOT_FOUND if its id was made void. */
static enum err
take_and_insert(struct request *req, const struct claim_plan *plan,
    const bson_t **claim)
{
	struct app *app = req->app;
	char id[ID_SIZE];
	enum err err;

	if ((err = take_units(req, plan, id)) != ERR_OK)
		return (err);
	*claim = claim_new(req, plan, id);
	err = commit_claim(app->commit, req->arena, *claim, req->deadline);
	if (plan->ntook > 0 && (err == ERR_OK || err == ERR_EXISTS))
		catalog_keep_claim(app->catalog, req->arena, req->subject,
		    store_text(plan->event, "_id"), plan->period->key);
	if (err == ERR_EXISTS)
		err = meet_another(req, plan, id, claim);
	if (err == ERR_OK)
		stock_settled(app->stock, plan->took, plan->ntook, id);
	/* Anything else may have been stored: the sweep finds out. */
	return (err);
}

static enum err
grant_planned(struct request *req, struct reply *reply,
    const struct claim_plan *plan, const bson_t **claim)
{
	enum err err;
	int i;

	if (plan->ntook > 0 && (err = check_holds(req, plan)) != ERR_OK)
		return (err);
	for (i = 0; i < TRIES; i++) {
		if (clock_mono() > req->deadline)
			break;
		err = take_and_insert(req, plan, claim);
		if (err == ERR_REFUSED)
			return (refuse(req, reply, err, plan, claim));
		if (err == ERR_EXISTS)
			return (meet_own(req, reply, *claim));
		if (err != ERR_NOT_FOUND)
			return (err);
	}
	return (err_set(ERR_AWAY, "it took too long"));
}

/* What is left for this claim: the least of its limits; -1: no limit. */
static enum err
find_left(struct request *req, const struct claim_plan *plan, int64_t *left)
{
	struct app *app = req->app;
	const bson_t *limits;
	int64_t one;
	enum err err;
	size_t i;

	*left = -1;
	if (plan->ntook == 0)
		return (ERR_OK);
	err = catalog_stock(app->catalog, req->arena, plan->event, &limits);
	for (i = 0; err == ERR_OK && i < plan->ntook; i++) {
		one = store_int(limits, arena_printf(req->arena, "%s.left",
		    plan->took[i]));
		if (*left == -1 || one < *left)
			*left = one;
	}
	return (err);
}

/* Are so many left of each limit that nobody misses some units that are away
 * for a moment, and are few away? */
static enum err
plan_plenty(struct request *req, struct claim_plan *plan)
{
	struct app *app = req->app;
	const bson_t *limits, *limit;
	enum err err;
	size_t i;

	if (plan->ntook == 0)
		return (ERR_OK);
	err = catalog_stock(app->catalog, req->arena, plan->event, &limits);
	plan->plenty = err == ERR_OK;
	for (i = 0; plan->plenty && i < plan->ntook; i++) {
		limit = store_part(req->arena, limits, plan->took[i]);
		plan->plenty = limit != NULL &&
		    store_int(limit, "left") >= PLENTY &&
		    store_int(limit, "holds") < FEW;
	}
	return (err);
}

/*
 * Would an earlier claim of the user be found too late?  Where the unique key
 * can't see a claim of before a change of schedule; and by one that takes from
 * limits, for the units would be away meanwhile.  While there are plenty left
 * the look would cost more than it saves, unless the node knows of a claim.
 */
static bool
looks_first(struct request *req, const struct claim_plan *plan)
{
	struct app *app = req->app;

	if (plan->period->mixed || plan->ntook == 0)
		return (plan->period->mixed);
	return (!plan->plenty || catalog_has_claim(app->catalog, req->arena,
	    req->subject, store_text(plan->event, "_id"), plan->period->key));
}

/* From event and subject to the claim, or to the reason for none. */
static enum err
grant(struct request *req, struct reply *reply, const bson_t **claim)
{
	struct app *app = req->app;
	struct period period = { .key = PERIOD_ALL };
	struct claim_plan plan = { .period = &period };
	const bson_t *event = NULL;
	enum err err;

	err = catalog_event(app->catalog, req->arena,
	    contract_param(req, "eventId"), &event);
	if (err == ERR_OK)
		err = find_period(req, event, &period);
	if (err == ERR_OK)
		err = plan_claim(req, event, &plan);
	if (err == ERR_AWAY || err == ERR_INTERNAL)
		return (err);
	if (err != ERR_OK)
		return (refuse(req, reply, err, &plan, claim));
	if ((err = judge(req, &plan)) != ERR_OK)
		return (err);
	if (!is_eligible(&plan))
		return (refuse_ineligible(req, reply, &plan, claim));
	if ((err = plan_plenty(req, &plan)) != ERR_OK)
		return (err);
	if (looks_first(req, &plan)) {
		if ((err = find_own(req, &plan, claim)) == ERR_OK)
			return (meet_own(req, reply, *claim));
		if (err != ERR_NOT_FOUND)
			return (err);
	}
	return (grant_planned(req, reply, &plan, claim));
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
	reply->outcome = store_text(claim, "state");
	doc_put(&reply->body, req->op->result, claim);
	reply_created(reply, claim_path(req, claim));
	return (ERR_OK);
}

/* What a claim would be refused with; ERR_OK: with nothing. */
static enum err
foresee(struct request *req, struct claim_plan *plan, int64_t *left)
{
	const bson_t *claim;
	enum err err, own;

	*left = -1;
	err = plan_claim(req, plan->event, plan);
	if (err == ERR_NOT_FOUND)
		return (err);
	if (err == ERR_INVALID) {
		/* Which of the rewards is not chosen yet. */
		plan->rewards = store_new_doc(req->arena);
		plan_limits(req, plan);
		err = ERR_OK;
	}
	if (err == ERR_OK && (err = judge(req, plan)) == ERR_OK &&
	    (err = find_left(req, plan, left)) == ERR_OK) {
		if (!is_eligible(plan))
			err = err_refuse(&not_eligible, NULL);
		else if (*left == 0)
			err = err_refuse(&sold_out, NULL);
	}
	if (err != ERR_OK && err != ERR_REFUSED)
		return (err);
	own = find_own(req, plan, &claim);
	if (own == ERR_OK)
		return (err_refuse(&already_claimed, NULL));
	return (own == ERR_NOT_FOUND ? err : own);
}

/* A claim that isn't made: the same checks, and no write. */
enum err
claim_eligibility(struct request *req, struct reply *reply)
{
	struct app *app = req->app;
	struct period period = { .key = PERIOD_ALL };
	struct claim_plan plan = { .period = &period };
	const struct err_row *row = NULL;
	int64_t left = -1;
	enum err err;

	err = catalog_event(app->catalog, req->arena,
	    contract_param(req, "eventId"), &plan.event);
	if (err == ERR_OK)
		err = find_period(req, plan.event, &period);
	if (err == ERR_OK)
		err = foresee(req, &plan, &left);
	if (err == ERR_REFUSED)
		row = err_row(err);
	else if (err != ERR_OK)
		return (err);
	buf_printf(&reply->body, "{\"eligible\":%s,\"code\":%s%s%s,"
	    "\"trace\":%s,\"stockLeft\":", row == NULL ? "true" : "false",
	    row != NULL ? "\"" : "", row != NULL ? row->code : "null",
	    row != NULL ? "\"" : "", trace_of(req, &plan));
	if (left >= 0)
		buf_put_int(&reply->body, left);
	else
		buf_puts(&reply->body, "null");
	buf_putc(&reply->body, '}');
	reply_ok(reply);
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
	if (request_query(req, "userId") != NULL)
		query.index = CLAIMS_OF_USER;
	claim_visible(filter, request_query(req, "state"));
	return (page_list(app->store, req, reply, app->cursor_key, &query));
}

enum err
claim_mine(struct request *req, struct reply *reply)
{
	struct app *app = req->app;
	bson_t *filter = DOC(req->arena, "userId", BCON_UTF8(req->subject));
	struct page_query query = { CLAIMS, "cl", filter,
	    .index = CLAIMS_OF_USER };

	claim_visible(filter, NULL);
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
