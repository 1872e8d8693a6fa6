/* SPDX-License-Identifier: BSD-2-Clause */
/* Codes of the second factor: of the time, and for recovery. */
#include <assert.h>
#include <string.h>

#include "../fcgi-auth/factor_code.h"
#include "fuzz.h"

#define NOW	INT64_C(1767258600)

static void
one(struct fuzz_input *in)
{
	static const unsigned char key[CONF_KEY_LEN] = { 1, 2, 3 };
	static const unsigned char secret[FACTOR_SECRET_LEN] = { 4, 5, 6 };
	char hash[FACTOR_HASH_SIZE], other[FACTOR_HASH_SIZE];
	const char *code = fuzz_line(in);
	int64_t step;

	if (factor_step(secret, code, NOW, &step))
		assert(strlen(code) == 6 && step >= NOW / 30 - 1 &&
		    step <= NOW / 30 + 1);
	factor_hash(key, "us_1", code, hash);
	factor_hash(key, "us_2", code, other);
	assert(strlen(hash) == FACTOR_HASH_SIZE - 1 &&
	    strcmp(hash, other) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
