/* SPDX-License-Identifier: BSD-2-Clause */
/* startup: from the command line to a process that can log and fail well. */
#include <sys/prctl.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "id.h"
#include "json.h"
#include "log.h"
#include "startup.h"
#include "worker.h"

#define PAUSE_MS	20	/* while init has not waited yet */
#define PAUSES		50

static _Noreturn void
usage(const char *name)
{

	(void)fprintf(stderr, "usage: %s -c /path/guerdon.conf\n", name);
	exit(2);
}

static const char *
conf_argument(const char *name, int argc, char *argv[])
{
	const char *path = NULL;
	int ch;

	while ((ch = getopt(argc, argv, "c:")) != -1) {
		if (ch != 'c')
			usage(name);
		path = optarg;
	}
	if (path == NULL || optind != argc)
		usage(name);
	return (path);
}

/*
 * Is our supervisor dead already?  Then we are init's child, and the leader of
 * our process group, the supervisor, is gone, or will be as soon as init has
 * waited for it.  A worker that init itself has started leads its own group.
 */
static bool
is_orphan(void)
{
	const struct timespec pause = { 0, PAUSE_MS * 1000000L };
	int i;

	if (getppid() != 1 || getpgrp() == getpid())
		return (false);
	for (i = 0; i < PAUSES; i++) {
		if (kill(getpgrp(), 0) == -1 && errno == ESRCH)
			return (true);
		(void)nanosleep(&pause, NULL);
	}
	return (false);
}

/*
 * Die with the supervisor: a worker without one is never respawned, nor ended.
 * First of all, for it may be killed while we start.
 */
static void
follow_supervisor(void)
{

	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 || is_orphan())
		exit(1);
}

struct conf *
startup(const char *name, int argc, char *argv[])
{
	const char *path = conf_argument(name, argc, argv);
	struct conf *conf;

	follow_supervisor();
	log_open(name, LOG_INFO);
	if ((conf = conf_read(path)) == NULL)
		worker_refuse();
	log_open(name, (enum log_level)log_level_parse(conf->log_level));
	if (!id_init()) {
		(void)err_set(ERR_INTERNAL, "there is no random source");
		worker_refuse();
	}
	json_init();
	return (conf);
}
