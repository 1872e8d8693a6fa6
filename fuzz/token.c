/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An access token.  The first line is one as it comes; what follows is a
 * payload that is signed with the right key, or nobody would get past the
 * signature.
 */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "../fcgi-auth/token.h"
#include "../shared/arena.h"
#include "../shared/clock.h"
#include "../shared/num.h"
#include "fuzz.h"

#define NOW		INT64_C(1767258600)
#define BASE64URL	sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define KEY		"00112233445566778899aabbccddeeff" \
			"0123456789abcdef0f1e2d3c4b5a6978"
#define PAYLOAD_MAX	1600

static struct token_keys *keys;

static void
read_keys(void)
{
	enum err err;

	(void)fuzz_file("A.key", KEY, strlen(KEY));
	err = token_keys_read(fuzz_folder(), &keys);
	assert(err == ERR_OK);
	clock_set(NOW * 1000);
}

/* A token of ours with another payload. */
static const char *
sign(const struct fuzz_input *in)
{
	const struct token sample = { .iat = NOW, .exp = NOW };
	unsigned char mac[crypto_auth_hmacsha256_BYTES], key[32];
	char payload[4 * PAYLOAD_MAX / 3 + 4], tail[64], *text;
	const char *minted;
	enum err err;

	err = token_mint(keys, in->arena, &sample, &minted);
	assert(err == ERR_OK && num_hex(KEY, key, sizeof(key)));
	(void)sodium_bin2base64(payload, sizeof(payload),
	    (unsigned char *)in->text, in->len, BASE64URL);
	text = arena_printf(in->arena, "%.*s.%s", (int)strcspn(minted, "."),
	    minted, payload);
	(void)crypto_auth_hmacsha256(mac, (unsigned char *)text, strlen(text),
	    key);
	(void)sodium_bin2base64(tail, sizeof(tail), mac, sizeof(mac),
	    BASE64URL);
	return (arena_printf(in->arena, "%s.%s", text, tail));
}

static void
one(struct fuzz_input *in)
{
	const char *text = fuzz_line(in);
	struct token token;

	if (keys == NULL)
		read_keys();
	assert(!token_read(keys, in->arena, text, &token));
	if (in->len == 0 || in->len > PAYLOAD_MAX ||
	    !token_read(keys, in->arena, sign(in), &token))
		return;
	assert(id_valid("us", token.sub) && id_valid("se", token.sid) &&
	    id_valid("at", token.jti));
	assert(token.exp >= NOW - 5 && token.iat <= NOW + 5);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
