/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REFRESH_TOKEN_H_
#define REFRESH_TOKEN_H_

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "id.h"

/*
 * Refresh tokens: "SESSION.GENERATION.MAC".  The MAC is HMAC-SHA-256 over
 * session, generation and the session's seed, with a key that the database
 * never sees.  So a token is derived, not stored: the same one can be made
 * again, and who reads the database can use none.
 */
#define REFRESH_TOKEN_SIZE	96
#define REFRESH_SEED_LEN	32

/* refresh_token_parse(text, sid, generation): what it says, unproven. */
bool	refresh_token_parse(const char *, char[ID_SIZE], int64_t *);

/* refresh_token_make(key, sid, generation, seed, text): derive a token. */
void	refresh_token_make(const unsigned char[CONF_KEY_LEN], const char *,
	    int64_t, const unsigned char[REFRESH_SEED_LEN],
	    char[REFRESH_TOKEN_SIZE]);

/*
 * refresh_token_check(key, sid, generation, seed, text):
 * Is ${text}, byte for byte, the token that would be made?
 */
bool	refresh_token_check(const unsigned char[CONF_KEY_LEN], const char *,
	    int64_t, const unsigned char[REFRESH_SEED_LEN], const char *);

#endif /* !REFRESH_TOKEN_H_ */
