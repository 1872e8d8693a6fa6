/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IDEMPOTENCY_H_
#define IDEMPOTENCY_H_

#include <stdbool.h>

#include "contract.h"
#include "err.h"

struct arena;
struct reply;
struct request;
struct store;

/*
 * Idempotency-Key [draft-ietf-httpapi-idempotency-key-header]: a client that
 * repeats a request under the same key gets the same answer again, for 24
 * hours.  Entries are in the collection `idempotency`; who inserts one does
 * the work, under a lease.  Who finds a lease that has run out goes on with
 * the attempt id of the first try, so that what is derived from it meets what
 * was made already, and is judged by the instant of the first try.
 *
 * Kept are successes and refusals; not kept are 400 (nothing was tried, and a
 * corrected body may come under the same key) and 5xx (the same attempt is
 * made again).
 */
#define IDEMPOTENCY		"idempotency"
#define IDEMPOTENCY_HEADER	"Idempotency-Key"
#define IDEMPOTENCY_KEY_LEN	32

struct idempotency {
	struct store		*store;
	const unsigned char	*key;	/* secret: a body may hold a password */
};

/*
 * idempotency_run(I, req, reply, run):
 * Call ${run}, or give the answer that is kept.  ERR_REFUSED as
 * IDEMPOTENCY_CONFLICT (409) while another request with the key is at work, as
 * IDEMPOTENCY_KEY_REUSED (422) if the key came with another body.
 */
enum err	 idempotency_run(const struct idempotency *, struct request *,
		    struct reply *, handler_fn *);

/*
 * idempotency_erase(S, A, userId):
 * Remove the entries by a user, and those whose answer tells of the user that
 * it made.  One that is at work at this moment keeps no answer.
 */
enum err	 idempotency_erase(struct store *, struct arena *,
		    const char *);

#endif /* !IDEMPOTENCY_H_ */
