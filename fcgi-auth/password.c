/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * password: argon2id by libsodium; see password.h.
 *
 * Always true: a normalised password is wiped before its memory is given
 * back, and no password or hash is ever part of a message.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "password.h"
#include "places.h"

/* OWASP's second choice: 19 MiB, two passes, one lane. */
#define PASSES		2
#define MEMORY		((size_t)19456 * 1024)
#define ALGORITHM	crypto_pwhash_ALG_ARGON2ID13

_Static_assert(PASSWORD_HASH_SIZE == crypto_pwhash_STRBYTES, "size of a hash");

/* NFKC; the caller wipes and frees it.  NULL: no memory. */
static char *
normalise(const char *password)
{

	return ((char *)utf8proc_NFKC((const utf8proc_uint8_t *)password));
}

static void
wipe(char *text)
{

	sodium_memzero(text, strlen(text));
	free(text);
}

enum err
password_hash(struct places *P, const char *password,
    char hash[PASSWORD_HASH_SIZE])
{
	char *text;
	int rc;
	enum err err;

	if ((err = places_take(P)) != ERR_OK)
		return (err);
	if ((text = normalise(password)) != NULL) {
		rc = crypto_pwhash_str_alg(hash, text, strlen(text), PASSES,
		    MEMORY, ALGORITHM);
		wipe(text);
	} else
		rc = -1;
	places_give(P);
	return (rc == 0 ? ERR_OK : err_set(ERR_INTERNAL, NULL));
}

/* The work of a check, without anything to compare with. */
static int
pretend(const char *text)
{
	static const unsigned char salt[crypto_pwhash_SALTBYTES];
	unsigned char out[32];

	if (crypto_pwhash(out, sizeof(out), text, strlen(text), salt, PASSES,
	    MEMORY, ALGORITHM) == 0)
		errno = EINVAL;
	return (-1);
}

enum err
password_check(struct places *P, const char *hash, const char *password,
    bool *right)
{
	char *text;
	int rc = -1, why = ENOMEM;
	enum err err;

	if ((err = places_take(P)) != ERR_OK)
		return (err);
	if ((text = normalise(password)) != NULL) {
		errno = 0;
		rc = (hash == NULL) ? pretend(text) :
		    crypto_pwhash_str_verify(hash, text, strlen(text));
		why = errno;
		wipe(text);
	}
	places_give(P);
	*right = (rc == 0);
	/* libsodium says EINVAL for a password that is wrong; all else, such
	 * as ENOMEM, is no verdict. */
	return (rc == 0 || why == EINVAL ? ERR_OK :
	    err_set(ERR_INTERNAL, NULL));
}

/* The number behind ${name} in a hash, 0 if it isn't there. */
static unsigned long
parameter(const char *hash, const char *name)
{
	const char *at = strstr(hash, name);

	return (at != NULL ? strtoul(at + strlen(name), NULL, 10) : 0);
}

/* libsodium's needs_rehash() would make stronger ones weaker. */
bool
password_is_weak(const char *hash)
{

	return (strncmp(hash, crypto_pwhash_argon2id_STRPREFIX,
	    strlen(crypto_pwhash_argon2id_STRPREFIX)) != 0 ||
	    parameter(hash, "$m=") < MEMORY / 1024 ||
	    parameter(hash, ",t=") < PASSES);
}
