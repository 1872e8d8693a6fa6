/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A spool that an older worker left.  "raw" and a newline before it: the file
 * as it is.  Else it is documents, framed as we frame them: a
 * checksum isn't guessed.
 */
#include <assert.h>
#include <bson/bson.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "../fcgi-event/spool.h"
#include "../shared/arena.h"
#include "../shared/buf.h"
#include "../shared/store.h"
#include "fuzz.h"

#define SPOOL_MAX	((int64_t)1024 * 1024)
#define FILE_MAX	((size_t)1024 * 1024)

static void
put_frame(struct buf *b, const uint8_t *data, size_t len)
{
	static const uint8_t key[crypto_shorthash_KEYBYTES];
	uint8_t sum[crypto_shorthash_BYTES];

	(void)crypto_shorthash(sum, data, len, key);
	buf_put(b, sum, sizeof(sum));
	buf_put(b, data, len);
}

/* Documents by their own length, each in a frame. */
static void
put_frames(struct buf *b, const uint8_t *data, size_t len)
{
	uint32_t size;

	while (len >= sizeof(size)) {
		memcpy(&size, data, sizeof(size));
		size = BSON_UINT32_FROM_LE(size);
		if (size < sizeof(size) || size > len)
			size = (uint32_t)len;
		put_frame(b, data, size);
		data += size;
		len -= size;
	}
}

/* As the audit reads it. */
static bool
each(void *ctx, const bson_t *doc, int64_t end)
{
	bson_iter_t iter;

	assert(end > *(int64_t *)ctx);
	*(int64_t *)ctx = end;
	(void)store_text(doc, "_id");
	if (bson_iter_init(&iter, doc))
		while (bson_iter_next(&iter))
			(void)bson_iter_value(&iter);
	return (true);
}

static void
one(struct fuzz_input *in)
{
	bson_t *doc = store_new_doc(in->arena);
	struct spool *P;
	struct buf b;
	int64_t end = 0;
	enum err err;

	buf_init(&b, in->arena, FILE_MAX);
	if (in->len >= 4 && memcmp(in->text, "raw\n", 4) == 0)
		buf_put(&b, in->text + 4, in->len - 4);
	else
		put_frames(&b, (const uint8_t *)in->text, in->len);
	(void)fuzz_file("0.spool", b.data, b.len);
	P = spool_take(fuzz_folder(), SPOOL_MAX);
	assert(P != NULL);
	spool_read(P, 0, each, &end);
	/* What was torn is cut off, so what is appended is found. */
	assert(end == spool_size(P));
	err = spool_append(P, doc);
	assert(err == ERR_OK);
	end = 0;
	spool_read(P, 0, each, &end);
	assert(end == spool_size(P));
	spool_close(P);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
