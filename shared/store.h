/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STORE_H_
#define STORE_H_

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct arena;
struct sandbox;

/*
 * The database: mongo-c-driver with deadlines that fit a web request, and
 * outcomes as enum err.  One store per process; it connects at first use and
 * again after a failure, so a database that was away is used again at once.
 *
 * Whatever fails in the connection is ERR_AWAY; a unique key that is taken is
 * ERR_EXISTS; anything else that the server refuses is ERR_INTERNAL, with its
 * text in the log only.
 */
struct store;

/* The version of the data that this program reads and writes. */
#define STORE_VERSION	2

/*
 * DOC(arena, ...):
 * A document by libbson's BCON, released with the arena.
 */
#define DOC(A, ...)	store_own((A), BCON_NEW(__VA_ARGS__))

/*
 * store_new(uri, db, check):
 * Prepare a store; nothing is connected.  With ${check}, its first use reads
 * the data's version, and one that is not STORE_VERSION ends the process:
 * see store_check().  NULL with err_detail() for a bad URI.
 */
struct store	*store_new(const char *, const char *, bool);

/*
 * store_sandbox(S, B):
 * It connects by TCP, and reads the files of certificates that its URI or
 * OpenSSL's environment [SSL_CTX_load_verify_locations(3)] names.
 */
void		 store_sandbox(struct store *, struct sandbox *);

/* store_free(S): close and free; NULL is fine. */
void		 store_free(struct store *);

/*
 * store_check(S):
 * ERR_INVALID, and err_detail() says what to run, if `guerdon init` has not
 * brought the data to STORE_VERSION, or a later one has.
 */
enum err	 store_check(struct store *);

/* store_version(S, version): of the data; 0 if there is none yet. */
enum err	 store_version(struct store *, int64_t *);

/* store_set_version(S, from): the data had version ${from}, and has
 * STORE_VERSION now. */
enum err	 store_set_version(struct store *, int64_t);

/*
 * store_indexes(S, collection, each, ctx):
 * Call ${each} with the description of each index, {name, ...}.
 */
enum err	 store_indexes(struct store *, const char *,
		    bool (*)(void *, const bson_t *), void *);

/* store_clock(S, ms): what time the server has. */
enum err	 store_clock(struct store *, int64_t *);

/* store_tls(S), store_near(S): is the connection encrypted; are all servers
 * of the URI on this machine? */
bool		 store_tls(const struct store *);
bool		 store_near(const struct store *);

/* store_ping(S): can the database answer? */
enum err	 store_ping(struct store *);

/* store_own(A, doc): give ${doc} to the arena, and return it. */
bson_t		*store_own(struct arena *, bson_t *);

/* store_new_doc(A): an empty document that is released with the arena. */
bson_t		*store_new_doc(struct arena *);

/*
 * store_insert(S, collection, doc):
 * Insert a document with an _id of ours.  If the connection breaks on the
 * way, it is looked for by its _id before ERR_AWAY is returned.
 */
enum err	 store_insert(struct store *, const char *, const bson_t *);

/*
 * store_insert_each(S, collection, docs, count, outcomes):
 * Insert documents by one command, in any order.  ERR_OK: each has an outcome:
 * ERR_OK, ERR_EXISTS, or ERR_AWAY, which says that it is not stored because
 * another writer was in the way.  Otherwise nobody knows what is stored.
 */
enum err	 store_insert_each(struct store *, const char *,
		    const bson_t **, size_t, enum err *);

/*
 * store_insert_all(S, collection, docs, count):
 * Insert documents in any order; those that exist already are fine.
 */
enum err	 store_insert_all(struct store *, const char *,
		    const bson_t **, size_t);

/*
 * store_find_one(S, A, collection, filter, out):
 * The first document that ${filter} finds, as a copy in the arena.
 * ERR_NOT_FOUND if there is none.
 */
enum err	 store_find_one(struct store *, struct arena *, const char *,
		    const bson_t *, const bson_t **);

/*
 * store_find(S, collection, filter, opts, each, ctx):
 * Call ${each} with the documents found, until it returns false.  The
 * document is gone after the call.
 */
enum err	 store_find(struct store *, const char *, const bson_t *,
		    const bson_t *, bool (*)(void *, const bson_t *), void *);

/* Whose _id is a document's ${member}: in the array ${as}, from ${from}. */
struct store_join {
	const char	*from;
	const char	*member;
	const char	*as;
};

/*
 * store_find_joined(S, A, collection, id, join, out):
 * A document by its _id, and one of another collection, as of one instant and
 * by one command: for two that are always wanted together.  The array is
 * empty if the other isn't there.
 */
enum err	 store_find_joined(struct store *, struct arena *,
		    const char *, const char *, const struct store_join *,
		    const bson_t **);

/*
 * store_update(S, collection, filter, update, matched):
 * Update the one document that ${filter} finds; ${matched}, which may be
 * NULL, says whether there was one.
 */
enum err	 store_update(struct store *, const char *, const bson_t *,
		    const bson_t *, bool *);

struct store_change {
	const bson_t	*filter;	/* of one document */
	const bson_t	*change;
};

/*
 * store_update_each(S, collection, changes, count, matched):
 * The same for several documents by one command, in any order; ${matched},
 * which may be NULL, says how many there were.  After a conflict they are all
 * made once more, so they have to be such that twice is as once.
 */
enum err	 store_update_each(struct store *, const char *,
		    const struct store_change *, size_t, int64_t *);

/* store_update_all(S, collection, filter, update): all that are found. */
enum err	 store_update_all(struct store *, const char *, const bson_t *,
		    const bson_t *);

/* store_remove(S, collection, filter): remove the one that is found. */
enum err	 store_remove(struct store *, const char *, const bson_t *);

/* store_remove_all(S, collection, filter): remove all that are found. */
enum err	 store_remove_all(struct store *, const char *, const bson_t *);

/* store_command(S, command): run a command that answers { ok: 1 }. */
enum err	 store_command(struct store *, const bson_t *);

/* store_text(doc, name), store_int(...), store_time(...), store_true(...),
 * store_has(...):
 * A member of a document (a dotted path is followed); NULL, 0 or false if it
 * is absent or of another type.  The text lives as long as the document. */
const char	*store_text(const bson_t *, const char *);
int64_t		 store_int(const bson_t *, const char *);
int64_t		 store_time(const bson_t *, const char *);
bool		 store_true(const bson_t *, const char *);
bool		 store_has(const bson_t *, const char *);

/*
 * store_part(A, doc, name):
 * The document at a dotted path, as a view in ${A}; NULL if there is none.
 */
const bson_t	*store_part(struct arena *, const bson_t *, const char *);

/* store_view(iter, doc): the document that an iterator is at, as a view; false
 * if it is at something else. */
bool		 store_view(const bson_iter_t *, bson_t *);

/* store_array(A, texts, count): an array of strings, for $in and the like. */
bson_t		*store_array(struct arena *, const char *const *, size_t);

/* store_bytes(doc, name, out, len): exactly ${len} bytes, else false. */
bool		 store_bytes(const bson_t *, const char *, void *, size_t);

#endif /* !STORE_H_ */
