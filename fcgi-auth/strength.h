/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STRENGTH_H_
#define STRENGTH_H_

#include <stdint.h>

#include "err.h"

struct arena;

/*
 * Is a new password long enough, and hard to guess?  Judged by zxcvbn
 * (libzxcvbn), as NIST SP 800-63B-4, section 3.1.1.2, asks for: no rules of
 * composition, but none that a guesser tries among the first 10^8.
 */

/* Why a password is refused: for a fault of the request. */
struct weakness {
	const char	*code;		/* TOO_SHORT or WEAK_PASSWORD */
	const char	*message;	/* lives in the arena, or is a literal */
};

/*
 * strength_check(A, min, password, name, email, weakness):
 * ERR_INVALID with ${weakness} filled in if the password has fewer than ${min}
 * characters in NFKC, or is guessed too easily by who knows ${name} and
 * ${email}.  ERR_INTERNAL if there is no memory.  Takes 5 ms at most.
 */
enum err	strength_check(struct arena *, int64_t, const char *,
		    const char *, const char *, struct weakness *);

#endif /* !STRENGTH_H_ */
