/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decision: a claim is approved, rejected, revoked, or expires.
 *
 * A decision that gives units back announces itself first, as a hold in each
 * of the limits; then one conditional update of the claim decides; then each
 * hold is turned into a free unit.  Who dies in between leaves holds, and the
 * claim says whether their decision came through: see settle.h.
 *
 * Each try has a decisionId of its own, so nobody else writes that decision;
 * the attemptId in it tells a call that is repeated what it has done already.
 */
#include <string.h>

#include "app.h"
#include "arena.h"
#include "claim_store.h"
#include "clock.h"
#include "decision.h"
#include "doc.h"
#include "id.h"
#include "json.h"
#include "log.h"
#include "reply.h"
#include "request.h"
#include "stock_store.h"
#include "store.h"

#define TRIES	20	/* of one that others overtake */

static const struct err_row not_pending = { 409, "NOT_PENDING",
    "The claim is not pending" };
static const struct err_row not_granted = { 409, "NOT_GRANTED",
    "The claim is not granted" };

/* A row: what an operation makes of a claim in which state. */
struct verb {
	const char		*from;
	const char		*to;
	const struct err_row	*refusal;
};

static const struct verb approval = { "PENDING", "GRANTED", &not_pending };
static const struct verb rejection = { "PENDING", "REJECTED", &not_pending };
static const struct verb revocation = { "GRANTED", "REVOKED", &not_granted };
static const struct verb expiry = { "PENDING", "EXPIRED", &not_pending };

static enum err
announce(struct store *S, struct arena *A, const bson_t *claim,
    const struct claim_decision *decision)
{
	const char *const *ids;
	struct stock_hold hold = { decision->id, store_text(claim, "_id"),
	    store_text(claim, "userId"), store_text(claim, "eventId"),
	    store_text(claim, "period"), clock_now() };
	size_t i, count = claim_took(A, claim, &ids);
	enum err err = ERR_OK;

	for (i = 0; err == ERR_OK && i < count; i++) {
		err = stock_hold(S, A, ids[i], &hold);
		/* Nothing counts what is given back: then there is no need. */
		if (err == ERR_NOT_FOUND) {
			log_write(LOG_ERROR, "a limit is missing",
			    LOG_STR("id", ids[i]), LOG_END);
			err = ERR_OK;
		}
	}
	return (err);
}

/* The holds become free units, or nothing if it did not come to it. */
static enum err
conclude(struct store *S, struct arena *A, const bson_t *claim,
    const struct claim_decision *decision, bool done)
{
	const char *const *ids;
	size_t i, count = claim_took(A, claim, &ids);
	enum err err = ERR_OK;

	for (i = 0; err == ERR_OK && i < count; i++)
		err = done ? stock_give_back(S, A, ids[i], decision->id) :
		    stock_drop(S, A, ids[i], &decision->id, 1);
	return (err);
}

enum err
decision_make(struct store *S, struct arena *A, const bson_t *claim,
    const struct claim_decision *decision)
{
	bool frees = strcmp(decision->to, "GRANTED") != 0, done;
	enum err err;

	if (frees && (err = announce(S, A, claim, decision)) != ERR_OK)
		return (err);
	if ((err = claim_decide(S, A, claim, decision, &done)) != ERR_OK)
		return (err);
	/* It is decided; what can't be concluded now the sweep concludes. */
	if (frees && conclude(S, A, claim, decision, done) != ERR_OK)
		log_write(LOG_WARN, "units are given back later",
		    LOG_STR("claimId", store_text(claim, "_id")), LOG_END);
	return (done ? ERR_OK : err_set(ERR_EXISTS, NULL));
}

static bool
is_over(const bson_t *claim, int64_t now)
{

	return (claim_in_state(claim, "PENDING") &&
	    store_has(claim, "expiresAt") &&
	    store_time(claim, "expiresAt") <= now);
}

enum err
decision_expire(struct store *S, struct arena *A, const char *id, int64_t now)
{
	struct claim_decision decision = { .from = expiry.from,
	    .to = expiry.to, .by = "sweep", .at = now };
	char decided[ID_SIZE];
	const bson_t *claim;
	enum err err;

	if ((err = claim_find(S, A, id, &claim)) != ERR_OK)
		return (err);
	if (!is_over(claim, now))
		return (ERR_OK);
	id_new("dc", decided);
	decision.id = decision.attempt = decided;
	err = decision_make(S, A, claim, &decision);
	/* Somebody decided first: that is as good. */
	return (err == ERR_EXISTS ? ERR_OK : err);
}

/* One try on the claim as it is now; ERR_EXISTS to try again. */
static enum err
try_verb(struct request *req, const struct verb *verb, const char *id)
{
	struct app *app = req->app;
	struct claim_decision decision = { .attempt = req->attempt,
	    .from = verb->from, .to = verb->to,
	    .by = req->subject != NULL ? req->subject : "service",
	    .reason = json_get_string(req->json, "reason"),
	    .trace = req->trace.id, .at = clock_now() };
	char decided[ID_SIZE];
	const bson_t *claim;
	enum err err;

	err = claim_find(app->store, req->arena, id, &claim);
	if (err != ERR_OK || claim_has_decision(claim, "attemptId",
	    req->attempt))
		return (err);
	if (!claim_in_state(claim, verb->from) ||
	    is_over(claim, decision.at))
		return (err_refuse(verb->refusal, NULL));
	id_new_at("dc", req->attempt, decided);
	decision.id = decided;
	return (decision_make(app->store, req->arena, claim, &decision));
}

static enum err
decide(struct request *req, struct reply *reply, const struct verb *verb)
{
	struct app *app = req->app;
	const char *id = contract_param(req, "claimId");
	const bson_t *claim;
	enum err err = ERR_EXISTS;
	int i;

	for (i = 0; err == ERR_EXISTS && i < TRIES; i++)
		err = try_verb(req, verb, id);
	if (err == ERR_EXISTS)
		err = err_set(ERR_AWAY, "try again");
	if (err == ERR_OK)
		err = claim_find(app->store, req->arena, id, &claim);
	if (err != ERR_OK)
		return (err);
	doc_put(&reply->body, req->op->result, claim);
	reply_ok(reply);
	return (ERR_OK);
}

enum err
claim_approve(struct request *req, struct reply *reply)
{

	return (decide(req, reply, &approval));
}

enum err
claim_reject(struct request *req, struct reply *reply)
{

	return (decide(req, reply, &rejection));
}

enum err
claim_revoke(struct request *req, struct reply *reply)
{

	return (decide(req, reply, &revocation));
}
