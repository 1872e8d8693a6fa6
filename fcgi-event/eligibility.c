/* SPDX-License-Identifier: BSD-2-Clause */
/* eligibility: conditions, facts and instant make a record of a verdict. */
#include <stddef.h>

#include "condition.h"
#include "eligibility.h"
#include "facts.h"
#include "store.h"

enum err
eligibility_judge(struct store *S, struct arena *A, const bson_t *event,
    const char *user, int64_t now, const bson_t **record)
{
	const bson_t *tree = store_part(A, event, "conditions"), *facts;
	bson_t *doc, *trace;
	bool satisfied;
	enum err err;

	*record = NULL;
	if (tree == NULL)
		return (ERR_OK);
	if ((err = facts_read(S, A, event, user, now, &facts)) != ERR_OK)
		return (err);
	trace = store_new_doc(A);
	satisfied = condition_eval(tree, facts, now, trace);
	doc = store_new_doc(A);
	(void)BSON_APPEND_DATE_TIME(doc, "at", now);
	(void)BSON_APPEND_DOCUMENT(doc, "facts", facts);
	(void)BSON_APPEND_BOOL(doc, "satisfied", satisfied);
	(void)BSON_APPEND_DOCUMENT(doc, "trace", trace);
	*record = doc;
	return (ERR_OK);
}

bool
eligibility_again(struct arena *A, const bson_t *tree, const bson_t *record,
    bson_t *trace)
{
	const bson_t *facts = store_part(A, record, "facts");

	return (facts != NULL && condition_eval(tree, facts,
	    store_time(record, "at"), trace));
}
