/* SPDX-License-Identifier: MIT */
/* Secrets: from a file that others cannot read, or from the environment. */
#include "conf_value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX 65536u

void conf_secret_free(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static void secret_set(char **field, char *own)
{
	conf_secret_free(*field);
	*field = own;
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
	const char *folder = conf_credentials_folder();
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
	if (st != DF_OK) {
		close(fd);
		return st;
	}
	*out = fd;
	return DF_OK;
}

enum df_status conf_parse_private(void *home, const struct conf_key *key, const char *value,
				  const char *base, struct df_err *err)
{
	char *path = NULL;
	int fd = -1;
	enum df_status st = conf_path_resolve(value, base, &path, err);
	if (st != DF_OK)
		return st;
	st = private_open(path, &fd, err);
	if (st != DF_OK) {
		free(path);
		return st;
	}
	close(fd);
	conf_text_set(conf_field(home, key), path);
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

/* The secret is the first line, without a BOM. `len` is that of the whole text. */
static enum df_status secret_trim(const char *text, size_t len, char **out, const char *what,
				  struct df_err *err)
{
	size_t line;
	const char *from = df_first_line(text, &line);
	bool utf16 = strncmp(text, "\xff\xfe", 2) == 0 || strncmp(text, "\xfe\xff", 2) == 0;
	if (utf16 || (from[line] == '\0' && (size_t)(from - text) + line != len))
		return df_fail(DF_USAGE, err, NULL, "%s holds %s: save it as plain text", what,
			       utf16 ? "UTF-16" : "a NUL byte");
	if (line == 0)
		return df_fail(DF_USAGE, err, NULL, "the first line of %s is empty", what);
	*out = df_strndup(from, line);
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
	if (st != DF_OK)
		return st;
	st = conf_secret_read(path, &secret, err);
	free(path);
	if (st != DF_OK)
		return st;
	secret_set(conf_field(home, key), secret);
	return DF_OK;
}

enum df_status conf_parse_secret_env(void *home, const struct conf_key *key, const char *value,
				     const char *base, struct df_err *err)
{
	const char *secret = getenv(value);
	(void)base;
	if (secret == NULL || *secret == '\0')
		return df_fail(DF_USAGE, err, NULL,
			       "the environment variable it names is not set, or empty");

	char *trimmed = NULL;
	enum df_status st =
	    secret_trim(secret, strlen(secret), &trimmed, "the environment variable it names", err);
	if (st != DF_OK)
		return st;
	secret_set(conf_field(home, key), trimmed);
	return DF_OK;
}
