/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ORIGIN_H_
#define ORIGIN_H_

#include <stdbool.h>
#include <stddef.h>

/*
 * Web origins [RFC 6454], spelled as browsers send them: "scheme://host" and
 * ":port" if it isn't the scheme's own.  So two origins are the same if their
 * bytes are.
 */
#define ORIGIN_SIZE	280	/* a host name has at most 253 bytes */
#define ORIGINS_MAX	16	/* in one list */

struct origins {
	size_t	count;
	char	list[ORIGINS_MAX][ORIGIN_SIZE];
};

/*
 * origins_parse(text, origins):
 * Read a list that is separated by spaces or commas; an empty one is fine.
 * False if a word is no origin as a browser sends it: "*", "null", a path, a
 * default port, capital letters, a scheme that is neither http nor https.
 */
bool	origins_parse(const char *, struct origins *);

/* origins_have(origins, text): is it one of them, byte for byte? */
bool	origins_have(const struct origins *, const char *);

#endif /* !ORIGIN_H_ */
