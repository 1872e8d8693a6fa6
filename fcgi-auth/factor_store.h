/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FACTOR_STORE_H_
#define FACTOR_STORE_H_

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "factor_code.h"

struct arena;
struct store;

/*
 * The member `factor` of a stored user, and the only file that spells it: the
 * second factor.  It is begun, then confirmed by a first code, and gone with
 * the user.  Always true: a time step, and a recovery code, is good once, by
 * one conditional update.
 */

/* factor_is_set(user): there is one, and it was confirmed. */
bool		 factor_is_set(const bson_t *);

/* factor_is_begun(user): there is one, confirmed or not. */
bool		 factor_is_begun(const bson_t *);

/* factor_since(user): ms since 1970 of the confirmation; 0: none. */
int64_t		 factor_since(const bson_t *);

/* factor_confirmed_by(user), factor_used_by(user): the attempt that confirmed
 * it, and the last one that showed a code; "" if there was none. */
const char	*factor_confirmed_by(const bson_t *);
const char	*factor_used_by(const bson_t *);

/* factor_left(user): how many recovery codes are left. */
int		 factor_left(const bson_t *);

/* factor_sealed(user, sealed): the sealed secret; false if there is none. */
bool		 factor_sealed(const bson_t *,
		    unsigned char[FACTOR_SEALED_LEN]);

/*
 * factor_begin_store(S, A, userId, sealed, attempt, done):
 * Begin, or begin anew.  ${done}: false if there is a confirmed one.
 */
enum err	 factor_begin_store(struct store *, struct arena *,
		    const char *, const unsigned char[FACTOR_SEALED_LEN],
		    const char *, bool *);

/*
 * factor_confirm_store(S, A, user, step, hashes, attempt, done):
 * Confirm the one that ${user} was read with.  ${done}: false if it was
 * confirmed, or begun anew, meanwhile.
 */
enum err	 factor_confirm_store(struct store *, struct arena *,
		    const bson_t *, int64_t,
		    char[FACTOR_RECOVERY_COUNT][FACTOR_HASH_SIZE],
		    const char *, bool *);

/*
 * factor_try(S, A, userId, may):
 * Count a try before it is made: ten, then one a minute until a code is right.
 */
enum err	 factor_try(struct store *, struct arena *, const char *,
		    bool *);

/*
 * factor_use_step(S, A, userId, step, attempt, used),
 * factor_use_recovery(S, A, userId, hash, attempt, used):
 * Use a code up.  ${used}: false if it was used before, or isn't there.
 */
enum err	 factor_use_step(struct store *, struct arena *, const char *,
		    int64_t, const char *, bool *);
enum err	 factor_use_recovery(struct store *, struct arena *,
		    const char *, const char *, const char *, bool *);

/* factor_remove_store(S, A, userId): fine if there is none. */
enum err	 factor_remove_store(struct store *, struct arena *,
		    const char *);

#endif /* !FACTOR_STORE_H_ */
