/* SPDX-License-Identifier: BSD-2-Clause */
/* A refresh token: nobody makes one, and one bit more is no token. */
#include <assert.h>
#include <string.h>

#include "../fcgi-auth/refresh_token.h"
#include "fuzz.h"

static void
one(struct fuzz_input *in)
{
	static const unsigned char key[CONF_KEY_LEN] = { 1, 2, 3 };
	static const unsigned char seed[REFRESH_SEED_LEN] = { 4, 5, 6 };
	const char *text = fuzz_line(in);
	char sid[ID_SIZE], right[REFRESH_TOKEN_SIZE];
	int64_t generation;

	if (!refresh_token_parse(text, sid, &generation))
		return;
	assert(id_valid("se", sid) && generation > 0);
	refresh_token_make(key, sid, generation, seed, right);
	assert(refresh_token_check(key, sid, generation, seed, text) ==
	    (strcmp(text, right) == 0));
	assert(refresh_token_check(key, sid, generation, seed, right));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
