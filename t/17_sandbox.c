/* SPDX-License-Identifier: BSD-2-Clause */
/* The sandbox: what is denied, and what must still be possible. */
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../shared/landlock.h"
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

static bool
can_open(const char *dir, const char *name, int flags)
{
	char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if ((fd = open(path, flags | O_CLOEXEC, 0600)) == -1)
		return (false);
	(void)close(fd);
	return (true);
}

/* May it begin a TCP connection?  Nobody listens at port 1. */
static bool
can_connect(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons(1) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool can;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	can = connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0 ||
	    errno == ECONNREFUSED;
	(void)close(fd);
	return (can);
}

static bool
can_exchange(const char *dir)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/inner", dir);
	return (mkdir(path, 0700) == 0 || symlink("/etc", path) == 0);
}

static void
test_files(const char *reads, const char *writes, int abi)
{

	ok(can_open(reads, "file", O_RDONLY), "a file that it names");
	ok(!can_open(reads, "file", O_WRONLY), "... is not written");
	ok(!can_open(reads, "other", O_WRONLY | O_CREAT), "... nor another");
	ok(can_open(writes, "file", O_RDWR | O_CREAT | O_TRUNC),
	    "a file is made where it writes");
	ok(!can_exchange(writes), "... and no folder, and no link");
	ok(!can_open("/etc", "passwd", O_RDONLY), "no other file is read");
	ok(!can_open("/proc/self", "environ", O_RDONLY), "... nor of /proc");
	ok(!can_open("/tmp", "guerdon-17", O_WRONLY | O_CREAT), "... or made");
	if (abi >= 4)
		ok(!can_connect(), "no TCP");
	if (abi >= 6)
		ok(kill(getppid(), 0) == -1 && errno == EPERM,
		    "no signal to others");
}

static int
test(const char *reads, const char *writes)
{
	struct sandbox box = { .connects = false };
	int fd, abi;

	sandbox_reads(&box, reads);
	sandbox_reads(&box, "/nowhere");
	sandbox_reads(&box, NULL);
	sandbox_writes(&box, writes);
	if (!ok(sandbox_enter(&box, &abi) == ERR_OK, "the sandbox is entered"))
		return (done());
	if (FILTERED)
		test_denied();
	if (FILTERED)
		ok(abi == landlock_abi(), "Landlock is in force if it is there");
	if (abi > 0)
		test_files(reads, writes, abi);
	ok(can_thread(), "a thread can still be made");
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ok(fd >= 0, "... and a socket");
	(void)close(fd);
	return (done());
}

static void
remove_folder(const char *dir)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/file", dir);
	(void)unlink(path);
	(void)rmdir(dir);
}

/* The parent cleans up: in the sandbox nothing can be removed. */
int
main(void)
{
	char reads[] = "/tmp/g17rXXXXXX", writes[] = "/tmp/g17wXXXXXX";
	int status = 1;
	pid_t pid;

	if (mkdtemp(reads) == NULL || mkdtemp(writes) == NULL ||
	    !can_open(reads, "file", O_WRONLY | O_CREAT))
		return (1);
	if ((pid = fork()) == 0)
		return (test(reads, writes));
	if (pid > 0)
		(void)waitpid(pid, &status, 0);
	remove_folder(reads);
	remove_folder(writes);
	return (status == 0 ? 0 : 1);
}
