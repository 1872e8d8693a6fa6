/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema_keyword: the keywords that we know, and what each sets in a schema.
 *
 * To add one: a row in keywords[] at the end, a member in schema_tree.h, a
 * check in schema_check.c, cases in t/11_schema.c.
 */
#include <stdint.h>
#include <string.h>

#include "arena.h"
#include "json.h"
#include "schema_tree.h"

static bool
refuse(const struct schema_reading *R, const char *why)
{

	return (schema_refuse(R->set, R->at, why));
}

static bool
read_note(const struct schema_reading *R)
{

	(void)R;
	return (true);
}

static bool
read_stored(const struct schema_reading *R)
{

	/* The object around it takes it: see add_property(). */
	if (!cJSON_IsString(R->value))
		return (refuse(R, "must be a string"));
	return (true);
}

static bool
read_value(const struct schema_reading *R)
{
	const cJSON **field = R->field;

	*field = R->value;
	return (true);
}

static bool
read_choices(const struct schema_reading *R)
{

	if (!cJSON_IsArray(R->value) || cJSON_GetArraySize(R->value) == 0)
		return (refuse(R, "must be a list of values"));
	R->schema->choices = R->value;
	return (true);
}

/* The bit of a type's name, 0 if there is no such type. */
static unsigned int
type_bit(const cJSON *name)
{
	static const struct {
		const char *name;
		unsigned int bit;
	} types[] = {
		{ "null", SCHEMA_NULL },
		{ "boolean", SCHEMA_BOOLEAN },
		{ "integer", SCHEMA_INTEGER },
		{ "number", SCHEMA_NUMBER },
		{ "string", SCHEMA_STRING },
		{ "array", SCHEMA_ARRAY },
		{ "object", SCHEMA_OBJECT },
	};
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (cJSON_IsString(name) &&
		    strcmp(name->valuestring, types[i].name) == 0)
			return (types[i].bit);
	return (0);
}

static bool
read_type(const struct schema_reading *R)
{
	const cJSON *name;
	unsigned int bit, types = 0;

	if (cJSON_IsArray(R->value)) {
		cJSON_ArrayForEach(name, R->value) {
			if ((bit = type_bit(name)) == 0)
				return (refuse(R, "unknown type"));
			types |= bit;
		}
	} else
		types = type_bit(R->value);
	if (types == 0)
		return (refuse(R, "unknown type"));
	R->schema->types = types;
	return (true);
}

static bool
read_format(const struct schema_reading *R)
{
	static const char *const names[] = {
		[SCHEMA_DATE_TIME] = "date-time",
		[SCHEMA_EMAIL] = "email",
		[SCHEMA_INT64] = "int64",
	};
	size_t i;

	for (i = SCHEMA_PLAIN + 1; i < sizeof(names) / sizeof(names[0]); i++)
		if (cJSON_IsString(R->value) &&
		    strcmp(R->value->valuestring, names[i]) == 0) {
			R->schema->format = (enum schema_format)i;
			return (true);
		}
	return (refuse(R, "unknown format"));
}

static bool
read_bound(const struct schema_reading *R)
{
	double *field = R->field;

	if (!cJSON_IsNumber(R->value))
		return (refuse(R, "must be a number"));
	*field = R->value->valuedouble;
	return (true);
}

/* Elements that the handler checks, and refuses one by one. */
static bool
read_each(const struct schema_reading *R)
{

	if (!cJSON_IsBool(R->value))
		return (refuse(R, "must be true or false"));
	R->schema->each = cJSON_IsTrue(R->value);
	return (true);
}

static bool
read_size(const struct schema_reading *R)
{
	size_t *field = R->field;
	int64_t n;

	if (!json_int(R->value, &n) || n < 0)
		return (refuse(R, "must be a count"));
	*field = (size_t)n;
	return (true);
}

/*
 * Step over one item of an extended regular expression; NULL if ECMA 262
 * would read it in another way, or could see characters where we see bytes.
 */
static const char *
portable_item(const char *p)
{
	static const char special[] = "\\.[]{}()*+?^$|";

	switch (*p) {
	case '[':
		if (p[1] == '^' || p[1] == ']')
			return (NULL);
		while (*++p != ']')
			if (*p == '\0' || *p == '[' || *p == '\\' ||
			    (unsigned char)*p >= 0x80)
				return (NULL);
		return (p + 1);
	case '\\':
		if (p[1] == '\0' || strchr(special, p[1]) == NULL)
			return (NULL);
		return (p + 2);
	case '(':
		return (p[1] == '?' ? NULL : p + 1);
	case '*': case '+': case '?': case '}':
		if (p[1] != '\0' && strchr("*+?", p[1]) != NULL)
			return (NULL);
		return (p + 1);
	default:
		return (*p == '.' || (unsigned char)*p >= 0x80 ? NULL : p + 1);
	}
}

static void
free_regex(void *regex)
{

	regfree(regex);
}

static bool
read_pattern(const struct schema_reading *R)
{
	struct schema *s = R->schema;
	const char *p;

	if (!cJSON_IsString(R->value))
		return (refuse(R, "must be a string"));
	for (p = R->value->valuestring; p != NULL && *p != '\0';)
		p = portable_item(p);
	if (p == NULL)
		return (refuse(R,
		    "an ERE and ECMA 262 read this differently"));
	s->pattern = R->value->valuestring;
	if (regcomp(&s->regex, s->pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return (refuse(R, "not a regular expression"));
	arena_defer(R->arena, free_regex, &s->regex);
	return (true);
}

static bool
read_schema(const struct schema_reading *R)
{
	const struct schema **field = R->field;

	*field = schema_compile_at(R->set, R->value, R->at);
	return (*field != NULL);
}

static bool
read_additional(const struct schema_reading *R)
{

	if (cJSON_IsFalse(R->value)) {
		R->schema->closed = true;
		return (true);
	}
	return (read_schema(R));
}

/* Is ${name} one of the strings of ${list}? */
static bool
lists(const cJSON *list, const char *name)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, list)
		if (cJSON_IsString(m) && strcmp(m->valuestring, name) == 0)
			return (true);
	return (false);
}

static bool
read_required(const struct schema_reading *R)
{
	const cJSON *name, *properties = json_get(R->node, "properties");

	if (!cJSON_IsArray(R->value))
		return (refuse(R, "must be a list of names"));
	cJSON_ArrayForEach(name, R->value)
		if (!cJSON_IsString(name) ||
		    json_get(properties, name->valuestring) == NULL)
			return (refuse(R,
			    "names what is no property"));
	return (true);
}

static bool
add_property(const struct schema_reading *R, const cJSON *node)
{
	struct schema_property *p;
	struct place at = { .up = R->at, .name = node->string };
	const char *stored = json_get_string(node, "x-bson");

	if (R->schema->nproperties == SCHEMA_PROPERTIES_MAX)
		return (refuse(R, "too many properties"));
	if (stored == NULL)
		stored = node->string;
	if (schema_property_stored(R->schema, stored) != NULL)
		return (refuse(R, "two are stored under one name"));
	p = &R->schema->properties[R->schema->nproperties++];
	p->name = node->string;
	p->stored = stored;
	p->required = lists(json_get(R->node, "required"), p->name);
	if ((p->schema = schema_compile_at(R->set, node, &at)) == NULL)
		return (false);
	p->fallback = json_get(node, "default");
	if (p->fallback == NULL)
		p->fallback = json_get(schema_follow(R->set, node), "default");
	return (true);
}

static bool
read_properties(const struct schema_reading *R)
{
	const cJSON *node;
	size_t n;

	if (!cJSON_IsObject(R->value))
		return (refuse(R, "must be an object"));
	n = (size_t)cJSON_GetArraySize(R->value);
	R->schema->properties = arena_alloc(R->arena,
	    n * sizeof(struct schema_property));
	cJSON_ArrayForEach(node, R->value)
		if (!add_property(R, node))
			return (false);
	return (true);
}

/* The member that ${node} alone of all ${branches} requires. */
static const char *
distinguishing(const struct schema_set *S, const cJSON *branches,
    const cJSON *node)
{
	const cJSON *name, *other, *required;

	cJSON_ArrayForEach(name, json_get(schema_follow(S, node),
	    "required")) {
		cJSON_ArrayForEach(other, branches) {
			required = json_get(schema_follow(S, other),
			    "required");
			if (other != node &&
			    lists(required, name->valuestring))
				break;
		}
		if (other == NULL)
			return (name->valuestring);
	}
	return (NULL);
}

static bool
add_branch(const struct schema_reading *R, const cJSON *node)
{
	struct schema_branch *b = &R->schema->branches[R->schema->nbranches];
	struct place at = { .up = R->at, .index = R->schema->nbranches };

	/* A oneOf right in a oneOf could go round without an end. */
	if (json_get(schema_follow(R->set, node), "oneOf") != NULL)
		return (schema_refuse(R->set, &at, "has a oneOf itself"));
	if ((b->schema = schema_compile_at(R->set, node, &at)) == NULL)
		return (false);
	if ((b->member = distinguishing(R->set, R->value, node)) == NULL)
		return (schema_refuse(R->set, &at,
		    "requires no member that the others don't"));
	R->schema->nbranches++;
	return (true);
}

static bool
read_branches(const struct schema_reading *R)
{
	const cJSON *node;
	size_t n;

	if (!cJSON_IsArray(R->value) || cJSON_GetArraySize(R->value) == 0)
		return (refuse(R, "must be a list of schemas"));
	n = (size_t)cJSON_GetArraySize(R->value);
	R->schema->branches = arena_alloc(R->arena,
	    n * sizeof(struct schema_branch));
	cJSON_ArrayForEach(node, R->value)
		if (!add_branch(R, node))
			return (false);
	return (true);
}

#define FIELD(name)	.offset = offsetof(struct schema, name)

/* The keywords.  Any other one is an error. */
static const struct schema_keyword keywords[] = {
	{ .name = "title", .read = read_note, .note = true },
	{ .name = "description", .read = read_note, .note = true },
	{ .name = "example", .read = read_note, .note = true },
	{ .name = "examples", .read = read_note, .note = true },
	{ .name = "x-bson", .read = read_stored, .note = true },
	{ .name = "default", .read = read_value,
	    .note = true, FIELD(fallback) },
	{ .name = "type", .read = read_type },
	{ .name = "enum", .read = read_choices },
	{ .name = "const", .read = read_value, FIELD(constant) },
	{ .name = "format", .read = read_format },
	{ .name = "pattern", .read = read_pattern },
	{ .name = "minimum", .read = read_bound, FIELD(minimum) },
	{ .name = "maximum", .read = read_bound, FIELD(maximum) },
	{ .name = "minLength", .read = read_size, FIELD(min_length) },
	{ .name = "maxLength", .read = read_size, FIELD(max_length) },
	{ .name = "x-max-bytes", .read = read_size, FIELD(max_bytes) },
	{ .name = "minItems", .read = read_size, FIELD(min_items) },
	{ .name = "maxItems", .read = read_size, FIELD(max_items) },
	{ .name = "minProperties", .read = read_size, FIELD(min_properties) },
	{ .name = "maxProperties", .read = read_size, FIELD(max_properties) },
	{ .name = "items", .read = read_schema, FIELD(items) },
	{ .name = "x-each", .read = read_each },
	{ .name = "propertyNames", .read = read_schema, FIELD(names) },
	{ .name = "additionalProperties", .read = read_additional,
	    FIELD(additional) },
	{ .name = "properties", .read = read_properties },
	{ .name = "required", .read = read_required },
	{ .name = "oneOf", .read = read_branches },
};

#undef FIELD

const struct schema_keyword *
schema_keyword(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strcmp(keywords[i].name, name) == 0)
			return (&keywords[i]);
	return (NULL);
}
