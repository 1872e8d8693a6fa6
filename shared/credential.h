/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CREDENTIAL_H_
#define CREDENTIAL_H_

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/*
 * What one process of ours proves itself to another with.
 *
 * The node key is shared by the workers of a node: whoever sends it may say
 * on whose behalf a call is made.  The service credential is what operators
 * and other servers show on the internal ports by HTTP Basic [RFC 7617]; we
 * store its id and the BLAKE2b hash of its secret, which has 256 random bits
 * and so needs no slow hash.
 */
#define CREDENTIAL_KEY_SIZE	65	/* 64 hex digits and the NUL */
#define CREDENTIAL_ID_SIZE	23	/* 128 bits as base64url */
#define CREDENTIAL_SECRET_SIZE	44	/* 256 bits as base64url */
#define CREDENTIAL_HASH_LEN	32

struct credential {
	bool		 present;
	char		 id[CREDENTIAL_ID_SIZE];
	unsigned char	 hash[CREDENTIAL_HASH_LEN];
};

/* credential_key(path, key): read a node key; see conf_secret(). */
enum err	credential_key(const char *, char[CREDENTIAL_KEY_SIZE]);

/* credential_key_new(key): a new random key. */
void		credential_key_new(char[CREDENTIAL_KEY_SIZE]);

/*
 * credential_read(path, cred):
 * Read the stored service credential.  Without a file there is none, and
 * credential_check() refuses everybody.
 */
enum err	credential_read(const char *, struct credential *);

/*
 * credential_new(cred, secret):
 * Make a new credential; ${secret} is the only copy of its secret.
 */
void		credential_new(struct credential *,
		    char[CREDENTIAL_SECRET_SIZE]);

/* credential_print(cred, text, size): the line to store. */
void		credential_print(const struct credential *, char *, size_t);

/*
 * credential_check(cred, authorization):
 * Does this value of an Authorization header show the credential?  Takes the
 * same time whatever is wrong with it.
 */
bool		credential_check(const struct credential *, const char *);

#endif /* !CREDENTIAL_H_ */
