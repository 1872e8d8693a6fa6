/* SPDX-License-Identifier: BSD-2-Clause */
/* security: the one place that writes security events; see security.h. */
#include <assert.h>
#include <stdarg.h>
#include <stddef.h>

#include "contract.h"
#include "log.h"
#include "request.h"
#include "security.h"

#define FIELDS_MAX	8

static const struct row {
	const char	*code;
	enum log_level	 level;
	const char	*message;
} rows[SECURITY_COUNT] = {
#define X(code, level, message) { #code, level, message },
	SECURITY_EVENTS(X)
#undef X
};

struct fields {
	struct log_field	list[FIELDS_MAX];
	size_t			count;
};

/* A field whose value isn't known is left out. */
static void
add(struct fields *F, const char *key, const char *value)
{

	if (value == NULL || value[0] == '\0')
		return;
	assert(F->count < FIELDS_MAX - 1);
	F->list[F->count++] = LOG_STR(key, value);
}

void
security_log(enum security_event event, const struct request *req,
    const char *user, ...)
{
	const struct row *row = &rows[event];
	struct fields F = { .count = 0 };
	va_list more;

	F.list[F.count++] = LOG_FLAG("security");
	add(&F, "code", row->code);
	if (req != NULL) {
		add(&F, "traceId", req->trace.id);
		add(&F, "address", req->client);
		add(&F, "operation", req->op != NULL ? req->op->id : NULL);
		add(&F, "by", req->subject);
	}
	add(&F, "userId", user);
	F.list[F.count] = LOG_END;
	va_start(more, user);
	log_write_all(row->level, row->message, F.list, more);
	va_end(more);
}
