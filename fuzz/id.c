/* SPDX-License-Identifier: BSD-2-Clause */
/* Ids, numbers and hex digits. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../shared/id.h"
#include "../shared/num.h"
#include "fuzz.h"

static void
number(const char *text)
{
	char again[32];
	int64_t n;

	if (!num_parse(text, -NUM_SAFE_MAX, NUM_SAFE_MAX, &n))
		return;
	assert(n >= -NUM_SAFE_MAX && n <= NUM_SAFE_MAX);
	(void)snprintf(again, sizeof(again), "%" PRId64, n);
	assert(strspn(text, "-0123456789") == strlen(text) &&
	    strstr(text, again + (n < 0)) != NULL);
	assert(num_parse(text, INT64_MIN, INT64_MAX, &n));
}

static void
hex(const char *text)
{
	unsigned char bytes[8];
	char again[17];

	if (!num_hex(text, bytes, sizeof(bytes)))
		return;
	num_hex_put(bytes, sizeof(bytes), again);
	assert(strcmp(text, again) == 0);
}

static void
one(struct fuzz_input *in)
{
	const char *text = fuzz_line(in);
	char id[ID_SIZE], floor[ID_SIZE];

	number(text);
	hex(text);
	if (!id_valid("ev", text))
		return;
	assert(strlen(text) == ID_LEN && !id_valid("us", text));
	id_derive("us", text, id);
	assert(id_valid("us", id) && id_time(id) == id_time(text));
	id_floor("ev", id_time(text), floor);
	assert(strcmp(floor, text) <= 0);
	id_new_at("ev", text, id);
	assert(id_valid("ev", id) && id_time(id) == id_time(text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
