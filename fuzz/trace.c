/* SPDX-License-Identifier: BSD-2-Clause */
/* A traceparent header; what we pass on is always valid and our own span. */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "../shared/num.h"
#include "../shared/trace.h"
#include "fuzz.h"

static void
one(struct fuzz_input *in)
{
	const char *header = fuzz_line(in);
	char text[TRACE_PARENT_SIZE];
	unsigned char id[16], span[8];
	struct trace first, next;

	trace_start(&first, header);
	assert(num_hex(first.id, id, sizeof(id)) &&
	    num_hex(first.span, span, sizeof(span)) &&
	    strspn(first.id, "0") < 32 && strspn(first.span, "0") < 16);
	trace_parent(&first, text);
	assert(strlen(text) == TRACE_PARENT_SIZE - 1);
	trace_start(&next, text);
	assert(strcmp(next.id, first.id) == 0 &&
	    strcmp(next.span, first.span) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
