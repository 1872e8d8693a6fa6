/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * key: the keys of access tokens.
 *
 * A key signs until the workers have read a later one, and verifies until its
 * file goes.  So a key may go once the one after it is older than the longest
 * life that a configuration can give a token: by then nothing that it signed
 * is good any more, provided that the workers were told of the later key in
 * time.  A copied folder has younger files, and keeps its keys for longer.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../fcgi-auth/token.h"
#include "clock.h"
#include "command.h"
#include "conf.h"
#include "id.h"
#include "keyfile.h"

#define SUFFIX		".key"
#define LIFE_MAX	(86400 + 60)	/* conf.c's most, and the clocks */

static int
is_key_name(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return (entry->d_name[0] != '.' && len > strlen(SUFFIX) &&
	    strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0);
}

/* The order in which the workers look for the one that signs. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{

	return (strcmp((*a)->d_name, (*b)->d_name));
}

/* Has this file been there for longer than any token lives? */
static bool
is_settled(int folder, const char *name)
{
	struct stat sb;

	return (fstatat(folder, name, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    clock_now() / 1000 - sb.st_mtime > LIFE_MAX);
}

/* Remove the keys whose successor is settled; ${left}: how many stay. */
static enum err
remove_old(int folder, struct dirent **names, int count, int *left)
{
	enum err err = ERR_OK;
	int i;

	*left = count;
	for (i = 0; err == ERR_OK && i + 1 < count; i++) {
		if (!is_settled(folder, names[i + 1]->d_name))
			continue;
		err = keyfile_remove(folder, names[i]->d_name);
		if (err == ERR_OK) {
			(void)printf("removed the key %s\n",
			    names[i]->d_name);
			(*left)--;
		}
	}
	return (err);
}

/* A key whose name comes after all others, or it would not sign. */
static enum err
make_next(int folder, const char *last)
{
	char id[ID_SIZE], name[64];
	enum err err;

	id_new("at", id);
	(void)snprintf(name, sizeof(name), "%s%s", id + 3, SUFFIX);
	if (strcmp(name, last) <= 0)
		return (err_set(ERR_INVALID, "%s: a new key would come before "
		    "it, and not sign; is the clock right?", last));
	if ((err = keyfile_write_key(folder, name)) == ERR_OK)
		(void)printf("made the key %s\n", name);
	return (err);
}

static enum err
rotate(const char *path, int folder)
{
	struct token_keys *keys = NULL;
	struct dirent **names;
	int i, count, left = 0;
	enum err err;

	/* What is there must be good, or the workers would refuse it. */
	if ((err = token_keys_read(path, &keys)) != ERR_OK)
		return (err);
	token_keys_free(keys);
	if ((count = scandir(path, &names, is_key_name, by_name)) < 1)
		return (err_set(ERR_INTERNAL, "%s: %s", path,
		    strerror(errno)));
	err = remove_old(folder, names, count, &left);
	if (err == ERR_OK && left >= TOKEN_KEYS_MAX)
		err = err_set(ERR_INVALID, "%s: there are %d keys already, "
		    "all of them younger than a token may be", path, left);
	if (err == ERR_OK)
		err = make_next(folder, names[count - 1]->d_name);
	for (i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return (err);
}

int
command_key_rotate(struct context *ctx, int argc, char *argv[])
{
	int folder, status;
	enum err err;
	char *path;

	if ((status = command_bare(ctx, argc, argv)) != -1 ||
	    (status = command_configure(ctx)) != -1)
		return (status);
	if ((path = conf_key_path(ctx->conf, "auth/token")) == NULL)
		return (command_failed(ERR_INTERNAL));
	if ((err = keyfile_folder(path, &folder)) == ERR_OK) {
		err = rotate(path, folder);
		(void)close(folder);
	}
	free(path);
	if (err != ERR_OK)
		return (command_failed(err));
	(void)fprintf(stderr, "guerdon: running workers sign with the new key "
	    "after HUP, or USR2 to their multiwatch\n");
	return (EXIT_DONE);
}
