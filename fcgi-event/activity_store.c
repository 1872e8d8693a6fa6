/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * activity_store: activities, and their sums by user, metric and day.
 *
 * activities	{ _id: activityId, userId, metric, amount, at, try }
 * progress	{ _id: "userId:metric:day", userId, metric, day, sum, count,
 *		  pending: { TRY: true } }
 * tries	{ _id: TRY, at, activities: [{ id, userId, metric, amount, at }] }
 * attributes	{ _id: userId, attributes, updatedAt }
 *
 * Each record of a batch is a try with an id of its own:
 *
 *	1  the try is stored with all that it holds
 *	2  it is announced in each daily sum that it may add to
 *	3  the activities are inserted; whose insert comes first owns one
 *	4  in each daily sum the announcement becomes what it owns, in one update
 *	5  the try is removed
 *
 * Who settles an old try inserts all its activities in a try of its own, so
 * that none can come later; then it does 4 and 5 for the old one.  Whoever is
 * stopped meanwhile and goes on finds its announcement gone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "activity_store.h"
#include "arena.h"
#include "clock.h"
#include "id.h"
#include "store.h"

#define TRIES		"tries"
#define DAY_MS		INT64_C(86400000)
#define SETTLE_BATCH	20	/* tries at a time */
#define DAYS_MAX	4000	/* days read of one user at most */

int64_t
activity_day(int64_t ms)
{

	return ((ms >= 0 ? ms : ms - DAY_MS + 1) / DAY_MS);
}

static const char *
sum_id(struct arena *A, const struct activity *one)
{

	return (arena_printf(A, "%s:%s:%lld", one->user, one->metric,
	    (long long)activity_day(one->at)));
}

/* A daily sum, and what is to be added to it. */
struct sum {
	const char		*id;
	const struct activity	*first;	/* whose sum it is */
	int64_t			 sum, count;
};

static int
by_id(const void *a, const void *b)
{

	return (strcmp(((const struct sum *)a)->id,
	    ((const struct sum *)b)->id));
}

/*
 * The daily sums of a list, with what was accepted.  They are sorted, so that
 * two who change the same ones don't wait for each other.
 */
static struct sum *
list_sums(struct arena *A, const struct activity *list, size_t count,
    size_t *n)
{
	struct sum *sums = arena_alloc(A, count * sizeof(*sums)), *last;
	size_t i;

	for (i = 0; i < count; i++)
		sums[i] = (struct sum){ sum_id(A, &list[i]), &list[i],
		    list[i].accepted ? list[i].amount : 0,
		    list[i].accepted };
	qsort(sums, count, sizeof(*sums), by_id);
	for (i = 1, last = sums; i < count; i++) {
		if (strcmp(sums[i].id, last->id) != 0) {
			*++last = sums[i];
			continue;
		}
		last->sum += sums[i].sum;
		last->count += sums[i].count;
	}
	*n = (size_t)(last - sums) + 1;
	return (sums);
}

static void
append_activity(bson_t *doc, const char *id_name, const struct activity *one)
{

	(void)bson_append_utf8(doc, id_name, -1, one->id, -1);
	(void)BSON_APPEND_UTF8(doc, "userId", one->user);
	(void)BSON_APPEND_UTF8(doc, "metric", one->metric);
	(void)BSON_APPEND_INT64(doc, "amount", one->amount);
	(void)BSON_APPEND_DATE_TIME(doc, "at", one->at);
}

static enum err
begin(struct store *S, struct arena *A, const char *try,
    const struct activity *list, size_t count)
{
	bson_t *doc = store_new_doc(A), array, inner;
	const char *index;
	char key[16];
	size_t i;

	(void)BSON_APPEND_UTF8(doc, "_id", try);
	(void)BSON_APPEND_DATE_TIME(doc, "at", clock_now());
	(void)BSON_APPEND_ARRAY_BEGIN(doc, "activities", &array);
	for (i = 0; i < count; i++) {
		(void)bson_uint32_to_string((uint32_t)i, &index, key,
		    sizeof(key));
		(void)BSON_APPEND_DOCUMENT_BEGIN(&array, index, &inner);
		append_activity(&inner, "id", &list[i]);
		(void)bson_append_document_end(&array, &inner);
	}
	(void)bson_append_array_end(doc, &array);
	return (store_insert(S, TRIES, doc));
}

static enum err
make_sums(struct store *S, struct arena *A, const char *try,
    const struct sum *sums, size_t n)
{
	const bson_t **docs = arena_alloc(A, n * sizeof(*docs));
	size_t i;

	for (i = 0; i < n; i++)
		docs[i] = DOC(A, "_id", BCON_UTF8(sums[i].id),
		    "userId", BCON_UTF8(sums[i].first->user),
		    "metric", BCON_UTF8(sums[i].first->metric),
		    "day", BCON_INT64(activity_day(sums[i].first->at)),
		    "sum", BCON_INT64(0), "count", BCON_INT64(0),
		    "pending", "{", try, BCON_BOOL(true), "}");
	return (store_insert_all(S, PROGRESS, docs, n));
}

static enum err
announce(struct store *S, struct arena *A, const char *try,
    const struct activity *list, size_t count)
{
	const char *path = arena_printf(A, "pending.%s", try);
	struct store_change *changes;
	struct sum *sums;
	size_t i, n;
	int64_t matched;
	enum err err;
	bool made;

	sums = list_sums(A, list, count, &n);
	changes = arena_alloc(A, n * sizeof(*changes));
	for (i = 0; i < n; i++) {
		changes[i].filter = DOC(A, "_id", BCON_UTF8(sums[i].id));
		changes[i].change = DOC(A, "$set", "{",
		    path, BCON_BOOL(true), "}");
	}
	/* Most days have begun already. */
	for (made = false;; made = true) {
		err = store_update_each(S, PROGRESS, changes, n, &matched);
		if (err != ERR_OK || matched == (int64_t)n)
			return (err);
		if (made)
			return (err_set(ERR_AWAY, "try again"));
		if ((err = make_sums(S, A, try, sums, n)) != ERR_OK)
			return (err);
	}
}

static enum err
insert(struct store *S, struct arena *A, const char *try,
    const struct activity *list, size_t count)
{
	const bson_t **docs = arena_alloc(A, count * sizeof(*docs));
	bson_t *doc;
	size_t i;

	for (i = 0; i < count; i++) {
		doc = store_new_doc(A);
		append_activity(doc, "_id", &list[i]);
		(void)BSON_APPEND_UTF8(doc, "try", try);
		docs[i] = doc;
	}
	return (store_insert_all(S, ACTIVITIES, docs, count));
}

struct owned {
	struct activity	*list;
	size_t		 count;
	const char	*try;
};

/* Of an id that comes twice in a batch only the first is owned. */
static bool
mark_owned(void *ctx, const bson_t *doc)
{
	struct owned *owned = ctx;
	const char *id = store_text(doc, "_id"), *try;
	size_t i;

	try = store_text(doc, "try");
	for (i = 0; i < owned->count; i++)
		if (strcmp(owned->list[i].id, id) == 0) {
			owned->list[i].accepted = try != NULL &&
			    strcmp(try, owned->try) == 0;
			break;
		}
	return (true);
}

static enum err
find_owned(struct store *S, struct arena *A, const char *try,
    struct activity *list, size_t count)
{
	struct owned owned = { list, count, try };
	const char **ids = arena_alloc(A, count * sizeof(*ids));
	size_t i;

	for (i = 0; i < count; i++) {
		list[i].accepted = false;
		ids[i] = list[i].id;
	}
	return (store_find(S, ACTIVITIES, DOC(A, "_id", "{", "$in",
	    BCON_ARRAY(store_array(A, ids, count)), "}"), NULL, mark_owned,
	    &owned));
}

/* The announcement in each sum becomes what the try owns. */
static enum err
add_up(struct store *S, struct arena *A, const char *try,
    const struct activity *list, size_t count)
{
	const char *path = arena_printf(A, "pending.%s", try);
	struct store_change *changes;
	struct sum *sums;
	size_t i, n;

	sums = list_sums(A, list, count, &n);
	changes = arena_alloc(A, n * sizeof(*changes));
	for (i = 0; i < n; i++) {
		changes[i].filter = DOC(A, "_id", BCON_UTF8(sums[i].id),
		    path, "{", "$exists", BCON_BOOL(true), "}");
		changes[i].change = DOC(A, "$inc", "{",
		    "sum", BCON_INT64(sums[i].sum),
		    "count", BCON_INT64(sums[i].count), "}",
		    "$unset", "{", path, BCON_UTF8(""), "}");
	}
	return (store_update_each(S, PROGRESS, changes, n, NULL));
}

static enum err
finish(struct store *S, struct arena *A, const char *try,
    struct activity *list, size_t count)
{
	enum err err;

	err = find_owned(S, A, try, list, count);
	if (err == ERR_OK)
		err = add_up(S, A, try, list, count);
	if (err == ERR_OK)
		err = store_remove(S, TRIES, DOC(A, "_id", BCON_UTF8(try)));
	return (err);
}

enum err
activity_record(struct store *S, struct arena *A, struct activity *list,
    size_t count)
{
	char try[ID_SIZE];
	enum err err;

	if (count == 0)
		return (ERR_OK);
	id_new("tr", try);
	err = begin(S, A, try, list, count);
	if (err == ERR_OK)
		err = announce(S, A, try, list, count);
	if (err == ERR_OK)
		err = insert(S, A, try, list, count);
	return (err == ERR_OK ? finish(S, A, try, list, count) : err);
}

/* --- settling --------------------------------------------------------- */

struct olds {
	struct arena	*arena;
	const bson_t	*docs[SETTLE_BATCH];
	size_t		 count;
};

static bool
keep_try(void *ctx, const bson_t *doc)
{
	struct olds *olds = ctx;

	olds->docs[olds->count++] = store_own(olds->arena, bson_copy(doc));
	return (olds->count < SETTLE_BATCH);
}

static size_t
read_try(const bson_t *doc, struct activity *list)
{
	bson_iter_t iter, item;
	bson_t one;
	size_t n = 0;

	if (!bson_iter_init_find(&iter, doc, "activities") ||
	    !bson_iter_recurse(&iter, &item))
		return (0);
	while (n < ACTIVITY_BATCH && bson_iter_next(&item)) {
		if (!store_view(&item, &one))
			continue;
		list[n].id = store_text(&one, "id");
		list[n].user = store_text(&one, "userId");
		list[n].metric = store_text(&one, "metric");
		list[n].amount = store_int(&one, "amount");
		list[n++].at = store_time(&one, "at");
	}
	return (n);
}

static enum err
settle_try(struct store *S, struct arena *A, const bson_t *doc)
{
	struct activity *list = arena_alloc(A,
	    ACTIVITY_BATCH * sizeof(*list));
	size_t count = read_try(doc, list);
	enum err err;

	err = activity_record(S, A, list, count);
	return (err == ERR_OK ? finish(S, A, store_text(doc, "_id"), list,
	    count) : err);
}

enum err
activity_settle(struct store *S, struct arena *A, int64_t before, long *count)
{
	struct olds olds = { .arena = A, .count = 0 };
	enum err err;
	size_t i;

	*count = 0;
	err = store_find(S, TRIES, DOC(A, "at", "{", "$lt",
	    BCON_DATE_TIME(before), "}"), NULL, keep_try, &olds);
	for (i = 0; err == ERR_OK && i < olds.count; i++) {
		err = settle_try(S, A, olds.docs[i]);
		if (err == ERR_OK)
			(*count)++;
	}
	return (err);
}

/* --- reading ---------------------------------------------------------- */

enum err
progress_each(struct store *S, struct arena *A, const char *user,
    const bson_t *metrics, int64_t since,
    bool (*each)(void *, const bson_t *), void *ctx)
{
	bson_t *filter = DOC(A, "userId", BCON_UTF8(user));

	if (metrics != NULL)
		(void)BSON_APPEND_DOCUMENT(filter, "metric", DOC(A, "$in",
		    BCON_ARRAY(metrics)));
	(void)BSON_APPEND_DOCUMENT(filter, "day", DOC(A, "$gte",
	    BCON_INT64(since)));
	return (store_find(S, PROGRESS, filter, DOC(A, "sort", "{",
	    "metric", BCON_INT32(1), "day", BCON_INT32(1), "}",
	    "limit", BCON_INT64(DAYS_MAX)), each, ctx));
}

enum err
attributes_put(struct store *S, struct arena *A, const char *user,
    const bson_t *attributes)
{
	bool matched;
	enum err err;
	int i;

	for (i = 0; i < 2; i++) {
		err = store_update(S, ATTRIBUTES, DOC(A,
		    "_id", BCON_UTF8(user)), DOC(A, "$set", "{",
		    "attributes", BCON_DOCUMENT(attributes),
		    "updatedAt", BCON_DATE_TIME(clock_now()), "}"), &matched);
		if (err != ERR_OK || matched)
			return (err);
		err = store_insert(S, ATTRIBUTES, DOC(A,
		    "_id", BCON_UTF8(user),
		    "attributes", BCON_DOCUMENT(attributes),
		    "updatedAt", BCON_DATE_TIME(clock_now())));
		if (err != ERR_EXISTS)
			return (err);
	}
	return (err_set(ERR_AWAY, "try again"));
}

enum err
attributes_find(struct store *S, struct arena *A, const char *user,
    const bson_t **out)
{

	return (store_find_one(S, A, ATTRIBUTES, DOC(A,
	    "_id", BCON_UTF8(user)), out));
}

enum err
activity_erase(struct store *S, struct arena *A, const char *user)
{
	bson_t *of = DOC(A, "userId", BCON_UTF8(user));
	enum err err;

	/* The batches first, for others may settle them meanwhile. */
	err = store_update_all(S, TRIES, DOC(A, "activities.userId",
	    BCON_UTF8(user)), DOC(A, "$pull", "{", "activities", "{",
	    "userId", BCON_UTF8(user), "}", "}"));
	if (err == ERR_OK &&
	    (err = store_remove_all(S, ACTIVITIES, of)) == ERR_OK &&
	    (err = store_remove_all(S, PROGRESS, of)) == ERR_OK)
		err = store_remove(S, ATTRIBUTES, DOC(A,
		    "_id", BCON_UTF8(user)));
	return (err);
}
