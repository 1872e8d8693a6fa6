/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMBINE_H_
#define COMBINE_H_

#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct arena;

/*
 * What several workers of a node want done at one moment is done by one of
 * them, for all [Hendler, Incze, Shavit, Tzafrir: Flat Combining, SPAA 2010;
 * databases call it group commit].  It pays where doing it for n costs little
 * more than for one: an insert of four documents costs a database 1.5 times
 * as much as one of a single document.
 *
 * Who finds nobody at work leads at once, with whoever waits at that moment;
 * who comes meanwhile waits for a second one, or for the end of the turn.  Who
 * leads holds a lock on an open file, so that the death of a leader frees the
 * lead.
 */
struct combine;

#define COMBINE_MAX	32	/* items of a turn */

/* What one worker wants done, as the leader sees it. */
struct combine_item {
	const void	*data;		/* a copy in the leader's arena */
	size_t		 len;
	uint8_t		 result;	/* for its owner: below 32 */
};

enum combined {
	COMBINE_DONE,	/* by us or by another; the result is there */
	COMBINE_ALONE,	/* nobody did anything, nor will: do it yourself */
	COMBINE_LOST	/* the leader died, or it took too long: done or not */
};

/*
 * combine_open(dir, name, max):
 * Join the workers that use ${name} in ${dir}, with items of at most ${max}
 * bytes.  NULL with err_detail().  If COMBINE_MAX workers are there already,
 * all that this one wants is COMBINE_ALONE.
 */
struct combine	*combine_open(const char *, const char *, size_t);

/* combine_close(C): NULL is fine. */
void		 combine_close(struct combine *);

/*
 * combine_run(C, A, data, len, deadline, job, ctx, result):
 * Have it done; ${result} is set after COMBINE_DONE alone.  An item that a
 * leader has is waited for until ${deadline} (clock_mono()), one that nobody
 * takes for a fifth of a second.  If we lead, ${job}(ctx, items, count) does it
 * for all and sets each result, which is 0 before.  ${job} may leave by a jump
 * of ${A}: then the others find that their leader is lost.  ${A} is reset
 * before ${C} is closed.
 */
enum combined	 combine_run(struct combine *, struct arena *, const void *,
		    size_t, int64_t, void (*)(void *, struct combine_item *,
		    size_t), void *, uint8_t *);

#endif /* !COMBINE_H_ */
