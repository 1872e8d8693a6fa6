/* SPDX-License-Identifier: BSD-2-Clause */
/* buf: a growing string in an arena; see buf.h for what always holds. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "buf.h"

#define FIRST_SIZE	256

void
buf_init(struct buf *b, struct arena *A, size_t max)
{

	b->arena = A;
	b->max = max;
	b->len = 0;
	b->full = false;
	b->size = FIRST_SIZE;
	b->data = arena_alloc(A, b->size);
}

/* Make room for ${more} bytes and the NUL; false if that is over the max. */
static bool
reserve(struct buf *b, size_t more)
{
	size_t size = b->size;
	char *data;

	if (b->full || more > b->max - b->len) {
		b->full = true;
		return (false);
	}
	if (b->len + more < b->size)
		return (true);
	while (size <= b->len + more)
		size *= 2;
	data = arena_alloc(b->arena, size);
	memcpy(data, b->data, b->len);
	b->data = data;
	b->size = size;
	return (true);
}

void
buf_put(struct buf *b, const void *p, size_t len)
{

	if (!reserve(b, len))
		return;
	memcpy(b->data + b->len, p, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void
buf_puts(struct buf *b, const char *s)
{

	buf_put(b, s, strlen(s));
}

void
buf_putc(struct buf *b, char c)
{

	buf_put(b, &c, 1);
}

void
buf_put_int(struct buf *b, int64_t n)
{
	uint64_t rest = (n < 0) ? 0 - (uint64_t)n : (uint64_t)n;
	char digits[24];
	size_t i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest != 0);
	if (n < 0)
		digits[--i] = '-';
	buf_put(b, digits + i, sizeof(digits) - i);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(len >= 0);
	if (reserve(b, (size_t)len)) {
		(void)vsnprintf(b->data + b->len, (size_t)len + 1, fmt, again);
		b->len += (size_t)len;
	}
	va_end(again);
}

void
buf_put_uri(struct buf *b, const char *s)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *s != '\0'; s++) {
		if (strchr(unreserved, *s) != NULL)
			buf_putc(b, *s);
		else
			buf_printf(b, "%%%02X", (unsigned char)*s);
	}
}
