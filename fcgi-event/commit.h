/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMIT_H_
#define COMMIT_H_

#include <bson/bson.h>
#include <stdint.h>

#include "err.h"

struct arena;
struct conf;
struct store;

/*
 * The insert of a claim.  Claims that wait in several workers at one moment
 * are inserted by one of them with one command (combine.h); what decides about
 * each is the same unique index.
 */
struct commit;

/*
 * commit_open(store, conf, key):
 * With the workers of this node that have the same database, which a hash
 * under ${key} (PAGE_KEY_LEN bytes) tells.  NULL with err_detail().
 */
struct commit	*commit_open(struct store *, const struct conf *,
		    const unsigned char *);

/* commit_close(C): NULL is fine. */
void		 commit_close(struct commit *);

/*
 * commit_claim(C, A, claim, deadline):
 * Insert a claim, by ${deadline} (clock_mono()) if others are to do it.  As
 * store_insert(), but it may meet itself: after ERR_EXISTS look whose _id is
 * there.
 */
enum err	 commit_claim(struct commit *, struct arena *,
		    const bson_t *, int64_t);

#endif /* !COMMIT_H_ */
