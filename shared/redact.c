/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact: what must not be in a log; see redact.h.
 *
 * A guess in favour of silence: that a harmless text is hidden now and then
 * is better than a token that is not.
 */
#include <string.h>
#include <strings.h>

#include "id.h"
#include "redact.h"

#define RUN_MIN		43	/* 256 bits as base64url */
#define JWT_MIN		16
#define PAIR_MIN	8	/* "Basic " and that much */
#define DIGITS		"0123456789"
#define LETTERS		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define URLSAFE		LETTERS DIGITS "-_"
#define ULID		"0123456789ABCDEFGHJKMNPQRSTVWXYZ"

/* Each byte of each log line is looked at: by tables, not by searching. */
enum { WORD = 1, ULID_CHAR = 2, BEGINS = 4 };

static const unsigned char classes[256] = {
	['0' ... '9'] = WORD | ULID_CHAR,
	['A'] = WORD | ULID_CHAR,
	['B'] = WORD | ULID_CHAR | BEGINS,	/* Basic, Bearer */
	['C' ... 'H'] = WORD | ULID_CHAR,
	['I'] = WORD,
	['J' ... 'K'] = WORD | ULID_CHAR,
	['L'] = WORD,
	['M' ... 'N'] = WORD | ULID_CHAR,
	['O'] = WORD,
	['P' ... 'T'] = WORD | ULID_CHAR,
	['U'] = WORD,
	['V' ... 'Z'] = WORD | ULID_CHAR,
	['a'] = WORD,
	['b'] = WORD | BEGINS,
	['c' ... 'd'] = WORD,
	['e'] = WORD | BEGINS,			/* eyJ */
	['f' ... 'r'] = WORD,
	['s'] = WORD | BEGINS,			/* se_ */
	['t' ... 'z'] = WORD,
	['-'] = WORD,
	['_'] = WORD,
	['$'] = BEGINS,				/* $argon2 */
	[':'] = BEGINS,				/* ://user:password@ */
};

/* In the name of a field, however it is spelled. */
static const char *const names[] = {
	"authorization", "cookie", "credential", "key", "passphrase",
	"passwd", "password", "recovery", "secret", "seed", "token",
};

static unsigned
class_of(char c)
{

	return (classes[(unsigned char)c]);
}

static size_t
word_length(const char *at)
{
	size_t len = 0;

	while ((class_of(at[len]) & WORD) != 0)
		len++;
	return (len);
}

bool
redact_name(const char *name)
{
	size_t i;

	for (; *name != '\0'; name++)
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if ((*name | 0x20) == names[i][0] &&
			    strncasecmp(name, names[i], strlen(names[i])) == 0)
				return (true);
	return (false);
}

static size_t
jwt(const char *at)
{
	size_t len;

	if (strncmp(at, "eyJ", 3) != 0)
		return (0);
	len = strspn(at, URLSAFE ".%=");
	return (len >= JWT_MIN ? len : 0);
}

/* A dot, as it is or as in a URI. */
static size_t
dot(const char *at)
{

	return (at[0] == '.' ? 1 : strncasecmp(at, "%2e", 3) == 0 ? 3 : 0);
}

static size_t
refresh_token(const char *at)
{
	const char *p = at + 3;
	size_t n;

	if (strncmp(at, "se_", 3) != 0 || strspn(p, ULID) < ID_ULID_LEN)
		return (0);
	p += ID_ULID_LEN;
	if ((n = dot(p)) == 0)
		return (0);
	p += n;
	p += (n = strspn(p, DIGITS));
	if (n == 0 || (n = dot(p)) == 0)
		return (0);
	p += n;
	n = strspn(p, URLSAFE);
	return (n > 0 ? (size_t)(p - at) + n : 0);
}

/* With what is glued to it. */
static size_t
recovery_code(const char *at)
{
	size_t i;

	for (i = 0; i < 19; i++)
		if (i % 5 == 4 ? at[i] != '-' :
		    (class_of(at[i]) & ULID_CHAR) == 0)
			return (0);
	return (word_length(at));
}

static size_t
password_hash(const char *at)
{

	return (strncmp(at, "$argon2", 7) == 0 ?
	    strspn(at, URLSAFE "$=,+/") : 0);
}

/* The scheme of an Authorization field and what follows. */
static size_t
authorization(const char *at)
{
	size_t scheme = strncasecmp(at, "Basic ", 6) == 0 ? 6 :
	    strncasecmp(at, "Bearer ", 7) == 0 ? 7 : 0;
	size_t len = (scheme > 0) ? strspn(at + scheme, URLSAFE ".~+/=") : 0;

	return (len >= PAIR_MIN ? scheme + len : 0);
}

static size_t
user_and_password(const char *at)
{
	size_t len;

	if (strncmp(at, "://", 3) != 0)
		return (0);
	len = strcspn(at + 3, "/?# \t\r\n@");
	return (at[3 + len] == '@' && memchr(at + 3, ':', len) != NULL ?
	    3 + len : 0);
}

/* The longest runs that are no secret have 32 characters. */
static size_t
long_run(const char *at)
{
	size_t len = word_length(at);

	return (len >= RUN_MIN ? len : 0);
}

/* What begins with this letter, in the middle of a word, too. */
static size_t
by_letter(const char *at)
{

	switch (at[0]) {
	case 'e':
		return (jwt(at));
	case 's':
		return (refresh_token(at));
	case '$':
		return (password_hash(at));
	case ':':
		return (user_and_password(at));
	default:
		return (authorization(at));
	}
}

size_t
redact_length(const char *text, const char *at)
{
	unsigned class = class_of(at[0]);
	size_t len = 0;

	if ((class & BEGINS) != 0)
		len = by_letter(at);
	/* The other forms are whole words. */
	if (len > 0 || (class & WORD) == 0 ||
	    (at > text && (class_of(at[-1]) & WORD) != 0))
		return (len);
	len = recovery_code(at);
	return (len > 0 ? len : long_run(at));
}
