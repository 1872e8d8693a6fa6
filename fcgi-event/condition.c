/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * condition: the table of kinds, what each may hold, and what it means.
 *
 * A new kind is a row and its functions.  Trees are checked as JSON when an
 * event is published, and evaluated as the BSON that was stored.
 */
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "condition.h"
#include "id.h"
#include "json.h"
#include "request.h"
#include "store.h"

#define DAY_MS		INT64_C(86400000)
#define WINDOW_MAX	(366 * DAY_MS)
#define IN_MAX		50
#define POINTER_MAX	400

/* One walk over the tree of a request. */
struct check {
	struct request	*req;
	int		 nodes;
	enum err	 err;
};

/* What a leaf found: for the verdict and for the trace. */
struct outcome {
	bool		satisfied;
	bool		absent;		/* there is nothing to compare */
	int64_t		number;
	const char	*text;		/* NULL: a number */
};

/* What a leaf is judged by. */
struct input {
	const bson_t	*facts;
	int64_t		 now;
};

struct kind {
	const char	*name;		/* the member that tells the kind */
	const char	*members[6];	/* all that it may have */
	void		(*check)(struct check *, const cJSON *, const char *,
			    int);
	struct outcome	(*leaf)(const struct input *, const bson_t *);
	int		(*wanted)(int);	/* of so many children; NULL: a leaf */
};

static void	check_node(struct check *, const cJSON *, const char *, int);
static bool	eval_node(const struct input *, const bson_t *, bson_t *);

static void
fault(struct check *C, const char *pointer, const char *name,
    const char *code, const char *message)
{

	C->err = request_fault(C->req, arena_printf(C->req->arena, "%s%s%s",
	    pointer, name != NULL ? "/" : "", name != NULL ? name : ""), code,
	    message);
}

/* --- comparing -------------------------------------------------------- */

enum { GTE, GT, LTE, LT, EQ, NE, NOPS };

static const char *const ops[NOPS] = { "GTE", "GT", "LTE", "LT", "EQ", "NE" };
static const char *const aggregates[] = { "SUM", "COUNT", "DAYS", "STREAK" };

static int
find_word(const char *word, const char *const *words, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (word != NULL && strcmp(word, words[i]) == 0)
			return (i);
	return (-1);
}

/* ${order} is below, at or above 0 as what is compares with what is wanted. */
static bool
holds(int op, int order)
{

	switch (op) {
	case GTE:
		return (order >= 0);
	case GT:
		return (order > 0);
	case LTE:
		return (order <= 0);
	case LT:
		return (order < 0);
	case EQ:
		return (order == 0);
	default:
		return (order != 0);
	}
}

static bool
compare_number(const bson_t *node, int64_t actual)
{
	int64_t wanted = store_int(node, "value");

	return (holds(find_word(store_text(node, "op"), ops, NOPS),
	    (actual > wanted) - (actual < wanted)));
}

/* --- checking --------------------------------------------------------- */

static void
check_word(struct check *C, const cJSON *node, const char *pointer,
    const char *name, const char *const *words, int count)
{
	const char *word = json_get_string(node, name);

	if (json_get(node, name) == NULL)
		fault(C, pointer, name, "REQUIRED", "is required");
	else if (find_word(word, words, count) == -1)
		fault(C, pointer, name, "NOT_IN_ENUM", "is not one of those "
		    "that there are");
}

static void
check_number(struct check *C, const cJSON *node, const char *pointer)
{
	int64_t n;

	if (json_get(node, "value") == NULL)
		fault(C, pointer, "value", "REQUIRED", "is required");
	else if (!json_get_int(node, "value", &n))
		fault(C, pointer, "value", "WRONG_TYPE", "must be an integer");
}

static bool
spelled(const char *text, const char *chars, size_t max)
{
	size_t len = (text != NULL) ? strlen(text) : 0;

	return (len > 0 && len <= max && strspn(text, chars) == len);
}

static void
check_children(struct check *C, const cJSON *node, const char *pointer,
    int depth)
{
	const cJSON *list = node->child, *child;
	char path[POINTER_MAX];
	int i = 0;

	if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) == 0) {
		fault(C, pointer, list->string, "WRONG_TYPE",
		    "must be an array of conditions, not an empty one");
		return;
	}
	cJSON_ArrayForEach(child, list) {
		(void)snprintf(path, sizeof(path), "%s/%s/%d", pointer,
		    list->string, i++);
		check_node(C, child, path, depth + 1);
	}
}

static void
check_child(struct check *C, const cJSON *node, const char *pointer,
    int depth)
{
	char path[POINTER_MAX];

	(void)snprintf(path, sizeof(path), "%s/not", pointer);
	check_node(C, node->child, path, depth + 1);
}

static void
check_metric(struct check *C, const cJSON *node, const char *pointer,
    int depth)
{
	const cJSON *window = json_get(node, "window");
	const char *text = json_get_string(node, "window");
	int64_t ms = 0;

	(void)depth;
	if (!spelled(json_get_string(node, "metric"),
	    "abcdefghijklmnopqrstuvwxyz0123456789._-", 64))
		fault(C, pointer, "metric", "WRONG_PATTERN",
		    "must match ^[a-z0-9._-]{1,64}$");
	check_word(C, node, pointer, "aggregate", aggregates, 4);
	check_word(C, node, pointer, "op", ops, NOPS);
	check_number(C, node, pointer);
	if (window != NULL && (text == NULL || (strcmp(text, "EVENT") != 0 &&
	    (!clock_duration(text, strlen(text), &ms) || ms % DAY_MS != 0 ||
	    ms > WINDOW_MAX))))
		fault(C, pointer, "window", "WRONG_FORMAT", "must be EVENT or "
		    "a duration of whole days, 366 at most");
}

/* A string or a safe integer. */
static bool
is_value(const cJSON *json)
{
	int64_t n;

	return (json_int(json, &n) || (cJSON_IsString(json) &&
	    strlen(json->valuestring) <= 256));
}

static void
check_in(struct check *C, const cJSON *node, const char *pointer)
{
	const cJSON *in = json_get(node, "in"), *item;
	bool good = cJSON_IsArray(in) && cJSON_GetArraySize(in) > 0 &&
	    cJSON_GetArraySize(in) <= IN_MAX;

	if (good)
		cJSON_ArrayForEach(item, in)
			good = good && is_value(item);
	if (!good)
		fault(C, pointer, "in", "WRONG_TYPE", "must be an array of 1 "
		    "to 50 strings and integers");
	if (json_get(node, "op") != NULL || json_get(node, "value") != NULL)
		fault(C, pointer, NULL, "NOT_ONE_OF",
		    "has either op and value, or in");
}

static void
check_attribute(struct check *C, const cJSON *node, const char *pointer,
    int depth)
{
	const cJSON *value = json_get(node, "value");
	int op = find_word(json_get_string(node, "op"), ops, NOPS);

	(void)depth;
	if (!spelled(json_get_string(node, "attribute"),
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789_-", 64))
		fault(C, pointer, "attribute", "WRONG_PATTERN",
		    "must match ^[A-Za-z0-9_-]{1,64}$");
	if (json_get(node, "in") != NULL) {
		check_in(C, node, pointer);
		return;
	}
	check_word(C, node, pointer, "op", ops, NOPS);
	if (value == NULL)
		fault(C, pointer, "value", "REQUIRED", "is required");
	else if (!is_value(value))
		fault(C, pointer, "value", "WRONG_TYPE",
		    "must be an integer or a string of 256 bytes at most");
	else if (cJSON_IsString(value) && op != EQ && op != NE && op != -1)
		fault(C, pointer, "op", "NOT_IN_ENUM",
		    "strings are compared by EQ and NE only");
}

static void
check_age(struct check *C, const cJSON *node, const char *pointer, int depth)
{
	static const char *const units[] = { "DAYS" };

	(void)depth;
	check_word(C, node, pointer, "accountAge", units, 1);
	check_word(C, node, pointer, "op", ops, NOPS);
	check_number(C, node, pointer);
}

static void
check_claimed(struct check *C, const cJSON *node, const char *pointer,
    int depth)
{
	const char *id = json_get_string(node, "claimed");

	(void)depth;
	if (id == NULL || !id_valid("ev", id))
		fault(C, pointer, "claimed", "WRONG_FORMAT",
		    "must be the id of an event");
}

/* --- evaluating ------------------------------------------------------- */

static int	want_all(int n) { return (n); }
static int	want_any(int n) { (void)n; return (1); }
static int	want_none(int n) { (void)n; return (0); }

int64_t
condition_since(const bson_t *leaf, int64_t starts, int64_t now)
{
	const char *window = store_text(leaf, "window");
	int64_t ms;

	if (window != NULL && clock_duration(window, strlen(window), &ms))
		return (now / DAY_MS - ms / DAY_MS + 1);
	return (starts >= 0 ? starts / DAY_MS : -1);
}

/* The days of a metric in the facts, oldest first. */
static bool
open_days(const bson_t *facts, const char *metric, bson_iter_t *days)
{
	bson_iter_t iter, list, member;
	const char *name;

	if (!bson_iter_init_find(&iter, facts, "metrics") ||
	    !bson_iter_recurse(&iter, &list))
		return (false);
	while (bson_iter_next(&list)) {
		if (!bson_iter_recurse(&list, &member) ||
		    !bson_iter_find(&member, "metric"))
			continue;
		name = bson_iter_utf8(&member, NULL);
		if (strcmp(name, metric) == 0 &&
		    bson_iter_recurse(&list, &member) &&
		    bson_iter_find(&member, "days"))
			return (bson_iter_recurse(&member, days));
	}
	return (false);
}

/* What the days of a window add up to. */
struct sums {
	int64_t	sum, count, days;
	int64_t	streak;		/* up to the last day with activity */
	int64_t	last;		/* that day */
};

static void
add_day(struct sums *sums, const bson_t *day)
{
	int64_t at = store_int(day, "day"), count = store_int(day, "count");

	if (count == 0)
		return;
	sums->sum += store_int(day, "sum");
	sums->count += count;
	sums->days++;
	sums->streak = (sums->days > 1 && at == sums->last + 1) ?
	    sums->streak + 1 : 1;
	sums->last = at;
}

static void
add_days(const struct input *in, const bson_t *node, struct sums *sums)
{
	int64_t today = in->now / DAY_MS, at;
	int64_t since = condition_since(node, store_time(in->facts,
	    "startsAt"), in->now);
	bson_iter_t days;
	bson_t day;

	memset(sums, 0, sizeof(*sums));
	if (!open_days(in->facts, store_text(node, "metric"), &days))
		return;
	while (bson_iter_next(&days)) {
		if (!store_view(&days, &day))
			continue;
		at = store_int(&day, "day");
		if (at >= since && at <= today)
			add_day(sums, &day);
	}
	if (sums->last < today - 1)
		sums->streak = 0;
}

static struct outcome
eval_metric(const struct input *in, const bson_t *node)
{
	struct outcome out = { .text = NULL };
	struct sums sums;

	add_days(in, node, &sums);
	switch (find_word(store_text(node, "aggregate"), aggregates, 4)) {
	case 0:
		out.number = sums.sum;
		break;
	case 1:
		out.number = sums.count;
		break;
	case 2:
		out.number = sums.days;
		break;
	default:
		out.number = sums.streak;
	}
	out.satisfied = compare_number(node, out.number);
	return (out);
}

/* How an attribute compares with a value: 0 is equal; 2: another type. */
static int
order_of(const bson_iter_t *actual, const bson_iter_t *wanted)
{
	int64_t a, b;

	if (BSON_ITER_HOLDS_UTF8(actual) && BSON_ITER_HOLDS_UTF8(wanted))
		return (strcmp(bson_iter_utf8(actual, NULL),
		    bson_iter_utf8(wanted, NULL)) == 0 ? 0 : 1);
	if (!BSON_ITER_HOLDS_INT64(actual) || !BSON_ITER_HOLDS_INT64(wanted))
		return (2);
	a = bson_iter_int64(actual);
	b = bson_iter_int64(wanted);
	return ((a > b) - (a < b));
}

static bool
is_in(const bson_iter_t *actual, const bson_iter_t *in)
{
	bson_iter_t item;

	if (bson_iter_recurse(in, &item))
		while (bson_iter_next(&item))
			if (order_of(actual, &item) == 0)
				return (true);
	return (false);
}

static struct outcome
eval_attribute(const struct input *in, const bson_t *node)
{
	struct outcome out = { .absent = true };
	bson_iter_t iter, actual, wanted;
	int op, order;

	if (!bson_iter_init_find(&iter, in->facts, "attributes") ||
	    !bson_iter_recurse(&iter, &actual) ||
	    !bson_iter_find(&actual, store_text(node, "attribute")))
		return (out);
	out.absent = false;
	if (BSON_ITER_HOLDS_UTF8(&actual))
		out.text = bson_iter_utf8(&actual, NULL);
	else
		out.number = bson_iter_as_int64(&actual);
	if (bson_iter_init_find(&wanted, node, "in")) {
		out.satisfied = is_in(&actual, &wanted);
		return (out);
	}
	op = find_word(store_text(node, "op"), ops, NOPS);
	if (bson_iter_init_find(&wanted, node, "value")) {
		order = order_of(&actual, &wanted);
		out.satisfied = (order == 2) ? op == NE : holds(op, order);
	}
	return (out);
}

static struct outcome
eval_age(const struct input *in, const bson_t *node)
{
	struct outcome out = { .text = NULL };

	out.number = (in->now - store_time(in->facts, "signedUpAt")) / DAY_MS;
	out.satisfied = compare_number(node, out.number);
	return (out);
}

static struct outcome
eval_claimed(const struct input *in, const bson_t *node)
{
	const char *event = store_text(node, "claimed");
	struct outcome out = { .text = NULL };
	bson_iter_t iter, item;

	if (bson_iter_init_find(&iter, in->facts, "claimed") &&
	    bson_iter_recurse(&iter, &item))
		while (bson_iter_next(&item))
			if (strcmp(bson_iter_utf8(&item, NULL), event) == 0)
				out.number = 1;
	out.satisfied = out.number == 1;
	return (out);
}

/* --- the table -------------------------------------------------------- */

static const struct kind kinds[] = {
	{ "all", { "all" }, check_children, NULL, want_all },
	{ "any", { "any" }, check_children, NULL, want_any },
	{ "not", { "not" }, check_child, NULL, want_none },
	{ "metric", { "metric", "aggregate", "op", "value", "window" },
	    check_metric, eval_metric, NULL },
	{ "attribute", { "attribute", "op", "value", "in" },
	    check_attribute, eval_attribute, NULL },
	{ "accountAge", { "accountAge", "op", "value" },
	    check_age, eval_age, NULL },
	{ "claimed", { "claimed" }, check_claimed, eval_claimed, NULL },
};

#define NKINDS	(sizeof(kinds) / sizeof(kinds[0]))

static bool
has_member(const struct kind *kind, const char *name)
{
	size_t i;

	for (i = 0; i < 6 && kind->members[i] != NULL; i++)
		if (strcmp(kind->members[i], name) == 0)
			return (true);
	return (false);
}

static const struct kind *
kind_of_json(const cJSON *node)
{
	size_t i;

	for (i = 0; i < NKINDS; i++)
		if (json_get(node, kinds[i].name) != NULL)
			return (&kinds[i]);
	return (NULL);
}

static const struct kind *
kind_of(const bson_t *node)
{
	size_t i;

	for (i = 0; i < NKINDS; i++)
		if (bson_has_field(node, kinds[i].name))
			return (&kinds[i]);
	return (NULL);
}

static void
check_node(struct check *C, const cJSON *node, const char *pointer, int depth)
{
	const struct kind *kind;
	const cJSON *member;

	if (++C->nodes == CONDITION_NODES + 1)
		fault(C, "/conditions", NULL, "TOO_MANY",
		    "must have at most 50 nodes");
	if (depth == CONDITION_DEPTH + 1)
		fault(C, pointer, NULL, "TOO_MANY",
		    "must be at most 8 levels deep");
	if (C->nodes > CONDITION_NODES || depth > CONDITION_DEPTH)
		return;
	if (!cJSON_IsObject(node) || (kind = kind_of_json(node)) == NULL) {
		fault(C, pointer, NULL, "NOT_ONE_OF", "must be an object with "
		    "one of the members all, any, not, metric, attribute, "
		    "accountAge, claimed");
		return;
	}
	cJSON_ArrayForEach(member, node)
		if (!has_member(kind, member->string)) {
			fault(C, pointer, NULL, "UNKNOWN_MEMBER",
			    arena_printf(C->req->arena, "a condition of the "
			    "kind %s has members that it doesn't know",
			    kind->name));
			return;
		}
	kind->check(C, node, pointer, depth);
}

enum err
condition_check(struct request *req, const cJSON *tree, const char *pointer)
{
	struct check C = { .req = req, .err = ERR_OK };

	check_node(&C, tree, pointer, 1);
	return (C.err);
}

static void
append_verdict(bson_t *trace, bool satisfied, int64_t wanted, int64_t actual)
{

	(void)BSON_APPEND_BOOL(trace, "satisfied", satisfied);
	(void)BSON_APPEND_INT64(trace, "wanted", wanted);
	(void)BSON_APPEND_INT64(trace, "actual", actual);
}

/* The children of a node; how many there are and how many are satisfied. */
static int
eval_children(const struct input *in, const bson_iter_t *iter, bson_t *trace,
    int *satisfied)
{
	const char *index;
	bson_iter_t item;
	bson_t array, child, inner;
	char key[16];
	uint32_t n = 0;

	(void)bson_append_array_begin(trace, bson_iter_key(iter), -1, &array);
	if (bson_iter_recurse(iter, &item)) {
		while (bson_iter_next(&item)) {
			if (!store_view(&item, &child))
				continue;
			(void)bson_uint32_to_string(n++, &index, key,
			    sizeof(key));
			(void)BSON_APPEND_DOCUMENT_BEGIN(&array, index,
			    &inner);
			*satisfied += eval_node(in, &child, &inner);
			(void)bson_append_document_end(&array, &inner);
		}
	}
	(void)bson_append_array_end(trace, &array);
	return ((int)n);
}

static bool
eval_inner(const struct input *in, const struct kind *kind,
    const bson_t *node, bson_t *trace)
{
	int children = 0, satisfied = 0, wanted;
	bson_iter_t iter;
	bson_t child, inner;
	bool result;

	if (bson_iter_init_find(&iter, node, kind->name)) {
		if (BSON_ITER_HOLDS_ARRAY(&iter))
			children = eval_children(in, &iter, trace,
			    &satisfied);
		else if (store_view(&iter, &child)) {
			(void)bson_append_document_begin(trace, kind->name,
			    -1, &inner);
			satisfied = eval_node(in, &child, &inner);
			(void)bson_append_document_end(trace, &inner);
		}
	}
	wanted = kind->wanted(children);
	result = (wanted == 0 && children == 0) ? satisfied == 0 :
	    satisfied >= wanted;
	append_verdict(trace, result, wanted, satisfied);
	return (result);
}

static void
append_outcome(bson_t *trace, const bson_t *node, const struct outcome *out)
{
	bson_iter_t wanted;

	(void)BSON_APPEND_BOOL(trace, "satisfied", out->satisfied);
	if (bson_iter_init_find(&wanted, node, "value") ||
	    bson_iter_init_find(&wanted, node, "in"))
		(void)bson_append_iter(trace, "wanted", -1, &wanted);
	else
		(void)BSON_APPEND_INT64(trace, "wanted", 1);
	if (out->absent)
		(void)BSON_APPEND_NULL(trace, "actual");
	else if (out->text != NULL)
		(void)BSON_APPEND_UTF8(trace, "actual", out->text);
	else
		(void)BSON_APPEND_INT64(trace, "actual", out->number);
}

static bool
eval_node(const struct input *in, const bson_t *node, bson_t *trace)
{
	const struct kind *kind = kind_of(node);
	struct outcome out;

	/* What was checked when it was stored has a kind. */
	if (kind == NULL)
		return (false);
	if (kind->wanted != NULL)
		return (eval_inner(in, kind, node, trace));
	out = kind->leaf(in, node);
	(void)bson_concat(trace, node);
	append_outcome(trace, node, &out);
	return (out.satisfied);
}

bool
condition_eval(const bson_t *tree, const bson_t *facts, int64_t now,
    bson_t *trace)
{
	const struct input in = { facts, now };

	return (eval_node(&in, tree, trace));
}

void
condition_each_leaf(const bson_t *tree, void (*each)(void *, const bson_t *),
    void *ctx)
{
	const struct kind *kind = kind_of(tree);
	bson_iter_t iter, item;
	bson_t child;

	if (kind == NULL)
		return;
	if (kind->wanted == NULL) {
		each(ctx, tree);
		return;
	}
	if (!bson_iter_init_find(&iter, tree, kind->name))
		return;
	if (store_view(&iter, &child))
		condition_each_leaf(&child, each, ctx);
	else if (bson_iter_recurse(&iter, &item))
		while (bson_iter_next(&item))
			if (store_view(&item, &child))
				condition_each_leaf(&child, each, ctx);
}
