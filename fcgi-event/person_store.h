/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERSON_STORE_H_
#define PERSON_STORE_H_

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct arena;
struct store;

/*
 * What the event service holds about one person, as a whole: to be exported
 * and to be erased.  The collection `erasures` says who is erased, or is being
 * erased; such a mark stays for good, and is nothing but an id that names
 * nobody.  It is what keeps facts from being stored about somebody who is gone.
 */

/*
 * person_mark(S, A, userId):
 * From now on this person is to be erased; whatever fails afterwards is
 * ended by `guerdon sweep`.  Fine if the mark is there.
 */
enum err	 person_mark(struct store *, struct arena *, const char *);

/* person_unmark(S, A, userId): it was refused, and the person stays. */
enum err	 person_unmark(struct store *, struct arena *, const char *);

/*
 * person_erase(S, A, userId):
 * Erase activities, sums, attributes, what batches under way hold, kept
 * answers, and the facts that claims were judged by.  Claims and audit records
 * stay, under the id.  Safe to do again.
 */
enum err	 person_erase(struct store *, struct arena *, const char *);

/*
 * person_due(S, A, now, each, ctx):
 * Call ${each}(ctx, userId, at) for some marks whose erasure is to be done, or
 * done once more, for a worker that was stopped may have stored something
 * since; ${at} is when they were set.
 */
enum err	 person_due(struct store *, struct arena *, int64_t,
		    bool (*)(void *, const char *, int64_t), void *);

/*
 * person_swept(S, A, userId, at, now):
 * It was done at ${now}.  It becomes due again after as long as it was marked,
 * a minute at least, and no more after a day, longer than any worker is
 * stopped.
 */
enum err	 person_swept(struct store *, struct arena *, const char *,
		    int64_t, int64_t);

/*
 * person_gone(S, A, userIds, count, gone):
 * Which of some people are marked: ${gone}[i] says it of ${userIds}[i].
 */
enum err	 person_gone(struct store *, struct arena *,
		    const char *const *, size_t, bool *);

/*
 * The parts of an export, from 0: person_part(i) is its name, NULL past the
 * last one.
 */
const char	*person_part(size_t);

/*
 * person_each(S, A, part, userId, after, limit, each, ctx):
 * Call ${each}(ctx, doc) for at most ${limit} documents of a part, from the
 * highest _id down, below ${after} unless that is NULL.  They are as stored,
 * but for members that are about the storing alone.
 */
enum err	 person_each(struct store *, struct arena *, size_t,
		    const char *, const char *, int64_t,
		    bool (*)(void *, const bson_t *), void *);

#endif /* !PERSON_STORE_H_ */
