/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ceiling_argon2: how many passwords this machine can check, with the
 * product's own function and parameters.
 *
 * usage: ceiling_argon2 PROCESSES SECONDS
 *
 * Prints {"operations":N,"seconds":S}.
 */
#include <sys/wait.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../fcgi-auth/password.h"
#include "clock.h"
#include "die.h"

#define PASSWORD	"correct horse battery"

/* Check one password after the other; print how many into ${fd}. */
static _Noreturn void
work(int fd, const char *hash, int64_t end)
{
	long count = 0;
	bool right;

	while (clock_mono() < end) {
		if (password_check(NULL, hash, PASSWORD, &right) != 0 || !right)
			die("the password is not accepted");
		count++;
	}
	if (write(fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
		die("write failed");
	_exit(0);
}

int
main(int argc, char *argv[])
{
	char hash[PASSWORD_HASH_SIZE];
	int64_t begin, seconds;
	long count, sum = 0;
	int i, n, fds[2];

	if (argc != 3)
		die("usage: ceiling_argon2 PROCESSES SECONDS");
	n = (int)strtol(argv[1], NULL, 10);
	seconds = strtol(argv[2], NULL, 10);
	if (password_hash(NULL, PASSWORD, hash) != 0 || pipe(fds) == -1)
		die("can't begin");
	begin = clock_mono();
	for (i = 0; i < n; i++)
		if (fork() == 0)
			work(fds[1], hash, begin + seconds * 1000);
	for (i = 0; i < n; i++) {
		if (read(fds[0], &count, sizeof(count)) !=
		    (ssize_t)sizeof(count))
			die("read failed");
		sum += count;
	}
	while (wait(NULL) > 0)
		;
	(void)printf("{\"operations\":%ld,\"seconds\":%.3f}\n", sum,
	    (double)(clock_mono() - begin) / 1000);
	return (0);
}
