/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema: compile JSON Schema into a tree.  schema_keyword.c reads the
 * keywords, schema_check.c holds values against the tree.
 *
 * Always true of a tree: every keyword in it was understood; a component is
 * compiled once, and a $ref is a pointer to it, so recursion in the document
 * is a cycle in the tree and only the depth of a value bounds a check.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "json.h"
#include "schema_tree.h"

#define COMPONENTS	"/components/schemas"

/* References from one to the next without a schema between, at most. */
#define REF_MAX		16

/* A component that is compiled, or being compiled further up the stack. */
struct component {
	struct component	*next;
	const cJSON		*node;
	struct schema		 schema;
};

struct schema_set {
	struct arena		*arena;
	const cJSON		*nodes;		/* components/schemas */
	struct component	*components;	/* those compiled so far */
};

bool
schema_refuse(struct schema_set *S, const struct place *at, const char *why)
{

	(void)err_set(ERR_INTERNAL, "%s: %s", schema_place(S->arena, at), why);
	return (false);
}

const cJSON *
schema_follow(const struct schema_set *S, const cJSON *node)
{
	static const char prefix[] = "#" COMPONENTS "/";
	const char *ref;
	int i;

	for (i = 0; i <= REF_MAX; i++) {
		if (json_get(node, "$ref") == NULL)
			return (node);
		ref = json_get_string(node, "$ref");
		if (ref == NULL || strncmp(ref, prefix, strlen(prefix)) != 0)
			return (NULL);
		node = json_get(S->nodes, ref + strlen(prefix));
	}
	return (NULL);
}

static void
widen(struct schema *s)
{

	s->types = SCHEMA_ANY;
	s->minimum = -INFINITY;
	s->maximum = INFINITY;
	s->max_length = s->max_bytes = SIZE_MAX;
	s->max_items = s->max_properties = SIZE_MAX;
}

/* Fill ${schema} by the keywords of ${node}, which has no $ref. */
static bool
fill(struct schema_set *S, struct schema *schema, const cJSON *node,
    const struct place *at)
{
	struct place here = { .up = at };
	struct schema_reading R = { .set = S, .arena = S->arena,
	    .schema = schema, .node = node, .at = &here };
	const struct schema_keyword *k;

	widen(schema);
	if (!cJSON_IsObject(node))
		return (schema_refuse(S, at, "must be a schema"));
	cJSON_ArrayForEach(R.value, node) {
		here.name = R.value->string;
		if ((k = schema_keyword(here.name)) == NULL)
			return (schema_refuse(S, &here, "unknown keyword"));
		R.field = (char *)schema + k->offset;
		if (!k->read(&R))
			return (false);
	}
	if (schema->nbranches > 0)
		schema->types &= SCHEMA_OBJECT;
	return (true);
}

/* The component whose schema is ${node}. */
static const struct schema *
compile_component(struct schema_set *S, const cJSON *node)
{
	struct place root = { .name = COMPONENTS };
	struct place at = { .up = &root, .name = node->string };
	struct component *c;

	for (c = S->components; c != NULL; c = c->next)
		if (c->node == node)
			return (&c->schema);
	c = arena_alloc(S->arena, sizeof(*c));
	c->node = node;
	c->next = S->components;
	S->components = c;
	return (fill(S, &c->schema, node, &at) ? &c->schema : NULL);
}

/* Beside a $ref only that stands which says nothing about the value. */
static const struct schema *
compile_ref(struct schema_set *S, const cJSON *node, const struct place *at)
{
	struct place here = { .up = at };
	const struct schema_keyword *k;
	const cJSON *m;

	cJSON_ArrayForEach(m, node) {
		here.name = m->string;
		k = schema_keyword(here.name);
		if (strcmp(here.name, "$ref") != 0 &&
		    (k == NULL || !k->note)) {
			(void)schema_refuse(S, &here,
			    "can't stand beside $ref");
			return (NULL);
		}
	}
	here.name = "$ref";
	if ((m = schema_follow(S, node)) == NULL) {
		(void)schema_refuse(S, &here, "leads to no component");
		return (NULL);
	}
	return (compile_component(S, m));
}

const struct schema *
schema_compile_at(struct schema_set *S, const cJSON *node,
    const struct place *at)
{
	struct schema *schema;

	if (json_get(node, "$ref") != NULL)
		return (compile_ref(S, node, at));
	schema = arena_alloc(S->arena, sizeof(*schema));
	return (fill(S, schema, node, at) ? schema : NULL);
}

struct schema_set *
schema_set_new(struct arena *A, const cJSON *document)
{
	struct schema_set *S = arena_alloc(A, sizeof(*S));

	S->arena = A;
	S->nodes = json_get(json_get(document, "components"), "schemas");
	return (S);
}

const struct schema *
schema_compile(struct schema_set *S, const cJSON *node, const char *pointer)
{
	struct place at = { .name = pointer };

	return (schema_compile_at(S, node, &at));
}

bool
schema_compile_all(struct schema_set *S)
{
	struct place root = { .name = COMPONENTS };
	struct place at = { .up = &root };
	const cJSON *node;

	cJSON_ArrayForEach(node, S->nodes) {
		at.name = node->string;
		if (json_get(node, "$ref") != NULL) {
			if (compile_ref(S, node, &at) == NULL)
				return (false);
		} else if (compile_component(S, node) == NULL)
			return (false);
	}
	return (true);
}

unsigned int
schema_types(const struct schema *s)
{

	return (s->types);
}

enum schema_format
schema_format(const struct schema *s)
{

	return (s->format);
}

const cJSON *
schema_default(const struct schema *s)
{

	return (s->fallback);
}

const struct schema_property *
schema_property(const struct schema *s, size_t i)
{

	return (i < s->nproperties ? &s->properties[i] : NULL);
}

const struct schema_property *
schema_property_named(const struct schema *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->nproperties; i++)
		if (strcmp(s->properties[i].name, name) == 0)
			return (&s->properties[i]);
	return (NULL);
}

const struct schema_property *
schema_property_stored(const struct schema *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->nproperties; i++)
		if (strcmp(s->properties[i].stored, name) == 0)
			return (&s->properties[i]);
	return (NULL);
}

const struct schema *
schema_items(const struct schema *s)
{

	return (s->items);
}

const struct schema *
schema_additional(const struct schema *s)
{

	return (s->additional);
}

bool
schema_closed(const struct schema *s)
{

	return (s->closed);
}
