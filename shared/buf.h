/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BUF_H_
#define BUF_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/*
 * A growing string in an arena.
 *
 * Always true: ${data} is NUL-terminated at ${len} and never NULL; ${len} is
 * at most ${max}, which is set at birth.  What would go beyond ${max} is left
 * out and ${full} is set for good: check it once, when the text is done.
 */
struct buf {
	char		*data;
	size_t		 len;
	size_t		 size;
	size_t		 max;
	bool		 full;
	struct arena	*arena;
};

/* buf_init(b, arena, max): an empty buf of at most ${max} bytes. */
void	buf_init(struct buf *, struct arena *, size_t);

/* buf_put(b, p, len), buf_puts(b, s), buf_putc(b, c): append. */
void	buf_put(struct buf *, const void *, size_t);
void	buf_puts(struct buf *, const char *);
void	buf_putc(struct buf *, char);

/* buf_put_int(b, n): append ${n} in decimal. */
void	buf_put_int(struct buf *, int64_t);

/* buf_printf(b, fmt, ...): append formatted text. */
void	buf_printf(struct buf *, const char *, ...)
	    __attribute__((__format__(__printf__, 2, 3)));

/* buf_put_uri(b, s): append ${s}, percent-encoded but for unreserved ones. */
void	buf_put_uri(struct buf *, const char *);

#endif /* !BUF_H_ */
