/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * service: the steps of one request in the auth and the event worker.
 *
 *	parse		method, path, query, trace
 *	identify	who calls: the gateway for somebody, or the service
 *	route		which operation: 404, 405, OPTIONS
 *	admit		may they: 401, 403
 *	measure		415, 413
 *	validate	400, 428
 *	repeat		with an Idempotency-Key: 422, 409, or the same answer
 *	run		the handler: 404, 409, 412, or the answer
 *	finish		problem, trace, log
 *
 * This order is the order of refusals that clients see.
 */
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "conf.h"
#include "id.h"
#include "json.h"
#include "log.h"
#include "reply.h"
#include "request.h"
#include "security.h"
#include "service.h"

#define QUIET_MS	10000

static enum err
read_keys(struct service *S)
{
	char *node, *credential;
	enum err err = ERR_INTERNAL;

	node = conf_key_path(S->conf, "node.key");
	credential = conf_key_path(S->conf, "service");
	if (node != NULL && credential != NULL &&
	    (err = credential_key(node, S->node_key)) == ERR_OK)
		err = credential_read(credential, &S->credential);
	free(node);
	free(credential);
	return (err);
}

static enum err
read_contract(struct service *S, struct contract **out)
{
	struct contract *C;
	enum err err;

	if ((C = contract_of(S->conf->share, S->name)) == NULL)
		return (ERR_INVALID);
	if ((err = contract_bind(C, S->handlers, S->nhandlers)) != ERR_OK) {
		contract_free(C);
		return (err);
	}
	*out = C;
	return (ERR_OK);
}

enum err
service_start(struct service *S)
{
	enum err err;

	if ((err = read_keys(S)) != ERR_OK)
		return (err);
	return (read_contract(S, &S->contract));
}

void
service_reload(struct service *S)
{
	struct service fresh = *S;

	if (read_keys(&fresh) != ERR_OK ||
	    read_contract(&fresh, &fresh.contract) != ERR_OK) {
		security_log(SECURITY_KEYS_REFUSED, NULL, NULL,
		    LOG_STR("reason", err_detail()), LOG_END);
		return;
	}
	contract_free(S->contract);
	*S = fresh;
	security_log(SECURITY_KEYS_RELOADED, NULL, NULL, LOG_END);
}

void
service_stop(struct service *S)
{

	contract_free(S->contract);
	S->contract = NULL;
}

/*
 * Who comes past the gateway and is refused: once in ten seconds by each
 * worker, since these workers share no table of limits.
 */
static void
log_refusal(struct service *S, const struct request *req,
    enum security_event event)
{
	int64_t now = clock_mono();

	if (S->refused[event] != 0 && now - S->refused[event] < QUIET_MS)
		return;
	S->refused[event] = now;
	security_log(event, req, NULL, LOG_END);
}

/* A call that pretends to be one of ours. */
static enum err
refuse_forged(struct service *S, const struct request *req)
{

	log_refusal(S, req, SECURITY_NODE_KEY_REFUSED);
	return (err_set(ERR_MALFORMED_REQUEST, NULL));
}

/*
 * Who calls?  A GUERDON_ parameter can't come from a header of a client, but
 * whoever reaches the socket can send one: without the node key it is refused.
 */
static enum err
identify(struct service *S, struct request *req)
{
	const char *key = request_env(req, "GUERDON_NODE_KEY"), *role;
	char **p;

	for (p = req->env; key == NULL && *p != NULL; p++)
		if (strncmp(*p, "GUERDON_", 8) == 0)
			return (refuse_forged(S, req));
	if (key == NULL) {
		id_new("at", req->attempt);
		req->deadline = req->started + S->conf->request_timeout;
		return (ERR_OK);
	}
	if (strlen(key) != CREDENTIAL_KEY_SIZE - 1 ||
	    !id_same(key, S->node_key, CREDENTIAL_KEY_SIZE))
		return (refuse_forged(S, req));
	req->inner = true;
	role = request_env(req, "GUERDON_ROLE");
	req->role = role_parse(role != NULL ? role : "PUBLIC");
	req->subject = request_env(req, "GUERDON_SUBJECT");
	req->session = request_env(req, "GUERDON_SESSION");
	if (clock_mono() > req->deadline)
		return (err_set(ERR_AWAY, "it waited too long"));
	return (ERR_OK);
}

/* The contract itself is an answer, too: what Swagger UI shows. */
static enum err
route(struct service *S, struct request *req, struct reply *reply)
{
	const char *allow = "GET, HEAD, OPTIONS";
	enum err err;

	if (strcmp(req->path, CONTRACT_PATH) != 0)
		err = contract_route(S->contract, req, false, &allow);
	else if (req->head || strcmp(req->method, "GET") == 0) {
		json_put(&reply->body, contract_document(S->contract));
		reply_ok(reply);
		return (ERR_OK);
	} else
		err = err_set(ERR_METHOD, NULL);
	return (reply_options(req, reply, err, allow));
}

/* On the internal port the service credential makes the caller SERVICE. */
static enum err
admit(struct service *S, struct request *req, struct reply *reply)
{
	const char *shown = request_env(req, "HTTP_AUTHORIZATION");
	enum err err;

	if (!req->inner && shown != NULL &&
	    credential_check(&S->credential, shown))
		req->role = ROLE_SERVICE;
	err = contract_admit(req);
	if (err == ERR_UNAUTHENTICATED) {
		reply_header(reply, "WWW-Authenticate",
		    "Basic realm=\"guerdon\", charset=\"UTF-8\"");
		if (shown != NULL) {
			log_refusal(S, req, SECURITY_SERVICE_REFUSED);
			err = err_set(ERR_TOKEN, NULL);
		}
	} else if (err != ERR_OK && !req->inner)
		log_refusal(S, req, SECURITY_ROLE_REFUSED);
	return (err);
}

static enum err
run(const struct service *S, struct request *req, struct reply *reply)
{
	const char *key = request_env(req, "HTTP_IDEMPOTENCY_KEY");
	enum err err;

	if ((err = contract_media(req)) != ERR_OK ||
	    (err = contract_validate(req)) != ERR_OK)
		return (err);
	/* A caller who gave up must not find later that it was done. */
	if (strcmp(req->op->method, "GET") != 0 && request_left(req))
		return (err_set(ERR_AWAY, "nobody waits any more"));
	if (req->op->idempotent && key != NULL && key[0] != '\0')
		return (idempotency_run(&S->idempotency, req, reply,
		    req->op->run));
	return (req->op->run(req, reply));
}

static void
finish(struct service *S, struct request *req, struct reply *reply,
    enum err err)
{

	reply_finish(reply, req, err);
#ifdef RESPONSE_CHECKS
	if (req->op != NULL && !contract_check_reply(S->contract, req, reply)) {
		log_write(LOG_ERROR, "answer breaks the contract",
		    LOG_STR("reason", err_detail()), LOG_END);
		abort();
	}
#else
	(void)S;
#endif
	if (!req->inner)
		reply_common(reply, req);
	reply_log(req, reply);
}

void
service_serve(struct service *S, struct request *req, struct reply *reply)
{
	enum err err;

	json_arena(req->arena);
	if ((err = request_parse(req)) == ERR_OK &&
	    (err = identify(S, req)) == ERR_OK)
		err = route(S, req, reply);
	if (err == ERR_OK && reply->status == 0 &&
	    (err = admit(S, req, reply)) == ERR_OK) {
		if (req->op->audit && S->before != NULL)
			err = S->before(S->app, req);
		if (err == ERR_OK)
			err = run(S, req, reply);
		finish(S, req, reply, err);
		if (req->op->audit && S->after != NULL)
			S->after(S->app, req, reply);
		return;
	}
	finish(S, req, reply, err);
}
