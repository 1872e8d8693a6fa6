/* SPDX-License-Identifier: BSD-2-Clause */
/* Days, weeks and months of time zones; the zones against date(1). */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../fcgi-event/period.h"
#include "../shared/arena.h"
#include "../shared/clock.h"
#include "../shared/zone.h"
#include "tap.h"

#define ZONE_TABLE	"/usr/share/zoneinfo/tzdata.zi"
#define INSTANTS	40	/* of each zone */
#define HOURS		60	/* in minutes */

#define NONE	RECUR_NONE
#define DAILY	RECUR_DAILY
#define WEEKLY	RECUR_WEEKLY
#define MONTHLY	RECUR_MONTHLY

/* An instant, its period, and how many minutes the period has. */
static const struct row {
	const char	*zone;
	enum recurrence	 recurrence;
	const char	*instant;
	const char	*key;
	int64_t		 minutes;
} rows[] = {
	{ "UTC", NONE, "2026-11-23T00:00:00Z", "ALL", -1 },
	{ "UTC", DAILY, "2026-11-23T00:00:00Z", "2026-11-23", 24 * HOURS },
	{ "UTC", DAILY, "2026-11-22T23:59:59.999Z", "2026-11-22", 24 * HOURS },
	{ "UTC", DAILY, "1969-12-31T23:59:59.999Z", "1969-12-31", 24 * HOURS },

	/* Weeks are of the year of their Thursday. */
	{ "UTC", WEEKLY, "2026-11-23T00:00:00Z", "2026-W48", 168 * HOURS },
	{ "UTC", WEEKLY, "2026-11-22T23:59:59.999Z", "2026-W47", 168 * HOURS },
	{ "UTC", WEEKLY, "2021-01-03T12:00:00Z", "2020-W53", 168 * HOURS },
	{ "UTC", WEEKLY, "2021-01-04T00:00:00Z", "2021-W01", 168 * HOURS },
	{ "UTC", WEEKLY, "2024-12-30T00:00:00Z", "2025-W01", 168 * HOURS },
	{ "UTC", WEEKLY, "2027-01-01T00:00:00Z", "2026-W53", 168 * HOURS },

	/* The clocks go forward, and back. */
	{ "Europe/Berlin", DAILY, "2026-03-28T22:59:59.999Z", "2026-03-28",
	    24 * HOURS },
	{ "Europe/Berlin", DAILY, "2026-03-28T23:00:00Z", "2026-03-29",
	    23 * HOURS },
	{ "Europe/Berlin", DAILY, "2026-03-29T21:59:59.999Z", "2026-03-29",
	    23 * HOURS },
	{ "Europe/Berlin", DAILY, "2026-03-29T22:00:00Z", "2026-03-30",
	    24 * HOURS },
	{ "Europe/Berlin", DAILY, "2026-10-24T22:00:00Z", "2026-10-25",
	    25 * HOURS },
	{ "Europe/Berlin", DAILY, "2026-10-25T22:59:59.999Z", "2026-10-25",
	    25 * HOURS },
	{ "Europe/Berlin", DAILY, "2026-10-25T23:00:00Z", "2026-10-26",
	    24 * HOURS },
	{ "Europe/Berlin", DAILY, "2077-03-27T23:00:00Z", "2077-03-28",
	    23 * HOURS },
	{ "Europe/Berlin", WEEKLY, "2026-03-29T21:59:59.999Z", "2026-W13",
	    167 * HOURS },
	{ "Europe/Berlin", WEEKLY, "2026-10-25T22:59:59.999Z", "2026-W43",
	    169 * HOURS },
	{ "Europe/Berlin", MONTHLY, "2026-03-31T21:59:59.999Z", "2026-03",
	    743 * HOURS },
	{ "Europe/Berlin", MONTHLY, "2026-10-31T22:59:59.999Z", "2026-10",
	    745 * HOURS },
	{ "Europe/Berlin", MONTHLY, "2026-12-31T23:00:00Z", "2027-01",
	    744 * HOURS },
	{ "America/New_York", DAILY, "2026-03-08T05:00:00Z", "2026-03-08",
	    23 * HOURS },
	{ "America/New_York", DAILY, "2026-03-09T03:59:59.999Z", "2026-03-08",
	    23 * HOURS },
	{ "America/New_York", DAILY, "2026-03-09T04:00:00Z", "2026-03-09",
	    24 * HOURS },
	{ "America/New_York", DAILY, "2026-11-01T04:00:00Z", "2026-11-01",
	    25 * HOURS },
	{ "America/New_York", DAILY, "2026-11-02T04:59:59.999Z", "2026-11-01",
	    25 * HOURS },
	{ "America/New_York", DAILY, "2026-11-02T05:00:00Z", "2026-11-02",
	    24 * HOURS },
	{ "Asia/Seoul", DAILY, "2026-03-28T15:00:00Z", "2026-03-29",
	    24 * HOURS },
	{ "Asia/Seoul", DAILY, "1988-05-07T15:00:00Z", "1988-05-08",
	    23 * HOURS },
	{ "Asia/Seoul", DAILY, "1988-05-08T14:00:00Z", "1988-05-09",
	    24 * HOURS },
	{ "Asia/Seoul", DAILY, "1988-10-08T14:00:00Z", "1988-10-09",
	    25 * HOURS },
	{ "Asia/Seoul", DAILY, "1988-10-09T14:59:59.999Z", "1988-10-09",
	    25 * HOURS },
	{ "Asia/Seoul", DAILY, "1988-10-09T15:00:00Z", "1988-10-10",
	    24 * HOURS },
	{ "Pacific/Chatham", DAILY, "2026-04-04T10:14:59.999Z", "2026-04-04",
	    24 * HOURS },
	{ "Pacific/Chatham", DAILY, "2026-04-04T10:15:00Z", "2026-04-05",
	    25 * HOURS },
	{ "Pacific/Chatham", DAILY, "2026-04-05T11:15:00Z", "2026-04-06",
	    24 * HOURS },
	{ "Pacific/Chatham", DAILY, "2026-09-26T11:15:00Z", "2026-09-27",
	    23 * HOURS },
	{ "Pacific/Chatham", DAILY, "2026-09-27T10:14:59.999Z", "2026-09-27",
	    23 * HOURS },
	{ "Pacific/Chatham", DAILY, "2026-09-27T10:15:00Z", "2026-09-28",
	    24 * HOURS },

	/* There was no 2011-12-30. */
	{ "Pacific/Apia", DAILY, "2011-12-30T09:59:59.999Z", "2011-12-29",
	    24 * HOURS },
	{ "Pacific/Apia", DAILY, "2011-12-30T10:00:00Z", "2011-12-31",
	    24 * HOURS },
	{ "Pacific/Apia", WEEKLY, "2011-12-30T10:00:00Z", "2011-W52",
	    144 * HOURS },
	{ "Pacific/Apia", MONTHLY, "2011-12-30T09:59:59.999Z", "2011-12",
	    720 * HOURS },

	/* Midnight itself is skipped; half an hour; back over midnight. */
	{ "America/Sao_Paulo", DAILY, "2018-11-04T02:59:59.999Z", "2018-11-03",
	    24 * HOURS },
	{ "America/Sao_Paulo", DAILY, "2018-11-04T03:00:00Z", "2018-11-04",
	    23 * HOURS },
	{ "Australia/Lord_Howe", DAILY, "2026-04-04T13:00:00Z", "2026-04-05",
	    24 * HOURS + 30 },
	{ "America/St_Johns", DAILY, "2006-10-29T02:30:30Z", "2006-10-29",
	    25 * HOURS },
	{ "America/St_Johns", DAILY, "2006-10-29T02:31:00Z", "2006-10-28",
	    24 * HOURS },
	{ "America/St_Johns", DAILY, "2006-10-29T03:30:00Z", "2006-10-29",
	    25 * HOURS },

	/* Where winter is the exception. */
	{ "Europe/Dublin", DAILY, "2050-03-26T23:59:59Z", "2050-03-26",
	    24 * HOURS },
	{ "Europe/Dublin", DAILY, "2050-03-27T00:00:00Z", "2050-03-27",
	    23 * HOURS },
	{ "Europe/Dublin", DAILY, "2050-07-01T23:00:00Z", "2050-07-02",
	    24 * HOURS },
};

/* With hours of the day: the key, and whether it is open. */
static const struct hours_row {
	const char	*zone;
	enum recurrence	 recurrence;
	const char	*from, *to, *instant, *key;
	bool		 open;
} hours_rows[] = {
	{ "UTC", DAILY, "09:00", "17:30", "2026-11-23T08:59:59.999Z",
	    "2026-11-23", false },
	{ "UTC", DAILY, "09:00", "17:30", "2026-11-23T09:00:00Z",
	    "2026-11-23", true },
	{ "UTC", DAILY, "09:00", "17:30", "2026-11-23T17:29:59.999Z",
	    "2026-11-23", true },
	{ "UTC", DAILY, "09:00", "17:30", "2026-11-23T17:30:00Z",
	    "2026-11-23", false },
	{ "UTC", NONE, "09:00", "17:30", "2026-11-23T09:00:00Z", "ALL", true },
	{ "UTC", NONE, "09:00", "17:30", "2026-11-23T18:00:00Z", "ALL",
	    false },

	/* A night is of the day on which it begins. */
	{ "UTC", DAILY, "22:00", "02:00", "2026-11-23T21:59:59.999Z",
	    "2026-11-23", false },
	{ "UTC", DAILY, "22:00", "02:00", "2026-11-23T22:00:00Z",
	    "2026-11-23", true },
	{ "UTC", DAILY, "22:00", "02:00", "2026-11-24T01:59:59.999Z",
	    "2026-11-23", true },
	{ "UTC", DAILY, "22:00", "02:00", "2026-11-24T02:00:00Z",
	    "2026-11-24", false },
	{ "UTC", WEEKLY, "22:00", "02:00", "2026-11-30T01:00:00Z",
	    "2026-W48", true },
	{ "UTC", MONTHLY, "22:00", "02:00", "2026-12-01T01:00:00Z",
	    "2026-11", true },
	{ "UTC", DAILY, "08:00", "00:00", "2026-11-23T23:59:59.999Z",
	    "2026-11-23", true },
	{ "UTC", DAILY, "08:00", "00:00", "2026-11-24T00:00:00Z",
	    "2026-11-24", false },

	/* An hour that is skipped, and one that is there twice. */
	{ "Europe/Berlin", DAILY, "02:00", "03:00", "2026-03-29T00:59:59Z",
	    "2026-03-29", false },
	{ "Europe/Berlin", DAILY, "02:00", "03:00", "2026-03-29T01:00:00Z",
	    "2026-03-29", false },
	{ "Europe/Berlin", DAILY, "02:00", "03:00", "2026-10-25T00:30:00Z",
	    "2026-10-25", true },
	{ "Europe/Berlin", DAILY, "02:00", "03:00", "2026-10-25T01:30:00Z",
	    "2026-10-25", true },
	{ "Europe/Berlin", DAILY, "02:00", "03:00", "2026-10-25T02:00:00Z",
	    "2026-10-25", false },
};

static const char *const no_zones[] = { "", "utc", "Europe", "Mars/Olympus",
    "../etc/passwd", "/etc/localtime", "Europe/../../../../etc/passwd",
    "Europe//Berlin", "Europe/Berlin/", "localtime", "posixrules",
    "right/Europe/Berlin", "tzdata.zi", "zone.tab", "Europe/Berlin ",
    "Europe/Ber\xc3\xbcin", "A/../B" };

static int64_t
instant_of(const char *text)
{
	int64_t ms;

	if (!clock_parse(text, strlen(text), &ms))
		abort();
	return (ms);
}

static void
test_row(struct arena *A, const struct row *row)
{
	const struct schedule schedule = { .recurrence = row->recurrence,
	    .zone = row->zone };
	int64_t now = instant_of(row->instant);
	struct period period;
	enum err err;

	err = period_find(A, &schedule, now, &period);
	if (!ok(err == ERR_OK && strcmp(period.key, row->key) == 0,
	    "%s %s: %s", row->zone, row->instant, row->key))
		printf("# got: %s\n", err == ERR_OK ? period.key : "nothing");
	if (row->minutes < 0)
		ok(period.begins == 0 && period.ends == PERIOD_NEVER,
		    "... without bounds");
	else if (!ok(period.ends - period.begins == row->minutes * 60000 &&
	    period.begins <= now, "... of %" PRId64 " minutes", row->minutes))
		printf("# got: %" PRId64 "\n",
		    (period.ends - period.begins) / 60000);
}

static void
test_hours_row(struct arena *A, const struct hours_row *row)
{
	const struct schedule schedule = { .recurrence = row->recurrence,
	    .zone = row->zone, .hours = true, .from = period_minutes(row->from),
	    .to = period_minutes(row->to) };
	int64_t now = instant_of(row->instant);
	struct period period;

	ok(period_find(A, &schedule, now, &period) == ERR_OK &&
	    strcmp(period.key, row->key) == 0 && period.open == row->open &&
	    period.begins <= now && now < period.ends,
	    "%s, %s to %s, %s: %s, %s", row->zone, row->from, row->to,
	    row->instant, row->key, row->open ? "open" : "closed");
}

/* A change of the schedule matters in the period in which it was made. */
static void
test_change(struct arena *A)
{
	struct schedule schedule = { .recurrence = RECUR_DAILY,
	    .changed = instant_of("2026-11-23T12:00:00Z") };
	struct period period;

	(void)period_find(A, &schedule, instant_of("2026-11-23T13:00:00Z"),
	    &period);
	ok(period.mixed, "the day of a change may hold claims of before it");
	(void)period_find(A, &schedule, instant_of("2026-11-24T00:00:00Z"),
	    &period);
	ok(!period.mixed, "... and the next day may not");
	schedule.recurrence = RECUR_NONE;
	(void)period_find(A, &schedule, instant_of("2026-11-24T00:00:00Z"),
	    &period);
	ok(period.mixed, "what does not recur always may");
}

/* A number that is the same in each run. */
static uint64_t
scatter(uint64_t *state)
{

	*state = *state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (*state >> 16);
}

/* What date(1) says of many instants, a line each: "2026-11-23 02:20:40". */
static FILE *
ask_date(const char *zone, const int64_t *instants)
{
	char path[] = "/tmp/17_period.XXXXXX", command[200];
	FILE *f, *answer;
	int i;

	if ((f = fdopen(mkstemp(path), "w")) == NULL)
		abort();
	for (i = 0; i < INSTANTS; i++)
		(void)fprintf(f, "@%" PRId64 "\n", instants[i]);
	(void)fclose(f);
	(void)snprintf(command, sizeof(command),
	    "TZ=%s LC_ALL=C date -f %s '+%%F %%T'; rm -f %s", zone, path,
	    path);
	if ((answer = popen(command, "r")) == NULL)
		abort();
	return (answer);
}

/* The first instant of a local time: no earlier one shows as much. */
static bool
is_first(const struct zone *Z, int64_t local)
{
	int64_t at = zone_instant(Z, local), t;

	if (at + zone_offset(Z, at) < local)
		return (false);
	for (t = at - 1; t > at - 100000; t -= 900)
		if (t + zone_offset(Z, t) >= local)
			return (false);
	return (true);
}

static int
compare_zone(struct arena *A, const char *name, uint64_t *state)
{
	int64_t instants[INSTANTS], ms;
	const struct zone *Z;
	char text[CLOCK_TEXT_SIZE], line[64];
	FILE *answer;
	int i, wrong = 0;

	if (zone_read(A, name, &Z) != ERR_OK) {
		printf("# %s can't be read\n", name);
		return (INSTANTS);
	}
	/* From 1901 to 2100, most of them in our days. */
	for (i = 0; i < INSTANTS; i++)
		instants[i] = (i % 4 == 0) ? (int64_t)(scatter(state) %
		    UINT64_C(6279638400)) - INT64_C(2177452800) :
		    INT64_C(946684800) + (int64_t)(scatter(state) %
		    UINT64_C(1893456000));
	answer = ask_date(name, instants);
	for (i = 0; i < INSTANTS; i++) {
		ms = (instants[i] + zone_offset(Z, instants[i])) * 1000;
		clock_format(ms, text);
		text[10] = ' ';
		text[19] = '\0';
		if (fgets(line, sizeof(line), answer) == NULL ||
		    strncmp(line, text, 19) != 0 ||
		    !is_first(Z, instants[i])) {
			printf("# %s @%" PRId64 ": %s, date: %s", name,
			    instants[i], text, line);
			wrong++;
		}
	}
	(void)pclose(answer);
	return (wrong);
}

/* The zones that tzdata names: "Z Europe/Berlin ...". */
static void
test_date(void)
{
	struct arena *A = arena_new((size_t)1 << 20);
	FILE *f = fopen(ZONE_TABLE, "r");
	char line[256], name[ZONE_NAME_MAX + 1];
	uint64_t state = 20261123;
	int zones = 0, wrong = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "Z %64s", name) != 1 || strcmp(name,
		    "Factory") == 0)
			continue;
		wrong += compare_zone(A, name, &state);
		arena_reset(A);
		zones++;
	}
	if (f != NULL)
		(void)fclose(f);
	ok(zones > 300, "%d zones", zones);
	ok(wrong == 0, "%d instants, as date says", zones * INSTANTS);
	arena_free(A);
}

int
main(void)
{
	struct arena *A = arena_new((size_t)8 << 20);
	const struct zone *Z;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		test_row(A, &rows[i]);
	for (i = 0; i < sizeof(hours_rows) / sizeof(hours_rows[0]); i++)
		test_hours_row(A, &hours_rows[i]);
	for (i = 0; i < sizeof(no_zones) / sizeof(no_zones[0]); i++)
		ok(zone_read(A, no_zones[i], &Z) == ERR_NOT_FOUND,
		    "no zone: '%s'", no_zones[i]);
	test_change(A);
	arena_free(A);
	test_date();
	return (done());
}
