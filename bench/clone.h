/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLONE_H_
#define CLONE_H_

#include <bson/bson.h>
#include <mongoc/mongoc.h>
#include <stddef.h>

/*
 * Documents for the bench are copies of one that the product itself stored,
 * with other ids in it: so they always have the members of today's product.
 */
struct clone_pair {
	const char	*from;
	const char	*to;
};

/*
 * clone_doc(doc, pairs, count, out):
 * A copy of ${doc} in which each text equal to ${from} is ${to}, at any depth.
 * The caller destroys ${out}.
 */
void		 clone_doc(const bson_t *, const struct clone_pair *, size_t,
		    bson_t *);

/* clone_text(doc, name): a member that is text; ends the program if none. */
const char	*clone_text(const bson_t *, const char *);

/*
 * clone_client(uri):
 * A client with the product's write concern.  Ends the program if it can't.
 */
mongoc_client_t	*clone_client(const char *);

/* clone_find(collection, _id): the document; ends the program if none. */
bson_t		*clone_find(mongoc_collection_t *, const char *);

#endif /* !CLONE_H_ */
