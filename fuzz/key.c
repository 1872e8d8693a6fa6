/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of secrets: a key, and the stored service credential. */
#include <assert.h>
#include <string.h>

#include "../shared/conf.h"
#include "../shared/credential.h"
#include "../shared/num.h"
#include "fuzz.h"

static void
one(struct fuzz_input *in)
{
	const char *path = fuzz_file("key", in->text, in->len);
	char hex[2 * CONF_KEY_LEN + 1], line[128];
	unsigned char key[CONF_KEY_LEN];
	struct credential cred;

	if (conf_key(path, key) == ERR_OK) {
		num_hex_put(key, sizeof(key), hex);
		assert(strncmp(in->text, hex, strlen(hex)) == 0);
	}
	if (credential_read(path, &cred) != ERR_OK)
		return;
	credential_print(&cred, line, sizeof(line));
	assert(cred.present &&
	    strncmp(in->text, line, strlen(line) - 1) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
