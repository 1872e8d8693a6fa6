/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROBE_H_
#define PROBE_H_

#include "err.h"

struct reply;
struct store;

/*
 * probe_health(store, reply):
 * Answer the operation health_get of a worker that stands on a database:
 * {"status":"ok","checks":{"database":"ok"}}, or ERR_AWAY.
 */
enum err	probe_health(struct store *, struct reply *);

#endif /* !PROBE_H_ */
