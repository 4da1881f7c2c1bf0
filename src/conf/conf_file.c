/* SPDX-License-Identifier: MIT */
/* Values that name files: paths, manifests, data plans, time zones. */
#include "conf_value.h"

#include "dropfeed/time.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST_MAX ((size_t)4 << 20)

/* NULL: neither the environment nor the list of users has one. */
static const char *home_folder(void)
{
	const char *home = getenv("HOME");
	if (home != NULL && *home == '/')
		return home;
	struct passwd *pw = getpwuid(getuid()); /* while loading there is one thread */
	return pw != NULL && pw->pw_dir[0] == '/' ? pw->pw_dir : NULL;
}

#define CREDENTIALS "$CREDENTIALS_DIRECTORY/"

const char *conf_credentials_folder(void)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	return folder != NULL && *folder == '/' ? folder : NULL;
}

enum df_status conf_path_resolve(const char *value, const char *base, char **out,
				 struct df_err *err)
{
	if (strncmp(value, CREDENTIALS, sizeof(CREDENTIALS) - 1) == 0) {
		const char *folder = conf_credentials_folder();
		if (folder == NULL)
			return df_fail(
			    DF_USAGE, err, NULL,
			    "$CREDENTIALS_DIRECTORY is not set: systemd sets it for a service with "
			    "LoadCredential=");
		*out = df_format("%s/%s", folder, value + sizeof(CREDENTIALS) - 1);
	} else if (strncmp(value, "~/", 2) == 0) {
		const char *home = home_folder();
		if (home == NULL)
			return df_fail(DF_USAGE, err, NULL,
				       "this user has no home folder, and $HOME is not set: write "
				       "the whole path in place of '~'");
		*out = df_format("%s/%s", home, value + 2);
	} else if (*value == '/' || base == NULL) {
		*out = df_strdup(value);
	} else if (*value == '$' || *value == '~') {
		return df_fail(DF_USAGE, err, NULL,
			       "'%.*s' is not replaced, as a shell would: write the whole path, or "
			       "~/ for this user's home folder",
			       (int)strcspn(value, "/"), value);
	} else {
		*out = df_format("%s%s%s", base, strcmp(base, "/") == 0 ? "" : "/", value);
	}
	return DF_OK;
}

enum df_status conf_parse_path(void *home, const struct conf_key *key, const char *value,
			       const char *base, struct df_err *err)
{
	char *path = NULL;
	enum df_status st = conf_path_resolve(value, base, &path, err);
	if (st != DF_OK)
		return st;
	conf_text_set(conf_field(home, key), path);
	return DF_OK;
}

/* access() asks for the real user; dropfeed is not setuid, so that user opens it
 * later. */
enum df_status conf_parse_readable(void *home, const struct conf_key *key, const char *value,
				   const char *base, struct df_err *err)
{
	char *path = NULL;
	struct stat s;
	enum df_status st = conf_path_resolve(value, base, &path, err);
	if (st != DF_OK)
		return st;
	if (access(path, R_OK) != 0)
		st = df_fail(DF_USAGE, err, NULL, "cannot read %s: %s", path, strerror(errno));
	else if (stat(path, &s) == 0 && S_ISDIR(s.st_mode))
		st = df_fail(DF_USAGE, err, NULL, "%s is a folder: name a file", path);
	if (st != DF_OK) {
		free(path);
		return st;
	}
	conf_text_set(conf_field(home, key), path);
	return DF_OK;
}

enum df_status conf_parse_folder(void *home, const struct conf_key *key, const char *value,
				 const char *base, struct df_err *err)
{
	char *path = NULL;
	struct stat s;
	enum df_status st = conf_path_resolve(value, base, &path, err);
	if (st != DF_OK)
		return st;
	int why = stat(path, &s) != 0 ? errno : !S_ISDIR(s.st_mode) ? ENOTDIR : 0;
	if (why != 0) {
		st = df_fail(DF_USAGE, err, NULL, "cannot use the folder %s: %s", path,
			     strerror(why));
		free(path);
		return st;
	}
	conf_text_set(conf_field(home, key), path);
	return DF_OK;
}

/* ---- manifest ---- */

static enum df_status json_read(const char *path, size_t max, char **path_out, char **text_out,
				struct df_err *err)
{
	char *text = NULL;
	size_t len = 0;
	enum df_status st = df_read_file(path, max, &text, &len, err);
	if (st != DF_OK)
		return st;
	if (strlen(text) != len) {
		free(text);
		return df_fail(DF_USAGE, err, NULL, "%s holds a NUL byte: it is not JSON", path);
	}
	char *copy = df_strdup(path); /* path may be *path_out itself */
	conf_text_set(path_out, copy);
	conf_text_set(text_out, text);
	return DF_OK;
}

enum df_status conf_feed_manifest(struct conf_feed *feed, const char *path, struct df_err *err)
{
	return json_read(path, MANIFEST_MAX, &feed->map.manifest, &feed->map.manifest_text, err);
}

enum df_status conf_feed_plan(struct conf_feed *feed, const char *path, struct df_err *err)
{
	return json_read(path, PLAN_MAX_BYTES, &feed->plan.path, &feed->plan.text, err);
}

enum df_status conf_feed_plan_read(struct conf_feed *feed, struct df_err *err)
{
	struct plan *plan = NULL;
	const char *text = feed->plan.text;
	enum df_status st =
	    text != NULL ? plan_read(text, strlen(text), feed->plan.version, &plan, err) : DF_OK;
	if (st != DF_OK) {
		df_err_context(err, "%s", feed->plan.path);
		return st;
	}
	plan_free(feed->plan.read);
	feed->plan.read = plan;
	return DF_OK;
}

enum df_status conf_parse_plan(void *home, const struct conf_key *key, const char *value,
			       const char *base, struct df_err *err)
{
	char *path = NULL;
	(void)key;
	enum df_status st = conf_path_resolve(value, base, &path, err);
	if (st != DF_OK)
		return st;
	st = conf_feed_plan(home, path, err);
	free(path);
	return st;
}

enum df_status conf_parse_manifest(void *home, const struct conf_key *key, const char *value,
				   const char *base, struct df_err *err)
{
	char *path = NULL;
	(void)key;
	enum df_status st = conf_path_resolve(value, base, &path, err);
	if (st != DF_OK)
		return st;
	st = conf_feed_manifest(home, path, err);
	free(path);
	return st;
}

/* ---- time zone ---- */

enum df_status conf_parse_timezone(void *home, const struct conf_key *key, const char *value,
				   const char *base, struct df_err *err)
{
	struct time_zone *zone = NULL;
	(void)base;
	enum df_status st = time_zone_open(value, &zone, err);
	time_zone_free(zone);
	if (st != DF_OK)
		return DF_USAGE;
	conf_text_set(conf_field(home, key), df_strdup(value));
	return DF_OK;
}
