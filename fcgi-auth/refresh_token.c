/* SPDX-License-Identifier: BSD-2-Clause */
/* refresh_token: tokens that are derived and not stored; see the header. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "num.h"
#include "refresh_token.h"

#define MAC_LEN		crypto_auth_hmacsha256_BYTES
#define BASE64URL	sodium_base64_VARIANT_URLSAFE_NO_PADDING

_Static_assert(CONF_KEY_LEN == crypto_auth_hmacsha256_KEYBYTES, "key's size");

bool
refresh_token_parse(const char *text, char sid[ID_SIZE], int64_t *generation)
{
	char copy[REFRESH_TOKEN_SIZE], *number, *mac;

	if (strnlen(text, sizeof(copy)) == sizeof(copy))
		return (false);
	memcpy(copy, text, strlen(text) + 1);
	if ((number = strchr(copy, '.')) == NULL ||
	    (mac = strchr(number + 1, '.')) == NULL)
		return (false);
	*number++ = '\0';
	*mac = '\0';
	if (!id_valid("se", copy) ||
	    !num_parse(number, 1, NUM_SAFE_MAX, generation))
		return (false);
	memcpy(sid, copy, ID_SIZE);
	return (true);
}

void
refresh_token_make(const unsigned char key[CONF_KEY_LEN], const char *sid,
    int64_t generation, const unsigned char seed[REFRESH_SEED_LEN],
    char text[REFRESH_TOKEN_SIZE])
{
	crypto_auth_hmacsha256_state state;
	unsigned char mac[MAC_LEN];
	int len;

	/* The id has one length and the seed too: no two inputs are alike. */
	len = snprintf(text, REFRESH_TOKEN_SIZE, "%s.%" PRId64 ".", sid,
	    generation);
	(void)crypto_auth_hmacsha256_init(&state, key, CONF_KEY_LEN);
	(void)crypto_auth_hmacsha256_update(&state,
	    (const unsigned char *)text, (size_t)len);
	(void)crypto_auth_hmacsha256_update(&state, seed, REFRESH_SEED_LEN);
	(void)crypto_auth_hmacsha256_final(&state, mac);
	(void)sodium_bin2base64(text + len, REFRESH_TOKEN_SIZE - (size_t)len,
	    mac, sizeof(mac), BASE64URL);
}

bool
refresh_token_check(const unsigned char key[CONF_KEY_LEN], const char *sid,
    int64_t generation, const unsigned char seed[REFRESH_SEED_LEN],
    const char *text)
{
	char right[REFRESH_TOKEN_SIZE];

	refresh_token_make(key, sid, generation, seed, right);
	return (strlen(text) == strlen(right) &&
	    id_same(text, right, strlen(right)));
}
