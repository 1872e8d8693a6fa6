/* SPDX-License-Identifier: BSD-2-Clause */
/* ground: what the fuzz targets share; see fuzz.h. */
#include <sys/stat.h>

#include <assert.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../shared/arena.h"
#include "../shared/clock.h"
#include "../shared/contract.h"
#include "../shared/err.h"
#include "../shared/id.h"
#include "../shared/json.h"
#include "../shared/log.h"
#include "../shared/request.h"
#include "fuzz.h"

#define ARENA_MAX	((size_t)16 * 1024 * 1024)	/* as a worker's */
#define NAMES_MAX	4

static char		 folder[64];
static const char	*names[NAMES_MAX];	/* of files in the folder */

static struct arena *
start(void)
{
	struct arena *A;

	log_open("fuzz", LOG_ERROR);
	json_init();
	A = arena_new(ARENA_MAX);
	assert(id_init() && A != NULL);
	return (A);
}

int
fuzz_run(void (*one)(struct fuzz_input *), const uint8_t *data, size_t len)
{
	static struct arena *A;
	struct fuzz_input in;

	if (A == NULL)
		A = start();
	err_clear();
	json_arena(A);
	if (setjmp(*arena_guard(A)) == 0) {
		in.arena = A;
		in.text = arena_alloc(A, len + 1);
		if (len > 0)
			memcpy(in.text, data, len);
		in.len = len;
		one(&in);
	}
	arena_unguard(A);
	arena_reset(A);
	return (0);
}

char *
fuzz_line(struct fuzz_input *in)
{
	char *line = in->text, *end = memchr(line, '\n', in->len);

	if (end == NULL)
		end = line + in->len;
	in->text = end + (end < line + in->len);
	in->len -= (size_t)(in->text - line);
	/* A copy of its own, so that reading past its end is seen. */
	return (arena_strndup(in->arena, line, (size_t)(end - line)));
}

void
fuzz_request(const struct fuzz_input *in, struct request *req, char **env)
{

	memset(req, 0, sizeof(*req));
	req->arena = in->arena;
	req->env = env;
	req->body = arena_strndup(in->arena, in->text, in->len);
	req->body_len = in->len;
	req->peer = -1;
	req->started = clock_mono();
	req->role = ROLE_PUBLIC;
}

const struct contract *const *
fuzz_contracts(void)
{
	static const struct contract *contracts[2];

	if (contracts[0] == NULL) {
		contracts[0] = contract_load("fcgi-auth/api.json");
		contracts[1] = contract_load("fcgi-event/api.json");
		assert(contracts[0] != NULL && contracts[1] != NULL);
	}
	return (contracts);
}

static void
remove_folder(void)
{
	char path[128];
	size_t i;

	for (i = 0; i < NAMES_MAX && names[i] != NULL; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
}

const char *
fuzz_folder(void)
{
	const char *made;

	if (folder[0] == '\0') {
		(void)snprintf(folder, sizeof(folder),
		    "/dev/shm/guerdon-fuzz-XXXXXX");
		made = mkdtemp(folder);
		assert(made != NULL);
		(void)atexit(remove_folder);
	}
	return (folder);
}

static void
remember(const char *name)
{
	size_t i;

	for (i = 0; i < NAMES_MAX && names[i] != NULL; i++)
		if (strcmp(names[i], name) == 0)
			return;
	assert(i < NAMES_MAX);
	names[i] = name;
}

const char *
fuzz_file(const char *name, const void *data, size_t len)
{
	static char path[128];
	ssize_t written;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", fuzz_folder(), name);
	remember(name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert(fd >= 0);
	written = write(fd, data, len);
	assert(written == (ssize_t)len);
	(void)close(fd);
	return (path);
}
