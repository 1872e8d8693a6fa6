/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay: a fuzz target without a fuzzer.  Each file of fuzz/corpus/NAME, or
 * each one named, is run once; one that aborts ends the program, and TAP says
 * before which.  "make check" does so with any compiler.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../t/tap.h"
#include "fuzz.h"

#define SEED_MAX	((size_t)1024 * 1024)

static void
run_file(const char *path)
{
	FILE *f = fopen(path, "re");
	uint8_t *data = malloc(SEED_MAX);
	size_t len = 0;

	if (f != NULL && data != NULL)
		len = fread(data, 1, SEED_MAX, f);
	if (ok(f != NULL && data != NULL && !ferror(f), "%s", path)) {
		(void)fflush(stdout);
		/* Exactly as long as the seed: an overrun is seen. */
		data = realloc(data, len > 0 ? len : 1);
		(void)LLVMFuzzerTestOneInput(data, len);
	}
	free(data);
	if (f != NULL)
		(void)fclose(f);
}

static int
is_visible(const struct dirent *entry)
{

	return (entry->d_name[0] != '.');
}

static void
run_folder(const char *folder)
{
	struct dirent **entries;
	char path[4096];
	int i, count = scandir(folder, &entries, is_visible, alphasort);

	ok(count > 0, "%s has seeds", folder);
	for (i = 0; i < count; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder,
		    entries[i]->d_name);
		run_file(path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

int
main(int argc, char *argv[])
{
	char folder[256];
	int i;

	for (i = 1; i < argc; i++)
		run_file(argv[i]);
	if (argc == 1) {
		(void)snprintf(folder, sizeof(folder), "fuzz/corpus/%s",
		    basename(argv[0]));
		run_folder(folder);
	}
	return (done());
}
