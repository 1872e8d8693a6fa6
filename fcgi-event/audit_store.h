/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIT_STORE_H_
#define AUDIT_STORE_H_

#include <bson/bson.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct arena;
struct reply;
struct request;
struct store;

/*
 * The collection `audit`: a document an attempt, under an _id derived from
 * the attempt's.  So an attempt has one record, however often it was shipped
 * or its call repeated.
 */
#define AUDIT	"audit"

/* audit_intent(req): what is known of an attempt before it is tried. */
bson_t		*audit_intent(struct request *);

/* audit_result(req, reply): the whole record. */
bson_t		*audit_result(struct request *, const struct reply *);

/* audit_is_intent(doc): is this spooled document an intent? */
bool		 audit_is_intent(const bson_t *);

/*
 * audit_settle(S, intent, record):
 * The record of an attempt whose worker died before the result: GRANTED if
 * its claim is there, else NO_ANSWER.  The caller frees ${record}.
 */
enum err	 audit_settle(struct store *, const bson_t *, bson_t **);

#endif /* !AUDIT_STORE_H_ */
