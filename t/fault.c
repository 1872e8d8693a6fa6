/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault: fails the n-th call of a kind, for t/88_faults.t.  It is linked with
 * --enable-fault-injection only; no other source knows of it.
 *
 * Our own calls of malloc() and its kin come here by the linker's --wrap, the
 * whole process's writes, connects and syncs by interposition, and libbson's
 * allocations by its hook: it aborts when one fails.  Which call is to fail
 * says a file that the test and all workers map, the one that
 * GUERDON_FAULT_PLAN names.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <bson/bson.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum kind { ALLOCATION = 1, WRITE, CONNECT, SYNC, LIBRARY };

/* The file.  The test writes it while nothing is under way. */
struct plan {
	_Atomic int32_t	kind;		/* 0: none fails */
	char		program[12];	/* of which: "fcgi-gw" */
	_Atomic int64_t	left;		/* calls until the one that fails */
	_Atomic int64_t	failed;		/* how many did */
};

static struct plan *plan;

/* Is this call the one? */
static bool
fails(enum kind kind)
{

	if (plan == NULL || atomic_load(&plan->kind) != (int32_t)kind ||
	    strcmp(plan->program, program_invocation_short_name) != 0 ||
	    atomic_fetch_sub(&plan->left, 1) != 1)
		return (false);
	(void)atomic_fetch_add(&plan->failed, 1);
	return (true);
}

/* Ours: see the list of --wrap in Makefile.am. */

void	*__real_malloc(size_t);
void	*__real_calloc(size_t, size_t);
void	*__real_realloc(void *, size_t);
char	*__real_strdup(const char *);
void	*__wrap_malloc(size_t);
void	*__wrap_calloc(size_t, size_t);
void	*__wrap_realloc(void *, size_t);
char	*__wrap_strdup(const char *);

static bool
no_memory(void)
{

	if (!fails(ALLOCATION))
		return (false);
	errno = ENOMEM;
	return (true);
}

void *
__wrap_malloc(size_t len)
{

	return (no_memory() ? NULL : __real_malloc(len));
}

void *
__wrap_calloc(size_t n, size_t len)
{

	return (no_memory() ? NULL : __real_calloc(n, len));
}

void *
__wrap_realloc(void *p, size_t len)
{

	return (no_memory() ? NULL : __real_realloc(p, len));
}

char *
__wrap_strdup(const char *s)
{

	return (no_memory() ? NULL : __real_strdup(s));
}

/* Everybody's. */

static bool
error(enum kind kind, int number)
{

	if (!fails(kind))
		return (false);
	errno = number;
	return (true);
}

ssize_t
write(int fd, const void *data, size_t len)
{

	if (error(WRITE, ENOSPC))
		return (-1);
	return (syscall(SYS_write, fd, data, len));
}

ssize_t
send(int fd, const void *data, size_t len, int flags)
{

	if (error(WRITE, EPIPE))
		return (-1);
	return (syscall(SYS_sendto, fd, data, len, flags, NULL, 0));
}

ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{

	if (error(WRITE, EPIPE))
		return (-1);
	return (syscall(SYS_sendmsg, fd, message, flags));
}

int
connect(int fd, const struct sockaddr *address, socklen_t len)
{

	if (error(CONNECT, ECONNREFUSED))
		return (-1);
	return ((int)syscall(SYS_connect, fd, address, len));
}

int
fsync(int fd)
{

	return (error(SYNC, EIO) ? -1 : (int)syscall(SYS_fsync, fd));
}

int
fdatasync(int fd)
{

	return (error(SYNC, EIO) ? -1 : (int)syscall(SYS_fdatasync, fd));
}

/* The driver's.  The gateway has none of it. */
#pragma weak bson_mem_set_vtable

static void *
library_malloc(size_t len)
{

	return (fails(LIBRARY) ? NULL : __real_malloc(len));
}

static void *
library_calloc(size_t n, size_t len)
{

	return (fails(LIBRARY) ? NULL : __real_calloc(n, len));
}

static void *
library_realloc(void *p, size_t len)
{

	return (fails(LIBRARY) ? NULL : __real_realloc(p, len));
}

static void *
library_aligned(size_t alignment, size_t len)
{

	return (fails(LIBRARY) ? NULL : aligned_alloc(alignment, len));
}

static const bson_mem_vtable_t library = {
	.malloc = library_malloc, .calloc = library_calloc,
	.realloc = library_realloc, .free = free,
	.aligned_alloc = library_aligned
};

/* Before main(): the sandbox isn't there yet, nor is a second thread. */
__attribute__((__constructor__))
static void
map_plan(void)
{
	const char *path = getenv("GUERDON_FAULT_PLAN");
	void *p;
	int fd;

	if (path == NULL || (fd = open(path, O_RDWR | O_CLOEXEC)) == -1)
		return;
	p = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    0);
	(void)close(fd);
	if (p == MAP_FAILED)
		return;
	plan = p;
	if (bson_mem_set_vtable != NULL)
		bson_mem_set_vtable(&library);
}
