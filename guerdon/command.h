/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMAND_H_
#define COMMAND_H_

#include <stddef.h>

#include "err.h"

struct arena;
struct conf;
struct store;

/* What a process of the command line ends with. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* What each command is given. */
struct context {
	const struct command	*command;
	const char		*conf_path;
	struct conf		*conf;	/* command_configure() */
	struct arena		*arena;
};

/*
 * A command: a row of the table in main.c, which is also the help.  ${run}
 * gets the arguments after the command's words; argv[0] is its name.
 */
struct command {
	const char	*name;		/* "user add" */
	const char	*usage;		/* what follows the name */
	const char	*summary;	/* a line */
	const char	*help;		/* the options, a line each */
	int		(*run)(struct context *, int, char *[]);
};

/* The commands. */
int	command_check_config(struct context *, int, char *[]);
int	command_doctor(struct context *, int, char *[]);
int	command_explain(struct context *, int, char *[]);
int	command_init(struct context *, int, char *[]);
int	command_key_rotate(struct context *, int, char *[]);
int	command_service_rotate(struct context *, int, char *[]);
int	command_sweep(struct context *, int, char *[]);
int	command_user_add(struct context *, int, char *[]);
int	command_version(struct context *, int, char *[]);

/*
 * command_bare(ctx, argc, argv):
 * Read the arguments of a command that takes none.  -1 to go on; after the
 * help or a complaint, what to exit with.
 */
int	command_bare(struct context *, int, char *[]);

/* command_configure(ctx): read ${conf}.  -1 to go on, else EXIT_FAILED. */
int	command_configure(struct context *);

/*
 * command_open(ctx, max, store, arena):
 * command_configure(), then the database, whose version is checked, and an
 * arena of at most ${max} bytes.  -1 to go on, else EXIT_FAILED; the caller
 * frees both.
 */
int	command_open(struct context *, size_t, struct store **,
	    struct arena **);

/* command_help(ctx): print the help; returns EXIT_DONE. */
int	command_help(const struct context *);

/* command_misuse(ctx, fmt, ...): say so, and return EXIT_USAGE. */
int	command_misuse(const struct context *, const char *, ...)
	    __attribute__((__format__(__printf__, 2, 3)));

/* command_failed(err): print err_detail(), and return EXIT_FAILED. */
int	command_failed(enum err);

#endif /* !COMMAND_H_ */
