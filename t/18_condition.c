/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The evaluator of conditions as a filter, for 67_condition_random.t: each
 * line of input is {"tree": ..., "facts": ..., "now": ms}, each line of output
 * 1 or 0 and the trace.  Without input: a few verdicts, as TAP.
 */
#include <bson/bson.h>
#include <stdio.h>
#include <string.h>

#include "../fcgi-event/condition.h"
#include "tap.h"

static bool
part(const bson_t *doc, const char *name, bson_t *out)
{
	const uint8_t *data;
	bson_iter_t iter;
	uint32_t len;

	if (!bson_iter_init_find(&iter, doc, name) ||
	    !BSON_ITER_HOLDS_DOCUMENT(&iter))
		return (false);
	bson_iter_document(&iter, &len, &data);
	return (bson_init_static(out, data, len));
}

/* Judge a line; -1 if it can't be read. */
static int
judge(const char *line, char **trace)
{
	bson_t *doc = bson_new_from_json((const uint8_t *)line, -1, NULL);
	bson_t tree, facts, *out = bson_new();
	bson_iter_t iter;
	int result = -1;

	if (doc != NULL && part(doc, "tree", &tree) &&
	    part(doc, "facts", &facts) &&
	    bson_iter_init_find(&iter, doc, "now")) {
		result = condition_eval(&tree, &facts,
		    bson_iter_as_int64(&iter), out);
		if (trace != NULL)
			*trace = bson_as_relaxed_extended_json(out, NULL);
	}
	bson_destroy(out);
	if (doc != NULL)
		bson_destroy(doc);
	return (result);
}

static int
filter(void)
{
	static char line[1024 * 1024];
	char *trace;
	int result;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		trace = NULL;
		if ((result = judge(line, &trace)) == -1)
			return (1);
		(void)printf("%d %s\n", result, trace);
		(void)fflush(stdout);
		bson_free(trace);
	}
	return (0);
}

int
main(int argc, char *argv[])
{

	if (argc == 2 && strcmp(argv[1], "-") == 0)
		return (filter());
	ok(judge("{\"tree\":{\"all\":[{\"attribute\":\"a\",\"op\":\"EQ\","
	    "\"value\":{\"$numberLong\":\"1\"}}]},\"facts\":{\"attributes\":"
	    "{\"a\":{\"$numberLong\":\"1\"}}},\"now\":{\"$numberLong\":"
	    "\"0\"}}", NULL) == 1, "an attribute that is equal");
	ok(judge("{\"tree\":{\"not\":{\"claimed\":\"ev_1\"}},\"facts\":"
	    "{\"claimed\":[\"ev_1\"]},\"now\":{\"$numberLong\":\"0\"}}",
	    NULL) == 0, "not, of what is so");
	return (done());
}
