/* SPDX-License-Identifier: BSD-2-Clause */
/* The form that introspection takes. */
#include <assert.h>
#include <string.h>

#include "../shared/json.h"
#include "../shared/request.h"
#include "fuzz.h"

static void
one(struct fuzz_input *in)
{
	char *none[] = { NULL };
	struct request req;
	const cJSON *item;

	fuzz_request(in, &req, none);
	if (request_form(&req) != ERR_OK)
		return;
	assert(memchr(in->text, '\0', in->len) == NULL);
	cJSON_ArrayForEach(item, req.json) {
		assert(cJSON_IsString(item));
		assert(json_utf8(item->valuestring,
		    strlen(item->valuestring)));
		assert(json_get(req.json, item->string) == item);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
