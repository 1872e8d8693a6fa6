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

/* Read one frame at ${at}; false at the end or at a torn one. */
static bool
read_frame(int fd, int64_t at, uint8_t **data, uint32_t *len)
{
	uint8_t head[SUM_LEN + 4], sum[SUM_LEN], *p;
	uint32_t size;

	if (pread(fd, head, sizeof(head), at) != (ssize_t)sizeof(head))
		return (false);
	memcpy(&size, head + SUM_LEN, sizeof(size));
	size = BSON_UINT32_FROM_LE(size);
	if (size < 5 || size > DOC_MAX || (p = malloc(size)) == NULL)
		return (false);
	if (pread(fd, p, size, at + (int64_t)SUM_LEN) == (ssize_t)size) {
		checksum(p, size, sum);
		if (memcmp(sum, head, SUM_LEN) == 0) {
			*data = p;
			*len = size;
			return (true);
		}
	}
	free(p);
	return (false);
}

void
spool_read(struct spool *P, int64_t from,
    bool (*each)(void *, const bson_t *, int64_t), void *ctx)
{
	uint8_t *data;
	uint32_t len;
	bson_t doc;
	bool more = true;

	while (more && from < P->size && read_frame(P->fd, from, &data, &len)) {
		from += (int64_t)SUM_LEN + len;
		if (bson_init_static(&doc, data, len))
			more = each(ctx, &doc, from);
		free(data);
	}
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
