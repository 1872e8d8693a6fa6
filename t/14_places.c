/* SPDX-License-Identifier: BSD-2-Clause */
/* Places for hashing: bounded, waited for, given back by the dead. */
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../fcgi-auth/places.h"
#include "../shared/clock.h"
#include "tap.h"

#define FILE_NAME	"auth-places.lock"

static char dir[] = "/tmp/guerdon-places-XXXXXX";

/* Each that is opened stands for a worker: locks are of the open file. */
static void
test_bound(void)
{
	struct places *a = places_open(dir, 2), *b = places_open(dir, 2),
	    *c = places_open(dir, 2);
	int64_t start, took;

	ok(places_take(a) == ERR_OK && places_take(b) == ERR_OK,
	    "two of two places");
	start = clock_mono();
	ok(places_take(c) == ERR_AWAY, "there is no third");
	took = clock_mono() - start;
	ok(took >= 400 && took < 1000, "... after half a second (%lld ms)",
	    (long long)took);
	places_give(a);
	start = clock_mono();
	ok(places_take(c) == ERR_OK, "one that was given back");
	ok(clock_mono() - start < 100, "... at once");
	places_close(b);
	ok(places_take(a) == ERR_OK, "one whose owner has closed the file");
	places_close(a);
	places_close(c);
}

/* Take the one place, say so, and hold it. */
static _Noreturn void
hold(int out)
{
	struct places *P = places_open(dir, 1);

	if (P == NULL || places_take(P) != ERR_OK || write(out, "!", 1) != 1)
		_exit(1);
	for (;;)
		(void)pause();
}

static void
test_killed(void)
{
	struct places *P = places_open(dir, 1);
	char byte = 0;
	int fds[2];
	pid_t pid;

	if (pipe(fds) == -1 || (pid = fork()) == -1)
		abort();
	if (pid == 0)
		hold(fds[1]);
	ok(read(fds[0], &byte, 1) == 1 && byte == '!', "another takes it");
	ok(places_take(P) == ERR_AWAY, "... and has it");
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	ok(places_take(P) == ERR_OK, "a killed one gives it back");
	places_give(P);
	places_close(P);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

/* Each of many waits in turn: nobody who came later is served before. */
#define WAITERS		8
#define HOLD_MS		20

static _Noreturn void
wait_in_line(int out, char name)
{
	const struct timespec pause = { 0, HOLD_MS * 1000000L };
	struct places *P = places_open(dir, 1);

	if (P == NULL || places_take(P) != ERR_OK || write(out, &name, 1) != 1)
		_exit(1);
	(void)nanosleep(&pause, NULL);
	places_give(P);
	_exit(0);
}

static void
test_order(void)
{
	const struct timespec pause = { 0, 20000000 };
	struct places *P = places_open(dir, 1);
	char got[WAITERS + 1] = "";
	int fds[2], i;

	if (pipe(fds) == -1 || places_take(P) != ERR_OK)
		abort();
	for (i = 0; i < WAITERS; i++) {
		switch (fork()) {
		case -1:
			abort();
		case 0:
			wait_in_line(fds[1], (char)('a' + i));
		}
		(void)nanosleep(&pause, NULL);
	}
	places_give(P);
	for (i = 0; i < WAITERS; i++)
		(void)wait(NULL);
	(void)close(fds[1]);
	ok(read(fds[0], got, WAITERS) == WAITERS, "all who wait are served");
	is(got, "abcdefgh", "in the order in which they came");
	places_close(P);
	(void)close(fds[0]);
}

/* A worker that is stopped while it waits is not waited for. */
static void
test_stopped(void)
{
	const struct timespec pause = { 0, 100000000 };
	struct places *P = places_open(dir, 1), *Q = places_open(dir, 1);
	int fds[2];
	pid_t pid;

	if (pipe(fds) == -1 || places_take(P) != ERR_OK ||
	    (pid = fork()) == -1)
		abort();
	if (pid == 0)
		wait_in_line(fds[1], 'a');
	(void)nanosleep(&pause, NULL);
	(void)kill(pid, SIGSTOP);
	places_give(P);
	ok(places_take(Q) == ERR_OK || places_take(Q) == ERR_OK,
	    "a stopped worker keeps nobody waiting for long");
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	places_close(P);
	places_close(Q);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void
test_file(void)
{
	struct places *P = places_open(dir, 0);
	char path[256];

	ok(P != NULL && places_take(P) == ERR_OK, "one place a core");
	places_close(P);
	ok(places_take(NULL) == ERR_OK, "no places, no bound");
	places_give(NULL);
	places_close(NULL);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, FILE_NAME);
	ok(chmod(path, 0644) == 0 && places_open(dir, 1) == NULL,
	    "a file that others can open is refused");
	ok(unlink(path) == 0 && symlink("/dev/null", path) == 0 &&
	    places_open(dir, 1) == NULL, "... and a link");
	(void)unlink(path);
}

int
main(void)
{

	if (mkdtemp(dir) == NULL)
		return (1);
	test_bound();
	test_killed();
	test_order();
	test_stopped();
	test_file();
	(void)rmdir(dir);
	return (done());
}
