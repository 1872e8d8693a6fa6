/* SPDX-License-Identifier: BSD-2-Clause */
/* keyfile: files of secrets; see keyfile.h. */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "credential.h"
#include "keyfile.h"

static enum err
failed(const char *path)
{

	return (err_set(ERR_INTERNAL, "%s: %s", path, strerror(errno)));
}

/* Is it root's folder that a group may read, as keyfile.h says? */
static bool
is_shared(const struct stat *sb)
{

	return (sb->st_uid == 0 && sb->st_gid != 0 &&
	    (sb->st_mode & 077) == 050);
}

static bool
close_to_others(int fd)
{
	struct stat sb;

	return (fstat(fd, &sb) == 0 && (is_shared(&sb) ||
	    fchmod(fd, 0700) == 0));
}

enum err
keyfile_folder(const char *path, int *fd)
{

	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		return (failed(path));
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (*fd == -1)
		return (failed(path));
	if (!close_to_others(*fd) || flock(*fd, LOCK_EX) == -1) {
		(void)close(*fd);
		return (failed(path));
	}
	return (ERR_OK);
}

bool
keyfile_exists(int fd, const char *name)
{

	return (faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
}

/* Give a file that root has made to those who are to read it. */
static bool
give_away(int folder, int fd)
{
	struct stat sb;

	if (fstat(folder, &sb) == -1)
		return (false);
	if (is_shared(&sb))
		return (fchown(fd, 0, sb.st_gid) == 0 &&
		    fchmod(fd, 0640) == 0);
	return (sb.st_uid == geteuid() ||
	    fchown(fd, sb.st_uid, sb.st_gid) == 0);
}

static bool
write_all(int folder, int fd, const char *text)
{
	size_t len = strlen(text);

	return (write(fd, text, len) == (ssize_t)len &&
	    give_away(folder, fd) && fsync(fd) == 0);
}

enum err
keyfile_write(int folder, const char *name, const char *text)
{
	char temp[256];
	bool done;
	int fd;

	/* What a process left that died here is of no use. */
	(void)snprintf(temp, sizeof(temp), ".%s.new", name);
	(void)unlinkat(folder, temp, 0);
	fd = openat(folder, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);
	if (fd == -1)
		return (failed(name));
	done = write_all(folder, fd, text);
	(void)close(fd);
	if (!done || renameat(folder, temp, folder, name) == -1) {
		(void)unlinkat(folder, temp, 0);
		return (failed(name));
	}
	(void)fsync(folder);
	return (ERR_OK);
}

enum err
keyfile_remove(int folder, const char *name)
{

	if (unlinkat(folder, name, 0) == -1)
		return (failed(name));
	(void)fsync(folder);
	return (ERR_OK);
}

enum err
keyfile_write_key(int folder, const char *name)
{
	char line[CREDENTIAL_KEY_SIZE + 1];
	enum err err;

	credential_key_new(line);
	memcpy(line + CREDENTIAL_KEY_SIZE - 1, "\n", 2);
	err = keyfile_write(folder, name, line);
	sodium_memzero(line, sizeof(line));
	return (err);
}
