/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SCHEMA_H_
#define SCHEMA_H_

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

struct arena;

/*
 * The part of JSON Schema 2020-12 that our documents use.  A schema is
 * compiled at start into a tree, and a value is checked against the tree.
 * Everything compiled lives in the arena of its set.
 */
struct schema_set;
struct schema;

/* What a value may be, as bits.  A whole number is INTEGER and NUMBER. */
enum schema_type {
	SCHEMA_NULL = 1 << 0,
	SCHEMA_BOOLEAN = 1 << 1,
	SCHEMA_INTEGER = 1 << 2,
	SCHEMA_NUMBER = 1 << 3,
	SCHEMA_STRING = 1 << 4,
	SCHEMA_ARRAY = 1 << 5,
	SCHEMA_OBJECT = 1 << 6,
	SCHEMA_ANY = (1 << 7) - 1
};

enum schema_format {
	SCHEMA_PLAIN,
	SCHEMA_DATE_TIME,	/* RFC 3339, years 0000 to 9999 in UTC */
	SCHEMA_EMAIL,
	SCHEMA_INT64
};

/* A named member of an object. */
struct schema_property {
	const char		*name;		/* in JSON */
	const char		*stored;	/* in the database: x-bson */
	const struct schema	*schema;
	const cJSON		*fallback;	/* default; NULL: none */
	bool			 required;
};

/* One thing that is wrong with a value. */
struct schema_error {
	const char	*pointer;	/* RFC 6901; "" is the whole value */
	const char	*code;		/* UPPER_SNAKE, a literal */
	const char	*message;	/* plain English, without the value */
};

#define SCHEMA_ERRORS_MAX	50

/* Everything that is wrong, up to a limit; more is left out. */
struct schema_errors {
	struct arena		*arena;		/* holds the texts */
	size_t			 count;
	struct schema_error	 list[SCHEMA_ERRORS_MAX];
};

/*
 * schema_set_new(A, document):
 * A set whose "#/components/schemas/..." are those of ${document}.  It lives
 * in ${A}, as the document must: free them with it.
 */
struct schema_set *schema_set_new(struct arena *, const cJSON *);

/*
 * schema_compile(set, node, pointer):
 * Compile ${node}, which stands at ${pointer} (RFC 6901) in the document.  A
 * keyword that we don't know, or one with a value that we can't use, is an
 * error: NULL, and err_detail() says where and why; the set is of no use then.
 */
const struct schema *schema_compile(struct schema_set *, const cJSON *,
    const char *);

/*
 * schema_compile_all(set):
 * Compile every component too, so that an unused one is no less right.
 * False: see err_detail().
 */
bool	 schema_compile_all(struct schema_set *);

/* schema_errors_init(errors, A): none so far. */
void	 schema_errors_init(struct schema_errors *, struct arena *);

/*
 * schema_check(schema, value, errors):
 * Is ${value} as ${schema} says?  Everything that isn't is added to
 * ${errors}; if that is full already, nothing is looked at: false.
 */
bool	 schema_check(const struct schema *, const cJSON *,
    struct schema_errors *);

/*
 * schema_check_text(schema, pointer, text, errors):
 * The same for the text of a parameter, read as the schema's type: integer,
 * boolean or string.  ${pointer} is put into the errors as it is.
 */
bool	 schema_check_text(const struct schema *, const char *, const char *,
    struct schema_errors *);

/* schema_types(schema): enum schema_type bits. */
unsigned int	 schema_types(const struct schema *);

/* schema_format(schema): the format of its strings or integers. */
enum schema_format schema_format(const struct schema *);

/* schema_default(schema): its default, NULL if it has none. */
const cJSON	*schema_default(const struct schema *);

/*
 * schema_property(schema, i):
 * The ${i}-th named member in the order of the document, NULL after the last.
 */
const struct schema_property *schema_property(const struct schema *, size_t);

/*
 * schema_property_named(schema, name), schema_property_stored(schema, name):
 * The member of that name in JSON, or in the database; NULL if there is none.
 */
const struct schema_property *schema_property_named(const struct schema *,
    const char *);
const struct schema_property *schema_property_stored(const struct schema *,
    const char *);

/*
 * schema_items(schema): of an array's elements; NULL: anything.  With x-each
 * schema_check() leaves the elements to the handler, to refuse them one by one.
 */
const struct schema *schema_items(const struct schema *);

/*
 * schema_additional(schema), schema_closed(schema):
 * The schema of the members that have no name of their own; NULL: anything,
 * or none at all if it is closed.
 */
const struct schema *schema_additional(const struct schema *);
bool	 schema_closed(const struct schema *);

/*
 * schema_branch(schema, value):
 * For a schema with oneOf, the branch that ${value} is to follow: the one
 * whose distinguishing member it has.  NULL: no oneOf, no such member, or
 * more than one.
 */
const struct schema *schema_branch(const struct schema *, const cJSON *);

#endif /* !SCHEMA_H_ */
