/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUTH_H_
#define AUTH_H_

#include "conf.h"
#include "contract.h"
#include "page.h"
#include "request.h"
#include "service.h"

struct guesses;
struct places;
struct store;
struct token_keys;
struct verdicts;

/* The context of the auth worker; a handler finds it in ${req->app}. */
struct auth {
	struct conf		*conf;
	struct service		 service;
	struct store		*store;
	struct token_keys	*token_keys;
	struct verdicts		*verdicts;
	struct guesses		*guesses;
	struct places		*places;
	unsigned char		 refresh_key[CONF_KEY_LEN];
	unsigned char		 factor_key[CONF_KEY_LEN];
	unsigned char		 cursor_key[PAGE_KEY_LEN];
};

/* The handlers, by noun; what each does is in api.json. */
handler_fn	user_create, user_list, user_me, user_get, user_patch;
handler_fn	user_internal_get;
handler_fn	staff_create;
handler_fn	user_delete;
handler_fn	account_password, account_delete, account_export;
handler_fn	session_login, session_refresh, session_logout;
handler_fn	factor_get, factor_begin, factor_confirm;
handler_fn	factor_remove, factor_reset;
handler_fn	session_mine, session_mine_end, session_mine_end_all;
handler_fn	session_list, session_revoke, session_revoke_all;
handler_fn	token_introspect;
handler_fn	health_get;

/* user_register(req, reply, role): make a user of the body, and answer. */
enum err	user_register(struct request *, struct reply *, enum role);

#endif /* !AUTH_H_ */
