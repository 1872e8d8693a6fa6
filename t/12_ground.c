/* SPDX-License-Identifier: BSD-2-Clause */
/* The ground: arena, buf, clock, id, num, trace. */
#include <limits.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include "../shared/arena.h"
#include "../shared/buf.h"
#include "../shared/clock.h"
#include "../shared/id.h"
#include "../shared/num.h"
#include "../shared/trace.h"
#include "tap.h"

static int destroyed;

static void
destroy(void *thing)
{

	destroyed = destroyed * 10 + *(int *)thing;
}

static void
test_arena(void)
{
	static int one = 1, two = 2;
	struct arena *A = arena_new(100000);
	char *p;

	p = arena_alloc(A, 40000);
	p[39999] = 'x';
	ok(arena_alloc(A, 1) != NULL, "a second block is made");
	arena_defer(A, destroy, &one);
	arena_defer(A, destroy, &two);
	if (setjmp(*arena_guard(A)) == 0) {
		(void)arena_alloc(A, 100000);
		ok(false, "more than the cap jumps");
	} else
		ok(true, "more than the cap jumps");
	arena_reset(A);
	ok(destroyed == 21, "destructors run, the last deferred first");
	p = arena_alloc(A, 16);
	ok(p[0] == 0 && p[15] == 0, "memory is zeroed after a reset");
	ok(strcmp(arena_printf(A, "%d-%s", 7, "x"), "7-x") == 0, "printf");
	arena_free(A);
}

static void
test_buf(void)
{
	struct arena *A = arena_new(1 << 20);
	struct buf b;
	int i;

	buf_init(&b, A, 1000);
	for (i = 0; i < 100; i++)
		buf_puts(&b, "0123456789");
	ok(b.len == 1000 && !b.full, "the maximum fits");
	buf_putc(&b, 'x');
	ok(b.len == 1000 && b.full, "one more is left out, and told");
	buf_init(&b, A, 1000);
	buf_put_int(&b, INT64_MIN);
	buf_putc(&b, ' ');
	buf_put_int(&b, 0);
	ok(strcmp(b.data, "-9223372036854775808 0") == 0, "integers");
	buf_init(&b, A, 1000);
	buf_put_uri(&b, "a b/\xc3\xa4~");
	ok(strcmp(b.data, "a%20b%2F%C3%A4~") == 0, "percent-encoding");
	arena_free(A);
}

static const struct {
	const char	*text;
	const char	*want;	/* NULL: refused */
} times[] = {
	{ "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z" },
	{ "2026-11-23T02:20:40.1Z", "2026-11-23T02:20:40.100Z" },
	{ "2026-11-23t02:20:40.123456z", "2026-11-23T02:20:40.123Z" },
	{ "2026-11-23T01:00:00+02:30", "2026-11-22T22:30:00.000Z" },
	{ "2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00.000Z" },
	{ "2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000Z" },
	{ "2000-02-29T12:00:00Z", "2000-02-29T12:00:00.000Z" },
	{ "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z" },
	{ "0000-03-01T00:00:00Z", "0000-03-01T00:00:00.000Z" },
	{ "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z" },
	{ "1900-02-29T12:00:00Z", NULL },
	{ "2026-02-29T12:00:00Z", NULL },
	{ "2026-13-01T00:00:00Z", NULL },
	{ "2026-00-01T00:00:00Z", NULL },
	{ "2026-01-00T00:00:00Z", NULL },
	{ "2026-01-01T24:00:00Z", NULL },
	{ "2026-01-01T23:60:00Z", NULL },
	{ "2016-12-31T23:59:60Z", NULL },
	{ "2026-01-01 00:00:00Z", NULL },
	{ "2026-01-01T00:00:00", NULL },
	{ "2026-01-01T00:00:00.Z", NULL },
	{ "2026-01-01T00:00:00+24:00", NULL },
	{ "2026-01-01T00:00:00+0100", NULL },
	{ "2026-01-01T00:00:00Zx", NULL },
	{ "26-01-01T00:00:00Z", NULL },
	{ "", NULL },
};

static void
test_clock(void)
{
	char text[CLOCK_TEXT_SIZE];
	int64_t ms;
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		if (!clock_parse(times[i].text, strlen(times[i].text), &ms)) {
			ok(times[i].want == NULL, "refuse %s", times[i].text);
			continue;
		}
		clock_format(ms, text);
		ok(times[i].want != NULL && strcmp(text, times[i].want) == 0,
		    "%s is %s", times[i].text, text);
	}
	clock_set(12345);
	ok(clock_now() == 12345, "a test can set the clock");
	clock_set(0);
}

static void
test_id(void)
{
	char a[ID_SIZE], b[ID_SIZE], floor[ID_SIZE];

	clock_set(1763864440123);
	id_new("ev", a);
	id_floor("ev", 1763864440123, floor);
	ok(id_valid("ev", a) && !id_valid("cl", a), "an id of its prefix");
	ok(id_time(a) == 1763864440123, "its time is in it");
	ok(strcmp(floor, a) <= 0, "the floor of a time sorts before");
	clock_set(1763864440124);
	id_new("ev", b);
	ok(strcmp(a, b) < 0, "a later id sorts behind");
	clock_set(0);
	id_derive("cl", a, b);
	ok(id_valid("cl", b) && strcmp(a + 3, b + 3) == 0,
	    "a derived id has the same ULID");
	ok(!id_valid("ev", "ev_01ARZ3NDEKTSV4RRFFQ69G5FAU"),
	    "a letter that is not of base 32");
	ok(!id_valid("ev", "ev_81ARZ3NDEKTSV4RRFFQ69G5FAV"), "over 128 bits");
	ok(!id_valid("ev", "ev_01ARZ3NDEKTSV4RRFFQ69G5FAVX"), "too long");
	ok(!id_valid("ev", "ev_01arz3ndektsv4rrffq69g5fav"), "lower case");
	ok(!id_valid("ev", ""), "empty");
}

static void
test_num(void)
{
	unsigned char bytes[2];
	char hex[5];
	int64_t n;

	ok(num_parse("-12", -20, 20, &n) && n == -12, "a number");
	ok(num_parse("9007199254740991", 0, NUM_SAFE_MAX, &n), "2^53-1");
	ok(!num_parse("9007199254740992", 0, NUM_SAFE_MAX, &n), "2^53");
	ok(!num_parse("99999999999999999999", 0, INT64_MAX, &n), "too large");
	ok(!num_parse("", 0, 9, &n) && !num_parse("-", 0, 9, &n) &&
	    !num_parse("+1", 0, 9, &n) && !num_parse(" 1", 0, 9, &n) &&
	    !num_parse("1 ", 0, 9, &n) && !num_parse("0x1", 0, 9, &n) &&
	    !num_parse("1.0", 0, 9, &n), "what isn't all digits");
	ok(num_hex("00ff", bytes, 2) && bytes[1] == 0xff, "hex");
	ok(!num_hex("00fF", bytes, 2) && !num_hex("00f", bytes, 2) &&
	    !num_hex("00ff0", bytes, 2), "hex, strictly");
	num_hex_put(bytes, 2, hex);
	ok(strcmp(hex, "00ff") == 0, "hex out");
}

#define GOOD_ID		"4bf92f3577b34da6a3ce929d0e0e4736"

static const struct {
	const char	*text;
	bool		 continued;
} traces[] = {
	{ "00-" GOOD_ID "-00f067aa0ba902b7-01", true },
	{ "00-" GOOD_ID "-00f067aa0ba902b7-00", true },
	{ "cc-" GOOD_ID "-00f067aa0ba902b7-01", true },
	{ "cc-" GOOD_ID "-00f067aa0ba902b7-01-what-comes", true },
	{ "00-" GOOD_ID "-00f067aa0ba902b7-01-what-comes", false },
	{ "ff-" GOOD_ID "-00f067aa0ba902b7-01", false },
	{ "00-00000000000000000000000000000000-00f067aa0ba902b7-01", false },
	{ "00-" GOOD_ID "-0000000000000000-01", false },
	{ "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false },
	{ "00-" GOOD_ID "-00f067aa0ba902b7-0", false },
	{ "00-" GOOD_ID "-00f067aa0ba902b7-0x", false },
	{ "00_" GOOD_ID "-00f067aa0ba902b7-01", false },
	{ "00-" GOOD_ID "-00f067aa0ba902b7-01, 00-" GOOD_ID
	    "-00f067aa0ba902b7-01", false },
	{ "cc-" GOOD_ID "-00f067aa0ba902b7-01-a, 00-" GOOD_ID
	    "-00f067aa0ba902b7-01", false },
	{ "", false },
};

static void
test_trace(void)
{
	char parent[TRACE_PARENT_SIZE];
	struct trace T;
	size_t i;

	for (i = 0; i < sizeof(traces) / sizeof(traces[0]); i++) {
		trace_start(&T, traces[i].text);
		ok((strcmp(T.id, GOOD_ID) == 0) == traces[i].continued,
		    "%s %s", traces[i].continued ? "continue" : "start anew",
		    traces[i].text);
	}
	trace_start(&T, NULL);
	trace_parent(&T, parent);
	ok(strlen(parent) == 55 && strlen(T.id) == 32, "a new trace");
}

int
main(void)
{

	if (!id_init())
		return (1);
	test_arena();
	test_buf();
	test_clock();
	test_id();
	test_num();
	test_trace();
	return (done());
}
