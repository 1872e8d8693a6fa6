/* SPDX-License-Identifier: BSD-2-Clause */
/* log: one JSON line a fact, on standard error; see log.h. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "json_scan.h"
#include "log.h"
#include "redact.h"

#define LINE_SIZE	8192
#define VALUE_MAX	2048	/* bytes of one value, before escapes */
#define REDACTED	"[redacted]"

/* Characters that are escaped, beside the quote and the backslash. */
static const struct {
	unsigned	first, last;
} harmful[] = {
	{ 0x0000, 0x001f },	/* C0 */
	{ 0x007f, 0x009f },	/* DEL, C1 */
	{ 0x061c, 0x061c },	/* Arabic letter mark */
	{ 0x200e, 0x200f },	/* marks of direction */
	{ 0x2028, 0x202e },	/* separators, embeddings */
	{ 0x2066, 0x2069 },	/* isolates */
	{ 0xfeff, 0xfeff },	/* byte order mark */
};

static const char	*worker = "guerdon";
static enum log_level	 least = LOG_INFO;
static pid_t		 pid;	/* a worker never forks */

static const char *const level_names[] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARN] = "warning",
	[LOG_ERROR] = "error",
};

struct line {
	char	data[LINE_SIZE];
	size_t	len;
};

void
log_open(const char *name, enum log_level level)
{

	worker = name;
	pid = getpid();
	least = level;
}

int
log_level_parse(const char *text)
{
	int i;

	for (i = LOG_DEBUG; i <= LOG_ERROR; i++)
		if (strcmp(text, level_names[i]) == 0)
			return (i);
	return (-1);
}

/* Room is kept for the closing quote, brace and newline. */
static bool
put(struct line *line, const char *s, size_t len)
{

	if (len > sizeof(line->data) - 4 - line->len)
		return (false);
	memcpy(line->data + line->len, s, len);
	line->len += len;
	return (true);
}

/* The character of a valid sequence, if it has at most three bytes. */
static unsigned
decode(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;

	if (n == 1)
		return (p[0]);
	if (n == 2)
		return ((p[0] & 0x1fU) << 6 | (p[1] & 0x3fU));
	return (n != 3 ? 0 : (p[0] & 0x0fU) << 12 | (p[1] & 0x3fU) << 6 |
	    (p[2] & 0x3fU));
}

/* Would it upset a terminal, or a reader of lines? */
static bool
is_harmful(const char *s, size_t n)
{
	unsigned c = decode(s, n);
	size_t i;

	for (i = 0; n <= 3 && i < sizeof(harmful) / sizeof(harmful[0]); i++)
		if (c >= harmful[i].first && c <= harmful[i].last)
			return (true);
	return (false);
}

/* Most are. */
static bool
is_plain(char c)
{

	return (c >= ' ' && c < 0x7f && c != '"' && c != '\\');
}

/* One character of ${n} bytes; 0: one byte that is no part of any. */
static bool
put_char(struct line *line, const char *s, size_t n)
{
	char escape[8];

	if (n == 0)
		return (put(line, "?", 1));
	if (is_harmful(s, n)) {
		(void)snprintf(escape, sizeof(escape), "\\u%04x",
		    decode(s, n) & 0xffffU);
		return (put(line, escape, 6));
	}
	if (s[0] == '"' || s[0] == '\\') {
		escape[0] = '\\';
		escape[1] = s[0];
		return (put(line, escape, 2));
	}
	return (put(line, s, n));
}

/* A JSON string.  Of what is cut off, a secret is seen nevertheless. */
static void
put_text(struct line *line, const char *s)
{
	size_t i, n, len = strnlen(s, VALUE_MAX);
	bool fits = true;

	(void)put(line, "\"", 1);
	for (i = 0; fits && i < len; i += n) {
		if ((n = redact_length(s, s + i)) > 0)
			fits = put(line, REDACTED, strlen(REDACTED));
		else if (is_plain(s[i]))
			fits = put(line, s + i, n = 1);
		else {
			n = json_sequence(s + i, len - i);
			fits = put_char(line, s + i, n);
			n += (n == 0);
		}
	}
	line->data[line->len++] = '"';
}

static void
put_field(struct line *line, const struct log_field *field)
{
	char number[24];
	int len;

	/* A field that can't fit even its key is left out whole. */
	if (line->len + strlen(field->key) + 32 > sizeof(line->data) - 4)
		return;
	(void)put(line, ",", line->len > 1);
	put_text(line, field->key);
	(void)put(line, ":", 1);
	if (field->flag) {
		(void)put(line, "true", 4);
		return;
	}
	if (redact_name(field->key)) {
		put_text(line, REDACTED);
		return;
	}
	if (field->text != NULL) {
		put_text(line, field->text);
		return;
	}
	len = snprintf(number, sizeof(number), "%lld",
	    (long long)field->number);
	(void)put(line, number, (size_t)len);
}

void
log_write_all(enum log_level level, const char *message,
    const struct log_field *fields, va_list more)
{
	struct line line;
	struct log_field field;
	char at[CLOCK_TEXT_SIZE];

	line.len = 0;
	clock_format(clock_now(), at);
	(void)put(&line, "{", 1);
	put_field(&line, &LOG_STR("at", at));
	put_field(&line, &LOG_STR("level", level_names[level]));
	put_field(&line, &LOG_STR("worker", worker));
	put_field(&line, &LOG_INT("pid", pid));
	put_field(&line, &LOG_STR("message", message));
	for (; fields->key != NULL; fields++)
		put_field(&line, fields);
	while ((field = va_arg(more, struct log_field)).key != NULL)
		put_field(&line, &field);
	memcpy(line.data + line.len, "}\n", 2);
	line.len += 2;
	/* A log that can't be written has nobody left to tell. */
	if (write(STDERR_FILENO, line.data, line.len) < 0)
		return;
}

void
log_write(enum log_level level, const char *message, ...)
{
	static const struct log_field none[] = { { NULL, NULL, 0, false } };
	va_list ap;

	if (level < least)
		return;
	va_start(ap, message);
	log_write_all(level, message, none, ap);
	va_end(ap);
}
