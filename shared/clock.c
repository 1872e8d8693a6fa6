/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock: the only place that asks for the time, and RFC 3339 text [RFC 3339,
 * section 5.6].  The calendar is the proleptic Gregorian one, computed here:
 * timegm() takes locks and reads the zone file.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"

#define DAY		INT64_C(86400)	/* seconds */
#define DURATION_MAX	(3660 * DAY)

static int64_t fixed;

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return ((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

int64_t
clock_now(void)
{

	return (fixed != 0 ? fixed : read_clock(CLOCK_REALTIME));
}

int64_t
clock_mono(void)
{

	return (read_clock(CLOCK_BOOTTIME));
}

int64_t
clock_micro(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
}

void
clock_set(int64_t ms)
{

	fixed = ms;
}

/* Howard Hinnant's days_from_civil. */
int64_t
clock_days(int64_t year, int month, int day)
{
	int64_t era, yoe, doy, doe;

	if (month <= 2)
		year--;
	era = (year >= 0 ? year : year - 399) / 400;
	yoe = year - era * 400;
	doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return (era * 146097 + doe - 719468);
}

void
clock_date(int64_t days, int *year, int *month, int *day)
{
	int64_t era, doe, yoe, doy, mp;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	doe = days - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}

static int
days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
	    30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return (days[month - 1] + (month == 2 && leap));
}

/* Exactly ${n} digits at *${s}, before ${end}. */
static bool
digits(const char **s, const char *end, int n, int *value)
{

	*value = 0;
	if (end - *s < n)
		return (false);
	for (; n > 0; n--, (*s)++) {
		if (**s < '0' || **s > '9')
			return (false);
		*value = *value * 10 + (**s - '0');
	}
	return (true);
}

static bool
one_of(const char **s, const char *end, const char *set)
{

	if (*s == end || **s == '\0' || strchr(set, **s) == NULL)
		return (false);
	(*s)++;
	return (true);
}

/* full-date: the days since 1970. */
static bool
parse_date(const char **s, const char *end, int64_t *days)
{
	int year, month, day;

	if (!digits(s, end, 4, &year) || !one_of(s, end, "-") ||
	    !digits(s, end, 2, &month) || !one_of(s, end, "-") ||
	    !digits(s, end, 2, &day))
		return (false);
	if (month < 1 || month > 12 || day < 1 ||
	    day > days_in_month(year, month))
		return (false);
	*days = clock_days(year, month, day);
	return (true);
}

/* time-secfrac: at least one digit; three are kept. */
static bool
parse_fraction(const char **s, const char *end, int *ms)
{
	int digit, scale = 100;

	*ms = 0;
	if (!one_of(s, end, "."))
		return (true);
	if (!digits(s, end, 1, &digit))
		return (false);
	do {
		*ms += digit * scale;
		scale /= 10;
	} while (digits(s, end, 1, &digit));
	return (true);
}

/* time-offset, in minutes. */
static bool
parse_offset(const char **s, const char *end, int *minutes)
{
	int hours, sign;

	*minutes = 0;
	if (one_of(s, end, "Zz"))
		return (true);
	if (*s == end)
		return (false);
	sign = (**s == '-') ? -1 : 1;
	if (!one_of(s, end, "+-") || !digits(s, end, 2, &hours) ||
	    !one_of(s, end, ":") || !digits(s, end, 2, minutes))
		return (false);
	if (hours > 23 || *minutes > 59)
		return (false);
	*minutes = sign * (hours * 60 + *minutes);
	return (true);
}

bool
clock_parse(const char *text, size_t len, int64_t *ms)
{
	const char *s = text, *end = text + len;
	int64_t days;
	int hour, minute, second, milli, offset;

	if (!parse_date(&s, end, &days) || !one_of(&s, end, "Tt") ||
	    !digits(&s, end, 2, &hour) || !one_of(&s, end, ":") ||
	    !digits(&s, end, 2, &minute) || !one_of(&s, end, ":") ||
	    !digits(&s, end, 2, &second) ||
	    !parse_fraction(&s, end, &milli) ||
	    !parse_offset(&s, end, &offset) || s != end)
		return (false);
	if (hour > 23 || minute > 59 || second > 59)
		return (false);
	*ms = (((days * 24 + hour) * 60 + minute - offset) * 60 + second) *
	    1000 + milli;
	return (true);
}

/* A number and the letter of its unit, in seconds; 0 if there is none. */
static int64_t
parse_unit(const char **s, const char *end, char letter, int64_t seconds)
{
	const char *p = *s;
	int64_t n = 0;
	int digit;

	while (p - *s < 9 && digits(&p, end, 1, &digit))
		n = n * 10 + digit;
	if (p == *s || p == end || *p != letter)
		return (0);
	*s = p + 1;
	return (n * seconds);
}

bool
clock_duration(const char *text, size_t len, int64_t *ms)
{
	const char *s = text, *end = text + len, *before;
	int64_t seconds;

	if (!one_of(&s, end, "P"))
		return (false);
	seconds = parse_unit(&s, end, 'W', 7 * DAY);
	/* Weeks stand alone. */
	if (s == text + 1) {
		seconds = parse_unit(&s, end, 'D', DAY);
		if (one_of(&s, end, "T")) {
			before = s;
			seconds += parse_unit(&s, end, 'H', 3600);
			seconds += parse_unit(&s, end, 'M', 60);
			seconds += parse_unit(&s, end, 'S', 1);
			if (s == before)
				return (false);
		}
	}
	*ms = seconds * 1000;
	return (s == end && seconds > 0 && seconds <= DURATION_MAX);
}

void
clock_format(int64_t ms, char text[CLOCK_TEXT_SIZE])
{
	int64_t days, rest;
	int year, month, day;

	days = ms / 86400000;
	rest = ms % 86400000;
	if (rest < 0) {
		rest += 86400000;
		days--;
	}
	clock_date(days, &year, &month, &day);
	(void)snprintf(text, CLOCK_TEXT_SIZE,
	    "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)year % 10000U,
	    (unsigned)month % 100U, (unsigned)day % 100U,
	    (unsigned)(rest / 3600000) % 100U,
	    (unsigned)(rest / 60000 % 60), (unsigned)(rest / 1000 % 60),
	    (unsigned)(rest % 1000));
}
