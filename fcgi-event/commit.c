/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * commit: a claim is inserted, alone or with those of other workers.
 *
 * Whatever comes out for one claim of several that isn't clear, its owner
 * finds out by inserting it once more.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "claim_store.h"
#include "clock.h"
#include "combine.h"
#include "commit.h"
#include "conf.h"
#include "page.h"
#include "store.h"

#define NAME	"event-claims"
#define SIZE	16384		/* a longer claim is inserted alone */

/* What is said of a claim to its owner. */
enum outcome {
	UNCLEAR,
	STORED,
	MET		/* one of its keys was taken */
};

struct commit {
	struct store	*store;
	struct combine	*combine;
};

/* Claims of another database, after a change of the configuration or beside
 * another installation, must never be ours. */
static void
name_file(const struct conf *conf, const unsigned char *key, char name[64])
{
	crypto_generichash_state state;
	unsigned char hash[16];

	(void)crypto_generichash_init(&state, key, PAGE_KEY_LEN,
	    sizeof(hash));
	(void)crypto_generichash_update(&state,
	    (const unsigned char *)conf->mongo_uri,
	    strlen(conf->mongo_uri) + 1);
	(void)crypto_generichash_update(&state,
	    (const unsigned char *)conf->mongo_db, strlen(conf->mongo_db));
	(void)crypto_generichash_final(&state, hash, sizeof(hash));
	(void)snprintf(name, 64, NAME "-%02x%02x%02x%02x%02x%02x%02x%02x",
	    hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6],
	    hash[7]);
}

struct commit *
commit_open(struct store *store, const struct conf *conf,
    const unsigned char *key)
{
	char name[64];
	struct commit *C;

	if ((C = calloc(1, sizeof(*C))) == NULL) {
		(void)err_set(ERR_INTERNAL, "out of memory");
		return (NULL);
	}
	C->store = store;
	name_file(conf, key, name);
	if ((C->combine = combine_open(conf->shared, name, SIZE)) == NULL) {
		commit_close(C);
		return (NULL);
	}
	return (C);
}

void
commit_close(struct commit *C)
{

	if (C == NULL)
		return;
	combine_close(C->combine);
	free(C);
}

static enum outcome
outcome_of(enum err err)
{

	if (err == ERR_OK)
		return (STORED);
	return (err == ERR_EXISTS ? MET : UNCLEAR);
}

/* The inserts of several workers, by the one that leads. */
static void
insert_all(void *ctx, struct combine_item *items, size_t count)
{
	const struct commit *C = ctx;
	const bson_t *docs[COMBINE_MAX];
	enum err outcomes[COMBINE_MAX];
	bson_t claims[COMBINE_MAX];
	size_t i;

	for (i = 0; i < count; i++) {
		/* A copy that was taken whole, of a worker's own bytes. */
		if (!bson_init_static(&claims[i], items[i].data,
		    items[i].len))
			abort();
		docs[i] = &claims[i];
	}
	if (store_insert_each(C->store, CLAIMS, docs, count, outcomes) !=
	    ERR_OK)
		return;
	for (i = 0; i < count; i++)
		items[i].result = (uint8_t)outcome_of(outcomes[i]);
}

enum err
commit_claim(struct commit *C, struct arena *A, const bson_t *claim,
    int64_t deadline)
{
	enum combined combined;
	uint8_t result = UNCLEAR;

	combined = combine_run(C->combine, A, bson_get_data(claim),
	    claim->len, deadline, insert_all, C, &result);
	if (combined == COMBINE_DONE && result == STORED)
		return (ERR_OK);
	if (combined == COMBINE_DONE && result == MET)
		return (err_set(ERR_EXISTS, NULL));
	if (combined == COMBINE_LOST && clock_mono() >= deadline)
		return (err_set(ERR_AWAY, "it took too long"));
	return (store_insert(C->store, CLAIMS, claim));
}
