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

enum { CHECK_AUTH, CHECK_EVENT, CHECK_DATABASE, CHECK_COUNT };

static const char *const check_names[CHECK_COUNT] = {
	[CHECK_AUTH] = "auth",
	[CHECK_EVENT] = "event",
	[CHECK_DATABASE] = "database",
};

/*
 * Ask one service how it is.  200: it and the database are well; any other
 * answer: the service is there, the database is not; none: it is away.
 */
static void
ask(const struct gateway *gw, struct request *req, int which,
    bool well[CHECK_COUNT])
{
	struct link_answer answer;
	struct link_call call;

	forward_start(gw, &call, req, "GET", "/internal/health");
	link_param(&call, "GUERDON_ROLE", role_name(ROLE_SERVICE));
	if (link_call(gw->upstreams[which].link, req->arena, &call,
	    &answer) != ERR_OK)
		return;
	well[which] = true;
	if (answer.status != 200)
		well[CHECK_DATABASE] = false;
}

static enum err
ready(const struct gateway *gw, struct request *req, struct reply *reply)
{
	bool well[CHECK_COUNT] = { false, false, true };
	struct buf failed;
	const char *comma = "";
	int i;

	ask(gw, req, UPSTREAM_AUTH, well);
	ask(gw, req, UPSTREAM_EVENT, well);
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
