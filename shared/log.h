/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOG_H_
#define LOG_H_

#include <stdint.h>

/*
 * The log: one JSON object a line on standard error, which the supervisor
 * appends to a file.  A line is written by one write(2), so that lines of
 * several workers never mix.  Values are escaped; a secret is never handed
 * to this module.
 */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
	const char	*key;
	const char	*text;		/* NULL: print ${number} */
	int64_t		 number;
};

#define LOG_STR(k, v)	((struct log_field){ (k), (v) != NULL ? (v) : "", 0 })
#define LOG_INT(k, v)	((struct log_field){ (k), NULL, (int64_t)(v) })
#define LOG_END		((struct log_field){ NULL, NULL, 0 })

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

#endif /* !LOG_H_ */
