/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NUM_H_
#define NUM_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest integer that every JSON reader keeps exact [RFC 7493, 2.2]. */
#define NUM_SAFE_MAX	INT64_C(9007199254740991)

/*
 * num_parse(text, min, max, n):
 * Read all of ${text} as a decimal integer within [${min}, ${max}]: an
 * optional "-", digits, nothing else.  False if it isn't one.
 */
bool	num_parse(const char *, int64_t, int64_t, int64_t *);

/* num_hex(text, out, len): read exactly ${len} bytes of lower-case hex. */
bool	num_hex(const char *, void *, size_t);

/* num_hex_put(p, len, text): 2 * ${len} + 1 bytes of lower-case hex. */
void	num_hex_put(const void *, size_t, char *);

#endif /* !NUM_H_ */
