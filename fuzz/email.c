/* SPDX-License-Identifier: BSD-2-Clause */
/* The key of an email address: the key of a key is itself. */
#include <assert.h>
#include <string.h>

#include "../fcgi-auth/user_store.h"
#include "../shared/json.h"
#include "fuzz.h"

static void
one(struct fuzz_input *in)
{
	const char *email = fuzz_line(in), *key, *again;

	/* The contract lets nothing else through. */
	if (!json_utf8(email, strlen(email)) || strlen(email) > 1016)
		return;
	if ((key = user_email_key(in->arena, email)) == NULL)
		return;
	assert(json_utf8(key, strlen(key)));
	again = user_email_key(in->arena, key);
	assert(again != NULL && strcmp(again, key) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
