/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ERASURE_H_
#define ERASURE_H_

#include <stdint.h>

#include "err.h"

struct arena;
struct store;

/*
 * The erasure of a person: all that is held, in auth's collections and in
 * event's, but for claims and audit records under the opaque id.  It is marked
 * first, so that it is ended whoever dies meanwhile.
 */

/*
 * erasure_run(S, A, userId):
 * Mark and erase.  Fine if the user is gone, or half gone, already.
 * ERR_REFUSED with LAST_ADMIN: then nothing has changed.  After any other
 * failure erasure_sweep() ends it.
 */
enum err	erasure_run(struct store *, struct arena *, const char *);

/*
 * erasure_sweep(S, A, now, count):
 * End erasures that were cut short, and do others once more, for a worker may
 * have been stopped with data of that person in hand.  ${count} is how many
 * were looked at.
 */
enum err	erasure_sweep(struct store *, struct arena *, int64_t,
		    long *);

#endif /* !ERASURE_H_ */
