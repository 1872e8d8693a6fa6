/* SPDX-License-Identifier: BSD-2-Clause */
/* service: the service credential. */
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "command.h"
#include "conf.h"
#include "credential.h"
#include "keyfile.h"

int
command_service_rotate(struct context *ctx, int argc, char *argv[])
{
	char secret[CREDENTIAL_SECRET_SIZE], line[128];
	struct credential credential;
	int fd, status;
	enum err err;

	if ((status = command_bare(ctx, argc, argv)) != -1 ||
	    (status = command_configure(ctx)) != -1)
		return (status);
	if ((err = keyfile_folder(ctx->conf->keys, &fd)) != ERR_OK)
		return (command_failed(err));
	credential_new(&credential, secret);
	credential_print(&credential, line, sizeof(line));
	err = keyfile_write(fd, "service", line);
	(void)close(fd);
	if (err != ERR_OK)
		return (command_failed(err));
	(void)printf("{\"id\":\"%s\",\"secret\":\"%s\"}\n", credential.id,
	    secret);
	sodium_memzero(secret, sizeof(secret));
	(void)fprintf(stderr, "guerdon: this is the only copy of the secret; "
	    "running workers take the new credential after HUP, or USR2 to "
	    "their multiwatch\n");
	return (EXIT_DONE);
}
