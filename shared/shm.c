/* SPDX-License-Identifier: BSD-2-Clause */
/* shm: a shared mapping by name; see shm.h. */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shm.h"

/* Give the file its size; it never shrinks, which would kill its users. */
static enum err
prepare(int fd, const char *path, size_t size)
{
	struct stat sb;

	if (fstat(fd, &sb) == -1 || !S_ISREG(sb.st_mode) ||
	    (sb.st_mode & 077) != 0 || sb.st_uid != geteuid())
		return (err_set(ERR_INVALID, "%s: not a file of our own",
		    path));
	if ((size_t)sb.st_size < size && ftruncate(fd, (off_t)size) == -1)
		return (err_set(ERR_INTERNAL, "%s: %s", path,
		    strerror(errno)));
	return (ERR_OK);
}

enum err
shm_map(const char *dir, const char *service, uint32_t layout, size_t size,
    void **p)
{
	char path[4096];
	enum err err;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s-%08x.shm", dir, service,
	    layout);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return (err_set(ERR_INTERNAL, "%s: %s", path,
		    strerror(errno)));
	if ((err = prepare(fd, path, size)) == ERR_OK) {
		*p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
		if (*p == MAP_FAILED)
			err = err_set(ERR_INTERNAL, "%s: %s", path,
			    strerror(errno));
	}
	(void)close(fd);
	return (err);
}
