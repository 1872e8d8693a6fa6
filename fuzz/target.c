/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The target of a request, "METHOD target": path and query, the operation that
 * it finds in each of the contracts, and the query's parameters.
 */
#include <assert.h>
#include <string.h>

#include "../shared/arena.h"
#include "../shared/contract.h"
#include "../shared/json.h"
#include "../shared/request.h"
#include "fuzz.h"

/* No decoded segment leads elsewhere. */
static void
check_segments(const struct request *req)
{
	size_t i;

	assert(req->nsegments <= REQUEST_SEGMENTS);
	for (i = 0; i < req->nsegments; i++)
		assert(strchr(req->segments[i], '/') == NULL &&
		    strcmp(req->segments[i], ".") != 0 &&
		    strcmp(req->segments[i], "..") != 0 &&
		    json_utf8(req->segments[i], strlen(req->segments[i])));
}

static void
route(struct request *req, const struct contract *C)
{
	const char *allow;

	if (contract_route(C, req, false, &allow) != ERR_OK)
		return;
	assert(req->op != NULL);
	(void)contract_admit(req);
	(void)contract_media(req);
	(void)contract_validate(req);
}

static void
one(struct fuzz_input *in)
{
	const struct contract *const *contracts = fuzz_contracts();
	char *method = fuzz_line(in), *target = strchr(method, ' ');
	char *env[] = { NULL, NULL, NULL };
	struct request req;

	json_arena(in->arena);
	if (target != NULL)
		*target++ = '\0';
	env[0] = arena_printf(in->arena, "REQUEST_METHOD=%s", method);
	if (target != NULL)
		env[1] = arena_printf(in->arena, "REQUEST_URI=%s", target);
	fuzz_request(in, &req, env);
	if (request_parse(&req) != ERR_OK)
		return;
	check_segments(&req);
	route(&req, contracts[0]);
	req.faults = NULL;
	req.json = NULL;
	route(&req, contracts[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{

	return (fuzz_run(one, data, len));
}
