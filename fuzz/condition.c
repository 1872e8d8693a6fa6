/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tree of conditions: the first line as JSON, then the user's attributes as
 * JSON, then bytes that become days with activity.  What is taken can be
 * judged, and always alike.
 */
#include <assert.h>
#include <bson/bson.h>
#include <string.h>

#include "../fcgi-event/condition.h"
#include "../shared/arena.h"
#include "../shared/doc.h"
#include "../shared/json.h"
#include "../shared/request.h"
#include "../shared/store.h"
#include "fuzz.h"

#define NOW_DAY	20454
#define DAY_MS	INT64_C(86400000)

static bson_t *
days_of(const struct fuzz_input *in)
{
	bson_t *days = store_new_doc(in->arena);
	int64_t day = NOW_DAY - 30;
	const char *index;
	char key[16];
	uint32_t i;

	for (i = 0; i < in->len && i < 64; i++) {
		(void)bson_uint32_to_string(i, &index, key, sizeof(key));
		day += 1 + (in->text[i] & 3);
		(void)BSON_APPEND_DOCUMENT(days, index, DOC(in->arena,
		    "day", BCON_INT64(day), "sum", BCON_INT64(in->text[i]),
		    "count", BCON_INT64((in->text[i] >> 2) & 15)));
	}
	return (days);
}

static const bson_t *
facts_of(struct fuzz_input *in)
{
	bson_t *attributes = store_new_doc(in->arena), *days;
	const char *line = fuzz_line(in);
	cJSON *json;

	if (json_parse(in->arena, line, strlen(line), &json) == ERR_OK &&
	    cJSON_IsObject(json))
		doc_append(attributes, NULL, json);
	days = days_of(in);
	return (DOC(in->arena, "startsAt", BCON_DATE_TIME(
	    (NOW_DAY - 10) * DAY_MS), "signedUpAt", BCON_DATE_TIME(
	    (NOW_DAY - 100) * DAY_MS), "attributes",
	    BCON_DOCUMENT(attributes), "claimed", "[",
	    "ev_01K3Q8ZC5V9T2M4N6P7R8S1W3X", "]", "metrics", "[", "{",
	    "metric", "m", "days", BCON_ARRAY(days), "}", "]"));
}

static void
one(struct fuzz_input *in)
{
	bson_t *tree = store_new_doc(in->arena);
	bson_t *first = store_new_doc(in->arena);
	bson_t *second = store_new_doc(in->arena);
	const char *line = fuzz_line(in);
	char *none[] = { NULL };
	struct request req;
	const bson_t *facts;
	cJSON *json;
	bool verdict;

	fuzz_request(in, &req, none);
	if (json_parse(in->arena, line, strlen(line), &json) != ERR_OK ||
	    condition_check(&req, json, "/conditions") != ERR_OK)
		return;
	doc_append(tree, NULL, json);
	facts = facts_of(in);
	verdict = condition_eval(tree, facts, NOW_DAY * DAY_MS + 1, first);
	assert(condition_eval(tree, facts, NOW_DAY * DAY_MS + 1, second) ==
	    verdict && bson_equal(first, second) &&
	    bson_has_field(first, "satisfied"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
