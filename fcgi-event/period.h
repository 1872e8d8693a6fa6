/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERIOD_H_
#define PERIOD_H_

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct arena;

/* How often a user may claim. */
enum recurrence {
	RECUR_NONE,		/* once in all */
	RECUR_DAILY,
	RECUR_WEEKLY,		/* ISO 8601: from Monday */
	RECUR_MONTHLY
};

/*
 * When an event can be claimed, beside its start and end.  With hours over
 * midnight (22:00 to 02:00) a night is of the day on which it begins: days,
 * weeks and months then begin at ${to} and not at midnight.
 */
struct schedule {
	enum recurrence	 recurrence;
	const char	*zone;		/* IANA name; NULL: UTC */
	bool		 hours;		/* is it bound to hours of the day? */
	int		 from, to;	/* local minutes of a day; to exclusive */
	int64_t		 changed;	/* ms, the last change of it; 0: none */
};

#define PERIOD_KEY_SIZE	24
#define PERIOD_ALL	"ALL"		/* the one period of RECUR_NONE */

/*
 * What a claim's instant falls into.  The key goes by what the clocks on the
 * walls show at that instant.  Bounds are milliseconds; ${begins} is the first
 * instant of the period and ${ends} the first of the next; for PERIOD_ALL
 * they are 1970 and the year 10000.
 */
#define PERIOD_NEVER	INT64_C(253402300800000)
struct period {
	char	key[PERIOD_KEY_SIZE];	/* ALL 2026-11-23 2026-W48 2026-11 */
	int64_t	begins, ends;
	bool	open;			/* within the hours of the day */
	bool	mixed;			/* claims may bear keys of before a change */
};

/* recurrence_parse(name): RECUR_NONE also for NULL and what isn't known. */
enum recurrence	 recurrence_parse(const char *);

/* period_minutes(text): "08:30" -> 510; the contract has checked it. */
int		 period_minutes(const char *);

/*
 * period_find(A, schedule, now, out):
 * The period of the instant ${now} (ms).  ERR_NOT_FOUND if the time zone isn't
 * known.
 */
enum err	 period_find(struct arena *, const struct schedule *, int64_t,
		    struct period *);

#endif /* !PERIOD_H_ */
