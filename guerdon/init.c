/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * init: make what an installation needs before its workers start: keys,
 * indexes, the guard of the administrators, the version of the data.
 *
 * It may be run again at any time, also twice at once.  The version is
 * written last: workers take a database with it for complete.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../fcgi-auth/token.h"
#include "../fcgi-auth/user_store.h"
#include "arena.h"
#include "clock.h"
#include "command.h"
#include "conf.h"
#include "id.h"
#include "indexes.h"
#include "keyfile.h"
#include "store.h"

static enum err
make_key(int folder, const char *name)
{
	enum err err;

	if (keyfile_exists(folder, name))
		return (ERR_OK);
	if ((err = keyfile_write_key(folder, name)) == ERR_OK)
		(void)printf("made the key %s\n", name);
	return (err);
}

/* A first key for access tokens, if there is none at all. */
static enum err
make_token_key(const struct conf *conf)
{
	char *path, id[ID_SIZE], name[64];
	struct token_keys *keys = NULL;
	int folder;
	enum err err;

	if ((path = conf_key_path(conf, "auth/token")) == NULL)
		return (ERR_INTERNAL);
	if ((err = keyfile_folder(path, &folder)) == ERR_OK) {
		if ((err = token_keys_read(path, &keys)) == ERR_NOT_FOUND) {
			id_new("at", id);
			(void)snprintf(name, sizeof(name), "%s.key", id + 3);
			err = make_key(folder, name);
		}
		(void)close(folder);
	}
	token_keys_free(keys);
	free(path);
	return (err);
}

/* What only the auth workers need lies in a folder of its own, which another
 * container or user need not have. */
static enum err
make_auth_keys(const struct conf *conf)
{
	char *path;
	int folder;
	enum err err;

	if ((path = conf_key_path(conf, "auth")) == NULL)
		return (ERR_INTERNAL);
	if ((err = keyfile_folder(path, &folder)) == ERR_OK) {
		if ((err = make_key(folder, "refresh.key")) == ERR_OK &&
		    (err = make_key(folder, "factor.key")) == ERR_OK)
			err = make_token_key(conf);
		(void)close(folder);
	}
	free(path);
	return (err);
}

static enum err
make_keys(const struct conf *conf)
{
	int folder;
	enum err err;

	if ((err = keyfile_folder(conf->keys, &folder)) != ERR_OK)
		return (err);
	if ((err = make_key(folder, "node.key")) == ERR_OK &&
	    (err = make_key(folder, "cursor.key")) == ERR_OK)
		err = make_auth_keys(conf);
	(void)close(folder);
	return (err);
}

/* What the caches of the event workers count their generations by. */
static enum err
make_versions(struct store *S, struct arena *A)
{
	enum err err;

	err = store_insert(S, "versions", DOC(A, "_id", BCON_UTF8("events"),
	    "n", BCON_INT64(0), "pending", "{", "}"));
	return (err == ERR_EXISTS ? ERR_OK : err);
}

/*
 * Version 1 knew no limits and no choice.  What an event or reward lacks is
 * given the value that means what was true; snapshots of claims stay as they
 * were.
 */
static enum err
migrate_1(struct store *S, struct arena *A)
{
	enum err err;

	err = store_update_all(S, "events", DOC(A, "choice", "{", "$exists",
	    BCON_BOOL(false), "}"), DOC(A, "$set", "{",
	    "choice", BCON_UTF8("ALL"), "claimLimit", BCON_NULL, "}"));
	if (err != ERR_OK)
		return (err);
	return (store_update_all(S, "events", DOC(A, "rewards", "{",
	    "$elemMatch", "{", "requiresApproval", "{", "$exists",
	    BCON_BOOL(false), "}", "}", "}"), DOC(A, "$set", "{",
	    "rewards.$[].stock", BCON_NULL,
	    "rewards.$[].requiresApproval", BCON_BOOL(false),
	    "rewards.$[].claimWindow", BCON_NULL, "}")));
}

static enum err
make_data(struct store *S, struct arena *A, int64_t version)
{
	enum err err;

	if ((err = indexes_make(S, A)) == ERR_OK &&
	    (err = user_guard(S)) == ERR_OK)
		err = make_versions(S, A);
	if (err == ERR_OK && version == 1)
		err = migrate_1(S, A);
	return (err == ERR_OK ? store_set_version(S, version) : err);
}

static enum err
prepare_database(const struct conf *conf, struct arena *A)
{
	int64_t version;
	struct store *S;
	enum err err;

	S = store_new(conf->mongo_uri, conf->mongo_db, false);
	if (S == NULL)
		return (ERR_INVALID);
	if ((err = store_version(S, &version)) == ERR_OK) {
		if (version > STORE_VERSION)
			err = store_check(S);
		else
			err = make_data(S, A, version);
		if (err == ERR_OK && version < STORE_VERSION)
			(void)printf("the database %s has version %d now\n",
			    conf->mongo_db, STORE_VERSION);
	}
	store_free(S);
	return (err);
}

int
command_init(struct context *ctx, int argc, char *argv[])
{
	int status;
	enum err err;

	if ((status = command_bare(ctx, argc, argv)) != -1 ||
	    (status = command_configure(ctx)) != -1)
		return (status);
	if ((err = make_keys(ctx->conf)) == ERR_OK)
		err = prepare_database(ctx->conf, ctx->arena);
	return (err == ERR_OK ? EXIT_DONE : command_failed(err));
}
