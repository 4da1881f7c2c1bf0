/* SPDX-License-Identifier: MIT */
#include "fetch_priv.h"

#include <stdlib.h>

/* SFTP resolves relative paths from the login's folder (draft-ietf-secsh-filexfer-02 §6.2), so
 * "/~/x" is just "x". */
static char *path_below_login(const char *path)
{
	const char *rest = path[0] == '/' ? path + 1 : path;
	if (rest[0] != '~' || (rest[1] != '\0' && rest[1] != '/'))
		return NULL;
	rest++;
	while (*rest == '/')
		rest++;
	return df_strdup(*rest != '\0' ? rest : ".");
}

static char *path_trimmed(char *path)
{
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	return path;
}

char *fetch_path_root(const struct conf_source *source)
{
	const char *path = source->path != NULL && source->path[0] != '\0' ? source->path : "/";
	char *out = source->kind == CONF_SOURCE_SFTP ? path_below_login(path) : NULL;
	return path_trimmed(out != NULL ? out : df_strdup(path));
}

char *fetch_path_dir(const struct fetch *source, const char *dir)
{
	char *out =
	    source->feed->fetch.source.kind == CONF_SOURCE_SFTP ? path_below_login(dir) : NULL;
	if (out == NULL)
		out = dir[0] == '/' ? df_strdup(dir) : fetch_path_join(source->root, dir);
	return path_trimmed(out);
}

char *fetch_path_join(const char *dir, const char *name)
{
	size_t len = strlen(dir);
	return df_format("%s%s%s", dir, len > 0 && dir[len - 1] == '/' ? "" : "/", name);
}

char *fetch_path_folder(const struct fetch *source, const char *folder)
{
	return folder[0] != '\0' ? fetch_path_join(source->root, folder) : df_strdup(source->root);
}

enum df_status fetch_asked(struct fetch *source, enum df_status st, const char *what)
{
	bool (*unsupported)(const void *) = source->driver->unsupported;
	if (st == DF_REJECT && unsupported != NULL && unsupported(source->state))
		source->cannot = what;
	return st;
}

bool fetch_absent(struct fetch *source, enum df_status st, const char *path)
{
	const struct fetch_driver *driver = source->driver;
	return st == DF_REJECT && source->cannot == NULL && driver->absent != NULL &&
	       driver->absent(source->state, path);
}

enum df_status fetch_look(struct fetch *source, const char *path, bool follow,
			  struct fetch_stat *out, struct df_err *err)
{
	struct df_err said = {0};
	enum df_status st = source->driver->stat(source->state, path, follow, out, &said);
	if (fetch_absent(source, st, path))
		return DF_END;
	return st == DF_OK || st == DF_END ? st : df_fail(st, err, NULL, "%s", said.text);
}

static bool path_is_folder(const struct fetch_stat *seen)
{
	return seen->kind == FETCH_FOLDER || seen->kind == FETCH_UNTYPED;
}

/* What is missing is made. */
static enum df_status path_make_missing(struct fetch *source, const char *path, struct df_err *err)
{
	struct fetch_stat seen = {0};
	struct df_err said = {0}, ignored = {0};
	enum df_status st = source->driver->make_dir(source->state, path, &said);
	st = fetch_asked(source, st, "making folders");
	if (st == DF_OK || st == DF_END)
		return st;

	/* Another feed may have made it meanwhile, which a server words like any failure. */
	if (st == DF_REJECT && source->cannot == NULL &&
	    source->driver->stat(source->state, path, true, &seen, &ignored) == DF_OK &&
	    path_is_folder(&seen))
		return DF_OK;
	return df_fail(st, err, NULL, "%s", said.text);
}

static enum df_status path_make_one(struct fetch *source, const char *path, struct df_err *err)
{
	struct fetch_stat seen = {0};
	enum df_status st = fetch_look(source, path, true, &seen, err);
	if (st == DF_END)
		return path_make_missing(source, path, err);
	if (st != DF_OK || path_is_folder(&seen))
		return st;
	return df_fail(DF_REJECT, err, NULL, "%s on the source is not a folder", path);
}

enum df_status fetch_path_make(struct fetch *source, const char *dir, struct df_err *err)
{
	/* Mostly it is there already; and its parents may be none of our business, and not to be
	 * looked at. */
	struct fetch_stat seen = {0};
	enum df_status st = fetch_look(source, dir, true, &seen, err);
	if (st == DF_OK && path_is_folder(&seen))
		return DF_OK;
	if (st != DF_OK && st != DF_END)
		return st;

	char *path = df_strdup(dir);
	st = DF_OK;
	for (char *p = path + 1; st == DF_OK && p[-1] != '\0'; p++) {
		if (*p != '/' && *p != '\0')
			continue;
		char was = *p;
		*p = '\0';
		st = path_make_one(source, path, err);
		*p = was;
	}
	free(path);
	return st;
}

bool fetch_name_sound(const char *name, size_t len)
{
	if (len == 0 || memchr(name, '/', len) != NULL || memchr(name, '\0', len) != NULL)
		return false;
	return !(len == 1 && name[0] == '.') && !(len == 2 && name[0] == '.' && name[1] == '.');
}

bool fetch_name_below(const char *name)
{
	for (const char *part = name;; part++) {
		size_t len = strcspn(part, "/");
		if (!fetch_name_sound(part, len))
			return false;
		part += len;
		if (*part == '\0')
			return true;
	}
}

char *fetch_path_beside(const char *dir, const char *name)
{
	const char *leaf = df_base_name(name);
	if (leaf == name)
		return df_strdup(dir);
	char *folders = df_strndup(name, (size_t)(leaf - name) - 1);
	char *out = fetch_path_join(dir, folders);
	free(folders);
	return out;
}
