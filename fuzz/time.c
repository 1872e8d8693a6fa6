/* SPDX-License-Identifier: BSD-2-Clause */
/* Date-times and durations. */
#include <assert.h>
#include <string.h>

#include "../shared/clock.h"
#include "fuzz.h"

#define YEAR_MS	INT64_C(31622400000)

static void
one(struct fuzz_input *in)
{
	char text[CLOCK_TEXT_SIZE];
	int64_t ms, again;

	if (clock_duration(in->text, in->len, &ms))
		assert(ms >= 1000 && ms <= 10 * YEAR_MS);
	if (!clock_parse(in->text, in->len, &ms))
		return;
	clock_format(ms, text);
	assert(clock_parse(text, strlen(text), &again) && again == ms);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
