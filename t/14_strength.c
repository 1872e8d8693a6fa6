/* SPDX-License-Identifier: BSD-2-Clause */
/* Which passwords are refused, and with which reasons. */
#include "../fcgi-auth/strength.h"
#include "../shared/arena.h"
#include "tap.h"

#define NAME	"Ada M\xc3\xbcller-King"
#define EMAIL	"a.lovelace@byron.example"
#define WORD	"a common word"
#define OWN	"your own name or email"

static const struct {
	const char	*password;
	const char	*why;		/* NULL: it is good */
} cases[] = {
	{ "correct horse battery", NULL },
	{ "plum tree 47", NULL },
	{ "Kq7 vZ2.pw", NULL },
	{ "password12", WORD },
	{ "PaSsWoRd12", WORD },
	{ "p4ssw0rd12", WORD },
	{ "xxxxxxxxxx", "a repetition" },
	{ "jklmnopqrst", "a sequence" },
	{ "zaq1xsw2cde3", "neighbouring keys" },
	{ "10.12.1815", "a date" },
	{ "lovelace12", OWN },
	{ "byron.example", OWN },
	{ "m\xc3\xbcller-king", OWN },
	{ "M\xc3\x9cLLER KING", OWN },
	{ "mu\xcc\x88ller-king", OWN },		/* decomposed */
	{ "A.Lovelace@Byron.Example", OWN },
	{ "54647812", "it is too short for what it is made of" },
};

static void
test_cases(struct arena *A)
{
	struct weakness weakness;
	enum err err;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		err = strength_check(A, 8, cases[i].password, NAME, EMAIL,
		    &weakness);
		if (cases[i].why == NULL) {
			ok(err == ERR_OK, "%s is good", cases[i].password);
			continue;
		}
		ok(err == ERR_INVALID, "%s is refused", cases[i].password);
		is(weakness.code, "WEAK_PASSWORD", "... by the code");
		ok(weakness.message != NULL && strstr(weakness.message,
		    cases[i].why) != NULL, "... for %s", cases[i].why);
		arena_reset(A);
	}
}

/* Characters are counted, not bytes, in NFKC. */
static void
test_length(struct arena *A)
{
	const char *eight = "\xc3\xa9\xc3\xa8\xc3\xbc\xc3\xb8\xc3\xa6\xc3\xb1"
	    "\xc3\xa7\xc3\xa5";
	const char *seven = "e\xcc\x81\xc3\xa8\xc3\xbc\xc3\xb8\xc3\xa6"
	    "\xc3\xb1\xc3\xa7";
	struct weakness weakness;

	ok(strength_check(A, 8, eight, NAME, EMAIL, &weakness) == ERR_OK,
	    "eight letters");
	ok(strength_check(A, 9, eight, NAME, EMAIL, &weakness) ==
	    ERR_INVALID, "... are not nine");
	is(weakness.code, "TOO_SHORT", "... by the code");
	is(weakness.message, "must have at least 9 characters",
	    "... and it says how many");
	ok(strength_check(A, 8, seven, NAME, EMAIL, &weakness) ==
	    ERR_INVALID, "an accent of its own is none");
}

/* A name of many short words, and nothing to know at all. */
static void
test_words(struct arena *A)
{
	char name[401];
	struct weakness weakness;
	size_t i;

	for (i = 0; i < 400; i++)
		name[i] = i % 4 == 3 ? ' ' : (char)('a' + i / 4 % 26);
	name[400] = '\0';
	ok(strength_check(A, 8, "plum tree 47", name, EMAIL, &weakness) ==
	    ERR_OK, "a name of a hundred words");
	ok(strength_check(A, 8, "plum tree 47", "", "", &weakness) == ERR_OK,
	    "no name");
	ok(strength_check(A, 8, "x k z qqj w", "x", "k@z.w", &weakness) ==
	    ERR_OK, "words of a letter are in anything");
}

int
main(void)
{
	struct arena *A = arena_new((size_t)1024 * 1024);

	if (A == NULL)
		return (1);
	test_cases(A);
	test_length(A);
	test_words(A);
	arena_free(A);
	return (done());
}
