/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store: the only file that calls mongo-c-driver.
 *
 * Always true: one try takes no longer than about CONNECT_MS + SOCKET_MS, and
 * none is made for AWAY_MS after there was nobody to connect to; after a
 * failure of the connection the client is thrown away, because a driver's
 * client goes on failing for some seconds after the server is back.
 */
#include <mongoc/mongoc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "clock.h"
#include "id.h"
#include "log.h"
#include "sandbox.h"
#include "store.h"
#include "worker.h"

#define CONNECT_MS	400
#define SELECT_MS	1000
#define SOCKET_MS	1000
#define AWAY_MS		250	/* not to try again after no connection */
#define QUERY_MS	1000	/* maxTimeMS: what the server may spend */

#define DUPLICATE_KEY	11000

/* FerretDB passes on a SQLSTATE as PostgreSQL packs it, six bits a letter. */
#define SIX(c)		((uint32_t)((c) - '0') & 0x3f)
#define SQLSTATE(a, b, c, d, e) \
	(SIX(a) | SIX(b) << 6 | SIX(c) << 12 | SIX(d) << 18 | SIX(e) << 24)

#define TRIES		20	/* of a write that the server rolled back */
#define PAUSE_MS	16	/* at least, between two of them */

struct store {
	mongoc_uri_t		*uri;
	char			*db;
	mongoc_client_t		*client;	/* NULL: not connected */
	int64_t			 away_until;	/* clock_mono() */
	bool			 unchecked;	/* version not yet seen */

	/* The search under way, or one that an arena's jump left. */
	mongoc_collection_t	*collection;	/* NULL: none */
	mongoc_cursor_t		*cursor;
};

/* Server codes that mean "not now" and not "never". */
static const uint32_t passing[] = {
	1,	/* InternalError: FerretDB whose PostgreSQL is away */
	6, 7, 89, 91, 189, 10107, 11600, 11602, 13435, 13436,
	50,	/* MaxTimeMSExpired */
	262,	/* ExceededTimeLimit */
	SQLSTATE('0', '8', '0', '0', '0'),	/* connection exceptions */
	SQLSTATE('0', '8', '0', '0', '3'),
	SQLSTATE('0', '8', '0', '0', '6'),
	SQLSTATE('5', '3', '3', '0', '0'),	/* too many connections */
	SQLSTATE('5', '7', 'P', '0', '1'),	/* shutting down */
	SQLSTATE('5', '7', 'P', '0', '2'),
	SQLSTATE('5', '7', 'P', '0', '3'),	/* starting */
};

/*
 * Server codes that mean: nothing was written, because another writer was in
 * the way.  The same write may be made again.  DocumentDB's unique indexes are
 * exclusion constraints: of several who insert one key at once some wait for
 * each other, and PostgreSQL ends one of them as a deadlock.
 */
static const uint32_t conflicts[] = {
	112,	/* WriteConflict */
	SQLSTATE('4', '0', '0', '0', '1'),	/* serialization failure */
	SQLSTATE('4', '0', 'P', '0', '1'),	/* deadlock */
};

static void
log_driver(mongoc_log_level_t level, const char *domain, const char *text,
    void *ctx)
{

	(void)ctx;
	if (level <= MONGOC_LOG_LEVEL_WARNING)
		log_write(LOG_WARN, "driver", LOG_STR("domain", domain),
		    LOG_STR("text", text), LOG_END);
}

static void
set_default(mongoc_uri_t *uri, const char *option, int32_t value)
{

	if (!mongoc_uri_has_option(uri, option))
		(void)mongoc_uri_set_option_as_int32(uri, option, value);
}

static void
set_options(mongoc_uri_t *uri)
{
	mongoc_write_concern_t *concern = mongoc_write_concern_new();

	set_default(uri, MONGOC_URI_CONNECTTIMEOUTMS, CONNECT_MS);
	set_default(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, SELECT_MS);
	set_default(uri, MONGOC_URI_SOCKETTIMEOUTMS, SOCKET_MS);
	(void)mongoc_uri_set_option_as_bool(uri,
	    MONGOC_URI_SERVERSELECTIONTRYONCE, true);
	/* A repeat is ours to decide: see "unknown outcome". */
	(void)mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYREADS, false);
	(void)mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYWRITES,
	    false);
	mongoc_write_concern_set_wmajority(concern, 0);
	mongoc_write_concern_set_journal(concern, true);
	mongoc_uri_set_write_concern(uri, concern);
	mongoc_write_concern_destroy(concern);
}

struct store *
store_new(const char *uri, const char *db, bool check)
{
	struct store *S;
	bson_error_t error;

	mongoc_init();
	mongoc_log_set_handler(log_driver, NULL);
	if ((S = calloc(1, sizeof(*S))) == NULL ||
	    (S->db = strdup(db)) == NULL) {
		(void)err_set(ERR_INTERNAL, "out of memory");
		store_free(S);
		return (NULL);
	}
	/* The driver's text may hold the URI and so a password. */
	if ((S->uri = mongoc_uri_new_with_error(uri, &error)) == NULL) {
		(void)err_set(ERR_INVALID, "mongo_uri is not a MongoDB URI");
		store_free(S);
		return (NULL);
	}
	set_options(S->uri);
	S->unchecked = check;
	return (S);
}

void
store_sandbox(struct store *S, struct sandbox *B)
{
	static const char *const options[] = {
		MONGOC_URI_TLSCAFILE, MONGOC_URI_TLSCERTIFICATEKEYFILE
	};
	size_t i;

	B->connects = true;
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		sandbox_reads(B, mongoc_uri_get_option_as_utf8(S->uri,
		    options[i], NULL));
	sandbox_reads(B, getenv("SSL_CERT_FILE"));
	sandbox_reads(B, getenv("SSL_CERT_DIR"));
}

/* End the search.  There is one at a time: who is called for each document
 * doesn't call the store. */
static void
end_search(struct store *S)
{

	if (S->collection == NULL)
		return;
	mongoc_cursor_destroy(S->cursor);
	S->cursor = NULL;
	mongoc_collection_destroy(S->collection);
	S->collection = NULL;
}

static void
hang_up(struct store *S)
{

	end_search(S);
	if (S->client != NULL)
		mongoc_client_destroy(S->client);
	S->client = NULL;
}

void
store_free(struct store *S)
{

	if (S == NULL)
		return;
	hang_up(S);
	if (S->uri != NULL)
		mongoc_uri_destroy(S->uri);
	free(S->db);
	free(S);
}

static bool
is_one_of(uint32_t code, const uint32_t *codes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (codes[i] == code)
			return (true);
	return (false);
}

static bool
is_conflict(const bson_error_t *error)
{

	return (is_one_of(error->code, conflicts,
	    sizeof(conflicts) / sizeof(conflicts[0])));
}

/*
 * Was the write rolled back, and is it worth another try?  The pause differs
 * from one writer to the other, or they would meet again; and it is never so
 * short that the one who was left alone could not have ended meanwhile.
 */
static bool
try_again(const bson_error_t *error, int *tries)
{
	struct timespec pause = { 0, 0 };
	unsigned char random;

	if (!is_conflict(error) || ++*tries == TRIES)
		return (false);
	id_random(&random, sizeof(random));
	pause.tv_nsec = (PAUSE_MS + random % (2 * PAUSE_MS)) * 1000000L;
	(void)nanosleep(&pause, NULL);
	return (true);
}

static bool
is_passing(const bson_error_t *error)
{

	if (error->domain != MONGOC_ERROR_SERVER &&
	    error->domain != MONGOC_ERROR_COMMAND &&
	    error->domain != MONGOC_ERROR_QUERY &&
	    error->domain != MONGOC_ERROR_BSON &&
	    error->domain != MONGOC_ERROR_COLLECTION)
		return (true);
	return (is_conflict(error) || is_one_of(error->code, passing,
	    sizeof(passing) / sizeof(passing[0])));
}

/*
 * What the driver said, as an outcome; its text goes to the log.  The client
 * may be gone afterwards: destroy cursors and collections before.
 */
static enum err
outcome(struct store *S, const char *what, const bson_error_t *error)
{

	if (error->code == DUPLICATE_KEY)
		return (err_set(ERR_EXISTS, NULL));
	log_write(LOG_WARN, "database", LOG_STR("operation", what),
	    LOG_INT("domain", error->domain), LOG_INT("code", error->code),
	    LOG_STR("text", error->message), LOG_END);
	if (!is_passing(error))
		return (err_set(ERR_INTERNAL, NULL));
	/* Without a farewell, which would wait for the server, too. */
	if (S->client != NULL)
		mongoc_client_reset(S->client);
	hang_up(S);
	/* Nobody listens: workers that wait for it would be missed by those
	 * who wait for them.  A broken connection is no such case. */
	if (error->domain == MONGOC_ERROR_SERVER_SELECTION)
		S->away_until = clock_mono() + AWAY_MS;
	return (err_set(ERR_AWAY, "the database is away"));
}

static enum err
connect_client(struct store *S)
{

	if (S->client != NULL)
		return (ERR_OK);
	if (clock_mono() < S->away_until)
		return (err_set(ERR_AWAY, "the database is away"));
	S->client = mongoc_client_new_from_uri(S->uri);
	if (S->client == NULL)
		return (err_set(ERR_AWAY, "the database is away"));
	(void)mongoc_client_set_error_api(S->client,
	    MONGOC_ERROR_API_VERSION_2);
	(void)mongoc_client_set_appname(S->client, "guerdon");
	return (ERR_OK);
}

/* Connected, and with data of our version. */
static enum err
ready(struct store *S)
{
	enum err err;

	if ((err = connect_client(S)) != ERR_OK || !S->unchecked)
		return (err);
	S->unchecked = false;
	err = store_check(S);
	if (err == ERR_INVALID)
		worker_refuse();
	if (err != ERR_OK)
		S->unchecked = true;
	return (err);
}

static enum err
open_collection(struct store *S, const char *name, mongoc_collection_t **C)
{
	enum err err;

	if ((err = ready(S)) != ERR_OK)
		return (err);
	*C = mongoc_client_get_collection(S->client, S->db, name);
	return (ERR_OK);
}

bson_t *
store_own(struct arena *A, bson_t *doc)
{

	arena_defer(A, (void (*)(void *))bson_destroy, doc);
	return (doc);
}

bson_t *
store_new_doc(struct arena *A)
{

	return (store_own(A, bson_new()));
}

static bool
take_version(void *ctx, const bson_t *doc)
{

	*(int64_t *)ctx = store_int(doc, "version");
	return (false);
}

enum err
store_version(struct store *S, int64_t *version)
{
	bson_t *filter = BCON_NEW("_id", BCON_UTF8("schema"));
	enum err err;

	*version = 0;
	err = store_find(S, "schema", filter, NULL, take_version, version);
	bson_destroy(filter);
	return (err);
}

enum err
store_set_version(struct store *S, int64_t from)
{
	bson_t *doc = BCON_NEW("_id", BCON_UTF8("schema"), "version",
	    BCON_INT64(STORE_VERSION));
	bson_t *filter = BCON_NEW("_id", BCON_UTF8("schema"), "version",
	    BCON_INT64(from));
	bson_t *change = BCON_NEW("$set", "{", "version",
	    BCON_INT64(STORE_VERSION), "}");
	enum err err;

	err = (from == 0) ? store_insert(S, "schema", doc) :
	    store_update(S, "schema", filter, change, NULL);
	bson_destroy(doc);
	bson_destroy(filter);
	bson_destroy(change);
	return (err == ERR_EXISTS ? ERR_OK : err);
}

enum err
store_check(struct store *S)
{
	int64_t version;
	enum err err;

	err = store_version(S, &version);
	if (err != ERR_OK || version == STORE_VERSION)
		return (err);
	if (version > STORE_VERSION)
		return (err_set(ERR_INVALID, "the database has version %d, "
		    "this program knows %d: install the newer Guerdon",
		    (int)version, STORE_VERSION));
	return (err_set(ERR_INVALID, "the database has version %d, this "
	    "program needs %d: run \"guerdon init\"", (int)version,
	    STORE_VERSION));
}

enum err
store_command(struct store *S, const bson_t *command)
{
	bson_error_t error;
	enum err err;

	if ((err = ready(S)) != ERR_OK)
		return (err);
	if (!mongoc_client_write_command_with_opts(S->client, S->db, command,
	    NULL, NULL, &error))
		return (outcome(S, "command", &error));
	return (ERR_OK);
}

enum err
store_ping(struct store *S)
{
	bson_t *ping = BCON_NEW("ping", BCON_INT32(1));
	bson_error_t error;
	enum err err;

	if ((err = ready(S)) == ERR_OK &&
	    !mongoc_client_command_simple(S->client, S->db, ping, NULL, NULL,
	    &error))
		err = outcome(S, "ping", &error);
	bson_destroy(ping);
	return (err);
}

enum err
store_clock(struct store *S, int64_t *ms)
{
	bson_t *hello = BCON_NEW("hello", BCON_INT32(1)), reply;
	bson_error_t error;
	enum err err;

	*ms = 0;
	if ((err = ready(S)) == ERR_OK) {
		if (mongoc_client_command_simple(S->client, S->db, hello, NULL,
		    &reply, &error))
			*ms = store_time(&reply, "localTime");
		else
			err = outcome(S, "hello", &error);
		bson_destroy(&reply);
	}
	bson_destroy(hello);
	return (err);
}

bool
store_tls(const struct store *S)
{

	return (mongoc_uri_get_tls(S->uri));
}

bool
store_near(const struct store *S)
{
	const mongoc_host_list_t *host = mongoc_uri_get_hosts(S->uri);

	for (; host != NULL; host = host->next)
		if (strcmp(host->host, "localhost") != 0 &&
		    strncmp(host->host, "127.", 4) != 0 &&
		    strcmp(host->host, "::1") != 0 && host->host[0] != '/')
			return (false);
	return (mongoc_uri_get_hosts(S->uri) != NULL);
}

static bool
count_one(void *ctx, const bson_t *doc)
{

	(void)doc;
	*(int *)ctx += 1;
	return (false);
}

/* Did the insert whose answer we never got come through? */
static enum err
confirm(struct store *S, const char *name, const bson_t *doc)
{
	bson_iter_t iter;
	bson_t filter;
	int count = 0;
	enum err err;

	if (!bson_iter_init_find(&iter, doc, "_id"))
		return (err_set(ERR_AWAY, NULL));
	bson_init(&filter);
	(void)bson_append_iter(&filter, "_id", 3, &iter);
	/* Under an _id that several may want, only our own counts. */
	if (bson_iter_init_find(&iter, doc, "attemptId"))
		(void)bson_append_iter(&filter, "attemptId", -1, &iter);
	err = store_find(S, name, &filter, NULL, count_one, &count);
	bson_destroy(&filter);
	if (err == ERR_OK && count == 0)
		err = err_set(ERR_AWAY, "the database is away");
	return (err);
}

enum err
store_insert(struct store *S, const char *name, const bson_t *doc)
{
	mongoc_collection_t *C;
	bson_error_t error;
	bool done;
	int tries = 0;
	enum err err;

	if ((err = open_collection(S, name, &C)) != ERR_OK)
		return (err);
	do
		done = mongoc_collection_insert_one(C, doc, NULL, NULL,
		    &error);
	while (!done && try_again(&error, &tries));
	mongoc_collection_destroy(C);
	if (done)
		return (ERR_OK);
	err = outcome(S, name, &error);
	return (err == ERR_AWAY ? confirm(S, name, doc) : err);
}

/*
 * Note the outcomes of an unordered insert that did not go well in all; false
 * if the reply doesn't tell, with the reason in ${error}.  The driver's error
 * is only the first one: the reply has them all.
 */
static bool
note_errors(const bson_t *reply, size_t count, enum err *outcomes,
    bson_error_t *error)
{
	bson_iter_t iter, list;
	bson_t one;
	int64_t i;
	size_t noted = 0;

	if (bson_iter_init_find(&iter, reply, "writeConcernErrors") &&
	    bson_iter_recurse(&iter, &list) && bson_iter_next(&list))
		return (false);
	if (!bson_iter_init_find(&iter, reply, "writeErrors") ||
	    !bson_iter_recurse(&iter, &list))
		return (false);
	for (; bson_iter_next(&list); noted++) {
		i = store_view(&list, &one) ? store_int(&one, "index") : -1;
		if (i < 0 || i >= (int64_t)count)
			return (false);
		error->code = (uint32_t)store_int(&one, "code");
		if (error->code != DUPLICATE_KEY && !is_conflict(error))
			return (false);
		outcomes[i] = error->code == DUPLICATE_KEY ? ERR_EXISTS :
		    ERR_AWAY;
	}
	return (noted > 0);
}

/* One command; false, with ${error}, if it isn't known what was stored. */
static bool
insert_many(mongoc_collection_t *C, const bson_t **docs, size_t count,
    enum err *outcomes, bson_error_t *error)
{
	bson_t *opts = BCON_NEW("ordered", BCON_BOOL(false)), reply;
	bool known;
	size_t i;

	for (i = 0; i < count; i++)
		outcomes[i] = ERR_OK;
	known = mongoc_collection_insert_many(C, docs, count, opts, &reply,
	    error) || note_errors(&reply, count, outcomes, error);
	bson_destroy(&reply);
	bson_destroy(opts);
	return (known);
}

enum err
store_insert_each(struct store *S, const char *name, const bson_t **docs,
    size_t count, enum err *outcomes)
{
	mongoc_collection_t *C;
	bson_error_t error;
	bool known;
	enum err err;

	if ((err = open_collection(S, name, &C)) != ERR_OK)
		return (err);
	known = insert_many(C, docs, count, outcomes, &error);
	mongoc_collection_destroy(C);
	if (known)
		return (ERR_OK);
	err = outcome(S, name, &error);
	return (err == ERR_EXISTS ? err_set(ERR_INTERNAL, NULL) : err);
}

static bool
was_rolled_back(const enum err *outcomes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (outcomes[i] == ERR_AWAY)
			return (true);
	return (false);
}

enum err
store_insert_all(struct store *S, const char *name, const bson_t **docs,
    size_t count)
{
	enum err *outcomes, err;
	int tries = 0;

	if ((outcomes = calloc(count, sizeof(*outcomes))) == NULL)
		return (err_set(ERR_INTERNAL, "out of memory"));
	/* Those that are there are duplicates in the next try. */
	do
		err = store_insert_each(S, name, docs, count, outcomes);
	while (err == ERR_OK && was_rolled_back(outcomes, count) &&
	    ++tries < TRIES);
	if (err == ERR_OK && was_rolled_back(outcomes, count))
		err = err_set(ERR_AWAY, "the database is away");
	free(outcomes);
	return (err);
}

/* Give the documents of S->cursor to ${each}, and end the search. */
static enum err
read_cursor(struct store *S, const char *name,
    bool (*each)(void *, const bson_t *), void *ctx)
{
	const bson_t *doc;
	bson_error_t error;
	bool failed;

	while (mongoc_cursor_next(S->cursor, &doc))
		if (!each(ctx, doc))
			break;
	failed = mongoc_cursor_error(S->cursor, &error);
	end_search(S);
	return (failed ? outcome(S, name, &error) : ERR_OK);
}

enum err
store_indexes(struct store *S, const char *name,
    bool (*each)(void *, const bson_t *), void *ctx)
{
	enum err err;

	end_search(S);
	if ((err = open_collection(S, name, &S->collection)) != ERR_OK)
		return (err);
	S->cursor = mongoc_collection_find_indexes_with_opts(S->collection,
	    NULL);
	return (read_cursor(S, name, each, ctx));
}

/* Options of a search, with the time that it may take. */
static bson_t *
limit_time(const bson_t *opts)
{
	bson_t *limits = bson_new();

	if (opts != NULL)
		(void)bson_concat(limits, opts);
	(void)BSON_APPEND_INT64(limits, "maxTimeMS", QUERY_MS);
	return (limits);
}

enum err
store_find(struct store *S, const char *name, const bson_t *filter,
    const bson_t *opts, bool (*each)(void *, const bson_t *), void *ctx)
{
	bson_t *limits;
	enum err err;

	end_search(S);
	if ((err = open_collection(S, name, &S->collection)) != ERR_OK)
		return (err);
	limits = limit_time(opts);
	S->cursor = mongoc_collection_find_with_opts(S->collection, filter,
	    limits, NULL);
	bson_destroy(limits);
	return (read_cursor(S, name, each, ctx));
}

static bool
keep_copy(void *ctx, const bson_t *doc)
{

	*(bson_t **)ctx = bson_copy(doc);
	return (false);
}

/* What keep_copy() kept, if anything was found. */
static enum err
own_copy(struct arena *A, enum err err, bson_t *copy, const bson_t **out)
{

	if (copy != NULL)
		*out = store_own(A, copy);
	if (err == ERR_OK && copy == NULL)
		err = err_set(ERR_NOT_FOUND, NULL);
	return (err);
}

enum err
store_find_one(struct store *S, struct arena *A, const char *name,
    const bson_t *filter, const bson_t **out)
{
	bson_t *opts = BCON_NEW("limit", BCON_INT64(1), "singleBatch",
	    BCON_BOOL(true));
	bson_t *copy = NULL;
	enum err err;

	err = store_find(S, name, filter, opts, keep_copy, &copy);
	bson_destroy(opts);
	return (own_copy(A, err, copy, out));
}

enum err
store_find_joined(struct store *S, struct arena *A, const char *name,
    const char *id, const struct store_join *join, const bson_t **out)
{
	bson_t *limits, *stages, *copy = NULL;
	enum err err;

	end_search(S);
	if ((err = open_collection(S, name, &S->collection)) != ERR_OK)
		return (err);
	limits = limit_time(NULL);
	stages = BCON_NEW("pipeline", "[",
	    "{", "$match", "{", "_id", BCON_UTF8(id), "}", "}",
	    "{", "$lookup", "{", "from", BCON_UTF8(join->from),
	    "localField", BCON_UTF8(join->member), "foreignField",
	    BCON_UTF8("_id"), "as", BCON_UTF8(join->as), "}", "}", "]");
	S->cursor = mongoc_collection_aggregate(S->collection,
	    MONGOC_QUERY_NONE, stages, limits, NULL);
	bson_destroy(stages);
	bson_destroy(limits);
	err = read_cursor(S, name, keep_copy, &copy);
	return (own_copy(A, err, copy, out));
}

static enum err
update(struct store *S, const char *name, const bson_t *filter,
    const bson_t *change, bool all, bool *matched)
{
	mongoc_collection_t *C;
	bson_error_t error;
	bson_t reply;
	bool done;
	int tries = 0;
	enum err err;

	if ((err = open_collection(S, name, &C)) != ERR_OK)
		return (err);
	for (;;) {
		done = all ?
		    mongoc_collection_update_many(C, filter, change, NULL,
		    &reply, &error) :
		    mongoc_collection_update_one(C, filter, change, NULL,
		    &reply, &error);
		if (done || !try_again(&error, &tries))
			break;
		bson_destroy(&reply);
	}
	if (matched != NULL)
		*matched = done && store_int(&reply, "matchedCount") > 0;
	bson_destroy(&reply);
	mongoc_collection_destroy(C);
	return (done ? ERR_OK : outcome(S, name, &error));
}

enum err
store_update(struct store *S, const char *name, const bson_t *filter,
    const bson_t *change, bool *matched)
{

	return (update(S, name, filter, change, false, matched));
}

static bool
run_changes(mongoc_collection_t *C, const struct store_change *changes,
    size_t count, int64_t *matched, bson_error_t *error)
{
	mongoc_bulk_operation_t *bulk;
	bson_t *opts, reply;
	bool done = true;
	size_t i;

	opts = BCON_NEW("ordered", BCON_BOOL(false));
	bulk = mongoc_collection_create_bulk_operation_with_opts(C, opts);
	bson_destroy(opts);
	for (i = 0; done && i < count; i++)
		done = mongoc_bulk_operation_update_one_with_opts(bulk,
		    changes[i].filter, changes[i].change, NULL, error);
	if (done) {
		done = mongoc_bulk_operation_execute(bulk, &reply, error) != 0;
		*matched = store_int(&reply, "nMatched");
		bson_destroy(&reply);
	}
	mongoc_bulk_operation_destroy(bulk);
	return (done);
}

enum err
store_update_each(struct store *S, const char *name,
    const struct store_change *changes, size_t count, int64_t *matched)
{
	mongoc_collection_t *C;
	bson_error_t error;
	int64_t n;
	bool done;
	int tries = 0;
	enum err err;

	if ((err = open_collection(S, name, &C)) != ERR_OK)
		return (err);
	do
		done = run_changes(C, changes, count, &n, &error);
	while (!done && try_again(&error, &tries));
	mongoc_collection_destroy(C);
	if (done && matched != NULL)
		*matched = n;
	return (done ? ERR_OK : outcome(S, name, &error));
}

enum err
store_update_all(struct store *S, const char *name, const bson_t *filter,
    const bson_t *change)
{

	return (update(S, name, filter, change, true, NULL));
}

static enum err
erase(struct store *S, const char *name, const bson_t *filter, bool all)
{
	mongoc_collection_t *C;
	bson_error_t error;
	bool done;
	enum err err;

	if ((err = open_collection(S, name, &C)) != ERR_OK)
		return (err);
	done = all ?
	    mongoc_collection_delete_many(C, filter, NULL, NULL, &error) :
	    mongoc_collection_delete_one(C, filter, NULL, NULL, &error);
	mongoc_collection_destroy(C);
	return (done ? ERR_OK : outcome(S, name, &error));
}

enum err
store_remove(struct store *S, const char *name, const bson_t *filter)
{

	return (erase(S, name, filter, false));
}

enum err
store_remove_all(struct store *S, const char *name, const bson_t *filter)
{

	return (erase(S, name, filter, true));
}

static bool
find_member(const bson_t *doc, const char *name, bson_iter_t *member)
{
	bson_iter_t iter;

	return (bson_iter_init(&iter, doc) &&
	    bson_iter_find_descendant(&iter, name, member));
}

const char *
store_text(const bson_t *doc, const char *name)
{
	bson_iter_t iter;

	if (!find_member(doc, name, &iter) || !BSON_ITER_HOLDS_UTF8(&iter))
		return (NULL);
	return (bson_iter_utf8(&iter, NULL));
}

int64_t
store_int(const bson_t *doc, const char *name)
{
	bson_iter_t iter;

	return (find_member(doc, name, &iter) ? bson_iter_as_int64(&iter) : 0);
}

int64_t
store_time(const bson_t *doc, const char *name)
{
	bson_iter_t iter;

	if (!find_member(doc, name, &iter) ||
	    !BSON_ITER_HOLDS_DATE_TIME(&iter))
		return (0);
	return (bson_iter_date_time(&iter));
}

bool
store_true(const bson_t *doc, const char *name)
{
	bson_iter_t iter;

	return (find_member(doc, name, &iter) && BSON_ITER_HOLDS_BOOL(&iter) &&
	    bson_iter_bool(&iter));
}

bool
store_has(const bson_t *doc, const char *name)
{
	bson_iter_t iter;

	return (find_member(doc, name, &iter) && !BSON_ITER_HOLDS_NULL(&iter));
}

bool
store_view(const bson_iter_t *iter, bson_t *doc)
{
	const uint8_t *data;
	uint32_t len;

	if (!BSON_ITER_HOLDS_DOCUMENT(iter))
		return (false);
	bson_iter_document(iter, &len, &data);
	return (bson_init_static(doc, data, len));
}

const bson_t *
store_part(struct arena *A, const bson_t *doc, const char *name)
{
	bson_t *part = arena_alloc(A, sizeof(*part));
	bson_iter_t iter;

	return (find_member(doc, name, &iter) && store_view(&iter, part) ?
	    part : NULL);
}

bson_t *
store_array(struct arena *A, const char *const *texts, size_t count)
{
	bson_t *array = store_new_doc(A);
	const char *index;
	char key[16];
	size_t i;

	for (i = 0; i < count; i++) {
		(void)bson_uint32_to_string((uint32_t)i, &index, key,
		    sizeof(key));
		(void)BSON_APPEND_UTF8(array, index, texts[i]);
	}
	return (array);
}

bool
store_bytes(const bson_t *doc, const char *name, void *out, size_t len)
{
	const uint8_t *bytes;
	bson_subtype_t subtype;
	bson_iter_t iter;
	uint32_t have;

	if (!find_member(doc, name, &iter) || !BSON_ITER_HOLDS_BINARY(&iter))
		return (false);
	bson_iter_binary(&iter, &subtype, &have, &bytes);
	if (have != len)
		return (false);
	memcpy(out, bytes, len);
	return (true);
}
