/* SPDX-License-Identifier: BSD-2-Clause */
/* credential: the node key and the service credential. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "conf.h"
#include "credential.h"
#include "id.h"
#include "num.h"

#define BASE64URL	sodium_base64_VARIANT_URLSAFE_NO_PADDING

enum err
credential_key(const char *path, char key[CREDENTIAL_KEY_SIZE])
{
	unsigned char bytes[CONF_KEY_LEN];
	enum err err;

	if ((err = conf_key(path, bytes)) == ERR_OK)
		num_hex_put(bytes, sizeof(bytes), key);
	sodium_memzero(bytes, sizeof(bytes));
	return (err);
}

void
credential_key_new(char key[CREDENTIAL_KEY_SIZE])
{
	unsigned char bytes[32];

	id_random(bytes, sizeof(bytes));
	num_hex_put(bytes, sizeof(bytes), key);
	sodium_memzero(bytes, sizeof(bytes));
}

static void
hash_secret(const char *secret, unsigned char hash[CREDENTIAL_HASH_LEN])
{

	(void)crypto_generichash(hash, CREDENTIAL_HASH_LEN,
	    (const unsigned char *)secret, strlen(secret), NULL, 0);
}

enum err
credential_read(const char *path, struct credential *cred)
{
	char text[128], *space;
	size_t len;
	enum err err;

	memset(cred, 0, sizeof(*cred));
	err = conf_secret(path, text, sizeof(text) - 1, &len);
	if (err == ERR_NOT_FOUND)
		return (ERR_OK);
	if (err != ERR_OK)
		return (err);
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if ((space = strchr(text, ' ')) == NULL ||
	    space - text != CREDENTIAL_ID_SIZE - 1 ||
	    !num_hex(space + 1, cred->hash, CREDENTIAL_HASH_LEN))
		return (err_set(ERR_INVALID, "%s: not a service credential",
		    path));
	*space = '\0';
	memcpy(cred->id, text, CREDENTIAL_ID_SIZE);
	cred->present = true;
	return (ERR_OK);
}

void
credential_new(struct credential *cred, char secret[CREDENTIAL_SECRET_SIZE])
{
	unsigned char bytes[32];

	id_random(bytes, 16);
	(void)sodium_bin2base64(cred->id, sizeof(cred->id), bytes, 16,
	    BASE64URL);
	id_random(bytes, 32);
	(void)sodium_bin2base64(secret, CREDENTIAL_SECRET_SIZE, bytes, 32,
	    BASE64URL);
	hash_secret(secret, cred->hash);
	cred->present = true;
	sodium_memzero(bytes, sizeof(bytes));
}

void
credential_print(const struct credential *cred, char *text, size_t size)
{
	char hash[2 * CREDENTIAL_HASH_LEN + 1];

	num_hex_put(cred->hash, CREDENTIAL_HASH_LEN, hash);
	(void)snprintf(text, size, "%s %s\n", cred->id, hash);
}

bool
credential_check(const struct credential *cred, const char *authorization)
{
	unsigned char hash[CREDENTIAL_HASH_LEN];
	char text[128], id[CREDENTIAL_ID_SIZE] = { 0 }, *colon;
	size_t len = 0;
	bool right;

	if (!cred->present || strncasecmp(authorization, "Basic ", 6) != 0 ||
	    sodium_base642bin((unsigned char *)text, sizeof(text) - 1,
	    authorization + 6, strlen(authorization + 6), NULL, &len, NULL,
	    sodium_base64_VARIANT_ORIGINAL) != 0)
		return (false);
	text[len] = '\0';
	if (strlen(text) != len || (colon = strchr(text, ':')) == NULL)
		return (false);
	*colon = '\0';
	memcpy(id, text, strnlen(text, sizeof(id)));
	hash_secret(colon + 1, hash);
	right = id_same(id, cred->id, sizeof(id)) &
	    id_same(hash, cred->hash, sizeof(hash));
	sodium_memzero(text, sizeof(text));
	return (right);
}
