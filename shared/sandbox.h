/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SANDBOX_H_
#define SANDBOX_H_

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

#define SANDBOX_PATHS	16

/* What a worker needs once it serves; all else is given up. */
struct sandbox {
	bool		connects;	/* by TCP: names, certificates */
	size_t		npaths;
	struct {
		const char	*path;	/* a folder, or a file that stays */
		bool		 writes;
	}		paths[SANDBOX_PATHS];
};

/*
 * sandbox_reads(B, path), sandbox_writes(B, path):
 * The worker opens files below ${path}, which must outlive sandbox_enter().
 * NULL is fine.
 */
void		sandbox_reads(struct sandbox *, const char *);
void		sandbox_writes(struct sandbox *, const char *);

/*
 * sandbox_enter(B, landlock):
 * Give up for good what a worker that is ready never needs: new privileges,
 * core files (they would hold keys), more than 256 descriptors, files that
 * ${B} doesn't name (where the kernel has Landlock), and the system calls of
 * the table in sandbox.c, which fail with EPERM from now on.  Files are made
 * for their owner only.  ${landlock} is the version of Landlock that is in
 * force, 0 for none.  ERR_INTERNAL with err_detail() if the kernel refuses.
 *
 * A descriptor stays open whose name says what the kernel shows nowhere else:
 * /proc/PID/fd/N leads to "/memfd:" SANDBOX_MARK "N".
 *
 * Builds with AddressSanitizer keep all system calls and files: its runtime
 * needs some.
 */
#define SANDBOX_MARK	"guerdon-landlock-"
enum err	sandbox_enter(const struct sandbox *, int *);

#endif /* !SANDBOX_H_ */
