/* SPDX-License-Identifier: BSD-2-Clause */
/* A log line: one line of JSON without control characters, whatever it says;
 * and nothing in it that looks like a secret. */
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "../shared/arena.h"
#include "../shared/json.h"
#include "fuzz.h"

static char	written[16384];
static size_t	written_len;

static ssize_t
keep(int fd, const void *data, size_t len)
{

	(void)fd;
	assert(len < sizeof(written));
	memcpy(written, data, len);
	written_len = len;
	return ((ssize_t)len);
}

#define write	keep
#include "../shared/log.c"
#undef write

/* Nothing that a terminal or a reader of lines goes by. */
static void
check_bytes(void)
{
	const char *p;

	for (p = written; p < written + written_len - 1; p++) {
		assert((unsigned char)*p >= 0x20 && *p != 0x7f);
		assert(p[0] != '\302' || (unsigned char)p[1] >= 0xa0);
		assert(strncmp(p, "\342\200\250", 3) != 0 &&
		    strncmp(p, "\342\200\251", 3) != 0);
	}
}

/* What was read back holds no secret, before and after each "[redacted]". */
static void
check_value(struct arena *A, const cJSON *line, const char *name)
{
	const char *text = json_get_string(line, name);
	char *piece, *next, *p;

	piece = (text != NULL) ? arena_strdup(A, text) : NULL;
	for (; piece != NULL; piece = next) {
		if ((next = strstr(piece, REDACTED)) != NULL) {
			*next = '\0';
			next += strlen(REDACTED);
		}
		for (p = piece; *p != '\0'; p++)
			assert(redact_length(piece, p) == 0);
	}
}

static void
one(struct fuzz_input *in)
{
	const char *first = fuzz_line(in), *second = fuzz_line(in);
	const char *p;
	enum err err;
	cJSON *line;

	log_open("fuzz", LOG_INFO);
	written_len = 0;
	log_write(LOG_INFO, "request", LOG_STR("path", first),
	    LOG_INT("status", 200), LOG_STR("detail", second),
	    LOG_STR("someToken", second), LOG_END);
	assert(written_len > 1 && written[written_len - 1] == '\n');
	written[written_len] = '\0';
	check_bytes();
	err = json_parse(in->arena, written, written_len - 1, &line);
	assert(err == ERR_OK && cJSON_IsObject(line));
	check_value(in->arena, line, "path");
	check_value(in->arena, line, "detail");
	p = json_get_string(line, "someToken");
	assert(p == NULL || strcmp(p, "[redacted]") == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
