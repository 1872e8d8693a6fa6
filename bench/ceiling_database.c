/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ceiling_database: what the database alone can do, by mongo-c-driver.
 *
 * usage: ceiling_database URI DB COLLECTION insert|find FILE PROCESSES SECONDS
 *
 * FILE holds a document that the product stored.  insert: copies of it, each
 * with ids of its own, by insert_one.  find: find_one by _id, among 1,000 such
 * copies.  Prints {"operations":N,"seconds":S}.
 */
#include <sys/wait.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "clone.h"
#include "die.h"
#include "id.h"

#define FOUND	1000	/* documents to be found */

struct job {
	const char		*uri, *db, *collection;
	bool			 find;
	bson_t			*doc;
	char			 (*ids)[ID_SIZE];	/* for find */
	int			 processes;
	int64_t			 seconds;
};

static bson_t *
read_doc(const char *path)
{
	bson_reader_t *reader;
	bson_error_t error;
	const bson_t *doc;
	bson_t *copy;

	if ((reader = bson_reader_new_from_file(path, &error)) == NULL)
		die("%s: %s", path, error.message);
	if ((doc = bson_reader_read(reader, NULL)) == NULL)
		die("%s: no document", path);
	copy = bson_copy(doc);
	bson_reader_destroy(reader);
	return (copy);
}

/* A copy with another _id and, for a unique index, another user. */
static void
insert_one(mongoc_collection_t *collection, const bson_t *doc,
    char id[ID_SIZE])
{
	char prefix[3], user[ID_SIZE];
	const char *old = clone_text(doc, "_id");
	struct clone_pair pairs[2] = {
		{ old, id }, { clone_text(doc, "userId"), user }
	};
	bson_error_t error;
	bson_t copy;

	(void)snprintf(prefix, sizeof(prefix), "%.2s", old);
	id_new(prefix, id);
	id_new("us", user);
	clone_doc(doc, pairs, 2, &copy);
	if (!mongoc_collection_insert_one(collection, &copy, NULL, NULL,
	    &error))
		die("insert: %s", error.message);
	bson_destroy(&copy);
}

static void
find_one(mongoc_collection_t *collection, const char *id)
{

	bson_destroy(clone_find(collection, id));
}

static long
repeat(const struct job *job, mongoc_collection_t *collection, int64_t end)
{
	char id[ID_SIZE];
	long count;

	for (count = 0; clock_mono() < end; count++) {
		if (job->find)
			find_one(collection,
			    job->ids[((long)getpid() + count) % FOUND]);
		else
			insert_one(collection, job->doc, id);
	}
	return (count);
}

/* One of the processes: a client of its own; the count goes into ${fd}. */
static _Noreturn void
work(const struct job *job, int fd, int64_t end)
{
	mongoc_client_t *client = clone_client(job->uri);
	mongoc_collection_t *collection;
	long count;

	/* Not before the fork: random state is of one process. */
	if (!job->find && !id_init())
		die("no random numbers");
	collection = mongoc_client_get_collection(client, job->db,
	    job->collection);
	count = repeat(job, collection, end);
	if (write(fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
		die("write failed");
	_exit(0);
}

/* What is to be found. */
static void
prepare(struct job *job)
{
	mongoc_client_t *client = clone_client(job->uri);
	mongoc_collection_t *collection;
	int i;

	if (!id_init())
		die("no random numbers");
	if ((job->ids = calloc(FOUND, sizeof(*job->ids))) == NULL)
		die("out of memory");
	collection = mongoc_client_get_collection(client, job->db,
	    job->collection);
	for (i = 0; i < FOUND; i++)
		insert_one(collection, job->doc, job->ids[i]);
	mongoc_collection_destroy(collection);
	mongoc_client_destroy(client);
}

static void
run(const struct job *job)
{
	int64_t begin = clock_mono();
	long count, sum = 0;
	int i, fds[2];

	if (pipe(fds) == -1)
		die("pipe failed");
	for (i = 0; i < job->processes; i++)
		if (fork() == 0)
			work(job, fds[1], begin + job->seconds * 1000);
	(void)close(fds[1]);
	for (i = 0; i < job->processes; i++) {
		if (read(fds[0], &count, sizeof(count)) !=
		    (ssize_t)sizeof(count))
			die("a process failed");
		sum += count;
	}
	while (wait(NULL) > 0)
		;
	(void)printf("{\"operations\":%ld,\"seconds\":%.3f}\n", sum,
	    (double)(clock_mono() - begin) / 1000);
}

int
main(int argc, char *argv[])
{
	struct job job = { .ids = NULL };

	if (argc != 8)
		die("usage: ceiling_database URI DB COLLECTION "
		    "insert|find FILE PROCESSES SECONDS");
	mongoc_init();
	job.uri = argv[1];
	job.db = argv[2];
	job.collection = argv[3];
	job.find = strcmp(argv[4], "find") == 0;
	job.doc = read_doc(argv[5]);
	job.processes = (int)strtol(argv[6], NULL, 10);
	job.seconds = strtol(argv[7], NULL, 10);
	if (job.find)
		prepare(&job);
	run(&job);
	return (0);
}
