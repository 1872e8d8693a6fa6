/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_H_
#define SERVICE_H_

#include <stddef.h>
#include <stdint.h>

#include "contract.h"
#include "credential.h"
#include "err.h"
#include "idempotency.h"
#include "security.h"

struct conf;
struct reply;
struct request;

/*
 * What the auth and the event worker have in common: a contract, handlers,
 * and the steps from a request to its answer.  Callers are the gateway, over
 * a link and proven by the node key, and the internal port, where the service
 * credential counts.
 */
struct service {
	const struct conf	*conf;
	const char		*name;		/* "auth": of fcgi-auth/api.json */
	const struct handler	*handlers;
	size_t			 nhandlers;
	void			*app;

	/* Both may be NULL: around the handler of an x-audit operation. */
	enum err	(*before)(void *, struct request *);
	void		(*after)(void *, struct request *,
			    const struct reply *);

	/* For x-idempotent operations. */
	struct idempotency	 idempotency;

	/* service_start() */
	struct contract		*contract;
	char			 node_key[CREDENTIAL_KEY_SIZE];
	struct credential	 credential;

	/* When a refusal was logged last: clock_mono(); 0: not yet. */
	int64_t			 refused[SECURITY_COUNT];
};

/*
 * service_start(S):
 * Read contract, node key and service credential, and bind the handlers.
 */
enum err	service_start(struct service *);

/*
 * service_reload(S):
 * Read them again; what can't be used is logged, and the old one kept.
 */
void		service_reload(struct service *);

/* service_serve(S, req, reply): from the bytes to the answer. */
void		service_serve(struct service *, struct request *,
		    struct reply *);

/* service_stop(S): free what service_start() made. */
void		service_stop(struct service *);

#endif /* !SERVICE_H_ */
