/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPLY_H_
#define REPLY_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

struct request;

/*
 * The answer to one request.  A handler appends its JSON to ${body} and calls
 * one of reply_ok() and the like, or returns an error, which the worker turns
 * into a problem.  Nothing is sent before the handler has returned.
 */
struct reply {
	int		 status;	/* 0: nothing decided yet */
	int64_t		 retry_after;	/* seconds; 0: one */
	const char	*code;		/* of the problem, NULL if none */
	const char	*object;	/* id of what it is about; NULL: none */
	const char	*outcome;	/* what a success is called there */
	struct buf	 headers;	/* "Name: value\r\n" each */
	struct buf	 body;
};

/* reply_init(reply, arena): an empty answer. */
void	reply_init(struct reply *, struct arena *);

/* reply_header(reply, name, value): add a field; a CR or LF is a bug. */
void	reply_header(struct reply *, const char *, const char *);

/* reply_ok(reply): 200 with the JSON of ${body}. */
void	reply_ok(struct reply *);

/* reply_created(reply, location): 201; ${location} NULL: no such field. */
void	reply_created(struct reply *, const char *);

/* reply_no_content(reply): 204. */
void	reply_no_content(struct reply *);

/*
 * reply_etag(reply, version, state):
 * The ETag of a version number, which If-Match goes by.  ${state} tells
 * answers of one version apart, such as what is left of a stock; 0: none.
 */
void	reply_etag(struct reply *, int64_t, uint32_t);

/*
 * reply_unchanged(reply, req, version, state):
 * If the client's If-None-Match names this version in this state, answer 304
 * and return true.  The ETag is added in any case.
 */
bool	reply_unchanged(struct reply *, const struct request *, int64_t,
	    uint32_t);

/*
 * reply_no_store(reply): nobody may keep this answer [RFC 6750, 5.3; RFC 9111,
 * 5.2.2.5].  Once or more often, it is said once.
 */
void	reply_no_store(struct reply *);

/*
 * reply_problem(reply, req, err):
 * Make the answer a problem+json of ${err} [RFC 9457], with the detail of
 * err_detail(), the trace id and the faults of ${req}.  Headers that were
 * added stay (Allow, Location, WWW-Authenticate).  A problem may have members
 * of its own: reply_member() before.
 */
void	reply_problem(struct reply *, const struct request *, enum err);

/*
 * reply_finish(reply, req, err):
 * The last word on ${err}: a problem unless it is ERR_OK; an answer that went
 * over its maximum is a 500, never a cut text.  What an operation answers is
 * not to be kept, unless it has an ETag or a Cache-Control of its own.
 */
void	reply_finish(struct reply *, const struct request *, enum err);

/*
 * reply_common(reply, req):
 * What every answer to a client has: the traceparent that names our span, and
 * that its media type is what we say it is [Fetch standard, nosniff].
 */
void	reply_common(struct reply *, const struct request *);

/*
 * reply_member(reply, name, value):
 * A member for the problem that follows, such as the claimId of
 * ALREADY_CLAIMED: appended to ${body}, which must hold nothing else yet.
 */
void	reply_member(struct reply *, const char *, const char *);

/* reply_member_json(reply, name, json): the same for a value that is JSON. */
void	reply_member_json(struct reply *, const char *, const char *);

/*
 * reply_pass(reply, status, headers, body, len):
 * Pass on the answer of another worker as it is.
 */
void	reply_pass(struct reply *, int, const char *, const char *, size_t);

/* reply_log(req, reply): the line that each request leaves in the log. */
void	reply_log(const struct request *, const struct reply *);

/*
 * reply_options(req, reply, err, allow):
 * After contract_route(): answer OPTIONS of a known path and return ERR_OK,
 * or add Allow to the 405 and return ${err}.
 */
enum err	reply_options(const struct request *, struct reply *, enum err,
	    const char *);

#endif /* !REPLY_H_ */
