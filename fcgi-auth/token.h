/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOKEN_H_
#define TOKEN_H_

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "id.h"

struct arena;

/*
 * Access tokens: JWT [RFC 7519] with HS256.  They name subject, session and
 * times, and nothing that could change while they live.
 *
 * The keys are files KID.key of one folder: 64 hex digits each, for us alone.
 * A KID has 1 to 40 characters of [A-Za-z0-9_-]; the last one in the order of
 * names signs, all of them verify.  So a key is rotated by adding a file with
 * a later name, and ended by removing its file.
 */
struct token_keys;

#define TOKEN_KEYS_MAX	16	/* in the folder */

/* What a token says; times are seconds since 1970. */
struct token {
	char	sub[ID_SIZE];		/* the user */
	char	sid[ID_SIZE];		/* the session */
	char	jti[ID_SIZE];		/* the token itself */
	int64_t	iat;			/* made */
	int64_t	exp;			/* ends */
};

/*
 * token_keys_read(folder, keys):
 * Read the keys.  ERR_NOT_FOUND if there is none, ERR_INVALID if others can
 * read one or it is no key.  Free them with token_keys_free().
 */
enum err	 token_keys_read(const char *, struct token_keys **);

/* token_keys_free(keys): wipe and free; NULL is fine. */
void		 token_keys_free(struct token_keys *);

/* token_keys_signer(keys): the KID of the one that signs. */
const char	*token_keys_signer(const struct token_keys *);

/* token_mint(keys, A, token, text): sign; ${text} lives in ${A}. */
enum err	 token_mint(const struct token_keys *, struct arena *,
		    const struct token *, const char **);

/*
 * token_read(keys, A, text, token):
 * Is this a token that we minted, and is it time for it?  Clocks may differ
 * by 5 s.  Whether the session still lives isn't looked at.
 */
bool		 token_read(const struct token_keys *, struct arena *,
		    const char *, struct token *);

/* token_is_timely(token): made, and not yet ended, give or take 5 s. */
bool	token_is_timely(const struct token *);

#endif /* !TOKEN_H_ */
