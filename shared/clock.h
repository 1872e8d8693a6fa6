/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLOCK_H_
#define CLOCK_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for "9999-12-31T23:59:59.999Z" and the NUL. */
#define CLOCK_TEXT_SIZE	25

/* clock_now(void): milliseconds since 1970-01-01T00:00:00Z. */
int64_t	clock_now(void);

/* clock_mono(void): milliseconds that never go back, for deadlines. */
int64_t	clock_mono(void);

/* clock_micro(void): microseconds that never go back, to time things. */
int64_t	clock_micro(void);

/* clock_set(ms): a test's fixed clock_now(); 0 gives the real one back. */
void	clock_set(int64_t);

/*
 * clock_parse(text, len, ms):
 * Read an RFC 3339 date-time with any offset into ${ms} (UTC).  Digits after
 * the millisecond are cut.  A leap second, a day that the month doesn't have,
 * or anything else than RFC 3339's grammar is refused: false.
 */
bool	clock_parse(const char *, size_t, int64_t *);

/*
 * clock_duration(text, len, ms):
 * Read an ISO 8601 duration of weeks, or of days, hours, minutes and seconds,
 * whose length is the same always: "P2W", "P7D", "PT36H", "P1DT30M".  At least
 * a second and at most 10 years; otherwise false.
 */
bool	clock_duration(const char *, size_t, int64_t *);

/* clock_format(ms, text): "2026-11-23T02:20:40.123Z"; years 0000 to 9999. */
void	clock_format(int64_t, char[CLOCK_TEXT_SIZE]);

/* clock_days(year, month, day): days from 1970-01-01 to a date. */
int64_t	clock_days(int64_t, int, int);

/* clock_date(days, year, month, day): and back. */
void	clock_date(int64_t, int *, int *, int *);

#endif /* !CLOCK_H_ */
