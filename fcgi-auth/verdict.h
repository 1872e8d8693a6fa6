/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VERDICT_H_
#define VERDICT_H_

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "id.h"
#include "request.h"
#include "token.h"

struct arena;
struct store;

/*
 * What the auth workers of a node remember of tokens that they have judged:
 * good ones only, under a hash of the token.
 *
 * Whoever ends a session or changes a user leaves a revocation in the
 * collection `revocations`: { kind, id, at, pending, expiresAt }.  Each node
 * reads the new ones at least every 250 ms, or doesn't use what it remembers;
 * see freshness.h.  A revocation is pending while its writer is at work: it
 * is read again until it isn't, so that one that dies in between, or is slow,
 * leaves nothing stale behind.
 */
struct verdicts;

/* One verdict: the token's claims, and what the database said of them. */
struct verdict {
	struct token	 token;
	enum role	 role;
	int64_t		 until;		/* ms since 1970: the session's end */
};

/* What a revocation is about. */
enum subject_kind { SUBJECT_SESSION, SUBJECT_USER };

/* verdicts_open(store, dir): map them.  NULL with err_detail(). */
struct verdicts	*verdicts_open(struct store *, const char *);

/* verdicts_close(V): NULL is fine. */
void		 verdicts_close(struct verdicts *);

/*
 * verdict_recall(V, A, token, verdict, guard):
 * The verdict on this token, if it is known and may be believed.  If not,
 * ${guard} is for verdict_keep(); 0: it can't be kept.
 */
bool		 verdict_recall(struct verdicts *, struct arena *,
		    const char *, struct verdict *, uint64_t *);

/*
 * verdict_guard(V):
 * The same guard, for who is about to make a token: before the user and the
 * session are read.
 */
uint64_t	 verdict_guard(struct verdicts *);

/*
 * verdict_keep(V, token, verdict, guard):
 * Remember a verdict that was read after ${guard} was taken.
 */
void		 verdict_keep(struct verdicts *, const char *,
		    const struct verdict *, uint64_t);

/* verdicts_forget(V): all of them, as after a change of keys. */
void		 verdicts_forget(struct verdicts *);

/*
 * verdict_revoke_begin(V, req, kind, id), verdict_revoke_end(V, req, kind, id):
 * Around every write that makes a token worth less.  If the first one fails,
 * don't write.
 */
enum err	 verdict_revoke_begin(struct verdicts *, struct request *,
		    enum subject_kind, const char *);
void		 verdict_revoke_end(struct verdicts *, struct request *,
		    enum subject_kind, const char *);

/*
 * verdict_revoke_begun(V, req, kind, id):
 * Has an earlier try of this attempt, whose answer was lost, come as far as
 * verdict_revoke_begin()?
 */
bool		 verdict_revoke_begun(struct verdicts *, struct request *,
		    enum subject_kind, const char *);

#endif /* !VERDICT_H_ */
