/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SPOOL_H_
#define SPOOL_H_

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/*
 * A file of BSON documents that outlives its worker: what is appended is
 * there after kill -9, and after a crash of the machine once spool_sync() has
 * been called.
 *
 * A spool belongs to a slot (a number), not to a process.  Who holds the
 * lock on the file owns the slot; the kernel lets go of it when the owner
 * dies, and the next worker takes the slot over with what is in it.
 *
 * A frame is 8 bytes of checksum and one BSON document.  A torn last frame is
 * cut off when the slot is taken.
 */
struct spool;

/*
 * spool_take(dir, max):
 * Take the lowest slot in ${dir} that nobody holds.  It holds at most ${max}
 * bytes.  NULL with err_detail() if that can't be done.  Close it with
 * spool_close().
 */
struct spool	*spool_take(const char *, int64_t);

/*
 * spool_adopt(dir, max):
 * Take a slot that nobody holds but that isn't empty; NULL if there is none.
 */
struct spool	*spool_adopt(const char *, int64_t);

/* spool_close(P): let go of the slot, keep its file; NULL is fine. */
void		 spool_close(struct spool *);

/* spool_append(P, doc): ERR_AWAY if it is full or the disk is. */
enum err	 spool_append(struct spool *, const bson_t *);

/* spool_has_room(P, bytes): is there room below its size limit? */
bool		 spool_has_room(const struct spool *, size_t);

/* spool_size(P): bytes in it. */
int64_t		 spool_size(const struct spool *);

/*
 * spool_read(P, from, each, ctx):
 * Call ${each}(ctx, doc, end) for each document from byte ${from} on, until
 * it returns false; ${end} is where the next one starts.  ${doc} is there until
 * ${each} returns.
 */
void		 spool_read(struct spool *, int64_t,
		    bool (*)(void *, const bson_t *, int64_t), void *);

/* spool_clear(P): forget all that is in it. */
void		 spool_clear(struct spool *);

/* spool_sync(P): see to it that it is on the disk. */
void		 spool_sync(struct spool *);

#endif /* !SPOOL_H_ */
