/* SPDX-License-Identifier: BSD-2-Clause */
/* What a worker answers on a link: FastCGI records, and a CGI answer. */
#include <sys/socket.h>

#include <assert.h>

#include "../shared/link.c"
#include "fuzz.h"

#define INPUT_MAX	((size_t)64 * 1024)

/* A link that is connected already; returns the worker's end. */
static int
connect_pair(struct link *K)
{
	int pair[2], rc;

	rc = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
	assert(rc == 0);
	K->fd = pair[0];
	K->used = clock_mono();
	K->calls = 0;
	K->id = 0;
	return (pair[1]);
}

static void
check_answer(const struct link_answer *answer)
{

	assert(answer->status >= 100 && answer->status <= 999);
	assert(answer->body[answer->body_len] == '\0');
	assert(strlen(answer->headers) < ANSWER_MAX);
	assert(answer->content_type == NULL ||
	    strpbrk(answer->content_type, "\r\n") == NULL ||
	    strstr(answer->content_type, "\r\n") == NULL);
}

static void
one(struct fuzz_input *in)
{
	static struct link *K;
	struct link_answer answer;
	struct link_call call;
	ssize_t n;
	int fd;

	if (in->len > INPUT_MAX)
		return;
	if (K == NULL)
		K = link_new("/nowhere");
	assert(K != NULL);
	fd = connect_pair(K);
	n = write(fd, in->text, in->len);
	assert(n == (ssize_t)in->len);
	(void)shutdown(fd, SHUT_WR);
	link_call_init(&call, in->arena, clock_mono() + 1000);
	link_param(&call, "REQUEST_METHOD", "GET");
	if (link_begin(K, in->arena, &call) == ERR_OK &&
	    link_finish(K, in->arena, &call, &answer) == ERR_OK)
		check_answer(&answer);
	assert(K->fd == -1 || K->have == 0);
	hang_up(K);
	(void)close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
