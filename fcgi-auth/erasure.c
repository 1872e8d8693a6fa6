/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * erasure: the steps of erasing a person.
 *
 *	mark		from here on it is a fact, whoever dies
 *	user		the guard of the administrators, email, user
 *	sessions
 *	the rest	what the event service holds: person_store.h
 *
 * Each step can be done again.  Who is the last active administrator is
 * refused by the second one, and the mark goes again.
 */
#include <string.h>

#include "../fcgi-event/person_store.h"
#include "arena.h"
#include "erasure.h"
#include "revocation_store.h"
#include "session_store.h"
#include "user_store.h"

enum err
erasure_run(struct store *S, struct arena *A, const char *id)
{
	enum err err, unmarked;

	if ((err = person_mark(S, A, id)) != ERR_OK)
		return (err);
	err = user_remove(S, A, id);
	if (err == ERR_REFUSED) {
		unmarked = person_unmark(S, A, id);
		return (unmarked == ERR_OK ? err : unmarked);
	}
	if ((err == ERR_OK || err == ERR_NOT_FOUND) &&
	    (err = session_erase_all(S, A, id)) == ERR_OK)
		err = person_erase(S, A, id);
	return (err);
}

struct sweeping {
	struct store	*store;
	struct arena	*arena;
	int64_t		 now;
	long		 count;
	enum err	 err;
};

/* Nodes may remember tokens of one who was half erased. */
static enum err
sweep_one(struct sweeping *W, const char *id, int64_t at)
{
	const char *mark = arena_printf(W->arena, "sweep:%s:%lld", id,
	    (long long)W->now);
	enum err err;

	err = revocation_begin(W->store, W->arena, mark, "user", id);
	if (err == ERR_OK &&
	    (err = erasure_run(W->store, W->arena, id)) == ERR_OK)
		err = person_swept(W->store, W->arena, id, at, W->now);
	if (err == ERR_OK || err == ERR_REFUSED)
		(void)revocation_end(W->store, W->arena, mark);
	return (err == ERR_REFUSED ? ERR_OK : err);
}

static bool
sweep_each(void *ctx, const char *id, int64_t at)
{
	struct sweeping *W = ctx;

	W->count++;
	W->err = sweep_one(W, id, at);
	return (W->err == ERR_OK);
}

enum err
erasure_sweep(struct store *S, struct arena *A, int64_t now, long *count)
{
	struct sweeping W = { S, A, now, 0, ERR_OK };
	enum err err;

	err = person_due(S, A, now, sweep_each, &W);
	*count = W.count;
	return (err == ERR_OK ? W.err : err);
}
