/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SHM_H_
#define SHM_H_

#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * Memory that the workers of one service share: a file that each of them
 * maps.  Its name holds the layout, so a program with another layout starts
 * with another file, all zeros.  Only its user can open it.
 */

/*
 * shm_map(dir, service, layout, size, p):
 * Map ${size} bytes of the file for ${service} and ${layout} in ${dir}; it is
 * made, zeroed, if it isn't there.  The mapping lasts until the process ends.
 */
enum err	shm_map(const char *, const char *, uint32_t, size_t, void **);

/*
 * shm_file(dir, name, fd):
 * Open a file of ${dir} that workers of one user share, for reading and
 * writing; it is made, empty, if it isn't there.  ERR_INVALID if it isn't a
 * regular file that only our user can open.  The caller closes ${fd}.
 */
enum err	shm_file(const char *, const char *, int *);

#endif /* !SHM_H_ */
