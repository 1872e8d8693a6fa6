/* SPDX-License-Identifier: BSD-2-Clause */
/* What is JSON and what isn't, and that it comes out as it went in. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "../shared/arena.h"
#include "../shared/buf.h"
#include "../shared/err.h"
#include "../shared/json.h"
#include "tap.h"

struct text {
	const char	*name;
	const char	*data;
	size_t		 len;
};

#define T(name, text)	{ name, text, sizeof(text) - 1 }

#define NINES_100 \
	"9999999999999999999999999999999999999999999999999999999999999999999" \
	"999999999999999999999999999999999"
#define ZEROS_70 \
	"0000000000000000000000000000000000000000000000000000000000000000000000"

static const struct text good[] = {
	T("an empty object", "{}"),
	T("an empty array", "[]"),
	T("a lone number", "0"),
	T("a lone string", "\"\""),
	T("a lone true", "true"),
	T("a lone false", "false"),
	T("a lone null", "null"),
	T("space of all four kinds", " \t\r\n[ \t\r\n1 , 2 ] \t\r\n"),
	T("space in an object", "{ \"a\" : 1 , \"b\" : 2 }"),
	T("minus zero", "-0"),
	T("a fraction", "-12.50"),
	T("exponents", "[1e5,1E5,1e+5,1e-5,0e0,0.0e00]"),
	T("a leading zero in an exponent", "1e007"),
	T("a number beyond a double", "1e999"),
	T("a number of 100 digits", "[" NINES_100 ",1]"),
	T("a number of 73 digits, almost zero", "[-0." ZEROS_70 "1]"),
	T("every short escape", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
	T("\\u escapes", "\"\\u0001\\u00e9\\uFFFF\\uabCD\""),
	T("a surrogate pair", "\"\\uD83D\\uDE00\""),
	T("DEL as it is", "\"\x7f\""),
	T("U+FFFF, a noncharacter", "\"\xef\xbf\xbf\""),
	T("U+FFFD", "\"\xef\xbf\xbd\""),
	T("U+0080", "\"\xc2\x80\""),
	T("U+0800", "\"\xe0\xa0\x80\""),
	T("U+D7FF", "\"\xed\x9f\xbf\""),
	T("U+D000", "\"\xed\x80\x80\""),
	T("U+E000", "\"\xee\x80\x80\""),
	T("U+10000", "\"\xf0\x90\x80\x80\""),
	T("U+10FFFF", "\"\xf4\x8f\xbf\xbf\""),
	T("U+2028 as it is", "\"\xe2\x80\xa8\""),
	T("an empty name", "{\"\":0}"),
	T("names that differ in case", "{\"a\":1,\"A\":2}"),
	T("one name at two depths", "{\"a\":{\"a\":1}}"),
	T("one name in two elements", "[{\"a\":1},{\"a\":1}]"),
};

static const struct text bad[] = {
	T("nothing", ""),
	T("only space", "  \n"),
	T("a NUL byte", "\0"),
	T("a NUL byte behind", "{}\0"),
	T("a BOM", "\xef\xbb\xbf{}"),
	T("UTF-16", "\xff\xfe{\0}\0"),
	T("something behind", "{}x"),
	T("a second value", "1 2"),
	T("a second document", "{}{}"),
	T("a comma behind", "1,"),
	T("a form feed as space", "\f1"),
	T("a no-break space", "\xc2\xa0" "1"),
	T("a comment", "/* */1"),
	T("a comment behind", "1//"),
	T("an open array", "[1"),
	T("an open array after a comma", "[1,"),
	T("an open object", "{\"a\":1"),
	T("an open object after its name", "{\"a\""),
	T("only a closing bracket", "]"),
	T("the wrong bracket", "[1}"),
	T("the wrong brace", "{\"a\":1]"),
	T("a comma before the end of an array", "[1,]"),
	T("a comma before the end of an object", "{\"a\":1,}"),
	T("a leading comma", "[,1]"),
	T("two commas", "[1,,2]"),
	T("no comma", "[1 2]"),
	T("a colon in an array", "[1:2]"),
	T("a comma for a colon", "{\"a\",1}"),
	T("two colons", "{\"a\"::1}"),
	T("no value", "{\"a\":}"),
	T("no name", "{:1}"),
	T("a name without quotes", "{a:1}"),
	T("a number as a name", "{1:1}"),
	T("single quotes", "'a'"),
	T("an open string", "\"a"),
	T("a string open after a backslash", "\"\\"),
	T("a string open after \\u", "\"\\u00"),
	T("a raw newline", "\"\n\""),
	T("a raw tab", "\"\t\""),
	T("a raw NUL in a string", "\"a\0b\""),
	T("U+001F as it is", "\"\x1f\""),
	T("an unknown escape", "\"\\x41\""),
	T("an escaped a", "\"\\a\""),
	T("an escaped apostrophe", "\"\\'\""),
	T("an escaped NUL byte", "\"\\\0\""),
	T("\\U", "\"\\U0041\""),
	T("\\u with three digits", "\"\\u004\""),
	T("\\u with a G", "\"\\u00G0\""),
	T("\\u0000", "\"\\u0000\""),
	T("\\u0000 in a name", "{\"a\\u0000b\":1}"),
	T("\\uDBFF alone", "\"\\uDBFF\""),
	T("\\uDC00 alone", "\"\\uDC00\""),
	T("\\uDFFF alone", "\"\\uDFFF\""),
	T("a high surrogate and \\uDBFF", "\"\\uD83D\\uDBFF\""),
	T("a high surrogate and \\uE000", "\"\\uD83D\\uE000\""),
	T("a lone high surrogate", "\"\\uD83D\""),
	T("a lone low surrogate", "\"\\uDE00\""),
	T("a high surrogate and a letter", "\"\\uD83Dx\""),
	T("a high surrogate and a newline", "\"\\uD83D\\n\""),
	T("two high surrogates", "\"\\uD83D\\uD83D\""),
	T("a high surrogate and \\u0041", "\"\\uD83D\\u0041\""),
	T("a lone continuation byte", "\"\x80\""),
	T("a cut sequence", "\"\xc3\""),
	T("a lead byte after a lead byte", "\"\xc3\xc0\""),
	T("a lead byte of 0xF5", "\"\xf5\x80\x80\x80\""),
	T("a cut sequence at the end", "\"\xe2\x80"),
	T("an overlong slash", "\"\xc0\xaf\""),
	T("an overlong NUL", "\"\xc0\x80\""),
	T("an overlong sequence of three", "\"\xe0\x9f\xbf\""),
	T("an overlong sequence of four", "\"\xf0\x8f\xbf\xbf\""),
	T("an encoded surrogate", "\"\xed\xa0\x80\""),
	T("U+110000", "\"\xf4\x90\x80\x80\""),
	T("a five-byte sequence", "\"\xf8\x88\x80\x80\x80\""),
	T("Latin-1", "\"caf\xe9\""),
	T("0xFF", "\"\xff\""),
	T("a leading zero", "012"),
	T("a minus and a leading zero", "-012"),
	T("two zeros", "00"),
	T("a plus", "+1"),
	T("two minuses", "--1"),
	T("only a minus", "-"),
	T("no digit before the point", ".5"),
	T("no digit after the point", "1."),
	T("no digit between point and e", "1.e1"),
	T("two points", "1.2.3"),
	T("no digit after e", "1e"),
	T("no digit after e+", "1e+"),
	T("e and a fraction", "1e1.5"),
	T("hexadecimal", "0x10"),
	T("NaN", "NaN"),
	T("Infinity", "Infinity"),
	T("-Infinity", "-Infinity"),
	T("a digit separator", "1_000"),
	T("a full-width digit", "\xef\xbc\x91"),
	T("True", "True"),
	T("tru", "tru"),
	T("truex", "truex"),
	T("nul", "[nul]"),
	T("undefined", "undefined"),
	T("a name twice", "{\"a\":1,\"b\":2,\"a\":3}"),
	T("a name twice, once escaped", "{\"a\":1,\"\\u0061\":2}"),
	T("a name twice, deep", "[{\"x\":[{\"a\":1,\"a\":1}]}]"),
	T("an empty name twice", "{\"\":1,\"\":2}"),
	T("a name twice among many", "{\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":0,"
	    "\"f\":0,\"g\":0,\"h\":0,\"i\":0,\"j\":0,\"b\":0}"),
};

/* Texts, and how json_put() writes them. */
static const struct {
	const char	*in;
	const char	*out;
} round_trips[] = {
	{ " { \"b\" : [ 1 , true , null ] , \"a\" : { } } ",
	    "{\"b\":[1,true,null],\"a\":{}}" },
	{ "[false,[],\"\"]", "[false,[],\"\"]" },
	{ "9007199254740991", "9007199254740991" },
	{ "-9007199254740991", "-9007199254740991" },
	{ "1e15", "1000000000000000" },
	{ "1.0", "1" },
	{ "-0", "0" },
	{ "0.1", "0.1" },
	{ "1.5e-7", "1.5e-07" },
	{ "0.30000000000000004", "0.30000000000000004" },
	{ "1e300", "1e+300" },
	{ "1e999", "1e999" },
	{ "-1e999", "-1e999" },
	{ "[" NINES_100 ",2]", "[1e+100,2]" },
	{ "[\"" NINES_100 "\\\"\"," NINES_100 NINES_100 NINES_100 NINES_100
	    ",-0." ZEROS_70 "1]", "[\"" NINES_100 "\\\"\",1e999,-1e-71]" },
	{ "\"\\/\\u0061\\u00e9\\uD83D\\uDE00\"",
	    "\"/a\xc3\xa9\xf0\x9f\x98\x80\"" },
	{ "\"\\uD7FF\\uE000\\uD800\\uDC00\\uDBFF\\uDFFF\\uAFaf\"",
	    "\"\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"
	    "\xea\xbe\xaf\"" },
	{ "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001F\"",
	    "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\"" },
	{ "{\"\\n\":1}", "{\"\\n\":1}" },
};

/* Bytes as they may come from anywhere, and how they are written. */
static const struct {
	struct text	 in;
	const char	*out;
} strings[] = {
	{ T("nothing", ""), "\"\"" },
	{ T("a NUL", "a\0b"), "\"a\\u0000b\"" },
	{ T("Latin-1", "caf\xe9!"), "\"caf\xef\xbf\xbd!\"" },
	{ T("a cut sequence", "\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ T("a space", " "), "\" \"" },
	{ T("DEL", "\x7f"), "\"\x7f\"" },
	{ T("a quote at each end", "\"x\""), "\"\\\"x\\\"\"" },
};

static const struct {
	const char	*text;
	bool		 is_int;
	int64_t		 value;
} ints[] = {
	{ "0", true, 0 },
	{ "-5", true, -5 },
	{ "7.0", true, 7 },
	{ "2e3", true, 2000 },
	{ "9007199254740991", true, INT64_C(9007199254740991) },
	{ "9007199254740992", false, 0 },
	{ "-9007199254740992", false, 0 },
	{ "0.5", false, 0 },
	{ "1e999", false, 0 },
	{ "\"1\"", false, 0 },
	{ "true", false, 0 },
	{ "null", false, 0 },
};

/* ${n} arrays within one another. */
static enum err
parse_depth(struct arena *A, size_t n, const char *open, const char *close)
{
	struct buf b;
	cJSON *item;
	size_t i;

	buf_init(&b, A, SIZE_MAX);
	for (i = 0; i < n; i++)
		buf_puts(&b, open);
	buf_puts(&b, "1");
	for (i = 0; i < n; i++)
		buf_puts(&b, close);
	return (json_parse(A, b.data, b.len, &item));
}

static void
test_depth(struct arena *A)
{

	ok(parse_depth(A, 32, "[", "]") == ERR_OK, "32 arrays");
	ok(parse_depth(A, 33, "[", "]") == ERR_MALFORMED_JSON, "33 arrays");
	ok(parse_depth(A, 32, "{\"a\":", "}") == ERR_OK, "32 objects");
	ok(parse_depth(A, 33, "{\"a\":", "}") == ERR_MALFORMED_JSON,
	    "33 objects");
	ok(parse_depth(A, 16, "[{\"a\":", "}]") == ERR_OK, "16 of both");
	ok(parse_depth(A, 17, "[{\"a\":", "}]") == ERR_MALFORMED_JSON,
	    "17 of both");
	ok(parse_depth(A, 10000, "[", "") == ERR_MALFORMED_JSON,
	    "10,000 open arrays");
}

static void
test_texts(struct arena *A)
{
	cJSON *item;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(json_parse(A, good[i].data, good[i].len, &item) == ERR_OK,
		    "accepted: %s", good[i].name);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(json_parse(A, bad[i].data, bad[i].len, &item) ==
		    ERR_MALFORMED_JSON, "refused: %s (%s)", bad[i].name,
		    err_detail());
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(json_utf8(good[i].data, good[i].len), "UTF-8: %s",
		    good[i].name);
	ok(!json_utf8("a\xed\xa0\x80", 4), "not UTF-8: a surrogate");
	ok(!json_utf8("\xe2\x82\xac", 2), "not UTF-8: a cut sequence");
	(void)json_parse(A, "[1,\n x]", 7, &item);
	is(err_detail(), "no value where one belongs, at byte 5",
	    "the detail says what and where");
}

/* What ends where the buffer ends must not be read beyond it. */
static void
test_ends(void)
{
	static const char *const whole[] = { "[1,2.5e3,\"a\\u00e9\"]", "123",
	    "-1.5e+7", "\"\\uD83D\\uDE00\"", "{\"a\":[true,false,null]}" };
	struct arena *A = arena_new(1 << 20);
	cJSON *item;
	size_t i, n;
	char *copy;
	bool fine;

	for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		fine = true;
		for (n = 0; n <= strlen(whole[i]); n++) {
			copy = malloc(n + 1);
			memcpy(copy, whole[i], n);
			if (n == strlen(whole[i]))
				fine &= (json_parse(A, copy, n, &item) ==
				    ERR_OK);
			else
				(void)json_parse(A, copy, n, &item);
			free(copy);
		}
		ok(fine, "cut everywhere: %s", whole[i]);
	}
	arena_free(A);
}

static void
test_put(struct arena *A)
{
	struct buf b;
	cJSON *item;
	size_t i;

	for (i = 0; i < sizeof(round_trips) / sizeof(round_trips[0]); i++) {
		buf_init(&b, A, SIZE_MAX);
		if (json_parse(A, round_trips[i].in,
		    strlen(round_trips[i].in), &item) == ERR_OK)
			json_put(&b, item);
		is(b.data, round_trips[i].out, round_trips[i].in);
	}
	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		buf_init(&b, A, SIZE_MAX);
		json_put_string(&b, strings[i].in.data, strings[i].in.len);
		is(b.data, strings[i].out, strings[i].in.name);
	}
}

static void
test_getters(struct arena *A)
{
	static const char text[] = "{\"a\":\"x\",\"A\":3,\"b\":[1]}";
	cJSON *item;
	int64_t n = -1;
	size_t i;

	for (i = 0; i < sizeof(ints) / sizeof(ints[0]); i++) {
		n = 0;
		(void)json_parse(A, ints[i].text, strlen(ints[i].text), &item);
		ok(json_int(item, &n) == ints[i].is_int && n == ints[i].value,
		    "as an integer: %s", ints[i].text);
	}
	(void)json_parse(A, text, strlen(text), &item);
	is(json_get_string(item, "a"), "x", "a string by name");
	ok(json_get_int(item, "A", &n) && n == 3, "an integer by name");
	ok(json_get_string(item, "A") == NULL, "an integer is no string");
	ok(!json_get_int(item, "a", &n), "a string is no integer");
	ok(json_get(item, "B") == NULL, "names have case");
	ok(json_get(NULL, "a") == NULL, "no object, no member");
	ok(json_get(json_get(item, "b"), "a") == NULL,
	    "an array has no members");
}

/* An arena that is too small ends the parsing, at whatever point. */
static void
test_small_arenas(void)
{
	static const char text[] = "{\"a\":[1,2,{\"b\":\"c\\u00e9\"}],"
	    "\"n\":" NINES_100 ",\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,"
	    "\"6\":1,\"7\":1,\"8\":1}";
	volatile int jumped = 0, parsed = 0;
	volatile size_t cap;
	struct arena *A;
	cJSON *item;

	for (cap = 1 << 17; cap > 0; cap -= 64) {
		A = arena_new(1 << 17);
		if (setjmp(*arena_guard(A)) == 0) {
			(void)arena_alloc(A, (1 << 17) - cap);
			parsed += (json_parse(A, text, sizeof(text) - 1,
			    &item) == ERR_OK);
		} else
			jumped++;
		arena_free(A);
	}
	ok(parsed > 0 && jumped > 0 && parsed + jumped == (1 << 17) / 64,
	    "an arena is full: %d parsed, %d jumped", parsed, jumped);
}

int
main(void)
{
	struct arena *A;

	json_init();
	A = arena_new(16 << 20);
	test_texts(A);
	test_depth(A);
	test_ends();
	test_put(A);
	test_getters(A);
	test_small_arenas();
	arena_free(A);
	return (done());
}
