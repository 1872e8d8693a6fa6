/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf: the configuration file.  To add a key: a member in conf.h, a row in
 * the table here, a line in ../guerdon.conf and in man/guerdon.conf.5.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "log.h"
#include "num.h"

#ifndef GUERDON_SHARE
#define GUERDON_SHARE	"/usr/local/share/guerdon"
#endif

enum kind {
	TEXT, PATH, SOCKET, SWITCH, NUMBER, LEVEL, RATES, NETWORKS, USERS,
	ORIGINS
};

static const struct row {
	const char	*key;
	enum kind	 kind;
	size_t		 offset;
	const char	*value;		/* default; NULL: must be given */
	int64_t		 min, max;
} rows[] = {
#define ROW(k, kind, value, min, max) \
	{ #k, kind, offsetof(struct conf, k), value, min, max }
	ROW(home, TEXT, "", 0, 0),
	ROW(keys, PATH, "keys", 0, 0),
	ROW(share, PATH, GUERDON_SHARE, 0, 0),
	ROW(shared, PATH, "run", 0, 0),
	ROW(mongo_uri, TEXT, NULL, 0, 0),
	ROW(mongo_db, TEXT, "guerdon", 0, 0),
	ROW(auth_socket, SOCKET, "run/fcgi-auth.sock", 0, 0),
	ROW(event_socket, SOCKET, "run/fcgi-event.sock", 0, 0),
	ROW(log_level, LEVEL, "info", 0, 0),
	ROW(limits, SWITCH, "on", 0, 0),
#define RATES_ROW(k, member, value) \
	{ #k, RATES, offsetof(struct conf, member), value, 0, 0 }
	RATES_ROW(limit_login, rates[RATE_LOGIN], "600/60 30/60"),
	RATES_ROW(limit_sign_up, rates[RATE_SIGN_UP], "600/600 60/60"),
	RATES_ROW(limit_refresh, rates[RATE_REFRESH], "1200/60 60/60"),
	RATES_ROW(limit_claim, rates[RATE_CLAIM], "6000/60 240/60"),
	RATES_ROW(limit_read, rates[RATE_READ], "12000/60 1200/60"),
	RATES_ROW(limit_write, rates[RATE_WRITE], "6000/60 1200/60"),
	RATES_ROW(limit_guess, guesses, "100/900 10/900"),
#undef RATES_ROW
	ROW(ratelimit_headers, SWITCH, "off", 0, 0),
	ROW(trusted_proxies, NETWORKS, "", 0, 0),
	ROW(peer_users, USERS, "", 0, 0),
	ROW(cors_origins, ORIGINS, "", 0, 0),
	ROW(request_timeout, NUMBER, "1900", 100, 60000),
	ROW(access_token_ttl, NUMBER, "900", 1, 86400),
	ROW(refresh_token_ttl, NUMBER, "2592000", 60, 31536000),
	ROW(refresh_grace, NUMBER, "10", 0, 60),
	ROW(password_min_length, NUMBER, "10", 8, 64),
	ROW(password_hashes, NUMBER, "0", 0, 256),
	ROW(require_totp, SWITCH, "off", 0, 0),
	ROW(spool_max, NUMBER, "67108864", 65536, 1073741824),
#undef ROW
};

#define NROWS	(sizeof(rows) / sizeof(rows[0]))

static void *
member(struct conf *conf, const struct row *row)
{

	return ((char *)conf + row->offset);
}

char *
conf_path(const struct conf *conf, const char *path)
{
	char *out;

	if (path[0] == '/')
		return (strdup(path));
	if (asprintf(&out, "%s/%s", conf->home, path) == -1)
		return (NULL);
	return (out);
}

/* Is its member a text of its own? */
static bool
is_text(const struct row *row)
{

	return (row->kind == TEXT || row->kind == PATH ||
	    row->kind == SOCKET || row->kind == LEVEL);
}

static enum err
set_text(struct conf *conf, const struct row *row, const char *value)
{
	char **text = member(conf, row);
	bool whole = row->kind == TEXT || row->kind == LEVEL ||
	    (row->kind == SOCKET && strchr(value, ':') != NULL);

	free(*text);
	*text = whole ? strdup(value) : conf_path(conf, value);
	if (*text == NULL)
		return (err_set(ERR_INTERNAL, "out of memory"));
	return (ERR_OK);
}

/* "BURST/SECONDS BURST/SECONDS": of an address, and of who is behind it. */
static bool
read_rates(const char *value, struct rates *rates)
{
	size_t len = strcspn(value, " \t");
	char first[64];

	if (len >= sizeof(first))
		return (false);
	memcpy(first, value, len);
	first[len] = '\0';
	value += len;
	value += strspn(value, " \t");
	return (rate_parse(first, &rates->address) &&
	    rate_parse(value, &rates->user));
}

static enum err
set_value(struct conf *conf, const struct row *row, const char *value)
{
	bool on = strcmp(value, "on") == 0;

	switch (row->kind) {
	case NUMBER:
		if (!num_parse(value, row->min, row->max, member(conf, row)))
			return (err_set(ERR_INVALID,
			    "%s: want a number from %lld to %lld", row->key,
			    (long long)row->min, (long long)row->max));
		return (ERR_OK);
	case SWITCH:
		if (!on && strcmp(value, "off") != 0)
			return (err_set(ERR_INVALID, "%s: want on or off",
			    row->key));
		*(bool *)member(conf, row) = on;
		return (ERR_OK);
	case RATES:
		if (!read_rates(value, member(conf, row)))
			return (err_set(ERR_INVALID, "%s: want two rates such "
			    "as 600/60 30/60: so many at once, and again in "
			    "so many seconds", row->key));
		return (ERR_OK);
	case NETWORKS:
		if (!networks_parse(value, member(conf, row)))
			return (err_set(ERR_INVALID, "%s: want addresses or "
			    "networks such as 10.0.0.0/8", row->key));
		return (ERR_OK);
	case USERS:
		if (!users_parse(value, member(conf, row)))
			return (err_set(ERR_INVALID, "%s: want names or "
			    "numbers of users of this machine, %d at most",
			    row->key, USERS_MAX));
		return (ERR_OK);
	case ORIGINS:
		if (!origins_parse(value, member(conf, row)))
			return (err_set(ERR_INVALID, "%s: want origins as "
			    "browsers send them, such as https://example.org "
			    "or http://localhost:3000", row->key));
		return (ERR_OK);
	case LEVEL:
		if (log_level_parse(value) < 0)
			return (err_set(ERR_INVALID, "%s: want debug, info, "
			    "warning or error", row->key));
		break;
	case TEXT:
	case PATH:
	case SOCKET:
		if (value[0] == '\0')
			return (err_set(ERR_INVALID, "%s: want a value",
			    row->key));
		break;
	}
	return (set_text(conf, row, value));
}

static char *
trim(char *s)
{
	size_t len;

	s += strspn(s, " \t");
	len = strlen(s);
	while (len > 0 && strchr(" \t\r\n", s[len - 1]) != NULL)
		len--;
	s[len] = '\0';
	return (s);
}

static const struct row *
find_row(const char *key)
{
	size_t i;

	for (i = 0; i < NROWS; i++)
		if (strcmp(rows[i].key, key) == 0)
			return (&rows[i]);
	return (NULL);
}

/* Keep the value of one line in ${values}; it is set once home is known. */
static enum err
read_line(char *line, char *values[])
{
	const struct row *row;
	char *key, *value;

	key = trim(line);
	if (key[0] == '\0' || key[0] == '#')
		return (ERR_OK);
	if ((value = strchr(key, '=')) == NULL)
		return (err_set(ERR_INVALID, "want key = value"));
	*value++ = '\0';
	key = trim(key);
	if ((row = find_row(key)) == NULL)
		return (err_set(ERR_INVALID, "no such key: %s", key));
	if (values[row - rows] != NULL)
		return (err_set(ERR_INVALID, "%s is given twice", key));
	if ((values[row - rows] = strdup(trim(value))) == NULL)
		return (err_set(ERR_INTERNAL, "out of memory"));
	return (ERR_OK);
}

static enum err
read_lines(FILE *f, const char *path, char *values[])
{
	char *line = NULL, what[256];
	size_t size = 0;
	int number = 0;
	enum err err = ERR_OK;

	while (err == ERR_OK && getline(&line, &size, f) != -1) {
		number++;
		err = read_line(line, values);
	}
	if (err != ERR_OK) {
		(void)snprintf(what, sizeof(what), "%s", err_detail());
		err = err_set(err, "%s:%d: %s", path, number, what);
	}
	free(line);
	return (err);
}

/* ${home} defaults to the folder that the file lies in. */
static enum err
set_home(struct conf *conf, const char *path, const char *value)
{
	char *whole;

	if (value != NULL && value[0] != '/')
		return (err_set(ERR_INVALID, "%s: home: want an absolute path",
		    path));
	if (value != NULL)
		conf->home = strdup(value);
	else if ((whole = realpath(path, NULL)) != NULL) {
		conf->home = strdup(dirname(whole));
		free(whole);
	}
	if (conf->home == NULL)
		return (err_set(ERR_INTERNAL, "%s: home: %s", path,
		    strerror(errno)));
	return (ERR_OK);
}

static enum err
set_all(struct conf *conf, const char *path, char *values[])
{
	const struct row *row;
	const char *value;
	enum err err;
	char what[256];

	/* home is the first row; the others may count from it. */
	err = set_home(conf, path, values[0]);
	for (row = rows + 1; err == ERR_OK && row < rows + NROWS; row++) {
		value = values[row - rows];
		if (value == NULL)
			value = row->value;
		err = (value != NULL) ? set_value(conf, row, value) :
		    err_set(ERR_INVALID, "%s is missing", row->key);
		if (err == ERR_OK)
			continue;
		(void)snprintf(what, sizeof(what), "%s", err_detail());
		err = err_set(err, "%s: %s", path, what);
	}
	return (err);
}

struct conf *
conf_read(const char *path)
{
	char *values[NROWS] = { NULL };
	struct conf *conf = NULL;
	enum err err = ERR_INTERNAL;
	size_t i;
	FILE *f;

	if ((f = fopen(path, "re")) == NULL) {
		(void)err_set(err, "%s: %s", path, strerror(errno));
		return (NULL);
	}
	if ((conf = calloc(1, sizeof(*conf))) != NULL &&
	    (err = read_lines(f, path, values)) == ERR_OK)
		err = set_all(conf, path, values);
	for (i = 0; i < NROWS; i++)
		free(values[i]);
	(void)fclose(f);
	if (err != ERR_OK) {
		conf_free(conf);
		return (NULL);
	}
	return (conf);
}

void
conf_free(struct conf *conf)
{
	const struct row *row;

	if (conf == NULL)
		return;
	for (row = rows; row < rows + NROWS; row++)
		if (is_text(row))
			free(*(char **)member(conf, row));
	free(conf);
}

char *
conf_key_path(const struct conf *conf, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", conf->keys, name) != -1)
		return (path);
	(void)err_set(ERR_INTERNAL, "out of memory");
	return (NULL);
}

/* 32 random bytes have fewer than 16 different values once in 10^16. */
static bool
is_random(const unsigned char key[CONF_KEY_LEN])
{
	bool seen[256] = { false };
	int i, different = 0;

	for (i = 0; i < CONF_KEY_LEN; i++) {
		different += !seen[key[i]];
		seen[key[i]] = true;
	}
	return (different >= 16);
}

enum err
conf_key(const char *path, unsigned char key[CONF_KEY_LEN])
{
	char text[2 * CONF_KEY_LEN + 3] = "";	/* newline, one more, NUL */
	enum err err;
	size_t len;

	err = conf_secret(path, text, sizeof(text) - 1, &len);
	if (err != ERR_OK)
		return (err);
	if (len > 0 && text[len - 1] == '\n')
		text[len - 1] = '\0';
	if (!num_hex(text, key, CONF_KEY_LEN))
		err = err_set(ERR_INVALID, "%s: want 64 hex digits", path);
	else if (!is_random(key))
		err = err_set(ERR_INVALID, "%s: not random, and so no key",
		    path);
	explicit_bzero(text, sizeof(text));
	return (err);
}

static bool
stat_folder(const char *path, struct stat *sb)
{
	const char *slash = strrchr(path, '/');
	char folder[4096];

	if (slash == NULL || (size_t)(slash - path) >= sizeof(folder))
		return (false);
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = '\0';
	return (stat(folder, sb) == 0);
}

/*
 * May a group read it?  Where each kind of worker has its own user, what they
 * all need is root's, in a folder of root's, both for one group of theirs.
 */
static bool
is_shared(const char *path, const struct stat *sb)
{
	struct stat folder;

	return ((sb->st_mode & 077) == 040 && sb->st_uid == 0 &&
	    sb->st_gid != 0 && stat_folder(path, &folder) &&
	    folder.st_uid == 0 && folder.st_gid == sb->st_gid &&
	    (folder.st_mode & 077) == 050);
}

/* Root, who runs the command line, also takes what its folder's owner has. */
static bool
is_trusted(const char *path, const struct stat *sb)
{
	struct stat folder;

	return (sb->st_uid == geteuid() || sb->st_uid == 0 ||
	    (geteuid() == 0 && stat_folder(path, &folder) &&
	    folder.st_uid == sb->st_uid));
}

enum err
conf_secret(const char *path, void *secret, size_t size, size_t *len)
{
	struct stat sb;
	enum err err = ERR_OK;
	ssize_t got;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) == -1)
		return (err_set(ERR_NOT_FOUND, "%s: %s", path,
		    strerror(errno)));
	if (fstat(fd, &sb) == -1 || !S_ISREG(sb.st_mode))
		err = err_set(ERR_INVALID, "%s: not a regular file", path);
	else if (((sb.st_mode & 077) != 0 && !is_shared(path, &sb)) ||
	    !is_trusted(path, &sb))
		err = err_set(ERR_INVALID, "%s: others may read it; "
		    "chmod 600 and chown it", path);
	else if ((got = read(fd, secret, size)) < 0)
		err = err_set(ERR_INVALID, "%s: %s", path, strerror(errno));
	else
		*len = (size_t)got;
	(void)close(fd);
	return (err);
}
