/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fill: load documents straight into a stack's database, in batches, and mint
 * the tokens that go with them.  They are copies of what the product stored
 * itself, with other ids.
 *
 * usage: fill CONF users USER-ID SESSION-ID COUNT
 *		prints a line each: user id, access token, refresh token, email
 *        fill CONF events EVENT-ID COUNT
 *		with the stock of their first reward, if it has one; prints
 *		the ids, oldest first
 *        fill CONF claims CLAIM-ID COUNT FIRST USERS-FILE EVENTS-FILE
 *		users and events are the first words of the files' lines; FIRST
 *		is how many claims earlier calls made, with as many users and
 *		events or fewer; the first event gets one claim of each user,
 *		the other claims are spread; prints the ids
 *        fill CONF facts PROGRESS-ID ACTIVITY-ID USERS-FILE
 *		an activity and its daily sum for each user
 *        fill CONF dump COLLECTION ID FILE
 *		write a document into a file
 *        fill CONF cursors OPERATION FILE [SUBJECT]
 *		for each id in FILE print the cursor of that list behind it
 */
#include <sodium.h>
#include <string.h>

#include "../fcgi-auth/refresh_token.h"
#include "../fcgi-auth/token.h"
#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "clone.h"
#include "conf.h"
#include "contract.h"
#include "die.h"
#include "id.h"
#include "page.h"
#include "reply.h"
#include "request.h"

#define BATCH		500
#define EMAIL_SIZE	64

struct fill {
	struct conf		*conf;
	struct arena		*arena;
	mongoc_client_t		*client;
	struct token_keys	*token_keys;
	unsigned char		 refresh_key[CONF_KEY_LEN];
	int64_t			 now;
};

/* Copies on their way into one collection. */
struct batch {
	mongoc_collection_t	*collection;
	size_t			 count;
	bson_t			 docs[BATCH];
};

static void
batch_open(struct batch *batch, struct fill *F, const char *collection)
{

	batch->collection = mongoc_client_get_collection(F->client,
	    F->conf->mongo_db, collection);
	batch->count = 0;
}

static void
batch_send(struct batch *batch)
{
	const bson_t *list[BATCH];
	bson_error_t error;
	bson_t opts;
	size_t i;

	if (batch->count == 0)
		return;
	bson_init(&opts);
	(void)BSON_APPEND_BOOL(&opts, "ordered", false);
	for (i = 0; i < batch->count; i++)
		list[i] = &batch->docs[i];
	if (!mongoc_collection_insert_many(batch->collection, list,
	    batch->count, &opts, NULL, &error))
		die("insert: %s", error.message);
	for (i = 0; i < batch->count; i++)
		bson_destroy(&batch->docs[i]);
	bson_destroy(&opts);
	batch->count = 0;
}

static void
batch_add(struct batch *batch, const bson_t *doc,
    const struct clone_pair *pairs, size_t npairs)
{

	clone_doc(doc, pairs, npairs, &batch->docs[batch->count++]);
	if (batch->count == BATCH)
		batch_send(batch);
}

static void
batch_close(struct batch *batch)
{

	batch_send(batch);
	mongoc_collection_destroy(batch->collection);
}

/* Ids a millisecond apart, the last one about now: they sort as made. */
static void
set_time(const struct fill *F, long i, long count)
{

	clock_set(F->now - count + i);
}

static long
number(const char *text)
{
	long n = strtol(text, NULL, 10);

	if (n < 1)
		die("not a count: %s", text);
	return (n);
}

/* What a copied user, his email and his session are known by. */
struct person {
	char	user[ID_SIZE], session[ID_SIZE], attempt[ID_SIZE];
	char	email[EMAIL_SIZE];
};

static void
new_person(struct person *p)
{

	id_new("us", p->user);
	id_derive("se", p->user, p->session);
	id_derive("at", p->user, p->attempt);
	(void)snprintf(p->email, sizeof(p->email), "bench-%s@example.org",
	    p->user + 3);
	p->email[6] = 'x';	/* no capitals: it is its own key */
	for (char *c = p->email; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
}

static void
print_person(struct fill *F, const struct person *p,
    const unsigned char seed[REFRESH_SEED_LEN])
{
	struct token token;
	char refresh[REFRESH_TOKEN_SIZE];
	const char *access;

	memcpy(token.sub, p->user, ID_SIZE);
	memcpy(token.sid, p->session, ID_SIZE);
	id_new("at", token.jti);
	token.iat = F->now / 1000;
	token.exp = token.iat + F->conf->access_token_ttl;
	if (token_mint(F->token_keys, F->arena, &token, &access) != ERR_OK)
		die("can't mint a token");
	refresh_token_make(F->refresh_key, p->session, 1, seed, refresh);
	(void)printf("%s %s %s %s\n", p->user, access, refresh, p->email);
	arena_reset(F->arena);
}

static void
read_keys(struct fill *F)
{
	char *path = conf_key_path(F->conf, "auth/token");

	if (token_keys_read(path, &F->token_keys) != ERR_OK)
		die("%s: no key", path);
	free(path);
	path = conf_key_path(F->conf, "auth/refresh.key");
	if (conf_key(path, F->refresh_key) != ERR_OK)
		die("%s: no key", path);
	free(path);
}

static void
read_seed(const bson_t *session, unsigned char seed[REFRESH_SEED_LEN])
{
	const uint8_t *data;
	bson_subtype_t type;
	bson_iter_t iter;
	uint32_t len;

	if (!bson_iter_init_find(&iter, session, "seed") ||
	    !BSON_ITER_HOLDS_BINARY(&iter))
		die("the session has no seed");
	bson_iter_binary(&iter, &type, &len, &data);
	if (len != REFRESH_SEED_LEN)
		die("the seed has another length");
	memcpy(seed, data, len);
}

static void
fill_users(struct fill *F, char *argv[])
{
	static struct batch users, emails, sessions;
	unsigned char seed[REFRESH_SEED_LEN];
	bson_t *user, *email, *session;
	struct person p;
	long i, count = number(argv[2]);

	read_keys(F);
	batch_open(&users, F, "users");
	batch_open(&emails, F, "emails");
	batch_open(&sessions, F, "sessions");
	user = clone_find(users.collection, argv[0]);
	email = clone_find(emails.collection, clone_text(user, "emailKey"));
	session = clone_find(sessions.collection, argv[1]);
	read_seed(session, seed);
	const struct clone_pair pairs[] = {
		{ argv[0], p.user }, { argv[1], p.session },
		{ clone_text(user, "email"), p.email },
		{ clone_text(user, "emailKey"), p.email },
		{ clone_text(user, "attemptId"), p.attempt },
		{ clone_text(session, "attemptId"), p.attempt },
	};
	const size_t npairs = sizeof(pairs) / sizeof(pairs[0]);

	for (i = 0; i < count; i++) {
		set_time(F, i, count);
		new_person(&p);
		batch_add(&users, user, pairs, npairs);
		batch_add(&emails, email, pairs, npairs);
		batch_add(&sessions, session, pairs, npairs);
		clock_set(0);
		print_person(F, &p, seed);
	}
	batch_close(&users);
	batch_close(&emails);
	batch_close(&sessions);
}

static void
fill_events(struct fill *F, char *argv[])
{
	static struct batch events, stocks;
	char id[ID_SIZE], attempt[ID_SIZE], reward[ID_SIZE];
	long i, count = number(argv[1]);
	const char *old_reward;
	bson_iter_t iter, found;
	bson_t *event, *stock = NULL;

	batch_open(&events, F, "events");
	batch_open(&stocks, F, "stock");
	event = clone_find(events.collection, argv[0]);
	if (!bson_iter_init(&iter, event) ||
	    !bson_iter_find_descendant(&iter, "rewards.0.rewardId", &found))
		die("the event has no reward");
	old_reward = bson_iter_utf8(&found, NULL);
	if (bson_iter_init(&iter, event) &&
	    bson_iter_find_descendant(&iter, "rewards.0.stock", &found) &&
	    BSON_ITER_HOLDS_INT(&found))
		stock = clone_find(stocks.collection, old_reward);
	const struct clone_pair pairs[] = {
		{ argv[0], id }, { clone_text(event, "attemptId"), attempt },
		{ old_reward, reward },
	};

	for (i = 0; i < count; i++) {
		set_time(F, i, count);
		id_new("ev", id);
		id_derive("at", id, attempt);
		id_new("rw", reward);
		batch_add(&events, event, pairs, 3);
		if (stock != NULL)
			batch_add(&stocks, stock, pairs, 3);
		(void)printf("%s\n", id);
	}
	batch_close(&events);
	batch_close(&stocks);
}

/* Ids: the first words of a file's lines. */
struct list {
	long	 count, room;
	char	(*ids)[ID_SIZE];
};

static void
list_read(struct list *list, const char *path)
{
	char line[4096];
	FILE *fp;

	memset(list, 0, sizeof(*list));
	if ((fp = fopen(path, "r")) == NULL)
		die("%s can't be read", path);
	while (fgets(line, sizeof(line), fp) != NULL) {
		if (list->count == list->room) {
			list->room = list->room * 2 + 1024;
			list->ids = realloc(list->ids,
			    (size_t)list->room * ID_SIZE);
			if (list->ids == NULL)
				die("out of memory");
		}
		line[strcspn(line, " \n")] = '\0';
		if (strlen(line) != ID_LEN)
			die("%s: not an id: %s", path, line);
		memcpy(list->ids[list->count++], line, ID_SIZE);
	}
	(void)fclose(fp);
	if (list->count == 0)
		die("%s is empty", path);
}

/* Which event the i-th claim is of.  Each pair of user and event comes once,
 * as long as a user has fewer than 16 claims. */
static long
event_of(long i, long users, long events)
{
	long turn = i / users, user = i % users;

	if (turn == 0 || events == 1)
		return (0);
	return (1 + (user + turn * (events / 16 + 1)) % (events - 1));
}

static void
fill_claims(struct fill *F, char *argv[])
{
	static struct batch claims;
	const char *user, *event;
	char id[ID_SIZE], attempt[ID_SIZE];
	long i, at, count = number(argv[1]), first = strtol(argv[2], NULL, 10);
	struct list users, events;
	bson_t *claim;

	list_read(&users, argv[3]);
	list_read(&events, argv[4]);
	batch_open(&claims, F, "claims");
	claim = clone_find(claims.collection, argv[0]);
	for (i = 0; i < count; i++) {
		at = first + i;
		user = users.ids[at % users.count];
		event = events.ids[event_of(at, users.count, events.count)];
		const struct clone_pair pairs[] = {
			{ argv[0], id }, { clone_text(claim, "userId"), user },
			{ clone_text(claim, "eventId"), event },
			{ clone_text(claim, "attemptId"), attempt },
		};

		set_time(F, i, count);
		id_new("cl", id);
		id_derive("at", id, attempt);
		batch_add(&claims, claim, pairs, 4);
		(void)printf("%s\n", id);
	}
	batch_close(&claims);
}

/* The daily sum's id begins with its user's. */
static void
fill_facts(struct fill *F, char *argv[])
{
	static struct batch sums, activities;
	char id[ID_SIZE], sum_id[256];
	bson_t *sum, *activity;
	struct list users;
	long i;

	batch_open(&sums, F, "progress");
	batch_open(&activities, F, "activities");
	sum = clone_find(sums.collection, argv[0]);
	activity = clone_find(activities.collection, argv[1]);
	list_read(&users, argv[2]);
	for (i = 0; i < users.count; i++) {
		const struct clone_pair pairs[] = {
			{ argv[0], sum_id }, { argv[1], id },
			{ clone_text(sum, "userId"), users.ids[i] },
		};

		id_new("at", id);
		(void)snprintf(sum_id, sizeof(sum_id), "%s%s", users.ids[i],
		    argv[0] + ID_LEN);
		batch_add(&sums, sum, pairs, 3);
		batch_add(&activities, activity, pairs, 3);
	}
	batch_close(&sums);
	batch_close(&activities);
}

static void
dump(struct fill *F, char *argv[])
{
	mongoc_collection_t *collection;
	bson_t *doc;
	FILE *fp;

	collection = mongoc_client_get_collection(F->client,
	    F->conf->mongo_db, argv[0]);
	doc = clone_find(collection, argv[1]);
	if ((fp = fopen(argv[2], "w")) == NULL ||
	    fwrite(bson_get_data(doc), doc->len, 1, fp) != 1 ||
	    fclose(fp) != 0)
		die("%s can't be written", argv[2]);
	(void)printf("%u\n", doc->len);
	mongoc_collection_destroy(collection);
}

/* The end of a page of one item, whose cursor is what we want. */
static void
print_cursor(struct fill *F, const struct request *req, struct page *page)
{
	struct reply reply;
	char *cursor;

	reply_init(&reply, F->arena);
	page_close(page, req, &reply);
	if ((cursor = strstr(reply.body.data, "\"next\":\"")) == NULL)
		die("no cursor");
	cursor += strlen("\"next\":\"");
	cursor[strcspn(cursor, "\"")] = '\0';
	(void)puts(cursor);
	arena_reset(F->arena);
}

static void
print_cursors(struct fill *F, char *argv[])
{
	struct operation op = { .id = argv[0], .subject = argv[2] != NULL };
	struct request req = { .arena = F->arena, .op = &op, .path = "/",
	    .subject = argv[2] };
	struct page page = { .limit = 1, .count = 1, .more = true };
	unsigned char key[CONF_KEY_LEN];
	char *path = conf_key_path(F->conf, "cursor.key");
	struct list list;
	long i;

	if (conf_key(path, key) != ERR_OK)
		die("%s: no key", path);
	free(path);
	page.key = key;
	list_read(&list, argv[1]);
	for (i = 0; i < list.count; i++) {
		memcpy(page.last, list.ids[i], ID_SIZE);
		print_cursor(F, &req, &page);
	}
}

static const struct verb {
	const char	*name;
	int		 least, most;	/* words after the verb */
	void		(*run)(struct fill *, char *[]);
} verbs[] = {
	{ "users", 3, 3, fill_users },
	{ "events", 2, 2, fill_events },
	{ "claims", 5, 5, fill_claims },
	{ "facts", 3, 3, fill_facts },
	{ "dump", 3, 3, dump },
	{ "cursors", 2, 3, print_cursors },
};

static void
run(struct fill *F, int argc, char *argv[])
{
	const size_t count = sizeof(verbs) / sizeof(verbs[0]);
	size_t i;

	for (i = 0; i < count && strcmp(verbs[i].name, argv[0]) != 0; i++)
		;
	if (i == count || argc - 1 < verbs[i].least ||
	    argc - 1 > verbs[i].most)
		die("fill: no such verb, or not its words: %s", argv[0]);
	verbs[i].run(F, argv + 1);
}

int
main(int argc, char *argv[])
{
	struct fill F = { .conf = NULL };

	if (argc < 3)
		die("usage: fill CONF VERB ...; see the head of fill.c");
	mongoc_init();
	if (!id_init() || (F.arena = arena_new(1024 * 1024)) == NULL)
		die("can't begin");
	if ((F.conf = conf_read(argv[1])) == NULL)
		die("%s: %s", argv[1], err_detail());
	F.client = clone_client(F.conf->mongo_uri);
	F.now = clock_now();
	run(&F, argc - 2, argv + 2);
	if (fflush(stdout) != 0)
		die("standard output can't be written");
	mongoc_client_destroy(F.client);
	mongoc_cleanup();
	return (0);
}
