/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOG_H_
#define LOG_H_

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The log: one JSON object a line on standard error, which the supervisor
 * appends to a file.  A line is written by one write(2), so that lines of
 * several workers never mix.
 *
 * Values are escaped: control characters, those of C1 and DEL included, line
 * separators and marks of direction; a byte that is no UTF-8 becomes "?".
 *
 * A secret is never handed to this module.  Should one be all the same, it is
 * written as "[redacted]": what a field is named after a secret for, and what
 * looks like one of ours in any value; see redact.h.
 */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
	const char	*key;
	const char	*text;		/* NULL: print ${number} */
	int64_t		 number;
	bool		 flag;		/* print true */
};

#define LOG_STR(k, v)	((struct log_field){ (k), (v) != NULL ? (v) : "", 0, false })
#define LOG_INT(k, v)	((struct log_field){ (k), NULL, (int64_t)(v), false })
#define LOG_FLAG(k)	((struct log_field){ (k), NULL, 0, true })
#define LOG_END		((struct log_field){ NULL, NULL, 0, false })

/* log_open(name, level): the worker's name and the least level written. */
void	log_open(const char *, enum log_level);

/* log_level_parse(text): the level of a name, -1 if there is none. */
int	log_level_parse(const char *);

/*
 * log_write(level, message, field, ..., LOG_END):
 * Write a line: at, level, worker, pid, message and the fields.  A line over
 * 8 KiB is cut and still is JSON.
 */
void	log_write(enum log_level, const char *, ...);

/*
 * log_write_all(level, message, fields, more):
 * The same whatever the least level is: ${fields}, ended by LOG_END, and then
 * those of ${more}.
 */
void	log_write_all(enum log_level, const char *, const struct log_field *,
	    va_list);

#endif /* !LOG_H_ */
