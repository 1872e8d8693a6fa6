/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GATEWAY_H_
#define GATEWAY_H_

#include <stddef.h>

#include "credential.h"
#include "err.h"
#include "ratelimit.h"
#include "security.h"

struct arena;
struct backlog;
struct conf;
struct contract;
struct link;
struct link_answer;
struct link_call;
struct reply;
struct request;

/*
 * The gateway worker.  It holds no signing key and no database connection,
 * only the node key, with which it tells the workers behind it who calls.
 */
struct upstream {
	const char	*name;		/* "auth" */
	struct contract	*contract;
	struct link	*link;
};

enum { UPSTREAM_AUTH, UPSTREAM_EVENT, UPSTREAM_COUNT };

struct gateway {
	const struct conf	*conf;
	struct upstream		 upstreams[UPSTREAM_COUNT];
	struct backlog		*backlog;
	struct ratelimit	*ratelimit;
	int64_t			 warned;	/* clock_mono(), by rate_idle() */
	char			 node_key[CREDENTIAL_KEY_SIZE];
	struct arena		*document_arena;
	const char		*document;	/* merged OpenAPI, as JSON */
};

/* gate_serve(app, req, reply): who are you, may you; then pass it on. */
void		gate_serve(void *, struct request *, struct reply *);

/* rate_client(gw, req): set ${req->client}; see address_client(). */
void		rate_client(const struct gateway *, struct request *);

/*
 * rate_address(gw, req, reply), rate_user(gw, req, reply):
 * Take one from the bucket of the operation's class for the client's address,
 * or for the subject.  ERR_RATE, with Retry-After, if it is empty.
 */
enum err	rate_address(const struct gateway *, const struct request *,
		    struct reply *);
enum err	rate_user(const struct gateway *, const struct request *,
		    struct reply *);

/*
 * rate_security(gw, req, event):
 * Log that the token, or the role, of a request was refused: for one subject,
 * or one address if there is none, once in ten seconds.
 */
void		rate_security(const struct gateway *, const struct request *,
		    enum security_event);

/* rate_idle(gw): if there are no limits, say so in the log once a minute. */
void		rate_idle(struct gateway *);

/*
 * cors_answer(gw, req, reply, methods):
 * Add the fields of CORS to a finished answer, if the request's Origin is one
 * of the configuration.  ${methods} are those of the path, NULL if the path
 * isn't known.
 */
void		cors_answer(const struct gateway *, const struct request *,
		    struct reply *, const char *);

/*
 * forward_start(gw, call, req, method, uri):
 * Start an inner call: node key, attempt, time left, trace, and nothing that
 * the client sent.
 */
void		forward_start(const struct gateway *, struct link_call *,
		    struct request *, const char *, const char *);

/*
 * forward_request(gw, req, reply):
 * Pass the request to the upstream of its operation, on behalf of its
 * subject, and the answer back.
 */
enum err	forward_request(const struct gateway *, struct request *,
		    struct reply *);

/*
 * health_serve(gw, req, reply):
 * The operations port: /healthz and /readyz; ERR_NOT_FOUND for other paths.
 */
enum err	health_serve(const struct gateway *, struct request *,
		    struct reply *);

/*
 * document_build(gw):
 * Merge the public operations of both contracts into ${gw->document}.
 * ERR_INVALID if the two disagree about something of one name.
 */
enum err	document_build(struct gateway *);

#endif /* !GATEWAY_H_ */
