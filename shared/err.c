/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * err: the catalogue of outcomes, and the detail of the last one.
 *
 * To add an outcome: a value in err.h, a row here.  A code never changes its
 * meaning once it is published; clients switch on it.
 */
#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "err.h"

static const struct err_row rows[ERR_COUNT] = {
	[ERR_OK] = { 200, "OK", "Done" },
	[ERR_MALFORMED_REQUEST] = { 400, "MALFORMED_REQUEST",
	    "The request can't be read" },
	[ERR_MALFORMED_JSON] = { 400, "MALFORMED_JSON",
	    "The body is not JSON" },
	[ERR_INVALID] = { 400, "VALIDATION_FAILED",
	    "The request is not valid" },
	[ERR_CURSOR] = { 400, "INVALID_CURSOR",
	    "The cursor is not one of this list" },
	[ERR_UNAUTHENTICATED] = { 401, "UNAUTHENTICATED",
	    "Credentials are missing" },
	[ERR_TOKEN] = { 401, "INVALID_TOKEN",
	    "The credentials are not valid" },
	[ERR_ROLE] = { 403, "INSUFFICIENT_ROLE",
	    "Your role may not do this" },
	[ERR_NO_SUBJECT] = { 403, "NO_SUBJECT",
	    "This needs a signed-in user" },
	[ERR_NOT_FOUND] = { 404, "NOT_FOUND", "There is no such thing" },
	[ERR_METHOD] = { 405, "METHOD_NOT_ALLOWED",
	    "This path has no such method" },
	[ERR_EXISTS] = { 409, "CONFLICT", "It exists already" },
	[ERR_PRECONDITION] = { 412, "PRECONDITION_FAILED",
	    "It has changed since you read it" },
	[ERR_BODY_SIZE] = { 413, "BODY_TOO_LARGE", "The body is too large" },
	[ERR_MEDIA_TYPE] = { 415, "UNSUPPORTED_MEDIA_TYPE",
	    "The body's media type is not one of this operation" },
	[ERR_PRECONDITION_REQUIRED] = { 428, "PRECONDITION_REQUIRED",
	    "If-Match is required" },
	[ERR_RATE] = { 429, "RATE_LIMITED", "Too many requests" },
	[ERR_HEADER_SIZE] = { 431, "HEADERS_TOO_LARGE",
	    "The header fields are too large" },
	[ERR_REFUSED] = { 409, "CONFLICT", "Refused" },
	[ERR_INTERNAL] = { 500, "INTERNAL_ERROR",
	    "A fault of the server" },
	[ERR_AWAY] = { 503, "SERVICE_UNAVAILABLE",
	    "The service is away for a moment" },
};

static char			 detail[512];
static const struct err_row	*refusal;

static void
remember(const char *fmt, va_list ap)
{

	detail[0] = '\0';
	if (fmt != NULL)
		(void)vsnprintf(detail, sizeof(detail), fmt, ap);
}

enum err
(err_set)(enum err err, const char *fmt, ...)
{
	va_list ap;

	assert(err > ERR_OK && err < ERR_COUNT);
	va_start(ap, fmt);
	remember(fmt, ap);
	va_end(ap);
	return (err);
}

enum err
err_refuse(const struct err_row *row, const char *fmt, ...)
{
	va_list ap;

	assert(row != NULL);
	refusal = row;
	va_start(ap, fmt);
	remember(fmt, ap);
	va_end(ap);
	return (ERR_REFUSED);
}

const struct err_row *
err_row(enum err err)
{

	assert(err >= ERR_OK && err < ERR_COUNT);
	if (err == ERR_REFUSED && refusal != NULL)
		return (refusal);
	return (&rows[err]);
}

const char *
err_detail(void)
{

	return (detail);
}

void
err_clear(void)
{

	detail[0] = '\0';
	refusal = NULL;
}
