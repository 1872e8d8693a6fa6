/* SPDX-License-Identifier: BSD-2-Clause */
/* users: a list of users of this machine; see users.h. */
#include <pwd.h>
#include <stdint.h>
#include <string.h>

#include "num.h"
#include "users.h"

#define NAME_SIZE	64

static bool
find_user(const char *name, uid_t *uid)
{
	const struct passwd *user;
	int64_t number;

	/* (uid_t)-1 is nobody at all. */
	if (num_parse(name, 0, (int64_t)UINT32_MAX - 1, &number)) {
		*uid = (uid_t)number;
		return (true);
	}
	if ((user = getpwnam(name)) == NULL)
		return (false);
	*uid = user->pw_uid;
	return (true);
}

bool
users_parse(const char *text, struct users *users)
{
	char name[NAME_SIZE];
	size_t len;

	users->count = 0;
	for (text += strspn(text, " \t"); *text != '\0';
	    text += strspn(text, " \t")) {
		len = strcspn(text, " \t");
		if (len >= sizeof(name) || users->count == USERS_MAX)
			return (false);
		memcpy(name, text, len);
		name[len] = '\0';
		if (!find_user(name, &users->ids[users->count]))
			return (false);
		users->count++;
		text += len;
	}
	return (true);
}

bool
users_have(const struct users *users, uid_t uid)
{
	size_t i;

	for (i = 0; i < users->count; i++)
		if (users->ids[i] == uid)
			return (true);
	return (false);
}
