/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef APP_H_
#define APP_H_

#include "contract.h"
#include "page.h"
#include "service.h"

struct audit;
struct catalog;
struct commit;
struct conf;
struct stock;
struct store;

/* The context of the event worker; a handler finds it in ${req->app}. */
struct app {
	const struct conf	*conf;
	struct service		 service;
	struct store		*store;
	struct audit		*audit;
	struct catalog		*catalog;
	struct stock		*stock;
	struct commit		*commit;
	unsigned char		 cursor_key[PAGE_KEY_LEN];
};

/* The handlers, by noun; what each does is in api.json. */
handler_fn	event_create, event_list, event_get, event_patch;
handler_fn	reward_create, reward_list, reward_get, reward_patch;
handler_fn	claim_create, claim_list, claim_get, claim_mine;
handler_fn	claim_approve, claim_reject, claim_revoke;
handler_fn	claim_eligibility;
handler_fn	activity_create, attributes_set, progress_get;
handler_fn	audit_list, audit_mine;
handler_fn	health_get;

#endif /* !APP_H_ */
