/* SPDX-License-Identifier: BSD-2-Clause */
/* Token buckets in shared memory; addresses and networks. */
#include <sys/wait.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../shared/address.h"
#include "../shared/ratelimit.h"
#include "tap.h"

#define SECRET	"a secret"

static struct ratelimit *table;

static void
test_parse(void)
{
	static const char *const bad[] = { "", "5", "5/", "/5", "0/5", "5/0",
	    "-1/5", "5/5 ", " 5/5", "5/5/5", "x/5", "1000001/86400",
	    "1001/1", "5/86401" };
	struct rate rate;
	size_t i;

	ok(rate_parse("600/60", &rate) && rate.burst == 600 &&
	    rate.seconds == 60, "a rate");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!rate_parse(bad[i], &rate), "%s", bad[i]);
	ok(rate_class_parse("claim") == RATE_CLAIM, "a class");
	ok(rate_class_parse("Claim") == RATE_CLASSES &&
	    rate_class_parse("") == RATE_CLASSES, "no class");
}

static void
test_bucket(void)
{
	const struct rate rate = { 5, 50 };
	struct rate_state state;
	int i;

	for (i = 0; i < 5; i++)
		ok(ratelimit_take(table, &rate, "s", "k", &state) &&
		    state.left == 4 - i && state.wait_ms == 0, "a take");
	ok(!ratelimit_take(table, &rate, "s", "k", &state), "it is empty");
	ok(state.wait_ms > 9000 && state.wait_ms <= 10001 && state.left == 0,
	    "... for a fifth of the time");
	ok(state.full_ms > 49000 && state.full_ms <= 50001,
	    "... and full when all of it is over");
	ok(ratelimit_take(table, &rate, "s", "l", &state), "another key");
	ok(ratelimit_take(table, &rate, "t", "k", &state), "another scope");
	ok(ratelimit_take(table, &rate, "sk", "", &state), "the two are apart");
	ratelimit_return(table, &rate, "s", "k");
	ok(ratelimit_take(table, &rate, "s", "k", &state), "one given back");
	ok(!ratelimit_take(table, &rate, "s", "k", &state), "... is one");
	ratelimit_return(table, &rate, "s", "nobody");
	ok(ratelimit_take(table, &rate, "s", "nobody", &state) &&
	    state.left == 4, "nothing is given back to a full bucket");
}

static void
test_refill(void)
{
	const struct rate rate = { 10, 1 };
	struct rate_state state;
	int i, got = 0;

	for (i = 0; i < 20; i++)
		got += ratelimit_take(table, &rate, "r", "k", &state);
	ok(got >= 10 && got <= 11, "a burst");
	(void)usleep(350000);
	for (i = 0, got = 0; i < 20; i++)
		got += ratelimit_take(table, &rate, "r", "k", &state);
	ok(got >= 3 && got <= 7, "a third of a second later, a third of it");
}

static void
test_stale(void)
{
	const struct rate slow = { 1, 86400 }, quick = { 1, 1 };
	struct rate_state state;

	ok(ratelimit_take(table, &slow, "x", "k", &state) &&
	    !ratelimit_take(table, &slow, "x", "k", &state), "a long wait");
	ok(ratelimit_take(table, &quick, "x", "k", &state),
	    "a time that this rate can't make counts as none");
}

static void
test_memory(void)
{

	ok(!ratelimit_knows(table, "m", "k", 60), "nobody is known");
	ratelimit_remember(table, "m", "k", 60);
	ok(ratelimit_knows(table, "m", "k", 60), "a key is remembered");
	ok(!ratelimit_knows(table, "m", "l", 60), "... that one only");
	ratelimit_remember(table, "m", "k", 0);
	ok(!ratelimit_knows(table, "m", "k", 60), "... until it is over");
}

/* More keys than a table holds: all are served, and the table stays whole. */
static void
test_many(void)
{
	const struct rate rate = { 2, 60 };
	struct rate_state state;
	char key[32];
	int i, refused = 0;

	for (i = 0; i < 300000; i++) {
		(void)snprintf(key, sizeof(key), "key %d", i);
		refused += !ratelimit_take(table, &rate, "many", key, &state);
	}
	ok(refused <= 1, "300,000 keys");
}

/* Processes that take at the same time get what there is, and no more. */
static void
test_processes(void)
{
	const struct rate rate = { 1000, 86400 };
	struct rate_state state;
	int i, j, got, status, sum = 0, fds[2];

	if (pipe(fds) == -1)
		abort();
	for (i = 0; i < 8; i++)
		if (fork() == 0) {
			for (j = 0, got = 0; j < 1000; j++)
				got += ratelimit_take(table, &rate, "p", "k",
				    &state);
			_exit(write(fds[1], &got, sizeof(got)) !=
			    sizeof(got));
		}
	for (i = 0; i < 8; i++) {
		if (wait(&status) == -1 || status != 0 ||
		    read(fds[0], &got, sizeof(got)) != sizeof(got))
			abort();
		sum += got;
	}
	ok(sum == 1000, "8 processes take 1,000 of 1,000");
}

static void
test_address(void)
{
	static const struct {
		const char *text, *block;
	} rows[] = {
		{ "192.0.2.7", "192.0.2.7" },
		{ "::ffff:192.0.2.7", "192.0.2.7" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::" },
		{ "2001:DB8:1:2::", "2001:db8:1:2::" },
		{ "2001:db8:1:3::1", "2001:db8:1:3::" },
		{ "", "" },
		{ "somewhere", "somewhere" },
	};
	struct address address;
	char block[ADDRESS_TEXT_SIZE];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		address_block(rows[i].text, block);
		ok(strcmp(block, rows[i].block) == 0, "%s", rows[i].text);
	}
	ok(!address_parse("192.0.2.256", &address) &&
	    !address_parse("192.0.2.7 ", &address) &&
	    !address_parse("192.0.2.7:80", &address) &&
	    !address_parse("fe80::1%lo", &address), "no addresses");
}

static void
test_networks(void)
{
	static const char *const bad[] = { "x", "10.0.0.0/33", "10.0.0.1/8",
	    "::/129", "fd00::1/64", "10.0.0.0/", "10.0.0.0/-1", "/8",
	    "::ffff:0.0.0.0/97x", "10.0.0.0/08x" };
	struct networks list;
	struct address in, out;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!networks_parse(bad[i], &list), "%s", bad[i]);
	ok(networks_parse("", &list) && list.count == 0, "an empty list");
	ok(networks_parse("127.0.0.1, 10.0.0.0/9  fc00::/7", &list) &&
	    list.count == 3, "a list");
	(void)address_parse("10.127.255.255", &in);
	(void)address_parse("10.128.0.0", &out);
	ok(networks_have(&list, &in) && !networks_have(&list, &out),
	    "within a byte");
	(void)address_parse("fd12::1", &in);
	(void)address_parse("ff00::1", &out);
	ok(networks_have(&list, &in) && !networks_have(&list, &out), "of IPv6");
	(void)address_parse("::ffff:127.0.0.1", &in);
	(void)address_parse("::127.0.0.1", &out);
	ok(networks_have(&list, &in) && !networks_have(&list, &out),
	    "the IPv6 form of an IPv4 address is that address");
}

static void
test_client(void)
{
	static const struct {
		const char *peer, *forwarded, *client, *name;
	} rows[] = {
		{ "192.0.2.1", NULL, "192.0.2.1", "no proxy" },
		{ "192.0.2.1", "198.51.100.1", "192.0.2.1", "a stranger's" },
		{ "10.0.0.1", NULL, "10.0.0.1", "a proxy's own" },
		{ "10.0.0.1", "198.51.100.1", "198.51.100.1", "by a proxy" },
		{ "::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1", "v6" },
		{ "10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1",
		    "what the client made up stands before" },
		{ "10.0.0.1", "198.51.100.1 ,\t10.0.0.2", "198.51.100.1",
		    "two proxies" },
		{ "10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3", "all ours" },
		{ "10.0.0.1", "x, 10.0.0.2", "10.0.0.2", "no address" },
		{ "10.0.0.1", "198.51.100.1,", "10.0.0.1", "an empty one" },
		{ "10.0.0.1", ",", "10.0.0.1", "a comma" },
		{ "10.0.0.1", "", "10.0.0.1", "nothing" },
		{ "10.0.0.1", "198.51.100.1 198.51.100.2", "10.0.0.1",
		    "two in one" },
		{ "10.0.0.1", "2001:db8::1", "2001:db8::1", "IPv6 behind" },
		{ "", "198.51.100.1", "", "a peer that is none" },
	};
	struct networks trusted;
	char text[ADDRESS_TEXT_SIZE];
	size_t i;

	(void)networks_parse("10.0.0.0/8", &trusted);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		address_client(&trusted, rows[i].peer, rows[i].forwarded,
		    text);
		ok(strcmp(text, rows[i].client) == 0, "%s", rows[i].name);
	}
}

int
main(void)
{
	char dir[] = "/tmp/guerdon-limits-XXXXXX", path[64];

	if (sodium_init() == -1 || mkdtemp(dir) == NULL ||
	    (table = ratelimit_open(dir, "t", SECRET)) == NULL)
		return (1);
	test_parse();
	test_bucket();
	test_refill();
	test_stale();
	test_memory();
	test_processes();
	test_many();
	test_address();
	test_networks();
	test_client();
	ratelimit_close(table);
	(void)snprintf(path, sizeof(path), "%s/t-00520001.shm", dir);
	(void)unlink(path);
	(void)rmdir(dir);
	return (done());
}
