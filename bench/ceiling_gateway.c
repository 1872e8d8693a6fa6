/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ceiling_gateway: a gateway that decides nothing.  For each request it makes
 * two inner calls over kept-open links, to workers that answer constants, and
 * passes the second answer on: the shape of fcgi-gw without its work.
 *
 * usage: ceiling_gateway AUTH-SOCKET EVENT-SOCKET
 *
 * The loop and the links are the product's own.  So this ceiling says what
 * the rest costs: contract, identity, JSON, log, trace.  How good the loop and
 * the links are is what ceiling_constant beside it says.
 */
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "die.h"
#include "link.h"
#include "log.h"
#include "reply.h"
#include "request.h"
#include "worker.h"

#define TIMEOUT_MS	1900
#define BODY_MAX	((size_t)256 * 1024)

struct gateway {
	struct link	*auth;
	struct link	*event;
};

/* Parameters as long as those that fcgi-gw sends with each inner call. */
static void
start_call(struct link_call *call, struct request *req, const char *method,
    const char *target)
{

	link_call_init(call, req->arena, req->started + TIMEOUT_MS);
	link_param(call, "GUERDON_NODE_KEY", "00112233445566778899aabbccdd"
	    "eeff00112233445566778899aabbccddeeff");
	link_param(call, "GUERDON_ATTEMPT", "at_01KXAAAAAAAAAAAAAAAAAAAAAA");
	link_param(call, "GUERDON_BUDGET_MS", "1899");
	link_param(call, "HTTP_TRACEPARENT", "00-00112233445566778899aabbcc"
	    "ddeeff-0011223344556677-01");
	link_param(call, "REQUEST_METHOD", method);
	link_param(call, "REQUEST_URI", target);
}

static void
set_body(struct link_call *call, struct request *req, const char *type,
    const char *body, size_t len)
{

	link_param(call, "CONTENT_TYPE", type);
	link_param(call, "CONTENT_LENGTH", arena_printf(req->arena, "%zu",
	    len));
	call->body = body;
	call->body_len = len;
}

static enum err
introspect(struct gateway *gw, struct request *req)
{
	const char *shown = request_env(req, "HTTP_AUTHORIZATION");
	struct link_answer answer;
	struct link_call call;
	const char *body;

	body = arena_printf(req->arena, "token=%s",
	    shown != NULL && strlen(shown) > 7 ? shown + 7 : "");
	start_call(&call, req, "POST", "/introspect");
	link_param(&call, "GUERDON_ROLE", "SERVICE");
	set_body(&call, req, "application/x-www-form-urlencoded", body,
	    strlen(body));
	return (link_call(gw->auth, req->arena, &call, &answer));
}

static enum err
forward(struct gateway *gw, struct request *req, struct reply *reply)
{
	const char *method = request_env(req, "REQUEST_METHOD");
	const char *target = request_env(req, "REQUEST_URI");
	struct link_answer answer;
	struct link_call call;
	enum err err;

	start_call(&call, req, method, target);
	link_param(&call, "GUERDON_ROLE", "USER");
	link_param(&call, "GUERDON_SUBJECT", "us_01KXAAAAAAAAAAAAAAAAAAAAAA");
	link_param(&call, "GUERDON_SESSION", "se_01KXAAAAAAAAAAAAAAAAAAAAAA");
	link_param(&call, "REMOTE_ADDR", "127.0.0.1");
	set_body(&call, req, "application/json", req->body, req->body_len);
	err = link_call(gw->event, req->arena, &call, &answer);
	if (err == ERR_OK)
		reply_pass(reply, answer.status, answer.headers, answer.body,
		    answer.body_len);
	return (err);
}

static void
serve(void *app, struct request *req, struct reply *reply)
{
	struct gateway *gw = app;

	if (introspect(gw, req) != ERR_OK ||
	    forward(gw, req, reply) != ERR_OK)
		reply->status = 503;
}

static void
idle(void *app)
{
	struct gateway *gw = app;

	link_idle(gw->auth);
	link_idle(gw->event);
}

static void
nothing(void *app)
{

	(void)app;
}

int
main(int argc, char *argv[])
{
	struct gateway gw;
	struct worker worker = {
		.name = "ceiling_gateway",
		.app = &gw,
		.body_max = BODY_MAX,
		.serve = serve,
		.idle = idle,
		.reload = nothing,
		.stop = nothing,
	};

	if (argc != 3)
		die("usage: ceiling_gateway AUTH-SOCKET EVENT-SOCKET");
	log_open(worker.name, LOG_WARN);
	gw.auth = link_new(argv[1]);
	gw.event = link_new(argv[2]);
	if (gw.auth == NULL || gw.event == NULL)
		die("out of memory");
	return (worker_run(&worker));
}
