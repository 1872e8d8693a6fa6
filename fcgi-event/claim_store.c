/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claim_store: the collection `claims`.
 *
 * { _id, userId, eventId, period, state, rewards: [reward],
 *   snapshot: { event, rewards: [reward] }, traceId, attemptId, createdAt }
 *
 * _id is derived from the attempt, so a repeated attempt meets its own claim.
 */
#include <string.h>

#include "arena.h"
#include "claim_store.h"
#include "event_store.h"
#include "id.h"
#include "period.h"
#include "request.h"
#include "store.h"

enum err
claim_find(struct store *S, struct arena *A, const char *id,
    const bson_t **out)
{

	if (!id_valid("cl", id))
		return (err_set(ERR_NOT_FOUND, "there is no such claim"));
	return (store_find_one(S, A, CLAIMS,
	    DOC(A, "_id", BCON_UTF8(id)), out));
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
	/* Keys of periods begin with a digit or are ALL. */
	return (store_find_one(S, A, CLAIMS, DOC(A,
	    "userId", BCON_UTF8(user), "eventId", BCON_UTF8(event),
	    "period", "{", "$gte", BCON_UTF8("0"), "$lt", BCON_UTF8("B"), "}",
	    "createdAt", "{", "$gte", BCON_DATE_TIME(period->begins), "$lt",
	    BCON_DATE_TIME(period->ends), "}"), out));
}

/* The event as it is now, without its rewards, which stand beside it. */
static void
append_snapshot(bson_t *claim, const bson_t *event, const bson_iter_t *rewards)
{
	bson_t snapshot, copy;

	(void)BSON_APPEND_DOCUMENT_BEGIN(claim, "snapshot", &snapshot);
	(void)BSON_APPEND_DOCUMENT_BEGIN(&snapshot, "event", &copy);
	bson_copy_to_excluding_noinit(event, &copy, "rewards", "attemptId",
	    NULL);
	(void)bson_append_document_end(&snapshot, &copy);
	(void)bson_append_iter(&snapshot, "rewards", -1, rewards);
	(void)bson_append_document_end(claim, &snapshot);
}

static bson_t *
new_claim(struct request *req, const bson_t *event, const char *period,
    const char *id)
{
	bson_t *claim = store_new_doc(req->arena);
	bson_iter_t rewards;

	(void)BSON_APPEND_UTF8(claim, "_id", id);
	(void)BSON_APPEND_UTF8(claim, "userId", req->subject);
	(void)BSON_APPEND_UTF8(claim, "eventId", store_text(event, "_id"));
	(void)BSON_APPEND_UTF8(claim, "period", period);
	(void)BSON_APPEND_UTF8(claim, "state", "GRANTED");
	if (bson_iter_init_find(&rewards, event, "rewards")) {
		(void)bson_append_iter(claim, "rewards", -1, &rewards);
		append_snapshot(claim, event, &rewards);
	}
	(void)BSON_APPEND_UTF8(claim, "traceId", req->trace.id);
	(void)BSON_APPEND_UTF8(claim, "attemptId", req->attempt);
	(void)BSON_APPEND_DATE_TIME(claim, "createdAt",
	    id_time(req->attempt));
	return (claim);
}

enum err
claim_insert(struct store *S, struct request *req, const bson_t *event,
    const struct period *period, const bson_t **out)
{
	const bson_t *claim;
	const char *found;
	char id[ID_SIZE];
	enum err err = ERR_NOT_FOUND;

	id_derive("cl", req->attempt, id);
	if (period->mixed)
		err = claim_find_own(S, req->arena, req->subject,
		    store_text(event, "_id"), period, out);
	if (err == ERR_NOT_FOUND) {
		claim = new_claim(req, event, period->key, id);
		err = store_insert(S, CLAIMS, claim);
		*out = claim;
		if (err != ERR_EXISTS)
			return (err);
		err = claim_find_own(S, req->arena, req->subject,
		    store_text(event, "_id"), period, out);
	}
	if (err == ERR_NOT_FOUND)
		return (err_set(ERR_AWAY, "try again"));
	if (err != ERR_OK)
		return (err);
	found = store_text(*out, "_id");
	return (found != NULL && strcmp(found, id) == 0 ? ERR_OK :
	    err_set(ERR_EXISTS, NULL));
}
