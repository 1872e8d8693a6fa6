/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token: libjwt behind a strict door.
 *
 * libjwt verifies a signature and nothing else: it takes any algorithm, any
 * header, any claims of any type.  So a token comes to it only if its header
 * is byte for byte the one that we mint for a key of ours; that also chooses
 * the key, and with it the algorithm.  Its payload is read by our own parser
 * and must hold exactly the members that we mint, each of its type.
 */
#include <dirent.h>
#include <errno.h>
#include <jwt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arena.h"
#include "clock.h"
#include "conf.h"
#include "json.h"
#include "token.h"

#define KID_MAX		40
#define HEADER_MAX	160	/* base64url of our header */
#define TOKEN_MAX	2048
#define LEEWAY		5	/* seconds that clocks may differ */
#define CLAIMS		5
#define SUFFIX		".key"
#define BASE64URL	sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define KID_CHARS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
			"0123456789_-"

struct key {
	char		kid[KID_MAX + 1];
	char		header[HEADER_MAX];	/* first segment, with its dot */
	unsigned char	secret[CONF_KEY_LEN];
};

/* Sorted by kid: the last one signs. */
struct token_keys {
	size_t		count;
	struct key	list[TOKEN_KEYS_MAX];
};

/* Sign with one key; the caller frees the text.  NULL: no memory. */
static char *
sign(const struct key *key, const struct token *token)
{
	char *text = NULL;
	jwt_t *jwt;

	if (jwt_new(&jwt) != 0)
		return (NULL);
	if (jwt_set_alg(jwt, JWT_ALG_HS256, key->secret,
	    sizeof(key->secret)) == 0 &&
	    jwt_add_header(jwt, "kid", key->kid) == 0 &&
	    jwt_add_grant(jwt, "sub", token->sub) == 0 &&
	    jwt_add_grant(jwt, "sid", token->sid) == 0 &&
	    jwt_add_grant(jwt, "jti", token->jti) == 0 &&
	    jwt_add_grant_int(jwt, "iat", (long)token->iat) == 0 &&
	    jwt_add_grant_int(jwt, "exp", (long)token->exp) == 0)
		text = jwt_encode_str(jwt);
	jwt_free(jwt);
	return (text);
}

/* What the header of this key's tokens is: we mint one and look. */
static enum err
learn_header(struct key *key)
{
	const struct token sample = { .iat = 0 };
	enum err err = ERR_OK;
	size_t len;
	char *text;

	if ((text = sign(key, &sample)) == NULL)
		return (err_set(ERR_INTERNAL, "libjwt can't sign"));
	len = strcspn(text, ".") + 1;
	if (len < sizeof(key->header))
		memcpy(key->header, text, len);
	else
		err = err_set(ERR_INTERNAL, "a token's header is too long");
	free(text);
	return (err);
}

static enum err
read_key(struct token_keys *keys, const char *folder, const char *name)
{
	size_t len = strlen(name) - strlen(SUFFIX);
	struct key *key = &keys->list[keys->count];
	char path[4096];
	enum err err;

	if (len < 1 || len > KID_MAX || strspn(name, KID_CHARS) != len)
		return (err_set(ERR_INVALID, "%s/%s: not a name for a key",
		    folder, name));
	if (keys->count == TOKEN_KEYS_MAX)
		return (err_set(ERR_INVALID, "%s: more than %d keys", folder,
		    TOKEN_KEYS_MAX));
	memcpy(key->kid, name, len);
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	/* A link that leads nowhere is there, and wrong. */
	if ((err = conf_key(path, key->secret)) == ERR_NOT_FOUND)
		err = ERR_INVALID;
	if (err == ERR_OK && (err = learn_header(key)) == ERR_OK)
		keys->count++;
	return (err);
}

/* Is it a visible name that ends in ".key"? */
static int
is_key_name(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return (entry->d_name[0] != '.' && len >= strlen(SUFFIX) &&
	    strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0);
}

/* The order of bytes, whatever the locale. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{

	return (strcmp((*a)->d_name, (*b)->d_name));
}

static enum err
read_folder(struct token_keys *keys, const char *folder)
{
	struct dirent **names;
	struct stat sb;
	enum err err = ERR_OK;
	int i, count;

	if (stat(folder, &sb) == -1 ||
	    (count = scandir(folder, &names, is_key_name, by_name)) == -1)
		return (err_set(ERR_NOT_FOUND, "%s: %s", folder,
		    strerror(errno)));
	if ((sb.st_mode & 077) != 0)
		err = err_set(ERR_INVALID, "%s: others may enter it; "
		    "chmod 700", folder);
	else if (count == 0)
		err = err_set(ERR_NOT_FOUND, "%s: no key is there; run "
		    "\"guerdon init\"", folder);
	for (i = 0; i < count; i++) {
		if (err == ERR_OK)
			err = read_key(keys, folder, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return (err);
}

enum err
token_keys_read(const char *folder, struct token_keys **out)
{
	struct token_keys *keys;
	enum err err;

	if ((keys = calloc(1, sizeof(*keys))) == NULL)
		return (err_set(ERR_INTERNAL, "out of memory"));
	if ((err = read_folder(keys, folder)) == ERR_OK)
		*out = keys;
	else
		token_keys_free(keys);
	return (err);
}

void
token_keys_free(struct token_keys *keys)
{

	if (keys == NULL)
		return;
	sodium_memzero(keys, sizeof(*keys));
	free(keys);
}

const char *
token_keys_signer(const struct token_keys *keys)
{

	return (keys->list[keys->count - 1].kid);
}

enum err
token_mint(const struct token_keys *keys, struct arena *A,
    const struct token *token, const char **out)
{
	char *text;

	if ((text = sign(&keys->list[keys->count - 1], token)) == NULL)
		return (err_set(ERR_INTERNAL, NULL));
	arena_defer(A, free, text);
	*out = text;
	return (ERR_OK);
}

static const struct key *
find_key(const struct token_keys *keys, const char *text)
{
	const struct key *key;

	for (key = keys->list; key < keys->list + keys->count; key++)
		if (strncmp(text, key->header, strlen(key->header)) == 0)
			return (key);
	return (NULL);
}

/* Is it signed with this key, by the one algorithm that we use? */
static bool
is_signed(const struct key *key, const char *text)
{
	jwt_t *jwt;
	bool right;

	if (jwt_decode(&jwt, text, key->secret, sizeof(key->secret)) != 0)
		return (false);
	right = (jwt_get_alg(jwt) == JWT_ALG_HS256);
	jwt_free(jwt);
	return (right);
}

static bool
take_id(const cJSON *claims, const char *name, const char *prefix,
    char id[ID_SIZE])
{
	const char *text = json_get_string(claims, name);

	if (text == NULL || !id_valid(prefix, text))
		return (false);
	memcpy(id, text, ID_SIZE);
	return (true);
}

/* The second of three segments: strict base64url, strict JSON, our claims. */
static bool
read_claims(struct arena *A, const char *segment, size_t len,
    struct token *token)
{
	char payload[TOKEN_MAX];
	size_t got;
	cJSON *claims;

	if (sodium_base642bin((unsigned char *)payload, sizeof(payload),
	    segment, len, NULL, &got, NULL, BASE64URL) != 0 ||
	    json_parse(A, payload, got, &claims) != ERR_OK ||
	    !cJSON_IsObject(claims) || cJSON_GetArraySize(claims) != CLAIMS)
		return (false);
	return (take_id(claims, "sub", "us", token->sub) &&
	    take_id(claims, "sid", "se", token->sid) &&
	    take_id(claims, "jti", "at", token->jti) &&
	    json_get_int(claims, "iat", &token->iat) &&
	    json_get_int(claims, "exp", &token->exp));
}

bool
token_is_timely(const struct token *token)
{
	int64_t now = clock_now();

	return (now <= (token->exp + LEEWAY) * 1000 &&
	    now >= (token->iat - LEEWAY) * 1000);
}

bool
token_read(const struct token_keys *keys, struct arena *A, const char *text,
    struct token *token)
{
	const char *payload, *signature;
	const struct key *key;

	if (strnlen(text, TOKEN_MAX) == TOKEN_MAX ||
	    (key = find_key(keys, text)) == NULL)
		return (false);
	payload = text + strlen(key->header);
	if ((signature = strchr(payload, '.')) == NULL ||
	    signature[1 + strspn(signature + 1, KID_CHARS)] != '\0')
		return (false);
	return (is_signed(key, text) &&
	    read_claims(A, payload, (size_t)(signature - payload), token) &&
	    token_is_timely(token));
}
