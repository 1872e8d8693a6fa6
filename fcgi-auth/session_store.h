/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SESSION_STORE_H_
#define SESSION_STORE_H_

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "id.h"
#include "refresh_token.h"

struct arena;
struct store;

/*
 * The collection `sessions`: a document a login, and the only file that
 * spells its members.  A session ends for good when it is revoked or expires.
 */
#define SESSIONS	"sessions"

struct session {
	char		 id[ID_SIZE];
	const char	*user;		/* lives in the arena */
	const char	*attempt;	/* that made this generation */
	int64_t		 generation;	/* of the refresh token, from 1 */
	int64_t		 advanced;	/* ms: when it was made */
	int64_t		 expires;	/* ms since 1970; never moves */
	bool		 revoked;
	unsigned char	 seed[REFRESH_SEED_LEN];
};

/*
 * session_insert(S, A, attempt, userId, ttl, session):
 * Begin a session that lasts ${ttl} seconds, with the attempt's id.  A
 * repeated attempt finds its own session.
 */
enum err	session_insert(struct store *, struct arena *, const char *,
		    const char *, int64_t, struct session *);

/* session_find(S, A, sessionId, session): ERR_NOT_FOUND if there is none. */
enum err	session_find(struct store *, struct arena *, const char *,
		    struct session *);

/*
 * session_find_with_user(S, A, sessionId, session, user):
 * The same with its user as stored, in one read; NULL if there is none.
 */
enum err	session_find_with_user(struct store *, struct arena *,
		    const char *, struct session *, const bson_t **);

/* session_is_live(session): neither revoked nor expired. */
bool		session_is_live(const struct session *);

/*
 * session_advance(S, A, session, attempt, moved):
 * Go to the generation after that of ${session}, in one conditional update.
 * ${moved}: false if the session went on or ended meanwhile.
 */
enum err	session_advance(struct store *, struct arena *,
		    const struct session *, const char *, bool *);

/* session_end(S, A, sessionId): revoke it; fine if there is none. */
enum err	session_end(struct store *, struct arena *, const char *);

/* session_end_all(S, A, userId): revoke every session of a user. */
enum err	session_end_all(struct store *, struct arena *,
		    const char *);

/* session_end_others(S, A, userId, keep): all but the session ${keep}. */
enum err	session_end_others(struct store *, struct arena *,
		    const char *, const char *);

/* session_erase_all(S, A, userId): as if the user had never logged in. */
enum err	session_erase_all(struct store *, struct arena *,
		    const char *);

/* session_filter(filter, userId): the live sessions of a user. */
void		session_filter(bson_t *, const char *);

#endif /* !SESSION_STORE_H_ */
