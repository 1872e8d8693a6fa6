/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PAGE_H_
#define PAGE_H_

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct reply;
struct request;
struct schema;
struct store;

/*
 * Lists, newest first, a page at a time.  A cursor is the key of the last
 * item, signed together with the list, its filters and, for a list about the
 * caller, the caller: it opens that list and no other.
 */
#define PAGE_KEY_LEN	32
#define PAGE_AFTER_MAX	128

struct page {
	const unsigned char	*key;		/* PAGE_KEY_LEN bytes */
	int64_t			 limit;		/* items, 1 to 100 */
	const char		*after;		/* NULL: the first page */
	int64_t			 count;		/* items put so far */
	char			 last[PAGE_AFTER_MAX];	/* key of the last */
	bool			 more;
};

/* What a plain list over one collection is. */
struct page_query {
	const char		*collection;
	const char		*prefix;	/* of its ids: "ev" */
	const bson_t		*filter;	/* without _id */

	/* What to show of a stored document; NULL: the document itself. */
	const bson_t	*(*edit)(const struct request *, const bson_t *);

	/* The index to read by, as it is named; NULL: the database decides. */
	const char		*index;
};

/* page_open(page, req, key): ${limit} and ${cursor}; ERR_CURSOR. */
enum err	page_open(struct page *, struct request *,
		    const unsigned char *);

/*
 * page_item(page, reply, last):
 * Before an item is put into the reply: false if the page is full, and there
 * is a next one.  A page is full with ${limit} items, or at 1 MiB.  ${last} is
 * the item's key.
 */
bool		page_item(struct page *, struct reply *, const char *);

/* page_schema(req): of an item, from the operation's result {items, next}. */
const struct schema *page_schema(const struct request *);

/* page_close(page, req, reply): end the list, with next and Link. */
void		page_close(struct page *, const struct request *,
		    struct reply *);

/*
 * page_list(store, req, reply, key, query):
 * Answer a whole list request, sorted by _id downwards; the query parameters
 * from and to, if the operation has them, bound the ids' time.
 */
enum err	page_list(struct store *, struct request *, struct reply *,
		    const unsigned char *, const struct page_query *);

/* page_empty(req, reply, key): answer with a list that has no items. */
enum err	page_empty(struct request *, struct reply *,
		    const unsigned char *);

#endif /* !PAGE_H_ */
