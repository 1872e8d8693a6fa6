/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idempotency: the collection `idempotency`.
 *
 * { _id, bodyHash, attemptId, owner, state: RUNNING | DONE, leaseUntil,
 *   expiresAt, answer: { status, code, title, detail, headers, body, object },
 *   users: whose data it may hold }
 *
 * _id is a keyed hash of who, what and the key.  attemptId is that of the first
 * try; owner is the attempt at work.  Each step is an insert, or one update
 * that names the owner and lease that were seen.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "id.h"
#include "idempotency.h"
#include "log.h"
#include "reply.h"
#include "request.h"
#include "store.h"

#define LEASE_MS	30000
#define KEEP_MS		86400000
#define TRIES		4

#define HASH_LEN	32
#define HASH_SIZE	(2 * HASH_LEN + 1)

static const struct err_row conflict = { 409, "IDEMPOTENCY_CONFLICT",
    "A request with this Idempotency-Key is still at work" };
static const struct err_row reused = { 422, "IDEMPOTENCY_KEY_REUSED",
    "This Idempotency-Key came with another body before" };

/* What is known of an entry while its request is served. */
struct entry {
	char		 id[HASH_SIZE];
	char		 body[HASH_SIZE];
	char		 first[ID_SIZE];	/* attemptId */
	const bson_t	*done;			/* its answer is kept; or NULL */
};

/* The parts end in NULs, so none can pass for a piece of another. */
static void
hash(const struct idempotency *I, const char *const *parts, size_t count,
    char out[HASH_SIZE])
{
	crypto_generichash_state state;
	unsigned char bytes[HASH_LEN];
	size_t i;

	(void)crypto_generichash_init(&state, I->key, IDEMPOTENCY_KEY_LEN,
	    sizeof(bytes));
	for (i = 0; i < count; i++)
		(void)crypto_generichash_update(&state,
		    (const unsigned char *)parts[i], strlen(parts[i]) + 1);
	(void)crypto_generichash_final(&state, bytes, sizeof(bytes));
	(void)sodium_bin2hex(out, HASH_SIZE, bytes, sizeof(bytes));
}

static void
name_entry(const struct idempotency *I, const struct request *req,
    struct entry *entry)
{
	const char *const who[] = { "entry",
	    req->subject != NULL ? req->subject : "service", req->op->id,
	    req->path, request_env(req, "HTTP_IDEMPOTENCY_KEY") };
	const char *const what[] = { "body", req->body };

	hash(I, who, sizeof(who) / sizeof(who[0]), entry->id);
	hash(I, what, sizeof(what) / sizeof(what[0]), entry->body);
	entry->done = NULL;
}

static enum err
insert(const struct idempotency *I, struct request *req,
    struct entry *entry)
{
	int64_t now = clock_now();

	memcpy(entry->first, req->attempt, ID_SIZE);
	return (store_insert(I->store, IDEMPOTENCY, DOC(req->arena,
	    "users", BCON_ARRAY(store_array(req->arena, &req->subject,
	    req->subject != NULL ? 1 : 0)),
	    "_id", BCON_UTF8(entry->id), "bodyHash", BCON_UTF8(entry->body),
	    "attemptId", BCON_UTF8(req->attempt),
	    "owner", BCON_UTF8(req->attempt), "state", BCON_UTF8("RUNNING"),
	    "leaseUntil", BCON_DATE_TIME(now + LEASE_MS),
	    "expiresAt", BCON_DATE_TIME(now + KEEP_MS))));
}

static bool
is_text(const bson_t *doc, const char *name, const char *text)
{
	const char *found = store_text(doc, name);

	return (found != NULL && strcmp(found, text) == 0);
}

/* Go on with somebody's entry, if it is still as it was seen. */
static enum err
take_over(const struct idempotency *I, struct request *req,
    struct entry *entry, const bson_t *found, bool *ours)
{
	const char *owner = store_text(found, "owner");
	const char *first = store_text(found, "attemptId");
	int64_t now = clock_now();
	bson_t *seen;

	if (owner == NULL || first == NULL || !id_valid("at", first))
		return (err_set(ERR_INTERNAL, NULL));
	memcpy(entry->first, first, ID_SIZE);
	seen = DOC(req->arena, "_id", BCON_UTF8(entry->id),
	    "owner", BCON_UTF8(owner), "state", BCON_UTF8("RUNNING"));
	/* Two may have seen it run out. */
	if (strcmp(owner, req->attempt) != 0)
		(void)BSON_APPEND_DOCUMENT(seen, "leaseUntil", DOC(req->arena,
		    "$not", "{", "$gt", BCON_DATE_TIME(now), "}"));
	return (store_update(I->store, IDEMPOTENCY, seen, DOC(req->arena,
	    "$set", "{", "owner", BCON_UTF8(req->attempt), "leaseUntil",
	    BCON_DATE_TIME(now + LEASE_MS), "}"), ours));
}

static enum err
remove_expired(const struct idempotency *I, struct request *req,
    const struct entry *entry)
{

	return (store_remove(I->store, IDEMPOTENCY, DOC(req->arena,
	    "_id", BCON_UTF8(entry->id), "expiresAt", "{", "$not", "{", "$gt",
	    BCON_DATE_TIME(clock_now()), "}", "}")));
}

/*
 * The entry exists: is its answer to be given, or its work to be done?
 * ${settled} is false if it has to be looked at again.
 */
static enum err
meet(const struct idempotency *I, struct request *req, struct reply *reply,
    struct entry *entry, bool *settled)
{
	const bson_t *found;
	enum err err;

	err = store_find_one(I->store, req->arena, IDEMPOTENCY, DOC(req->arena,
	    "_id", BCON_UTF8(entry->id)), &found);
	if (err == ERR_NOT_FOUND)
		return (ERR_OK);
	if (err != ERR_OK)
		return (err);
	if (store_time(found, "expiresAt") <= clock_now())
		return (remove_expired(I, req, entry));
	if (!is_text(found, "bodyHash", entry->body))
		return (err_refuse(&reused, NULL));
	if (is_text(found, "state", "DONE")) {
		entry->done = found;
		*settled = true;
		return (ERR_OK);
	}
	/* A call that the gateway repeats has lost its worker. */
	if (store_time(found, "leaseUntil") > clock_now() &&
	    !is_text(found, "owner", req->attempt)) {
		reply_header(reply, "Retry-After", "1");
		return (err_refuse(&conflict, NULL));
	}
	return (take_over(I, req, entry, found, settled));
}

static enum err
begin(const struct idempotency *I, struct request *req, struct reply *reply,
    struct entry *entry)
{
	bool settled = false;
	int tries;
	enum err err;

	name_entry(I, req, entry);
	for (tries = 0; tries < TRIES; tries++) {
		err = insert(I, req, entry);
		if (err != ERR_EXISTS)
			return (err);
		err = meet(I, req, reply, entry, &settled);
		if (err != ERR_OK || settled)
			return (err);
	}
	reply_header(reply, "Retry-After", "1");
	return (err_refuse(&conflict, NULL));
}

/* A refusal is made anew from its parts: it has a trace of its own. */
static enum err
replay(struct request *req, struct reply *reply, const bson_t *done)
{
	struct err_row *row;
	const char *headers = store_text(done, "answer.headers");
	const char *body = store_text(done, "answer.body");
	const char *detail = store_text(done, "answer.detail");
	const char *code = store_text(done, "answer.code");

	if (headers == NULL || body == NULL)
		return (err_set(ERR_INTERNAL, NULL));
	reply->object = store_text(done, "answer.object");
	reply_pass(reply, (int)store_int(done, "answer.status"), headers,
	    body, strlen(body));
	reply_header(reply, "Idempotency-Replayed", "true");
	if (code == NULL)
		return (ERR_OK);
	row = arena_alloc(req->arena, sizeof(*row));
	row->status = reply->status;
	row->code = code;
	row->title = store_text(done, "answer.title");
	return (err_refuse(row, "%s", detail != NULL ? detail : ""));
}

static bson_t *
new_answer(struct request *req, const struct reply *reply, enum err err)
{
	const struct err_row *row = err_row(err);
	bson_t *answer = store_new_doc(req->arena);

	(void)BSON_APPEND_INT64(answer, "status", err == ERR_OK ?
	    reply->status : row->status);
	if (err != ERR_OK) {
		(void)BSON_APPEND_UTF8(answer, "code", row->code);
		(void)BSON_APPEND_UTF8(answer, "title", row->title);
		(void)BSON_APPEND_UTF8(answer, "detail", err_detail());
	}
	(void)BSON_APPEND_UTF8(answer, "headers", reply->headers.data);
	(void)BSON_APPEND_UTF8(answer, "body", reply->body.data);
	if (reply->object != NULL)
		(void)BSON_APPEND_UTF8(answer, "object", reply->object);
	return (answer);
}

/* The entry, while it is this request's. */
static bson_t *
own_entry(struct request *req, const struct entry *entry)
{

	return (DOC(req->arena, "_id", BCON_UTF8(entry->id), "owner",
	    BCON_UTF8(req->attempt), "state", BCON_UTF8("RUNNING")));
}

/* Does the answer show somebody whom the request has made? */
static bool
made_user(const bson_t *answer)
{
	const char *object = store_text(answer, "object");

	return (object != NULL && id_valid("us", object));
}

/*
 * Keep the answer, or let go of the entry.  What fails here is left
 * to the lease: who takes the entry over finds what was done.
 */
static void
finish(const struct idempotency *I, struct request *req,
    const struct entry *entry, enum err err, const bson_t *answer)
{
	int status = err_row(err)->status;
	bson_t *own = own_entry(req, entry), *change;
	enum err stored;

	if (err != ERR_OK && status == 400) {
		stored = store_remove(I->store, IDEMPOTENCY, own);
	} else {
		change = (err != ERR_OK && status >= 500) ?
		    DOC(req->arena, "$set", "{", "leaseUntil",
		    BCON_DATE_TIME(0), "}") :
		    DOC(req->arena, "$set", "{", "state", BCON_UTF8("DONE"),
		    "answer", BCON_DOCUMENT(answer), "}");
		if (made_user(answer))
			(void)BSON_APPEND_DOCUMENT(change, "$addToSet",
			    DOC(req->arena, "users", BCON_UTF8(store_text(
			    answer, "object"))));
		stored = store_update(I->store, IDEMPOTENCY, own, change, NULL);
	}
	if (stored != ERR_OK)
		log_write(LOG_WARN, "an answer was not kept",
		    LOG_STR("traceId", req->trace.id), LOG_END);
}

enum err
idempotency_run(const struct idempotency *I, struct request *req,
    struct reply *reply, handler_fn *run)
{
	struct entry entry;
	char own[ID_SIZE], detail[512];
	enum err err;

	if ((err = begin(I, req, reply, &entry)) != ERR_OK)
		return (err);
	if (entry.done != NULL)
		return (replay(req, reply, entry.done));
	memcpy(own, req->attempt, ID_SIZE);
	memcpy(req->attempt, entry.first, ID_SIZE);
	err = run(req, reply);
	memcpy(req->attempt, own, ID_SIZE);
	if (reply->body.full || reply->headers.full)
		err = err_set(ERR_INTERNAL, NULL);
	/* The store speaks of its own faults there. */
	(void)snprintf(detail, sizeof(detail), "%s", err_detail());
	finish(I, req, &entry, err, new_answer(req, reply, err));
	if (err != ERR_OK && err != ERR_REFUSED)
		return (err_set(err, "%s", detail));
	return (err == ERR_OK ? ERR_OK : err_refuse(err_row(err), "%s",
	    detail));
}

enum err
idempotency_erase(struct store *S, struct arena *A, const char *user)
{

	return (store_remove_all(S, IDEMPOTENCY, DOC(A, "users",
	    BCON_UTF8(user))));
}
