/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * document: the gateway's own OpenAPI document.  It is the public operations
 * of both contracts, and of the components those that they reach.
 */
#include <stdbool.h>
#include <string.h>

#include "arena.h"
#include "buf.h"
#include "contract.h"
#include "gateway.h"
#include "json.h"

#define DOCUMENT_MAX	((size_t)1024 * 1024)
#define ARENA_MAX	((size_t)16 * 1024 * 1024)

static const char header[] =
    "{\"openapi\":\"3.1.0\","
    "\"info\":{\"title\":\"Guerdon\",\"version\":\"1.0.0\","
    "\"summary\":\"Events, rewards and claims.\","
    "\"description\":\"Sign up, log in, then use the access token as a bearer "
    "token. Every error is a problem of RFC 9457.\","
    "\"license\":{\"name\":\"BSD-2-Clause\",\"identifier\":\"BSD-2-Clause\"}},"
    "\"servers\":[{\"url\":\"/\"}],\"tags\":[],"
    "\"security\":[{\"bearer\":[]}],\"paths\":{},"
    "\"components\":{\"securitySchemes\":{\"bearer\":{\"type\":\"http\","
    "\"scheme\":\"bearer\",\"bearerFormat\":\"JWT\"}}}}";

static enum err	reach(cJSON *, const cJSON *, const cJSON *);

/* The object ${name} in ${parent}, made if it isn't there. */
static cJSON *
child(cJSON *parent, const char *name)
{
	cJSON *item = json_get(parent, name);

	return (item != NULL ? item : cJSON_AddObjectToObject(parent, name));
}

/* Take over the component that "#/components/KIND/NAME" names. */
static enum err
take_component(cJSON *merged, const cJSON *source, const char *ref)
{
	static const char prefix[] = "#/components/";
	const char *slash, *kind_start = ref + sizeof(prefix) - 1;
	const cJSON *found, *old;
	char kind[32];
	cJSON *group;

	slash = strchr(kind_start, '/');
	if (strncmp(ref, prefix, sizeof(prefix) - 1) != 0 || slash == NULL ||
	    (size_t)(slash - kind_start) >= sizeof(kind))
		return (err_set(ERR_INVALID, "%s: not a component", ref));
	memcpy(kind, kind_start, (size_t)(slash - kind_start));
	kind[slash - kind_start] = '\0';
	found = json_get(json_get(json_get(source, "components"), kind),
	    slash + 1);
	if (found == NULL)
		return (err_set(ERR_INVALID, "%s: there is none", ref));
	group = child(child(merged, "components"), kind);
	if ((old = json_get(group, slash + 1)) != NULL)
		return (cJSON_Compare(old, found, true) ? ERR_OK :
		    err_set(ERR_INVALID, "%s: the contracts disagree", ref));
	(void)cJSON_AddItemToObject(group, slash + 1,
	    cJSON_Duplicate(found, true));
	return (reach(merged, source, found));
}

/* Take over every component that ${node} reaches. */
static enum err
reach(cJSON *merged, const cJSON *source, const cJSON *node)
{
	const cJSON *item;
	enum err err = ERR_OK;

	cJSON_ArrayForEach(item, node) {
		if (item->string != NULL && cJSON_IsString(item) &&
		    strcmp(item->string, "$ref") == 0)
			err = take_component(merged, source,
			    item->valuestring);
		else
			err = reach(merged, source, item);
		if (err != ERR_OK)
			break;
	}
	return (err);
}

/* The public operations of one path, if it has any. */
static enum err
take_path(cJSON *merged, const cJSON *source, const cJSON *path)
{
	const cJSON *operation;
	cJSON *target;
	enum err err;

	cJSON_ArrayForEach(operation, path) {
		if (!cJSON_IsTrue(json_get(operation, "x-public")))
			continue;
		target = child(child(merged, "paths"), path->string);
		if (json_get(target, operation->string) != NULL)
			return (err_set(ERR_INVALID, "%s %s is in both "
			    "contracts", operation->string, path->string));
		(void)cJSON_AddItemToObject(target, operation->string,
		    cJSON_Duplicate(operation, true));
		if ((err = reach(merged, source, operation)) != ERR_OK)
			return (err);
	}
	return (ERR_OK);
}

static bool
has_tag(const cJSON *tags, const cJSON *tag)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, tags)
		if (cJSON_Compare(item, tag, true))
			return (true);
	return (false);
}

static bool
is_used(const cJSON *paths, const char *name)
{
	const cJSON *path, *operation, *tag;

	cJSON_ArrayForEach(path, paths)
		cJSON_ArrayForEach(operation, path)
			cJSON_ArrayForEach(tag, json_get(operation, "tags"))
				if (strcmp(tag->valuestring, name) == 0)
					return (true);
	return (false);
}

static enum err
take_contract(cJSON *merged, const cJSON *source)
{
	const cJSON *item;
	cJSON *tags = json_get(merged, "tags");
	enum err err = ERR_OK;

	cJSON_ArrayForEach(item, json_get(source, "paths"))
		if (err == ERR_OK)
			err = take_path(merged, source, item);
	cJSON_ArrayForEach(item, json_get(source, "tags"))
		if (!has_tag(tags, item) && is_used(json_get(merged, "paths"),
		    json_get_string(item, "name")))
			(void)cJSON_AddItemToArray(tags,
			    cJSON_Duplicate(item, true));
	return (err);
}

enum err
document_build(struct gateway *gw)
{
	struct arena *A;
	struct buf b;
	cJSON *merged;
	enum err err;
	size_t i;

	if ((A = arena_new(ARENA_MAX)) == NULL)
		return (err_set(ERR_INTERNAL, "out of memory"));
	json_arena(A);
	err = json_parse(A, header, sizeof(header) - 1, &merged);
	for (i = 0; err == ERR_OK && i < UPSTREAM_COUNT; i++)
		err = take_contract(merged,
		    contract_document(gw->upstreams[i].contract));
	if (err != ERR_OK) {
		arena_free(A);
		return (err);
	}
	buf_init(&b, A, DOCUMENT_MAX);
	json_put(&b, merged);
	gw->document = b.data;
	gw->document_arena = A;
	return (b.full ? err_set(ERR_INVALID, "document too large") : ERR_OK);
}
