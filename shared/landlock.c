/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * landlock: which files a worker may still open; see landlock.h.
 *
 * A rule is about the folder that is there when it is made: what takes its
 * place later is another one.  So rules name folders, in which files may be
 * exchanged, and no files, but for those that somebody's URI names.
 */
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "landlock.h"
#include "sandbox.h"

/* What headers of Linux 6.1 lack, with the version that brought it. */
#define FS_TRUNCATE	(UINT64_C(1) << 14)	/* 3 */
#define NET_BIND_TCP	(UINT64_C(1) << 0)	/* 4 */
#define NET_CONNECT_TCP	(UINT64_C(1) << 1)	/* 4 */
#define FS_IOCTL_DEV	(UINT64_C(1) << 15)	/* 5 */
#define SCOPE_ABSTRACT	(UINT64_C(1) << 0)	/* 6 */
#define SCOPE_SIGNAL	(UINT64_C(1) << 1)	/* 6 */

#define FS_READ		((uint64_t)(LANDLOCK_ACCESS_FS_READ_FILE | \
			    LANDLOCK_ACCESS_FS_READ_DIR))
#define FS_WRITE	((uint64_t)(LANDLOCK_ACCESS_FS_WRITE_FILE | \
			    LANDLOCK_ACCESS_FS_MAKE_REG) | FS_TRUNCATE)
#define FS_FILE		((uint64_t)(LANDLOCK_ACCESS_FS_READ_FILE | \
			    LANDLOCK_ACCESS_FS_WRITE_FILE) | FS_TRUNCATE)

struct ruleset {
	uint64_t	fs;	/* what is forbidden unless a rule allows it */
	uint64_t	net;	/* 4 */
	uint64_t	scope;	/* 6 */
};

/* What names are resolved by, and servers known by, at run time. */
static const char *const network[] = {
	"/etc", "/lib", "/lib64", "/usr/lib", "/usr/lib64",
	"/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
	"/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager"
};

int
landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	return (abi > 0 ? (int)abi : 0);
}

/* All that this version can forbid and we have no use for. */
static struct ruleset
new_ruleset(int abi, bool connects)
{
	struct ruleset set = { .fs = LANDLOCK_ACCESS_FS_MAKE_SYM };

	set.fs = (set.fs << 1) - 1;		/* the 13 rights of ABI 1 */
	if (abi >= 2)
		set.fs |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		set.fs |= FS_TRUNCATE;
	if (abi >= 4)
		set.net = NET_BIND_TCP | (connects ? 0 : NET_CONNECT_TCP);
	if (abi >= 5)
		set.fs |= FS_IOCTL_DEV;
	if (abi >= 6)
		set.scope = SCOPE_ABSTRACT | SCOPE_SIGNAL;
	return (set);
}

/* Older kernels take a shorter structure, and want the rest not to be there. */
static size_t
size_of(int abi)
{

	return (abi >= 6 ? sizeof(struct ruleset) : abi >= 4 ?
	    offsetof(struct ruleset, scope) : offsetof(struct ruleset, net));
}

/* What isn't there can't be opened, with a rule or without. */
static enum err
allow(int fd, const struct ruleset *set, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule;
	struct stat sb;
	enum err err = ERR_OK;

	rule.allowed_access = access & set->fs;
	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd == -1)
		return (ERR_OK);
	if (fstat(rule.parent_fd, &sb) == 0 && !S_ISDIR(sb.st_mode))
		rule.allowed_access &= FS_FILE;
	if (syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH,
	    &rule, 0) == -1)
		err = err_set(ERR_INTERNAL, "landlock: %s: %s", path,
		    strerror(errno));
	(void)close(rule.parent_fd);
	return (err);
}

static enum err
allow_all(int fd, const struct ruleset *set, const struct sandbox *B)
{
	enum err err;
	size_t i;

	err = allow(fd, set, "/usr/share/zoneinfo", FS_READ);
	for (i = 0; err == ERR_OK && B->connects &&
	    i < sizeof(network) / sizeof(network[0]); i++)
		err = allow(fd, set, network[i], FS_READ);
	for (i = 0; err == ERR_OK && i < B->npaths; i++)
		err = allow(fd, set, B->paths[i].path, B->paths[i].writes ?
		    FS_READ | FS_WRITE : FS_READ);
	return (err);
}

enum err
landlock_enter(const struct sandbox *B, int *abi)
{
	struct ruleset set;
	enum err err;
	int fd;

	if ((*abi = landlock_abi()) == 0)
		return (ERR_OK);
	set = new_ruleset(*abi, B->connects);
	fd = (int)syscall(SYS_landlock_create_ruleset, &set, size_of(*abi), 0);
	if (fd == -1)
		return (err_set(ERR_INTERNAL, "landlock: %s",
		    strerror(errno)));
	if ((err = allow_all(fd, &set, B)) == ERR_OK &&
	    syscall(SYS_landlock_restrict_self, fd, 0) == -1)
		err = err_set(ERR_INTERNAL, "landlock: %s", strerror(errno));
	(void)close(fd);
	return (err);
}
