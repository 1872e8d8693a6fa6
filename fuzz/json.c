/* SPDX-License-Identifier: BSD-2-Clause */
/* A JSON text; what is taken must be written as JSON of the same value. */
#include <assert.h>
#include <string.h>

#include "../shared/buf.h"
#include "../shared/json.h"
#include "../shared/json_scan.h"
#include "fuzz.h"

#define OUT_MAX		((size_t)4 * 1024 * 1024)

static void
one(struct fuzz_input *in)
{
	struct buf once, again;
	cJSON *value, *second;

	if (json_parse(in->arena, in->text, in->len, &value) != ERR_OK)
		return;
	assert(json_scan(in->text, in->len) == ERR_OK &&
	    json_utf8(in->text, in->len));
	buf_init(&once, in->arena, OUT_MAX);
	buf_init(&again, in->arena, OUT_MAX);
	json_put(&once, value);
	if (once.full)
		return;
	assert(json_parse(in->arena, once.data, once.len, &second) == ERR_OK);
	json_put(&again, second);
	assert(again.len == once.len &&
	    memcmp(again.data, once.data, once.len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
