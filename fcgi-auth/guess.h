/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GUESS_H_
#define GUESS_H_

#include <stdbool.h>

#include "address.h"
#include "err.h"

struct conf;
struct reply;
struct request;

/*
 * How often a password may be wrong: for one account from one address, and
 * from one address whatever the account.  There is no limit for an account
 * alone, with which anybody could lock somebody else out.
 */
struct guesses;

/* One try. */
struct guess {
	struct guesses	*guesses;	/* NULL: not limited */
	const char	*pair;		/* address and account */
	char		 block[ADDRESS_TEXT_SIZE];
	bool		 known;		/* they came in together before */
};

/*
 * guesses_open(conf, secret):
 * The counters of this node; see ratelimit_open().  NULL with err_detail() if
 * they can't be had.
 */
struct guesses	*guesses_open(const struct conf *, const char *);

/* guesses_close(G): NULL is fine. */
void		 guesses_close(struct guesses *);

/*
 * guess_begin(G, req, reply, account, guess):
 * Before a password is checked.  The try counts as wrong until one of the next
 * two says otherwise, so that many at once are no way around.  ERR_RATE with
 * Retry-After if there were too many.
 */
enum err	 guess_begin(struct guesses *, struct request *,
		    struct reply *, const char *, struct guess *);

/* guess_right(guess): it was right, and this address is known from now on. */
void		 guess_right(const struct guess *);

/* guess_void(guess): nobody learned whether it was right. */
void		 guess_void(const struct guess *);

#endif /* !GUESS_H_ */
