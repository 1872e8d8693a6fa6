/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cursor.  The first line is one as it comes: nobody guesses a signature.
 * The second line is a key that we sign, and must find again.
 */
#include <assert.h>
#include <string.h>

#include "../shared/arena.h"
#include "../shared/contract.h"
#include "../shared/json.h"
#include "../shared/page.h"
#include "../shared/reply.h"
#include "../shared/request.h"
#include "fuzz.h"

static const unsigned char	 key[PAGE_KEY_LEN] = { 1, 2, 3 };
static const struct contract	*contract;

/* Open the list of events at a cursor; NULL: at its begin. */
static enum err
open_list(const struct fuzz_input *in, const char *cursor, struct request *req,
    struct page *page)
{
	char *env[] = { arena_strdup(in->arena, "REQUEST_METHOD=GET"),
	    arena_strdup(in->arena, "REQUEST_URI=/v1/events?status=ACTIVE"),
	    NULL };
	const char *allow;
	enum err err;

	fuzz_request(in, req, env);
	err = request_parse(req);
	if (err == ERR_OK)
		err = contract_route(contract, req, false, &allow);
	assert(err == ERR_OK);
	req->subject = "us_1";
	if (cursor != NULL)
		req->query[req->nquery++] =
		    (struct query_param){ "cursor", cursor };
	return (page_open(page, req, key));
}

/* The cursor of a page that ends at this key. */
static const char *
next_of(const struct fuzz_input *in, const char *last)
{
	struct request req;
	struct reply reply;
	struct page page;
	cJSON *body;
	enum err err;

	err = open_list(in, NULL, &req, &page);
	assert(err == ERR_OK);
	reply_init(&reply, in->arena);
	page.limit = 1;
	(void)page_item(&page, &reply, last);
	buf_puts(&reply.body, "null");
	(void)page_item(&page, &reply, "more");
	page_close(&page, &req, &reply);
	err = json_parse(in->arena, reply.body.data, reply.body.len, &body);
	assert(err == ERR_OK);
	return (json_get_string(body, "next"));
}

static void
one(struct fuzz_input *in)
{
	const char *cursor = fuzz_line(in), *last;
	struct request req;
	struct page page;
	enum err err;

	if (contract == NULL)
		contract = contract_load("fcgi-event/api.json");
	assert(contract != NULL);
	json_arena(in->arena);
	err = open_list(in, cursor, &req, &page);
	assert(err == ERR_CURSOR);
	last = fuzz_line(in);
	if (last[0] == '\0' || strlen(last) >= PAGE_AFTER_MAX)
		return;
	err = open_list(in, next_of(in, last), &req, &page);
	assert(err == ERR_OK && strcmp(page.after, last) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
