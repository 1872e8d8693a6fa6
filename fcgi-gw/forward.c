/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forward: inner calls.  Their parameters are made here from nothing: what a
 * client sent is copied only if it is in the allowlist below.
 */
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "conf.h"
#include "contract.h"
#include "gateway.h"
#include "link.h"
#include "reply.h"
#include "request.h"

/* What a client may say to the worker behind us. */
static const char *const passed[] = {
	"CONTENT_TYPE",
	"HTTP_IDEMPOTENCY_KEY",
	"HTTP_IF_MATCH",
	"HTTP_IF_NONE_MATCH",
};

void
forward_start(const struct gateway *gw, struct link_call *call,
    struct request *req, const char *method, const char *uri)
{
	char parent[TRACE_PARENT_SIZE];
	int64_t left = req->deadline - clock_mono();

	link_call_init(call, req->arena, req->deadline);
	trace_parent(&req->trace, parent);
	link_param(call, "GUERDON_NODE_KEY", gw->node_key);
	link_param(call, "GUERDON_ATTEMPT", req->attempt);
	link_param(call, "GUERDON_BUDGET_MS", arena_printf(req->arena, "%lld",
	    (long long)(left > 0 ? left : 0)));
	link_param(call, "HTTP_TRACEPARENT", parent);
	link_param(call, "REQUEST_METHOD", method);
	link_param(call, "REQUEST_URI", uri);
}

static void
put_identity(struct link_call *call, const struct request *req)
{

	link_param(call, "GUERDON_ROLE", role_name(req->role));
	if (req->subject != NULL)
		link_param(call, "GUERDON_SUBJECT", req->subject);
	if (req->session != NULL)
		link_param(call, "GUERDON_SESSION", req->session);
}

enum err
forward_request(const struct gateway *gw, struct request *req,
    struct reply *reply)
{
	const struct upstream *up = req->op->tag;
	struct link_answer answer;
	struct link_call call;
	const char *value;
	enum err err;
	size_t i;

	forward_start(gw, &call, req, req->method, req->target);
	put_identity(&call, req);
	link_param(&call, "REMOTE_ADDR", req->client);
	for (i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		if ((value = request_env(req, passed[i])) != NULL)
			link_param(&call, passed[i], value);
	link_param(&call, "CONTENT_LENGTH", arena_printf(req->arena, "%zu",
	    req->body_len));
	call.body = req->body;
	call.body_len = req->body_len;
	err = link_call(up->link, req->arena, &call, &answer);
	if (err != ERR_OK)
		return (err_set(err, "the %s service is away", up->name));
	reply_pass(reply, answer.status, answer.headers, answer.body,
	    answer.body_len);
	return (ERR_OK);
}
