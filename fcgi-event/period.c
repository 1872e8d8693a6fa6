/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * period: which day, week or month an instant falls into.
 *
 * A pure function of schedule and instant.  A day is what the wall clocks say,
 * so it has 23 or 25 hours when they are changed, and a day that a zone has
 * skipped has no period.  Where the clocks go back over midnight, the day that
 * they show counts.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "period.h"
#include "zone.h"

#define DAY		86400
#define SLACK_MS	10000	/* attempts under way while it is changed */

/* Local days since 1970: the first one of a period, and that of the next. */
struct span {
	int64_t	first, next;
};

static int64_t
floor_div(int64_t n, int64_t by)
{

	return (n / by - (n % by < 0));
}

static void
all(int64_t day, struct span *span, char key[PERIOD_KEY_SIZE])
{

	(void)day;
	span->first = span->next = 0;
	(void)snprintf(key, PERIOD_KEY_SIZE, "%s", PERIOD_ALL);
}

static void
daily(int64_t day, struct span *span, char key[PERIOD_KEY_SIZE])
{
	int year, month, date;

	clock_date(day, &year, &month, &date);
	span->first = day;
	span->next = day + 1;
	(void)snprintf(key, PERIOD_KEY_SIZE, "%04d-%02d-%02d", year,
	    month, date);
}

/* The week is of the year that its Thursday is in. */
static void
weekly(int64_t day, struct span *span, char key[PERIOD_KEY_SIZE])
{
	int64_t monday = floor_div(day + 3, 7) * 7 - 3;
	int year, month, date;

	clock_date(monday + 3, &year, &month, &date);
	span->first = monday;
	span->next = monday + 7;
	(void)snprintf(key, PERIOD_KEY_SIZE, "%04d-W%02d", year,
	    (int)((monday + 3 - clock_days(year, 1, 1)) / 7 + 1));
}

static void
monthly(int64_t day, struct span *span, char key[PERIOD_KEY_SIZE])
{
	int year, month, date;

	clock_date(day, &year, &month, &date);
	span->first = clock_days(year, month, 1);
	span->next = (month == 12) ? clock_days(year + 1, 1, 1) :
	    clock_days(year, month + 1, 1);
	(void)snprintf(key, PERIOD_KEY_SIZE, "%04d-%02d", year, month);
}

static const struct {
	const char	*name;
	void		(*find)(int64_t, struct span *,
			    char[PERIOD_KEY_SIZE]);
} kinds[] = {
	[RECUR_NONE] = { "NONE", all },
	[RECUR_DAILY] = { "DAILY", daily },
	[RECUR_WEEKLY] = { "WEEKLY", weekly },
	[RECUR_MONTHLY] = { "MONTHLY", monthly },
};

#define NKINDS	(sizeof(kinds) / sizeof(kinds[0]))

enum recurrence
recurrence_parse(const char *name)
{
	size_t i;

	for (i = 0; name != NULL && i < NKINDS; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return ((enum recurrence)i);
	return (RECUR_NONE);
}

int
period_minutes(const char *text)
{

	return ((text[0] - '0') * 600 + (text[1] - '0') * 60 +
	    (text[3] - '0') * 10 + (text[4] - '0'));
}

/* When a day begins, in seconds after its midnight. */
static int64_t
day_begins(const struct schedule *schedule)
{

	return (schedule->hours && schedule->from > schedule->to ?
	    (int64_t)schedule->to * 60 : 0);
}

/* Do the clocks show an hour at which the event is open? */
static bool
in_hours(const struct schedule *schedule, int64_t local)
{
	int64_t minute = (local - floor_div(local, DAY) * DAY) / 60;

	if (!schedule->hours)
		return (true);
	if (schedule->from < schedule->to)
		return (schedule->from <= minute && minute < schedule->to);
	return (schedule->from <= minute || minute < schedule->to);
}

static void
set_bounds(const struct zone *zone, const struct schedule *schedule,
    const struct span *span, struct period *out)
{
	int64_t begins = day_begins(schedule);

	out->begins = 0;
	out->ends = PERIOD_NEVER;
	if (span->first == span->next)
		return;
	out->begins = zone_instant(zone, span->first * DAY + begins) * 1000;
	out->ends = zone_instant(zone, span->next * DAY + begins) * 1000;
}

enum err
period_find(struct arena *A, const struct schedule *schedule, int64_t now,
    struct period *out)
{
	const struct zone *zone;
	struct span span;
	int64_t instant = floor_div(now, 1000), local;
	enum err err;

	err = zone_read(A, schedule->zone != NULL ? schedule->zone : "UTC",
	    &zone);
	if (err != ERR_OK)
		return (err);
	local = instant + zone_offset(zone, instant);
	kinds[schedule->recurrence].find(floor_div(local -
	    day_begins(schedule), DAY), &span, out->key);
	set_bounds(zone, schedule, &span, out);
	out->open = in_hours(schedule, local);
	out->mixed = schedule->changed != 0 &&
	    out->begins < schedule->changed + SLACK_MS;
	return (ERR_OK);
}
