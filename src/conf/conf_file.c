/* SPDX-License-Identifier: MIT */
/* Values that name files: paths, secrets, manifests, time zones. */
#include "conf_priv.h"

#include "dropfeed/time.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX   65536u
#define MANIFEST_MAX ((size_t)4 << 20)

static const char *home_folder(void)
{
	const char *home = getenv("HOME");
	if (home != NULL && *home == '/')
		return home;
	struct passwd *pw = getpwuid(getuid()); /* while loading there is one thread */
	return pw != NULL ? pw->pw_dir : "/";
}

#define CREDENTIALS "$CREDENTIALS_DIRECTORY/"

/* Where systemd puts a service's credentials (systemd.exec(5)), or NULL. */
static const char *credentials_folder(void)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	return folder != NULL && *folder == '/' ? folder : NULL;
}

enum df_status conf_path_resolve(const char *value, const char *base, char **out,
				 struct df_err *err)
{
	if (strncmp(value, CREDENTIALS, sizeof(CREDENTIALS) - 1) == 0) {
		const char *folder = credentials_folder();
		if (folder == NULL)
			return df_fail(
			    DF_USAGE, err, NULL,
			    "$CREDENTIALS_DIRECTORY is not set: systemd sets it for a service with "
			    "LoadCredential=");
		*out = df_format("%s/%s", folder, value + sizeof(CREDENTIALS) - 1);
	} else if (strncmp(value, "~/", 2) == 0) {
		*out = df_format("%s/%s", home_folder(), value + 2);
	} else if (*value == '/' || base == NULL) {
		*out = df_strdup(value);
	} else {
		*out = df_format("%s%s%s", base, strcmp(base, "/") == 0 ? "" : "/", value);
	}
	return DF_OK;
}

static char **path_field(void *home, const struct conf_key *key)
{
	return (char **)(void *)((char *)home + key->at);
}

enum df_status conf_parse_path(void *home, const struct conf_key *key, const char *value,
			       const char *base, struct df_err *err)
{
	char *path = NULL;
	enum df_status st = conf_path_resolve(value, base, &path, err);
	if (st != DF_OK)
		return st;
	conf_text_set(path_field(home, key), path);
	return DF_OK;
}

/* access() asks for the real user; dropfeed is not setuid, so that is the one who opens it
 * later. */
enum df_status conf_parse_readable(void *home, const struct conf_key *key, const char *value,
				   const char *base, struct df_err *err)
{
	char *path = NULL;
	enum df_status st = conf_path_resolve(value, base, &path, err);
	if (st != DF_OK)
		return st;
	if (access(path, R_OK) != 0) {
		st = df_fail(DF_USAGE, err, NULL, "cannot read %s: %s", path, strerror(errno));
		free(path);
		return st;
	}
	conf_text_set(path_field(home, key), path);
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
	conf_text_set(path_field(home, key), path);
	return DF_OK;
}

/* ---- secrets ---- */

void conf_secret_free(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static bool in_group(gid_t group)
{
	if (group == getegid())
		return true;
	int n = getgroups(0, NULL);
	gid_t *groups = df_alloc((size_t)(n > 0 ? n : 1) * sizeof(*groups));
	n = getgroups(n > 0 ? n : 0, groups);
	bool found = false;
	for (int i = 0; i < n && !found; i++)
		found = groups[i] == group;
	free(groups);
	return found;
}

/* Who may read it besides its owner? Kubernetes mounts a secret 0440 with a group of the
 * container's process. What systemd puts into the credentials' folder has an access list for the
 * service's user, whose mask shows in the group's bits. */
static enum df_status private_check(const char *path, const struct stat *s, struct df_err *err)
{
	const char *folder = credentials_folder();
	size_t len = folder != NULL ? strlen(folder) : 0;
	bool credential = folder != NULL && strncmp(path, folder, len) == 0 && path[len] == '/';
	unsigned mode = (unsigned)(s->st_mode & 07777);
	if (S_ISDIR(s->st_mode))
		return df_fail(DF_USAGE, err, NULL, "%s is a folder, not a secret file", path);
	if ((mode & 007) != 0)
		return df_fail(DF_USAGE, err, NULL,
			       "others may use the secret file %s (mode %04o): chmod 600 %s", path,
			       mode, path);
	if ((mode & 020) != 0)
		return df_fail(DF_USAGE, err, NULL,
			       "a group may write to the secret file %s (mode %04o): chmod 600 %s",
			       path, mode, path);
	if ((mode & 040) != 0 && !credential && !in_group(s->st_gid))
		return df_fail(DF_USAGE, err, NULL,
			       "the secret file %s (mode %04o) may be read by a group, number %u, "
			       "that this process does "
			       "not belong to: chmod 600 %s",
			       path, mode, (unsigned)s->st_gid, path);
	return DF_OK;
}

/* Opens first and looks at what was opened, so that nobody can swap the file in between. */
static enum df_status private_open(const char *path, int *out, struct df_err *err)
{
	struct stat s;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &s) != 0) {
		enum df_status st =
		    df_fail(DF_USAGE, err, NULL, "cannot read the secret file %s: %s", path,
			    strerror(errno));
		if (fd >= 0)
			close(fd);
		return st;
	}
	enum df_status st = private_check(path, &s, err);
	if (st != DF_OK)
		close(fd);
	else
		*out = fd;
	return st;
}

enum df_status conf_parse_private(void *home, const struct conf_key *key, const char *value,
				  const char *base, struct df_err *err)
{
	char *path = NULL;
	int fd = -1;
	enum df_status st = conf_path_resolve(value, base, &path, err);
	if (st == DF_OK)
		st = private_open(path, &fd, err);
	if (st != DF_OK) {
		free(path);
		return st;
	}
	close(fd);
	conf_text_set(path_field(home, key), path);
	return DF_OK;
}

static ssize_t read_retry(int fd, char *p, size_t len)
{
	size_t got = 0;
	while (got < len) {
		ssize_t n = read(fd, p + got, len - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

/* The secret is the first line, without a BOM. `len` is that of the whole text, which is
 * shortened in place. */
static enum df_status secret_trim(char *text, size_t len, char **out, const char *what,
				  struct df_err *err)
{
	char *from = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
	size_t line = strcspn(from, "\r\n");
	bool utf16 = strncmp(text, "\xff\xfe", 2) == 0 || strncmp(text, "\xfe\xff", 2) == 0;
	if (utf16 || (from[line] == '\0' && (size_t)(from - text) + line != len))
		return df_fail(DF_USAGE, err, NULL, "%s holds %s: save it as plain text", what,
			       utf16 ? "UTF-16" : "a NUL byte");
	from[line] = '\0';
	if (*from == '\0')
		return df_fail(DF_USAGE, err, NULL, "the first line of %s is empty", what);
	*out = df_strdup(from);
	return DF_OK;
}

/* Read by hand: stdio would leave a copy of the secret in a freed buffer. */
static enum df_status secret_read(int fd, const char *path, char **out, struct df_err *err)
{
	char *text = df_alloc(SECRET_MAX + 1), what[512];
	ssize_t n = read_retry(fd, text, SECRET_MAX);
	enum df_status st = DF_OK;
	snprintf(what, sizeof(what), "the secret file %s", path);
	if (n < 0)
		st = df_fail(DF_USAGE, err, NULL, "cannot read %s: %s", what, strerror(errno));
	else
		st = secret_trim(text, (size_t)n, out, what, err);
	explicit_bzero(text, SECRET_MAX);
	free(text);
	return st;
}

enum df_status conf_secret_read(const char *path, char **out, struct df_err *err)
{
	int fd = -1;
	enum df_status st = private_open(path, &fd, err);
	if (st != DF_OK)
		return st;
	st = secret_read(fd, path, out, err);
	close(fd);
	return st;
}

enum df_status conf_parse_secret_file(void *home, const struct conf_key *key, const char *value,
				      const char *base, struct df_err *err)
{
	char *path = NULL, *secret = NULL;
	enum df_status st = conf_path_resolve(value, base, &path, err);
	if (st == DF_OK)
		st = conf_secret_read(path, &secret, err);
	if (st == DF_OK) {
		conf_secret_free(*path_field(home, key));
		*path_field(home, key) = secret;
	}
	free(path);
	return st;
}

enum df_status conf_parse_secret_env(void *home, const struct conf_key *key, const char *value,
				     const char *base, struct df_err *err)
{
	const char *secret = getenv(value);
	(void)base;
	if (secret == NULL || *secret == '\0')
		return df_fail(DF_USAGE, err, NULL,
			       "the environment variable it names is not set, or empty");

	size_t len = strlen(secret);
	char *copy = df_strdup(secret), *trimmed = NULL;
	enum df_status st =
	    secret_trim(copy, len, &trimmed, "the environment variable it names", err);
	explicit_bzero(copy, len);
	free(copy);
	if (st != DF_OK)
		return st;
	conf_secret_free(*path_field(home, key));
	*path_field(home, key) = trimmed;
	return DF_OK;
}

/* ---- manifest ---- */

static enum df_status json_file(const char *path, size_t max, char **path_out, char **text_out,
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
	return json_file(path, MANIFEST_MAX, &feed->map.manifest, &feed->map.manifest_text, err);
}

enum df_status conf_feed_plan(struct conf_feed *feed, const char *path, struct df_err *err)
{
	return json_file(path, PLAN_MAX_BYTES, &feed->plan.path, &feed->plan.text, err);
}

enum df_status conf_feed_plan_read(struct conf_feed *feed, struct df_err *err)
{
	struct plan *plan = NULL;
	if (feed->plan.text != NULL) {
		enum df_status st = plan_read(feed->plan.text, strlen(feed->plan.text),
					      feed->plan.version, &plan, err);
		if (st != DF_OK) {
			df_err_context(err, "%s", feed->plan.path);
			return st;
		}
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
	if (st == DF_OK)
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
	if (st == DF_OK)
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
	conf_text_set(path_field(home, key), df_strdup(value));
	return DF_OK;
}
