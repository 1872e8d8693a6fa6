/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * factor_code: one-time codes by liboath, seals and hashes by libsodium; see
 * factor_code.h.  One key serves for sealing, deriving and hashing: each has
 * its own subkey.
 */
#include <ctype.h>
#include <liboath/oath.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "factor_code.h"
#include "id.h"

#define STEP		30	/* seconds */
#define WINDOW		1	/* steps that clocks may differ by */
#define DIGITS		6
#define NONCE_LEN	crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define RECOVERY_LEN	16	/* characters of 5 bits each */

_Static_assert(FACTOR_SEALED_LEN == NONCE_LEN + FACTOR_SECRET_LEN +
    crypto_aead_xchacha20poly1305_ietf_ABYTES, "size of a seal");
_Static_assert(CONF_KEY_LEN == crypto_kdf_KEYBYTES, "key's size");

enum use { USE_SEAL = 1, USE_RECOVERY, USE_HASH };

static void
subkey(const unsigned char key[CONF_KEY_LEN], enum use use,
    unsigned char out[CONF_KEY_LEN])
{

	(void)crypto_kdf_derive_from_key(out, CONF_KEY_LEN, use, "2ndfactr",
	    key);
}

void
factor_seal(const unsigned char key[CONF_KEY_LEN], const char *user,
    const unsigned char secret[FACTOR_SECRET_LEN],
    unsigned char sealed[FACTOR_SEALED_LEN])
{
	unsigned char sub[CONF_KEY_LEN];

	subkey(key, USE_SEAL, sub);
	id_random(sealed, NONCE_LEN);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE_LEN,
	    NULL, secret, FACTOR_SECRET_LEN, (const unsigned char *)user,
	    strlen(user), NULL, sealed, sub);
	sodium_memzero(sub, sizeof(sub));
}

bool
factor_open(const unsigned char key[CONF_KEY_LEN], const char *user,
    const unsigned char sealed[FACTOR_SEALED_LEN],
    unsigned char secret[FACTOR_SECRET_LEN])
{
	unsigned char sub[CONF_KEY_LEN];
	int rc;

	subkey(key, USE_SEAL, sub);
	rc = crypto_aead_xchacha20poly1305_ietf_decrypt(secret, NULL, NULL,
	    sealed + NONCE_LEN, FACTOR_SEALED_LEN - NONCE_LEN,
	    (const unsigned char *)user, strlen(user), sealed, sub);
	sodium_memzero(sub, sizeof(sub));
	return (rc == 0);
}

enum err
factor_base32(const unsigned char secret[FACTOR_SECRET_LEN],
    char text[FACTOR_BASE32_SIZE])
{
	char copy[FACTOR_SECRET_LEN], *made = NULL;
	size_t len = 0;
	enum err err = ERR_OK;

	memcpy(copy, secret, sizeof(copy));
	if (oath_base32_encode(copy, sizeof(copy), &made, &len) != OATH_OK ||
	    len != FACTOR_BASE32_SIZE - 1)
		err = err_set(ERR_INTERNAL, NULL);
	else
		memcpy(text, made, len + 1);
	sodium_memzero(copy, sizeof(copy));
	if (made != NULL)
		sodium_memzero(made, len);
	free(made);
	return (err);
}

bool
factor_step(const unsigned char secret[FACTOR_SECRET_LEN], const char *code,
    int64_t seconds, int64_t *step)
{
	char copy[FACTOR_SECRET_LEN];
	uint64_t counter = 0;
	int rc;

	if (strlen(code) != DIGITS || strspn(code, "0123456789") != DIGITS)
		return (false);
	memcpy(copy, secret, sizeof(copy));
	rc = oath_totp_validate3(copy, sizeof(copy), (time_t)seconds, STEP,
	    OATH_TOTP_DEFAULT_START_TIME, WINDOW, NULL, &counter, code);
	sodium_memzero(copy, sizeof(copy));
	*step = (int64_t)counter;
	return (rc >= 0);
}

/* BLAKE2b of texts, each with its NUL, so that they can't run together. */
static void
digest(const unsigned char key[CONF_KEY_LEN], enum use use,
    const char *const texts[], int count, unsigned char out[32])
{
	crypto_generichash_state state;
	unsigned char sub[CONF_KEY_LEN];
	int i;

	subkey(key, use, sub);
	(void)crypto_generichash_init(&state, sub, sizeof(sub), 32);
	for (i = 0; i < count; i++)
		(void)crypto_generichash_update(&state,
		    (const unsigned char *)texts[i], strlen(texts[i]) + 1);
	(void)crypto_generichash_final(&state, out, 32);
	sodium_memzero(sub, sizeof(sub));
}

void
factor_recovery(const unsigned char key[CONF_KEY_LEN], const char *user,
    const char *attempt, int i, char code[FACTOR_RECOVERY_SIZE])
{
	static const char alphabet[] = "ABCDEFGHJKMNPQRSTVWXYZ0123456789";
	const char number[] = { (char)('a' + i), '\0' };
	const char *texts[] = { user, attempt, number };
	unsigned char bytes[32];
	int n;

	digest(key, USE_RECOVERY, texts, 3, bytes);
	for (n = 0; n < RECOVERY_LEN; n++) {
		if (n > 0 && n % 4 == 0)
			*code++ = '-';
		*code++ = alphabet[bytes[n] % 32];
	}
	*code = '\0';
}

void
factor_hash(const unsigned char key[CONF_KEY_LEN], const char *user,
    const char *code, char hash[FACTOR_HASH_SIZE])
{
	char plain[RECOVERY_LEN + 1];
	const char *texts[] = { user, plain };
	unsigned char bytes[32];
	size_t len = 0;

	for (; *code != '\0' && len < RECOVERY_LEN; code++)
		if (*code != '-' && *code != ' ')
			plain[len++] = (char)toupper((unsigned char)*code);
	/* What is longer is none of ours. */
	/* cppcheck-suppress unreadVariable; texts[1] is it */
	plain[*code == '\0' ? len : 0] = '\0';
	digest(key, USE_HASH, texts, 2, bytes);
	(void)sodium_bin2hex(hash, FACTOR_HASH_SIZE, bytes, sizeof(bytes));
}
