/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REVOCATION_STORE_H_
#define REVOCATION_STORE_H_

#include "err.h"

struct arena;
struct store;

/*
 * The collection `revocations`: whose tokens are worth less than some node may
 * remember.  A revocation is stored before the write that makes it true, is
 * pending until that is done, and is dated once more then; nodes look for
 * pending ones and for new ones.  See verdict.h.
 */
#define REVOCATIONS	"revocations"

/*
 * revocation_begin(S, A, id, kind, subject):
 * Store one under ${id}, which a repeated attempt meets again.  ${kind} is
 * "session" or "user".
 */
enum err	revocation_begin(struct store *, struct arena *,
		    const char *, const char *, const char *);

/* revocation_end(S, A, id): what it announced is done. */
enum err	revocation_end(struct store *, struct arena *, const char *);

#endif /* !REVOCATION_STORE_H_ */
