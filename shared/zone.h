/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ZONE_H_
#define ZONE_H_

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct arena;

/*
 * A time zone of the IANA database, read from the system's compiled files
 * (TZif, RFC 8536).  Nothing is kept between requests, so a new tzdata counts
 * from the next one on.  Instants are seconds since 1970-01-01T00:00:00Z;
 * local seconds are the same count of what the clocks on the walls show.
 */
struct zone;

#define ZONE_NAME_MAX	64	/* bytes of a name, at most */

/*
 * zone_read(A, name, out):
 * The zone of that name; it lives in ${A}.  ERR_NOT_FOUND if there is none, or
 * its file can't be used.  A name can't lead out of the folder of zones: it
 * has letters, digits, "_", "+", "-" and "/" only, and begins with a capital.
 * "UTC" needs no file.
 */
enum err	zone_read(struct arena *, const char *, const struct zone **);

/* zone_offset(Z, instant): seconds that local time is ahead of UTC. */
int32_t		zone_offset(const struct zone *, int64_t);

/*
 * zone_instant(Z, local):
 * The first instant at which the clocks show ${local} or later.  It is the one
 * of the change where they skip ${local}, and the earlier one where they show
 * it twice.
 */
int64_t		zone_instant(const struct zone *, int64_t);

#endif /* !ZONE_H_ */
