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

#define LINE_SIZE	8192
#define VALUE_MAX	2048	/* bytes of one value, before escapes */

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

/* A JSON string.  What isn't printable ASCII and may upset a terminal or a
 * reader of lines is escaped; other characters of UTF-8 stay, whole, and a
 * byte that is no part of one becomes "?". */
static void
put_text(struct line *line, const char *s)
{
	size_t i, n, len = strnlen(s, VALUE_MAX);
	char escape[8];
	bool fits = true;

	(void)put(line, "\"", 1);
	for (i = 0; fits && i < len; i += n) {
		n = 1;
		if (s[i] == '"' || s[i] == '\\') {
			(void)snprintf(escape, sizeof(escape), "\\%c", s[i]);
			fits = put(line, escape, 2);
		} else if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f) {
			(void)snprintf(escape, sizeof(escape), "\\u%04x",
			    (unsigned)s[i]);
			fits = put(line, escape, 6);
		} else if ((n = json_sequence(s + i, len - i)) > 0)
			fits = put(line, s + i, n);
		else
			fits = put(line, "?", n = 1);
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
	if (field->text != NULL) {
		put_text(line, field->text);
		return;
	}
	len = snprintf(number, sizeof(number), "%lld",
	    (long long)field->number);
	(void)put(line, number, (size_t)len);
}

void
log_write(enum log_level level, const char *message, ...)
{
	struct line line;
	struct log_field field;
	char at[CLOCK_TEXT_SIZE];
	va_list ap;

	if (level < least)
		return;
	line.len = 0;
	clock_format(clock_now(), at);
	(void)put(&line, "{", 1);
	put_field(&line, &LOG_STR("at", at));
	put_field(&line, &LOG_STR("level", level_names[level]));
	put_field(&line, &LOG_STR("worker", worker));
	put_field(&line, &LOG_INT("pid", pid));
	put_field(&line, &LOG_STR("message", message));
	va_start(ap, message);
	while ((field = va_arg(ap, struct log_field)).key != NULL)
		put_field(&line, &field);
	va_end(ap);
	memcpy(line.data + line.len, "}\n", 2);
	line.len += 2;
	/* A log that can't be written has nobody left to tell. */
	if (write(STDERR_FILENO, line.data, line.len) < 0)
		return;
}
