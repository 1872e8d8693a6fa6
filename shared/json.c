/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json: JSON texts in and out.
 *
 * A text is read three times: json_scan() refuses what isn't JSON, because
 * cJSON lets too much through; then cJSON builds the tree; then the names of
 * each object are compared, decoded, so that "a" and "\u0061" are the same.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "buf.h"
#include "json.h"
#include "json_scan.h"
#include "num.h"

/* Up to this many names, comparing each with each beats sorting. */
#define FEW_NAMES	8

static struct arena *current;

static void *
take(size_t len)
{

	assert(current != NULL);
	return (arena_alloc(current, len));
}

static void
leave(void *p)
{

	(void)p;
}

void
json_init(void)
{
	cJSON_Hooks hooks = { .malloc_fn = take, .free_fn = leave };

	cJSON_InitHooks(&hooks);
}

void
json_arena(struct arena *A)
{

	current = A;
}

static int
compare_names(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return (strcmp(*x, *y));
}

/* Are two of ${object}'s ${n} names the same?  By sorting. */
static bool
name_twice_of_many(struct arena *A, const cJSON *object, size_t n)
{
	const char **names = arena_alloc(A, n * sizeof(*names));
	const cJSON *m;
	size_t i = 0;

	for (m = object->child; m != NULL; m = m->next)
		names[i++] = m->string;
	qsort(names, n, sizeof(*names), compare_names);
	for (i = 1; i < n; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			return (true);
	return (false);
}

static bool
name_twice_of_few(const cJSON *object)
{
	const cJSON *m, *other;

	for (m = object->child; m != NULL; m = m->next)
		for (other = m->next; other != NULL; other = other->next)
			if (strcmp(m->string, other->string) == 0)
				return (true);
	return (false);
}

/* Does an object in ${item} have a name twice? */
static bool
name_twice(struct arena *A, const cJSON *item)
{
	const cJSON *m;
	size_t n = 0;

	for (m = item->child; m != NULL; m = m->next, n++)
		if (m->child != NULL && name_twice(A, m))
			return (true);
	if (!cJSON_IsObject(item))
		return (false);
	return (n <= FEW_NAMES ? name_twice_of_few(item) :
	    name_twice_of_many(A, item, n));
}

enum err
json_parse(struct arena *A, const char *text, size_t len, cJSON **out)
{
	struct arena *outer = current;
	enum err err;

	if ((err = json_scan(text, len)) != ERR_OK)
		return (err);
	current = A;
	*out = cJSON_ParseWithLength(text, len);
	current = outer;
	if (*out == NULL)
		return (err_set(ERR_MALFORMED_JSON, "not readable"));
	if (name_twice(A, *out))
		return (err_set(ERR_MALFORMED_JSON,
		    "an object has the same name twice"));
	return (ERR_OK);
}

cJSON *
json_get(const cJSON *object, const char *name)
{

	return (cJSON_GetObjectItemCaseSensitive(object, name));
}

const char *
json_get_string(const cJSON *object, const char *name)
{

	return (cJSON_GetStringValue(json_get(object, name)));
}

bool
json_get_int(const cJSON *object, const char *name, int64_t *n)
{

	return (json_int(json_get(object, name), n));
}

bool
json_int(const cJSON *item, int64_t *n)
{
	double d;

	if (!cJSON_IsNumber(item))
		return (false);
	d = item->valuedouble;
	if (!(fabs(d) <= (double)NUM_SAFE_MAX) || d != trunc(d))
		return (false);
	*n = (int64_t)d;
	return (true);
}

static void
put_escape(struct buf *b, char c)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
	const char *at = strchr(plain, c);

	if (c != '\0' && at != NULL) {
		buf_putc(b, '\\');
		buf_putc(b, letter[at - plain]);
	} else
		buf_printf(b, "\\u%04x", (unsigned char)c);
}

void
json_put_string(struct buf *b, const char *s, size_t len)
{
	const char *end = s + len, *run = s;
	size_t n;

	buf_putc(b, '"');
	for (; s < end; s += n) {
		n = json_sequence(s, (size_t)(end - s));
		if (n > 1 || (n == 1 && (unsigned char)*s >= 0x20 &&
		    *s != '"' && *s != '\\'))
			continue;
		buf_put(b, run, (size_t)(s - run));
		if (n == 0) {
			buf_puts(b, "\xef\xbf\xbd");
			n = 1;
		} else
			put_escape(b, *s);
		run = s + n;
	}
	buf_put(b, run, (size_t)(end - run));
	buf_putc(b, '"');
}

static void
put_number(struct buf *b, const cJSON *item)
{
	double d = item->valuedouble;
	char text[32];
	int64_t n;
	int digits;

	assert(!isnan(d));
	if (json_int(item, &n)) {
		buf_put_int(b, n);
		return;
	}
	if (isinf(d)) {		/* as it came in: there is no infinity */
		buf_puts(b, d < 0 ? "-1e999" : "1e999");
		return;
	}
	for (digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	buf_puts(b, text);
}

/* The members or elements of ${item} between ${open} and ${close}. */
static void
put_list(struct buf *b, const cJSON *item, char open, char close)
{
	const cJSON *m;

	buf_putc(b, open);
	for (m = item->child; m != NULL; m = m->next) {
		if (m != item->child)
			buf_putc(b, ',');
		if (open == '{') {
			json_put_string(b, m->string, strlen(m->string));
			buf_putc(b, ':');
		}
		json_put(b, m);
	}
	buf_putc(b, close);
}

void
json_put(struct buf *b, const cJSON *item)
{

	switch (item->type & 0xff) {
	case cJSON_NULL:
		buf_puts(b, "null");
		break;
	case cJSON_False:
		buf_puts(b, "false");
		break;
	case cJSON_True:
		buf_puts(b, "true");
		break;
	case cJSON_Number:
		put_number(b, item);
		break;
	case cJSON_String:
		json_put_string(b, item->valuestring,
		    strlen(item->valuestring));
		break;
	case cJSON_Array:
		put_list(b, item, '[', ']');
		break;
	case cJSON_Object:
		put_list(b, item, '{', '}');
		break;
	default:
		assert(!"an item of no JSON type");
	}
}
