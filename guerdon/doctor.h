/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DOCTOR_H_
#define DOCTOR_H_

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

struct arena;
struct conf;

/* What guerdon doctor has found so far, and what it looks at. */
struct doctor {
	const struct conf	*conf;
	const char		*conf_path;
	struct arena		*arena;
	bool			 json;
	struct buf		 out;
	int			 warnings;
	int			 failures;
};

enum finding_state { FOUND_OK, FOUND_WARNING, FOUND_FAILED };

/*
 * doctor_say(D, state, what, remedy, fmt, ...):
 * Note a finding: what was looked at, what to do about it (NULL: nothing), and
 * what was seen.
 */
void	doctor_say(struct doctor *, enum finding_state, const char *,
	    const char *, const char *, ...)
	    __attribute__((__format__(__printf__, 5, 6)));

/*
 * doctor_workers(D):
 * Look at the workers of this configuration that run on this machine, as /proc
 * shows them [proc(5)].
 */
void	doctor_workers(struct doctor *);

/* doctor_files(D): the configuration, secrets, folders and sockets. */
void	doctor_files(struct doctor *);

#endif /* !DOCTOR_H_ */
