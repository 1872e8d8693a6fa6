/* SPDX-License-Identifier: BSD-2-Clause */
/* A log line: one line of JSON without control characters, whatever it says. */
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "../shared/json.h"
#include "fuzz.h"

static char	written[16384];
static size_t	written_len;

static ssize_t
keep(int fd, const void *data, size_t len)
{

	(void)fd;
	assert(len <= sizeof(written));
	memcpy(written, data, len);
	written_len = len;
	return ((ssize_t)len);
}

#define write	keep
#include "../shared/log.c"
#undef write

static void
one(struct fuzz_input *in)
{
	const char *first = fuzz_line(in), *second = fuzz_line(in);
	enum err err;
	cJSON *line;
	size_t i;

	log_open("fuzz", LOG_INFO);
	written_len = 0;
	log_write(LOG_INFO, "request", LOG_STR("path", first),
	    LOG_INT("status", 200), LOG_STR("detail", second), LOG_END);
	assert(written_len > 1 && written[written_len - 1] == '\n');
	for (i = 0; i < written_len - 1; i++)
		assert((unsigned char)written[i] >= 0x20);
	err = json_parse(in->arena, written, written_len - 1, &line);
	assert(err == ERR_OK && cJSON_IsObject(line));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
