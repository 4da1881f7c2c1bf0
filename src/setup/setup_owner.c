/* SPDX-License-Identifier: MIT */
/* A run by hand as another user, root before all, leaves files in the state folder that cron's
 * user may not touch: the runs after it fail there, some of them only once rows are delivered. */
#include "dropfeed/setup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct setup_user setup_user_name(uid_t id)
{
	struct setup_user name;
	const struct passwd *pw = getpwuid(id);
	if (pw != NULL)
		snprintf(name.text, sizeof(name.text), "%s", pw->pw_name);
	else
		snprintf(name.text, sizeof(name.text), "user %ld", (long)id);
	return name;
}

/* Another user's, and closed to this one? */
static bool is_closed(const char *path, struct stat *info)
{
	if (stat(path, info) != 0 || info->st_uid == geteuid())
		return false;
	int use = R_OK | W_OK | (S_ISDIR(info->st_mode) ? X_OK : 0);
	return faccessat(AT_FDCWD, path, use, AT_EACCESS) != 0 && errno == EACCES;
}

/* Of the folders of feeds in it. Those of files are their feeds' own matter. */
static char *find_closed(const char *folder, struct stat *info)
{
	DIR *d = opendir(folder);
	char *found = NULL;
	const struct dirent *e;
	while (d != NULL && found == NULL && (e = readdir(d)) != NULL) {
		char *path = df_format("%s/%s", folder, e->d_name);
		if (e->d_name[0] != '.' && is_closed(path, info) && S_ISDIR(info->st_mode))
			found = path;
		else
			free(path);
	}
	if (d != NULL)
		closedir(d);
	return found;
}

char *setup_left_by_others(const char *state_dir)
{
	static const char *const names[] = {"lock",  "ledger.db", "ledger.db-wal", "ledger.db-shm",
					    "spool", "rejects",   "metrics.lock"};
	struct stat info;
	char *found = NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && found == NULL; i++) {
		char *path = df_format("%s/%s", state_dir, names[i]);
		found = is_closed(path, &info) ? df_strdup(path) : find_closed(path, &info);
		free(path);
	}
	if (found == NULL)
		return NULL;

	const struct setup_user owner = setup_user_name(info.st_uid);
	const struct setup_user user = setup_user_name(geteuid());
	char *text = df_format("%s belongs to %s, and this runs as %s, who may not use it: "
			       "chown -R %s %s",
			       found, owner.text, user.text, user.text, state_dir);
	free(found);
	return text;
}
