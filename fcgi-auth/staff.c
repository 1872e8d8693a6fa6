/* SPDX-License-Identifier: BSD-2-Clause */
/* staff: operators, auditors and administrators are taken on here. */
#include "auth.h"
#include "json.h"

enum err
staff_create(struct request *req, struct reply *reply)
{

	return (user_register(req, reply,
	    role_parse(json_get_string(req->json, "role"))));
}
