/* SPDX-License-Identifier: BSD-2-Clause */
/* indexes: what the database finds documents by; see indexes.h. */
#include <bson/bson.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "indexes.h"
#include "store.h"

#define FIELDS		3	/* of one index, at most */
#define TTL_SECONDS	86400	/* that an expired document stays */
#define TRIES		20
#define PAUSE_MS	100
#define NAMES_MAX	64	/* indexes of a collection that are looked at */

enum kind {
	PLAIN,
	UNIQUE,
	TTL,
	PENDING,	/* only of documents whose state is PENDING */
	SPARSE		/* only of documents that have the first field */
};

/* The rows of one collection stand together. */
static const struct index {
	const char	*collection;
	enum kind	 kind;
	struct {
		const char	*name;
		int		 order;
	}		 fields[FIELDS];
} indexes[] = {
	{ "users", PLAIN, { { "role", 1 }, { "_id", -1 } } },
	{ "users", PLAIN, { { "status", 1 }, { "_id", -1 } } },
	{ "sessions", PLAIN, { { "userId", 1 } } },
	{ "sessions", TTL, { { "expiresAt", 1 } } },
	{ "revocations", PLAIN, { { "at", 1 } } },
	{ "revocations", PLAIN, { { "pending", 1 } } },
	{ "revocations", TTL, { { "expiresAt", 1 } } },
	{ "events", PLAIN, { { "status", 1 }, { "_id", -1 } } },
	{ "events", PLAIN, { { "rewards.rewardId", 1 } } },
	{ "events", PLAIN, { { "rewards.type", 1 }, { "_id", -1 } } },
	{ "claims", UNIQUE, { { "userId", 1 }, { "eventId", 1 },
	    { "period", 1 } } },
	{ "claims", PLAIN, { { "eventId", 1 }, { "_id", -1 } } },
	{ "claims", PENDING, { { "state", 1 }, { "_id", -1 } } },
	{ "claims", SPARSE, { { "expiresAt", 1 } } },
	{ "voids", PLAIN, { { "at", 1 } } },
	{ "progress", UNIQUE, { { "userId", 1 }, { "metric", 1 },
	    { "day", 1 } } },
	{ "activities", PLAIN, { { "userId", 1 }, { "_id", -1 } } },
	{ "tries", PLAIN, { { "at", 1 } } },
	{ "erasures", SPARSE, { { "next", 1 } } },
	{ "idempotency", PLAIN, { { "users", 1 } } },
	{ "idempotency", TTL, { { "expiresAt", 1 } } },
	{ "audit", PLAIN, { { "traceId", 1 } } },
	{ "audit", PLAIN, { { "userId", 1 }, { "_id", -1 } } },
	{ "audit", PLAIN, { { "eventId", 1 }, { "_id", -1 } } },
	{ "audit", PLAIN, { { "result.code", 1 }, { "_id", -1 } } },
};

#define NINDEXES	(sizeof(indexes) / sizeof(indexes[0]))

/* Which documents a partial index is for. */
static void
append_condition(bson_t *row, const struct index *index)
{
	bson_t filter, exists;

	if (index->kind != PENDING && index->kind != SPARSE)
		return;
	(void)BSON_APPEND_DOCUMENT_BEGIN(row, "partialFilterExpression",
	    &filter);
	if (index->kind == PENDING)
		(void)BSON_APPEND_UTF8(&filter, "state", "PENDING");
	else {
		(void)bson_append_document_begin(&filter,
		    index->fields[0].name, -1, &exists);
		(void)BSON_APPEND_BOOL(&exists, "$exists", true);
		(void)bson_append_document_end(&filter, &exists);
	}
	(void)bson_append_document_end(row, &filter);
}

/* "role_1__id_-1" */
static const char *
name_index(struct arena *A, const struct index *index)
{
	const char *name = "";
	size_t i;

	for (i = 0; i < FIELDS && index->fields[i].name != NULL; i++)
		name = arena_printf(A, "%s%s%s_%d", name, i > 0 ? "_" : "",
		    index->fields[i].name, index->fields[i].order);
	return (name);
}

/* { key: {role: 1, _id: -1}, name: "role_1__id_-1", ... } */
static void
append_index(bson_t *array, struct arena *A, uint32_t number,
    const struct index *index)
{
	const char *position;
	char digits[16];
	bson_t row, key;
	size_t i;

	(void)bson_uint32_to_string(number, &position, digits,
	    sizeof(digits));
	(void)BSON_APPEND_DOCUMENT_BEGIN(array, position, &row);
	(void)BSON_APPEND_DOCUMENT_BEGIN(&row, "key", &key);
	for (i = 0; i < FIELDS && index->fields[i].name != NULL; i++)
		(void)bson_append_int32(&key, index->fields[i].name, -1,
		    index->fields[i].order);
	(void)bson_append_document_end(&row, &key);
	(void)BSON_APPEND_UTF8(&row, "name", name_index(A, index));
	if (index->kind == UNIQUE)
		(void)BSON_APPEND_BOOL(&row, "unique", true);
	if (index->kind == TTL)
		(void)BSON_APPEND_INT32(&row, "expireAfterSeconds",
		    TTL_SECONDS);
	append_condition(&row, index);
	(void)bson_append_document_end(array, &row);
}

/* Two who make indexes on one collection can be in each other's way. */
static enum err
run_command(struct store *S, const bson_t *command)
{
	const struct timespec pause = { 0, PAUSE_MS * 1000000L };
	enum err err;
	int i;

	for (i = 0; (err = store_command(S, command)) != ERR_OK &&
	    i < TRIES; i++)
		(void)nanosleep(&pause, NULL);
	return (err);
}

/* Make the indexes of the collection of row ${*row}, and go to the next. */
static enum err
make_indexes(struct store *S, struct arena *A, size_t *row)
{
	const char *collection = indexes[*row].collection;
	bson_t *command = store_new_doc(A), array;
	uint32_t n = 0;

	(void)BSON_APPEND_UTF8(command, "createIndexes", collection);
	(void)BSON_APPEND_ARRAY_BEGIN(command, "indexes", &array);
	for (; *row < NINDEXES &&
	    strcmp(indexes[*row].collection, collection) == 0; (*row)++)
		append_index(&array, A, n++, &indexes[*row]);
	(void)bson_append_array_end(command, &array);
	return (run_command(S, command));
}

enum err
indexes_make(struct store *S, struct arena *A)
{
	enum err err = ERR_OK;
	size_t row = 0;

	while (err == ERR_OK && row < NINDEXES)
		err = make_indexes(S, A, &row);
	return (err);
}

/* The names of the indexes that a collection has. */
struct names {
	struct arena	*arena;
	const char	*list[NAMES_MAX];
	size_t		 count;
};

static bool
keep_name(void *ctx, const bson_t *doc)
{
	struct names *names = ctx;
	const char *name = store_text(doc, "name");

	if (name != NULL && names->count < NAMES_MAX)
		names->list[names->count++] = arena_strdup(names->arena,
		    name);
	return (true);
}

static bool
is_there(const struct names *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->count; i++)
		if (strcmp(names->list[i], name) == 0)
			return (true);
	return (false);
}

enum err
indexes_missing(struct store *S, struct arena *A,
    void (*each)(void *, const char *, const char *), void *ctx)
{
	const char *last = "", *name;
	struct names names = { .arena = A };
	enum err err;
	size_t i;

	for (i = 0; i < NINDEXES; i++) {
		if (strcmp(indexes[i].collection, last) != 0) {
			last = indexes[i].collection;
			names.count = 0;
			err = store_indexes(S, last, keep_name, &names);
			if (err != ERR_OK)
				return (err);
		}
		name = name_index(A, &indexes[i]);
		if (!is_there(&names, name))
			each(ctx, last, name);
	}
	return (ERR_OK);
}
