/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SCHEMA_TREE_H_
#define SCHEMA_TREE_H_

#include <regex.h>

#include "schema.h"

/*
 * What the schema*.c share, and nobody else sees.
 */

/* A set of properties is kept as the bits of a uint64_t. */
#define SCHEMA_PROPERTIES_MAX	64

/* One alternative of oneOf, and the member that only it requires. */
struct schema_branch {
	const char		*member;
	const struct schema	*schema;
};

/* A compiled schema.  What it doesn't limit is at its widest. */
struct schema {
	unsigned int		 types;
	enum schema_format	 format;
	const cJSON		*fallback;	/* NULL: none */
	const cJSON		*choices;	/* an array; NULL: any */
	const cJSON		*constant;	/* NULL: any */

	/* numbers */
	double			 minimum;
	double			 maximum;

	/* strings */
	size_t			 min_length;	/* in code points */
	size_t			 max_length;
	size_t			 max_bytes;
	const char		*pattern;	/* NULL: any */
	regex_t			 regex;		/* of ${pattern} */

	/* arrays */
	size_t			 min_items;
	size_t			 max_items;
	const struct schema	*items;		/* NULL: anything */
	bool			 each;		/* x-each: the handler checks them */

	/* objects */
	size_t			 min_properties;
	size_t			 max_properties;
	const struct schema	*names;		/* of the names; NULL: any */
	const struct schema	*additional;	/* NULL: anything */
	bool			 closed;	/* no other members */
	struct schema_property	*properties;
	size_t			 nproperties;
	struct schema_branch	*branches;
	size_t			 nbranches;
};

/*
 * A place in a JSON document, as a chain up to its root on the stack: no
 * text is made unless something is wrong there.
 */
struct place {
	const struct place	*up;	/* NULL: the root, and name a pointer */
	const char		*name;	/* NULL: an element of an array */
	size_t			 index;
};

/* What the reader of one keyword is given. */
struct schema_reading {
	struct schema_set	*set;
	struct arena		*arena;		/* of the set */
	struct schema		*schema;	/* being filled */
	const cJSON		*node;		/* the whole schema */
	const cJSON		*value;		/* the keyword's */
	const struct place	*at;		/* of the value */
	void			*field;		/* of ${schema}, to be set */
};

/* A keyword: how to read it, and the offset of the field that it sets. */
struct schema_keyword {
	const char	*name;
	bool		(*read)(const struct schema_reading *);
	size_t		 offset;
	bool		 note;		/* says nothing about the value */
};

/* schema_keyword(name): NULL if we don't know it. */
const struct schema_keyword *schema_keyword(const char *);

/* schema_compile_at(set, node, at): schema_compile() for a nested schema. */
const struct schema *schema_compile_at(struct schema_set *, const cJSON *,
    const struct place *);

/*
 * schema_follow(set, node):
 * The schema that ${node} stands for, behind every $ref; NULL if it leads to
 * none, or round in a circle.
 */
const cJSON	*schema_follow(const struct schema_set *, const cJSON *);

/* schema_refuse(set, at, why): set the error's detail and return false. */
bool		 schema_refuse(struct schema_set *, const struct place *,
		    const char *);

/* schema_place(A, at): the JSON pointer [RFC 6901] of a place. */
const char	*schema_place(struct arena *, const struct place *);

#endif /* !SCHEMA_TREE_H_ */
