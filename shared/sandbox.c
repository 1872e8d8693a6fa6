/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox: what a worker may no longer do once it serves.
 *
 * The list says what is denied, not what is allowed: the database driver
 * resolves names and reconnects at run time, and a call that some version of
 * a library makes and that we forgot would end the service, not an attack.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <seccomp.h>

#include "landlock.h"
#include "sandbox.h"

#define FILES_MAX	256	/* descriptors; a worker needs about 20 */

#if defined(__SANITIZE_ADDRESS__) || defined(NO_LIMITS)
#define SANDBOX_CALLS	0
#else
#define SANDBOX_CALLS	1
#endif

#if !SANDBOX_CALLS || defined(NO_LANDLOCK)
#define SANDBOX_FILES	0
#else
#define SANDBOX_FILES	1
#endif

/* Denied whatever their arguments are. */
static const int denied[] = {
	/* other programs, other processes */
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork),
	SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(kcmp), SCMP_SYS(pidfd_getfd),
	/* to be somebody else */
	SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid),
	SCMP_SYS(setregid), SCMP_SYS(setresuid), SCMP_SYS(setresgid),
	SCMP_SYS(setgroups), SCMP_SYS(capset),
	/* a door of one's own */
	SCMP_SYS(listen),
	/* file systems and namespaces */
	SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root),
	SCMP_SYS(chroot), SCMP_SYS(move_mount), SCMP_SYS(open_tree),
	SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount),
	SCMP_SYS(fspick), SCMP_SYS(mount_setattr), SCMP_SYS(unshare),
	SCMP_SYS(setns), SCMP_SYS(mknod), SCMP_SYS(mknodat),
	/* parts of the kernel that are large and that we have no use for */
	SCMP_SYS(bpf), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register), SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd), SCMP_SYS(keyctl), SCMP_SYS(add_key),
	SCMP_SYS(request_key), SCMP_SYS(init_module), SCMP_SYS(finit_module),
	SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(swapon),
	SCMP_SYS(swapoff), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime),
	SCMP_SYS(personality), SCMP_SYS(quotactl), SCMP_SYS(acct)
};

/* Add the rules; a negative errno if one is not taken. */
static int
add_rules(scmp_filter_ctx filter)
{
	size_t i;
	int rv = 0;

	for (i = 0; rv == 0 && i < sizeof(denied) / sizeof(denied[0]); i++)
		rv = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM),
		    denied[i], 0);
	/* A thread of the driver shares our memory; a process would not. */
	if (rv == 0)
		rv = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM),
		    SCMP_SYS(clone), 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_VM, 0));
	/* Its flags lie in memory, where no filter sees them; the C library
	 * takes clone where there is no clone3. */
	if (rv == 0)
		rv = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
		    SCMP_SYS(clone3), 0);
	return (rv);
}

static enum err
deny_calls(void)
{
	scmp_filter_ctx filter;
	int rv;

	if (!SANDBOX_CALLS)
		return (ERR_OK);
	if ((filter = seccomp_init(SCMP_ACT_ALLOW)) == NULL)
		return (err_set(ERR_INTERNAL, "seccomp: out of memory"));
	if ((rv = add_rules(filter)) == 0)
		rv = seccomp_load(filter);
	seccomp_release(filter);
	if (rv != 0)
		return (err_set(ERR_INTERNAL, "seccomp: %s", strerror(-rv)));
	return (ERR_OK);
}

static void
add_path(struct sandbox *B, const char *path, bool writes)
{

	if (path == NULL)
		return;
	assert(B->npaths < SANDBOX_PATHS);
	B->paths[B->npaths].path = path;
	B->paths[B->npaths++].writes = writes;
}

void
sandbox_reads(struct sandbox *B, const char *path)
{

	add_path(B, path, false);
}

void
sandbox_writes(struct sandbox *B, const char *path)
{

	add_path(B, path, true);
}

static enum err
limit(int resource, rlim_t most)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) == 0 && limit.rlim_max < most)
		most = limit.rlim_max;
	limit.rlim_cur = limit.rlim_max = most;
	if (setrlimit(resource, &limit) == -1)
		return (err_set(ERR_INTERNAL, "setrlimit: %s",
		    strerror(errno)));
	return (ERR_OK);
}

/* Leave a mark for guerdon doctor; that there is none means nothing else. */
static void
leave_mark(int landlock)
{
	char name[64];

	(void)snprintf(name, sizeof(name), SANDBOX_MARK "%d", landlock);
	(void)memfd_create(name, MFD_CLOEXEC);
}

enum err
sandbox_enter(const struct sandbox *B, int *landlock)
{
	enum err err;

	*landlock = 0;
	(void)umask(077);
	if ((err = limit(RLIMIT_CORE, 0)) != ERR_OK ||
	    (SANDBOX_CALLS && (err = limit(RLIMIT_NOFILE, FILES_MAX)) !=
	    ERR_OK))
		return (err);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return (err_set(ERR_INTERNAL, "no_new_privs: %s",
		    strerror(errno)));
	if (SANDBOX_FILES && (err = landlock_enter(B, landlock)) != ERR_OK)
		return (err);
	leave_mark(*landlock);
	return (deny_calls());
}
