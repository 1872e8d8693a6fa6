/* SPDX-License-Identifier: BSD-2-Clause */
/* guerdon: the operator's command line; see guerdon(8). */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "command.h"
#include "conf.h"
#include "id.h"
#include "json.h"
#include "log.h"
#include "store.h"

#define ARENA_MAX	((size_t)16 * 1024 * 1024)
#define DEFAULT_CONF	"guerdon.conf"

static const struct command commands[] = {
	{
		.name = "init",
		.usage = "",
		.summary = "make the missing keys, and bring the database to "
		    "this version",
		.help = "",
		.run = command_init,
	},
	{
		.name = "user add",
		.usage = " --role ROLE --email EMAIL --name NAME "
		    "[--password-stdin]",
		.summary = "make a user",
		.help =
		    "  --role ROLE        USER, OPERATOR, AUDITOR or ADMIN\n"
		    "  --email EMAIL      what the user logs in with\n"
		    "  --name NAME        what the user is called\n"
		    "  --password-stdin   read the password's line from "
		    "standard input;\n"
		    "                     otherwise one is made and printed\n",
		.run = command_user_add,
	},
	{
		.name = "key rotate",
		.usage = "",
		.summary = "make a new key for access tokens, and remove "
		    "those that no token needs",
		.help = "",
		.run = command_key_rotate,
	},
	{
		.name = "service rotate",
		.usage = "",
		.summary = "make a new service credential and print it",
		.help = "",
		.run = command_service_rotate,
	},
	{
		.name = "doctor",
		.usage = " [--json]",
		.summary = "show what protects the running stack, and what "
		    "doesn't",
		.help = "  --json   as one JSON object\n",
		.run = command_doctor,
	},
	{
		.name = "explain",
		.usage = " CLAIM",
		.summary = "judge a claim's conditions once more",
		.help = "  CLAIM   its id; -: ids from standard input, a line "
		    "each\n",
		.run = command_explain,
	},
	{
		.name = "sweep",
		.usage = "",
		.summary = "finish what killed workers left, and expire "
		    "claims",
		.help = "",
		.run = command_sweep,
	},
	{
		.name = "check-config",
		.usage = "",
		.summary = "check configuration, contracts, keys and database",
		.help = "",
		.run = command_check_config,
	},
	{
		.name = "version",
		.usage = "",
		.summary = "print the version",
		.help = "",
		.run = command_version,
	},
};

#define NCOMMANDS	(sizeof(commands) / sizeof(commands[0]))

static void
print_overview(FILE *f)
{
	size_t i;

	(void)fprintf(f, "usage: guerdon [-c FILE] COMMAND [OPTION ...]\n"
	    "  -c, --config FILE  the configuration; default: $GUERDON_CONF, "
	    "else " DEFAULT_CONF "\n"
	    "  -h, --help         this; after a command: its options\n");
	for (i = 0; i < NCOMMANDS; i++)
		(void)fprintf(f, "  %-17s  %s\n", commands[i].name,
		    commands[i].summary);
}

int
command_open(struct context *ctx, size_t max, struct store **store,
    struct arena **arena)
{
	int status;

	if ((status = command_configure(ctx)) != -1)
		return (status);
	*store = store_new(ctx->conf->mongo_uri, ctx->conf->mongo_db, false);
	if (*store != NULL && store_check(*store) == ERR_OK &&
	    (*arena = arena_new(max)) != NULL)
		return (-1);
	store_free(*store);
	return (command_failed(ERR_INTERNAL));
}

int
command_help(const struct context *ctx)
{

	(void)printf("usage: guerdon [-c FILE] %s%s\n%s\n%s",
	    ctx->command->name, ctx->command->usage, ctx->command->summary,
	    ctx->command->help);
	return (EXIT_DONE);
}

int
command_misuse(const struct context *ctx, const char *fmt, ...)
{
	va_list ap;

	(void)fprintf(stderr, "guerdon: ");
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "\nusage: guerdon [-c FILE] %s%s\n",
	    ctx->command->name, ctx->command->usage);
	return (EXIT_USAGE);
}

int
command_failed(enum err err)
{
	const char *detail = err_detail();

	(void)fprintf(stderr, "guerdon: %s\n",
	    detail[0] != '\0' ? detail : err_row(err)->title);
	return (EXIT_FAILED);
}

int
command_bare(struct context *ctx, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int ch;

	optind = 0;
	opterr = 0;
	while ((ch = getopt_long(argc, argv, "h", options, NULL)) != -1)
		return (ch == 'h' ? command_help(ctx) :
		    command_misuse(ctx, "%s: no such option",
		    argv[optind - 1]));
	if (optind < argc)
		return (command_misuse(ctx, "%s: not wanted here",
		    argv[optind]));
	return (-1);
}

int
command_configure(struct context *ctx)
{

	ctx->conf = conf_read(ctx->conf_path);
	return (ctx->conf != NULL ? -1 : command_failed(ERR_INTERNAL));
}

int
command_version(struct context *ctx, int argc, char *argv[])
{
	int status = command_bare(ctx, argc, argv);

	if (status != -1)
		return (status);
	(void)printf("guerdon %s\n", PACKAGE_VERSION);
	return (EXIT_DONE);
}

/* How many of the ${count} arguments are the words of the command's name? */
static int
match(const struct command *command, int count, char *argv[])
{
	const char *name = command->name;
	size_t len;
	int words;

	for (words = 0; *name != '\0'; words++) {
		len = strcspn(name, " ");
		if (words == count || strlen(argv[words]) != len ||
		    memcmp(argv[words], name, len) != 0)
			return (0);
		name += len;
		name += (*name == ' ');
	}
	return (words);
}

static int
find_and_run(struct context *ctx, int argc, char *argv[])
{
	size_t i;
	int words;

	for (i = 0; i < NCOMMANDS; i++) {
		words = match(&commands[i], argc, argv);
		if (words == 0)
			continue;
		ctx->command = &commands[i];
		/* The last word of its name stands where argv[0] does. */
		return (commands[i].run(ctx, argc - words + 1,
		    argv + words - 1));
	}
	(void)fprintf(stderr, "guerdon: %s: no such command\n", argv[0]);
	print_overview(stderr);
	return (EXIT_USAGE);
}

int
main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct context ctx = { .conf_path = getenv("GUERDON_CONF") };
	int ch, status;

	if (ctx.conf_path == NULL)
		ctx.conf_path = DEFAULT_CONF;
	while ((ch = getopt_long(argc, argv, "+c:h", options, NULL)) != -1) {
		if (ch == 'h') {
			print_overview(stdout);
			return (EXIT_DONE);
		}
		if (ch != 'c') {
			print_overview(stderr);
			return (EXIT_USAGE);
		}
		ctx.conf_path = optarg;
	}
	if (optind == argc) {
		print_overview(stderr);
		return (EXIT_USAGE);
	}

	/* The log is for workers; what fails here is said in plain words. */
	log_open("guerdon", LOG_ERROR);
	if (!id_init() || (ctx.arena = arena_new(ARENA_MAX)) == NULL) {
		(void)fprintf(stderr, "guerdon: out of memory\n");
		return (EXIT_FAILED);
	}
	json_init();
	json_arena(ctx.arena);
	status = find_and_run(&ctx, argc - optind, argv + optind);
	conf_free(ctx.conf);
	arena_free(ctx.arena);
	return (status);
}
