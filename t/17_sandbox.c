/* SPDX-License-Identifier: BSD-2-Clause */
/* The sandbox: what is denied, and what must still be possible. */
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../shared/sandbox.h"
#include "tap.h"

/* AddressSanitizer needs calls that are denied: see sandbox.h. */
#ifdef __SANITIZE_ADDRESS__
enum { FILTERED = 0 };
#else
enum { FILTERED = 1 };
#endif

static void *
run_thread(void *arg)
{

	return (arg);
}

static bool
can_thread(void)
{
	pthread_t thread;

	return (pthread_create(&thread, NULL, run_thread, NULL) == 0 &&
	    pthread_join(thread, NULL) == 0);
}

static bool
is_denied(long result)
{

	return (result == -1 && errno == EPERM);
}

static bool
is_fork_denied(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	return (is_denied(pid));
}

static void
test_denied(void)
{
	char *const argv[] = { NULL };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ok(is_denied(execve("/bin/true", argv, argv)), "no other program");
	ok(is_fork_denied(), "no other process");
	ok(is_denied(syscall(SYS_ptrace, 0, 0, 0, 0)), "no tracing");
	ok(is_denied(listen(fd, 1)), "no door of its own");
	ok(is_denied(unshare(0)), "no namespace");
	ok(is_denied(syscall(SYS_bpf, 0, NULL, 0)), "no BPF");
	ok(is_denied(syscall(SYS_io_uring_setup, 0, NULL)), "no io_uring");
	ok(is_denied(setuid(getuid())), "no other user");
	(void)close(fd);
}

int
main(void)
{
	int fd;

	if (!ok(sandbox_enter() == ERR_OK, "the sandbox is entered"))
		return (done());
	if (FILTERED)
		test_denied();
	ok(can_thread(), "a thread can still be made");
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ok(fd >= 0, "... and a socket");
	(void)close(fd);
	return (done());
}
