/* SPDX-License-Identifier: BSD-2-Clause */
/* spool: a file of BSON documents, one writer, owned by lock; see spool.h. */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool.h"

#define SLOTS		256
#define SUM_LEN		crypto_shorthash_BYTES
#define FRAME_MIN	(SUM_LEN + 5)	/* an empty document */
#define DOC_MAX		((uint32_t)1024 * 1024)
#define WINDOW		((size_t)64 * 1024)	/* read at a time */

struct spool {
	int	 fd;
	int64_t	 size;
	int64_t	 max;
	bool	 dirty;		/* written since spool_sync() */
};

/* The sum guards against torn writes, not against people: its key is fixed. */
static void
checksum(const uint8_t *data, size_t len, uint8_t sum[SUM_LEN])
{
	static const uint8_t key[crypto_shorthash_KEYBYTES];

	(void)crypto_shorthash(sum, data, len, key);
}

/* Open slot ${n} and lock it; -1 if another process holds it. */
static int
lock_slot(const char *dir, int n, int flags)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[4096];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%d.spool", dir, n);
	fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags,
	    0600);
	if (fd == -1)
		return (-1);
	if (fcntl(fd, F_OFD_SETLK, &lock) == -1) {
		(void)close(fd);
		return (-1);
	}
	return (fd);
}

/* Part of the file in memory: reading each frame for itself would be two
 * calls into the system a frame. */
struct window {
	int	 fd;
	uint8_t	*data;
	size_t	 room;
	int64_t	 at;		/* of the first byte, in the file */
	size_t	 len;
};

/* Is there room for ${need} bytes? */
static bool
widen(struct window *W, size_t need)
{
	uint8_t *data;

	if (need <= W->room)
		return (true);
	if ((data = realloc(W->data, need)) == NULL)
		return (false);
	W->data = data;
	W->room = need;
	return (true);
}

/* ${need} bytes from ${at} on, until the next call; NULL at the end. */
static const uint8_t *
look(struct window *W, int64_t at, size_t need)
{
	ssize_t n;

	if (at < W->at || at + (int64_t)need > W->at + (int64_t)W->len) {
		if (!widen(W, need > WINDOW ? need : WINDOW))
			return (NULL);
		n = pread(W->fd, W->data, W->room, at);
		W->at = at;
		W->len = n > 0 ? (size_t)n : 0;
		if (W->len < need)
			return (NULL);
	}
	return (W->data + (at - W->at));
}

/* The document of the frame at ${at}; false at the end or at a torn one. */
static bool
look_frame(struct window *W, int64_t at, bson_t *doc)
{
	const uint8_t *p;
	uint8_t sum[SUM_LEN];
	uint32_t len;

	if ((p = look(W, at, FRAME_MIN)) == NULL)
		return (false);
	memcpy(&len, p + SUM_LEN, sizeof(len));
	len = BSON_UINT32_FROM_LE(len);
	if (len < 5 || len > DOC_MAX ||
	    (p = look(W, at, SUM_LEN + len)) == NULL)
		return (false);
	checksum(p + SUM_LEN, len, sum);
	return (memcmp(sum, p, SUM_LEN) == 0 &&
	    bson_init_static(doc, p + SUM_LEN, len));
}

void
spool_read(struct spool *P, int64_t from,
    bool (*each)(void *, const bson_t *, int64_t), void *ctx)
{
	struct window W = { .fd = P->fd };
	bson_t doc;
	bool more = true;

	while (more && from < P->size && look_frame(&W, from, &doc)) {
		from += (int64_t)SUM_LEN + doc.len;
		more = each(ctx, &doc, from);
	}
	free(W.data);
}

static bool
count_frame(void *ctx, const bson_t *doc, int64_t end)
{

	(void)doc;
	*(int64_t *)ctx = end;
	return (true);
}

/* Make a spool of a locked file: cut off what a dying worker left torn. */
static struct spool *
open_spool(int fd, int64_t max)
{
	struct spool *P;
	struct stat sb;
	int64_t whole = 0;

	if (fstat(fd, &sb) == -1 || (P = calloc(1, sizeof(*P))) == NULL) {
		(void)close(fd);
		return (NULL);
	}
	P->fd = fd;
	P->max = max;
	P->size = sb.st_size;
	spool_read(P, 0, count_frame, &whole);
	if (whole < P->size && ftruncate(fd, whole) == 0)
		P->size = whole;
	return (P);
}

struct spool *
spool_take(const char *dir, int64_t max)
{
	struct spool *P;
	int fd, n;

	if (mkdir(dir, 0700) == -1 && errno != EEXIST) {
		(void)err_set(ERR_INTERNAL, "%s: %s", dir, strerror(errno));
		return (NULL);
	}
	for (n = 0; n < SLOTS; n++) {
		if ((fd = lock_slot(dir, n, O_CREAT)) == -1)
			continue;
		if ((P = open_spool(fd, max)) != NULL)
			return (P);
	}
	(void)err_set(ERR_INTERNAL, "%s: no slot to be had", dir);
	return (NULL);
}

struct spool *
spool_adopt(const char *dir, int64_t max)
{
	struct spool *P;
	int fd, n;

	for (n = 0; n < SLOTS; n++) {
		if ((fd = lock_slot(dir, n, 0)) == -1) {
			if (errno == ENOENT)
				break;
			continue;
		}
		if ((P = open_spool(fd, max)) == NULL)
			continue;
		if (P->size > 0)
			return (P);
		spool_close(P);
	}
	return (NULL);
}

void
spool_close(struct spool *P)
{

	if (P == NULL)
		return;
	(void)close(P->fd);
	free(P);
}

enum err
spool_append(struct spool *P, const bson_t *doc)
{
	const uint8_t *data = bson_get_data(doc);
	uint8_t *frame;
	size_t len = SUM_LEN + doc->len;
	ssize_t n;

	if (P->max == 0)
		return (err_set(ERR_AWAY, "the audit spool is broken"));
	if ((frame = malloc(len)) == NULL)
		return (err_set(ERR_AWAY, NULL));
	checksum(data, doc->len, frame);
	memcpy(frame + SUM_LEN, data, doc->len);
	n = write(P->fd, frame, len);
	free(frame);
	if (n == (ssize_t)len) {
		P->size += n;
		P->dirty = true;
		return (ERR_OK);
	}
	/* Half a frame would hide what comes after it. */
	if (n > 0 && ftruncate(P->fd, P->size) == -1)
		P->max = 0;
	return (err_set(ERR_AWAY, "the audit spool can't be written"));
}

bool
spool_has_room(const struct spool *P, size_t bytes)
{

	return (P->size + (int64_t)bytes <= P->max);
}

int64_t
spool_size(const struct spool *P)
{

	return (P->size);
}

void
spool_clear(struct spool *P)
{

	if (P->size > 0 && ftruncate(P->fd, 0) == 0)
		P->size = 0;
	P->dirty = false;
}

void
spool_sync(struct spool *P)
{

	if (P->dirty && fdatasync(P->fd) == 0)
		P->dirty = false;
}
