/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FACTOR_H_
#define FACTOR_H_

#include <bson/bson.h>

#include "err.h"
#include "request.h"

struct auth;
struct reply;

/*
 * factor_login(req, reply, user):
 * After the right password: does the user need a code, and is the one in the
 * body right?  ERR_REFUSED with SECOND_FACTOR_REQUIRED, or ERR_RATE.
 */
enum err	factor_login(struct request *, struct reply *, const bson_t *);

/*
 * factor_role(auth, user):
 * The role that the user acts in.  It is ROLE_ENROL, which may do nothing but
 * set up a second factor, for staff without one where the configuration
 * requires it.
 */
enum role	factor_role(const struct auth *, const bson_t *);

#endif /* !FACTOR_H_ */
