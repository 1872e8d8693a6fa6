/* SPDX-License-Identifier: BSD-2-Clause */
/* trace: read, continue and print a W3C traceparent. */
#include <stdio.h>
#include <string.h>

#include "id.h"
#include "num.h"
#include "trace.h"

/* ${len} bytes of lower-case hex at ${s}, not all zero. */
static bool
hex_field(const char *s, size_t len, char *out)
{
	unsigned char bytes[16], any = 0;
	size_t i;

	memcpy(out, s, 2 * len);
	out[2 * len] = '\0';
	if (!num_hex(out, bytes, len))
		return (false);
	for (i = 0; i < len; i++)
		any |= bytes[i];
	return (any != 0);
}

/*
 * version "-" trace-id "-" parent-id "-" trace-flags.  A later version than
 * 00 may go on after another "-"; version ff is forbidden.
 */
static bool
parse(struct trace *T, const char *text)
{
	char version[3], parent[TRACE_SPAN_SIZE];
	unsigned char byte;
	size_t len = strlen(text);

	if (len < TRACE_PARENT_SIZE - 1 || text[2] != '-' ||
	    text[35] != '-' || text[52] != '-')
		return (false);
	memcpy(version, text, 2);
	version[2] = '\0';
	if (!num_hex(version, &byte, 1) || byte == 0xff)
		return (false);
	if (len > TRACE_PARENT_SIZE - 1 && (byte == 0 || text[55] != '-' ||
	    strchr(text, ',') != NULL))
		return (false);
	memcpy(T->flags, text + 53, 2);
	T->flags[2] = '\0';
	return (num_hex(T->flags, &byte, 1) &&
	    hex_field(text + 3, 16, T->id) &&
	    hex_field(text + 36, 8, parent));
}

void
trace_start(struct trace *T, const char *traceparent)
{
	unsigned char random[16];

	if (traceparent == NULL || !parse(T, traceparent)) {
		id_random(random, 16);
		num_hex_put(random, 16, T->id);
		memcpy(T->flags, "01", 3);
	}
	id_random(random, 8);
	num_hex_put(random, 8, T->span);
}

void
trace_parent(const struct trace *T, char text[TRACE_PARENT_SIZE])
{

	(void)snprintf(text, TRACE_PARENT_SIZE, "00-%s-%s-%s", T->id, T->span,
	    T->flags);
}
