/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * health: what a supervisor or load balancer asks on the operations port.
 * /healthz: a gateway worker answers.  /readyz: auth, event and the database
 * answer too, asked over the links that requests go over.
 */
#include <stdbool.h>
#include <string.h>

#include "arena.h"
#include "buf.h"
#include "gateway.h"
#include "link.h"
#include "reply.h"
#include "request.h"

enum {
	CHECK_AUTH = UPSTREAM_AUTH,
	CHECK_EVENT = UPSTREAM_EVENT,
	CHECK_DATABASE = UPSTREAM_COUNT,
	CHECK_COUNT
};

static const char *const check_names[CHECK_COUNT] = {
	[CHECK_AUTH] = "auth",
	[CHECK_EVENT] = "event",
	[CHECK_DATABASE] = "database",
};

/* Ask one service how it is; false if it can't be reached. */
static bool
ask(const struct gateway *gw, struct request *req, int which,
    struct link_call *call)
{

	forward_start(gw, call, req, "GET", "/internal/health");
	link_param(call, "GUERDON_ROLE", role_name(ROLE_SERVICE));
	return (link_begin(gw->upstreams[which].link, req->arena, call) ==
	    ERR_OK);
}

/*
 * Both are asked before either is waited for: each may take its time to find
 * that the database is away.  200: the service and the database are well; any
 * other answer: the service is there, the database is not.
 */
static void
check_all(const struct gateway *gw, struct request *req,
    bool well[CHECK_COUNT])
{
	struct link_call calls[UPSTREAM_COUNT];
	struct link_answer answer;
	int i;

	for (i = 0; i < UPSTREAM_COUNT; i++)
		well[i] = ask(gw, req, i, &calls[i]);
	for (i = 0; i < UPSTREAM_COUNT; i++) {
		if (!well[i])
			continue;
		well[i] = link_finish(gw->upstreams[i].link, req->arena,
		    &calls[i], &answer) == ERR_OK;
		if (well[i] && answer.status != 200)
			well[CHECK_DATABASE] = false;
	}
}

static enum err
ready(const struct gateway *gw, struct request *req, struct reply *reply)
{
	bool well[CHECK_COUNT] = { false, false, true };
	struct buf failed;
	const char *comma = "";
	int i;

	check_all(gw, req, well);
	/* With both away nobody could tell. */
	if (!well[CHECK_AUTH] && !well[CHECK_EVENT])
		well[CHECK_DATABASE] = false;
	buf_init(&failed, req->arena, 256);
	for (i = 0; i < CHECK_COUNT; i++) {
		if (well[i])
			continue;
		buf_printf(&failed, "%s\"%s\"", comma, check_names[i]);
		comma = ",";
	}
	if (failed.len > 0) {
		reply_member_json(reply, "failed", arena_printf(req->arena,
		    "[%s]", failed.data));
		return (err_set(ERR_AWAY, "failed checks: %s", failed.data));
	}
	buf_puts(&reply->body, "{\"status\":\"ready\",\"checks\":{"
	    "\"auth\":\"ok\",\"event\":\"ok\",\"database\":\"ok\"}}");
	reply_ok(reply);
	return (ERR_OK);
}

enum err
health_serve(const struct gateway *gw, struct request *req,
    struct reply *reply)
{
	bool live = strcmp(req->path, "/healthz") == 0;

	if (!live && strcmp(req->path, "/readyz") != 0)
		return (err_set(ERR_NOT_FOUND, "there is no such path"));
	if (!req->head && strcmp(req->method, "GET") != 0)
		return (err_set(ERR_METHOD, NULL));
	reply_no_store(reply);
	if (!live)
		return (ready(gw, req, reply));
	buf_puts(&reply->body, "{\"status\":\"ok\"}");
	reply_ok(reply);
	return (ERR_OK);
}
