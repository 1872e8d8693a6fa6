/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A body against the contract, "operationId" and then the body: every request
 * that takes one, JSON, merge patch and form.  What is valid is stored and
 * printed again by its schema.
 */
#include <assert.h>
#include <cjson/cJSON.h>
#include <ctype.h>
#include <string.h>

#include "../fcgi-event/condition.h"
#include "../shared/arena.h"
#include "../shared/buf.h"
#include "../shared/contract.h"
#include "../shared/doc.h"
#include "../shared/json.h"
#include "../shared/request.h"
#include "../shared/store.h"
#include "fuzz.h"

#define OUT_MAX		((size_t)4 * 1024 * 1024)

/* The operation of that id in a contract: its path and method; else NULL. */
static const cJSON *
find(const struct contract *C, const char *id, const char **path)
{
	const cJSON *group, *node;
	const char *name;

	cJSON_ArrayForEach(group, json_get(contract_document(C), "paths"))
		cJSON_ArrayForEach(node, group) {
			name = json_get_string(node, "operationId");
			if (name != NULL && strcmp(name, id) == 0) {
				*path = group->string;
				return (node);
			}
		}
	return (NULL);
}

/* Let the request be for the operation of that id. */
static bool
choose(struct request *req, const struct contract *C, const char *id)
{
	const char *path, *allow;
	const cJSON *node = find(C, id, &path);
	char *method, *env[3] = { NULL };
	enum err err;

	if (node == NULL)
		return (false);
	env[0] = arena_printf(req->arena, "REQUEST_METHOD=%s", node->string);
	for (method = strchr(env[0], '='); *method != '\0'; method++)
		*method = (char)toupper((unsigned char)*method);
	env[1] = arena_printf(req->arena, "REQUEST_URI=%s", path);
	req->env = env;
	err = request_parse(req);
	if (err == ERR_OK)
		err = contract_route(C, req, false, &allow);
	assert(err == ERR_OK);
	return (true);
}

/* Stored and printed again, a body is JSON. */
static void
round_trip(const struct request *req)
{
	bson_t *doc = store_new_doc(req->arena);
	cJSON *value;
	struct buf b;

	doc_append(doc, req->op->body, req->json);
	buf_init(&b, req->arena, OUT_MAX);
	doc_put(&b, req->op->body, doc);
	assert(!b.full && json_parse(req->arena, b.data, b.len, &value) ==
	    ERR_OK);
}

static void
one(struct fuzz_input *in)
{
	const struct contract *const *contracts = fuzz_contracts();
	const char *id = fuzz_line(in);
	char *none[] = { NULL };
	struct request req;

	json_arena(in->arena);
	fuzz_request(in, &req, none);
	if (!choose(&req, contracts[0], id) && !choose(&req, contracts[1], id))
		return;
	req.env = none;
	if (contract_validate(&req) != ERR_OK || req.json == NULL)
		return;
	if (json_get(req.json, "conditions") != NULL)
		(void)condition_check(&req, json_get(req.json, "conditions"),
		    "/conditions");
	if (cJSON_IsObject(req.json))
		round_trip(&req);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
