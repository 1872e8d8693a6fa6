/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIE_H_
#define DIE_H_

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* die(fmt, ...): say why on standard error, and exit with 1. */
__attribute__((__format__(__printf__, 1, 2)))
static inline _Noreturn void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	exit(1);
}

#endif /* !DIE_H_ */
