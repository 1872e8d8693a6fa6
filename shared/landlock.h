/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GUERDON_LANDLOCK_H_
#define GUERDON_LANDLOCK_H_

#include <stdbool.h>

#include "err.h"

struct sandbox;

/*
 * Landlock [Linux, Documentation/userspace-api/landlock.rst]: which files a
 * process may still open, and whether it may begin TCP connections.  Kernels
 * have it in several versions (ABI), or not at all.
 */

/* landlock_abi(void): the version that the kernel has; 0: none. */
int		landlock_abi(void);

/*
 * landlock_enter(sandbox, abi):
 * From now on this process opens nothing but what ${sandbox} names.  ${abi} is
 * the version in force, 0 if the kernel has none, which is no failure.
 * ERR_INTERNAL with err_detail() if the kernel has it and refuses.
 */
enum err	landlock_enter(const struct sandbox *, int *);

#endif /* !GUERDON_LANDLOCK_H_ */
