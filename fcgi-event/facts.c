/* SPDX-License-Identifier: BSD-2-Clause */
/* facts: which facts a tree needs, and reading just those; see facts.h. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "activity_store.h"
#include "arena.h"
#include "claim_store.h"
#include "condition.h"
#include "facts.h"
#include "id.h"
#include "store.h"

#define NEEDS_MAX	CONDITION_NODES

/* What the leaves of a tree ask for. */
struct needs {
	int64_t		 starts, now;
	const char	*metrics[NEEDS_MAX];
	size_t		 nmetrics;
	int64_t		 since;		/* the earliest day */
	const char	*events[NEEDS_MAX];
	size_t		 nevents;
	bool		 attributes;
};

static void
add_text(const char **list, size_t *count, const char *text)
{
	size_t i;

	for (i = 0; i < *count; i++)
		if (strcmp(list[i], text) == 0)
			return;
	if (*count < NEEDS_MAX)
		list[(*count)++] = text;
}

static void
add_leaf(void *ctx, const bson_t *leaf)
{
	struct needs *needs = ctx;
	const char *text;
	int64_t since;

	if (store_has(leaf, "attribute"))
		needs->attributes = true;
	/* These live in the tree, not in the view of the leaf. */
	if ((text = store_text(leaf, "claimed")) != NULL)
		add_text(needs->events, &needs->nevents, text);
	if ((text = store_text(leaf, "metric")) != NULL) {
		since = condition_since(leaf, needs->starts, needs->now);
		if (needs->nmetrics == 0 || since < needs->since)
			needs->since = since;
		add_text(needs->metrics, &needs->nmetrics, text);
	}
}

/* The days of one metric after the other, as they are read. */
struct days {
	struct arena	*arena;
	const char	*metrics[NEEDS_MAX];
	bson_t		*days[NEEDS_MAX];
	uint32_t	 count[NEEDS_MAX];
	size_t		 nmetrics;
};

static bool
add_day(void *ctx, const bson_t *doc)
{
	struct days *days = ctx;
	const char *metric = store_text(doc, "metric"), *index;
	size_t at = days->nmetrics - 1;
	char key[16];
	bson_t day;

	if (days->nmetrics == 0 || strcmp(days->metrics[at], metric) != 0) {
		if (days->nmetrics == NEEDS_MAX)
			return (false);
		at = days->nmetrics++;
		days->metrics[at] = arena_strdup(days->arena, metric);
		days->days[at] = store_new_doc(days->arena);
	}
	(void)bson_uint32_to_string(days->count[at]++, &index, key,
	    sizeof(key));
	(void)BSON_APPEND_DOCUMENT_BEGIN(days->days[at], index, &day);
	(void)BSON_APPEND_INT64(&day, "day", store_int(doc, "day"));
	(void)BSON_APPEND_INT64(&day, "sum", store_int(doc, "sum"));
	(void)BSON_APPEND_INT64(&day, "count", store_int(doc, "count"));
	(void)bson_append_document_end(days->days[at], &day);
	return (true);
}

static enum err
read_metrics(struct store *S, struct arena *A, const struct needs *needs,
    const char *user, bson_t *facts)
{
	struct days *days = arena_alloc(A, sizeof(*days));
	const char *index;
	char key[16];
	bson_t array, metric;
	enum err err;
	uint32_t i;

	days->arena = A;
	err = progress_each(S, A, user, store_array(A, needs->metrics,
	    needs->nmetrics), needs->since, add_day, days);
	(void)BSON_APPEND_ARRAY_BEGIN(facts, "metrics", &array);
	for (i = 0; i < days->nmetrics; i++) {
		(void)bson_uint32_to_string(i, &index, key, sizeof(key));
		(void)BSON_APPEND_DOCUMENT_BEGIN(&array, index, &metric);
		(void)BSON_APPEND_UTF8(&metric, "metric", days->metrics[i]);
		(void)BSON_APPEND_ARRAY(&metric, "days", days->days[i]);
		(void)bson_append_document_end(&array, &metric);
	}
	(void)bson_append_array_end(facts, &array);
	return (err);
}

static enum err
read_attributes(struct store *S, struct arena *A, const char *user,
    bson_t *facts)
{
	const bson_t *doc;
	bson_iter_t iter;
	enum err err;

	err = attributes_find(S, A, user, &doc);
	if (err == ERR_OK && bson_iter_init_find(&iter, doc, "attributes"))
		(void)bson_append_iter(facts, "attributes", -1, &iter);
	return (err == ERR_NOT_FOUND ? ERR_OK : err);
}

enum err
facts_read(struct store *S, struct arena *A, const bson_t *event,
    const char *user, int64_t now, const bson_t **out)
{
	struct needs *needs = arena_alloc(A, sizeof(*needs));
	bson_t *facts = store_new_doc(A), *claimed;
	enum err err = ERR_OK;

	needs->starts = store_time(event, "startsAt");
	needs->now = now;
	condition_each_leaf(store_part(A, event, "conditions"), add_leaf,
	    needs);
	(void)BSON_APPEND_DATE_TIME(facts, "startsAt", needs->starts);
	(void)BSON_APPEND_DATE_TIME(facts, "signedUpAt", id_time(user));
	*out = facts;
	if (needs->attributes)
		err = read_attributes(S, A, user, facts);
	if (err == ERR_OK && needs->nevents > 0) {
		err = claim_find_events(S, A, user, store_array(A, needs->events,
		    needs->nevents), &claimed);
		if (err == ERR_OK)
			(void)BSON_APPEND_ARRAY(facts, "claimed", claimed);
	}
	if (err == ERR_OK && needs->nmetrics > 0)
		err = read_metrics(S, A, needs, user, facts);
	return (err);
}
