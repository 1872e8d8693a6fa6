/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CONTRACT_H_
#define CONTRACT_H_

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "ratelimit.h"
#include "request.h"

struct cJSON;
struct reply;
struct schema;

/*
 * The contract of one worker: its api.json, an OpenAPI 3.1 document, read at
 * start and the only place where an operation is described.  Whatever it says
 * that we don't understand is an error at start, never ignored.
 */
struct contract;

/* Where each listener shows its own document. */
#define CONTRACT_PATH	"/v1/openapi.json"

/* Bytes of a body that a worker reads at most: no x-body-limit is larger. */
#define CONTRACT_BODY_MAX	(256 * 1024)

/* A handler: fills the reply and returns ERR_OK, or returns what is wrong. */
typedef enum err handler_fn(struct request *, struct reply *);

/* A row of a worker's table: operationId and the function of that name. */
struct handler {
	const char	*id;
	handler_fn	*run;
};

/* Media types of request bodies, as bits. */
enum media {
	MEDIA_JSON = 1 << 0,	/* application/json */
	MEDIA_MERGE = 1 << 1,	/* application/merge-patch+json */
	MEDIA_FORM = 1 << 2	/* application/x-www-form-urlencoded */
};

/* A query parameter. */
struct parameter {
	const char		*name;
	bool			 required;
	const struct schema	*schema;
};

/* An operation, as the document describes it. */
struct operation {
	const char		*id;		/* operationId */
	const char		*method;
	const char		*template;	/* "/v1/events/{eventId}" */
	enum rate_class		 limit;		/* x-limit */
	unsigned		 roles;		/* x-roles, bits of enum role */
	bool			 public;	/* x-public: on the gateway */
	bool			 subject;	/* x-subject: needs a user */
	bool			 own;		/* x-scope: own */
	bool			 if_match;	/* x-if-match: required */
	bool			 audit;		/* x-audit: leaves a record */
	bool			 idempotent;	/* x-idempotent: takes a key */
	size_t			 body_max;	/* x-body-limit, bytes */
	unsigned		 media;		/* of the body; 0: no body */
	bool			 body_required;
	const struct schema	*body;
	const struct schema	*result;	/* of 200 or 201; NULL: none */
	const struct parameter	*parameters;	/* of the query */
	size_t			 nparameters;
	const struct cJSON	*node;		/* in the document */
	handler_fn		*run;		/* contract_bind() */
	void			*tag;		/* the gateway's: which link */
};

/*
 * contract_load(path):
 * Read and check a document.  NULL with err_detail() if it can't be read, is
 * no JSON, lacks something or has a keyword that we don't know.  Free it with
 * contract_free().  May be called between requests only: it uses json_arena().
 */
struct contract	*contract_load(const char *);

/* contract_of(share, name): that of fcgi-NAME/api.json in ${share}. */
struct contract	*contract_of(const char *, const char *);

/* contract_free(C): NULL is fine. */
void		 contract_free(struct contract *);

/*
 * contract_bind(C, handlers, count):
 * Give each operation its handler.  ERR_INVALID with the name if an operation
 * has no handler or a handler no operation.
 */
enum err	 contract_bind(struct contract *, const struct handler *, size_t);

/* contract_tag(C, tag): set the tag of every operation. */
void		 contract_tag(struct contract *, void *);

/*
 * contract_route(C, req, public, allow):
 * Find the operation of the request and set ${req->op}.  ERR_NOT_FOUND: no
 * such path; ERR_METHOD: the path has other methods.  For a known path
 * ${allow} is the value of an Allow header.  ${public}: only those operations
 * that the gateway exposes are there.
 */
enum err	 contract_route(const struct contract *, struct request *, bool,
		    const char **);

/* contract_param(req, name): the decoded path segment of {name}. */
const char	*contract_param(const struct request *, const char *);

/*
 * contract_admit(req):
 * May the caller call the operation?  ERR_UNAUTHENTICATED, ERR_NO_SUBJECT or
 * ERR_ROLE if not.
 */
enum err	 contract_admit(const struct request *);

/*
 * contract_media(req):
 * ERR_MEDIA_TYPE or ERR_BODY_SIZE if the operation takes no such body.
 */
enum err	 contract_media(const struct request *);

/*
 * contract_validate(req):
 * Parse the body into ${req->json} and check it and the query against their
 * schemas.  ERR_MALFORMED_JSON, ERR_INVALID (all faults in ${req}) or
 * ERR_PRECONDITION_REQUIRED.
 */
enum err	 contract_validate(struct request *);

/* contract_document(C): the whole document. */
const struct cJSON *contract_document(const struct contract *);

/*
 * contract_schema(C, name):
 * A schema of components; NULL if there is none.  For start and reload: an
 * operation knows the schemas of its body and result.
 */
const struct schema *contract_schema(const struct contract *, const char *);

/*
 * contract_check_reply(C, req, reply):
 * Does the answer keep to the schema of its status?  For test builds: false
 * with err_detail() if it doesn't.
 */
bool		 contract_check_reply(const struct contract *,
		    struct request *, const struct reply *);

#endif /* !CONTRACT_H_ */
