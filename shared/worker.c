/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker: the accept loop of a prefork FastCGI worker.
 *
 * libfcgi parses; it never accepts and never closes.  A bare FCGX_Accept_r()
 * loop can have no deadline, no clean stop and no idle moment: three bytes on
 * a connection would hold the worker for good.  So we accept, hand the
 * descriptor over in r.ipcFd with r.keepConnection set (else libfcgi closes
 * it, and lingers for 2 s), and close it ourselves.
 *
 * Debian's multiwatch sends QUIT where it was told to send TERM, so QUIT stops
 * a worker as TERM does.
 *
 * Always true: TERM, INT, QUIT, HUP and USR2 are blocked but while we wait; ALRM
 * is not, and only while a request is read or answered has its handler a
 * descriptor to shut down.
 */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "log.h"
#include "num.h"
#include "reply.h"
#include "request.h"
#include "sandbox.h"
#include "worker.h"

#define TICK_MS		250
#define READ_MS		4000	/* first byte to end of body: healed in 5 s */
#define ANSWER_MS	15000	/* end of body to end of answer */
#define STOP_MS		3000	/* for a gateway to close its link */
#define PARAMS_MAX	(64 * 1024)
#define MEMORY_MAX	((rlim_t)512 * 1024 * 1024)
#define ARENA_MAX	((size_t)16 * 1024 * 1024)

static volatile sig_atomic_t	stop_wanted, reload_wanted;
static volatile sig_atomic_t	guarded_fd = -1;
static _Atomic int64_t		guard_until;	/* clock_mono() */

struct loop {
	const struct worker	*worker;
	struct arena		*arena;
	FCGX_Request		 fcgi;
	bool			 keep;		/* the peer keeps the link */
	int64_t			 stop_at;	/* 0: not told to stop */
	sigset_t		 waiting;	/* mask while we wait */
	int			 epoll;		/* waits for descriptor 0 */
};

static void
on_signal(int sig)
{

	if (sig == SIGHUP || sig == SIGUSR2)
		reload_wanted = 1;
	else
		stop_wanted = 1;
}

/*
 * The tick.  Past the deadline, whoever reads or writes this connection finds
 * it ended.  One tick could fall between a check and the read that it should
 * end: the next one ends it.
 */
static void
on_alarm(int sig)
{
	int saved = errno;

	(void)sig;
	if (guarded_fd >= 0 && clock_mono() > guard_until)
		(void)shutdown(guarded_fd, SHUT_RDWR);
	errno = saved;
}

/* Give ${fd} a deadline; -1: there is nothing to guard. */
static void
guard_fd(int fd, int64_t ms)
{

	guarded_fd = -1;
	guard_until = clock_mono() + ms;
	guarded_fd = fd;
}

/* One timer for all deadlines: arming one for each would be three calls into
 * the system a request. */
static enum err
start_ticking(void)
{
	const struct itimerval tick = {
		{ 0, TICK_MS * 1000 }, { 0, TICK_MS * 1000 }
	};

	if (setitimer(ITIMER_REAL, &tick, NULL) == -1)
		return (err_set(ERR_INTERNAL, "setitimer: %s",
		    strerror(errno)));
	return (ERR_OK);
}

static void
catch_signals(struct loop *L)
{
	static const int ours[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP,
	    SIGUSR2 };
	struct sigaction sa;
	sigset_t blocked;
	size_t i;

	memset(&sa, 0, sizeof(sa));
	(void)sigemptyset(&sa.sa_mask);
	(void)sigemptyset(&blocked);
	sa.sa_handler = on_signal;
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		(void)sigaction(ours[i], &sa, NULL);
		(void)sigaddset(&blocked, ours[i]);
	}
	sa.sa_handler = on_alarm;
	sa.sa_flags = SA_RESTART;
	(void)sigaction(SIGALRM, &sa, NULL);
	sa.sa_flags = 0;
	sa.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &sa, NULL);
	(void)sigprocmask(SIG_BLOCK, &blocked, &L->waiting);
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		(void)sigdelset(&L->waiting, ours[i]);
	(void)sigdelset(&L->waiting, SIGALRM);
}

/* A new connection wakes one idle worker of the pool, not all of them. */
static enum err
prepare_socket(struct loop *L)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	int flags = fcntl(STDIN_FILENO, F_GETFL);

	if (flags == -1 ||
	    fcntl(STDIN_FILENO, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    (L->epoll = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
	    epoll_ctl(L->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) == -1)
		return (err_set(ERR_INTERNAL, "descriptor 0 is no listening "
		    "socket; start me with spawn-fcgi"));
	return (ERR_OK);
}

/*
 * libfcgi reads parameters without a limit.  A peer that sends gigabytes ends
 * this worker, not the machine.  Sanitizers and valgrind need more room.
 */
static enum err
limit_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(NO_LIMITS)
	const struct rlimit limit = { MEMORY_MAX, MEMORY_MAX };

	if (setrlimit(RLIMIT_AS, &limit) == -1)
		return (err_set(ERR_INTERNAL, "setrlimit: %s",
		    strerror(errno)));
#endif
	return (ERR_OK);
}

static enum err
prepare(struct loop *L, const struct worker *worker)
{
	enum err err;

	memset(L, 0, sizeof(*L));
	L->worker = worker;
	if (FCGX_Init() != 0 || FCGX_InitRequest(&L->fcgi, -1, 0) != 0)
		return (err_set(ERR_INTERNAL, "libfcgi did not start"));
	L->fcgi.ipcFd = -1;
	/* After FCGX_Init(), which installs handlers of its own. */
	catch_signals(L);
	if ((err = limit_memory()) != ERR_OK ||
	    (err = prepare_socket(L)) != ERR_OK ||
	    (err = start_ticking()) != ERR_OK)
		return (err);
	if ((L->arena = arena_new(ARENA_MAX)) == NULL)
		return (err_set(ERR_INTERNAL, "out of memory"));
	return (sandbox_enter());
}

static void
drop_connection(struct loop *L)
{

	if (L->fcgi.ipcFd >= 0)
		(void)close(L->fcgi.ipcFd);
	L->fcgi.ipcFd = -1;
}

/* Collect the parameters; false if they are too many to be honest. */
static bool
take_params(struct loop *L, struct request *req)
{
	size_t total = 0;
	char **p;

	req->env = L->fcgi.envp;
	for (p = req->env; *p != NULL; p++)
		total += strlen(*p) + 1;
	return (total <= PARAMS_MAX);
}

/*
 * Read the body to its end, also what we don't keep: on a kept link the next
 * call would start in its rest.  False if the peer broke off or lied about
 * the length ("" and "0" both mean none).
 */
static bool
take_body(struct loop *L, struct request *req)
{
	const char *text = request_env(req, "CONTENT_LENGTH");
	int64_t length = 0;
	size_t want, total = 0;
	char *body, rest[8192];
	int got;

	if (text != NULL && text[0] != '\0' &&
	    !num_parse(text, 0, INT32_MAX, &length))
		return (false);
	req->body_over = (size_t)length > L->worker->body_max;
	want = req->body_over ? 0 : (size_t)length;
	body = arena_alloc(req->arena, want + 1);
	req->body = body;
	req->body_len = want;
	while (total < want) {
		got = FCGX_GetStr(body + total, (int)(want - total),
		    L->fcgi.in);
		if (got <= 0)
			break;
		total += (size_t)got;
	}
	while ((got = FCGX_GetStr(rest, sizeof(rest), L->fcgi.in)) > 0)
		total += (size_t)got;
	return (FCGX_GetError(L->fcgi.in) == 0 && total == (size_t)length);
}

/* Hand the answer to libfcgi; it is flushed by FCGX_Finish_r(). */
static void
send_reply(struct loop *L, const struct request *req,
    const struct reply *reply)
{
	FCGX_Stream *out = L->fcgi.out;

	(void)FCGX_FPrintF(out, "Status: %d\r\n", reply->status);
	(void)FCGX_PutStr(reply->headers.data, (int)reply->headers.len, out);
	if (L->keep && stop_wanted)
		(void)FCGX_PutS("Guerdon-Link: close\r\n", out);
	(void)FCGX_PutS("\r\n", out);
	if (!req->head)
		(void)FCGX_PutStr(reply->body.data, (int)reply->body.len, out);
}

/* Out of memory: let go of everything that lies in the arena. */
static void
forget(struct loop *L, struct request *req)
{

	arena_reset(L->arena);
	req->faults = NULL;
	req->path = req->target = req->method = req->body = "";
	req->json = NULL;
}

/* The answer to a request that isn't served at all. */
static void
refuse(struct request *req, struct reply *reply, enum err err)
{

	if (req->trace.id[0] == '\0')
		trace_start(&req->trace, NULL);
	reply_problem(reply, req, err);
	reply_trace(reply, req);
	log_write(LOG_WARN, "request not served",
	    LOG_STR("traceId", req->trace.id),
	    LOG_STR("code", reply->code), LOG_END);
}

/* Answer one request whose parameters are read. */
static void
answer(struct loop *L, struct request *req)
{
	struct reply reply;
	volatile enum err err = ERR_OK;

	if (setjmp(*arena_guard(L->arena)) != 0) {
		forget(L, req);
		err = err_set(ERR_INTERNAL, NULL);
	} else if (!take_params(L, req))
		err = err_set(ERR_HEADER_SIZE, NULL);
	if (err == ERR_OK && !take_body(L, req))
		err = err_set(ERR_MALFORMED_REQUEST,
		    "the body's length is not Content-Length");
	/* What isn't read of a body would be taken for the next call; and who
	 * lies about a length isn't trusted with where the next begins. */
	if (err != ERR_OK)
		L->keep = false;
	guard_fd(L->fcgi.ipcFd, ANSWER_MS);
	reply_init(&reply, L->arena);
	if (err == ERR_OK)
		L->worker->serve(L->worker->app, req, &reply);
	else
		refuse(req, &reply, err);
	send_reply(L, req, &reply);
	arena_unguard(L->arena);
}

/* Read and answer what is there on the connection. */
static void
serve_connection(struct loop *L)
{
	struct request req;

	memset(&req, 0, sizeof(req));
	req.arena = L->arena;
	req.app = L->worker->app;
	req.started = clock_mono();
	req.peer = L->fcgi.ipcFd;
	req.role = ROLE_PUBLIC;
	err_clear();
	guard_fd(L->fcgi.ipcFd, READ_MS);
	L->fcgi.keepConnection = 1;
	if (FCGX_Accept_r(&L->fcgi) != 0) {
		/* The peer closed, or it was no FastCGI: libfcgi closed. */
		guard_fd(-1, 0);
		L->fcgi.ipcFd = -1;
		return;
	}
	L->keep = L->fcgi.keepConnection != 0;
	answer(L, &req);
	L->fcgi.keepConnection = 1;
	FCGX_Finish_r(&L->fcgi);
	guard_fd(-1, 0);
	if (!L->keep)
		drop_connection(L);
	arena_reset(L->arena);
}

/* Wait for a byte, a signal or the tick; true if there is something to read. */
static bool
wait_for_input(struct loop *L)
{
	const struct timespec tick = { 0, TICK_MS * 1000000L };
	struct pollfd pfd = { .fd = L->fcgi.ipcFd, .events = POLLIN };
	struct epoll_event event;

	if (L->fcgi.ipcFd < 0)
		return (epoll_pwait(L->epoll, &event, 1, TICK_MS,
		    &L->waiting) > 0);
	return (ppoll(&pfd, 1, &tick, &L->waiting) > 0);
}

static void
accept_connection(struct loop *L)
{
	int fd;

	/* EAGAIN: another worker of the pool was faster. */
	if ((fd = accept4(STDIN_FILENO, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		L->fcgi.ipcFd = fd;
}

/* Is it time to end?  A kept link is given time to be closed by its peer. */
static bool
done(struct loop *L)
{

	if (!stop_wanted)
		return (false);
	if (L->stop_at == 0)
		L->stop_at = clock_mono() + STOP_MS;
	return (L->fcgi.ipcFd < 0 || clock_mono() >= L->stop_at);
}

int
worker_run(const struct worker *worker)
{
	struct loop L;

	if (prepare(&L, worker) != ERR_OK)
		worker_refuse();
	log_write(LOG_INFO, "worker started", LOG_END);
	while (!done(&L)) {
		if (reload_wanted) {
			reload_wanted = 0;
			worker->reload(worker->app);
		}
		if (!wait_for_input(&L)) {
			worker->idle(worker->app);
			continue;
		}
		if (L.fcgi.ipcFd < 0)
			accept_connection(&L);
		if (L.fcgi.ipcFd >= 0) {
			serve_connection(&L);
			worker->idle(worker->app);
		}
	}
	drop_connection(&L);
	worker->stop(worker->app);
	arena_free(L.arena);
	log_write(LOG_INFO, "worker stopped", LOG_END);
	return (0);
}

_Noreturn void
worker_refuse(void)
{

	const struct itimerval none = { { 0, 0 }, { 0, 0 } };

	log_write(LOG_ERROR, "worker refuses to start",
	    LOG_STR("reason", err_detail()), LOG_END);
	/* The tick would end the sleep. */
	(void)setitimer(ITIMER_REAL, &none, NULL);
	(void)sleep(1);
	exit(1);
}
