/* SPDX-License-Identifier: BSD-2-Clause */
/* revoke: end sessions on every node; see revoke.h. */
#include "auth.h"
#include "revoke.h"
#include "session_store.h"
#include "verdict.h"

enum err
revoke_session(struct request *req, const char *id)
{
	struct auth *auth = req->app;
	enum err err;

	err = verdict_revoke_begin(auth->verdicts, req, SUBJECT_SESSION, id);
	if (err == ERR_OK) {
		err = session_end(auth->store, req->arena, id);
		verdict_revoke_end(auth->verdicts, req, SUBJECT_SESSION, id);
	}
	return (err);
}

enum err
revoke_user(struct request *req, const char *user,
    enum err (*write)(struct request *, void *), void *ctx)
{
	struct auth *auth = req->app;
	enum err err;

	err = verdict_revoke_begin(auth->verdicts, req, SUBJECT_USER, user);
	if (err == ERR_OK) {
		err = write(req, ctx);
		verdict_revoke_end(auth->verdicts, req, SUBJECT_USER, user);
	}
	return (err);
}

/* Whose sessions end, and which one doesn't. */
struct ending {
	const char	*user;
	const char	*keep;
};

static enum err
end_sessions(struct request *req, void *ctx)
{
	const struct ending *ending = ctx;
	struct auth *auth = req->app;

	if (ending->keep == NULL)
		return (session_end_all(auth->store, req->arena,
		    ending->user));
	return (session_end_others(auth->store, req->arena, ending->user,
	    ending->keep));
}

enum err
revoke_sessions(struct request *req, const char *user, const char *keep)
{
	struct ending ending = { user, keep };

	return (revoke_user(req, user, end_sessions, &ending));
}
