/* SPDX-License-Identifier: BSD-2-Clause */
/* id: the only place that asks for randomness; ids are prefixed ULIDs. */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "clock.h"
#include "id.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

#define TIME_CHARS	10	/* 48 bits, five a character */
#define TIME_MAX	(((int64_t)1 << 48) - 1)

bool
id_init(void)
{

	/* In user space, seeded by the system: no call into it each time. */
	if (randombytes_set_implementation(
	    &randombytes_internal_implementation) != 0)
		return (false);
	return (sodium_init() >= 0);
}

void
id_random(void *p, size_t len)
{

	randombytes_buf(p, len);
}

static void
put_prefix(const char *prefix, char id[ID_SIZE])
{

	assert(strlen(prefix) == 2);
	id[0] = prefix[0];
	id[1] = prefix[1];
	id[2] = '_';
	id[ID_LEN] = '\0';
}

static void
put_time(int64_t ms, char *ulid)
{
	int i;

	if (ms < 0)
		ms = 0;
	if (ms > TIME_MAX)
		ms = TIME_MAX;
	for (i = TIME_CHARS - 1; i >= 0; i--) {
		ulid[i] = alphabet[ms & 31];
		ms >>= 5;
	}
}

static void
put_random(char *ulid)
{
	unsigned char random[ID_ULID_LEN - TIME_CHARS];
	size_t i;

	id_random(random, sizeof(random));
	for (i = 0; i < sizeof(random); i++)
		ulid[TIME_CHARS + i] = alphabet[random[i] & 31];
}

void
id_new(const char *prefix, char id[ID_SIZE])
{

	put_prefix(prefix, id);
	put_time(clock_now(), id + 3);
	put_random(id + 3);
}

void
id_new_at(const char *prefix, const char *other, char id[ID_SIZE])
{

	id_derive(prefix, other, id);
	put_random(id + 3);
}

void
id_derive(const char *prefix, const char *other, char id[ID_SIZE])
{

	assert(strlen(other) == ID_LEN);
	memcpy(id + 3, other + 3, ID_ULID_LEN);
	put_prefix(prefix, id);
}

void
id_floor(const char *prefix, int64_t ms, char id[ID_SIZE])
{

	put_prefix(prefix, id);
	put_time(ms, id + 3);
	memset(id + 3 + TIME_CHARS, '0', ID_ULID_LEN - TIME_CHARS);
}

bool
id_valid(const char *prefix, const char *text)
{

	if (strlen(text) != ID_LEN || strncmp(text, prefix, 2) != 0 ||
	    text[2] != '_' || text[3] > '7')
		return (false);
	return (strspn(text + 3, alphabet) == ID_ULID_LEN);
}

int64_t
id_time(const char *id)
{
	int64_t ms = 0;
	int i;

	for (i = 0; i < TIME_CHARS; i++)
		ms = (ms << 5) | (strchr(alphabet, id[3 + i]) - alphabet);
	return (ms);
}

bool
id_same(const void *a, const void *b, size_t len)
{

	return (sodium_memcmp(a, b, len) == 0);
}
