/* SPDX-License-Identifier: BSD-2-Clause */
/* Second factors: the codes of RFC 6238, seals, recovery codes. */
#include <sodium.h>
#include <string.h>

#include "../fcgi-auth/factor_code.h"
#include "../shared/id.h"
#include "tap.h"

#define USER	"us_01K3Q8ZC5V9T2M4N6P7R8S1W3X"
#define OTHER	"us_01K3Q8ZC5V9T2M4N6P7R8S1W3Y"
#define ATTEMPT	"at_01K3Q8ZC5V9T2M4N6P7R8S1W3X"

static const unsigned char key[CONF_KEY_LEN] =
    "thirty-two bytes, not a secret!";
static const unsigned char other_key[CONF_KEY_LEN] = "another one";
static const unsigned char secret[FACTOR_SECRET_LEN + 1] =
    "12345678901234567890";

/* RFC 6238, appendix B: SHA-1, the last six digits. */
static const struct {
	int64_t		 seconds;
	const char	*code;
} vectors[] = {
	{ 59, "287082" },
	{ 1111111109, "081804" },
	{ 1111111111, "050471" },
	{ 1234567890, "005924" },
	{ 2000000000, "279037" },
	{ INT64_C(20000000000), "353130" },
};

static void
test_vectors(void)
{
	int64_t step, at;
	size_t i;

	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		at = vectors[i].seconds;
		ok(factor_step(secret, vectors[i].code, at, &step) &&
		    step == at / 30, "the code at %lld", (long long)at);
		ok(factor_step(secret, vectors[i].code, at + 30, &step) &&
		    step == at / 30, "... a step late");
		ok(factor_step(secret, vectors[i].code, at - 30, &step) &&
		    step == at / 30, "... a step early");
		ok(!factor_step(secret, vectors[i].code, at + 60, &step) &&
		    (at < 90 || !factor_step(secret, vectors[i].code,
		    at - 60, &step)), "... no more");
	}
}

static void
test_wrong(void)
{
	static const char *const wrong[] = { "", "28708", "2870822", "287083",
	    " 287082", "28708a", "-87082", "94287082", "28 082" };
	int64_t step;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(!factor_step(secret, wrong[i], 59, &step), "not \"%s\"",
		    wrong[i]);
}

static void
test_seal(void)
{
	unsigned char sealed[FACTOR_SEALED_LEN], again[FACTOR_SEALED_LEN];
	unsigned char out[FACTOR_SECRET_LEN];
	char text[FACTOR_BASE32_SIZE];
	size_t i, opened = 0;

	factor_seal(key, USER, secret, sealed);
	factor_seal(key, USER, secret, again);
	ok(memcmp(sealed, again, sizeof(sealed)) != 0, "never twice the same");
	ok(factor_open(key, USER, sealed, out) &&
	    memcmp(out, secret, sizeof(out)) == 0, "a seal opens");
	ok(!factor_open(other_key, USER, sealed, out), "not with another key");
	ok(!factor_open(key, OTHER, sealed, out), "not for another user");
	for (i = 0; i < sizeof(sealed); i++) {
		sealed[i] ^= 1;
		opened += factor_open(key, USER, sealed, out);
		sealed[i] ^= 1;
	}
	ok(opened == 0, "not with any bit changed");
	ok(factor_base32(secret, text) == ERR_OK, "base 32");
	is(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "... of the secret");
}

static void
test_recovery(void)
{
	char codes[FACTOR_RECOVERY_COUNT][FACTOR_RECOVERY_SIZE];
	char again[FACTOR_RECOVERY_SIZE], a[FACTOR_HASH_SIZE];
	char b[FACTOR_HASH_SIZE];
	int i, j, same = 0;

	for (i = 0; i < FACTOR_RECOVERY_COUNT; i++)
		factor_recovery(key, USER, ATTEMPT, i, codes[i]);
	for (i = 0; i < FACTOR_RECOVERY_COUNT; i++)
		for (j = 0; j < i; j++)
			same += strcmp(codes[i], codes[j]) == 0;
	ok(same == 0, "ten different codes");
	ok(strlen(codes[0]) == 19 && strspn(codes[0],
	    "ABCDEFGHJKMNPQRSTVWXYZ0123456789-") == 19, "16 characters");
	factor_recovery(key, USER, ATTEMPT, 0, again);
	is(again, codes[0], "the same again for the same attempt");
	factor_recovery(key, OTHER, ATTEMPT, 0, again);
	ok(strcmp(again, codes[0]) != 0, "others for another user");
	factor_hash(key, USER, "7K3M-Q2XW-9RTB-4HZD", a);
	factor_hash(key, USER, "7k3mq2xw 9rtb4hzd", b);
	is(b, a, "case and dashes don't matter");
	factor_hash(key, USER, "7K3M-Q2XW-9RTB-4HZDX", b);
	ok(strcmp(a, b) != 0, "a longer one is another");
	factor_hash(key, OTHER, "7K3M-Q2XW-9RTB-4HZD", b);
	ok(strcmp(a, b) != 0, "another user's is another");
	factor_hash(other_key, USER, "7K3M-Q2XW-9RTB-4HZD", b);
	ok(strcmp(a, b) != 0, "another key's is another");
}

int
main(void)
{

	if (!id_init())
		return (1);
	test_vectors();
	test_wrong();
	test_seal();
	test_recovery();
	return (done());
}
