/* SPDX-License-Identifier: BSD-2-Clause */
/* shm: a shared mapping by name; see shm.h. */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shm.h"

enum err
shm_file(const char *dir, const char *name, int *out)
{
	char path[4096];
	struct stat sb;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return (err_set(ERR_INTERNAL, "%s: %s", path,
		    strerror(errno)));
	if (fstat(fd, &sb) == -1 || !S_ISREG(sb.st_mode) ||
	    (sb.st_mode & 077) != 0 || sb.st_uid != geteuid()) {
		(void)close(fd);
		return (err_set(ERR_INVALID, "%s: not a file of our own",
		    path));
	}
	*out = fd;
	return (ERR_OK);
}

/* Give the file its size; it never shrinks, which would kill its users. */
static bool
grow(int fd, size_t size)
{
	struct stat sb;

	return (fstat(fd, &sb) == 0 && ((size_t)sb.st_size >= size ||
	    ftruncate(fd, (off_t)size) == 0));
}

enum err
shm_map(const char *dir, const char *service, uint32_t layout, size_t size,
    void **p)
{
	char name[256];
	enum err err;
	int fd;

	(void)snprintf(name, sizeof(name), "%s-%08x.shm", service, layout);
	if ((err = shm_file(dir, name, &fd)) != ERR_OK)
		return (err);
	*p = grow(fd, size) ? mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0) : MAP_FAILED;
	if (*p == MAP_FAILED)
		err = err_set(ERR_INTERNAL, "%s/%s: %s", dir, name,
		    strerror(errno));
	(void)close(fd);
	return (err);
}
