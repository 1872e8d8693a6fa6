/* SPDX-License-Identifier: BSD-2-Clause */
/* fcgi-auth: the auth worker.  Started by spawn-fcgi; see fcgi-auth(8). */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "guess.h"
#include "log.h"
#include "places.h"
#include "probe.h"
#include "security.h"
#include "startup.h"
#include "store.h"
#include "token.h"
#include "verdict.h"
#include "worker.h"

static const struct handler handlers[] = {
	{ "user_create", user_create },
	{ "user_list", user_list },
	{ "user_me", user_me },
	{ "user_get", user_get },
	{ "user_patch", user_patch },
	{ "user_internal_get", user_internal_get },
	{ "user_delete", user_delete },
	{ "account_password", account_password },
	{ "account_delete", account_delete },
	{ "account_export", account_export },
	{ "factor_get", factor_get },
	{ "factor_begin", factor_begin },
	{ "factor_confirm", factor_confirm },
	{ "factor_remove", factor_remove },
	{ "factor_reset", factor_reset },
	{ "session_mine", session_mine },
	{ "session_mine_end", session_mine_end },
	{ "session_mine_end_all", session_mine_end_all },
	{ "session_list", session_list },
	{ "session_revoke", session_revoke },
	{ "session_revoke_all", session_revoke_all },
	{ "staff_create", staff_create },
	{ "session_login", session_login },
	{ "session_refresh", session_refresh },
	{ "session_logout", session_logout },
	{ "token_introspect", token_introspect },
	{ "health_get", health_get },
};

enum err
health_get(struct request *req, struct reply *reply)
{
	struct auth *auth = req->app;

	return (probe_health(auth->store, reply));
}

static enum err
read_key(const struct conf *conf, const char *name,
    unsigned char key[CONF_KEY_LEN])
{
	enum err err;
	char *path;

	if ((path = conf_key_path(conf, name)) == NULL)
		return (ERR_INTERNAL);
	err = conf_key(path, key);
	free(path);
	return (err);
}

static enum err
read_token_keys(const struct conf *conf, struct token_keys **keys)
{
	enum err err;
	char *folder;

	if ((folder = conf_key_path(conf, "auth/token")) == NULL)
		return (ERR_INTERNAL);
	err = token_keys_read(folder, keys);
	free(folder);
	return (err);
}

/* After a reload: does another key sign? */
static void
log_rotation(const struct token_keys *before, const struct token_keys *after)
{
	const char *from, *to = token_keys_signer(after);

	if (before == NULL)
		return;
	from = token_keys_signer(before);
	if (strcmp(from, to) != 0)
		security_log(SECURITY_KEY_ROTATED, NULL, NULL,
		    LOG_STR("from", from), LOG_STR("to", to), LOG_END);
}

/* All of them, or the old ones stay. */
static enum err
read_keys(struct auth *auth)
{
	struct auth fresh = *auth;
	enum err err;

	if ((err = read_key(auth->conf, "auth/refresh.key", fresh.refresh_key)) ==
	    ERR_OK &&
	    (err = read_key(auth->conf, "auth/factor.key", fresh.factor_key)) ==
	    ERR_OK &&
	    (err = read_key(auth->conf, "cursor.key", fresh.cursor_key)) ==
	    ERR_OK &&
	    (err = read_token_keys(auth->conf, &fresh.token_keys)) ==
	    ERR_OK) {
		log_rotation(auth->token_keys, fresh.token_keys);
		token_keys_free(auth->token_keys);
		*auth = fresh;
	}
	sodium_memzero(fresh.refresh_key, sizeof(fresh.refresh_key));
	sodium_memzero(fresh.factor_key, sizeof(fresh.factor_key));
	return (err);
}

static enum err
open_store(struct auth *auth)
{

	auth->store = store_new(auth->conf->mongo_uri, auth->conf->mongo_db,
	    true);
	if (auth->store == NULL)
		return (ERR_INVALID);
	auth->service.idempotency.store = auth->store;
	auth->verdicts = verdicts_open(auth->store, auth->conf->shared);
	if (auth->verdicts == NULL)
		return (ERR_INTERNAL);
	/* What was remembered may be from before it was required. */
	if (auth->conf->require_totp)
		verdicts_forget(auth->verdicts);
	return (ERR_OK);
}

static enum err
open_places(struct auth *auth)
{

	auth->places = places_open(auth->conf->shared,
	    auth->conf->password_hashes);
	return (auth->places != NULL ? ERR_OK : ERR_INVALID);
}

static enum err
start_service(struct auth *auth)
{
	enum err err;

	auth->service.conf = auth->conf;
	auth->service.name = "auth";
	auth->service.handlers = handlers;
	auth->service.nhandlers = sizeof(handlers) / sizeof(handlers[0]);
	auth->service.app = auth;
	auth->service.idempotency.key = auth->cursor_key;
	if ((err = service_start(&auth->service)) != ERR_OK)
		return (err);
	auth->guesses = guesses_open(auth->conf, auth->service.node_key);
	return (auth->guesses != NULL ? ERR_OK : ERR_INTERNAL);
}

static void
auth_serve(void *app, struct request *req, struct reply *reply)
{
	struct auth *auth = app;

	service_serve(&auth->service, req, reply);
}

static void
auth_idle(void *app)
{

	(void)app;
}

static void
auth_reload(void *app)
{
	struct auth *auth = app;

	if (read_keys(auth) != ERR_OK)
		security_log(SECURITY_KEYS_REFUSED, NULL, NULL,
		    LOG_STR("reason", err_detail()), LOG_END);
	else
		verdicts_forget(auth->verdicts);
	service_reload(&auth->service);
}

static void
auth_stop(void *app)
{
	struct auth *auth = app;

	service_stop(&auth->service);
	guesses_close(auth->guesses);
	places_close(auth->places);
	verdicts_close(auth->verdicts);
	store_free(auth->store);
	token_keys_free(auth->token_keys);
	sodium_memzero(auth->refresh_key, sizeof(auth->refresh_key));
	sodium_memzero(auth->factor_key, sizeof(auth->factor_key));
}

int
main(int argc, char *argv[])
{
	struct auth auth = { .conf = NULL };
	struct worker worker = {
		.name = "fcgi-auth",
		.app = &auth,
		.body_max = CONTRACT_BODY_MAX,
		.serve = auth_serve,
		.idle = auth_idle,
		.reload = auth_reload,
		.stop = auth_stop,
	};
	int status;

	auth.conf = startup(worker.name, argc, argv);
	worker.conf = auth.conf;

	/* Keys, contract, database. */
	if (read_keys(&auth) != ERR_OK ||
	    start_service(&auth) != ERR_OK ||
	    open_places(&auth) != ERR_OK ||
	    open_store(&auth) != ERR_OK)
		worker_refuse();

	/* Data of another version refuses us here; a database that is away
	 * may come back, and until then we answer 503. */
	if (store_ping(auth.store) != ERR_OK)
		log_write(LOG_WARN, "started without the database",
		    LOG_STR("reason", err_detail()), LOG_END);

	sandbox_reads(&worker.sandbox, auth.conf->share);
	sandbox_reads(&worker.sandbox, auth.conf->keys);
	store_sandbox(auth.store, &worker.sandbox);
	status = worker_run(&worker);
	conf_free(auth.conf);
	return (status);
}
