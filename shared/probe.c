/* SPDX-License-Identifier: BSD-2-Clause */
/* probe: is a worker well?  What the gateway's /readyz asks of each. */
#include "probe.h"
#include "reply.h"
#include "store.h"

enum err
probe_health(struct store *S, struct reply *reply)
{
	enum err err;

	if ((err = store_ping(S)) != ERR_OK)
		return (err);
	buf_puts(&reply->body,
	    "{\"status\":\"ok\",\"checks\":{\"database\":\"ok\"}}");
	reply_ok(reply);
	return (ERR_OK);
}
