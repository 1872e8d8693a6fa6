/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backlog: the length of our listening socket's queue, by the kernel's socket
 * diagnosis [sock_diag(7)], looked up by one worker of the pool for all.
 *
 * The queue must stay short by being emptied.  Once a unix socket's backlog is
 * full, lighttpd answers 500, and before that each request waits its turn, up
 * to seconds: then the workers do what nobody waits for any more.
 *
 * How long those who wait will wait is their number times what a request
 * takes, by the workers that there are.  Refusals don't count as requests, or
 * they would make the queue look short.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backlog.h"
#include "clock.h"
#include "err.h"
#include "shm.h"

#define LAYOUT		UINT32_C(0x00030001)
#define LOOK_MS		10	/* between two looks */
#define WINDOW_MS	200	/* over which requests are timed */
#define WAIT_US		600000	/* longer than this is too long */
#define FEW		256	/* so many may wait, however long it takes */
#define WORKERS		256	/* of one pool, at most */

struct shared {
	_Atomic int64_t		looked;		/* clock_mono() */
	_Atomic uint32_t	too_long;
	_Atomic uint32_t	mean;		/* us a request; 0: unknown */
	_Atomic uint32_t	workers;	/* that are alive */
	_Atomic int64_t		since;		/* of the window */
	_Atomic uint64_t	served;		/* in the window */
	_Atomic uint64_t	busy;		/* us, in the window */
	_Atomic int32_t		pids[WORKERS];	/* 0: a free place */
};

struct backlog {
	struct shared	*shared;
	int		 netlink;	/* -1: the kernel doesn't tell */
	uint32_t	 inode;		/* of the listening socket */
};

/* Take a place among the workers. */
static void
enter(struct shared *S)
{
	int32_t nobody;
	size_t i;

	for (i = 0; i < WORKERS; i++) {
		nobody = 0;
		if (atomic_compare_exchange_strong(&S->pids[i], &nobody,
		    (int32_t)getpid()))
			return;
	}
}

struct backlog *
backlog_open(const char *dir, const char *service)
{
	struct backlog *B;
	struct stat sb;
	void *p;

	if ((B = calloc(1, sizeof(*B))) == NULL) {
		(void)err_set(ERR_INTERNAL, "out of memory");
		return (NULL);
	}
	if (shm_map(dir, service, LAYOUT, sizeof(struct shared), &p) !=
	    ERR_OK) {
		free(B);
		return (NULL);
	}
	B->shared = p;
	enter(B->shared);
	B->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
	    NETLINK_SOCK_DIAG);
	if (fstat(STDIN_FILENO, &sb) == 0)
		B->inode = (uint32_t)sb.st_ino;
	return (B);
}

void
backlog_close(struct backlog *B)
{

	if (B == NULL)
		return;
	if (B->netlink != -1)
		(void)close(B->netlink);
	free(B);
}

static bool
ask(const struct backlog *B)
{
	struct {
		struct nlmsghdr		head;
		struct unix_diag_req	diag;
	} question = {
		.head = {
			.nlmsg_len = sizeof(question),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.diag = {
			.sdiag_family = AF_UNIX,
			.udiag_states = UINT32_MAX,
			.udiag_ino = B->inode,
			.udiag_show = UDIAG_SHOW_RQLEN,
			.udiag_cookie = { UINT32_MAX, UINT32_MAX },
		},
	};

	return (send(B->netlink, &question, sizeof(question), 0) ==
	    (ssize_t)sizeof(question));
}

/* The length in an answer of ${len} bytes; 0 if it says none. */
static uint32_t
read_length(const char *answer, size_t len)
{
	const size_t head = NLMSG_HDRLEN + NLMSG_ALIGN(
	    sizeof(struct unix_diag_msg));
	struct unix_diag_rqlen queue;
	struct nlmsghdr message;
	struct nlattr attribute;
	size_t at;

	if (len < head)
		return (0);
	memcpy(&message, answer, sizeof(message));
	if (message.nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return (0);
	for (at = head; at + sizeof(attribute) <= len;
	    at += NLA_ALIGN(attribute.nla_len)) {
		memcpy(&attribute, answer + at, sizeof(attribute));
		if (attribute.nla_len < sizeof(attribute) ||
		    at + attribute.nla_len > len)
			break;
		if (attribute.nla_type == UNIX_DIAG_RQLEN &&
		    attribute.nla_len >= NLA_HDRLEN + sizeof(queue)) {
			memcpy(&queue, answer + at + NLA_HDRLEN,
			    sizeof(queue));
			return (queue.udiag_rqueue);
		}
	}
	return (0);
}

static uint32_t
queue_length(const struct backlog *B)
{
	char answer[512];
	ssize_t n;

	if (B->netlink == -1 || !ask(B) ||
	    (n = recv(B->netlink, answer, sizeof(answer), MSG_DONTWAIT)) < 0)
		return (0);
	return (read_length(answer, (size_t)n));
}

/* How many workers are alive; the places of dead ones are freed. */
static uint32_t
count_workers(struct shared *S)
{
	uint32_t count = 0;
	int32_t pid;
	size_t i;

	for (i = 0; i < WORKERS; i++) {
		if ((pid = atomic_load(&S->pids[i])) == 0)
			continue;
		if (kill(pid, 0) == 0 || errno == EPERM)
			count++;
		else
			(void)atomic_compare_exchange_strong(&S->pids[i],
			    &pid, 0);
	}
	return (count);
}

/* End the window, if it is over: what did a request take? */
static void
end_window(struct shared *S, int64_t now)
{
	uint64_t served, busy;

	if (now - atomic_load(&S->since) < WINDOW_MS)
		return;
	atomic_store(&S->since, now);
	served = atomic_exchange(&S->served, 0);
	busy = atomic_exchange(&S->busy, 0);
	if (served > 0)
		atomic_store(&S->mean, (uint32_t)(busy / served));
	atomic_store(&S->workers, count_workers(S));
}

static void
look(const struct backlog *B, int64_t now)
{
	struct shared *S = B->shared;
	uint64_t length = queue_length(B), workers;

	end_window(S, now);
	workers = atomic_load(&S->workers);
	atomic_store(&S->too_long, workers > 0 && length > FEW &&
	    length * atomic_load(&S->mean) / workers > WAIT_US);
}

bool
backlog_too_long(struct backlog *B)
{
	struct shared *S = B->shared;
	int64_t now = clock_mono(), looked = atomic_load(&S->looked);

	if (now - looked >= LOOK_MS &&
	    atomic_compare_exchange_strong(&S->looked, &looked, now))
		look(B, now);
	return (atomic_load(&S->too_long) != 0);
}

void
backlog_served(struct backlog *B, int64_t us)
{

	(void)atomic_fetch_add(&B->shared->served, 1);
	(void)atomic_fetch_add(&B->shared->busy, (uint64_t)us);
}
