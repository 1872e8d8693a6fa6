/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TAP_H_
#define TAP_H_

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/*
 * The Test Anything Protocol, as much of it as our C tests need.  One file
 * is one program, so the count may live here.
 */
static int tap_count;
static int tap_failed;

/* ok(pass, fmt, ...): one test and its name. */
__attribute__((__format__(__printf__, 2, 3)))
static inline bool
ok(bool pass, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", pass ? "" : "not ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	tap_failed += !pass;
	return (pass);
}

/* is(got, expected, name): are these strings the same?  Either may be NULL. */
static inline bool
is(const char *got, const char *expected, const char *name)
{
	bool same = (got == NULL || expected == NULL) ? got == expected :
	    strcmp(got, expected) == 0;

	if (!ok(same, "%s", name))
		printf("#      got: %s\n# expected: %s\n",
		    got != NULL ? got : "(none)",
		    expected != NULL ? expected : "(none)");
	return (same);
}

/* done(void): the plan; return it from main(). */
static inline int
done(void)
{

	printf("1..%d\n", tap_count);
	return (tap_failed != 0);
}

#endif /* !TAP_H_ */
