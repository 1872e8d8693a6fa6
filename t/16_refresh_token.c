/* SPDX-License-Identifier: BSD-2-Clause */
/* Refresh tokens: the same for the same, another for all else. */
#include <string.h>

#include "../fcgi-auth/refresh_token.h"
#include "../shared/id.h"
#include "tap.h"

#define SID	"se_01K3Q8ZC5V9T2M4N6P7R8S1W3X"
#define OTHER	"se_01K3Q8ZC5V9T2M4N6P7R8S1W3Y"

static const unsigned char key[CONF_KEY_LEN] =
    "thirty-two bytes, not a secret!";
static const unsigned char other_key[CONF_KEY_LEN] = "another one";
static const unsigned char seed[REFRESH_SEED_LEN] = "seed";
static const unsigned char other_seed[REFRESH_SEED_LEN] = "deed";

static void
test_make(void)
{
	char text[REFRESH_TOKEN_SIZE], again[REFRESH_TOKEN_SIZE];

	refresh_token_make(key, SID, 7, seed, text);
	refresh_token_make(key, SID, 7, seed, again);
	/* The MAC was worked out by another library. */
	is(text, SID ".7.UUPpT5Flln8W4M1cOh8xJ1IlN0X3_kPIFP6NFX3fcbQ",
	    "session, generation, MAC");
	is(again, text, "the same again");
	refresh_token_make(key, SID, INT64_C(9007199254740991), seed, text);
	ok(strlen(text) < REFRESH_TOKEN_SIZE - 1 &&
	    strncmp(text, SID ".9007199254740991.", 47) == 0,
	    "the largest generation fits");
}

static void
test_check(void)
{
	char text[REFRESH_TOKEN_SIZE], copy[REFRESH_TOKEN_SIZE];
	size_t i, taken = 0;

	refresh_token_make(key, SID, 7, seed, text);
	ok(refresh_token_check(key, SID, 7, seed, text), "right");
	ok(!refresh_token_check(other_key, SID, 7, seed, text),
	    "another key");
	ok(!refresh_token_check(key, OTHER, 7, seed, text),
	    "another session");
	ok(!refresh_token_check(key, SID, 8, seed, text),
	    "another generation");
	ok(!refresh_token_check(key, SID, 7, other_seed, text),
	    "another seed");
	for (i = 0; i < strlen(text); i++) {
		memcpy(copy, text, sizeof(copy));
		copy[i] ^= 1;
		taken += refresh_token_check(key, SID, 7, seed, copy);
		copy[i] = '\0';
		taken += refresh_token_check(key, SID, 7, seed, copy);
	}
	ok(taken == 0, "no bit may change, and nothing may be missing");
}

static const struct {
	const char	*text;
	int64_t		 generation;	/* 0: refused */
} texts[] = {
	{ SID ".1.x", 1 },
	{ SID ".9007199254740991.x", INT64_C(9007199254740991) },
	{ SID ".9007199254740992.x", 0 },
	{ SID ".99999999999999999999.x", 0 },
	{ SID ".0.x", 0 },
	{ SID ".-1.x", 0 },
	{ SID ".+1.x", 0 },
	{ SID ". 1.x", 0 },
	{ SID "..x", 0 },
	{ SID ".1", 0 },
	{ SID, 0 },
	{ "", 0 },
	{ "..", 0 },
	{ "us_01K3Q8ZC5V9T2M4N6P7R8S1W3X.1.x", 0 },
	{ "se_01K3Q8ZC5V9T2M4N6P7R8S1W3.1.x", 0 },
	{ " " SID ".1.x", 0 },
	{ SID ".1.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0 },
};

static void
test_parse(void)
{
	char sid[ID_SIZE];
	int64_t generation;
	size_t i;
	bool good;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		good = refresh_token_parse(texts[i].text, sid, &generation);
		ok(good == (texts[i].generation != 0) && (!good ||
		    (generation == texts[i].generation &&
		    strcmp(sid, SID) == 0)), "%s \"%.40s\"",
		    texts[i].generation != 0 ? "read" : "refuse",
		    texts[i].text);
	}
}

int
main(void)
{

	if (!id_init())
		return (1);
	test_make();
	test_check();
	test_parse();
	return (done());
}
