/* SPDX-License-Identifier: BSD-2-Clause */
/* places: how many passwords a node hashes at once; see places.h. */
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
#define PAUSE_MS	4

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

/* Lock or unlock one place; false: see errno. */
static bool
set_lock(const struct places *P, int place, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET,
	    .l_start = place, .l_len = 1 };

	return (fcntl(P->fd, F_OFD_SETLK, &lock) == 0);
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
			return (err_set(ERR_INTERNAL, "%s: %s", FILE_NAME,
			    strerror(errno)));
	}
	return (err_set(ERR_AWAY, "too many passwords are being checked"));
}

enum err
places_take(struct places *P)
{
	const struct timespec pause = { 0, PAUSE_MS * 1000000L };
	int64_t end = clock_mono() + WAIT_MS;
	enum err err;

	if (P == NULL)
		return (ERR_OK);
	assert(P->taken == -1);
	while ((err = try_take(P)) == ERR_AWAY && clock_mono() < end)
		(void)nanosleep(&pause, NULL);
	return (err);
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
