/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ACCOUNT_H_
#define ACCOUNT_H_

#include <bson/bson.h>

#include "err.h"

struct request;

/* What the handlers of a user's own account begin with. */

/*
 * account_find(req, user):
 * The caller, as the database has him.  ERR_TOKEN if he is gone.
 */
enum err	account_find(struct request *, const bson_t **);

/*
 * account_password_right(req, user, member):
 * Is this member of the body the user's password?  ERR_REFUSED with
 * WRONG_PASSWORD if it isn't: somebody may have found a token only.
 */
enum err	account_password_right(struct request *, const bson_t *,
		    const char *);

/*
 * account_password_good(req, member, name, email):
 * May this member of the body become the password of a user with that name
 * and email?  ERR_INVALID with a fault at the member if it is too short or too
 * easily guessed: see strength.h.
 */
enum err	account_password_good(struct request *, const char *,
		    const char *, const char *);

#endif /* !ACCOUNT_H_ */
