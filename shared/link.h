/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LINK_H_
#define LINK_H_

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

struct arena;

/*
 * The client side of FastCGI [FastCGI Specification 1.0]: one connection to
 * the pool of one service, kept open between calls.  It is closed when it was
 * idle for 1 s, after 1,000 calls, and when the worker asks for it.
 */
struct link;

/* What is sent: parameters are collected in a buf by link_param(). */
struct link_call {
	struct buf	 params;
	const char	*body;
	size_t		 body_len;
	int64_t		 deadline;	/* clock_mono() */
};

/* What came back, in the arena of the call. */
struct link_answer {
	int		 status;
	const char	*content_type;	/* NULL: none */
	char		*headers;	/* "Name: value\r\n" each, no Status */
	const char	*body;
	size_t		 body_len;
};

/*
 * link_new(address):
 * A link to a unix socket's path or to host:port; not yet connected.  NULL
 * if there is no memory.
 */
struct link	*link_new(const char *);

/* link_is_tcp(address): is it host:port, and not a path? */
bool		 link_is_tcp(const char *);

/* link_free(link): close and free; NULL is fine. */
void		 link_free(struct link *);

/* link_call_init(call, arena, deadline): a call without parameters. */
void		 link_call_init(struct link_call *, struct arena *, int64_t);

/* link_param(call, name, value): add a FastCGI parameter. */
void		 link_param(struct link_call *, const char *, const char *);

/*
 * link_call(link, arena, call, answer):
 * Make the call.  Sent without an answer, it is made once more on a new
 * connection: every write must bear an attempt id.  ERR_AWAY if there is no
 * whole answer (END_REQUEST with status 0) before the deadline.
 */
enum err	 link_call(struct link *, struct arena *,
		    struct link_call *, struct link_answer *);

/*
 * link_begin(link, arena, call), link_finish(link, arena, call, answer):
 * The same in two halves, and tried only once, for calls on several links at
 * the same time.  link_finish() only after a link_begin() that went well.
 */
enum err	 link_begin(struct link *, struct arena *,
		    struct link_call *);
enum err	 link_finish(struct link *, struct arena *,
		    struct link_call *, struct link_answer *);

/* link_idle(link): close it if it was idle for 1 s. */
void		 link_idle(struct link *);

#endif /* !LINK_H_ */
