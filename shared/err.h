/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ERR_H_
#define ERR_H_

/*
 * Outcomes.  A function that can fail returns enum err; the one that finds
 * the fault says so with err_set(), and every caller passes the value up.
 * The one table of err.c gives each outcome its HTTP status, its stable
 * public code and its title [RFC 9457].  What a noun alone can refuse (an
 * email address that is taken) is a row of that noun's own file, passed up
 * by err_refuse() as ERR_REFUSED.
 *
 * The detail of the last fault is kept in one place per process, like errno.
 */
enum err {
	ERR_OK = 0,
	ERR_MALFORMED_REQUEST,	/* not a request that we can read */
	ERR_MALFORMED_JSON,	/* the body is not JSON */
	ERR_INVALID,		/* JSON, but refused by the schema */
	ERR_CURSOR,		/* not a cursor of ours, or of this list */
	ERR_UNAUTHENTICATED,	/* no credentials */
	ERR_TOKEN,		/* credentials, but bad ones */
	ERR_ROLE,		/* signed in, but may not */
	ERR_NO_SUBJECT,		/* needs a user; a service has none */
	ERR_NOT_FOUND,
	ERR_METHOD,		/* known path, other method */
	ERR_EXISTS,		/* a unique key is taken (store) */
	ERR_PRECONDITION,	/* If-Match names another version */
	ERR_BODY_SIZE,
	ERR_MEDIA_TYPE,
	ERR_PRECONDITION_REQUIRED,
	ERR_RATE,
	ERR_HEADER_SIZE,
	ERR_REFUSED,		/* a noun's own row: see err_refuse() */
	ERR_INTERNAL,		/* a fault of ours */
	ERR_AWAY,		/* database or a worker can't be reached */
	ERR_COUNT
};

/* A row: the HTTP status, the stable code (UPPER_SNAKE) and the title. */
struct err_row {
	int		 status;
	const char	*code;
	const char	*title;
};

/*
 * err_set(err, fmt, ...):
 * Remember a detail that the client may read, and return ${err}.  ${fmt} may
 * be NULL: no detail.  Text of a library belongs to the log, never here.
 */
enum err	err_set(enum err, const char *, ...)
		    __attribute__((__format__(__printf__, 2, 3)));

/* What only tools/analyze needs to be told: it returns what it was given. */
#ifdef ANALYSER
#define err_set(err, ...)	(err_set((err), __VA_ARGS__), (err))
#endif

/*
 * err_refuse(row, fmt, ...):
 * The same for a noun's own row, which must outlive the request.  Returns
 * ERR_REFUSED.
 */
enum err	err_refuse(const struct err_row *, const char *, ...)
		    __attribute__((__format__(__printf__, 2, 3)));

/* err_row(err): the row of ${err}; for ERR_REFUSED that of err_refuse(). */
const struct err_row *err_row(enum err);

/* err_detail(void): the remembered detail, "" if there is none. */
const char	*err_detail(void);

/* err_clear(void): forget the detail and the row; done for each request. */
void		 err_clear(void);

#endif /* !ERR_H_ */
