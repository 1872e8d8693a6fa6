/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request: what a client sent, read from the FastCGI parameters.
 *
 * We route on REQUEST_URI, decoded once here.  SCRIPT_NAME and PATH_INFO come
 * decoded from the web server, with %2F and dot segments already resolved:
 * two readings of one path are a hole.
 */
#include <sys/socket.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "json.h"
#include "num.h"
#include "request.h"
#include "schema.h"

#define BUDGET_MAX	60000	/* ms that a call may ask for */

const char *
request_env(const struct request *req, const char *name)
{
	size_t len = strlen(name);
	char **p;

	for (p = req->env; *p != NULL; p++)
		if (strncmp(*p, name, len) == 0 && (*p)[len] == '=')
			return (*p + len + 1);
	return (NULL);
}

const char *
request_query(const struct request *req, const char *name)
{
	size_t i;

	for (i = 0; i < req->nquery; i++)
		if (strcmp(req->query[i].name, name) == 0)
			return (req->query[i].value);
	return (NULL);
}

int64_t
request_int(const struct request *req, const char *name, int64_t fallback)
{
	const char *value = request_query(req, name);
	int64_t n;

	if (value == NULL || !num_parse(value, INT64_MIN, INT64_MAX, &n))
		return (fallback);
	return (n);
}

bool
request_time(const struct request *req, const char *name, int64_t *ms)
{
	const char *value = request_query(req, name);

	return (value != NULL && clock_parse(value, strlen(value), ms));
}

static int
hex_digit(char c)
{

	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (c - 'A' + 10);
	return (-1);
}

/*
 * Percent-decode ${len} bytes.  ${plus}: "+" is a space, as in a query.
 * NULL for a bad escape, a NUL or invalid UTF-8.
 */
static char *
decode(struct arena *A, const char *s, size_t len, bool plus)
{
	char *out = arena_alloc(A, len + 1);
	size_t i, n = 0;
	int high, low;

	for (i = 0; i < len; i++) {
		if (s[i] != '%') {
			out[n++] = (plus && s[i] == '+') ? ' ' : s[i];
			continue;
		}
		if (len - i < 3 || (high = hex_digit(s[i + 1])) < 0 ||
		    (low = hex_digit(s[i + 2])) < 0 || (high | low) == 0)
			return (NULL);
		out[n++] = (char)(high << 4 | low);
		i += 2;
	}
	out[n] = '\0';
	return (json_utf8(out, n) ? out : NULL);
}

static enum err
parse_path(struct request *req, const char *path, size_t len)
{
	const char *s = path, *end = path + len, *slash;
	char *segment;

	req->path = arena_strndup(req->arena, path, len);
	while (s < end && req->nsegments < REQUEST_SEGMENTS) {
		s++;	/* the slash */
		if ((slash = memchr(s, '/', (size_t)(end - s))) == NULL)
			slash = end;
		segment = decode(req->arena, s, (size_t)(slash - s), false);
		if (segment == NULL || strchr(segment, '/') != NULL ||
		    strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0)
			return (err_set(ERR_MALFORMED_REQUEST,
			    "the path has an escape or a dot segment that is "
			    "refused"));
		req->segments[req->nsegments++] = segment;
		s = slash;
	}
	return (ERR_OK);
}

/* Take one "name=value" of a query or form, ${len} bytes, apart. */
static enum err
split_pair(struct arena *A, const char *s, size_t len,
    struct query_param *param)
{
	const char *equals = memchr(s, '=', len);
	size_t name_len = (equals != NULL) ? (size_t)(equals - s) : len;

	param->name = decode(A, s, name_len, true);
	param->value = (equals == NULL) ? "" :
	    decode(A, equals + 1, len - name_len - 1, true);
	if (param->name == NULL || param->value == NULL)
		return (err_set(ERR_MALFORMED_REQUEST, "a bad escape"));
	return (ERR_OK);
}

static enum err
parse_pair(struct request *req, const char *s, size_t len)
{
	struct query_param *param = &req->query[req->nquery];
	enum err err;

	if (req->nquery == REQUEST_QUERY)
		return (err_set(ERR_MALFORMED_REQUEST,
		    "too many query parameters"));
	if ((err = split_pair(req->arena, s, len, param)) != ERR_OK)
		return (err);
	if (request_query(req, param->name) != NULL)
		return (err_set(ERR_MALFORMED_REQUEST,
		    "a query parameter is given twice"));
	req->nquery++;
	return (ERR_OK);
}

static enum err
form_pair(struct request *req, const char *s, size_t len)
{
	struct query_param pair;
	enum err err;

	if ((err = split_pair(req->arena, s, len, &pair)) != ERR_OK)
		return (err);
	if (json_get(req->json, pair.name) != NULL)
		return (err_set(ERR_MALFORMED_REQUEST,
		    "a name is given twice"));
	(void)cJSON_AddStringToObject(req->json, pair.name, pair.value);
	return (ERR_OK);
}

/* Call ${take} for each part between "&"; empty parts are passed over. */
static enum err
each_pair(struct request *req, const char *s,
    enum err (*take)(struct request *, const char *, size_t))
{
	size_t len;
	enum err err = ERR_OK;

	while (err == ERR_OK && *s != '\0') {
		len = strcspn(s, "&");
		if (len > 0)
			err = take(req, s, len);
		s += len;
		s += (*s == '&');
	}
	return (err);
}

enum err
request_form(struct request *req)
{

	req->json = cJSON_CreateObject();
	if (strlen(req->body) != req->body_len)
		return (err_set(ERR_MALFORMED_REQUEST, "a NUL in the body"));
	return (each_pair(req, req->body, form_pair));
}

/* The attempt id and the time left count only on a proven link; who calls
 * this for the public makes its own. */
static void
parse_attempt(struct request *req)
{
	const char *attempt = request_env(req, "GUERDON_ATTEMPT");
	const char *budget = request_env(req, "GUERDON_BUDGET_MS");
	int64_t ms;

	if (attempt != NULL && id_valid("at", attempt))
		memcpy(req->attempt, attempt, ID_SIZE);
	else
		id_new("at", req->attempt);
	if (budget != NULL && num_parse(budget, 0, BUDGET_MAX, &ms))
		req->deadline = req->started + ms;
}

enum err
request_parse(struct request *req)
{
	const char *query;
	enum err err;

	trace_start(&req->trace, request_env(req, "HTTP_TRACEPARENT"));
	parse_attempt(req);
	req->client = request_env(req, "REMOTE_ADDR");
	if (req->client == NULL)
		req->client = "";
	req->method = request_env(req, "REQUEST_METHOD");
	req->target = request_env(req, "REQUEST_URI");
	if (req->method == NULL)
		req->method = "";
	if (req->target == NULL || req->target[0] != '/') {
		req->target = req->path = "";
		return (err_set(ERR_MALFORMED_REQUEST, "want a path"));
	}
	req->head = strcmp(req->method, "HEAD") == 0;
	query = strchr(req->target, '?');
	if (query == NULL)
		return (parse_path(req, req->target, strlen(req->target)));
	err = parse_path(req, req->target, (size_t)(query - req->target));
	req->query_bad = each_pair(req, query + 1, parse_pair) != ERR_OK;
	return (err);
}

bool
request_left(const struct request *req)
{
	char byte;

	return (req->peer >= 0 &&
	    recv(req->peer, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0);
}

struct schema_errors *
request_faults(struct request *req)
{

	if (req->faults == NULL) {
		req->faults = arena_alloc(req->arena, sizeof(*req->faults));
		schema_errors_init(req->faults, req->arena);
	}
	return (req->faults);
}

enum err
request_fault(struct request *req, const char *pointer, const char *code,
    const char *message)
{
	struct schema_errors *faults = request_faults(req);
	struct schema_error *fault;

	if (faults->count < SCHEMA_ERRORS_MAX) {
		fault = &faults->list[faults->count++];
		fault->pointer = arena_strdup(req->arena, pointer);
		fault->code = code;
		fault->message = arena_strdup(req->arena, message);
	}
	return (err_set(ERR_INVALID, NULL));
}

/* One entity tag at *${list}, with its "W/" [RFC 9110, section 8.8.3]. */
static bool
next_tag(const char **list, const char **tag, size_t *len)
{
	const char *s = *list + strspn(*list, " \t,"), *quote;

	*tag = s;
	if (strncmp(s, "W/", 2) == 0)
		s += 2;
	if (s[0] != '"' || (quote = strchr(s + 1, '"')) == NULL)
		return (false);
	*len = (size_t)(quote + 1 - *tag);
	s = quote + 1 + strspn(quote + 1, " \t");
	*list = s;
	return (s[0] == '\0' || s[0] == ',');
}

static bool
is_any(const char *list)
{

	return (list[0] == '*' && list[1 + strspn(list + 1, " \t")] == '\0');
}

/* "7" and "7-STATE" are both tags of version 7. */
bool
request_match(const char *list, int64_t version)
{
	const char *found;
	char tag[32];
	size_t len, want;

	if (list == NULL)
		return (false);
	if (is_any(list))
		return (true);
	want = (size_t)snprintf(tag, sizeof(tag), "\"%" PRId64, version);
	while (next_tag(&list, &found, &len))
		if (len > want && memcmp(found, tag, want) == 0 &&
		    (found[want] == '"' || found[want] == '-'))
			return (true);
	return (false);
}

bool
request_none_match(const char *list, const char *tag)
{
	const char *found;
	size_t len;

	if (list == NULL)
		return (true);
	if (is_any(list))
		return (false);
	while (next_tag(&list, &found, &len)) {
		if (found[0] == 'W') {
			found += 2;
			len -= 2;
		}
		if (len == strlen(tag) && memcmp(found, tag, len) == 0)
			return (false);
	}
	return (true);
}

static const struct {
	enum role	 role;
	const char	*name;
} roles[] = {
	{ ROLE_PUBLIC, "PUBLIC" },
	{ ROLE_USER, "USER" },
	{ ROLE_OPERATOR, "OPERATOR" },
	{ ROLE_AUDITOR, "AUDITOR" },
	{ ROLE_ADMIN, "ADMIN" },
	{ ROLE_SERVICE, "SERVICE" },
	{ ROLE_ENROL, "ENROL" },
};

#define NROLES	(sizeof(roles) / sizeof(roles[0]))

enum role
role_parse(const char *name)
{
	size_t i;

	for (i = 0; i < NROLES; i++)
		if (strcmp(roles[i].name, name) == 0)
			return (roles[i].role);
	return (ROLE_PUBLIC);
}

const char *
role_name(enum role role)
{
	size_t i;

	for (i = 0; i < NROLES; i++)
		if (roles[i].role == role)
			return (roles[i].name);
	return ("PUBLIC");
}
