/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DOC_H_
#define DOC_H_

#include <bson/bson.h>

struct buf;
struct cJSON;
struct schema;

/*
 * JSON <-> BSON by the contract's schemas: a member is stored under its
 * x-bson name, a date-time as a BSON date (UTC milliseconds), an integer as
 * int64.  In objects without named members, such as a reward's details,
 * integers become int64, other numbers doubles, and strings stay strings.
 */

/*
 * doc_put(b, schema, doc):
 * Append a stored document as JSON: the members that ${schema} names, in its
 * order, and no other.  A required member that isn't stored is its default,
 * else null, [] or {} by its type.
 */
void	doc_put(struct buf *, const struct schema *, const bson_t *);

/* doc_put_free(b, doc): all members, whatever their names. */
void	doc_put_free(struct buf *, const bson_t *);

/*
 * doc_append(doc, schema, json):
 * Append the members of a validated JSON object to ${doc}.  Members that
 * ${schema} doesn't name are a bug of the caller, unless it names none.
 */
void	doc_append(bson_t *, const struct schema *, const struct cJSON *);

/* doc_append_without(doc, schema, json, name): all members but ${name}. */
void	doc_append_without(bson_t *, const struct schema *,
	    const struct cJSON *, const char *);

#endif /* !DOC_H_ */
