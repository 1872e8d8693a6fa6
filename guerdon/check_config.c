/* SPDX-License-Identifier: BSD-2-Clause */
/* check_config: would the workers start? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fcgi-auth/token.h"
#include "command.h"
#include "conf.h"
#include "contract.h"
#include "credential.h"
#include "store.h"

/* Say what is wrong, and count it. */
static int
note(enum err err)
{

	return (err == ERR_OK ? 0 : command_failed(err));
}

static enum err
check_contract(const struct conf *conf, const char *name)
{
	struct contract *C = contract_of(conf->share, name);

	contract_free(C);
	return (C != NULL ? ERR_OK : ERR_INVALID);
}

static enum err
check_key(const struct conf *conf, const char *name)
{
	unsigned char key[CONF_KEY_LEN];
	enum err err;
	char *path;

	if ((path = conf_key_path(conf, name)) == NULL)
		return (ERR_INTERNAL);
	err = conf_key(path, key);
	explicit_bzero(key, sizeof(key));
	free(path);
	return (err);
}

static enum err
check_token_keys(const struct conf *conf)
{
	struct token_keys *keys = NULL;
	char *folder;
	enum err err;

	if ((folder = conf_key_path(conf, "auth/token")) == NULL)
		return (ERR_INTERNAL);
	err = token_keys_read(folder, &keys);
	free(folder);
	token_keys_free(keys);
	return (err);
}

/* There need not be one, but one that is there must be readable. */
static enum err
check_credential(const struct conf *conf)
{
	struct credential credential;
	enum err err;
	char *path;

	if ((path = conf_key_path(conf, "service")) == NULL)
		return (ERR_INTERNAL);
	err = credential_read(path, &credential);
	free(path);
	if (err == ERR_OK && !credential.present)
		(void)printf("there is no service credential; "
		    "\"guerdon service rotate\" makes one\n");
	return (err);
}

static enum err
check_database(const struct conf *conf)
{
	struct store *S;
	enum err err;

	S = store_new(conf->mongo_uri, conf->mongo_db, false);
	err = (S != NULL) ? store_check(S) : ERR_INVALID;
	store_free(S);
	return (err);
}

int
command_check_config(struct context *ctx, int argc, char *argv[])
{
	static const char *const keys[] = { "node.key", "auth/refresh.key", "auth/factor.key",
	    "cursor.key" };
	const struct conf *conf;
	int status, faults = 0;
	size_t i;

	if ((status = command_bare(ctx, argc, argv)) != -1 ||
	    (status = command_configure(ctx)) != -1)
		return (status);
	conf = ctx->conf;
	faults += note(check_contract(conf, "auth"));
	faults += note(check_contract(conf, "event"));
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		faults += note(check_key(conf, keys[i]));
	faults += note(check_token_keys(conf));
	faults += note(check_credential(conf));
	faults += note(check_database(conf));
	if (faults > 0)
		return (EXIT_FAILED);
	(void)printf("%s: ok\n", ctx->conf_path);
	return (EXIT_DONE);
}
