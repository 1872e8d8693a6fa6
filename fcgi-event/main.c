/* SPDX-License-Identifier: BSD-2-Clause */
/* fcgi-event: the event worker.  Started by spawn-fcgi; see fcgi-event(8). */
#include <stdlib.h>

#include "app.h"
#include "audit.h"
#include "catalog.h"
#include "commit.h"
#include "conf.h"
#include "log.h"
#include "probe.h"
#include "request.h"
#include "security.h"
#include "startup.h"
#include "stock.h"
#include "store.h"
#include "worker.h"

#define SPOOL	"data/spool"

static const struct handler handlers[] = {
	{ "event_create", event_create },
	{ "event_list", event_list },
	{ "event_get", event_get },
	{ "event_patch", event_patch },
	{ "reward_create", reward_create },
	{ "reward_list", reward_list },
	{ "reward_get", reward_get },
	{ "reward_patch", reward_patch },
	{ "claim_create", claim_create },
	{ "claim_list", claim_list },
	{ "claim_get", claim_get },
	{ "claim_mine", claim_mine },
	{ "claim_approve", claim_approve },
	{ "claim_reject", claim_reject },
	{ "claim_revoke", claim_revoke },
	{ "claim_eligibility", claim_eligibility },
	{ "activity_create", activity_create },
	{ "attributes_set", attributes_set },
	{ "progress_get", progress_get },
	{ "audit_list", audit_list },
	{ "audit_mine", audit_mine },
	{ "health_get", health_get },
};

enum err
health_get(struct request *req, struct reply *reply)
{
	struct app *app = req->app;

	return (probe_health(app->store, reply));
}

static enum err
before(void *ctx, struct request *req)
{
	struct app *app = ctx;

	return (audit_before(app->audit, req));
}

static void
after(void *ctx, struct request *req, const struct reply *reply)
{
	struct app *app = ctx;

	audit_after(app->audit, req, reply);
}

static void
event_serve(void *ctx, struct request *req, struct reply *reply)
{
	struct app *app = ctx;

	service_serve(&app->service, req, reply);
}

static void
event_idle(void *ctx)
{
	struct app *app = ctx;

	audit_idle(app->audit);
	stock_idle(app->stock);
}

static enum err
read_cursor_key(struct app *app)
{
	char *path;
	enum err err;

	if ((path = conf_key_path(app->conf, "cursor.key")) == NULL)
		return (ERR_INTERNAL);
	err = conf_key(path, app->cursor_key);
	free(path);
	return (err);
}

static void
event_reload(void *ctx)
{
	struct app *app = ctx;

	if (read_cursor_key(app) != ERR_OK)
		security_log(SECURITY_KEYS_REFUSED, NULL, NULL,
		    LOG_STR("reason", err_detail()), LOG_END);
	service_reload(&app->service);
}

static void
event_stop(void *ctx)
{
	struct app *app = ctx;

	audit_free(app->audit);
	commit_close(app->commit);
	stock_free(app->stock);
	catalog_close(app->catalog);
	store_free(app->store);
	service_stop(&app->service);
}

/* The database may be away for now, but not of another version. */
static enum err
open_store(struct app *app)
{
	enum err err;

	app->store = store_new(app->conf->mongo_uri, app->conf->mongo_db,
	    true);
	if (app->store == NULL)
		return (ERR_INVALID);
	app->service.idempotency.store = app->store;
	if ((err = store_check(app->store)) == ERR_AWAY) {
		log_write(LOG_WARN, "the database is away; claims are 503 "
		    "until it is back", LOG_END);
		err = ERR_OK;
	}
	return (err);
}

static enum err
open_audit(struct app *app)
{
	char *dir;

	if ((dir = conf_path(app->conf, SPOOL)) == NULL)
		return (err_set(ERR_INTERNAL, "out of memory"));
	app->audit = audit_new(app->store, dir, app->conf->spool_max);
	free(dir);
	return (app->audit != NULL ? ERR_OK : ERR_INTERNAL);
}

static enum err
event_start(struct app *app)
{
	enum err err;

	if ((err = service_start(&app->service)) == ERR_OK &&
	    (err = read_cursor_key(app)) == ERR_OK &&
	    (err = open_store(app)) == ERR_OK &&
	    (err = open_audit(app)) == ERR_OK) {
		app->catalog = catalog_open(app->store, app->conf->shared);
		app->stock = stock_new(app->store);
		app->commit = commit_open(app->store, app->conf,
		    app->cursor_key);
		err = (app->catalog != NULL && app->stock != NULL &&
		    app->commit != NULL) ? ERR_OK : ERR_INTERNAL;
	}
	return (err);
}

int
main(int argc, char *argv[])
{
	struct app app = { .conf = NULL };
	struct worker worker = {
		.name = "fcgi-event",
		.app = &app,
		.body_max = CONTRACT_BODY_MAX,
		.serve = event_serve,
		.idle = event_idle,
		.reload = event_reload,
		.stop = event_stop,
	};
	struct conf *conf;
	char *spool;
	int status;

	app.conf = worker.conf = conf = startup(worker.name, argc, argv);
	app.service.conf = conf;
	app.service.name = "event";
	app.service.handlers = handlers;
	app.service.nhandlers = sizeof(handlers) / sizeof(handlers[0]);
	app.service.app = &app;
	app.service.idempotency.key = app.cursor_key;
	app.service.before = before;
	app.service.after = after;
	if (event_start(&app) != ERR_OK)
		worker_refuse();
	if ((spool = conf_path(conf, SPOOL)) == NULL)
		worker_refuse();
	sandbox_reads(&worker.sandbox, conf->share);
	sandbox_reads(&worker.sandbox, conf->keys);
	sandbox_writes(&worker.sandbox, spool);
	store_sandbox(app.store, &worker.sandbox);
	status = worker_run(&worker);
	free(spool);
	conf_free(conf);
	return (status);
}
