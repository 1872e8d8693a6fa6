/* SPDX-License-Identifier: BSD-2-Clause */
/* doc: JSON <-> BSON by schema; see doc.h. */
#include <assert.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "doc.h"
#include "json.h"
#include "schema.h"

static void	put_value(struct buf *, const struct schema *, bson_iter_t *);

static void
put_name(struct buf *b, const char *name, const char **comma)
{

	buf_puts(b, *comma);
	*comma = ",";
	json_put_string(b, name, strlen(name));
	buf_putc(b, ':');
}

/*
 * A member that isn't stored: its default, or the simplest form that its type
 * allows.
 */
static void
put_absent(struct buf *b, const struct schema_property *property)
{
	unsigned types = schema_types(property->schema);

	if (property->fallback != NULL)
		json_put(b, property->fallback);
	else if (types & SCHEMA_NULL)
		buf_puts(b, "null");
	else if (types & SCHEMA_ARRAY)
		buf_puts(b, "[]");
	else
		buf_puts(b, "{}");
}

static void
put_named(struct buf *b, const struct schema *schema, const bson_t *doc)
{
	const struct schema_property *property;
	const char *comma = "";
	bson_iter_t iter;
	size_t i;

	buf_putc(b, '{');
	for (i = 0; (property = schema_property(schema, i)) != NULL; i++) {
		if (bson_iter_init_find(&iter, doc, property->stored)) {
			put_name(b, property->name, &comma);
			put_value(b, property->schema, &iter);
		} else if (property->required) {
			put_name(b, property->name, &comma);
			put_absent(b, property);
		}
	}
	buf_putc(b, '}');
}

/* All members, whatever their names. */
static void
put_free(struct buf *b, const bson_t *doc)
{
	const char *comma = "";
	bson_iter_t iter;

	buf_putc(b, '{');
	if (bson_iter_init(&iter, doc)) {
		while (bson_iter_next(&iter)) {
			put_name(b, bson_iter_key(&iter), &comma);
			put_value(b, NULL, &iter);
		}
	}
	buf_putc(b, '}');
}

static void
put_array(struct buf *b, const struct schema *schema, const bson_iter_t *iter)
{
	const struct schema *items;
	const char *comma = "";
	bson_iter_t item;

	items = (schema != NULL) ? schema_items(schema) : NULL;
	buf_putc(b, '[');
	if (bson_iter_recurse(iter, &item)) {
		while (bson_iter_next(&item)) {
			buf_puts(b, comma);
			comma = ",";
			put_value(b, items, &item);
		}
	}
	buf_putc(b, ']');
}

static void
put_document(struct buf *b, const struct schema *schema,
    const bson_iter_t *iter)
{
	const uint8_t *data;
	uint32_t len;
	bson_t doc;

	bson_iter_document(iter, &len, &data);
	if (!bson_init_static(&doc, data, len))
		buf_puts(b, "{}");
	else if (schema != NULL && schema_property(schema, 0) != NULL)
		put_named(b, schema, &doc);
	else
		put_free(b, &doc);
}

static void
put_double(struct buf *b, double value)
{
	cJSON number;

	memset(&number, 0, sizeof(number));
	number.type = cJSON_Number;
	number.valuedouble = value;
	json_put(b, &number);
}

static void
put_date(struct buf *b, int64_t ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(ms, text);
	buf_printf(b, "\"%s\"", text);
}

static void
put_value(struct buf *b, const struct schema *schema, bson_iter_t *iter)
{
	const char *text;
	uint32_t len;

	switch (bson_iter_type(iter)) {
	case BSON_TYPE_UTF8:
		text = bson_iter_utf8(iter, &len);
		json_put_string(b, text, len);
		break;
	case BSON_TYPE_INT32:
	case BSON_TYPE_INT64:
		buf_put_int(b, bson_iter_as_int64(iter));
		break;
	case BSON_TYPE_DOUBLE:
		put_double(b, bson_iter_double(iter));
		break;
	case BSON_TYPE_DATE_TIME:
		put_date(b, bson_iter_date_time(iter));
		break;
	case BSON_TYPE_BOOL:
		buf_puts(b, bson_iter_bool(iter) ? "true" : "false");
		break;
	case BSON_TYPE_DOCUMENT:
		put_document(b, schema, iter);
		break;
	case BSON_TYPE_ARRAY:
		put_array(b, schema, iter);
		break;
	default:
		buf_puts(b, "null");
	}
}

void
doc_put(struct buf *b, const struct schema *schema, const bson_t *doc)
{

	put_named(b, schema, doc);
}

void
doc_put_free(struct buf *b, const bson_t *doc)
{

	put_free(b, doc);
}

static void	append_value(bson_t *, const char *, const struct schema *,
		    const cJSON *);

static void
append_array(bson_t *doc, const char *name, const struct schema *schema,
    const cJSON *json)
{
	const struct schema *items;
	const cJSON *item;
	char key[16];
	unsigned i = 0;
	bson_t array;

	items = (schema != NULL) ? schema_items(schema) : NULL;
	(void)bson_append_array_begin(doc, name, -1, &array);
	cJSON_ArrayForEach(item, json) {
		(void)snprintf(key, sizeof(key), "%u", i++);
		append_value(&array, key, items, item);
	}
	(void)bson_append_array_end(doc, &array);
}

static void
append_string(bson_t *doc, const char *name, const struct schema *schema,
    const char *text)
{
	int64_t ms;

	if (schema != NULL && schema_format(schema) == SCHEMA_DATE_TIME &&
	    clock_parse(text, strlen(text), &ms))
		(void)bson_append_date_time(doc, name, -1, ms);
	else
		(void)bson_append_utf8(doc, name, -1, text, -1);
}

static void
append_object(bson_t *doc, const char *name, const struct schema *schema,
    const cJSON *json)
{
	bson_t inner;

	(void)bson_append_document_begin(doc, name, -1, &inner);
	doc_append(&inner, schema, json);
	(void)bson_append_document_end(doc, &inner);
}

static void
append_value(bson_t *doc, const char *name, const struct schema *schema,
    const cJSON *json)
{
	int64_t n;

	if (cJSON_IsString(json))
		append_string(doc, name, schema, json->valuestring);
	else if (json_int(json, &n))
		(void)bson_append_int64(doc, name, -1, n);
	else if (cJSON_IsNumber(json))
		(void)bson_append_double(doc, name, -1, json->valuedouble);
	else if (cJSON_IsBool(json))
		(void)bson_append_bool(doc, name, -1, cJSON_IsTrue(json));
	else if (cJSON_IsObject(json))
		append_object(doc, name, schema, json);
	else if (cJSON_IsArray(json))
		append_array(doc, name, schema, json);
	else
		(void)bson_append_null(doc, name, -1);
}

void
doc_append_without(bson_t *doc, const struct schema *schema,
    const cJSON *json, const char *without)
{
	const struct schema_property *property;
	const cJSON *member;
	bool free_form;

	free_form = schema == NULL || schema_property(schema, 0) == NULL;
	cJSON_ArrayForEach(member, json) {
		if (without != NULL && strcmp(member->string, without) == 0)
			continue;
		if (free_form) {
			append_value(doc, member->string, NULL, member);
			continue;
		}
		property = schema_property_named(schema, member->string);
		assert(property != NULL);
		append_value(doc, property->stored, property->schema, member);
	}
}

void
doc_append(bson_t *doc, const struct schema *schema, const cJSON *json)
{

	doc_append_without(doc, schema, json, NULL);
}
