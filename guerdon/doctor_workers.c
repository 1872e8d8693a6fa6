/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_workers: what each kind of worker has given up, as /proc shows it.
 *
 * A worker is known by its program's name and by the configuration that it was
 * started with.  All of a kind should be alike: one that isn't is named.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../shared/landlock.h"
#include "../shared/sandbox.h"
#include "arena.h"
#include "conf.h"
#include "doctor.h"

#define TEXT_MAX	16384	/* of a file of /proc */
#define WORKERS_MAX	512

static const char *const kinds[] = { "gw", "auth", "event" };

#define NKINDS	(sizeof(kinds) / sizeof(kinds[0]))

struct pool {
	int	pids[WORKERS_MAX];
	size_t	count;
	uid_t	uid;
};

/* A file of /proc as a text; NULs become blanks.  "" if it can't be read. */
static const char *
slurp(struct arena *A, int pid, const char *name)
{
	char *text = arena_alloc(A, TEXT_MAX);
	size_t len = 0;
	FILE *f;

	if ((f = fopen(arena_printf(A, "/proc/%d/%s", pid, name), "re")) !=
	    NULL) {
		len = fread(text, 1, TEXT_MAX - 1, f);
		(void)fclose(f);
	}
	text[len] = '\0';
	return (text);
}

/* The words that follow ${name} on its line, up to ${count}; "": none. */
static const char *
field(struct arena *A, const char *text, const char *name, int count)
{
	const char *p, *end;

	for (p = text; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, name, strlen(name)) == 0)
			break;
	}
	if (p == NULL)
		return ("");
	p += strlen(name);
	p += strspn(p, " \t");
	for (end = p; count > 0 && *end != '\0' && *end != '\n'; count--) {
		end += strspn(end, " \t");
		end += strcspn(end, " \t\n");
	}
	return (arena_printf(A, "%.*s", (int)(end - p), p));
}

/* Was it started with our configuration?  A relative path is its cwd's. */
static bool
is_ours(struct doctor *D, int pid, const char *path)
{
	char ours[PATH_MAX], theirs[PATH_MAX];

	if (path[0] != '/')
		path = arena_printf(D->arena, "/proc/%d/cwd/%s", pid, path);
	return (realpath(D->conf_path, ours) != NULL &&
	    realpath(path, theirs) != NULL && strcmp(ours, theirs) == 0);
}

/* The kind of a process; NKINDS: it is no worker of ours. */
static size_t
kind_of(struct doctor *D, int pid)
{
	char line[TEXT_MAX];
	const char *words[3], *name;
	size_t i, n = 0, at = 0;
	ssize_t len;
	int fd;

	fd = open(arena_printf(D->arena, "/proc/%d/cmdline", pid),
	    O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return (NKINDS);
	len = read(fd, line, sizeof(line) - 1);
	(void)close(fd);
	line[len > 0 ? len : 0] = '\0';
	for (; n < 3 && (ssize_t)at < len; n++) {
		words[n] = line + at;
		at += strlen(words[n]) + 1;
	}
	if (n < 3 || strcmp(words[1], "-c") != 0)
		return (NKINDS);
	name = strrchr(words[0], '/') != NULL ? strrchr(words[0], '/') + 1 :
	    words[0];
	for (i = 0; i < NKINDS; i++)
		if (strncmp(name, "fcgi-", 5) == 0 &&
		    strcmp(name + 5, kinds[i]) == 0 &&
		    is_ours(D, pid, words[2]))
			return (i);
	return (NKINDS);
}

static void
find_workers(struct doctor *D, struct pool *pools)
{
	const struct dirent *entry;
	size_t kind;
	DIR *dir;

	if ((dir = opendir("/proc")) == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		kind = kind_of(D, (int)strtol(entry->d_name, NULL, 10));
		if (kind < NKINDS && pools[kind].count < WORKERS_MAX)
			pools[kind].pids[pools[kind].count++] =
			    (int)strtol(entry->d_name, NULL, 10);
	}
	(void)closedir(dir);
}

/* The version of Landlock that a worker is under; "": it can't be seen. */
static const char *
landlock_of(struct arena *A, int pid)
{
	const char *folder = arena_printf(A, "/proc/%d/fd", pid), *mark;
	const struct dirent *entry;
	char target[PATH_MAX];
	ssize_t len;
	DIR *dir;

	if ((dir = opendir(folder)) == NULL)
		return ("");
	mark = "";
	while ((entry = readdir(dir)) != NULL) {
		len = readlinkat(dirfd(dir), entry->d_name, target,
		    sizeof(target) - 1);
		target[len > 0 ? len : 0] = '\0';
		if (strncmp(target, "/memfd:" SANDBOX_MARK,
		    strlen("/memfd:" SANDBOX_MARK)) == 0)
			mark = arena_printf(A, "%d", (int)strtol(target +
			    strlen("/memfd:" SANDBOX_MARK), NULL, 10));
	}
	(void)closedir(dir);
	return (mark);
}

/* What is looked at, of each worker: where it is told, and what it must be. */
static const struct property {
	const char	*what;
	const char	*file;		/* of /proc/PID; NULL: Landlock */
	const char	*field;
	int		 words;
	const char	*want;		/* NULL: anything but "unlimited ..." */
	const char	*remedy;
} properties[] = {
	{ "no new privileges", "status", "NoNewPrivs:", 1, "1",
	    "start workers of this version" },
	{ "filter of system calls", "status", "Seccomp:", 1, "2",
	    "build without sanitizers, on a kernel with seccomp" },
	{ "umask", "status", "Umask:", 1, "0077",
	    "start workers of this version" },
	{ "core files", "limits", "Max core file size", 2, "0 0",
	    "start workers of this version" },
	{ "open files", "limits", "Max open files", 2, "256 256",
	    "start workers of this version" },
	{ "memory", "limits", "Max address space", 2, NULL,
	    "build without sanitizers" },
	{ "Landlock", NULL, NULL, 0, NULL, NULL },
};

#define NPROPERTIES	(sizeof(properties) / sizeof(properties[0]))

/* One blank between words. */
static const char *
squeeze(struct arena *A, const char *text)
{
	char *out = arena_strdup(A, text), *to = out;
	const char *p;

	for (p = out; *p != '\0'; p++)
		if (*p != ' ' || (to > out && to[-1] != ' '))
			*to++ = *p;
	*to = '\0';
	return (out);
}

static const char *
value_of(struct arena *A, const struct property *property, int pid)
{

	if (property->file == NULL)
		return (landlock_of(A, pid));
	return (squeeze(A, field(A, slurp(A, pid, property->file),
	    property->field, property->words)));
}

static enum finding_state
judge_landlock(const char *value, const char **remedy)
{
	int abi = landlock_abi();

	if (abi == 0) {
		*remedy = "use a kernel with Landlock, 5.13 or later";
		return (FOUND_WARNING);
	}
	if (value[0] == '\0') {
		*remedy = "run guerdon doctor as root, or as their user";
		return (FOUND_WARNING);
	}
	*remedy = "start workers of this version, without sanitizers";
	return (strtol(value, NULL, 10) > 0 ? FOUND_OK : FOUND_FAILED);
}

static enum finding_state
judge(const struct property *property, const char *value,
    const char **remedy)
{

	*remedy = property->remedy;
	if (property->file == NULL)
		return (judge_landlock(value, remedy));
	if (property->want != NULL)
		return (strcmp(value, property->want) == 0 ? FOUND_OK :
		    FOUND_FAILED);
	return (value[0] != '\0' && strncmp(value, "unlimited", 9) != 0 ?
	    FOUND_OK : FOUND_FAILED);
}

/* The worst of a pool; workers that end while we look don't count. */
static void
look_at_property(struct doctor *D, const char *kind, const struct pool *pool,
    const struct property *property)
{
	const char *value, *shown = "", *remedy, *todo = NULL;
	enum finding_state worst = FOUND_OK, state;
	int pid = 0;
	size_t i;

	for (i = 0; i < pool->count; i++) {
		value = value_of(D->arena, property, pool->pids[i]);
		if (access(arena_printf(D->arena, "/proc/%d/exe",
		    pool->pids[i]), F_OK) == -1 && getuid() == 0)
			continue;
		state = judge(property, value, &remedy);
		if (pid == 0 || state > worst) {
			pid = pool->pids[i];
			worst = state;
			shown = value;
			todo = remedy;
		}
	}
	if (pid != 0)
		doctor_say(D, worst, arena_printf(D->arena, "%s, %s", kind,
		    property->what), todo, "%s%s", shown[0] != '\0' ? shown :
		    "not seen", worst == FOUND_OK ? "" : arena_printf(D->arena,
		    " (process %d)", pid));
}

static void
look_at_pool(struct doctor *D, const char *kind, struct pool *pool)
{
	const struct passwd *user;
	struct stat sb;
	size_t i;

	if (pool->count == 0 || stat(arena_printf(D->arena, "/proc/%d",
	    pool->pids[0]), &sb) == -1) {
		doctor_say(D, FOUND_FAILED, kind, "start the pool",
		    "no worker of this configuration runs here");
		return;
	}
	pool->uid = sb.st_uid;
	user = getpwuid(sb.st_uid);
	doctor_say(D, sb.st_uid == 0 ? FOUND_WARNING : FOUND_OK, kind,
	    "give the workers users of their own: contrib/systemd",
	    "user %s, %zu processes", user != NULL ? user->pw_name :
	    arena_printf(D->arena, "%u", (unsigned)sb.st_uid),
	    pool->count);
	for (i = 0; i < NPROPERTIES; i++)
		look_at_property(D, kind, pool, &properties[i]);
}

void
doctor_workers(struct doctor *D)
{
	struct pool *pools = arena_alloc(D->arena, NKINDS * sizeof(*pools));
	bool apart = true;
	size_t i, j;

	memset(pools, 0, NKINDS * sizeof(*pools));
	find_workers(D, pools);
	for (i = 0; i < NKINDS; i++)
		look_at_pool(D, arena_printf(D->arena, "fcgi-%s", kinds[i]),
		    &pools[i]);
	for (i = 0; i < NKINDS; i++) {
		if (pools[i].count == 0)
			return;
		for (j = 0; j < i; j++)
			apart = apart && pools[i].uid != pools[j].uid;
	}
	doctor_say(D, apart ? FOUND_OK : FOUND_WARNING, "users of the workers",
	    "give each kind its own: contrib/systemd", "%s",
	    apart ? "each kind has its own" : "not each kind has its own");
}
