/* SPDX-License-Identifier: BSD-2-Clause */
/* clone: what the bench's programs have in common; see clone.h. */
#include <string.h>

#include "clone.h"
#include "die.h"

static const char *
replacement(const char *text, const struct clone_pair *pairs, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(text, pairs[i].from) == 0)
			return (pairs[i].to);
	return (text);
}

static void
clone_members(bson_iter_t *iter, const struct clone_pair *pairs, size_t count,
    bson_t *out)
{
	const char *name;
	bson_iter_t inner;
	bson_t child;

	while (bson_iter_next(iter)) {
		name = bson_iter_key(iter);
		if (BSON_ITER_HOLDS_UTF8(iter))
			(void)bson_append_utf8(out, name, -1, replacement(
			    bson_iter_utf8(iter, NULL), pairs, count), -1);
		else if (BSON_ITER_HOLDS_DOCUMENT(iter) &&
		    bson_iter_recurse(iter, &inner)) {
			(void)bson_append_document_begin(out, name, -1,
			    &child);
			clone_members(&inner, pairs, count, &child);
			(void)bson_append_document_end(out, &child);
		} else if (BSON_ITER_HOLDS_ARRAY(iter) &&
		    bson_iter_recurse(iter, &inner)) {
			(void)bson_append_array_begin(out, name, -1, &child);
			clone_members(&inner, pairs, count, &child);
			(void)bson_append_array_end(out, &child);
		} else
			(void)bson_append_iter(out, NULL, -1, iter);
	}
}

void
clone_doc(const bson_t *doc, const struct clone_pair *pairs, size_t count,
    bson_t *out)
{
	bson_iter_t iter;

	bson_init(out);
	if (bson_iter_init(&iter, doc))
		clone_members(&iter, pairs, count, out);
}

const char *
clone_text(const bson_t *doc, const char *name)
{
	bson_iter_t iter;

	if (!bson_iter_init_find(&iter, doc, name) ||
	    !BSON_ITER_HOLDS_UTF8(&iter))
		die("the document has no text %s", name);
	return (bson_iter_utf8(&iter, NULL));
}

mongoc_client_t *
clone_client(const char *uri)
{
	mongoc_write_concern_t *concern;
	mongoc_client_t *client;

	if ((client = mongoc_client_new(uri)) == NULL)
		die("not the address of a database: %s", uri);
	concern = mongoc_write_concern_new();
	mongoc_write_concern_set_wmajority(concern, 0);
	mongoc_write_concern_set_journal(concern, true);
	mongoc_client_set_write_concern(client, concern);
	mongoc_write_concern_destroy(concern);
	return (client);
}

bson_t *
clone_find(mongoc_collection_t *collection, const char *id)
{
	bson_t *filter = BCON_NEW("_id", BCON_UTF8(id)), *found;
	mongoc_cursor_t *cursor;
	const bson_t *doc;

	cursor = mongoc_collection_find_with_opts(collection, filter, NULL,
	    NULL);
	if (!mongoc_cursor_next(cursor, &doc))
		die("%s is not in %s", id,
		    mongoc_collection_get_name(collection));
	found = bson_copy(doc);
	mongoc_cursor_destroy(cursor);
	bson_destroy(filter);
	return (found);
}
