/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * contract: an api.json read into a table of operations.
 *
 * The document, the compiled schemas and the table live in one arena that
 * goes with the contract; nothing in it changes after contract_load() but the
 * handlers and tags.
 */
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "contract.h"
#include "idempotency.h"
#include "json.h"
#include "num.h"
#include "reply.h"
#include "schema.h"

#define FILE_BYTES_MAX	(1024 * 1024)
#define ARENA_MAX	((size_t)16 * 1024 * 1024)
#define BODY_MAX	((size_t)64 * 1024)
#define KEY_MAX		255	/* characters of an Idempotency-Key */

struct answer {
	struct answer		*next;
	const struct operation	*op;
	int			 status;
	const struct schema	*schema;
};

struct contract {
	struct arena		*arena;
	cJSON			*document;
	struct schema_set	*schemas;
	struct operation	*operations;
	size_t			 count;
	struct answer		*answers;
};

static const struct {
	const char	*name;
	const char	*method;
} methods[] = {
	{ "get", "GET" },
	{ "post", "POST" },
	{ "put", "PUT" },
	{ "patch", "PATCH" },
	{ "delete", "DELETE" },
};

#define NMETHODS	(sizeof(methods) / sizeof(methods[0]))

static const struct {
	const char	*name;
	enum media	 media;
} media_types[] = {
	{ "application/json", MEDIA_JSON },
	{ "application/merge-patch+json", MEDIA_MERGE },
	{ "application/x-www-form-urlencoded", MEDIA_FORM },
};

#define NMEDIA	(sizeof(media_types) / sizeof(media_types[0]))

/* What an operation may say; everything else is an error. */
static const char *const known_members[] = { "operationId", "tags", "summary",
    "description", "security", "parameters", "requestBody", "responses",
    "x-roles", "x-subject", "x-scope", "x-public", "x-limit", "x-body-limit",
    "x-if-match", "x-audit", "x-idempotent" };

#define NKNOWN	(sizeof(known_members) / sizeof(known_members[0]))

static enum err
bad(const char *template, const char *name, const char *what)
{

	return (err_set(ERR_INVALID, "%s %s: %s", template, name, what));
}

/* A flag is true, false or absent. */
static enum err
read_flag(const cJSON *node, const char *name, bool *flag)
{
	const cJSON *value = json_get(node, name);

	*flag = cJSON_IsTrue(value);
	if (value == NULL || cJSON_IsBool(value))
		return (ERR_OK);
	return (err_set(ERR_INVALID, "%s is neither true nor false", name));
}

/* A schema within an operation; its place in messages is the operationId. */
static const struct schema *
compile(struct contract *C, const struct operation *op, const cJSON *node,
    const char *place)
{
	char *pointer = arena_printf(C->arena, "/%s/%s", op->id, place);

	if (node == NULL) {
		(void)bad(op->id, place, "has no schema");
		return (NULL);
	}
	return (schema_compile(C->schemas, node, pointer));
}

static enum err
read_members(const cJSON *node, const char *template, const char *method)
{
	const cJSON *member;
	size_t i;

	cJSON_ArrayForEach(member, node) {
		for (i = 0; i < NKNOWN; i++)
			if (strcmp(member->string, known_members[i]) == 0)
				break;
		if (i == NKNOWN)
			return (err_set(ERR_INVALID,
			    "%s %s: member %s is not known", method, template,
			    member->string));
	}
	return (ERR_OK);
}

static enum err
read_roles(const cJSON *node, struct operation *op)
{
	const cJSON *roles = json_get(node, "x-roles"), *item;
	enum role role;

	cJSON_ArrayForEach(item, roles) {
		role = cJSON_IsString(item) ? role_parse(item->valuestring) :
		    ROLE_PUBLIC;
		if (role == ROLE_PUBLIC && (!cJSON_IsString(item) ||
		    strcmp(item->valuestring, "PUBLIC") != 0))
			return (bad(op->template, op->id, "a role is wrong"));
		op->roles |= role;
	}
	if (op->roles == 0)
		return (bad(op->template, op->id, "x-roles is missing"));
	return (ERR_OK);
}

static enum err
read_extensions(const cJSON *node, struct operation *op)
{
	const char *scope = json_get_string(node, "x-scope");
	const char *class = json_get_string(node, "x-limit");
	int64_t limit = (int64_t)BODY_MAX;
	enum err err;

	if ((err = read_flag(node, "x-public", &op->public)) != ERR_OK ||
	    (err = read_flag(node, "x-subject", &op->subject)) != ERR_OK ||
	    (err = read_flag(node, "x-if-match", &op->if_match)) != ERR_OK ||
	    (err = read_flag(node, "x-audit", &op->audit)) != ERR_OK ||
	    (err = read_flag(node, "x-idempotent", &op->idempotent)) != ERR_OK)
		return (err);
	op->own = scope != NULL && strcmp(scope, "own") == 0;
	op->limit = (class != NULL) ? rate_class_parse(class) : RATE_NONE;
	if (scope != NULL && !op->own)
		return (bad(op->template, op->id, "x-scope is not own"));
	if (op->limit == RATE_CLASSES)
		return (bad(op->template, op->id, "x-limit is no class"));
	if (json_get(node, "x-body-limit") != NULL &&
	    (!json_get_int(node, "x-body-limit", &limit) || limit < 1 ||
	    limit > CONTRACT_BODY_MAX))
		return (bad(op->template, op->id, "x-body-limit is wrong"));
	op->body_max = (size_t)limit;
	return (read_roles(node, op));
}

/* Only parameters of the query are checked: a path segment names an object,
 * which is there or not, and headers have their own rules. */
static enum err
read_parameters(struct contract *C, const cJSON *node, struct operation *op)
{
	const cJSON *list = json_get(node, "parameters"), *item;
	struct parameter *params;
	const char *in, *name;
	enum err err;

	params = arena_alloc(C->arena, sizeof(*params) *
	    (size_t)(cJSON_GetArraySize(list) + 1));
	op->parameters = params;
	cJSON_ArrayForEach(item, list) {
		name = json_get_string(item, "name");
		in = json_get_string(item, "in");
		if (name == NULL || in == NULL)
			return (bad(op->template, op->id,
			    "a parameter lacks name or in"));
		/* Read for what it says wrong, wherever it stands. */
		params->schema = compile(C, op, json_get(item, "schema"),
		    name);
		if (params->schema == NULL)
			return (ERR_INVALID);
		if (strcmp(in, "query") != 0)
			continue;
		params->name = name;
		if ((err = read_flag(item, "required", &params->required)) !=
		    ERR_OK)
			return (err);
		params++;
		op->nparameters++;
	}
	return (ERR_OK);
}

static enum err
read_body(struct contract *C, const cJSON *node, struct operation *op)
{
	const cJSON *body = json_get(node, "requestBody"), *item, *first;
	size_t i;
	enum err err;

	if (body == NULL)
		return (ERR_OK);
	if ((err = read_flag(body, "required", &op->body_required)) != ERR_OK)
		return (err);
	first = json_get(body, "content");
	first = (first != NULL) ? first->child : NULL;
	cJSON_ArrayForEach(item, json_get(body, "content")) {
		for (i = 0; i < NMEDIA; i++)
			if (strcmp(item->string, media_types[i].name) == 0)
				break;
		if (i == NMEDIA)
			return (bad(op->id, item->string,
			    "media type is not known"));
		op->media |= media_types[i].media;
		if (!cJSON_Compare(item, first, true))
			return (bad(op->id, item->string,
			    "differs from the other media types"));
		op->body = compile(C, op, json_get(item, "schema"),
		    item->string);
		if (op->body == NULL)
			return (ERR_INVALID);
	}
	if (op->media == 0)
		return (bad(op->template, op->id, "requestBody is empty"));
	return (ERR_OK);
}

/* "#/components/responses/X" -> that node; anything else is itself. */
static const cJSON *
resolve(const struct contract *C, const cJSON *node)
{
	static const char prefix[] = "#/components/responses/";
	const char *ref = json_get_string(node, "$ref");

	if (ref == NULL || strncmp(ref, prefix, sizeof(prefix) - 1) != 0)
		return (node);
	return (json_get(json_get(json_get(C->document, "components"),
	    "responses"), ref + sizeof(prefix) - 1));
}

static enum err
read_responses(struct contract *C, const cJSON *node, struct operation *op)
{
	const cJSON *item, *response;
	struct answer *answer;
	int64_t status;

	cJSON_ArrayForEach(item, json_get(node, "responses")) {
		if ((response = resolve(C, item)) == NULL)
			return (bad(op->id, item->string, "$ref is wrong"));
		answer = arena_alloc(C->arena, sizeof(*answer));
		answer->op = op;
		if (!num_parse(item->string, 100, 599, &status))
			return (bad(op->id, item->string, "is no status"));
		answer->status = (int)status;
		answer->next = C->answers;
		C->answers = answer;
		response = json_get(response, "content");
		if (response == NULL)
			continue;
		answer->schema = compile(C, op,
		    json_get(response->child, "schema"), item->string);
		if (answer->schema == NULL)
			return (ERR_INVALID);
		if (answer->status == 200 || answer->status == 201)
			op->result = answer->schema;
	}
	return (ERR_OK);
}

/* Each {name} of the template is a parameter, or a handler would ask in
 * vain. */
static enum err
check_template(const cJSON *node, const char *template)
{
	const cJSON *item;
	const char *s, *name, *in;
	size_t len;

	for (s = strchr(template, '{'); s != NULL; s = strchr(s, '{')) {
		len = strcspn(++s, "}");
		cJSON_ArrayForEach(item, json_get(node, "parameters")) {
			name = json_get_string(item, "name");
			in = json_get_string(item, "in");
			if (name != NULL && in != NULL &&
			    strcmp(in, "path") == 0 && strlen(name) == len &&
			    memcmp(name, s, len) == 0)
				break;
		}
		if (item == NULL)
			return (bad(template, s, "is no path parameter"));
	}
	return (ERR_OK);
}

static enum err
read_operation(struct contract *C, const cJSON *node, const char *template,
    const char *method)
{
	struct operation *op = &C->operations[C->count++];
	enum err err;

	op->node = node;
	op->method = method;
	op->template = template;
	op->id = json_get_string(node, "operationId");
	if (op->id == NULL)
		return (bad(method, template, "operationId is missing"));
	if ((err = read_members(node, template, method)) == ERR_OK &&
	    (err = check_template(node, template)) == ERR_OK &&
	    (err = read_extensions(node, op)) == ERR_OK &&
	    (err = read_parameters(C, node, op)) == ERR_OK &&
	    (err = read_body(C, node, op)) == ERR_OK)
		err = read_responses(C, node, op);
	return (err);
}

static enum err
check_methods(const cJSON *path)
{
	const cJSON *member;
	size_t i;

	cJSON_ArrayForEach(member, path) {
		for (i = 0; i < NMETHODS; i++)
			if (strcmp(member->string, methods[i].name) == 0)
				break;
		if (i == NMETHODS)
			return (bad(path->string, member->string,
			    "is not known"));
	}
	return (ERR_OK);
}

static enum err
read_paths(struct contract *C)
{
	const cJSON *path, *node, *paths = json_get(C->document, "paths");
	enum err err = ERR_OK;
	size_t i;

	C->operations = arena_alloc(C->arena, sizeof(*C->operations) *
	    (NMETHODS * (size_t)cJSON_GetArraySize(paths) + 1));
	cJSON_ArrayForEach(path, paths) {
		if (err == ERR_OK)
			err = check_methods(path);
		for (i = 0; err == ERR_OK && i < NMETHODS; i++) {
			node = json_get(path, methods[i].name);
			if (node != NULL)
				err = read_operation(C, node, path->string,
				    methods[i].method);
		}
	}
	if (err == ERR_OK && C->count == 0)
		err = err_set(ERR_INVALID, "there are no paths");
	return (err);
}

static enum err
read_file(struct arena *A, const char *path, char **text, size_t *len)
{
	struct stat sb;
	FILE *f;
	enum err err = ERR_OK;

	if ((f = fopen(path, "re")) == NULL)
		return (err_set(ERR_NOT_FOUND, "%s", strerror(errno)));
	if (fstat(fileno(f), &sb) == -1 || sb.st_size > FILE_BYTES_MAX)
		err = err_set(ERR_INVALID, "can't be read, or over 1 MiB");
	else {
		*text = arena_alloc(A, (size_t)sb.st_size + 1);
		*len = fread(*text, 1, (size_t)sb.st_size, f);
	}
	(void)fclose(f);
	return (err);
}

static enum err
read_document(struct contract *C, const char *path)
{
	char *text = NULL;
	size_t len = 0;
	enum err err;

	if ((err = read_file(C->arena, path, &text, &len)) != ERR_OK)
		return (err);
	json_arena(C->arena);
	err = json_parse(C->arena, text, len, &C->document);
	if (err == ERR_OK) {
		C->schemas = schema_set_new(C->arena, C->document);
		if (!schema_compile_all(C->schemas))
			err = ERR_INVALID;
	}
	if (err == ERR_OK)
		err = read_paths(C);
	return (err);
}

struct contract *
contract_load(const char *path)
{
	struct contract *C;
	struct arena *A;
	char what[400];

	if ((A = arena_new(ARENA_MAX)) == NULL) {
		(void)err_set(ERR_INTERNAL, "out of memory");
		return (NULL);
	}
	C = arena_alloc(A, sizeof(*C));
	C->arena = A;
	if (read_document(C, path) != ERR_OK) {
		(void)snprintf(what, sizeof(what), "%s", err_detail());
		(void)err_set(ERR_INVALID, "%s: %s", path, what);
		arena_free(A);
		return (NULL);
	}
	return (C);
}

struct contract *
contract_of(const char *share, const char *name)
{
	struct contract *C;
	char *path;

	if (asprintf(&path, "%s/fcgi-%s/api.json", share, name) == -1) {
		(void)err_set(ERR_INTERNAL, "out of memory");
		return (NULL);
	}
	C = contract_load(path);
	free(path);
	return (C);
}

void
contract_free(struct contract *C)
{

	if (C != NULL)
		arena_free(C->arena);
}

static const struct handler *
find_handler(const struct handler *handlers, size_t count, const char *id)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(handlers[i].id, id) == 0)
			return (&handlers[i]);
	return (NULL);
}

enum err
contract_bind(struct contract *C, const struct handler *handlers,
    size_t count)
{
	const struct handler *handler;
	size_t i, j;

	for (i = 0; i < C->count; i++) {
		handler = find_handler(handlers, count, C->operations[i].id);
		if (handler == NULL)
			return (err_set(ERR_INVALID,
			    "operation %s has no handler",
			    C->operations[i].id));
		for (j = 0; j < i; j++)
			if (C->operations[j].run == handler->run)
				return (err_set(ERR_INVALID, "operation %s "
				    "is there twice", handler->id));
		C->operations[i].run = handler->run;
	}
	for (i = 0; i < count; i++) {
		for (j = 0; j < C->count; j++)
			if (C->operations[j].run == handlers[i].run)
				break;
		if (j == C->count)
			return (err_set(ERR_INVALID,
			    "handler %s has no operation", handlers[i].id));
	}
	return (ERR_OK);
}

void
contract_tag(struct contract *C, void *tag)
{
	size_t i;

	for (i = 0; i < C->count; i++)
		C->operations[i].tag = tag;
}

/*
 * Does the path match?  Literal segments beat {names}, the first one that
 * differs decides: the score has a bit for each, the first segment's highest.
 * -1: no match.
 */
static int
match(const struct request *req, const char *template)
{
	size_t i, len;
	int score = 0;

	for (i = 0; *template == '/'; i++, template += len) {
		template++;
		len = strcspn(template, "/");
		if (i == req->nsegments || req->segments[i][0] == '\0')
			return (-1);
		score <<= 1;
		if (template[0] == '{')
			continue;
		if (strlen(req->segments[i]) != len ||
		    memcmp(req->segments[i], template, len) != 0)
			return (-1);
		score |= 1;
	}
	return (i == req->nsegments ? score : -1);
}

/* The methods of one path, "GET, HEAD, POST, OPTIONS". */
static const char *
allowed(const struct contract *C, const struct request *req,
    const char *template, bool public)
{
	const struct operation *op;
	struct buf b;

	buf_init(&b, req->arena, 256);
	for (op = C->operations; op < C->operations + C->count; op++) {
		if (op->template != template || (public && !op->public))
			continue;
		buf_printf(&b, "%s, ", op->method);
		if (strcmp(op->method, "GET") == 0)
			buf_puts(&b, "HEAD, ");
	}
	buf_puts(&b, "OPTIONS");
	return (b.data);
}

enum err
contract_route(const struct contract *C, struct request *req, bool public,
    const char **allow)
{
	const char *method = req->head ? "GET" : req->method, *best = NULL;
	const struct operation *op;
	int score, most = -1;

	*allow = NULL;
	req->op = NULL;
	for (op = C->operations; op < C->operations + C->count; op++) {
		if (public && !op->public)
			continue;
		if (op->template != best) {
			score = match(req, op->template);
			if (score <= most)
				continue;
			most = score;
			best = op->template;
			req->op = NULL;
		}
		if (strcmp(op->method, method) == 0)
			req->op = op;
	}
	if (best == NULL)
		return (err_set(ERR_NOT_FOUND, "there is no such path"));
	if (req->op != NULL)
		return (ERR_OK);
	*allow = allowed(C, req, best, public);
	return (err_set(ERR_METHOD, NULL));
}

const char *
contract_param(const struct request *req, const char *name)
{
	const char *s = req->op->template;
	size_t i, len = strlen(name);

	for (i = 0; *s == '/'; i++, s += strcspn(s, "/")) {
		s++;
		if (s[0] == '{' && strncmp(s + 1, name, len) == 0 &&
		    s[len + 1] == '}')
			return (req->segments[i]);
	}
	assert(!"no such path parameter");
	return (NULL);
}

enum err
contract_admit(const struct request *req)
{
	const struct operation *op = req->op;

	if ((op->roles & ROLE_PUBLIC) != 0)
		return (ERR_OK);
	if (req->role == ROLE_PUBLIC)
		return (err_set(ERR_UNAUTHENTICATED, NULL));
	if (op->subject && req->subject == NULL)
		return (err_set(ERR_NO_SUBJECT, NULL));
	if ((op->roles & req->role) == 0)
		return (err_set(ERR_ROLE, NULL));
	return (ERR_OK);
}

/* Content-Type without its parameters, as a bit; 0 if it isn't known. */
static unsigned
body_media(const struct request *req)
{
	const char *type = request_env(req, "CONTENT_TYPE");
	size_t i, len;

	if (type == NULL)
		return (0);
	len = strcspn(type, "; \t");
	for (i = 0; i < NMEDIA; i++)
		if (strlen(media_types[i].name) == len &&
		    strncasecmp(type, media_types[i].name, len) == 0)
			return (media_types[i].media);
	return (0);
}

enum err
contract_media(const struct request *req)
{
	const struct operation *op = req->op;
	bool present = req->body_len > 0 || req->body_over;

	if (present && op->media != 0 && (body_media(req) & op->media) == 0)
		return (err_set(ERR_MEDIA_TYPE, NULL));
	if (req->body_over || req->body_len > op->body_max)
		return (err_set(ERR_BODY_SIZE, "at most %zu bytes",
		    op->body_max));
	return (ERR_OK);
}

static void
validate_query(struct request *req)
{
	const struct operation *op = req->op;
	const char *value, *name;
	size_t i, j;

	for (i = 0; i < op->nparameters; i++) {
		name = arena_printf(req->arena, "?%s",
		    op->parameters[i].name);
		value = request_query(req, op->parameters[i].name);
		if (value != NULL)
			(void)schema_check_text(op->parameters[i].schema,
			    name, value, request_faults(req));
		else if (op->parameters[i].required)
			(void)request_fault(req, name, "REQUIRED",
			    "it is missing");
	}
	for (i = 0; i < req->nquery; i++) {
		for (j = 0; j < op->nparameters; j++)
			if (strcmp(req->query[i].name,
			    op->parameters[j].name) == 0)
				break;
		if (j == op->nparameters)
			(void)request_fault(req, arena_printf(req->arena,
			    "?%s", req->query[i].name), "UNKNOWN_PARAMETER",
			    "this list or object has no such parameter");
	}
}

static enum err
validate_body(struct request *req)
{
	const struct operation *op = req->op;
	enum err err;

	/* A body that the operation has no use for is read and forgotten. */
	if (op->media == 0 || (req->body_len == 0 && !op->body_required))
		return (ERR_OK);
	if (op->media == MEDIA_FORM)
		err = request_form(req);
	else
		err = json_parse(req->arena, req->body, req->body_len,
		    &req->json);
	if (err == ERR_OK)
		(void)schema_check(op->body, req->json, request_faults(req));
	return (err);
}

/* 255 visible ASCII characters at most?  None at all is no key.  Asked here and
 * not of idempotency.c, which needs the database's driver: the gateway has
 * none. */
static bool
is_key(const char *value)
{
	size_t len = strlen(value), i;

	for (i = 0; i < len; i++)
		if (value[i] < '!' || value[i] > '~')
			return (false);
	return (len <= KEY_MAX);
}

enum err
contract_validate(struct request *req)
{
	const char *key = request_env(req, "HTTP_IDEMPOTENCY_KEY");
	enum err err;

	if (req->query_bad)
		return (err_set(ERR_MALFORMED_REQUEST,
		    "the query can't be read, or names a parameter twice"));
	if ((err = validate_body(req)) != ERR_OK)
		return (err);
	validate_query(req);
	if (req->op->idempotent && key != NULL && !is_key(key))
		(void)request_fault(req, "?" IDEMPOTENCY_HEADER,
		    "WRONG_FORMAT", "it must be 1 to 255 visible ASCII "
		    "characters");
	if (req->faults != NULL && req->faults->count > 0)
		return (err_set(ERR_INVALID, NULL));
	if (req->op->if_match && request_env(req, "HTTP_IF_MATCH") == NULL)
		return (err_set(ERR_PRECONDITION_REQUIRED, NULL));
	return (ERR_OK);
}

const cJSON *
contract_document(const struct contract *C)
{

	return (C->document);
}

const struct schema *
contract_schema(const struct contract *C, const char *name)
{
	const cJSON *node = json_get(json_get(json_get(C->document,
	    "components"), "schemas"), name);

	if (node == NULL) {
		(void)err_set(ERR_INVALID, "there is no schema %s", name);
		return (NULL);
	}
	return (schema_compile(C->schemas, node, name));
}

bool
contract_check_reply(const struct contract *C, struct request *req,
    const struct reply *reply)
{
	const struct answer *answer;
	struct schema_errors errors;
	cJSON *body;

	for (answer = C->answers; answer != NULL; answer = answer->next)
		if (answer->op == req->op && answer->status == reply->status)
			break;
	/* Any operation may meet too large a body, or a fault of ours. */
	if (answer == NULL && (reply->status == 413 || reply->status == 500))
		return (true);
	if (answer == NULL) {
		(void)err_set(ERR_INTERNAL, "%s answers %d, which its "
		    "contract doesn't name", req->op->id, reply->status);
		return (false);
	}
	if (answer->schema == NULL)
		return (true);
	schema_errors_init(&errors, req->arena);
	if (json_parse(req->arena, reply->body.data, reply->body.len, &body)
	    == ERR_OK && schema_check(answer->schema, body, &errors))
		return (true);
	(void)err_set(ERR_INTERNAL, "%s answers %d with %s: %s", req->op->id,
	    reply->status, errors.count > 0 ? errors.list[0].pointer : "",
	    errors.count > 0 ? errors.list[0].message : "no JSON");
	return (false);
}
