/* SPDX-License-Identifier: BSD-2-Clause */
/* page: signed cursors, and lists sorted by id; see page.h. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "contract.h"
#include "doc.h"
#include "id.h"
#include "json.h"
#include "page.h"
#include "reply.h"
#include "request.h"
#include "schema.h"
#include "store.h"

#define DEFAULT_LIMIT	20
#define PAGE_BYTES	((size_t)1024 * 1024)	/* then a page is full, too */
#define MAC_LEN		16
#define BASE64URL	sodium_base64_VARIANT_URLSAFE_NO_PADDING

static void
add_text(crypto_generichash_state *state, const char *text)
{

	/* With its NUL, so that parts can't run into each other. */
	(void)crypto_generichash_update(state, (const unsigned char *)text,
	    strlen(text) + 1);
}

/* The list, its filters, who asks if it is about them, and the last key. */
static void
sign(const struct page *page, const struct request *req, const char *last,
    unsigned char mac[MAC_LEN])
{
	const struct operation *op = req->op;
	crypto_generichash_state state;
	const char *name, *value;
	size_t i;

	(void)crypto_generichash_init(&state, page->key, PAGE_KEY_LEN,
	    MAC_LEN);
	add_text(&state, op->id);
	for (i = 0; i < op->nparameters; i++) {
		name = op->parameters[i].name;
		value = request_query(req, name);
		if (value == NULL || strcmp(name, "limit") == 0 ||
		    strcmp(name, "cursor") == 0)
			continue;
		add_text(&state, name);
		add_text(&state, value);
	}
	if (op->subject)
		add_text(&state, req->subject);
	add_text(&state, "");
	add_text(&state, last);
	(void)crypto_generichash_final(&state, mac, MAC_LEN);
}

static enum err
read_cursor(struct page *page, struct request *req, const char *cursor)
{
	unsigned char bytes[MAC_LEN + PAGE_AFTER_MAX], mac[MAC_LEN];
	size_t len;

	if (sodium_base642bin(bytes, sizeof(bytes) - 1, cursor,
	    strlen(cursor), NULL, &len, NULL, BASE64URL) != 0 ||
	    len <= MAC_LEN)
		return (err_set(ERR_CURSOR, NULL));
	bytes[len] = '\0';
	if (strlen((char *)bytes + MAC_LEN) != len - MAC_LEN)
		return (err_set(ERR_CURSOR, NULL));
	sign(page, req, (char *)bytes + MAC_LEN, mac);
	if (!id_same(mac, bytes, MAC_LEN))
		return (err_set(ERR_CURSOR, NULL));
	page->after = arena_strdup(req->arena, (char *)bytes + MAC_LEN);
	return (ERR_OK);
}

enum err
page_open(struct page *page, struct request *req, const unsigned char *key)
{
	const char *cursor = request_query(req, "cursor");

	memset(page, 0, sizeof(*page));
	page->key = key;
	page->limit = request_int(req, "limit", DEFAULT_LIMIT);
	return (cursor == NULL ? ERR_OK : read_cursor(page, req, cursor));
}

bool
page_item(struct page *page, struct reply *reply, const char *last)
{

	if (page->count == page->limit ||
	    (page->count > 0 && reply->body.len > PAGE_BYTES)) {
		page->more = true;
		return (false);
	}
	buf_puts(&reply->body, page->count == 0 ? "{\"items\":[" : ",");
	(void)snprintf(page->last, sizeof(page->last), "%s", last);
	page->count++;
	return (true);
}

/* The same request with the next cursor [RFC 8288]. */
static void
put_link(const struct request *req, struct reply *reply, const char *cursor)
{
	struct buf b;
	size_t i;

	buf_init(&b, req->arena, 8192);
	buf_printf(&b, "<%s?", req->path);
	for (i = 0; i < req->nquery; i++) {
		if (strcmp(req->query[i].name, "cursor") == 0)
			continue;
		buf_put_uri(&b, req->query[i].name);
		buf_putc(&b, '=');
		buf_put_uri(&b, req->query[i].value);
		buf_putc(&b, '&');
	}
	buf_printf(&b, "cursor=%s>; rel=\"next\"", cursor);
	if (!b.full)
		reply_header(reply, "Link", b.data);
}

void
page_close(struct page *page, const struct request *req, struct reply *reply)
{
	unsigned char bytes[MAC_LEN + PAGE_AFTER_MAX];
	char cursor[256];

	buf_puts(&reply->body, page->count == 0 ? "{\"items\":[" : "");
	if (!page->more) {
		buf_puts(&reply->body, "],\"next\":null}");
		reply_ok(reply);
		return;
	}
	sign(page, req, page->last, bytes);
	memcpy(bytes + MAC_LEN, page->last, strlen(page->last));
	(void)sodium_bin2base64(cursor, sizeof(cursor), bytes,
	    MAC_LEN + strlen(page->last), BASE64URL);
	put_link(req, reply, cursor);
	buf_printf(&reply->body, "],\"next\":\"%s\"}", cursor);
	reply_ok(reply);
}

const struct schema *
page_schema(const struct request *req)
{

	return (schema_items(schema_property_named(req->op->result,
	    "items")->schema));
}

struct listing {
	struct page			*page;
	const struct request		*req;
	struct reply			*reply;
	const struct schema		*schema;
	const struct page_query		*query;
};

static bool
put_one(void *ctx, const bson_t *doc)
{
	struct listing *L = ctx;
	const char *id = store_text(doc, "_id");

	if (id == NULL || !page_item(L->page, L->reply, id))
		return (false);
	if (L->query->edit != NULL)
		doc = L->query->edit(L->req, doc);
	doc_put(&L->reply->body, L->schema, doc);
	return (true);
}

/* { _id: { $lt: ..., $gte: ... } } from the cursor, to and from. */
static void
bound(bson_t *filter, const struct page *page, const struct request *req,
    const char *prefix)
{
	char lower[ID_SIZE] = "", upper[ID_SIZE] = "";
	const char *below = page->after;
	bson_t range;
	int64_t ms;

	if (request_time(req, "from", &ms))
		id_floor(prefix, ms, lower);
	if (request_time(req, "to", &ms)) {
		id_floor(prefix, ms, upper);
		if (below == NULL || strcmp(upper, below) < 0)
			below = upper;
	}
	if (below == NULL && lower[0] == '\0')
		return;
	(void)BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &range);
	if (below != NULL)
		(void)BSON_APPEND_UTF8(&range, "$lt", below);
	if (lower[0] != '\0')
		(void)BSON_APPEND_UTF8(&range, "$gte", lower);
	(void)bson_append_document_end(filter, &range);
}

enum err
page_list(struct store *store, struct request *req, struct reply *reply,
    const unsigned char *key, const struct page_query *query)
{
	struct page page;
	struct listing L = { &page, req, reply, page_schema(req), query };
	bson_t *filter, *opts;
	enum err err;

	if ((err = page_open(&page, req, key)) != ERR_OK)
		return (err);
	filter = store_new_doc(req->arena);
	(void)bson_concat(filter, query->filter);
	bound(filter, &page, req, query->prefix);
	opts = DOC(req->arena, "sort", "{", "_id", BCON_INT32(-1), "}",
	    "limit", BCON_INT64(page.limit + 1));
	if (query->index != NULL)
		(void)BSON_APPEND_UTF8(opts, "hint", query->index);
	err = store_find(store, query->collection, filter, opts, put_one, &L);
	if (err != ERR_OK)
		return (err);
	page_close(&page, req, reply);
	return (ERR_OK);
}

enum err
page_empty(struct request *req, struct reply *reply,
    const unsigned char *key)
{
	struct page page;
	enum err err;

	if ((err = page_open(&page, req, key)) == ERR_OK)
		page_close(&page, req, reply);
	return (err);
}
