/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What comes in at a worker's socket: FastCGI records, read by libfcgi under
 * our accept loop, then parameters and body as every worker takes them.
 */
#include <assert.h>
#include <setjmp.h>
#include <stdio.h>

#include "../shared/worker.c"
#include "fuzz.h"

#define INPUT_MAX	((size_t)64 * 1024)
#define REQUESTS_MAX	20	/* in one input: nobody reads the answers */

/*
 * libfcgi takes the length of a parameter as it comes, and asserts that there
 * is memory.  A worker ends there by design, see limit_memory(); here the next
 * one begins.
 */
const char	*__asan_default_options(void);

const char *
__asan_default_options(void)
{

	return ("allocator_may_return_null=1:max_allocation_size_mb=64");
}

static jmp_buf	next_worker;

void
__assert_fail(const char *what, const char *file, unsigned int line,
    const char *function)
{

	if (strcmp(file, "fcgiapp.c") == 0 && strcmp(function, "Malloc") == 0)
		longjmp(next_worker, 1);
	(void)fprintf(stderr, "%s:%u: %s: %s\n", file, line, function, what);
	abort();
}

/*
 * libfcgi 2.4.2 loses 48 bytes for each management record that it doesn't
 * know.  Only a web server or gateway that may open the socket can send one,
 * and a worker's memory is bounded.
 */
const char	*__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{

	return ("leak:libfcgi.so");
}

static void
serve(void *app, struct request *req, struct reply *reply)
{

	(void)app;
	assert(req->body[req->body_len] == '\0');
	if (request_parse(req) == ERR_OK)
		assert(req->path[0] == '/');
	reply_ok(reply);
}

static const struct worker worker = {
	.name = "fuzz", .body_max = 4096, .serve = serve
};

static void
start(struct loop *L)
{
	int rc = FCGX_Init();

	if (rc == 0)
		rc = FCGX_InitRequest(&L->fcgi, -1, 0);
	L->arena = arena_new(ARENA_MAX);
	L->worker = &worker;
	assert(rc == 0 && L->arena != NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static bool
readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return (fd >= 0 && poll(&pfd, 1, 0) > 0);
}

static void
one(struct fuzz_input *in)
{
	static struct loop L;
	int pair[2], rc, i;
	ssize_t n;

	if (in->len > INPUT_MAX)
		return;
	if (L.arena == NULL)
		start(&L);
	rc = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
	assert(rc == 0);
	n = write(pair[1], in->text, in->len);
	assert(n == (ssize_t)in->len);
	(void)shutdown(pair[1], SHUT_WR);
	L.fcgi.ipcFd = pair[0];
	if (setjmp(next_worker) != 0) {
		(void)close(pair[0]);
		(void)close(pair[1]);
		arena_reset(L.arena);
		rc = FCGX_InitRequest(&L.fcgi, -1, 0);
		assert(rc == 0);
		return;
	}
	for (i = 0; i < REQUESTS_MAX && readable(L.fcgi.ipcFd); i++)
		serve_connection(&L);
	drop_connection(&L);
	(void)close(pair[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
