/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * person_store: the collection `erasures`, and what the event service holds
 * about one person; see person_store.h.
 *
 * erasures	{ _id: userId, at, next }
 *
 * at is when the mark was set; next is when the erasure is to be done again,
 * and isn't there once that is no more needed.
 */
#include <string.h>

#include "activity_store.h"
#include "arena.h"
#include "audit_store.h"
#include "claim_store.h"
#include "clock.h"
#include "id.h"
#include "idempotency.h"
#include "person_store.h"
#include "store.h"

#define ERASURES	"erasures"
#define FIRST_MS	30000		/* the one who marks is at it */
#define AGAIN_MS	60000
#define LAST_MS		86400000	/* longer than any worker is stopped */
#define DUE_BATCH	100

/* A part: where it is, and the member that names its person. */
static const struct part {
	const char	*name;
	const char	*collection;
	const char	*owner;
} parts[] = {
	{ "ATTRIBUTES", ATTRIBUTES, "_id" },
	{ "PROGRESS", PROGRESS, "userId" },
	{ "ACTIVITY", ACTIVITIES, "userId" },
	{ "CLAIM", CLAIMS, "userId" },
	{ "AUDIT", AUDIT, "userId" },
	{ "KEPT_ANSWER", IDEMPOTENCY, "users" },
};

#define NPARTS	(sizeof(parts) / sizeof(parts[0]))

static bson_t *
mark_of(struct arena *A, const char *user)
{

	return (DOC(A, "_id", BCON_UTF8(user)));
}

enum err
person_mark(struct store *S, struct arena *A, const char *user)
{
	int64_t now = clock_now();
	enum err err;

	err = store_insert(S, ERASURES, DOC(A, "_id", BCON_UTF8(user),
	    "at", BCON_DATE_TIME(now),
	    "next", BCON_DATE_TIME(now + FIRST_MS)));
	return (err == ERR_EXISTS ? ERR_OK : err);
}

enum err
person_unmark(struct store *S, struct arena *A, const char *user)
{

	return (store_remove(S, ERASURES, mark_of(A, user)));
}

enum err
person_erase(struct store *S, struct arena *A, const char *user)
{
	enum err err;

	if ((err = activity_erase(S, A, user)) == ERR_OK &&
	    (err = claim_forget(S, A, user)) == ERR_OK)
		err = idempotency_erase(S, A, user);
	return (err);
}

/* The marks of a page, before anything is done about them. */
struct due {
	struct arena	*arena;
	const char	*ids[DUE_BATCH];
	int64_t		 at[DUE_BATCH];
	size_t		 count;
};

static bool
keep_due(void *ctx, const bson_t *doc)
{
	struct due *due = ctx;

	due->at[due->count] = store_time(doc, "at");
	due->ids[due->count++] = arena_strdup(due->arena,
	    store_text(doc, "_id"));
	return (due->count < DUE_BATCH);
}

enum err
person_due(struct store *S, struct arena *A, int64_t now,
    bool (*each)(void *, const char *, int64_t), void *ctx)
{
	struct due *due = arena_alloc(A, sizeof(*due));
	enum err err;
	size_t i;

	due->arena = A;
	due->count = 0;
	err = store_find(S, ERASURES, DOC(A, "next", "{", "$lte",
	    BCON_DATE_TIME(now), "}"), DOC(A, "limit",
	    BCON_INT64(DUE_BATCH)), keep_due, due);
	for (i = 0; err == ERR_OK && i < due->count; i++)
		if (!each(ctx, due->ids[i], due->at[i]))
			break;
	return (err);
}

enum err
person_swept(struct store *S, struct arena *A, const char *user, int64_t at,
    int64_t now)
{
	int64_t age = now - at;

	return (store_update(S, ERASURES, mark_of(A, user), age > LAST_MS ?
	    DOC(A, "$unset", "{", "next", BCON_UTF8(""), "}") :
	    DOC(A, "$set", "{", "next", BCON_DATE_TIME(now +
	    (age > AGAIN_MS ? age : AGAIN_MS)), "}"), NULL));
}

/* Who is asked about. */
struct asked {
	const char	*const *users;
	size_t		 count;
	bool		*gone;
};

static bool
mark_gone(void *ctx, const bson_t *doc)
{
	const struct asked *asked = ctx;
	size_t i;

	for (i = 0; i < asked->count; i++)
		if (strcmp(asked->users[i], store_text(doc, "_id")) == 0)
			asked->gone[i] = true;
	return (true);
}

enum err
person_gone(struct store *S, struct arena *A, const char *const *users,
    size_t count, bool *gone)
{
	struct asked asked = { users, count, gone };

	memset(gone, 0, count * sizeof(*gone));
	if (count == 0)
		return (ERR_OK);
	return (store_find(S, ERASURES, DOC(A, "_id", "{", "$in",
	    BCON_ARRAY(store_array(A, users, count)), "}"), NULL, mark_gone,
	    &asked));
}

const char *
person_part(size_t i)
{

	return (i < NPARTS ? parts[i].name : NULL);
}

/* What is about the storing alone is left out. */
struct export {
	bool	(*each)(void *, const bson_t *);
	void	*ctx;
};

static bool
hand_over(void *ctx, const bson_t *doc)
{
	const struct export *export = ctx;
	bson_t shown;
	bool more;

	bson_init(&shown);
	bson_copy_to_excluding_noinit(doc, &shown, "attemptId", "bodyHash",
	    "leaseUntil", "owner", "pending", "took", "try", NULL);
	more = export->each(export->ctx, &shown);
	bson_destroy(&shown);
	return (more);
}

enum err
person_each(struct store *S, struct arena *A, size_t part, const char *user,
    const char *after, int64_t limit, bool (*each)(void *, const bson_t *),
    void *ctx)
{
	struct export export = { each, ctx };
	bson_t *filter = store_new_doc(A);
	bson_t *opts = DOC(A, "sort", "{", "_id", BCON_INT32(-1), "}",
	    "limit", BCON_INT64(limit));

	(void)bson_append_utf8(filter, parts[part].owner, -1, user, -1);
	if (strcmp(parts[part].collection, CLAIMS) == 0) {
		claim_visible(filter, NULL);
		(void)BSON_APPEND_UTF8(opts, "hint", CLAIMS_OF_USER);
	}
	/* Of a part whose _id is the person there is no second page. */
	if (after != NULL) {
		if (strcmp(parts[part].owner, "_id") == 0)
			return (ERR_OK);
		(void)BSON_APPEND_DOCUMENT(filter, "_id", DOC(A, "$lt",
		    BCON_UTF8(after)));
	}
	return (store_find(S, parts[part].collection, filter, opts, hand_over,
	    &export));
}
