/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TRACE_H_
#define TRACE_H_

#include <stdbool.h>

/* W3C Trace Context, level 1 [https://www.w3.org/TR/trace-context/]. */
#define TRACE_ID_SIZE		33
#define TRACE_SPAN_SIZE		17
#define TRACE_PARENT_SIZE	56

struct trace {
	char	id[TRACE_ID_SIZE];		/* 32 lower-case hex digits */
	char	span[TRACE_SPAN_SIZE];		/* ours: 16 of them */
	char	flags[3];
};

/*
 * trace_start(T, traceparent):
 * Continue the trace of a valid header value, with a span of our own; start a
 * new one if it is NULL or not valid (two joined headers are not valid).
 */
void	trace_start(struct trace *, const char *);

/* trace_parent(T, text): the traceparent value that names our span. */
void	trace_parent(const struct trace *, char[TRACE_PARENT_SIZE]);

#endif /* !TRACE_H_ */
