/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * init: make what an installation needs before its workers start: keys,
 * indexes, the guard of the administrators, the version of the data.
 *
 * It may be run again at any time, also twice at once.  The version is
 * written last: workers take a database with it for complete.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../fcgi-auth/token.h"
#include "../fcgi-auth/user_store.h"
#include "arena.h"
#include "clock.h"
#include "command.h"
#include "conf.h"
#include "id.h"
#include "keyfile.h"
#include "store.h"

#define FIELDS		3	/* of one index, at most */
#define TTL_SECONDS	86400	/* that an expired document stays */
#define TRIES		20
#define PAUSE_MS	100

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

static enum err
make_key(int folder, const char *name)
{
	enum err err;

	if (keyfile_exists(folder, name))
		return (ERR_OK);
	if ((err = keyfile_write_key(folder, name)) == ERR_OK)
		(void)printf("made the key %s\n", name);
	return (err);
}

/* A first key for access tokens, if there is none at all. */
static enum err
make_token_key(const struct conf *conf)
{
	char *path, id[ID_SIZE], name[64];
	struct token_keys *keys = NULL;
	int folder;
	enum err err;

	if ((path = conf_key_path(conf, "auth/token")) == NULL)
		return (ERR_INTERNAL);
	if ((err = keyfile_folder(path, &folder)) == ERR_OK) {
		if ((err = token_keys_read(path, &keys)) == ERR_NOT_FOUND) {
			id_new("at", id);
			(void)snprintf(name, sizeof(name), "%s.key", id + 3);
			err = make_key(folder, name);
		}
		(void)close(folder);
	}
	token_keys_free(keys);
	free(path);
	return (err);
}

/* What only the auth workers need lies in a folder of its own, which another
 * container or user need not have. */
static enum err
make_auth_keys(const struct conf *conf)
{
	char *path;
	int folder;
	enum err err;

	if ((path = conf_key_path(conf, "auth")) == NULL)
		return (ERR_INTERNAL);
	if ((err = keyfile_folder(path, &folder)) == ERR_OK) {
		if ((err = make_key(folder, "refresh.key")) == ERR_OK &&
		    (err = make_key(folder, "factor.key")) == ERR_OK)
			err = make_token_key(conf);
		(void)close(folder);
	}
	free(path);
	return (err);
}

static enum err
make_keys(const struct conf *conf)
{
	int folder;
	enum err err;

	if ((err = keyfile_folder(conf->keys, &folder)) != ERR_OK)
		return (err);
	if ((err = make_key(folder, "node.key")) == ERR_OK &&
	    (err = make_key(folder, "cursor.key")) == ERR_OK)
		err = make_auth_keys(conf);
	(void)close(folder);
	return (err);
}

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

/* { key: {role: 1, _id: -1}, name: "role_1__id_-1", ... } */
static void
append_index(bson_t *array, uint32_t number, const struct index *index)
{
	const char *position;
	char digits[16], name[128] = "";
	bson_t row, key;
	size_t i, len = 0;

	(void)bson_uint32_to_string(number, &position, digits,
	    sizeof(digits));
	(void)BSON_APPEND_DOCUMENT_BEGIN(array, position, &row);
	(void)BSON_APPEND_DOCUMENT_BEGIN(&row, "key", &key);
	for (i = 0; i < FIELDS && index->fields[i].name != NULL; i++) {
		(void)bson_append_int32(&key, index->fields[i].name, -1,
		    index->fields[i].order);
		len += (size_t)snprintf(name + len, sizeof(name) - len,
		    "%s%s_%d", i > 0 ? "_" : "", index->fields[i].name,
		    index->fields[i].order);
	}
	(void)bson_append_document_end(&row, &key);
	(void)BSON_APPEND_UTF8(&row, "name", name);
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
		append_index(&array, n++, &indexes[*row]);
	(void)bson_append_array_end(command, &array);
	return (run_command(S, command));
}

/* What the caches of the event workers count their generations by. */
static enum err
make_versions(struct store *S, struct arena *A)
{
	enum err err;

	err = store_insert(S, "versions", DOC(A, "_id", BCON_UTF8("events"),
	    "n", BCON_INT64(0), "pending", "{", "}"));
	return (err == ERR_EXISTS ? ERR_OK : err);
}

/*
 * Version 1 knew no limits and no choice.  What an event or reward lacks is
 * given the value that means what was true; snapshots of claims stay as they
 * were.
 */
static enum err
migrate_1(struct store *S, struct arena *A)
{
	enum err err;

	err = store_update_all(S, "events", DOC(A, "choice", "{", "$exists",
	    BCON_BOOL(false), "}"), DOC(A, "$set", "{",
	    "choice", BCON_UTF8("ALL"), "claimLimit", BCON_NULL, "}"));
	if (err != ERR_OK)
		return (err);
	return (store_update_all(S, "events", DOC(A, "rewards", "{",
	    "$elemMatch", "{", "requiresApproval", "{", "$exists",
	    BCON_BOOL(false), "}", "}", "}"), DOC(A, "$set", "{",
	    "rewards.$[].stock", BCON_NULL,
	    "rewards.$[].requiresApproval", BCON_BOOL(false),
	    "rewards.$[].claimWindow", BCON_NULL, "}")));
}

static enum err
make_data(struct store *S, struct arena *A, int64_t version)
{
	enum err err = ERR_OK;
	size_t row = 0;

	while (err == ERR_OK && row < NINDEXES)
		err = make_indexes(S, A, &row);
	if (err == ERR_OK && (err = user_guard(S)) == ERR_OK)
		err = make_versions(S, A);
	if (err == ERR_OK && version == 1)
		err = migrate_1(S, A);
	return (err == ERR_OK ? store_set_version(S, version) : err);
}

static enum err
prepare_database(const struct conf *conf, struct arena *A)
{
	int64_t version;
	struct store *S;
	enum err err;

	S = store_new(conf->mongo_uri, conf->mongo_db, false);
	if (S == NULL)
		return (ERR_INVALID);
	if ((err = store_version(S, &version)) == ERR_OK) {
		if (version > STORE_VERSION)
			err = store_check(S);
		else
			err = make_data(S, A, version);
		if (err == ERR_OK && version < STORE_VERSION)
			(void)printf("the database %s has version %d now\n",
			    conf->mongo_db, STORE_VERSION);
	}
	store_free(S);
	return (err);
}

int
command_init(struct context *ctx, int argc, char *argv[])
{
	int status;
	enum err err;

	if ((status = command_bare(ctx, argc, argv)) != -1 ||
	    (status = command_configure(ctx)) != -1)
		return (status);
	if ((err = make_keys(ctx->conf)) == ERR_OK)
		err = prepare_database(ctx->conf, ctx->arena);
	return (err == ERR_OK ? EXIT_DONE : command_failed(err));
}
