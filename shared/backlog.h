/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BACKLOG_H_
#define BACKLOG_H_

#include <stdbool.h>
#include <stdint.h>

/*
 * How long a connection waits to be accepted by a pool.  The kernel says how
 * many are waiting on the listening socket; the workers of the pool know
 * together what a request takes.
 */
struct backlog;

/*
 * backlog_open(dir, service):
 * For the socket that is descriptor 0, with a shared file of ${service} in
 * ${dir}.  NULL with err_detail() if the file can't be had; on a system that
 * doesn't tell the length, the backlog is never too long.
 */
struct backlog	*backlog_open(const char *, const char *);

/* backlog_close(B): NULL is fine. */
void		 backlog_close(struct backlog *);

/*
 * backlog_too_long(B):
 * Called for each request that was accepted: should it be refused at once,
 * because those behind it are many, and would wait for more than 600 ms?
 */
bool		 backlog_too_long(struct backlog *);

/* backlog_served(B, us): one that wasn't refused took so many microseconds. */
void		 backlog_served(struct backlog *, int64_t);

#endif /* !BACKLOG_H_ */
