/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zone: TZif files [RFC 8536].
 *
 * Why not a library: tzset() is state of the whole process, and glibc has no
 * tzalloc(); ICU brings a database of its own that grows old in a stable
 * Debian, and costs 0.1 MiB a worker and more for the first.  What we need is small: the offset
 * at an instant, and the first instant of a local time.
 *
 * Until its last transition a file lists them; from then on the footer, a rule
 * of POSIX's TZ, goes on for ever.  Always true of a struct zone: indexes of
 * types are below ntypes, and all that it points to lies within its file.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "zone.h"

#ifndef ZONE_FOLDER
#define ZONE_FOLDER	"/usr/share/zoneinfo"
#endif

#define FILE_MAX	65536
#define HEADER		44	/* bytes */
#define TYPE		6	/* bytes: offset, is it summer, name */
#define DAY		86400
#define FAR		(27 * 3600)	/* no offset is as large */

/* When a rule of the footer changes the clocks, in a year. */
struct change {
	enum { JULIAN, ORDINAL, MONTH }	 kind;
	int				 day, week, month;
	int32_t				 time;	/* local seconds of that day */
};

struct rule {
	int32_t		 standard;	/* offsets */
	int32_t		 summer;
	bool		 changes;	/* between the two */
	struct change	 start, end;	/* of summer */
};

struct zone {
	const unsigned char	*times;		/* 8 bytes each, rising */
	const unsigned char	*indexes;	/* of types, a byte each */
	const unsigned char	*types;
	size_t			 ntimes, ntypes;
	bool			 ruled;		/* there is a footer */
	struct rule		 rule;
};

static int64_t
big_endian(const unsigned char *p, size_t len)
{
	uint64_t n = (len < 8 && (p[0] & 0x80) != 0) ? UINT64_MAX : 0;
	size_t i;

	for (i = 0; i < len; i++)
		n = n << 8 | p[i];
	return ((int64_t)n);
}

static int64_t
time_at(const struct zone *Z, size_t i)
{

	return (big_endian(Z->times + 8 * i, 8));
}

static int32_t
type_offset(const struct zone *Z, size_t type)
{

	return ((int32_t)big_endian(Z->types + TYPE * type, 4));
}

/* The parser of the footer: each takes something off *${s}, or fails. */

static bool
take_char(const char **s, char c)
{

	if (**s != c)
		return (false);
	(*s)++;
	return (true);
}

static bool
take_number(const char **s, int max, int *n)
{

	if (!isdigit((unsigned char)**s))
		return (false);
	for (*n = 0; isdigit((unsigned char)**s); (*s)++)
		if ((*n = *n * 10 + (**s - '0')) > max)
			return (false);
	return (true);
}

/* An abbreviation, of which we make nothing. */
static bool
take_name(const char **s)
{
	const char *begin = *s;

	if (take_char(s, '<')) {
		*s += strcspn(*s, ">");
		return (take_char(s, '>'));
	}
	while (isalpha((unsigned char)**s))
		(*s)++;
	return (*s - begin >= 3);
}

/* [+-]hh[:mm[:ss]]; RFC 8536 has hours up to 167. */
static bool
take_time(const char **s, int32_t *seconds)
{
	int sign = take_char(s, '-') ? -1 : 1, hour, minute = 0, second = 0;

	if (sign == 1)
		(void)take_char(s, '+');
	if (!take_number(s, 167, &hour) ||
	    (take_char(s, ':') && (!take_number(s, 59, &minute) ||
	    (take_char(s, ':') && !take_number(s, 59, &second)))))
		return (false);
	*seconds = sign * (hour * 3600 + minute * 60 + second);
	return (true);
}

/* POSIX counts offsets to the west. */
static bool
take_offset(const char **s, int32_t *offset)
{

	if (!take_time(s, offset) || *offset < -FAR || *offset > FAR)
		return (false);
	*offset = -*offset;
	return (true);
}

static bool
take_month(const char **s, struct change *change)
{

	change->kind = MONTH;
	return (take_number(s, 12, &change->month) && change->month > 0 &&
	    take_char(s, '.') && take_number(s, 5, &change->week) &&
	    change->week > 0 && take_char(s, '.') &&
	    take_number(s, 6, &change->day));
}

/* ",Jn", ",n" or ",Mm.w.d", and "/time", which is 2 o'clock if absent. */
static bool
take_change(const char **s, struct change *change)
{
	bool taken;

	if (!take_char(s, ','))
		return (false);
	if (take_char(s, 'M'))
		taken = take_month(s, change);
	else {
		change->kind = take_char(s, 'J') ? JULIAN : ORDINAL;
		taken = take_number(s, 365, &change->day) &&
		    (change->kind == ORDINAL || change->day > 0);
	}
	change->time = 2 * 3600;
	return (taken && (!take_char(s, '/') || take_time(s, &change->time)));
}

static bool
parse_rule(const char *s, struct rule *rule)
{

	if (!take_name(&s) || !take_offset(&s, &rule->standard))
		return (false);
	rule->changes = *s != '\0';
	if (!rule->changes)
		return (true);
	if (!take_name(&s))
		return (false);
	rule->summer = rule->standard + 3600;
	if (*s != ',' && !take_offset(&s, &rule->summer))
		return (false);
	return (rule->summer <= FAR && take_change(&s, &rule->start) &&
	    take_change(&s, &rule->end) && *s == '\0');
}

/* The days since 1970 of a change in a year. */
static int64_t
change_day(const struct change *change, int year)
{
	int64_t first = clock_days(year, 1, 1), last;
	bool leap = clock_days(year + 1, 1, 1) - first == 366;

	if (change->kind == ORDINAL)
		return (first + change->day);
	if (change->kind == JULIAN)	/* never counts February 29 */
		return (first + change->day - 1 + (leap && change->day > 59));
	first = clock_days(year, change->month, 1);
	last = (change->month == 12) ? clock_days(year + 1, 1, 1) :
	    clock_days(year, change->month + 1, 1);
	/* 1970-01-01 was a Thursday: 4, where Sunday is 0. */
	first += (change->day - (first + 4) % 7 + 7) % 7 +
	    7 * (change->week - 1);
	return (first < last ? first : first - 7);
}

static int64_t
summer_start(const struct rule *rule, int year)
{

	return (change_day(&rule->start, year) * DAY + rule->start.time -
	    rule->standard);
}

static int64_t
summer_end(const struct rule *rule, int year)
{

	return (change_day(&rule->end, year) * DAY + rule->end.time -
	    rule->summer);
}

static int
year_of(const struct rule *rule, int64_t instant)
{
	int64_t local = instant + rule->standard;
	int year, month, day;

	/* Rounded down, also before 1970. */
	clock_date((local - ((local % DAY) + DAY) % DAY) / DAY, &year, &month,
	    &day);
	return (year);
}

/*
 * The ${i}-th change around a year, from the one before the last on, each year
 * its end of summer first.  A change may lie a week outside of its year.
 */
#define AROUND	10
static int64_t
change_around(const struct rule *rule, int year, int i)
{

	year += i / 2 - 2;
	return (i % 2 == 0 ? summer_end(rule, year) :
	    summer_start(rule, year));
}

/* The last change decides; of two at once the one to summer, which never ends
 * then [RFC 8536, section 3.3.1]. */
static int32_t
rule_offset(const struct rule *rule, int64_t instant)
{
	int64_t last = INT64_MIN, at;
	bool summer = false;
	int year, i;

	if (!rule->changes)
		return (rule->standard);
	year = year_of(rule, instant);
	for (i = 0; i < AROUND; i++) {
		at = change_around(rule, year, i);
		if (at <= instant && at >= last) {
			last = at;
			summer = i % 2 == 1;
		}
	}
	return (summer ? rule->summer : rule->standard);
}

/* The first change by rule after an instant. */
static int64_t
rule_next(const struct rule *rule, int64_t instant)
{
	int64_t next = INT64_MAX, at;
	int year, i;

	if (!rule->changes)
		return (next);
	year = year_of(rule, instant);
	for (i = 0; i < AROUND; i++) {
		at = change_around(rule, year, i);
		if (at > instant && at < next)
			next = at;
	}
	return (next);
}

/* How many transitions are at or before an instant. */
static size_t
passed(const struct zone *Z, int64_t instant)
{
	size_t low = 0, high = Z->ntimes, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (time_at(Z, middle) <= instant)
			low = middle + 1;
		else
			high = middle;
	}
	return (low);
}

int32_t
zone_offset(const struct zone *Z, int64_t instant)
{
	size_t n = passed(Z, instant);

	if (n == Z->ntimes && Z->ruled)
		return (rule_offset(&Z->rule, instant));
	return (type_offset(Z, n == 0 ? 0 : Z->indexes[n - 1]));
}

/* The next instant at which the offset may change. */
static int64_t
next_change(const struct zone *Z, int64_t instant)
{
	size_t n = passed(Z, instant);

	if (n < Z->ntimes)
		return (time_at(Z, n));
	return (Z->ruled ? rule_next(&Z->rule, instant) : INT64_MAX);
}

int64_t
zone_instant(const struct zone *Z, int64_t local)
{
	int64_t at = local - FAR, next;
	int32_t offset;

	/* From one change to the next; the first stretch is earlier. */
	for (;;) {
		offset = zone_offset(Z, at);
		if (at + offset >= local)
			return (at);
		next = next_change(Z, at);
		if (local - offset < next)
			return (local - offset);
		at = next;
	}
}

/* One header and what follows it; false if it isn't within the file. */
struct block {
	size_t	isut, isstd, leap, times, types, chars;
};

static bool
read_header(const unsigned char *p, size_t left, struct block *block)
{
	size_t *const counts[] = { &block->isut, &block->isstd, &block->leap,
	    &block->times, &block->types, &block->chars };
	size_t i;

	if (left < HEADER || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
		return (false);
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		*counts[i] = (size_t)(big_endian(p + 20 + 4 * i, 4) &
		    UINT32_MAX);
		if (*counts[i] > FILE_MAX)
			return (false);
	}
	return (true);
}

static size_t
block_size(const struct block *b, size_t time)
{

	return (b->times * (time + 1) + b->types * TYPE + b->chars +
	    b->leap * (time + 4) + b->isstd + b->isut);
}

/* All that the lookups rely on. */
static bool
check(const struct zone *Z)
{
	size_t i;

	for (i = 0; i < Z->ntypes; i++)
		if (type_offset(Z, i) < -FAR || type_offset(Z, i) > FAR)
			return (false);
	for (i = 0; i < Z->ntimes; i++)
		if (Z->indexes[i] >= Z->ntypes ||
		    (i > 0 && time_at(Z, i) <= time_at(Z, i - 1)))
			return (false);
	return (Z->ntypes > 0);
}

/* The line between two newlines after the last block. */
static bool
parse_footer(struct arena *A, const unsigned char *p, size_t left,
    struct zone *Z)
{
	const unsigned char *end;

	if (left < 2 || p[0] != '\n' ||
	    (end = memchr(p + 1, '\n', left - 1)) == NULL)
		return (false);
	Z->ruled = end > p + 1;
	return (!Z->ruled || parse_rule(arena_strndup(A, (const char *)p + 1,
	    (size_t)(end - p - 1)), &Z->rule));
}

/* The first block has 4-byte times, for old readers: passed over. */
static bool
parse(struct arena *A, const unsigned char *p, size_t left, struct zone *Z)
{
	struct block block;
	size_t size;

	if (!read_header(p, left, &block) ||
	    (size = HEADER + block_size(&block, 4)) > left)
		return (false);
	p += size;
	left -= size;
	if (!read_header(p, left, &block) ||
	    (size = HEADER + block_size(&block, 8)) > left)
		return (false);
	/* Our instants have no leap seconds. */
	if (block.leap > 0)
		return (false);
	Z->times = p + HEADER;
	Z->indexes = Z->times + 8 * block.times;
	Z->types = Z->indexes + block.times;
	Z->ntimes = block.times;
	Z->ntypes = block.types;
	return (check(Z) && parse_footer(A, p + size, left - size, Z));
}

static bool
is_name(const char *name)
{
	static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_+-/";
	size_t len = strlen(name);

	return (name[0] >= 'A' && name[0] <= 'Z' && len <= ZONE_NAME_MAX &&
	    strspn(name, chars) == len && strstr(name, "//") == NULL &&
	    name[len - 1] != '/');
}

static bool
read_file(struct arena *A, const char *name, unsigned char **data,
    size_t *size)
{
	struct stat sb;
	ssize_t got = -1;
	int fd;

	fd = open(arena_printf(A, "%s/%s", ZONE_FOLDER, name),
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return (false);
	if (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode) &&
	    sb.st_size <= FILE_MAX) {
		*data = arena_alloc(A, (size_t)sb.st_size + 1);
		got = read(fd, *data, (size_t)sb.st_size);
		*size = (size_t)got;
	}
	(void)close(fd);
	return (got > 0);
}

enum err
zone_read(struct arena *A, const char *name, const struct zone **out)
{
	struct zone *Z = arena_alloc(A, sizeof(*Z));
	unsigned char *data;
	size_t size;

	*out = Z;
	if (strcmp(name, "UTC") == 0) {
		Z->ruled = true;	/* by a rule of zero seconds */
		return (ERR_OK);
	}
	if (!is_name(name) || !read_file(A, name, &data, &size) ||
	    !parse(A, data, size, Z))
		return (err_set(ERR_NOT_FOUND, "there is no such time zone"));
	return (ERR_OK);
}
