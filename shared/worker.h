/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WORKER_H_
#define WORKER_H_

#include <stddef.h>

#include "err.h"
#include "sandbox.h"

struct conf;
struct request;
struct reply;

/*
 * The life of one prefork worker: the accept loop is ours, the parsing of
 * FastCGI records libfcgi's.  Descriptor 0 is the listening socket.
 *
 * TERM, INT or QUIT: the request at hand is answered, a kept link gives one more
 * answer marked "Guerdon-Link: close" or is closed by its gateway, then the
 * worker ends; 3 s at most.  HUP or USR2: reload.
 *
 * Over a unix socket only peers of its own user, of root and of ${peer_users}
 * are served; another's connection is closed.
 */
struct worker {
	const char	*name;		/* for the log */
	void		*app;		/* handed to all of these */
	const struct conf *conf;
	struct sandbox	 sandbox;	/* what it needs once it serves */
	size_t		 body_max;	/* bytes of a body that are kept */

	/* serve(app, req, reply): answer; the arena is reset afterwards. */
	void		(*serve)(void *, struct request *, struct reply *);

	/* idle(app): called between requests; every 250 ms when idle. */
	void		(*idle)(void *);

	/* reload(app): read keys and contract again. */
	void		(*reload)(void *);

	/* stop(app): the last call before the process ends. */
	void		(*stop)(void *);
};

/*
 * worker_run(worker):
 * Serve until told to stop.  Return the process's exit status.
 */
int	worker_run(const struct worker *);

/*
 * worker_refuse(void):
 * Log err_detail() as the reason not to start, wait a second (a supervisor
 * would start a failing worker 1,900 times a second) and exit with 1.
 */
_Noreturn void	worker_refuse(void);

#endif /* !WORKER_H_ */
