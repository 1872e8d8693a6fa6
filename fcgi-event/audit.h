/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIT_H_
#define AUDIT_H_

#include <stdint.h>

#include "err.h"

struct reply;
struct request;
struct store;

/*
 * The audit trail of claim attempts.  An intent goes into the spool before
 * the attempt, the result after it and before the answer; records go to the
 * database in batches, between requests.  The spool outlives a killed worker
 * and an absent database.
 */
struct audit;

/*
 * audit_new(store, dir, max):
 * Take a spool in ${dir}, with what a dead worker left in it.  NULL with
 * err_detail() if there is none to be had.
 */
struct audit	*audit_new(struct store *, const char *, int64_t);

/* audit_free(U): ship what can be shipped, and let go; NULL is fine. */
void		 audit_free(struct audit *);

/* audit_before(U, req): spool the intent; ERR_AWAY if it can't be. */
enum err	 audit_before(struct audit *, struct request *);

/* audit_after(U, req, reply): spool the result. */
void		 audit_after(struct audit *, struct request *,
		    const struct reply *);

/* audit_idle(U): ship what is due: 256 records, or 500 ms old. */
void		 audit_idle(struct audit *);

/*
 * audit_sweep(store, dir, max):
 * Ship the spools in ${dir} that no worker holds.
 */
enum err	 audit_sweep(struct store *, const char *, int64_t);

#endif /* !AUDIT_H_ */
