/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SANDBOX_H_
#define SANDBOX_H_

#include "err.h"

/*
 * sandbox_enter(void):
 * Give up for good what a worker that is ready never needs: new privileges,
 * core files (they would hold keys), and the system calls of the table in
 * sandbox.c, which fail with EPERM from now on.  Files are made for their
 * owner only.  ERR_INTERNAL with err_detail() if the kernel refuses.
 *
 * Builds with AddressSanitizer keep all system calls: its runtime needs some.
 */
enum err	sandbox_enter(void);

#endif /* !SANDBOX_H_ */
