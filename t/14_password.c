/* SPDX-License-Identifier: BSD-2-Clause */
/* Passwords: what is hashed, what is right, what is weak. */
#include <sodium.h>
#include <string.h>

#include "../fcgi-auth/password.h"
#include "../shared/id.h"
#include "tap.h"

/* The same password, as different keyboards may send it. */
static const struct {
	const char	*set;
	const char	*given;
	bool		 right;
} pairs[] = {
	{ "correct horse", "correct horse", true },
	{ "correct horse", "Correct horse", false },
	{ "correct horse", "correct horse ", false },
	{ "correct horse", "", false },
	{ "p\xc3\xa9" "ch\xc3\xa9", "pe\xcc\x81" "che\xcc\x81", true },
	{ "pe\xcc\x81" "che\xcc\x81", "p\xc3\xa9" "ch\xc3\xa9", true },
	{ "p\xc3\xa9" "ch\xc3\xa9", "peche", false },
	{ "\xef\xbd\x81\xef\xbd\x82", "ab", true },	/* full width */
	{ "\xef\xac\x81n", "fin", true },		/* a ligature */
	{ "\xe2\x84\xab", "\xc3\x85", true },		/* angstrom sign */
};

static void
test_pairs(void)
{
	char hash[PASSWORD_HASH_SIZE];
	bool right;
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		right = !pairs[i].right;
		ok(password_hash(NULL, pairs[i].set, hash) == ERR_OK &&
		    password_check(NULL, hash, pairs[i].given, &right) == ERR_OK &&
		    right == pairs[i].right, "pair %zu", i);
	}
}

static void
test_whole(void)
{
	char hash[PASSWORD_HASH_SIZE], longer[257];
	bool right = true;

	memset(longer, 'x', 256);
	longer[256] = '\0';
	ok(password_hash(NULL, longer, hash) == ERR_OK, "256 bytes are hashed");
	longer[255] = 'y';
	ok(password_check(NULL, hash, longer, &right) == ERR_OK && !right,
	    "and the last one counts");
}

static const struct {
	const char	*hash;
	bool		 weak;
} parameters[] = {
	{ "$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA", false },
	{ "$argon2id$v=19$m=19456,t=3,p=1$AAAA$AAAA", false },
	{ "$argon2id$v=19$m=65536,t=2,p=1$AAAA$AAAA", false },
	{ "$argon2id$v=19$m=19455,t=2,p=1$AAAA$AAAA", true },
	{ "$argon2id$v=19$m=19456,t=1,p=1$AAAA$AAAA", true },
	{ "$argon2i$v=19$m=65536,t=4,p=1$AAAA$AAAA", true },
	{ "$7$C6..../....", true },
	{ "", true },
};

static void
test_hash(void)
{
	char hash[PASSWORD_HASH_SIZE], other[PASSWORD_HASH_SIZE];
	size_t i;
	bool right = true;

	(void)password_hash(NULL, "correct horse", hash);
	(void)password_hash(NULL, "correct horse", other);
	ok(strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31) == 0,
	    "the parameters");
	ok(strcmp(hash, other) != 0, "a salt for each");
	ok(!password_is_weak(hash), "today's parameters are not weak");
	ok(crypto_pwhash_str_alg(other, "correct horse", 13, 1, 8192 * 1024,
	    crypto_pwhash_ALG_ARGON2ID13) == 0 && password_is_weak(other),
	    "yesterday's are");
	for (i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++)
		ok(password_is_weak(parameters[i].hash) == parameters[i].weak,
		    "%s", parameters[i].hash);
	ok(password_check(NULL, other, "correct horse", &right) == ERR_OK && right,
	    "but they log in");
	ok(password_check(NULL, NULL, "correct horse", &right) == ERR_OK && !right,
	    "nobody has no password");
	ok(password_check(NULL, "$argon2id$nonsense", "x", &right) != ERR_OK ||
	    !right, "nonsense is no hash");
}

int
main(void)
{

	if (!id_init())
		return (1);
	test_pairs();
	test_whole();
	test_hash();
	return (done());
}
