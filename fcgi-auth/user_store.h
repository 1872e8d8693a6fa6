/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef USER_STORE_H_
#define USER_STORE_H_

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "request.h"

struct arena;
struct store;

/*
 * The collections `users`, `emails` and `guards`, and the only file that
 * spells their members.  A user is a stored document, read by the functions
 * below; doc_put() writes it as the contract's User.
 *
 * Two things always hold, whatever runs at once: an email, compared without
 * case, belongs to one user at most; and at least one active administrator stays,
 * once there is one.
 */
#define USERS	"users"

/* Who is to be made. */
struct user_new {
	const char	*attempt;	/* its id becomes the user's */
	const char	*email;
	const char	*key;		/* user_email_key() */
	const char	*name;
	const char	*hash;		/* password_hash() */
	enum role	 role;
};

/*
 * user_email_key(A, email):
 * What emails are compared by: NFKC, case folded.  NULL if nothing is left,
 * or too much: then it is no email for us.
 */
const char	*user_email_key(struct arena *, const char *);

/*
 * user_insert(S, A, new, out):
 * Make an active user.  A repeated attempt finds its own.  ERR_REFUSED with
 * EMAIL_TAKEN.
 */
enum err	 user_insert(struct store *, struct arena *,
		    const struct user_new *, const bson_t **);

/* user_find(S, A, userId, out): ERR_NOT_FOUND also for a malformed id. */
enum err	 user_find(struct store *, struct arena *, const char *,
		    const bson_t **);

/*
 * user_find_email(S, A, key, out):
 * The user of an email's key, which may be NULL.  ERR_NOT_FOUND takes as many
 * reads as finding one.
 */
enum err	 user_find_email(struct store *, struct arena *, const char *,
		    const bson_t **);

/* user_filter(filter, role, status): what a list asks for; NULL: any. */
void		 user_filter(bson_t *, const char *, const char *);

/*
 * user_update(S, A, userId, role, active, out):
 * Change the role, unless it is ROLE_PUBLIC, and the status, unless
 * ${active} is NULL.  ERR_REFUSED with LAST_ADMIN.
 */
enum err	 user_update(struct store *, struct arena *, const char *,
		    enum role, const bool *, const bson_t **);

/* user_rehash(S, A, user, hash): store a better hash of the same password. */
enum err	 user_rehash(struct store *, struct arena *, const bson_t *,
		    const char *);

/*
 * user_set_password(S, A, userId, hash, attempt):
 * Another password, set by an attempt.  ERR_NOT_FOUND if the user is gone.
 */
enum err	 user_set_password(struct store *, struct arena *,
		    const char *, const char *, const char *);

/*
 * user_remove(S, A, userId):
 * Erase a user, and give the email address back.  ERR_NOT_FOUND, or
 * ERR_REFUSED with LAST_ADMIN.  If it fails on the way, the user is still
 * there, can't log in any more, and a second call ends what the first began.
 */
enum err	 user_remove(struct store *, struct arena *, const char *);

/* user_guard(S): make the empty guard of the administrators, if need be. */
enum err	 user_guard(struct store *);

/* Members of a stored user; the texts live as long as it does. */
const char	*user_id(const bson_t *);
const char	*user_name(const bson_t *);	/* "" if there is none */
const char	*user_email(const bson_t *);
const char	*user_hash(const bson_t *);
enum role	 user_role(const bson_t *);
bool		 user_is_active(const bson_t *);

/* user_password_by(user): the attempt that set the password; "": sign-up. */
const char	*user_password_by(const bson_t *);

#endif /* !USER_STORE_H_ */
