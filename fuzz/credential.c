/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An Authorization header for the internal ports.  "right" in it stands for
 * the right credential, so that something is let in.
 */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "../shared/arena.h"
#include "../shared/credential.h"
#include "fuzz.h"

#define BASE64	sodium_base64_VARIANT_ORIGINAL

static struct credential	cred;
static char			secret[CREDENTIAL_SECRET_SIZE];

static void
one(struct fuzz_input *in)
{
	char *header = fuzz_line(in), *pair, text[256];

	if (!cred.present)
		credential_new(&cred, secret);
	/* Nobody guesses 256 bits. */
	assert(!credential_check(&cred, header));
	if (in->len == 0)
		return;
	pair = arena_printf(in->arena, "%s:%s%s", cred.id, secret,
	    fuzz_line(in));
	if (strlen(pair) > 150)
		return;
	(void)sodium_bin2base64(text, sizeof(text), (unsigned char *)pair,
	    strlen(pair), BASE64);
	header = arena_printf(in->arena, "bAsIc %s", text);
	assert(credential_check(&cred, header) ==
	    (strlen(pair) == strlen(cred.id) + 1 + strlen(secret)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
