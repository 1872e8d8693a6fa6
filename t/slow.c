/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slow: many clients that take their time, for 87_slow_clients.t.
 *
 * usage: slow PORT HEADERS BODIES READS IDLE
 *
 * It keeps so many connections of each kind open: some send the head of a
 * request, a byte every few seconds; some a body, likewise; some read a long
 * answer so; the last ones send nothing at all.  A connection that the server
 * ends is opened anew.  Each second a line is printed: the seconds since the
 * start, how many of each kind are open, and how many were opened anew so far.
 * It ends at the end of its standard input.
 */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../bench/die.h"

#define STEP		3.0	/* seconds between two bytes */
#define FIRST_RATE	1000	/* connections a second, at first */
#define OPEN_RATE	2500	/* connections a second, later */
#define BURST		500	/* of these, at once */
#define READ_ROOM	2048	/* receive buffer of those that read slowly */
#define READ_STEP	400	/* bytes that they take at once */
#define PIPELINE	32	/* answers that every other one asks for */
#define SOURCES		16	/* addresses that they come from, 127.0.1.n */
#define EVENTS		512

enum kind { HEADERS, BODIES, READS, IDLE, KINDS };

/*
 * What is sent at once, when a connection is open.  The kernel takes 1.5 MiB
 * of an answer that nobody reads: this file is longer, and so are many answers
 * of a worker, one after the other.
 */
#define DOCUMENT	"GET /v1/openapi.json HTTP/1.1\r\nHost: slow\r\n\r\n"
static char		 documents[PIPELINE * sizeof(DOCUMENT) + 1];
static const char *const begin[KINDS] = {
	[HEADERS] = "GET /v1/events HTTP/1.1\r\nHost: slow\r\nX-Slow: ",
	[BODIES] = "POST /v1/auth/login HTTP/1.1\r\nHost: slow\r\n"
	    "Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n{",
	[READS] = "GET /swagger/swagger-ui-bundle.js HTTP/1.1\r\nHost: slow\r\n\r\n",
	[IDLE] = "",
};

struct conn {
	int		 fd;		/* -1: not open */
	enum kind	 kind;
	bool		 up;		/* connected */
	double		 due;		/* when it sends or reads again */
};

static struct sockaddr_in	 server;
static struct conn		*conns;
static size_t			 nconns, turn;
static int			 epoll;
static long			 open_now[KINDS], opened;

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

static void
end(struct conn *c)
{

	if (c->up)
		open_now[c->kind]--;
	(void)close(c->fd);
	c->fd = -1;
	c->up = false;
}

/* Begin to connect; the ports of one address would not be enough. */
static void
start(struct conn *c)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct epoll_event event = { .data.ptr = c };
	int room = READ_ROOM, one = 1;

	from.sin_addr.s_addr = htonl(0x7f000101 + (uint32_t)(opened % SOURCES));
	opened++;
	if ((c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) == -1)
		die("socket: %s", strerror(errno));
	if (c->kind == READS)
		(void)setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &room,
		    sizeof(room));
	/* The port is chosen at connect(), when the peer is known. */
	(void)setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one,
	    sizeof(one));
	if (bind(c->fd, (struct sockaddr *)&from, sizeof(from)) == -1)
		die("bind: %s", strerror(errno));
	if (connect(c->fd, (struct sockaddr *)&server, sizeof(server)) == -1 &&
	    errno != EINPROGRESS) {
		end(c);
		return;
	}
	event.events = EPOLLOUT | EPOLLRDHUP;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) == -1)
		die("epoll: %s", strerror(errno));
}

static const char *
first_bytes(const struct conn *c)
{

	return (c->kind == READS && (c - conns) % 2 == 0 ? documents :
	    begin[c->kind]);
}

/* It is connected: say what is said at once, and wait for its end. */
static void
begun(struct conn *c)
{
	struct epoll_event event = { .data.ptr = c };
	const char *text = first_bytes(c);
	size_t len = strlen(text);

	if (len > 0 && send(c->fd, text, len, 0) != (ssize_t)len) {
		end(c);
		return;
	}
	/* An answer to one that hasn't asked yet is the end of it, too. */
	event.events = EPOLLRDHUP | (c->kind == READS ? 0 : EPOLLIN);
	if (epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event) == -1)
		die("epoll: %s", strerror(errno));
	c->up = true;
	c->due = now() + STEP;
	open_now[c->kind]++;
}

static void
take_events(int wait)
{
	struct epoll_event events[EVENTS];
	struct conn *c;
	int i, n;

	n = epoll_wait(epoll, events, EVENTS, wait);
	for (i = 0; i < n; i++) {
		c = events[i].data.ptr;
		if (c->up || (events[i].events & (EPOLLERR | EPOLLHUP)) != 0)
			end(c);
		else
			begun(c);
	}
}

/* A byte more, or some bytes less. */
static void
step(struct conn *c, double t)
{
	char bytes[READ_STEP];
	ssize_t n = 1;

	if (!c->up || c->kind == IDLE || t < c->due)
		return;
	c->due = t + STEP;
	if (c->kind == READS)
		n = recv(c->fd, bytes, sizeof(bytes), 0);
	else
		n = send(c->fd, "1", 1, 0);
	if (n == 0 || (n == -1 && errno != EAGAIN))
		end(c);
}

/*
 * Open what isn't, in turn.  The first time slowly, so that the server doesn't
 * end them all in one second.
 */
static void
reopen(double passed)
{
	static double due;
	size_t i;

	due += passed * (opened < (long)nconns ? FIRST_RATE : OPEN_RATE);
	if (due > BURST)
		due = BURST;
	for (i = 0; i < nconns && due >= 1; i++) {
		turn = (turn + 1) % nconns;
		if (conns[turn].fd == -1) {
			start(&conns[turn]);
			due--;
		}
	}
}

static bool
stdin_ended(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char byte;

	return (poll(&in, 1, 0) == 1 && read(STDIN_FILENO, &byte, 1) <= 0);
}

static void
print(double seconds)
{

	(void)printf("%.0f %ld %ld %ld %ld %ld\n", seconds, open_now[HEADERS],
	    open_now[BODIES], open_now[READS], open_now[IDLE],
	    opened - (long)nconns);
	(void)fflush(stdout);
}

static void
run(void)
{
	double first = now(), said = first, last = first, t;
	size_t i;

	while (!stdin_ended()) {
		take_events(10);
		t = now();
		for (i = 0; i < nconns; i++)
			step(&conns[i], t);
		reopen(t - last);
		last = t;
		if (t - said >= 1) {
			print(t - first);
			said = t;
		}
	}
}

/* The connections, and as many descriptors as we may have. */
static void
prepare(char *const counts[])
{
	struct rlimit limit;
	enum kind kind;
	size_t n, i = 0;

	for (kind = 0; kind < KINDS; kind++)
		nconns += strtoul(counts[kind], NULL, 10);
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_max < nconns + 16)
		die("%zu connections need as many descriptors", nconns);
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		die("setrlimit: %s", strerror(errno));
	if (nconns == 0 || (conns = calloc(nconns, sizeof(*conns))) == NULL ||
	    (epoll = epoll_create1(0)) == -1)
		die("%zu connections: no memory", nconns);
	for (kind = 0; kind < KINDS; kind++)
		for (n = strtoul(counts[kind], NULL, 10); n > 0; n--, i++)
			conns[i] = (struct conn){ .fd = -1, .kind = kind };
}

int
main(int argc, char *argv[])
{
	size_t i;

	if (argc != 2 + KINDS)
		die("usage: slow PORT HEADERS BODIES READS IDLE");
	(void)signal(SIGPIPE, SIG_IGN);
	server.sin_family = AF_INET;
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	for (i = 0; i < PIPELINE; i++)
		memcpy(documents + i * (sizeof(DOCUMENT) - 1), DOCUMENT,
		    sizeof(DOCUMENT) - 1);
	prepare(argv + 2);
	run();
	return (0);
}
