/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain: why was a claim granted?  The stored conditions are evaluated once
 * more by the stored facts, at the stored instant, and must come to the stored
 * verdict with the stored trace.
 */
#include <stdio.h>
#include <string.h>

#include "../fcgi-event/claim_store.h"
#include "../fcgi-event/eligibility.h"
#include "arena.h"
#include "command.h"
#include "conf.h"
#include "store.h"

#define LINE_SIZE	128
#define ARENA_MAX	((size_t)16 * 1024 * 1024)

static void
print_trace(const bson_t *trace)
{
	char *text = bson_as_relaxed_extended_json(trace, NULL);

	if (text != NULL)
		(void)printf("  %s\n", text);
	bson_free(text);
}

/* Explain one claim; false if the two verdicts differ. */
static bool
explain(struct arena *A, const char *id, const bson_t *claim)
{
	const bson_t *event = store_part(A, claim, "snapshot.event");
	const bson_t *record = store_part(A, claim, "snapshot.verdict");
	const bson_t *tree = (event != NULL) ? store_part(A, event,
	    "conditions") : NULL;
	const bson_t *stored;
	bson_t *trace;
	bool satisfied, same;

	if (tree == NULL || record == NULL) {
		(void)printf("%s: %s, the event had no conditions\n", id,
		    store_text(claim, "state"));
		return (true);
	}
	if (!store_has(record, "facts")) {
		(void)printf("%s: %s, the conditions were %ssatisfied; its "
		    "user is erased, and the facts with him\n", id,
		    store_text(claim, "state"),
		    store_true(record, "satisfied") ? "" : "not ");
		return (true);
	}
	trace = store_new_doc(A);
	satisfied = eligibility_again(A, tree, record, trace);
	stored = store_part(A, record, "trace");
	same = satisfied == store_true(record, "satisfied") &&
	    stored != NULL && bson_equal(trace, stored);
	(void)printf("%s: %s, the conditions are %ssatisfied, %s\n", id,
	    store_text(claim, "state"), satisfied ? "" : "not ",
	    same ? "as it was judged then" : "which is NOT what was judged");
	print_trace(trace);
	return (same);
}

static enum err
explain_id(struct store *S, struct arena *A, const char *id, bool *same)
{
	const bson_t *claim;
	enum err err;

	if ((err = claim_find(S, A, id, &claim)) == ERR_OK)
		*same = explain(A, id, claim) && *same;
	else
		(void)fprintf(stderr, "guerdon: %s: %s\n", id,
		    err_row(err)->title);
	arena_reset(A);
	return (err);
}

/* Each line of standard input is a claim's id. */
static enum err
explain_lines(struct store *S, struct arena *A, bool *same)
{
	char line[LINE_SIZE];
	enum err err = ERR_OK, one;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if ((one = explain_id(S, A, line, same)) != ERR_OK)
			err = one;
	}
	return (err);
}

int
command_explain(struct context *ctx, int argc, char *argv[])
{
	struct arena *A;
	struct store *S;
	bool same = true;
	enum err err;
	int status;

	if (argc == 2 && (strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "--help") == 0))
		return (command_help(ctx));
	if (argc != 2)
		return (command_misuse(ctx, "one claimId is wanted"));
	if ((status = command_open(ctx, ARENA_MAX, &S, &A)) != -1)
		return (status);
	err = strcmp(argv[1], "-") == 0 ? explain_lines(S, A, &same) :
	    explain_id(S, A, argv[1], &same);
	arena_free(A);
	store_free(S);
	return (err == ERR_OK && same ? EXIT_DONE : EXIT_FAILED);
}
