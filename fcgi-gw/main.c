/* SPDX-License-Identifier: BSD-2-Clause */
/* fcgi-gw: the gateway worker.  Started by spawn-fcgi; see fcgi-gw(8). */
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "backlog.h"
#include "conf.h"
#include "contract.h"
#include "gateway.h"
#include "link.h"
#include "log.h"
#include "security.h"
#include "startup.h"
#include "worker.h"

static enum err
read_key(struct gateway *gw)
{
	char *path;
	enum err err;

	if ((path = conf_key_path(gw->conf, "node.key")) == NULL)
		return (ERR_INTERNAL);
	err = credential_key(path, gw->node_key);
	free(path);
	return (err);
}

static enum err
read_contract(struct gateway *gw, struct upstream *up)
{

	up->contract = contract_of(gw->conf->share, up->name);
	if (up->contract == NULL)
		return (ERR_INVALID);
	contract_tag(up->contract, up);
	return (ERR_OK);
}

/* Read key and contracts, and merge the document. */
static enum err
read_all(struct gateway *gw)
{
	enum err err;

	if ((err = read_key(gw)) == ERR_OK &&
	    (err = read_contract(gw, &gw->upstreams[UPSTREAM_AUTH])) ==
	    ERR_OK &&
	    (err = read_contract(gw, &gw->upstreams[UPSTREAM_EVENT])) ==
	    ERR_OK)
		err = document_build(gw);
	return (err);
}

static void
free_contracts(struct gateway *gw)
{
	size_t i;

	for (i = 0; i < UPSTREAM_COUNT; i++)
		contract_free(gw->upstreams[i].contract);
	arena_free(gw->document_arena);
}

static void
gateway_reload(void *app)
{
	struct gateway *gw = app, fresh = *gw;
	size_t i;

	for (i = 0; i < UPSTREAM_COUNT; i++)
		fresh.upstreams[i].contract = NULL;
	fresh.document_arena = NULL;
	if (read_all(&fresh) != ERR_OK) {
		security_log(SECURITY_KEYS_REFUSED, NULL, NULL,
		    LOG_STR("reason", err_detail()), LOG_END);
		free_contracts(&fresh);
		return;
	}
	free_contracts(gw);
	*gw = fresh;
	/* The tags must name the links of ${gw}, not of the copy. */
	for (i = 0; i < UPSTREAM_COUNT; i++)
		contract_tag(gw->upstreams[i].contract, &gw->upstreams[i]);
	security_log(SECURITY_KEYS_RELOADED, NULL, NULL, LOG_END);
}

static void
gateway_idle(void *app)
{
	struct gateway *gw = app;
	size_t i;

	for (i = 0; i < UPSTREAM_COUNT; i++)
		link_idle(gw->upstreams[i].link);
	rate_idle(gw);
}

static void
gateway_stop(void *app)
{
	struct gateway *gw = app;
	size_t i;

	for (i = 0; i < UPSTREAM_COUNT; i++)
		link_free(gw->upstreams[i].link);
	backlog_close(gw->backlog);
	ratelimit_close(gw->ratelimit);
	free_contracts(gw);
}

static enum err
gateway_start(struct gateway *gw)
{
	struct upstream *auth = &gw->upstreams[UPSTREAM_AUTH];
	struct upstream *event = &gw->upstreams[UPSTREAM_EVENT];
	enum err err;

	auth->name = "auth";
	event->name = "event";
	auth->link = link_new(gw->conf->auth_socket);
	event->link = link_new(gw->conf->event_socket);
	if (auth->link == NULL || event->link == NULL)
		return (err_set(ERR_INTERNAL, "out of memory"));
	gw->backlog = backlog_open(gw->conf->shared, "gw");
	if (gw->backlog == NULL)
		return (ERR_INTERNAL);
	if ((err = read_all(gw)) != ERR_OK)
		return (err);
	gw->ratelimit = ratelimit_open(gw->conf->shared, "gw-rates",
	    gw->node_key);
	return (gw->ratelimit != NULL ? ERR_OK : ERR_INTERNAL);
}

int
main(int argc, char *argv[])
{
	struct gateway gw = { .conf = NULL };
	struct worker worker = {
		.name = "fcgi-gw",
		.app = &gw,
		.body_max = CONTRACT_BODY_MAX,
		.serve = gate_serve,
		.idle = gateway_idle,
		.reload = gateway_reload,
		.stop = gateway_stop,
	};
	struct conf *conf;
	int status;

	gw.conf = worker.conf = conf = startup(worker.name, argc, argv);
	if (gateway_start(&gw) != ERR_OK)
		worker_refuse();
	/* It has no use for the database. */
	explicit_bzero(conf->mongo_uri, strlen(conf->mongo_uri));
	sandbox_reads(&worker.sandbox, conf->share);
	sandbox_reads(&worker.sandbox, conf->keys);
	worker.sandbox.connects = link_is_tcp(conf->auth_socket) ||
	    link_is_tcp(conf->event_socket);
	status = worker_run(&worker);
	conf_free(conf);
	return (status);
}
