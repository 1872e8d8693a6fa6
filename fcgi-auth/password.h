/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PASSWORD_H_
#define PASSWORD_H_

#include <stdbool.h>

#include "err.h"

struct places;

/*
 * Passwords: argon2id over their NFKC form, so that the same password logs in
 * however a keyboard composes its letters.  No rules of our own are here: how
 * long a password must be is in the contract.
 */
#define PASSWORD_HASH_SIZE	128	/* crypto_pwhash_STRBYTES */

/*
 * password_hash(places, password, hash):
 * The text to store for a password.  Takes 35 ms and 19 MiB, at one of the
 * ${places} (NULL: without a bound).  ERR_INTERNAL if there is no memory,
 * ERR_AWAY if there is no place.
 */
enum err	password_hash(struct places *, const char *,
		    char[PASSWORD_HASH_SIZE]);

/*
 * password_check(places, hash, password, right):
 * Does the password belong to a stored hash?  ${hash} NULL: it doesn't, but
 * finding that out takes the same time.  Fails as password_hash() does.
 */
enum err	password_check(struct places *, const char *, const char *, bool *);

/*
 * password_is_weak(hash):
 * Was it made by another function than argon2id, or with less memory or fewer
 * passes than today?  A stronger one, of a newer release, is not weak.
 */
bool		password_is_weak(const char *);

#endif /* !PASSWORD_H_ */
