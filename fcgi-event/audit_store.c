/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audit_store: the collection `audit`, and the forms of its documents.
 *
 * { _id, traceId, at, userId, operation, eventId,
 *   request: { method, path, body }, result: { status, code, claimId },
 *   durationMs }
 *
 * An intent is the same without result and durationMs, and with intent: true;
 * it is only ever in a spool.
 */
#include <stdbool.h>
#include <string.h>

#include "arena.h"
#include "audit_store.h"
#include "claim_store.h"
#include "clock.h"
#include "contract.h"
#include "doc.h"
#include "id.h"
#include "reply.h"
#include "request.h"
#include "schema.h"
#include "store.h"

/* The body, if it kept to its schema; what didn't is as long as it likes. */
static void
append_body(bson_t *doc, const struct request *req)
{
	struct schema_errors errors;
	bson_t body;

	schema_errors_init(&errors, req->arena);
	if (req->json == NULL || req->op->body == NULL ||
	    !schema_check(req->op->body, req->json, &errors)) {
		(void)BSON_APPEND_NULL(doc, "body");
		return;
	}
	(void)BSON_APPEND_DOCUMENT_BEGIN(doc, "body", &body);
	doc_append(&body, req->op->body, req->json);
	(void)bson_append_document_end(doc, &body);
}

static bson_t *
new_record(struct request *req)
{
	bson_t *doc = store_new_doc(req->arena), inner;
	char id[ID_SIZE];

	id_derive("au", req->attempt, id);
	(void)BSON_APPEND_UTF8(doc, "_id", id);
	(void)BSON_APPEND_UTF8(doc, "traceId", req->trace.id);
	(void)BSON_APPEND_DATE_TIME(doc, "at", id_time(req->attempt));
	(void)BSON_APPEND_UTF8(doc, "userId", req->subject);
	(void)BSON_APPEND_UTF8(doc, "operation", req->op->id);
	(void)BSON_APPEND_UTF8(doc, "eventId",
	    contract_param(req, "eventId"));
	(void)BSON_APPEND_DOCUMENT_BEGIN(doc, "request", &inner);
	(void)BSON_APPEND_UTF8(&inner, "method", req->method);
	(void)BSON_APPEND_UTF8(&inner, "path", req->path);
	append_body(&inner, req);
	(void)bson_append_document_end(doc, &inner);
	return (doc);
}

bson_t *
audit_intent(struct request *req)
{
	bson_t *doc = new_record(req);

	(void)BSON_APPEND_BOOL(doc, "intent", true);
	return (doc);
}

static void
append_result(bson_t *doc, int status, const char *code, const char *claim)
{
	bson_t inner;

	(void)BSON_APPEND_DOCUMENT_BEGIN(doc, "result", &inner);
	(void)BSON_APPEND_INT64(&inner, "status", status);
	(void)BSON_APPEND_UTF8(&inner, "code", code);
	if (claim != NULL)
		(void)BSON_APPEND_UTF8(&inner, "claimId", claim);
	else
		(void)BSON_APPEND_NULL(&inner, "claimId");
	(void)bson_append_document_end(doc, &inner);
}

bson_t *
audit_result(struct request *req, const struct reply *reply)
{
	bson_t *doc = new_record(req);

	append_result(doc, reply->status, reply->code != NULL ? reply->code :
	    reply->outcome != NULL ? reply->outcome : "GRANTED",
	    reply->object);
	(void)BSON_APPEND_INT64(doc, "durationMs",
	    clock_mono() - req->started);
	return (doc);
}

bool
audit_is_intent(const bson_t *doc)
{

	return (store_has(doc, "intent"));
}

enum err
audit_settle(struct store *S, const bson_t *intent, bson_t **record)
{
	struct arena *A;
	const bson_t *claim;
	char attempt[ID_SIZE];
	enum err err;

	if ((A = arena_new(1024 * 1024)) == NULL)
		return (err_set(ERR_INTERNAL, NULL));
	id_derive("at", store_text(intent, "_id"), attempt);
	err = claim_find_attempt(S, A, store_text(intent, "userId"),
	    store_text(intent, "eventId"), attempt, &claim);
	if (err == ERR_OK || err == ERR_NOT_FOUND) {
		*record = bson_new();
		bson_copy_to_excluding_noinit(intent, *record, "intent",
		    NULL);
		if (err == ERR_OK)
			append_result(*record, 201, claim_outcome(claim),
			    store_text(claim, "_id"));
		else
			append_result(*record, 500, "NO_ANSWER", NULL);
		(void)BSON_APPEND_INT64(*record, "durationMs", 0);
		err = ERR_OK;
	}
	arena_free(A);
	return (err);
}
