/* SPDX-License-Identifier: BSD-2-Clause */
/* If-Match and If-None-Match. */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "../shared/arena.h"
#include "../shared/request.h"
#include "fuzz.h"

static void
one(struct fuzz_input *in)
{
	const char *list = fuzz_line(in);
	bool match = request_match(list, 7);

	/* What isn't named can't match; a strong match is a weak one. */
	if (match && strchr(list, '*') == NULL)
		assert(strstr(list, "\"7") != NULL);
	if (!request_none_match(list, "\"7\"") && strchr(list, '*') == NULL)
		assert(strstr(list, "\"7\"") != NULL);
	(void)request_match(list, INT64_MIN);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
