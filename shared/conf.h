/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CONF_H_
#define CONF_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "err.h"
#include "origin.h"
#include "ratelimit.h"
#include "users.h"

/*
 * guerdon.conf: lines of "key = value"; "#" starts a comment.  The table in
 * conf.c is the only list of keys: names, types, ranges, defaults.  All paths
 * are absolute once the file is read; a relative one counts from ${home}.
 */
struct conf {
	char	*home;			/* folder of this installation */
	char	*keys;			/* folder of its secrets, 0700 */
	char	*share;			/* folder with fcgi-NAME/api.json */
	char	*shared;		/* folder of the shared-memory files */
	char	*mongo_uri;
	char	*mongo_db;
	char	*auth_socket;		/* path, or host:port */
	char	*event_socket;
	char	*log_level;
	bool	 limits;		/* rate limits and throttles */
	struct rates rates[RATE_CLASSES];	/* of a class */
	struct rates guesses;		/* wrong passwords: address, account */
	bool	 ratelimit_headers;	/* tell clients what is left */
	struct networks trusted_proxies;
	struct users peer_users;	/* who may connect to the workers */
	struct origins cors_origins;	/* whose pages may read answers */
	int64_t	 request_timeout;	/* ms, gateway's whole answer */
	int64_t	 access_token_ttl;	/* seconds */
	int64_t	 refresh_token_ttl;	/* seconds */
	int64_t	 password_min_length;	/* characters */
	int64_t	 password_hashes;	/* at once on the node; 0: by cores */
	bool	 require_totp;		/* staff needs a second factor */
	int64_t	 refresh_grace;		/* seconds; 0: none */
	int64_t	 spool_max;		/* bytes of one audit spool */
};

/*
 * conf_read(path, conf):
 * Read and check a file.  On failure the line and what is wrong with it is
 * err_detail().  Return NULL then; free the result with conf_free().
 */
struct conf	*conf_read(const char *);

/* conf_free(conf): NULL is fine. */
void		 conf_free(struct conf *);

/*
 * conf_path(conf, path): ${path}, from ${home} if it is relative.  The caller
 * frees it; NULL if there is no memory.
 */
char		*conf_path(const struct conf *, const char *);

/*
 * conf_key_path(conf, name): the file ${name} of the folder ${keys}.  The
 * caller frees it; NULL, with err_detail(), if there is no memory.
 */
char		*conf_key_path(const struct conf *, const char *);

/*
 * conf_key(path, key):
 * Read a key: a file of 64 lower-case hex digits that conf_secret() allows.
 * ERR_INVALID also for a key that nobody drew at random.
 */
#define CONF_KEY_LEN	32
enum err	 conf_key(const char *, unsigned char[CONF_KEY_LEN]);

/*
 * conf_secret(path, secret, size, len):
 * Read a file of secrets, which must be a regular file of ours that nobody
 * else may read or write; or one of root's that a group may read, mode 0640,
 * in a folder of root's and of that group, mode 0750.  At most ${size} bytes;
 * the number read is ${len}.
 */
enum err	 conf_secret(const char *, void *, size_t, size_t *);

#endif /* !CONF_H_ */
