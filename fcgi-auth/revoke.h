/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REVOKE_H_
#define REVOKE_H_

#include "err.h"

struct request;

/*
 * Ending sessions, here on the next request and on every other node within
 * 250 ms: the writes of session_store.h between the marks of verdict.h.
 */

/* revoke_session(req, sessionId): end one; fine if there is none. */
enum err	revoke_session(struct request *, const char *);

/*
 * revoke_user(req, userId, write, ctx):
 * Call ${write}, which makes the tokens of a user worth less, and make every
 * node forget what it knows of them.  Returns what ${write} does.
 */
enum err	revoke_user(struct request *, const char *,
		    enum err (*)(struct request *, void *), void *);

/*
 * revoke_sessions(req, userId, keep):
 * End all sessions of a user; ${keep} is one that stays, or NULL.
 */
enum err	revoke_sessions(struct request *, const char *, const char *);

#endif /* !REVOKE_H_ */
