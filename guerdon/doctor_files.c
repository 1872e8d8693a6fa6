/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor_files: who may read and write what lies on the disk. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "conf.h"
#include "credential.h"
#include "doctor.h"
#include "link.h"

/* "mode 0600 of root:root" */
static const char *
describe(struct doctor *D, const struct stat *sb)
{
	const struct passwd *user = getpwuid(sb->st_uid);
	const struct group *group = getgrgid(sb->st_gid);
	const char *owner = user != NULL ? arena_strdup(D->arena,
	    user->pw_name) : arena_printf(D->arena, "%u",
	    (unsigned)sb->st_uid);

	return (group != NULL ? arena_printf(D->arena, "mode %04o of %s:%s",
	    (unsigned)sb->st_mode & 07777, owner, group->gr_name) :
	    arena_printf(D->arena, "mode %04o of %s:%u",
	    (unsigned)sb->st_mode & 07777, owner, (unsigned)sb->st_gid));
}

/* Look at one file; false, and a finding, if it can't be. */
static bool
look(struct doctor *D, const char *path, struct stat *sb)
{

	if (stat(path, sb) == 0)
		return (true);
	doctor_say(D, FOUND_FAILED, path, errno == EACCES ?
	    "run guerdon doctor as root" : NULL, "%s", strerror(errno));
	return (false);
}

/*
 * The address of the database holds a password as a rule.  Others of its group
 * are the workers.
 */
static void
look_at_conf(struct doctor *D)
{
	bool secret = strchr(D->conf->mongo_uri, '@') != NULL;
	enum finding_state state = FOUND_OK;
	struct stat sb;

	if (!look(D, D->conf_path, &sb))
		return;
	if ((sb.st_mode & 022) != 0 || (secret && (sb.st_mode & 07) != 0))
		state = FOUND_FAILED;
	else if ((sb.st_mode & 07) != 0)
		state = FOUND_WARNING;
	doctor_say(D, state, D->conf_path,
	    "chmod 0600, or 0640 with the workers' group", "%s",
	    describe(D, &sb));
}

/* What tools/up leaves: passwords of the demo. */
static void
look_at_demo(struct doctor *D)
{
	char *path = arena_printf(D->arena, "%s/demo.env", D->conf->home);
	struct stat sb;

	if (stat(path, &sb) == 0)
		doctor_say(D, (sb.st_mode & 077) == 0 ? FOUND_OK :
		    FOUND_FAILED, path, "chmod 0600: it holds passwords", "%s",
		    describe(D, &sb));
}

/* A folder of ours: nobody else may put anything there. */
static void
look_at_folder(struct doctor *D, const char *path)
{
	struct stat sb;
	bool shared;

	if (!look(D, path, &sb))
		return;
	shared = (sb.st_mode & 020) != 0 && (sb.st_mode & S_ISVTX) == 0;
	doctor_say(D, (sb.st_mode & 02) != 0 ? FOUND_FAILED :
	    shared ? FOUND_WARNING : FOUND_OK, path,
	    "chmod o-w, and g-w or +t: others could exchange what lies there",
	    "%s", describe(D, &sb));
}

/* The folder of what all workers need may be root's, for their group. */
static void
look_at_key_folder(struct doctor *D, const char *name, bool common)
{
	char *path = arena_printf(D->arena, "%s%s", D->conf->keys, name);
	struct stat sb;
	unsigned others;

	if (!look(D, path, &sb))
		return;
	others = common && sb.st_uid == 0 && sb.st_gid != 0 ? 027 : 077;
	doctor_say(D, (sb.st_mode & others) == 0 ? FOUND_OK : FOUND_FAILED,
	    path, "chmod 0700", "%s", describe(D, &sb));
}

/* conf_key() and conf_secret() know what may be; here is who may read. */
static void
look_at_key(struct doctor *D, const char *path, bool hex)
{
	unsigned char secret[256];
	struct stat sb;
	size_t len;
	enum err err;

	if (!look(D, path, &sb))
		return;
	err = hex ? conf_key(path, secret) : conf_secret(path, secret,
	    sizeof(secret), &len);
	explicit_bzero(secret, sizeof(secret));
	doctor_say(D, err == ERR_OK ? FOUND_OK : FOUND_FAILED, path,
	    access(path, R_OK) == -1 ? "run guerdon doctor as root" :
	    (sb.st_mode & 077) != 0 ? "chmod 0600" : err_detail(), "%s",
	    describe(D, &sb));
}

static int
is_key(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return (entry->d_name[0] != '.' && len > 4 &&
	    strcmp(entry->d_name + len - 4, ".key") == 0);
}

static void
look_at_token_keys(struct doctor *D)
{
	char *folder = arena_printf(D->arena, "%s/auth/token", D->conf->keys);
	struct dirent **names;
	int i, count;

	if ((count = scandir(folder, &names, is_key, alphasort)) == -1)
		return;		/* which the folder's finding says */
	if (count == 0)
		doctor_say(D, FOUND_FAILED, folder, "run \"guerdon init\"",
		    "no key is there");
	for (i = 0; i < count; i++) {
		look_at_key(D, arena_printf(D->arena, "%s/%s", folder,
		    names[i]->d_name), true);
		free(names[i]);
	}
	free(names);
}

static void
look_at_keys(struct doctor *D)
{
	static const char *const keys[] = { "node.key", "cursor.key",
	    "auth/refresh.key", "auth/factor.key" };
	char *service = arena_printf(D->arena, "%s/service", D->conf->keys);
	size_t i;

	look_at_key_folder(D, "", true);
	look_at_key_folder(D, "/auth", false);
	look_at_key_folder(D, "/auth/token", false);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		look_at_key(D, arena_printf(D->arena, "%s/%s", D->conf->keys,
		    keys[i]), true);
	look_at_token_keys(D);
	/* There need not be one. */
	if (access(service, F_OK) == 0)
		look_at_key(D, service, false);
}

static bool
is_listening(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	bool listening;
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path) ||
	    (fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		return (false);
	memcpy(sun.sun_path, path, strlen(path) + 1);
	listening = connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 ||
	    errno == EAGAIN || errno == EACCES;
	(void)close(fd);
	return (listening);
}

static void
look_at_socket(struct doctor *D, const char *address)
{
	struct stat sb;

	if (link_is_tcp(address)) {
		doctor_say(D, FOUND_WARNING, address, "keep that network "
		    "private: who connects by TCP is not known", "TCP");
		return;
	}
	if (!look(D, address, &sb))
		return;
	if (!S_ISSOCK(sb.st_mode) || !is_listening(address))
		doctor_say(D, FOUND_FAILED, address, "start the workers",
		    "nobody listens there");
	else
		doctor_say(D, (sb.st_mode & 07) == 0 ? FOUND_OK :
		    FOUND_FAILED, address, "let spawn-fcgi -M 0660 or systemd "
		    "make it", "%s", describe(D, &sb));
}

void
doctor_files(struct doctor *D)
{
	const struct conf *conf = D->conf;

	look_at_conf(D);
	look_at_demo(D);
	look_at_folder(D, conf->home);
	look_at_folder(D, conf->shared);
	look_at_folder(D, arena_printf(D->arena, "%s/data/spool", conf->home));
	look_at_keys(D);
	look_at_socket(D, arena_printf(D->arena, "%s/run/fcgi-gw.sock",
	    conf->home));
	look_at_socket(D, conf->auth_socket);
	look_at_socket(D, conf->event_socket);
}
