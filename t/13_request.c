/* SPDX-License-Identifier: BSD-2-Clause */
/* How a target is decoded, which path it is, and what an ETag list names. */
#include <string.h>

#include "../shared/arena.h"
#include "../shared/id.h"
#include "../shared/json.h"
#include "../shared/request.h"
#include "tap.h"

static struct arena *A;

static enum err
parse(struct request *req, const char *target)
{
	char **env = arena_alloc(A, 3 * sizeof(char *));

	memset(req, 0, sizeof(*req));
	req->arena = A;
	req->env = env;
	req->body = "";
	env[0] = arena_strdup(A, "REQUEST_METHOD=GET");
	env[1] = arena_printf(A, "REQUEST_URI=%s", target);
	return (request_parse(req));
}

static const char *const refused[] = {
	"", "*", "http://example.org/", "/a%00b", "/a%2Fb", "/a%2fb", "/a%",
	"/a%4", "/a%zz", "/./a", "/a/..", "/a/../b", "/%2e%2e/a", "/a/%2E",
	"/%ff", "/%c0%af",
};

/* What the path and the caller are refused for comes before these. */
static const char *const noted[] = {
	"/a?b=%ff", "/a?b=%0", "/a?b=1&b=2", "/a?%62=1&b=2",
};

static void
test_targets(void)
{
	struct request req;
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		ok(parse(&req, refused[i]) == ERR_MALFORMED_REQUEST,
		    "refuse %s", refused[i]);
	for (i = 0; i < sizeof(noted) / sizeof(noted[0]); i++)
		ok(parse(&req, noted[i]) == ERR_OK && req.query_bad,
		    "note %s", noted[i]);
	ok(parse(&req, "/v1/events/ev%5F1?status=A%20b+c&x&y=") == ERR_OK &&
	    req.nsegments == 3 && strcmp(req.segments[2], "ev_1") == 0,
	    "segments are decoded once");
	ok(strcmp(request_query(&req, "status"), "A b c") == 0 &&
	    strcmp(request_query(&req, "x"), "") == 0 &&
	    strcmp(request_query(&req, "y"), "") == 0 &&
	    request_query(&req, "z") == NULL, "the query, too");
	ok(parse(&req, "/%252e%252e/") == ERR_OK &&
	    strcmp(req.segments[0], "%2e%2e") == 0 &&
	    strcmp(req.segments[1], "") == 0, "not twice");
}

static const struct {
	const char	*list;
	bool		 strong;
	bool		 weak;
} tags[] = {
	{ "\"7\"", true, true },
	{ "*", true, true },
	{ "W/\"7\"", false, true },
	{ "\"1\", \"7\"", true, true },
	{ "\"1\",\"7\",\"8\"", true, true },
	{ "\"77\"", false, false },
	{ "7", false, false },
	{ "\"7", false, false },
	{ "\"17\"", false, false },
	{ "\"1,*\"", false, false },
	{ "\"1,\"7\"", false, false },
	{ "*x", false, false },
	{ "\"zzz\", *", false, false },
	{ "\"a,b\", \"7\"", true, true },
	{ "\"1\" \"7\"", false, false },
	{ "", false, false },
	{ NULL, false, false },
};

static void
test_tags(void)
{
	size_t i;

	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		ok(request_match(tags[i].list, 7) == tags[i].strong &&
		    request_none_match(tags[i].list, "\"7\"") != tags[i].weak,
		    "tags %s", tags[i].list != NULL ? tags[i].list : "absent");
}

/* A state tells answers of one version apart, but is no other version. */
static void
test_states(void)
{

	ok(request_match("\"7-1f\"", 7), "a state is of its version");
	ok(!request_match("\"77-1f\"", 7) && !request_match("\"7x\"", 7) &&
	    !request_match("W/\"7-1f\"", 7), "... and of no other");
	ok(!request_none_match("W/\"7-1f\"", "\"7-1f\""), "the same state");
	ok(request_none_match("\"7\", \"7-2\"", "\"7-1f\""),
	    "another state");
}

static void
test_form(void)
{
	struct request req;

	(void)parse(&req, "/");
	req.body = "token=a%2Bb+c&hint=";
	req.body_len = strlen(req.body);
	ok(request_form(&req) == ERR_OK && strcmp(json_get_string(req.json,
	    "token"), "a+b c") == 0, "a form");
	req.body = "a=1&a=2";
	req.body_len = strlen(req.body);
	ok(request_form(&req) == ERR_MALFORMED_REQUEST, "a name twice");
}

int
main(void)
{

	if (!id_init())
		return (1);
	json_init();
	A = arena_new(1 << 22);
	json_arena(A);
	test_targets();
	test_tags();
	test_states();
	test_form();
	arena_free(A);
	return (done());
}
