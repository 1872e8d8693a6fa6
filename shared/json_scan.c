/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_scan: is this text JSON?  The grammar of RFC 8259, the limits of RFC
 * 7493, in one pass from left to right.  Nothing is built and nothing taken
 * from an arena.
 */
#include <string.h>

#include "json.h"
#include "json_scan.h"

/* A text being scanned: [start, end), and where we are. */
struct scan {
	const char	*start;
	const char	*p;
	const char	*end;
	const char	*fault;		/* why it isn't JSON, at p */
	int		 depth;
};

static bool	scan_value(struct scan *);

size_t
json_sequence(const char *s, size_t left)
{
	const unsigned char *p = (const unsigned char *)s;
	unsigned char low = 0x80, high = 0xbf;
	size_t i, len;

	if (p[0] < 0x80)
		return (1);
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return (0);
	len = (p[0] < 0xe0) ? 2 : (p[0] < 0xf0) ? 3 : 4;
	if (left < len)
		return (0);
	switch (p[0]) {
	case 0xe0: low = 0xa0; break;		/* shorter form exists */
	case 0xed: high = 0x9f; break;		/* a surrogate */
	case 0xf0: low = 0x90; break;		/* shorter form exists */
	case 0xf4: high = 0x8f; break;		/* beyond U+10FFFF */
	}
	if (p[1] < low || p[1] > high)
		return (0);
	for (i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return (0);
	return (len);
}

bool
json_utf8(const char *s, size_t len)
{
	size_t n;

	for (; len > 0; s += n, len -= n)
		if ((n = json_sequence(s, len)) == 0)
			return (false);
	return (true);
}

static bool
refuse(struct scan *S, const char *why)
{

	S->fault = why;
	return (false);
}

static void
skip_space(struct scan *S)
{

	while (S->p < S->end && (*S->p == ' ' || *S->p == '\t' ||
	    *S->p == '\n' || *S->p == '\r'))
		S->p++;
}

/* Take ${c} if it is next. */
static bool
take_char(struct scan *S, char c)
{

	if (S->p == S->end || *S->p != c)
		return (false);
	S->p++;
	return (true);
}

/* The four digits of \uXXXX. */
static bool
scan_unit(struct scan *S, unsigned int *unit)
{
	int i;
	char c;

	*unit = 0;
	for (i = 0; i < 4; i++, S->p++) {
		c = (S->p < S->end) ? *S->p : '\0';
		if (c >= '0' && c <= '9')
			*unit = *unit << 4 | (unsigned int)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*unit = *unit << 4 | (unsigned int)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			*unit = *unit << 4 | (unsigned int)(c - 'A' + 10);
		else
			return (refuse(S, "an invalid escape"));
	}
	return (true);
}

/* What follows a backslash. */
static bool
scan_escape(struct scan *S)
{
	unsigned int unit;

	if (S->p == S->end || *S->p == '\0' ||
	    strchr("\"\\/bfnrtu", *S->p) == NULL)
		return (refuse(S, "an invalid escape"));
	if (*S->p++ != 'u')
		return (true);
	if (!scan_unit(S, &unit))
		return (false);
	if (unit == 0)
		return (refuse(S, "a NUL character"));
	if (unit >= 0xdc00 && unit <= 0xdfff)
		return (refuse(S, "a lone surrogate"));
	if (unit < 0xd800 || unit > 0xdbff)
		return (true);
	if (!take_char(S, '\\') || !take_char(S, 'u'))
		return (refuse(S, "a lone surrogate"));
	if (!scan_unit(S, &unit))
		return (false);
	if (unit < 0xdc00 || unit > 0xdfff)
		return (refuse(S, "a lone surrogate"));
	return (true);
}

static bool
scan_string(struct scan *S)
{
	size_t len;

	if (!take_char(S, '"'))
		return (refuse(S, "no string where one belongs"));
	while (S->p < S->end) {
		if (take_char(S, '"'))
			return (true);
		if (take_char(S, '\\')) {
			if (!scan_escape(S))
				return (false);
			continue;
		}
		if ((unsigned char)*S->p < 0x20)
			return (refuse(S, "a raw control character"));
		if ((len = json_sequence(S->p, (size_t)(S->end - S->p))) == 0)
			return (refuse(S, "invalid UTF-8"));
		S->p += len;
	}
	return (refuse(S, "a string without an end"));
}

static bool
scan_digits(struct scan *S)
{
	const char *first = S->p;

	while (S->p < S->end && *S->p >= '0' && *S->p <= '9')
		S->p++;
	if (S->p == first)
		return (refuse(S, "an invalid number"));
	return (true);
}

static bool
scan_number(struct scan *S)
{

	(void)take_char(S, '-');
	if (!take_char(S, '0') && !scan_digits(S))
		return (false);
	if (take_char(S, '.') && !scan_digits(S))
		return (false);
	if (take_char(S, 'e') || take_char(S, 'E')) {
		if (!take_char(S, '+'))
			(void)take_char(S, '-');
		if (!scan_digits(S))
			return (false);
	}
	return (true);
}

static bool
scan_word(struct scan *S, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(S->end - S->p) < len || memcmp(S->p, word, len) != 0)
		return (refuse(S, "an unknown word"));
	S->p += len;
	return (true);
}

static bool
scan_member(struct scan *S)
{

	skip_space(S);
	if (!scan_string(S))
		return (false);
	skip_space(S);
	if (!take_char(S, ':'))
		return (refuse(S, "no colon where one belongs"));
	return (scan_value(S));
}

/* The members or elements up to ${close}; the opening one is taken. */
static bool
scan_list(struct scan *S, char close, bool (*element)(struct scan *))
{

	if (++S->depth > JSON_DEPTH_MAX)
		return (refuse(S, "too deep nesting"));
	skip_space(S);
	if (!take_char(S, close)) {
		do {
			if (!element(S))
				return (false);
			skip_space(S);
		} while (take_char(S, ','));
		if (!take_char(S, close))
			return (refuse(S, "no comma where one belongs"));
	}
	S->depth--;
	return (true);
}

static bool
scan_value(struct scan *S)
{

	skip_space(S);
	switch (S->p < S->end ? *S->p : '\0') {
	case '{':
		S->p++;
		return (scan_list(S, '}', scan_member));
	case '[':
		S->p++;
		return (scan_list(S, ']', scan_value));
	case '"':
		return (scan_string(S));
	case 't':
		return (scan_word(S, "true"));
	case 'f':
		return (scan_word(S, "false"));
	case 'n':
		return (scan_word(S, "null"));
	case '-':
	case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		return (scan_number(S));
	default:
		return (refuse(S, "no value where one belongs"));
	}
}

enum err
json_scan(const char *text, size_t len)
{
	struct scan S = { .start = text, .p = text, .end = text + len };

	if (scan_value(&S)) {
		skip_space(&S);
		if (S.p != S.end)
			(void)refuse(&S, "something after the value");
	}
	if (S.fault != NULL)
		return (err_set(ERR_MALFORMED_JSON, "%s, at byte %zu",
		    S.fault, (size_t)(S.p - S.start)));
	return (ERR_OK);
}
