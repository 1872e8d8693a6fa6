/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDACT_H_
#define REDACT_H_

#include <stdbool.h>
#include <stddef.h>

/*
 * What must not be in a log, by the name of its field and by its form.
 *
 *	eyJ...			a JWT, from its header on
 *	se_ULID.N.MAC		a refresh token; "." may be spelled %2E
 *	43 of [A-Za-z0-9_-]	and more: a MAC, the service secret, the node key
 *	XXXX-XXXX-XXXX-XXXX	a recovery code
 *	$argon2...		a hash of a password
 *	Basic ..., Bearer ...	the value of an Authorization field
 *	://user:password@	the password of a URI, with the user
 */

/* redact_name(name): does a field of this name hold a secret? */
bool	redact_name(const char *);

/*
 * redact_length(text, at):
 * How many bytes of ${text}, a string, are a secret from ${at} on; 0: none
 * begins there.
 */
size_t	redact_length(const char *, const char *);

#endif /* !REDACT_H_ */
