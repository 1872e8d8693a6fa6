/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes that we print: always JSON and always a URI, whatever they are. */
#include <assert.h>
#include <string.h>

#include "../shared/arena.h"
#include "../shared/buf.h"
#include "../shared/json.h"
#include "../shared/request.h"
#include "fuzz.h"

#define OUT_MAX		((size_t)8 * 1024 * 1024)

/* A string that is UTF-8 without a NUL is the same when it is read again. */
static void
as_json(const struct fuzz_input *in)
{
	struct buf b;
	cJSON *value;

	buf_init(&b, in->arena, OUT_MAX);
	json_put_string(&b, in->text, in->len);
	if (b.full || memchr(in->text, '\0', in->len) != NULL)
		return;
	assert(strpbrk(b.data, "\r\n\033") == NULL);
	assert(json_parse(in->arena, b.data, b.len, &value) == ERR_OK);
	if (json_utf8(in->text, in->len))
		assert(strcmp(value->valuestring, in->text) == 0);
}

static void
as_uri(const struct fuzz_input *in)
{
	char *env[] = { NULL, NULL };
	struct request req;
	struct buf b;

	buf_init(&b, in->arena, OUT_MAX);
	buf_puts(&b, "REQUEST_URI=/a?b=");
	buf_put_uri(&b, in->text);
	env[0] = b.data;
	fuzz_request(in, &req, env);
	assert(request_parse(&req) == ERR_OK);
	if (json_utf8(in->text, strlen(in->text)))
		assert(strcmp(request_query(&req, "b"), in->text) == 0);
}

static void
one(struct fuzz_input *in)
{

	as_json(in);
	as_uri(in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
