/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * places: how many passwords a node hashes at once; see places.h.
 *
 * The first bytes of the file are the places.  Who wants one locks a byte far
 * behind them, too, at the time at which he came: his ticket.  Only he tries
 * who has the earliest, so that nobody is passed over.  A ticket older than
 * anybody waits is a stopped worker's, and doesn't count.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "places.h"
#include "shm.h"

#define FILE_NAME	"auth-places.lock"
#define DEFAULT_MAX	4	/* places: 76 MiB */
#define WAIT_MS		500	/* a hash takes 35 */
#define PAUSE_MS	2
#define TICKETS		1024	/* bytes a millisecond */

struct places {
	int	fd;
	int	count;
	int	taken;		/* -1: none */
};

static int
default_count(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (cores < 1)
		return (1);
	return (cores > DEFAULT_MAX ? DEFAULT_MAX : (int)cores);
}

struct places *
places_open(const char *dir, int64_t count)
{
	struct places *P;

	if ((P = calloc(1, sizeof(*P))) == NULL) {
		(void)err_set(ERR_INTERNAL, "out of memory");
		return (NULL);
	}
	if (shm_file(dir, FILE_NAME, &P->fd) != ERR_OK) {
		free(P);
		return (NULL);
	}
	P->count = (count > 0) ? (int)count : default_count();
	P->taken = -1;
	return (P);
}

void
places_close(struct places *P)
{

	if (P == NULL)
		return;
	(void)close(P->fd);
	free(P);
}

/* Lock or unlock one byte; false: see errno. */
static bool
set_lock(const struct places *P, int64_t byte, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET,
	    .l_start = byte, .l_len = 1 };

	return (fcntl(P->fd, F_OFD_SETLK, &lock) == 0);
}

static enum err
lock_failed(void)
{

	return (err_set(ERR_INTERNAL, "%s: %s", FILE_NAME, strerror(errno)));
}

static enum err
draw_ticket(const struct places *P, int64_t now, int64_t *ticket)
{

	for (*ticket = now * TICKETS; !set_lock(P, *ticket, F_WRLCK);
	    ++*ticket)
		if (errno != EAGAIN && errno != EACCES)
			return (lock_failed());
	return (ERR_OK);
}

/* Does nobody wait who came earlier, but for those who should have given up? */
static bool
is_first(const struct places *P, int64_t ticket)
{
	int64_t oldest = (clock_mono() - WAIT_MS) * TICKETS;
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = oldest > P->count ? oldest : P->count };

	if (lock.l_start >= ticket)
		return (true);
	lock.l_len = ticket - lock.l_start;
	return (fcntl(P->fd, F_OFD_GETLK, &lock) == 0 &&
	    lock.l_type == F_UNLCK);
}

/* The first place that is free; ERR_AWAY if there is none. */
static enum err
try_take(struct places *P)
{
	int i;

	for (i = 0; i < P->count; i++) {
		if (set_lock(P, i, F_WRLCK)) {
			P->taken = i;
			return (ERR_OK);
		}
		if (errno != EAGAIN && errno != EACCES)
			return (lock_failed());
	}
	return (err_set(ERR_AWAY, NULL));
}

enum err
places_take(struct places *P)
{
	const struct timespec pause = { 0, PAUSE_MS * 1000000L };
	int64_t now = clock_mono(), end = now + WAIT_MS, ticket;
	enum err err;

	if (P == NULL)
		return (ERR_OK);
	assert(P->taken == -1);
	if ((err = draw_ticket(P, now, &ticket)) != ERR_OK)
		return (err);
	for (;;) {
		err = is_first(P, ticket) ? try_take(P) : ERR_AWAY;
		if (err != ERR_AWAY || clock_mono() >= end)
			break;
		(void)nanosleep(&pause, NULL);
	}
	(void)set_lock(P, ticket, F_UNLCK);
	return (err == ERR_AWAY ? err_set(err, "too many passwords are being "
	    "checked") : err);
}

void
places_give(struct places *P)
{

	if (P == NULL)
		return;
	assert(P->taken != -1);
	(void)set_lock(P, P->taken, F_UNLCK);
	P->taken = -1;
}
