/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema_check: hold a value against a compiled schema, and say all that is
 * wrong with it.
 *
 * Messages never repeat the value: it may be a password.  A string says only
 * its first fault, everything else all of them.
 */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "json.h"
#include "num.h"
#include "schema_tree.h"

#define MESSAGE_MAX	512

/* 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z, as milliseconds. */
#define FIRST_TIME	INT64_C(-62167219200000)
#define LAST_TIME	INT64_C(253402300799999)

static void	check_value(struct schema_errors *, const struct schema *,
    const cJSON *, const struct place *);

static void
put_token(struct buf *b, const char *s)
{

	for (; *s != '\0'; s++) {
		if (*s == '~')
			buf_puts(b, "~0");
		else if (*s == '/')
			buf_puts(b, "~1");
		else
			buf_putc(b, *s);
	}
}

static void
put_place(struct buf *b, const struct place *at)
{

	if (at->up == NULL) {
		buf_puts(b, at->name);
		return;
	}
	put_place(b, at->up);
	buf_putc(b, '/');
	if (at->name != NULL)
		put_token(b, at->name);
	else
		buf_put_int(b, (int64_t)at->index);
}

const char *
schema_place(struct arena *A, const struct place *at)
{
	struct buf b;

	buf_init(&b, A, SIZE_MAX);
	put_place(&b, at);
	return (b.data);
}

void
schema_errors_init(struct schema_errors *E, struct arena *A)
{

	E->arena = A;
	E->count = 0;
}

static void	add(struct schema_errors *, const struct place *,
    const char *, const char *, ...)
    __attribute__((__format__(__printf__, 4, 5)));

static void
add(struct schema_errors *E, const struct place *at, const char *code,
    const char *fmt, ...)
{
	char message[MESSAGE_MAX];
	struct schema_error *e;
	va_list ap;

	if (E->count == SCHEMA_ERRORS_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	e = &E->list[E->count++];
	e->pointer = schema_place(E->arena, at);
	e->code = code;
	e->message = arena_strdup(E->arena, message);
}

/* The types that a value is of. */
static unsigned int
types_of(const cJSON *v)
{

	switch (v->type & 0xff) {
	case cJSON_NULL:
		return (SCHEMA_NULL);
	case cJSON_False:
	case cJSON_True:
		return (SCHEMA_BOOLEAN);
	case cJSON_Number:	/* an infinity is an integer out of range */
		return (trunc(v->valuedouble) == v->valuedouble ?
		    SCHEMA_INTEGER | SCHEMA_NUMBER : SCHEMA_NUMBER);
	case cJSON_String:
		return (SCHEMA_STRING);
	case cJSON_Array:
		return (SCHEMA_ARRAY);
	default:
		return (SCHEMA_OBJECT);
	}
}

static void
add_wrong_type(struct schema_errors *E, const struct schema *s,
    const struct place *at)
{
	static const char *const names[] = { "null", "a boolean",
	    "an integer", "a number", "a string", "an array", "an object" };
	unsigned int i, rest = s->types;
	struct buf b;

	buf_init(&b, E->arena, MESSAGE_MAX);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((rest & 1U << i) == 0)
			continue;
		rest &= ~(1U << i);
		if (b.len > 0)
			buf_puts(&b, rest != 0 ? ", " : " or ");
		buf_puts(&b, names[i]);
	}
	add(E, at, "WRONG_TYPE", "must be %s", b.data);
}

/* The value of a choice: a string without quotes, else as JSON. */
static void
put_choice(struct buf *b, const cJSON *choice)
{

	if (b->len > 0)
		buf_puts(b, ", ");
	if (cJSON_IsString(choice))
		buf_puts(b, choice->valuestring);
	else
		json_put(b, choice);
}

static void
check_choices(struct schema_errors *E, const struct schema *s,
    const cJSON *v, const struct place *at)
{
	const cJSON *m;
	struct buf b;

	if (s->constant != NULL && !cJSON_Compare(s->constant, v, true)) {
		buf_init(&b, E->arena, MESSAGE_MAX);
		put_choice(&b, s->constant);
		add(E, at, "NOT_IN_ENUM", "must be %s", b.data);
	}
	if (s->choices == NULL)
		return;
	cJSON_ArrayForEach(m, s->choices)
		if (cJSON_Compare(m, v, true))
			return;
	buf_init(&b, E->arena, MESSAGE_MAX);
	cJSON_ArrayForEach(m, s->choices)
		put_choice(&b, m);
	add(E, at, "NOT_IN_ENUM", "must be one of %s", b.data);
}

static void
check_number(struct schema_errors *E, const struct schema *s, const cJSON *v,
    const struct place *at)
{
	double d = v->valuedouble, most = INFINITY;

	if ((s->types & SCHEMA_NUMBER) == 0)
		most = (double)NUM_SAFE_MAX;
	if (isinf(d) || fabs(d) > most)
		add(E, at, "OUT_OF_RANGE", "is too large a number");
	else if (d < s->minimum)
		add(E, at, "OUT_OF_RANGE", "must be at least %.16g",
		    s->minimum);
	else if (d > s->maximum)
		add(E, at, "OUT_OF_RANGE", "must be at most %.16g",
		    s->maximum);
}

/* The number of code points of valid UTF-8. */
static size_t
count_chars(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += (((unsigned char)*s & 0xc0) != 0x80);
	return (n);
}

static bool
is_time(const char *s)
{
	int64_t ms;

	return (clock_parse(s, strlen(s), &ms) && ms >= FIRST_TIME &&
	    ms <= LAST_TIME);
}

/*
 * Is [s, end) words of the characters of ${set}, or beyond ASCII, with a dot
 * between each two?
 */
static bool
is_dotted(const char *s, const char *end, const char *set)
{
	bool dot = true;	/* no word since the last dot */

	for (; s < end; s++) {
		if (*s == '.' && dot)
			return (false);
		dot = (*s == '.');
		if (!dot && (unsigned char)*s < 0x80 &&
		    strchr(set, *s) == NULL)
			return (false);
	}
	return (!dot);
}

/* dot-atom @ domain [RFC 5321, 4.1.2; RFC 6531 for what isn't ASCII]. */
static bool
is_email(const char *s)
{
#define ALNUM	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	const char *at = strrchr(s, '@'), *end = s + strlen(s), *p;

	if (at == NULL || at - s > 64 ||
	    !is_dotted(s, at, ALNUM "!#$%&'*+-/=?^_`{|}~") ||
	    !is_dotted(at + 1, end, ALNUM "-"))
		return (false);
	for (p = at; p < end; p++)	/* no label begins or ends with "-" */
		if (*p == '-' && (p[-1] == '@' || p[-1] == '.' ||
		    p[1] == '.' || p[1] == '\0'))
			return (false);
	return (true);
#undef ALNUM
}

/* "s" for more than one, or none. */
static const char *
plural(size_t n)
{

	return (n == 1 ? "" : "s");
}

static bool
check_length(struct schema_errors *E, const struct schema *s, const char *text,
    const struct place *at)
{
	size_t chars = count_chars(text);

	if (chars < s->min_length)
		add(E, at, "TOO_SHORT", "must have at least %zu character%s",
		    s->min_length, plural(s->min_length));
	else if (chars > s->max_length)
		add(E, at, "TOO_LONG", "must have at most %zu character%s",
		    s->max_length, plural(s->max_length));
	else if (strlen(text) > s->max_bytes)
		add(E, at, "TOO_LONG", "must have at most %zu byte%s in UTF-8",
		    s->max_bytes, plural(s->max_bytes));
	else
		return (true);
	return (false);
}

static void
check_string(struct schema_errors *E, const struct schema *s,
    const char *text, const struct place *at)
{

	if (!check_length(E, s, text, at))
		return;
	if (s->format == SCHEMA_DATE_TIME && !is_time(text))
		add(E, at, "WRONG_FORMAT", "must be a date and time as RFC "
		    "3339 has it, such as 2026-01-31T09:30:00Z");
	else if (s->format == SCHEMA_EMAIL && !is_email(text))
		add(E, at, "WRONG_FORMAT", "must be an email address");
	else if (s->pattern != NULL &&
	    regexec(&s->regex, text, 0, NULL, 0) != 0)
		add(E, at, "WRONG_PATTERN", "must match %s", s->pattern);
}

/* Are there enough, and not too many, of them? */
static void
check_count(struct schema_errors *E, size_t n, size_t min, size_t max,
    const char *what, const struct place *at)
{

	if (n < min)
		add(E, at, "TOO_FEW", "must have at least %zu %s%s", min,
		    what, plural(min));
	if (n > max)
		add(E, at, "TOO_MANY", "must have at most %zu %s%s", max,
		    what, plural(max));
}

static void
check_array(struct schema_errors *E, const struct schema *s, const cJSON *v,
    const struct place *at)
{
	struct place here = { .up = at };
	const cJSON *m;

	check_count(E, (size_t)cJSON_GetArraySize(v), s->min_items,
	    s->max_items, "item", at);
	if (s->items == NULL || s->each)
		return;
	cJSON_ArrayForEach(m, v) {
		check_value(E, s->items, m, &here);
		here.index++;
	}
}

/* Is ${name} one that a member without a property of its own may have? */
static bool
check_name(struct schema_errors *E, const struct schema *s, const char *name,
    const struct place *at)
{
	struct schema_errors fault;

	if (s->names == NULL)
		return (true);
	schema_errors_init(&fault, E->arena);
	check_string(&fault, s->names, name, at);
	if (fault.count > 0)
		add(E, at, "WRONG_NAME", "its name %s", fault.list[0].message);
	return (fault.count == 0);
}

/* A member; the bit of its property, 0 if it has none. */
static uint64_t
check_member(struct schema_errors *E, const struct schema *s, const cJSON *m,
    const struct place *at)
{
	const struct schema_property *p;

	if (E->count == SCHEMA_ERRORS_MAX || !check_name(E, s, m->string, at))
		return (0);
	p = schema_property_named(s, m->string);
	if (p != NULL) {
		check_value(E, p->schema, m, at);
		return (UINT64_C(1) << (p - s->properties));
	}
	if (s->closed)
		add(E, at, "UNKNOWN_MEMBER", "is not known here");
	else if (s->additional != NULL)
		check_value(E, s->additional, m, at);
	return (0);
}

static void
check_required(struct schema_errors *E, const struct schema *s, uint64_t seen,
    const struct place *at)
{
	struct place here = { .up = at };
	size_t i;

	for (i = 0; i < s->nproperties; i++)
		if (s->properties[i].required &&
		    (seen & UINT64_C(1) << i) == 0) {
			here.name = s->properties[i].name;
			add(E, &here, "REQUIRED", "is required");
		}
}

const struct schema *
schema_branch(const struct schema *s, const cJSON *v)
{
	const struct schema *found = NULL;
	size_t i;

	for (i = 0; i < s->nbranches; i++) {
		if (json_get(v, s->branches[i].member) == NULL)
			continue;
		if (found != NULL)
			return (NULL);
		found = s->branches[i].schema;
	}
	return (found);
}

static void
check_branches(struct schema_errors *E, const struct schema *s,
    const cJSON *v, const struct place *at)
{
	const struct schema *branch;
	struct buf b;
	size_t i;

	if (s->nbranches == 0)
		return;
	if ((branch = schema_branch(s, v)) != NULL) {
		check_value(E, branch, v, at);
		return;
	}
	buf_init(&b, E->arena, MESSAGE_MAX);
	for (i = 0; i < s->nbranches; i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "",
		    s->branches[i].member);
	add(E, at, "NOT_ONE_OF", "must have exactly one of the members %s",
	    b.data);
}

static void
check_object(struct schema_errors *E, const struct schema *s, const cJSON *v,
    const struct place *at)
{
	struct place here = { .up = at };
	uint64_t seen = 0;
	const cJSON *m;

	check_count(E, (size_t)cJSON_GetArraySize(v), s->min_properties,
	    s->max_properties, "member", at);
	cJSON_ArrayForEach(m, v) {
		here.name = m->string;
		seen |= check_member(E, s, m, &here);
	}
	check_required(E, s, seen, at);
	check_branches(E, s, v, at);
}

static void
check_value(struct schema_errors *E, const struct schema *s, const cJSON *v,
    const struct place *at)
{

	if (E->count == SCHEMA_ERRORS_MAX)	/* look no further */
		return;
	if ((types_of(v) & s->types) == 0) {
		add_wrong_type(E, s, at);
		return;
	}
	check_choices(E, s, v, at);
	if (cJSON_IsNumber(v))
		check_number(E, s, v, at);
	else if (cJSON_IsString(v))
		check_string(E, s, v->valuestring, at);
	else if (cJSON_IsArray(v))
		check_array(E, s, v, at);
	else if (cJSON_IsObject(v))
		check_object(E, s, v, at);
}

bool
schema_check(const struct schema *s, const cJSON *v, struct schema_errors *E)
{
	struct place root = { .name = "" };
	size_t before = E->count;

	assert(v != NULL);
	check_value(E, s, v, &root);
	return (E->count == before && before < SCHEMA_ERRORS_MAX);
}

/* Read ${text} as a number; false if it isn't one. */
static bool
read_number(const char *text, cJSON *v)
{
	const char *digits = text + (text[0] == '-');
	int64_t n;

	if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0')
		return (false);
	v->type = cJSON_Number;
	if (num_parse(text, -NUM_SAFE_MAX, NUM_SAFE_MAX, &n))
		v->valuedouble = (double)n;
	else
		v->valuedouble = (text[0] == '-') ? -INFINITY : INFINITY;
	return (true);
}

/* Read ${text} as what the schema is of; false if it can't be read so. */
static bool
read_text(const struct schema *s, const char *text, cJSON *v)
{

	if ((s->types & (SCHEMA_INTEGER | SCHEMA_NUMBER)) != 0 &&
	    read_number(text, v))
		return (true);
	if ((s->types & SCHEMA_BOOLEAN) != 0 && (strcmp(text, "true") == 0 ||
	    strcmp(text, "false") == 0)) {
		v->type = (text[0] == 't') ? cJSON_True : cJSON_False;
		return (true);
	}
	v->type = cJSON_String;
	return ((s->types & SCHEMA_STRING) != 0);
}

bool
schema_check_text(const struct schema *s, const char *pointer,
    const char *text, struct schema_errors *E)
{
	struct place root = { .name = pointer };
	size_t before = E->count;
	cJSON v = { .valuestring = arena_strdup(E->arena, text) };

	if (!json_utf8(text, strlen(text)))
		add(E, &root, "WRONG_FORMAT", "must be UTF-8");
	else if (!read_text(s, text, &v))
		add_wrong_type(E, s, &root);
	else
		check_value(E, s, &v, &root);
	return (E->count == before && before < SCHEMA_ERRORS_MAX);
}
