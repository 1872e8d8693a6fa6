/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FACTOR_CODE_H_
#define FACTOR_CODE_H_

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "err.h"

/*
 * Codes of the second factor: six digits from a shared secret and the time
 * [RFC 6238: SHA-1, 30 s], and recovery codes for who has lost it.  The secret
 * is stored sealed with a key that the database never sees, and for its user
 * only; of a recovery code a hash with that key is stored.
 */
#define FACTOR_SECRET_LEN	20
#define FACTOR_SEALED_LEN	(24 + FACTOR_SECRET_LEN + 16)
#define FACTOR_BASE32_SIZE	33	/* of a secret, with its NUL */
#define FACTOR_RECOVERY_COUNT	10
#define FACTOR_RECOVERY_SIZE	20	/* XXXX-XXXX-XXXX-XXXX */
#define FACTOR_HASH_SIZE	65	/* hex of 32 bytes */

/* factor_seal(key, userId, secret, sealed): encrypt for that user. */
void	factor_seal(const unsigned char[CONF_KEY_LEN], const char *,
	    const unsigned char[FACTOR_SECRET_LEN],
	    unsigned char[FACTOR_SEALED_LEN]);

/* factor_open(key, userId, sealed, secret): false if it isn't that user's,
 * or was sealed with another key. */
bool	factor_open(const unsigned char[CONF_KEY_LEN], const char *,
	    const unsigned char[FACTOR_SEALED_LEN],
	    unsigned char[FACTOR_SECRET_LEN]);

/* factor_base32(secret, text): as authenticators want it.  ERR_INTERNAL. */
enum err	factor_base32(const unsigned char[FACTOR_SECRET_LEN],
		    char[FACTOR_BASE32_SIZE]);

/*
 * factor_step(secret, code, seconds, step):
 * Is ${code} that of the time step now, of the one before or the one after?
 * ${step} is which.
 */
bool	factor_step(const unsigned char[FACTOR_SECRET_LEN], const char *,
	    int64_t, int64_t *);

/*
 * factor_recovery(key, userId, attempt, i, code):
 * The ${i}-th recovery code of an enrolment: derived from its attempt, so that
 * a repeated call gives the same ones.
 */
void	factor_recovery(const unsigned char[CONF_KEY_LEN], const char *,
	    const char *, int, char[FACTOR_RECOVERY_SIZE]);

/*
 * factor_hash(key, userId, code, hash):
 * What is stored of a recovery code, whose case and dashes don't matter.
 */
void	factor_hash(const unsigned char[CONF_KEY_LEN], const char *,
	    const char *, char[FACTOR_HASH_SIZE]);

#endif /* !FACTOR_CODE_H_ */
