/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link: the client side of FastCGI over a connection that is kept open
 * [FastCGI Specification 1.0, https://fastcgi-archives.github.io/].
 *
 * Always true: at most one call is under way on a link; the request id
 * changes on each call, so that an answer that comes late is told from the
 * one that is waited for; a connection on which anything went wrong is closed
 * and never used again.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fastcgi.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "link.h"
#include "log.h"
#include "num.h"

#define IDLE_MS		1000
#define CALLS_MAX	1000
#define RECORD_MAX	65535	/* bytes of one record's content */
#define FRESH_MS	50	/* no worker closes a link this soon */
#define RETRY_MS	2	/* a full unix backlog can't be polled */
#define ANSWER_MAX	((size_t)8 * 1024 * 1024)
#define CALL_MAX	((size_t)2 * 1024 * 1024)
#define INPUT_SIZE	((size_t)72 * 1024)	/* holds a whole record */

struct link {
	char		*address;
	int		 fd;		/* -1: not connected */
	unsigned	 id;		/* of the call under way */
	int		 calls;		/* on this connection */
	int64_t		 used;		/* clock_mono() of the last call */
	size_t		 have;		/* bytes in ${input} */
	unsigned char	 input[INPUT_SIZE];
};

/* What became of one try. */
enum outcome {
	ANSWERED,
	LOST,		/* sent, the connection ended without an answer */
	FAILED		/* no connection, or no time left */
};

struct link *
link_new(const char *address)
{
	struct link *K;

	if ((K = calloc(1, sizeof(*K))) == NULL)
		return (NULL);
	if ((K->address = strdup(address)) == NULL) {
		free(K);
		return (NULL);
	}
	K->fd = -1;
	return (K);
}

static void
hang_up(struct link *K)
{

	if (K->fd >= 0)
		(void)close(K->fd);
	K->fd = -1;
	K->have = 0;
	K->calls = 0;
}

void
link_free(struct link *K)
{

	if (K == NULL)
		return;
	hang_up(K);
	free(K->address);
	free(K);
}

void
link_idle(struct link *K)
{

	if (K->fd >= 0 && clock_mono() - K->used >= IDLE_MS)
		hang_up(K);
}

void
link_call_init(struct link_call *call, struct arena *A, int64_t deadline)
{

	buf_init(&call->params, A, CALL_MAX);
	call->body = "";
	call->body_len = 0;
	call->deadline = deadline;
}

static void
put_length(struct buf *b, size_t len)
{
	const char bytes[4] = {
		(char)(len >> 24 | 0x80), (char)(len >> 16), (char)(len >> 8),
		(char)len
	};

	if (len < 128)
		buf_putc(b, (char)len);
	else
		buf_put(b, bytes, sizeof(bytes));
}

void
link_param(struct link_call *call, const char *name, const char *value)
{
	size_t name_len = strlen(name), value_len = strlen(value);

	put_length(&call->params, name_len);
	put_length(&call->params, value_len);
	buf_put(&call->params, name, name_len);
	buf_put(&call->params, value, value_len);
}

/* Wait until ${fd} is ready; false when the deadline is over. */
static bool
wait_ready(int fd, short events, int64_t deadline)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int64_t left;
	int rc;

	do {
		/* Past it, what is there already still counts. */
		if ((left = deadline - clock_mono()) < 0)
			left = 0;
		rc = poll(&pfd, 1, (int)left);
	} while ((rc == 0 && left > 0) || (rc == -1 && errno == EINTR));
	return (rc > 0);
}

/* connect(2) without blocking; 0 or an errno. */
static int
connect_to(int fd, const struct sockaddr *sa, socklen_t len, int64_t deadline)
{
	const struct timespec pause = { 0, RETRY_MS * 1000000L };
	socklen_t size = sizeof(int);
	int error;

	for (;;) {
		if (connect(fd, sa, len) == 0)
			return (0);
		if (errno == EINPROGRESS)
			break;
		if (errno != EAGAIN && errno != EINTR)
			return (errno);
		if (clock_mono() >= deadline)
			return (ETIMEDOUT);
		(void)nanosleep(&pause, NULL);
	}
	if (!wait_ready(fd, POLLOUT, deadline))
		return (ETIMEDOUT);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
		return (errno);
	return (error);
}

static int
dial_unix(const char *path, int64_t deadline, int *error)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		*error = ENAMETOOLONG;
		return (-1);
	}
	memcpy(sun.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1) {
		*error = errno;
		return (-1);
	}
	*error = connect_to(fd, (struct sockaddr *)&sun, sizeof(sun),
	    deadline);
	return (fd);
}

static int
dial_tcp(const char *address, int64_t deadline, int *error)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(address, ':');
	struct addrinfo *found = NULL;
	char host[256];
	int fd, on = 1;

	(void)snprintf(host, sizeof(host), "%.*s", (int)(colon - address),
	    address);
	*error = EHOSTUNREACH;
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return (-1);
	fd = socket(found->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		*error = errno;
	else {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
		    sizeof(on));
		*error = connect_to(fd, found->ai_addr, found->ai_addrlen,
		    deadline);
	}
	freeaddrinfo(found);
	return (fd);
}

/*
 * Is the kept connection still of use?  Readable now means closed or odd.  A
 * worker that ends in good order waits for us, so one that was used just now
 * is there, or was killed; then the call is repeated anyway.
 */
static bool
alive(const struct link *K)
{
	int64_t idle = clock_mono() - K->used;
	char byte;

	if (K->fd < 0 || K->calls >= CALLS_MAX || idle >= IDLE_MS)
		return (false);
	if (idle < FRESH_MS)
		return (true);
	return (recv(K->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == -1 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK));
}

bool
link_is_tcp(const char *address)
{

	return (address[0] != '/' && strchr(address, ':') != NULL);
}

static bool
dial(struct link *K, int64_t deadline)
{
	int error;

	if (alive(K))
		return (true);
	hang_up(K);
	if (link_is_tcp(K->address))
		K->fd = dial_tcp(K->address, deadline, &error);
	else
		K->fd = dial_unix(K->address, deadline, &error);
	if (error == 0)
		return (true);
	log_write(LOG_WARN, "link can't be opened",
	    LOG_STR("address", K->address),
	    LOG_STR("reason", strerror(error)), LOG_END);
	hang_up(K);
	return (false);
}

static void
put_header(struct buf *b, int type, unsigned id, size_t len)
{
	const char header[FCGI_HEADER_LEN] = {
		FCGI_VERSION_1, (char)type, (char)(id >> 8), (char)id,
		(char)(len >> 8), (char)len, 0, 0
	};

	buf_put(b, header, sizeof(header));
}

/* A stream: records of at most 65,535 bytes, then an empty one. */
static void
put_stream(struct buf *b, int type, unsigned id, const char *data, size_t len)
{
	size_t part;

	for (; len > 0; data += part, len -= part) {
		part = (len > RECORD_MAX) ? RECORD_MAX : len;
		put_header(b, type, id, part);
		buf_put(b, data, part);
	}
	put_header(b, type, id, 0);
}

static void
put_call(struct buf *b, unsigned id, const struct link_call *call)
{
	const char begin[8] = { 0, FCGI_RESPONDER, FCGI_KEEP_CONN };

	put_header(b, FCGI_BEGIN_REQUEST, id, sizeof(begin));
	buf_put(b, begin, sizeof(begin));
	put_stream(b, FCGI_PARAMS, id, call->params.data, call->params.len);
	put_stream(b, FCGI_STDIN, id, call->body, call->body_len);
}

static enum outcome
send_all(struct link *K, const struct buf *b, int64_t deadline)
{
	size_t done = 0;
	ssize_t n;

	while (done < b->len) {
		n = send(K->fd, b->data + done, b->len - done, MSG_NOSIGNAL);
		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (!wait_ready(K->fd, POLLOUT, deadline))
				return (FAILED);
		} else if (errno != EINTR)
			return (LOST);
	}
	return (ANSWERED);
}

/*
 * Take more bytes into the input; there is always room for a record.  An
 * answer takes its time, so to wait first saves a recv() that finds nothing.
 */
static enum outcome
fill(struct link *K, int64_t deadline)
{
	ssize_t n;

	for (;;) {
		if (!wait_ready(K->fd, POLLIN, deadline))
			return (FAILED);
		n = recv(K->fd, K->input + K->have, INPUT_SIZE - K->have, 0);
		if (n > 0) {
			K->have += (size_t)n;
			return (ANSWERED);
		}
		if (n == 0)
			return (LOST);
		if (errno != EINTR && errno != EAGAIN &&
		    errno != EWOULDBLOCK)
			return (LOST);
	}
}

/*
 * Handle one whole record at ${p}.  *${end} is set at END_REQUEST.  False if
 * the peer doesn't speak FastCGI as it should.
 */
static bool
take_record(struct link *K, const unsigned char *p, struct buf *out,
    bool *end)
{
	const char *data = (const char *)p + FCGI_HEADER_LEN;
	size_t len = (size_t)p[4] << 8 | p[5];

	if (p[0] != FCGI_VERSION_1 ||
	    ((unsigned)p[2] << 8 | p[3]) != K->id)
		return (false);
	switch (p[1]) {
	case FCGI_STDOUT:
		buf_put(out, data, len);
		return (!out->full);
	case FCGI_STDERR:
		return (true);
	case FCGI_END_REQUEST:
		*end = true;
		return (len == 8 && data[0] == 0 && data[1] == 0 &&
		    data[2] == 0 && data[3] == 0 &&
		    data[4] == FCGI_REQUEST_COMPLETE);
	default:
		return (false);
	}
}

static enum outcome
receive(struct link *K, struct buf *out, int64_t deadline)
{
	enum outcome outcome;
	size_t at, size;
	bool end = false;

	while (!end) {
		if ((outcome = fill(K, deadline)) != ANSWERED)
			return (outcome);
		for (at = 0; !end && K->have - at >= FCGI_HEADER_LEN;
		    at += size) {
			size = FCGI_HEADER_LEN + K->input[at + 6] +
			    ((size_t)K->input[at + 4] << 8 | K->input[at + 5]);
			if (size > K->have - at)
				break;
			if (!take_record(K, K->input + at, out, &end))
				return (LOST);
		}
		memmove(K->input, K->input + at, K->have - at);
		K->have -= at;
	}
	return (K->have == 0 ? ANSWERED : LOST);
}

/* Connect and send. */
static enum outcome
try_send(struct link *K, struct arena *A, const struct link_call *call)
{
	enum outcome outcome;
	struct buf bytes;

	if (!dial(K, call->deadline))
		return (FAILED);
	K->id = K->id % 65535 + 1;
	K->calls++;
	buf_init(&bytes, A, 2 * CALL_MAX);
	put_call(&bytes, K->id, call);
	outcome = bytes.full ? FAILED : send_all(K, &bytes, call->deadline);
	if (outcome != ANSWERED)
		hang_up(K);
	return (outcome);
}

static enum outcome
try_receive(struct link *K, struct arena *A, const struct link_call *call,
    struct buf *out)
{
	enum outcome outcome;

	buf_init(out, A, ANSWER_MAX);
	outcome = receive(K, out, call->deadline);
	if (outcome != ANSWERED)
		hang_up(K);
	K->used = clock_mono();
	return (outcome);
}

/* One try on one connection. */
static enum outcome
try_call(struct link *K, struct arena *A, const struct link_call *call,
    struct buf *out)
{
	enum outcome outcome = try_send(K, A, call);

	return (outcome == ANSWERED ? try_receive(K, A, call, out) : outcome);
}

/* One header line of the answer; what is the link's own is not passed on. */
static void
take_header(struct link *K, char *line, struct link_answer *answer,
    struct buf *headers)
{
	char *value = strchr(line, ':');
	int64_t status;

	if (value == NULL)
		return;
	*value++ = '\0';
	value += strspn(value, " \t");
	if (strcasecmp(line, "Status") == 0) {
		value[strcspn(value, " ")] = '\0';
		if (num_parse(value, 100, 999, &status))
			answer->status = (int)status;
	} else if (strcasecmp(line, "Guerdon-Link") == 0)
		hang_up(K);
	else {
		if (strcasecmp(line, "Content-Type") == 0)
			answer->content_type = value;
		buf_printf(headers, "%s: %s\r\n", line, value);
	}
}

/* Split the CGI answer [RFC 3875, section 6] into status, headers, body. */
static enum err
parse_answer(struct link *K, struct arena *A, struct buf *out,
    struct link_answer *answer)
{
	struct buf headers;
	char *line = out->data, *end, *blank;

	memset(answer, 0, sizeof(*answer));
	blank = memmem(out->data, out->len, "\r\n\r\n", 4);
	if (blank == NULL)
		return (err_set(ERR_AWAY, NULL));
	*blank = '\0';
	answer->body = blank + 4;
	answer->body_len = out->len - (size_t)(answer->body - out->data);
	buf_init(&headers, A, out->len + 64);
	while (line != NULL && line[0] != '\0') {
		if ((end = strstr(line, "\r\n")) != NULL) {
			*end = '\0';
			end += 2;
		}
		take_header(K, line, answer, &headers);
		line = end;
	}
	answer->headers = headers.data;
	return (answer->status != 0 ? ERR_OK : err_set(ERR_AWAY, NULL));
}

enum err
link_begin(struct link *K, struct arena *A, struct link_call *call)
{

	return (try_send(K, A, call) == ANSWERED ? ERR_OK :
	    err_set(ERR_AWAY, NULL));
}

enum err
link_finish(struct link *K, struct arena *A, struct link_call *call,
    struct link_answer *answer)
{
	struct buf out;

	if (try_receive(K, A, call, &out) != ANSWERED)
		return (err_set(ERR_AWAY, NULL));
	return (parse_answer(K, A, &out, answer));
}

enum err
link_call(struct link *K, struct arena *A, struct link_call *call,
    struct link_answer *answer)
{
	enum outcome outcome;
	struct buf out;

	if (call->params.full)
		return (err_set(ERR_HEADER_SIZE, NULL));
	outcome = try_call(K, A, call, &out);
	if (outcome == LOST)
		outcome = try_call(K, A, call, &out);
	if (outcome == ANSWERED)
		return (parse_answer(K, A, &out, answer));
	log_write(LOG_WARN, "inner call failed",
	    LOG_STR("address", K->address),
	    LOG_STR("reason", outcome == LOST ? "lost twice" :
	    "no connection or no time"), LOG_END);
	return (err_set(ERR_AWAY, NULL));
}
