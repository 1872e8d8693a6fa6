/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REQUEST_H_
#define REQUEST_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "id.h"
#include "trace.h"

struct arena;
struct cJSON;
struct operation;
struct schema_errors;

/* Who may call, as bits; see x-roles of the contract. */
enum role {
	ROLE_PUBLIC = 1 << 0,
	ROLE_USER = 1 << 1,
	ROLE_OPERATOR = 1 << 2,
	ROLE_AUDITOR = 1 << 3,
	ROLE_ADMIN = 1 << 4,
	ROLE_SERVICE = 1 << 5,
	ROLE_ENROL = 1 << 6	/* staff who must set up a second factor */
};

#define REQUEST_SEGMENTS	12	/* path segments that we look at */
#define REQUEST_QUERY		32	/* query parameters that we look at */

struct query_param {
	const char	*name;
	const char	*value;
};

/*
 * One request.  The worker's loop fills the first part, the steps of
 * service.c (or the gateway's gate.c) the rest in the order of their steps.
 * Everything lives in ${arena} until the answer is sent.
 */
struct request {
	struct arena	*arena;
	void		*app;		/* the worker's own context */
	char		**env;		/* FastCGI parameters, "NAME=value" */
	const char	*body;		/* NUL-terminated; "" if there is none */
	size_t		 body_len;
	bool		 body_over;	/* longer than the worker reads */
	int		 peer;		/* the connection; -1: none */
	int64_t		 started;	/* clock_mono() at the first byte */
	int64_t		 deadline;	/* clock_mono(); later is too late */

	/* request_parse() */
	const char	*client;	/* its address; "": unknown */
	const char	*method;
	const char	*target;	/* path and query as sent */
	const char	*path;		/* as sent, without the query */
	const char	*segments[REQUEST_SEGMENTS];	/* decoded */
	size_t		 nsegments;
	struct query_param query[REQUEST_QUERY];	/* decoded */
	size_t		 nquery;
	bool		 query_bad;	/* refused by contract_validate() */
	struct trace	 trace;
	char		 attempt[ID_SIZE];	/* at_...: see id_derive() */

	/* the steps */
	const struct operation *op;
	bool		 head;		/* HEAD: answer as GET, no body */
	bool		 inner;		/* over a link, proven by the node key */
	enum role	 role;		/* ROLE_PUBLIC: nobody */
	const char	*subject;	/* user id; NULL: none */
	const char	*session;	/* session id; NULL: none */
	struct cJSON	*json;		/* the body; NULL: none */
	struct schema_errors *faults;	/* for ERR_INVALID; NULL: none */
};

/*
 * request_parse(req):
 * Read client, method, target, path, query, trace and attempt from the
 * parameters.
 * ERR_MALFORMED_REQUEST for a path that can't be decoded in one way only: a
 * bad "%", %00, %2F, a dot segment, invalid UTF-8.  A query that can't be is
 * noted only: what the path and the caller are refused for comes first.
 */
enum err	 request_parse(struct request *);

/* request_env(req, name): a FastCGI parameter, NULL if it is absent. */
const char	*request_env(const struct request *, const char *);

/* request_query(req, name): a decoded query parameter, NULL if absent. */
const char	*request_query(const struct request *, const char *);

/* request_int(req, name, fallback): a validated integer of the query. */
int64_t		 request_int(const struct request *, const char *, int64_t);

/* request_time(req, name, ms): a validated date-time; false if absent. */
bool		 request_time(const struct request *, const char *, int64_t *);

/*
 * request_fault(req, pointer, code, message):
 * Add a fault to ${faults} and return ERR_INVALID.  ${pointer} is RFC 6901 for
 * the body, "?name" for the query; ${code} is a literal.
 */
enum err	 request_fault(struct request *, const char *, const char *,
		    const char *);

/* request_faults(req): the list of faults, made at the first call. */
struct schema_errors *request_faults(struct request *);

/*
 * request_match(list, version):
 * Does an If-Match value name ${version}, with or without a state (see
 * reply_etag())?  "*" does, a weak tag doesn't [RFC 9110, section 13.1.1].
 */
bool		 request_match(const char *, int64_t);

/*
 * request_none_match(list, tag):
 * False if an If-None-Match value names the entity tag ${tag}, weak or not;
 * "*" names all.  NULL names none [RFC 9110, section 13.1.2].
 */
bool		 request_none_match(const char *, const char *);

/*
 * request_form(req):
 * Read a form-urlencoded body into ${req->json}, an object of strings.
 * ERR_MALFORMED_REQUEST for a bad escape or a name that is given twice.
 */
enum err	 request_form(struct request *);

/* request_left(req): has the caller hung up, so that nobody waits? */
bool		 request_left(const struct request *);

/* role_parse(name): the role of a name, ROLE_PUBLIC if there is none. */
enum role	 role_parse(const char *);

/* role_name(role): "USER" and so on. */
const char	*role_name(enum role);

#endif /* !REQUEST_H_ */
