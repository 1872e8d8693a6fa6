/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RATELIMIT_H_
#define RATELIMIT_H_

#include <stdbool.h>
#include <stdint.h>

/*
 * Token buckets in memory that the workers of a service share.  A bucket is
 * known by a scope, such as "read-user", and a key, such as a user's id.  It is
 * kept as the one number of the generic cell rate algorithm [ITU-T I.371,
 * annex A]: the time at which it will be full again.
 *
 * The table has room for 131,072 buckets.  When a set of eight is full, the
 * bucket that is full again first is forgotten.
 */
struct ratelimit;

/* x-limit of the contract: the classes of operations with a limit. */
enum rate_class {
	RATE_NONE,
	RATE_LOGIN,
	RATE_SIGN_UP,
	RATE_REFRESH,
	RATE_CLAIM,
	RATE_READ,
	RATE_WRITE,
	RATE_CLASSES
};

/* ${burst} at once, and as many again evenly over ${seconds}. */
struct rate {
	int64_t	burst;
	int64_t	seconds;
};

/* What two kinds of key may do: an address, and who is behind it. */
struct rates {
	struct rate	address;
	struct rate	user;
};

/* The state of a bucket after a take. */
struct rate_state {
	int64_t	left;		/* takes that would be let through now */
	int64_t	full_ms;	/* until it is full again */
	int64_t	wait_ms;	/* until a take is let through; 0: this was */
};

/* rate_class_parse(name): RATE_CLASSES if there is no such class. */
enum rate_class	 rate_class_parse(const char *);

/* rate_class_name(class): "read" and so on. */
const char	*rate_class_name(enum rate_class);

/* rate_parse(text, rate): read "BURST/SECONDS"; false if it isn't that. */
bool		 rate_parse(const char *, struct rate *);

/*
 * ratelimit_open(dir, name, secret):
 * The table ${name} in the folder ${dir}; it is made if it isn't there.
 * ${secret} is the same in all workers, and hides which keys share a set.
 * NULL with err_detail() if it can't be had.
 */
struct ratelimit *ratelimit_open(const char *, const char *, const char *);

/* ratelimit_close(R): NULL is fine. */
void		 ratelimit_close(struct ratelimit *);

/*
 * ratelimit_take(R, rate, scope, key, state):
 * Take one from a bucket.  False if it is empty.
 */
bool		 ratelimit_take(struct ratelimit *, const struct rate *,
		    const char *, const char *, struct rate_state *);

/* ratelimit_return(R, rate, scope, key): give back what was taken. */
void		 ratelimit_return(struct ratelimit *, const struct rate *,
		    const char *, const char *);

/*
 * ratelimit_remember(R, scope, key, seconds):
 * Remember a key for so long, if nobody needs its room.
 */
void		 ratelimit_remember(struct ratelimit *, const char *,
		    const char *, int64_t);

/*
 * ratelimit_knows(R, scope, key, seconds): was it remembered for at most
 * ${seconds}, and are they not over?
 */
bool		 ratelimit_knows(struct ratelimit *, const char *,
		    const char *, int64_t);

#endif /* !RATELIMIT_H_ */
