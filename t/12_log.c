/* SPDX-License-Identifier: BSD-2-Clause */
/* A log line: what is escaped, and what is not written at all. */
#include <sys/types.h>

#include <string.h>
#include <unistd.h>

#include "tap.h"

static char	written[16384];
static size_t	written_len;

static ssize_t
keep(int fd, const void *data, size_t len)
{

	(void)fd;
	memcpy(written, data, len);
	written[len] = '\0';
	written_len = len;
	return ((ssize_t)len);
}

#define write	keep
#include "../shared/log.c"
#undef write

#define SECRET	"0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"	/* 43 */
#define ULID	"01ARZ3NDEKTSV4RRFFQ69G5FAV"

/* What is written of a field's value. */
static const char *
value(const char *key, const char *text)
{
	static char out[9000];
	char *from, *to;

	log_write(LOG_INFO, "m", LOG_STR(key, text), LOG_END);
	if ((from = strstr(written, "\"message\":\"m\",")) == NULL ||
	    (from = strstr(from + 14, "\":")) == NULL ||
	    (to = strrchr(from, '}')) == NULL)
		return (NULL);
	from += 2;
	memcpy(out, from, (size_t)(to - from));
	out[to - from] = '\0';
	return (out);
}

static void
test_escapes(void)
{
	static const struct {
		const char	*text, *want, *name;
	} cases[] = {
		{ "a\r\nb", "\"a\\u000d\\u000ab\"", "CR, LF" },
		{ "\033[2J", "\"\\u001b[2J\"", "ESC" },
		{ "\001\037", "\"\\u0001\\u001f\"", "C0" },
		{ "\177", "\"\\u007f\"", "DEL" },
		{ "\302\200\302\233\302\237", "\"\\u0080\\u009b\\u009f\"",
		    "C1" },
		{ "\302\240", "\"\302\240\"", "what follows C1 stays" },
		{ "\342\200\250\342\200\251", "\"\\u2028\\u2029\"",
		    "line separators" },
		{ "\342\200\256x", "\"\\u202ex\"", "the other direction" },
		{ "\342\201\246\342\201\251", "\"\\u2066\\u2069\"",
		    "isolates" },
		{ "\357\273\277", "\"\\ufeff\"", "a byte order mark" },
		{ "\"\\", "\"\\\"\\\\\"", "quote and backslash" },
		{ "\303\251\342\202\254\360\237\230\200",
		    "\"\303\251\342\202\254\360\237\230\200\"",
		    "letters stay" },
		{ "a\200b\377", "\"a?b?\"", "bytes that are no UTF-8" },
		{ "\355\240\200", "\"???\"", "half a surrogate" },
		{ "\300\212", "\"??\"", "LF in a longer form" },
		{ "\302", "\"?\"", "half a character" },
		{ "", "\"\"", "nothing" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is(value("x", cases[i].text), cases[i].want, cases[i].name);
	log_write(LOG_INFO, "a\nb", LOG_END);
	ok(strstr(written, "\"a\\u000ab\"") != NULL &&
	    strchr(written, '\n') == written + written_len - 1,
	    "a message is escaped, too");
	log_write(LOG_INFO, "m", LOG_FLAG("security"), LOG_INT("n", -7),
	    LOG_END);
	ok(strstr(written, ",\"security\":true,\"n\":-7}\n") != NULL,
	    "flags and numbers");
}

static void
test_names(void)
{
	static const char *const secret[] = { "password", "newPassword",
	    "accessToken", "refresh_token", "TOKEN", "secret",
	    "client_secret", "Authorization", "cookie", "Set-Cookie",
	    "nodeKey", "X-Api-Key", "credentials", "recoveryCodes", "seed",
	    "passphrase" };
	static const char *const plain[] = { "traceId", "userId", "address",
	    "sessionId", "code", "by", "path", "reason", "operation",
	    "limit", "from", "to", "role", "subject", "method" };
	size_t i;

	for (i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		is(value(secret[i], "x"), "\"[redacted]\"", secret[i]);
	for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		is(value(plain[i], "x"), "\"x\"", plain[i]);
	log_write(LOG_INFO, "m", LOG_INT("pinToken", 1234), LOG_END);
	ok(strstr(written, "1234") == NULL, "a number, too");
}

static void
test_forms(void)
{
	static const struct {
		const char	*text, *want;
	} cases[] = {
		{ "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln",
		    "\"[redacted]\"" },
		{ "/v1/x/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln/y",
		    "\"/v1/x/[redacted]/y\"" },
		{ "a=eyJhbGciOiJIUzI1NiJ9%2EeyJzdWIiOiJ4In0%2Ec2ln&b",
		    "\"a=[redacted]&b\"" },
		{ "se_" ULID ".7." SECRET, "\"[redacted]\"" },
		{ "(se_" ULID ".7.x)", "\"([redacted])\"" },
		{ "/se_" ULID "%2E7%2exyz", "\"/[redacted]\"" },
		{ SECRET, "\"[redacted]\"" },
		{ "id:" SECRET " end", "\"id:[redacted] end\"" },
		{ SECRET SECRET, "\"[redacted]\"" },
		{ "ABCD-EFGH-0123-4567", "\"[redacted]\"" },
		{ "ABCD-EFGH-0123-4567ABCD-EFGH-0123-4567 x",
		    "\"[redacted] x\"" },
		{ "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA x",
		    "\"[redacted] x\"" },
		{ "Basic YTpiOmM6ZA== x", "\"[redacted] x\"" },
		{ "basic YTpiOmM6ZA==", "\"[redacted]\"" },
		{ "Bearer abcdefgh", "\"[redacted]\"" },
		{ "mongodb://app:pass@db1,db2/?x=y",
		    "\"mongodb[redacted]@db1,db2/?x=y\"" },
		/* What is none. */
		{ "se_" ULID, "\"se_" ULID "\"" },
		{ "/v1/users/us_" ULID "/sessions/se_" ULID,
		    "\"/v1/users/us_" ULID "/sessions/se_" ULID "\"" },
		{ "4bf92f3577b34da6a3ce929d0e0e4736",
		    "\"4bf92f3577b34da6a3ce929d0e0e4736\"" },
		{ "https://example.org/a@b", "\"https://example.org/a@b\"" },
		{ "mongodb://db1:27017,db2/x", "\"mongodb://db1:27017,db2/x\"" },
		{ "eyJx", "\"eyJx\"" },
		{ "Bearer realm", "\"Bearer realm\"" },
		{ "2026-11-27T12:00:00.000Z", "\"2026-11-27T12:00:00.000Z\"" },
		{ "connection refused calling hello on 127.0.0.1:27017",
		    "\"connection refused calling hello on 127.0.0.1:27017\"" },
	};
	char text[4096];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is(value("x", cases[i].text), cases[i].want, cases[i].text);
	/* A value is cut after 2,048 bytes: in the middle of a secret. */
	memset(text, ' ', 2040);
	memcpy(text + 2040, SECRET, sizeof(SECRET));
	ok(strstr(value("x", text), "01234") == NULL,
	    "a secret that would be cut");
	log_write(LOG_INFO, "got " SECRET, LOG_END);
	ok(strstr(written, "\"got [redacted]\"") != NULL, "in a message");
}

static void
test_size(void)
{
	static char text[3000];
	int i;

	memset(text, '\033', sizeof(text) - 1);
	for (i = 0; i < 3; i++) {
		log_write(LOG_INFO, "m", LOG_STR("a", text),
		    LOG_STR("b", text), LOG_STR("c", text), LOG_END);
		ok(written_len <= 8192 && written[written_len - 1] == '\n' &&
		    written[written_len - 2] == '}', "a long line is cut");
		text[i] = 'x';
	}
	log_open("test", LOG_ERROR);
	written[0] = '\0';
	log_write(LOG_WARN, "m", LOG_END);
	is(written, "", "below the least level nothing is written");
}

int
main(void)
{

	log_open("test", LOG_INFO);
	test_escapes();
	test_names();
	test_forms();
	test_size();
	return (done());
}
