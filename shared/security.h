/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SECURITY_H_
#define SECURITY_H_

struct request;

/*
 * Security events: log lines that bear "security":true and a code of their
 * own, whatever log_level is.  They say who, what and whence by ids and
 * addresses, and never a secret or an email.
 *
 * This is the only list of the codes: X(code, level, message).  A code never
 * changes its meaning once it is published; SECURITY.md explains them all.
 */
#define SECURITY_EVENTS(X) \
	X(LOGIN, LOG_INFO, "logged in") \
	X(LOGIN_UNKNOWN, LOG_WARN, "login refused: nobody has this email") \
	X(LOGIN_PASSWORD, LOG_WARN, "login refused: wrong password") \
	X(LOGIN_DISABLED, LOG_WARN, "login refused: the user is disabled") \
	X(LOGIN_OVERTAKEN, LOG_WARN, "login refused: the user has changed") \
	X(LOGIN_CODE_ASKED, LOG_INFO, "second factor asked for") \
	X(LOGIN_CODE_WRONG, LOG_WARN, "login refused: wrong code") \
	X(LOGIN_CODE_REPLAYED, LOG_WARN, "login refused: the code was used") \
	X(PASSWORD_WRONG, LOG_WARN, "wrong password") \
	X(CODE_WRONG, LOG_WARN, "wrong code") \
	X(CODE_REPLAYED, LOG_WARN, "the code was used") \
	X(REFRESH_REFUSED, LOG_WARN, "refresh refused") \
	X(REFRESH_REUSE, LOG_WARN, "refresh token used twice, session ended") \
	X(TOKEN_REFUSED, LOG_WARN, "bad access token") \
	X(ROLE_REFUSED, LOG_WARN, "the role may not do this") \
	X(SERVICE_REFUSED, LOG_WARN, "bad service credential") \
	X(NODE_KEY_REFUSED, LOG_WARN, "a forged inner call") \
	X(PEER_REFUSED, LOG_WARN, "a peer of another user was refused") \
	X(RATE_LIMITED, LOG_WARN, "rate limited") \
	X(GUESSES_LIMITED, LOG_WARN, "sign-in throttled") \
	X(CODES_LIMITED, LOG_WARN, "too many wrong codes") \
	X(LIMITS_OFF, LOG_WARN, "no rate limits and no throttles: " \
	    "limits is off") \
	X(USER_CREATED, LOG_INFO, "user made") \
	X(USER_ENABLED, LOG_INFO, "user enabled") \
	X(USER_DISABLED, LOG_INFO, "user disabled") \
	X(USER_DELETED, LOG_INFO, "user erased") \
	X(ROLE_CHANGED, LOG_INFO, "role changed") \
	X(PASSWORD_CHANGED, LOG_INFO, "password changed") \
	X(FACTOR_SET, LOG_INFO, "second factor set up") \
	X(FACTOR_REMOVED, LOG_INFO, "second factor removed") \
	X(FACTOR_RESET, LOG_INFO, "second factor taken away") \
	X(FACTOR_UNREADABLE, LOG_ERROR, "a second factor can't be read: " \
	    "has auth/factor.key changed?") \
	X(SESSION_ENDED, LOG_INFO, "session ended") \
	X(SESSIONS_ENDED, LOG_INFO, "sessions ended") \
	X(KEY_ROTATED, LOG_INFO, "another key signs access tokens") \
	X(KEYS_RELOADED, LOG_INFO, "reloaded") \
	X(KEYS_REFUSED, LOG_ERROR, "reload refused, the old state is kept")

enum security_event {
#define X(code, level, message) SECURITY_##code,
	SECURITY_EVENTS(X)
#undef X
	SECURITY_COUNT
};

/*
 * security_log(event, req, user, field, ..., LOG_END):
 * Write the line of an event.  ${req} adds trace, client, operation and who
 * asked ("by"), NULL: none; ${user} is the id of whom it is about, NULL:
 * unknown; the fields are those of log.h.
 */
void	security_log(enum security_event, const struct request *,
	    const char *, ...);

#endif /* !SECURITY_H_ */
