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

/* In the name of a field, however it is spelled. */
static const char *const names[] = {
	"authorization", "cookie", "credential", "key", "passphrase",
	"passwd", "password", "recovery", "secret", "seed", "token",
};

bool
redact_name(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasestr(name, names[i]) != NULL)
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

static size_t
recovery_code(const char *at)
{
	size_t i;

	for (i = 0; i < 19; i++)
		if (i % 5 == 4 ? at[i] != '-' : at[i] == '\0' ||
		    strchr(ULID, at[i]) == NULL)
			return (0);
	/* The beginning of something longer is for long_run(). */
	return (at[i] != '\0' && strchr(URLSAFE, at[i]) != NULL ? 0 : i);
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
	size_t len = strspn(at, URLSAFE);

	return (len >= RUN_MIN ? len : 0);
}

size_t
redact_length(const char *text, const char *at)
{
	bool begins = at == text || strchr(URLSAFE, at[-1]) == NULL;
	size_t len = 0;

	/* Most bytes begin nothing: look at the first one. */
	switch (at[0]) {
	case 'e':
		len = jwt(at);
		break;
	case 's':
		len = refresh_token(at);
		break;
	case '$':
		return (password_hash(at));
	case ':':
		return (user_and_password(at));
	case 'B':
	case 'b':
		len = authorization(at);
		break;
	}
	if (len == 0 && begins)
		len = recovery_code(at);
	if (len == 0 && begins)
		len = long_run(at);
	return (len);
}
