/* SPDX-License-Identifier: BSD-2-Clause */
/* num: numbers and hex digits from text, strictly. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "num.h"

static const char hex[] = "0123456789abcdef";

bool
num_parse(const char *text, int64_t min, int64_t max, int64_t *n)
{
	const char *s = text + (text[0] == '-');
	intmax_t value;

	if (s[0] == '\0' || s[strspn(s, "0123456789")] != '\0')
		return (false);
	errno = 0;
	value = strtoimax(text, NULL, 10);
	if (errno != 0 || value < min || value > max)
		return (false);
	*n = value;
	return (true);
}

bool
num_hex(const char *text, void *out, size_t len)
{
	unsigned char *p = out;
	const char *high, *low;
	size_t i;

	if (strlen(text) != 2 * len)
		return (false);
	for (i = 0; i < len; i++) {
		high = strchr(hex, text[2 * i]);
		low = strchr(hex, text[2 * i + 1]);
		if (high == NULL || low == NULL)
			return (false);
		p[i] = (unsigned char)((high - hex) << 4 | (low - hex));
	}
	return (true);
}

void
num_hex_put(const void *bytes, size_t len, char *text)
{
	const unsigned char *p = bytes;
	size_t i;

	for (i = 0; i < len; i++) {
		text[2 * i] = hex[p[i] >> 4];
		text[2 * i + 1] = hex[p[i] & 15];
	}
	text[2 * len] = '\0';
}
