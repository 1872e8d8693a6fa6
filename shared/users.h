/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef USERS_H_
#define USERS_H_

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

/* A list of users of this machine. */
#define USERS_MAX	16

struct users {
	size_t	count;
	uid_t	ids[USERS_MAX];
};

/*
 * users_parse(text, users):
 * Read names or numbers with blanks between them; "" is none.  False if there
 * is no such user, or if there are more than USERS_MAX.
 */
bool	users_parse(const char *, struct users *);

/* users_have(users, uid): is it one of them? */
bool	users_have(const struct users *, uid_t);

#endif /* !USERS_H_ */
