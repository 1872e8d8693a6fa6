/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ID_H_
#define ID_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Ids are a prefix of two letters, "_" and a ULID: 48 bits of milliseconds
 * and 80 random bits in Crockford's base 32 [https://github.com/ulid/spec].
 * They sort by the time of their making.
 */
#define ID_ULID_LEN	26
#define ID_LEN		(3 + ID_ULID_LEN)
#define ID_SIZE		(ID_LEN + 1)

/* id_init(void): ready the random source; false if there is none. */
bool	id_init(void);

/* id_random(p, len): fill with random bytes. */
void	id_random(void *, size_t);

/* id_new(prefix, id): a new id of ${prefix} ("ev"), made now. */
void	id_new(const char *, char[ID_SIZE]);

/*
 * id_new_at(prefix, other, id):
 * A new id of ${prefix} that bears the instant of ${other}, another id: it
 * sorts where ${other} does, but is made again by nobody.
 */
void	id_new_at(const char *, const char *, char[ID_SIZE]);

/*
 * id_derive(prefix, other, id):
 * The id of ${prefix} with the ULID of ${other}: what an attempt creates bears
 * the attempt's ULID, so that a repeated attempt can't create it twice.
 */
void	id_derive(const char *, const char *, char[ID_SIZE]);

/* id_floor(prefix, ms, id): the least id of ${prefix} made at ${ms}. */
void	id_floor(const char *, int64_t, char[ID_SIZE]);

/* id_valid(prefix, text): is ${text} spelled like an id of ${prefix}? */
bool	id_valid(const char *, const char *);

/* id_time(id): the milliseconds in a valid id. */
int64_t	id_time(const char *);

/* id_same(a, b, len): compare in a time that doesn't tell where they differ. */
bool	id_same(const void *, const void *, size_t);

#endif /* !ID_H_ */
