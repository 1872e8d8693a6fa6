/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CATALOG_H_
#define CATALOG_H_

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct arena;
struct reply;
struct request;
struct store;

/*
 * What the event workers of a node remember of events: definitions, and lists
 * as they were answered.  Both are of one generation, which the document
 * "events" of the collection `versions` counts: { n, pending: {attempt: at} }.
 *
 * A writer marks, writes, then clears.  While a mark is there nobody uses the
 * catalog, so a writer that dies in between leaves nothing stale behind.
 */
struct catalog;

/* catalog_open(store, dir): map it.  NULL with err_detail(). */
struct catalog	*catalog_open(struct store *, const char *);

/* catalog_close(G): NULL is fine. */
void		 catalog_close(struct catalog *);

/*
 * catalog_event(G, A, eventId, out):
 * An event as it was at most 250 ms ago; from the database if it isn't here.
 * ERR_NOT_FOUND also for a malformed id.
 */
enum err	 catalog_event(struct catalog *, struct arena *, const char *,
		    const bson_t **);

/*
 * catalog_stock(G, A, event, out):
 * The limits of an event as documents of `stock` by their ids, as they were
 * at most 250 ms ago: { rewardId: { total, left, holds }, eventId: {...} }.
 */
enum err	 catalog_stock(struct catalog *, struct arena *, const bson_t *,
		    const bson_t **);

/*
 * catalog_keep_claim(G, A, userId, eventId, period),
 * catalog_has_claim(G, A, userId, eventId, period):
 * Has the user claimed, as far as this node remembers?  A claim stays, so yes
 * is certain; no isn't.
 */
void		 catalog_keep_claim(struct catalog *, struct arena *,
		    const char *, const char *, const char *);
bool		 catalog_has_claim(const struct catalog *, struct arena *,
		    const char *, const char *, const char *);

/*
 * catalog_list(G, req, reply, generation):
 * Answer a list request from memory; false if it isn't here.  Then
 * ${generation} is for catalog_keep(), 0 if the answer can't be kept.
 */
bool		 catalog_list(struct catalog *, struct request *,
		    struct reply *, uint64_t *);

/* catalog_keep(G, req, reply, generation): remember that answer. */
void		 catalog_keep(struct catalog *, const struct request *,
		    const struct reply *, uint64_t);

/*
 * catalog_begin(G, req), catalog_end(G, req):
 * Around every write to events.  If catalog_begin() fails, don't write.
 */
enum err	 catalog_begin(struct catalog *, struct request *);
void		 catalog_end(struct catalog *, struct request *);

/*
 * catalog_mark(S, mark), catalog_clear(S, mark):
 * The same for one who has no catalog.
 */
enum err	 catalog_mark(struct store *, const char *);
enum err	 catalog_clear(struct store *, const char *);

#endif /* !CATALOG_H_ */
