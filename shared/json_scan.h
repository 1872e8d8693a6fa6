/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef JSON_SCAN_H_
#define JSON_SCAN_H_

#include <stddef.h>

#include "err.h"

/*
 * json_scan(text, len):
 * Is this one JSON text?  ERR_MALFORMED_JSON, with what and where as the
 * detail, if it isn't; a name twice in an object is not looked for.
 */
enum err	json_scan(const char *, size_t);

/*
 * json_sequence(s, left):
 * The length of the UTF-8 sequence at ${s}, of which ${left} > 0 bytes are
 * there; 0 if it is invalid [RFC 3629, section 4].
 */
size_t		json_sequence(const char *, size_t);

#endif /* !JSON_SCAN_H_ */
