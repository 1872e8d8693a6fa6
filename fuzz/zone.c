/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A compiled time zone, and the periods that are counted in it: it is the
 * system's file, but nothing in it may make us hang.
 */
#include <assert.h>

#include "fuzz.h"

#define ZONE_FOLDER	fuzz_folder()
#include "../shared/zone.c"
#include "../fcgi-event/period.h"

static void
look_up(const struct zone *Z, int64_t instant)
{
	int32_t offset = zone_offset(Z, instant);
	int64_t found;

	assert(offset >= -FAR && offset <= FAR);
	/* No instant before the found one shows this local time. */
	found = zone_instant(Z, instant + offset);
	assert(found <= instant);
	assert(found + zone_offset(Z, found) >= instant + offset);
}

static void
one(struct fuzz_input *in)
{
	static const int64_t instants[] = { 0, -86400 * 365, 1767258600,
	    1785542399, 4102444800, 253402300799 };
	const struct schedule schedule = { .recurrence = RECUR_WEEKLY,
	    .zone = "Fuzz", .hours = true, .from = 1320, .to = 120 };
	const struct zone *Z;
	struct period period;
	size_t i;

	(void)fuzz_file("Fuzz", in->text, in->len);
	if (zone_read(in->arena, "Fuzz", &Z) != ERR_OK)
		return;
	for (i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
		look_up(Z, instants[i]);
		if (instants[i] >= 0)
			(void)period_find(in->arena, &schedule,
			    instants[i] * 1000, &period);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
