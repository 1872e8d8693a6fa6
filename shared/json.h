/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef JSON_H_
#define JSON_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "err.h"

struct arena;
struct buf;

/* Arrays and objects within one another, at most. */
#define JSON_DEPTH_MAX	32

/* json_init(void): make cJSON allocate from json_arena(); once, at start. */
void		 json_init(void);

/*
 * json_arena(A):
 * The arena from which cJSON allocates from now on, until the next call.
 * cJSON_Delete() is a no-op; making an item while there is none is a bug.
 */
void		 json_arena(struct arena *);

/*
 * json_parse(A, text, len, out):
 * Parse one JSON text [RFC 8259] into ${out}, which lives in ${A}.  Anything
 * that two readers could understand in different ways is ERR_MALFORMED_JSON,
 * with where and why as the detail: invalid UTF-8, a BOM, a lone surrogate,
 * \u0000, a name twice in an object, trailing data, depth over JSON_DEPTH_MAX.
 * A number too large for a double becomes an infinity: see schema.h.
 */
enum err	 json_parse(struct arena *, const char *, size_t, cJSON **);

/* json_utf8(s, len): is this valid UTF-8 [RFC 3629]? */
bool		 json_utf8(const char *, size_t);

/*
 * json_get(object, name):
 * The member of exactly that name; NULL if it is absent, or ${object} is NULL
 * or no object.
 */
cJSON		*json_get(const cJSON *, const char *);

/* json_get_string(object, name): its text; NULL if it isn't a string. */
const char	*json_get_string(const cJSON *, const char *);

/* json_get_int(object, name, n): false if it isn't a safe integer. */
bool		 json_get_int(const cJSON *, const char *, int64_t *);

/*
 * json_int(item, n):
 * The value of a number without a fraction and within +-NUM_SAFE_MAX; false
 * for all else.
 */
bool		 json_int(const cJSON *, int64_t *);

/*
 * json_put_string(b, s, len):
 * Append a JSON string with its quotes.  Bytes that aren't UTF-8 become
 * U+FFFD, so what is put is always valid.
 */
void		 json_put_string(struct buf *, const char *, size_t);

/*
 * json_put(b, item):
 * Append a value.  Integers are written in full, other numbers by the fewest
 * digits that give the same double again.
 */
void		 json_put(struct buf *, const cJSON *);

#endif /* !JSON_H_ */
