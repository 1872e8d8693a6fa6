/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flood: an open-loop client.  It begins a request at each tick of a clock,
 * whether or not earlier ones have been answered, as the world does; wrk, like
 * any closed loop, slows down with the server and so never overloads it.
 *
 * usage: flood PORT FILE RATE SECONDS CONNECTIONS
 *
 * FILE holds whole requests, "LENGTH\n" and the bytes, sent in turn.  A request
 * takes an idle kept connection, or a new one; with CONNECTIONS in use it is
 * not sent, and counted as such.  A latency counts from the tick.  Prints a
 * line of JSON, with a list of what happened in each second.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "die.h"

#define HEAD_MAX	4096
#define SECONDS_MAX	120
#define GRACE		12	/* seconds for the last answers */
#define EVENTS		256

/* One connection: idle, or with one request under way. */
struct conn {
	struct conn	*next;		/* in the list of idle ones */
	int		 fd;		/* -1: not open */
	bool		 busy;
	double		 tick;		/* when the request was due */
	const char	*out;		/* still to be sent */
	size_t		 left;
	char		 head[HEAD_MAX];
	size_t		 have;
	long		 body;		/* bytes to come; -1: in the head */
	int		 status;
	bool		 retry, close;
};

struct second {
	long	accepted, refused, other, broken, unsent;
};

static struct {
	struct sockaddr_in	 to;
	int			 epoll;
	char			**requests;
	size_t			*lengths, count, turn;
	struct conn		*conns, *idle;
	long			 open, most, busy;
	struct second		 seconds[SECONDS_MAX];
	float			*accepted, *refused;	/* latencies, ms */
	size_t			 naccepted, nrefused, room;
	long			 without_retry;
	double			 begin;
} F;

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

static struct second *
second_of(double when)
{
	long i = (long)(when - F.begin);

	return (&F.seconds[i < SECONDS_MAX ? i : SECONDS_MAX - 1]);
}

static void
read_requests(const char *path)
{
	char line[32];
	size_t length, room = 0;
	FILE *fp;

	if ((fp = fopen(path, "r")) == NULL)
		die("%s can't be read", path);
	while (fgets(line, sizeof(line), fp) != NULL) {
		length = strtoul(line, NULL, 10);
		if (F.count == room) {
			room = room * 2 + 256;
			F.requests = realloc(F.requests,
			    room * sizeof(*F.requests));
			F.lengths = realloc(F.lengths,
			    room * sizeof(*F.lengths));
		}
		if (F.requests == NULL || F.lengths == NULL ||
		    (F.requests[F.count] = malloc(length)) == NULL ||
		    fread(F.requests[F.count], 1, length, fp) != length)
			die("%s: not a file of requests", path);
		F.lengths[F.count++] = length;
	}
	(void)fclose(fp);
	if (F.count == 0)
		die("%s is empty", path);
}

static void
watch(struct conn *c, int op, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = c };

	(void)epoll_ctl(F.epoll, op, c->fd, &event);
}

/* Begin to connect; false if the system doesn't let us. */
static bool
dial(struct conn *c)
{
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->fd == -1)
		return (false);
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(c->fd, (struct sockaddr *)&F.to, sizeof(F.to)) == -1 &&
	    errno != EINPROGRESS) {
		(void)close(c->fd);
		c->fd = -1;
		return (false);
	}
	watch(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
	return (true);
}

static void
hang_up(struct conn *c)
{

	(void)close(c->fd);
	c->fd = -1;
	c->next = F.idle;
	F.idle = c;
}

/* The request is over, in one way or the other. */
static void
settle(struct conn *c)
{
	double at = now();
	float ms = (float)((at - c->tick) * 1000);
	struct second *second = second_of(at);

	if (c->status >= 200 && c->status < 300) {
		second->accepted++;
		F.accepted[F.naccepted++] = ms;
	} else if (c->status == 503 || c->status == 429) {
		second->refused++;
		F.refused[F.nrefused++] = ms;
		F.without_retry += !c->retry;
	} else if (c->status != 0)
		second->other++;
	else
		second->broken++;
	c->busy = false;
	F.busy--;
}

static void
give_up(struct conn *c)
{

	if (c->busy)
		settle(c);
	hang_up(c);
}

static void
push(struct conn *c)
{
	ssize_t n;

	n = send(c->fd, c->out, c->left, MSG_NOSIGNAL);
	if (n == -1) {
		if (errno != EAGAIN && errno != ENOTCONN)
			give_up(c);
		return;
	}
	c->out += n;
	c->left -= (size_t)n;
	if (c->left == 0)
		watch(c, EPOLL_CTL_MOD, EPOLLIN);
}

/* What we need of the head: status, length, and two fields. */
static void
parse_head(struct conn *c)
{
	char *line, *end = strstr(c->head, "\r\n\r\n");
	const char *next;

	c->status = (int)strtol(c->head + strcspn(c->head, " "), NULL, 10);
	c->body = 0;
	for (line = strstr(c->head, "\r\n"); line != NULL && line < end;
	    line = strstr(line + 2, "\r\n")) {
		next = line + 2;
		if (strncasecmp(next, "Content-Length:", 15) == 0)
			c->body = strtol(next + 15, NULL, 10);
		else if (strncasecmp(next, "Retry-After:", 12) == 0)
			c->retry = true;
		else if (strncasecmp(next, "Connection: close", 17) == 0)
			c->close = true;
	}
	c->body -= (long)(c->have - (size_t)(end + 4 - c->head));
}

static void
finish(struct conn *c)
{

	settle(c);
	if (c->close)
		hang_up(c);
	else {
		c->next = F.idle;
		F.idle = c;
	}
}

static void
pull(struct conn *c)
{
	char rest[65536];
	ssize_t n;

	if (c->body == -1)
		n = recv(c->fd, c->head + c->have, HEAD_MAX - 1 - c->have, 0);
	else
		n = recv(c->fd, rest, sizeof(rest), 0);
	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0 || !c->busy) {
		/* An idle one in the list stays there, closed. */
		if (c->busy)
			give_up(c);
		else {
			(void)close(c->fd);
			c->fd = -1;
		}
		return;
	}
	if (c->body == -1) {
		c->have += (size_t)n;
		c->head[c->have] = '\0';
		if (strstr(c->head, "\r\n\r\n") != NULL)
			parse_head(c);
		else if (c->have == HEAD_MAX - 1)
			give_up(c);
	} else
		c->body -= n;
	if (c->busy && c->body == 0)
		finish(c);
}

static struct conn *
take_conn(void)
{
	struct conn *c = F.idle;

	if (c != NULL) {
		F.idle = c->next;
		return (c);
	}
	if (F.open == F.most)
		return (NULL);
	c = &F.conns[F.open++];
	c->fd = -1;
	return (c);
}

static void
begin_request(double tick)
{
	struct conn *c = take_conn();

	if (c == NULL) {
		second_of(now())->unsent++;
		return;
	}
	c->busy = true;
	F.busy++;
	c->tick = tick;
	c->out = F.requests[F.turn % F.count];
	c->left = F.lengths[F.turn++ % F.count];
	c->have = 0;
	c->body = -1;
	c->status = 0;
	c->retry = c->close = false;
	if (c->fd == -1) {
		if (!dial(c)) {
			settle(c);
			c->next = F.idle;
			F.idle = c;
		}
		return;
	}
	watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
	push(c);
}

static void
turn(int wait_ms)
{
	struct epoll_event events[EVENTS];
	struct conn *c;
	int i, n;

	n = epoll_wait(F.epoll, events, EVENTS, wait_ms);
	for (i = 0; i < n; i++) {
		c = events[i].data.ptr;
		if (c->fd >= 0 && (events[i].events & EPOLLOUT) != 0 &&
		    c->busy && c->left > 0)
			push(c);
		if (c->fd >= 0 && (events[i].events &
		    (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
			pull(c);
	}
}

static void
drive(double rate, double seconds)
{
	double end = F.begin + seconds, due;
	long started = 0;

	while (now() < end) {
		for (due = F.begin + (double)started / rate; due <= now();
		    due = F.begin + (double)++started / rate)
			begin_request(due);
		turn(1);
	}
	while (F.busy > 0 && now() < end + GRACE)
		turn(10);
}

static int
compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return ((x > y) - (x < y));
}

static void
print_latency(const char *name, float *list, size_t count)
{

	qsort(list, count, sizeof(*list), compare);
	(void)printf("\"%s\":{\"count\":%zu,\"p50\":%.2f,\"p99\":%.2f,"
	    "\"max\":%.2f},", name, count,
	    count > 0 ? (double)list[count / 2] : 0.0,
	    count > 0 ? (double)list[count * 99 / 100] : 0.0,
	    count > 0 ? (double)list[count - 1] : 0.0);
}

static void
print_result(int seconds)
{
	int i;

	(void)printf("{");
	print_latency("accepted", F.accepted, F.naccepted);
	print_latency("refused", F.refused, F.nrefused);
	(void)printf("\"without_retry\":%ld,\"connections\":%ld,"
	    "\"unanswered\":%ld,\"seconds\":[", F.without_retry, F.open,
	    F.busy);
	for (i = 0; i < seconds; i++)
		(void)printf("%s{\"accepted\":%ld,\"refused\":%ld,"
		    "\"other\":%ld,\"broken\":%ld,\"unsent\":%ld}",
		    i > 0 ? "," : "", F.seconds[i].accepted,
		    F.seconds[i].refused, F.seconds[i].other,
		    F.seconds[i].broken, F.seconds[i].unsent);
	(void)printf("]}\n");
}

int
main(int argc, char *argv[])
{
	double rate, seconds;

	if (argc != 6)
		die("usage: flood PORT FILE RATE SECONDS CONNECTIONS");
	F.to.sin_family = AF_INET;
	F.to.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	F.to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	read_requests(argv[2]);
	rate = strtod(argv[3], NULL);
	seconds = strtod(argv[4], NULL);
	F.most = strtol(argv[5], NULL, 10);
	if (!(rate >= 1 && rate <= 1e6) || !(seconds >= 1 &&
	    seconds <= SECONDS_MAX - GRACE) || F.most < 1 || F.most > 100000)
		die("out of range");
	F.room = (size_t)(rate * seconds) + 1024;
	F.accepted = calloc(F.room, sizeof(*F.accepted));
	F.refused = calloc(F.room, sizeof(*F.refused));
	F.conns = calloc((size_t)F.most, sizeof(*F.conns));
	F.epoll = epoll_create1(0);
	if (F.accepted == NULL || F.refused == NULL || F.conns == NULL ||
	    F.epoll == -1)
		die("out of memory");
	F.begin = now();
	drive(rate, seconds);
	print_result((int)seconds + 1);
	return (0);
}
