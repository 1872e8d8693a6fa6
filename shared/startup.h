/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STARTUP_H_
#define STARTUP_H_

struct conf;

/*
 * startup(name, argc, argv):
 * What every worker does first: see to it that it dies with its supervisor,
 * read "-c FILE" and the configuration, and ready log, randomness and cJSON.  A wrong command line ends the process with 2,
 * anything else that is wrong by worker_refuse().  Free the result with
 * conf_free().
 */
struct conf	*startup(const char *, int, char *[]);

#endif /* !STARTUP_H_ */
