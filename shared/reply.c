/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply: the answer, put together in memory and sent once.  The only file
 * beside err.c that knows HTTP statuses.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "contract.h"
#include "json.h"
#include "log.h"
#include "reply.h"
#include "request.h"
#include "schema.h"

#define BODY_MAX	((size_t)4 * 1024 * 1024)
#define HEADERS_MAX	((size_t)16 * 1024)
#define TAG_SIZE	48
#define RETRY_AFTER	1	/* seconds; a respawn takes less */

void
reply_init(struct reply *reply, struct arena *A)
{

	memset(reply, 0, sizeof(*reply));
	buf_init(&reply->headers, A, HEADERS_MAX);
	buf_init(&reply->body, A, BODY_MAX);
}

void
reply_header(struct reply *reply, const char *name, const char *value)
{

	assert(strpbrk(value, "\r\n") == NULL);
	buf_puts(&reply->headers, name);
	buf_puts(&reply->headers, ": ");
	buf_puts(&reply->headers, value);
	buf_puts(&reply->headers, "\r\n");
}

static void
json_body(struct reply *reply, int status, const char *type)
{
	char len[24];

	reply->status = status;
	(void)snprintf(len, sizeof(len), "%zu", reply->body.len);
	reply_header(reply, "Content-Type", type);
	reply_header(reply, "Content-Length", len);
}

void
reply_ok(struct reply *reply)
{

	json_body(reply, 200, "application/json");
}

void
reply_created(struct reply *reply, const char *location)
{

	if (location != NULL)
		reply_header(reply, "Location", location);
	json_body(reply, 201, "application/json");
}

void
reply_no_content(struct reply *reply)
{

	reply->status = 204;
}

static void
put_tag(char tag[TAG_SIZE], int64_t version, uint32_t state)
{
	char suffix[16] = "";

	if (state != 0)
		(void)snprintf(suffix, sizeof(suffix), "-%" PRIx32, state);
	(void)snprintf(tag, TAG_SIZE, "\"%" PRId64 "%s\"", version, suffix);
}

void
reply_etag(struct reply *reply, int64_t version, uint32_t state)
{
	char tag[TAG_SIZE];

	put_tag(tag, version, state);
	reply_header(reply, "ETag", tag);
}

bool
reply_unchanged(struct reply *reply, const struct request *req,
    int64_t version, uint32_t state)
{
	char tag[TAG_SIZE];

	reply_etag(reply, version, state);
	put_tag(tag, version, state);
	if (request_none_match(request_env(req, "HTTP_IF_NONE_MATCH"), tag))
		return (false);
	reply->status = 304;
	return (true);
}

/* Has the answer this field already? */
static bool
has_field(const struct reply *reply, const char *name)
{
	const char *line = reply->headers.data;
	size_t len = strlen(name);

	while (line != NULL && *line != '\0') {
		if (strncasecmp(line, name, len) == 0 && line[len] == ':')
			return (true);
		if ((line = strchr(line, '\n')) != NULL)
			line++;
	}
	return (false);
}

void
reply_no_store(struct reply *reply)
{

	if (!has_field(reply, "Cache-Control"))
		reply_header(reply, "Cache-Control", "no-store");
}

void
reply_pass(struct reply *reply, int status, const char *headers,
    const char *body, size_t len)
{

	reply->status = status;
	buf_puts(&reply->headers, headers);
	buf_put(&reply->body, body, len);
}

void
reply_member_json(struct reply *reply, const char *name, const char *json)
{

	buf_putc(&reply->body, ',');
	json_put_string(&reply->body, name, strlen(name));
	buf_putc(&reply->body, ':');
	buf_puts(&reply->body, json);
}

void
reply_member(struct reply *reply, const char *name, const char *value)
{
	struct buf json;

	buf_init(&json, reply->body.arena, BODY_MAX);
	json_put_string(&json, value, strlen(value));
	reply_member_json(reply, name, json.data);
}

static void
put_member(struct buf *b, const char *name, const char *value)
{

	buf_printf(b, "\"%s\":", name);
	json_put_string(b, value, strlen(value));
	buf_putc(b, ',');
}

/* "urn:guerdon:problem:not-found" from NOT_FOUND. */
static void
put_type(struct buf *b, const char *code)
{

	buf_puts(b, "{\"type\":\"urn:guerdon:problem:");
	for (; *code != '\0'; code++)
		buf_putc(b, (*code == '_') ? '-' :
		    (char)(*code >= 'A' && *code <= 'Z' ? *code | 0x20 :
		    *code));
	buf_puts(b, "\",");
}

static void
put_faults(struct buf *b, const struct schema_errors *faults)
{
	const struct schema_error *fault;
	size_t i;

	buf_puts(b, ",\"errors\":[");
	for (i = 0; faults != NULL && i < faults->count; i++) {
		fault = &faults->list[i];
		if (i > 0)
			buf_putc(b, ',');
		buf_putc(b, '{');
		put_member(b, "pointer", fault->pointer);
		put_member(b, "code", fault->code);
		buf_puts(b, "\"message\":");
		json_put_string(b, fault->message, strlen(fault->message));
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

/* What goes with a status whatever the reason. */
static void
put_status_headers(struct reply *reply, enum err err)
{
	int64_t after = reply->retry_after;
	char seconds[24];

	if (err == ERR_AWAY || err == ERR_RATE) {
		(void)snprintf(seconds, sizeof(seconds), "%" PRId64,
		    after > 0 ? after : RETRY_AFTER);
		reply_header(reply, "Retry-After", seconds);
	}
	reply_no_store(reply);
}

void
reply_problem(struct reply *reply, const struct request *req, enum err err)
{
	const struct err_row *row = err_row(err);
	const char *detail = err_detail();
	struct buf body, members = reply->body;

	if (detail[0] == '\0')
		detail = row->title;
	buf_init(&body, reply->body.arena, BODY_MAX);
	put_type(&body, row->code);
	put_member(&body, "title", row->title);
	buf_printf(&body, "\"status\":%d,", row->status);
	put_member(&body, "detail", detail);
	put_member(&body, "instance", req->path != NULL ? req->path : "");
	put_member(&body, "code", row->code);
	buf_puts(&body, "\"traceId\":");
	json_put_string(&body, req->trace.id, strlen(req->trace.id));
	if (err == ERR_INVALID)
		put_faults(&body, req->faults);
	if (members.len > 0 && members.data[0] == ',')
		buf_put(&body, members.data, members.len);
	buf_putc(&body, '}');
	reply->body = body;
	reply->code = row->code;
	put_status_headers(reply, err);
	json_body(reply, row->status, "application/problem+json");
}

void
reply_finish(struct reply *reply, const struct request *req, enum err err)
{

	if (err == ERR_OK && (reply->body.full || reply->headers.full)) {
		reply_init(reply, req->arena);
		err = err_set(ERR_INTERNAL, NULL);
	}
	if (err != ERR_OK)
		reply_problem(reply, req, err);
	else if (req->op != NULL && !has_field(reply, "ETag"))
		reply_no_store(reply);
}

void
reply_common(struct reply *reply, const struct request *req)
{
	char parent[TRACE_PARENT_SIZE];

	trace_parent(&req->trace, parent);
	reply_header(reply, "traceparent", parent);
	reply_header(reply, "X-Content-Type-Options", "nosniff");
}

enum err
reply_options(const struct request *req, struct reply *reply, enum err err,
    const char *allow)
{

	if (err != ERR_METHOD)
		return (err);
	reply_header(reply, "Allow", allow);
	if (strcmp(req->method, "OPTIONS") != 0)
		return (err);
	reply_no_content(reply);
	return (ERR_OK);
}

void
reply_log(const struct request *req, const struct reply *reply)
{

	log_write(reply->status >= 500 ? LOG_WARN : LOG_INFO, "request",
	    LOG_STR("traceId", req->trace.id),
	    /* LOG_STR compares an array in req with NULL, and so clang takes
	     * it that req may be NULL. */
	    LOG_STR("method", req->method),	/* NOLINT(*NullDereference) */
	    LOG_STR("path", req->path),
	    LOG_STR("operation", req->op != NULL ? req->op->id : ""),
	    LOG_STR("subject", req->subject),
	    LOG_INT("status", reply->status),
	    LOG_STR("code", reply->code),
	    LOG_INT("ms", clock_mono() - req->started), LOG_END);
}
