/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access tokens: what is minted, and that nothing else is taken, even if it
 * is signed with the right key; which keys are refused.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "../fcgi-auth/token.h"
#include "../shared/arena.h"
#include "../shared/clock.h"
#include "../shared/id.h"
#include "../shared/json.h"
#include "../shared/num.h"
#include "tap.h"

#define BASE64URL	sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define NOW		INT64_C(1767258600)	/* seconds */
#define SUB		"us_01K3Q8ZC5V9T2M4N6P7R8S1W3X"
#define SID		"se_01K3Q8ZC5V9T2M4N6P7R8S1W3X"
#define JTI		"at_01K3Q8ZC5V9T2M4N6P7R8S1W3X"
#define RIGHT_HEADER	"{\"alg\":\"HS256\",\"kid\":\"B\",\"typ\":\"JWT\"}"
#define IDS		"\"jti\":\"" JTI "\",\"sid\":\"" SID "\"," \
			"\"sub\":\"" SUB "\""
#define RIGHT_CLAIMS	"{\"exp\":1767259500,\"iat\":1767258600," IDS "}"
#define KEY_A	"00112233445566778899aabbccddeeff" \
		"0123456789abcdef0f1e2d3c4b5a6978"
#define KEY_B	"ffeeddccbbaa99887766554433221100" \
		"13579bdf02468ace0f1e2d3c4b5a6978"

static char folder[] = "/tmp/guerdon-token-XXXXXX";

static const char *
path_of(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return (path);
}

static void
put_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd == -1 || write(fd, text, strlen(text)) == -1 ||
	    fchmod(fd, mode) == -1)
		abort();
	(void)close(fd);
}

static enum err
read_once(void)
{
	struct token_keys *keys = NULL;
	enum err err = token_keys_read(folder, &keys);

	token_keys_free(keys);
	return (err);
}

static const struct {
	const char	*name;
	const char	*text;
	mode_t		 mode;
	enum err	 err;
} files[] = {
	{ "A.key", KEY_A "\n", 0600, ERR_OK },
	{ "A.key", KEY_A, 0400, ERR_OK },
	{ "A.key", KEY_A "\n", 0640, ERR_INVALID },
	{ "A.key", KEY_A "\n", 0604, ERR_INVALID },
	{ "A.key", KEY_A "\n\n", 0600, ERR_INVALID },
	{ "A.key", KEY_A "0", 0600, ERR_INVALID },
	{ "A.key", " " KEY_A, 0600, ERR_INVALID },
	{ "A.key", "0123456789abcdef", 0600, ERR_INVALID },
	{ "A.key", "", 0600, ERR_INVALID },
	{ "A.key", "00000000000000000000000000000000"
	    "00000000000000000000000000000000", 0600, ERR_INVALID },
	{ "A.key", "0102030405060708010203040506070801020304"
	    "050607080102030405060708", 0600, ERR_INVALID },
	{ "A.key", "00112233445566778899AABBCCDDEEFF"
	    "0123456789ABCDEF0F1E2D3C4B5A6978", 0600, ERR_INVALID },
	{ ".key", KEY_A, 0600, ERR_NOT_FOUND },		/* hidden */
	{ "A.txt", KEY_A, 0600, ERR_NOT_FOUND },
	{ "a b.key", KEY_A, 0600, ERR_INVALID },
	{ "a.b.key", KEY_A, 0600, ERR_INVALID },
	{ "0123456789012345678901234567890123456789.key", KEY_A, 0600,
	    ERR_OK },
	{ "01234567890123456789012345678901234567890.key", KEY_A, 0600,
	    ERR_INVALID },
};

static void
test_files(void)
{
	size_t i;
	char name[16];

	ok(read_once() == ERR_NOT_FOUND, "no key");
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		put_file(files[i].name, files[i].text, files[i].mode);
		ok(read_once() == files[i].err, "file %zu, %s", i,
		    files[i].name);
		(void)unlink(path_of(files[i].name));
	}
	put_file("A", KEY_A, 0600);
	if (symlinkat("A", AT_FDCWD, path_of("B.key")) == -1)
		ok(false, "a symbolic link is made");
	ok(read_once() == ERR_INVALID, "a link");
	(void)unlink(path_of("A"));
	(void)unlink(path_of("B.key"));
	for (i = 0; i < 17; i++) {
		(void)snprintf(name, sizeof(name), "%zu.key", i);
		put_file(name, KEY_A, 0600);
	}
	ok(read_once() == ERR_INVALID, "17 keys");
	for (i = 0; i < 17; i++) {
		(void)snprintf(name, sizeof(name), "%zu.key", i);
		(void)unlink(path_of(name));
	}
	put_file("A.key", KEY_A, 0600);
	(void)chmod(folder, 0750);
	ok(read_once() == ERR_INVALID, "a folder that others may enter");
	(void)chmod(folder, 0700);
	ok(token_keys_read("/nonexistent", NULL) == ERR_NOT_FOUND,
	    "no folder");
}

static char *
base64(struct arena *A, const void *data, size_t len)
{
	size_t size = sodium_base64_encoded_len(len, BASE64URL);
	char *text = arena_alloc(A, size);

	return (sodium_bin2base64(text, size, data, len, BASE64URL));
}

/* A token of our own making, rightly signed with ${hex}. */
static char *
forge(struct arena *A, const char *header, const char *claims,
    const char *hex)
{
	unsigned char key[32], mac[crypto_auth_hmacsha256_BYTES];
	char *text;

	(void)num_hex(hex, key, sizeof(key));
	text = arena_printf(A, "%s.%s", base64(A, header, strlen(header)),
	    base64(A, claims, strlen(claims)));
	(void)crypto_auth_hmacsha256(mac, (const unsigned char *)text,
	    strlen(text), key);
	return (arena_printf(A, "%s.%s", text, base64(A, mac, sizeof(mac))));
}

static bool
takes(const struct token_keys *keys, struct arena *A, const char *text)
{
	struct token token;

	return (token_read(keys, A, text, &token));
}

static void
test_mint(const struct token_keys *keys, struct arena *A)
{
	struct token token = { SUB, SID, JTI, NOW, NOW + 900 }, back;
	const char *text = NULL;

	ok(token_mint(keys, A, &token, &text) == ERR_OK, "minted");
	is(text, forge(A, RIGHT_HEADER, RIGHT_CLAIMS, KEY_B),
	    "it has this header and these claims, and no others");
	ok(token_read(keys, A, text, &back) &&
	    strcmp(back.sub, token.sub) == 0 &&
	    strcmp(back.sid, token.sid) == 0 &&
	    strcmp(back.jti, token.jti) == 0 && back.iat == token.iat &&
	    back.exp == token.exp, "and is read back");
}

/* Rightly signed, and yet not ours. */
static const struct {
	const char	*what;
	const char	*header;	/* NULL: the right one */
	const char	*claims;	/* NULL: the right ones */
} forged[] = {
	{ "alg none", "{\"alg\":\"none\",\"kid\":\"B\",\"typ\":\"JWT\"}",
	    NULL },
	{ "alg in lower case",
	    "{\"alg\":\"hs256\",\"kid\":\"B\",\"typ\":\"JWT\"}", NULL },
	{ "alg HS512", "{\"alg\":\"HS512\",\"kid\":\"B\",\"typ\":\"JWT\"}",
	    NULL },
	{ "no kid", "{\"alg\":\"HS256\",\"typ\":\"JWT\"}", NULL },
	{ "another kid", "{\"alg\":\"HS256\",\"kid\":\"C\",\"typ\":\"JWT\"}",
	    NULL },
	{ "no typ", "{\"alg\":\"HS256\",\"kid\":\"B\"}", NULL },
	{ "another order", "{\"kid\":\"B\",\"alg\":\"HS256\",\"typ\":\"JWT\"}",
	    NULL },
	{ "a space",
	    "{\"alg\":\"HS256\",\"kid\":\"B\",\"typ\":\"JWT\"} ", NULL },
	{ "crit", "{\"alg\":\"HS256\",\"crit\":[\"x\"],\"kid\":\"B\","
	    "\"typ\":\"JWT\",\"x\":1}", NULL },
	{ "alg twice", "{\"alg\":\"HS256\",\"alg\":\"HS256\",\"kid\":\"B\","
	    "\"typ\":\"JWT\"}", NULL },
	{ "an empty header", "", NULL },

	{ "no claims", NULL, "" },
	{ "claims that are no object", NULL, "[]" },
	{ "null", NULL, "null" },
	{ "an empty object", NULL, "{}" },
	{ "no exp", NULL, "{\"iat\":1767258600," IDS "}" },
	{ "no iat", NULL, "{\"exp\":1767259500," IDS "}" },
	{ "no sub", NULL, "{\"exp\":1767259500,\"iat\":1767258600,"
	    "\"jti\":\"" JTI "\",\"sid\":\"" SID "\"}" },
	{ "no sub, but another", NULL, "{\"exp\":1767259500,"
	    "\"iat\":1767258600,\"jti\":\"" JTI "\",\"sid\":\"" SID "\","
	    "\"Sub\":\"" SUB "\"}" },
	{ "one more", NULL, "{\"exp\":1767259500,\"iat\":1767258600,"
	    "\"role\":\"ADMIN\"," IDS "}" },
	{ "exp twice", NULL, "{\"exp\":1767259500,\"exp\":1767259500,"
	    "\"iat\":1767258600," IDS "}" },
	{ "exp as text", NULL, "{\"exp\":\"1767259500\","
	    "\"iat\":1767258600," IDS "}" },
	{ "exp with a fraction", NULL, "{\"exp\":1767259500.5,"
	    "\"iat\":1767258600," IDS "}" },
	{ "exp too large", NULL, "{\"exp\":1e300,\"iat\":1767258600," IDS
	    "}" },
	{ "exp null", NULL, "{\"exp\":null,\"iat\":1767258600," IDS "}" },
	{ "exp negative", NULL, "{\"exp\":-1,\"iat\":1767258600," IDS "}" },
	{ "iat a boolean", NULL, "{\"exp\":1767259500,\"iat\":true," IDS
	    "}" },
	{ "ids mixed up", NULL, "{\"exp\":1767259500,\"iat\":1767258600,"
	    "\"jti\":\"" JTI "\",\"sid\":\"" SUB "\",\"sub\":\"" SID "\"}" },
	{ "an id too long", NULL, "{\"exp\":1767259500,\"iat\":1767258600,"
	    "\"jti\":\"" JTI "0\",\"sid\":\"" SID "\",\"sub\":\"" SUB "\"}" },
	{ "trailing data", NULL, RIGHT_CLAIMS "{}" },
	{ "not UTF-8", NULL, "{\"exp\":1767259500,\"iat\":1767258600,"
	    "\"jti\":\"\xff\",\"sid\":\"" SID "\",\"sub\":\"" SUB "\"}" },
};

static void
test_forged(const struct token_keys *keys, struct arena *A)
{
	char *text;
	size_t i;

	for (i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		text = forge(A, forged[i].header != NULL ? forged[i].header :
		    RIGHT_HEADER, forged[i].claims != NULL ?
		    forged[i].claims : RIGHT_CLAIMS, KEY_B);
		ok(!takes(keys, A, text), "%s", forged[i].what);
	}
	ok(!takes(keys, A, forge(A, RIGHT_HEADER, RIGHT_CLAIMS, KEY_A)),
	    "another key's signature");
	text = forge(A, "{\"alg\":\"HS256\",\"kid\":\"A\",\"typ\":\"JWT\"}",
	    RIGHT_CLAIMS, KEY_A);
	ok(takes(keys, A, text), "the older key verifies");
	/* Spaces are JSON, too: what is signed is ours to write. */
	text = forge(A, RIGHT_HEADER, " " RIGHT_CLAIMS " ", KEY_B);
	ok(takes(keys, A, text), "spaces within the claims");
	text = arena_alloc(A, 4096);
	memset(text, 'x', 4095);
	ok(!takes(keys, A, text), "4,095 letters");
	ok(!takes(keys, A, ""), "nothing");
	ok(!takes(keys, A, ".."), "two dots");
}

/* Whatever is changed, added or cut, it isn't the token any more. */
static void
test_bytes(const struct token_keys *keys, struct arena *A)
{
	const char *right = forge(A, RIGHT_HEADER, RIGHT_CLAIMS, KEY_B);
	static const char others[] = "A_.=+/ \n%";
	char *text = arena_strdup(A, right);
	size_t i, j, taken = 0;

	ok(takes(keys, A, right), "the token itself");
	for (i = 0; i < strlen(right); i++) {
		for (j = 0; j < sizeof(others); j++) {
			text[i] = others[j];
			taken += text[i] != right[i] && takes(keys, A, text);
		}
		text[i] = right[i];
		taken += takes(keys, A, arena_strndup(A, right, i));
	}
	for (j = 0; j < sizeof(others) - 1; j++) {
		taken += takes(keys, A, arena_printf(A, "%s%c", right,
		    others[j]));
		taken += takes(keys, A, arena_printf(A, "%c%s", others[j],
		    right));
	}
	ok(taken == 0, "no other text is taken");
}

static void
test_times(const struct token_keys *keys, struct arena *A)
{
	const char *text = forge(A, RIGHT_HEADER, RIGHT_CLAIMS, KEY_B);

	clock_set((NOW + 900 + 5) * 1000);
	ok(takes(keys, A, text), "5 s after its end");
	clock_set((NOW + 900 + 5) * 1000 + 1);
	ok(!takes(keys, A, text), "more than 5 s after its end");
	clock_set((NOW - 5) * 1000);
	ok(takes(keys, A, text), "5 s before it was made");
	clock_set((NOW - 5) * 1000 - 1);
	ok(!takes(keys, A, text), "more than 5 s before it was made");
	clock_set(NOW * 1000);
}

static void
test_rotation(struct arena *A)
{
	struct token token = { SUB, SID, JTI, NOW, NOW + 900 };
	struct token_keys *keys = NULL;
	const char *text = "";

	(void)unlink(path_of("B.key"));
	ok(token_keys_read(folder, &keys) == ERR_OK &&
	    !takes(keys, A, forge(A, RIGHT_HEADER, RIGHT_CLAIMS, KEY_B)),
	    "a key that is gone verifies nothing");
	ok(token_mint(keys, A, &token, &text) == ERR_OK &&
	    takes(keys, A, text), "the one that is left signs");
	token_keys_free(keys);
	token_keys_free(NULL);
}

int
main(void)
{
	struct token_keys *keys = NULL;
	struct arena *A = arena_new(16 << 20);

	if (!id_init() || A == NULL || mkdtemp(folder) == NULL)
		return (1);
	json_init();
	json_arena(A);
	clock_set(NOW * 1000);
	test_files();
	put_file("B.key", KEY_B, 0600);
	if (!ok(token_keys_read(folder, &keys) == ERR_OK, "two keys"))
		return (done());
	test_mint(keys, A);
	test_forged(keys, A);
	test_bytes(keys, A);
	test_times(keys, A);
	token_keys_free(keys);
	test_rotation(A);
	(void)unlink(path_of("A.key"));
	(void)rmdir(folder);
	arena_free(A);
	return (done());
}
