/* SPDX-License-Identifier: MIT */
/* Addresses: where files come from, where batches go, what becomes of a file that is done with. */
#include "conf_value.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986 §2.1. NULL when a '%' is not followed by two hex digits, or encodes NUL or a line
 * end. */
static char *percent_decode(const char *s, size_t len)
{
	char *out = df_alloc(len + 1);
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		if (s[i] != '%') {
			out[n++] = s[i];
			continue;
		}
		bool room = len - i > 2;
		int hi = room ? hex_digit(s[i + 1]) : -1, lo = room ? hex_digit(s[i + 2]) : -1;
		int c = hi < 0 || lo < 0 ? 0 : hi * 16 + lo;
		if (c == 0 || c == '\n' || c == '\r') {
			free(out);
			return NULL;
		}
		out[n++] = (char)c;
		i += 2;
	}
	return out;
}

/* "[2001:db8::1]", up to what follows it; NULL: it is something else. */
static const char *numeric_read(const char *s, size_t len, struct conf_authority *out)
{
	const char *close = memchr(s, ']', len);
	if (close == NULL)
		return NULL;
	out->host = s + 1;
	out->host_len = (size_t)(close - s - 1);
	bool sound = strspn(out->host, "0123456789abcdefABCDEF:.%") >= out->host_len;
	return sound ? close + 1 : NULL;
}

/* A host's name, likewise. */
static const char *host_read(const char *s, size_t len, struct conf_authority *out)
{
	const char *colon = memchr(s, ':', len);
	out->host = s;
	out->host_len = colon != NULL ? (size_t)(colon - s) : len;
	for (size_t i = 0; i < out->host_len; i++)
		if (!isalnum((unsigned char)s[i]) && strchr("-._", s[i]) == NULL)
			return NULL;
	return s + out->host_len;
}

static bool port_read(const char *s, const char *end, uint16_t *out)
{
	unsigned long port = 0;
	for (; s < end; s++) {
		if (!isdigit((unsigned char)*s) || port > 65535)
			return false;
		port = port * 10 + (unsigned long)(*s - '0');
	}
	*out = (uint16_t)port;
	return port > 0 && port <= 65535;
}

bool conf_authority_read(const char *s, size_t len, struct conf_authority *out)
{
	const char *end = s + len;
	const char *at = len > 0 && *s == '[' ? numeric_read(s, len, out) : host_read(s, len, out);
	out->port = 0;
	if (at == NULL || out->host_len == 0)
		return false;
	if (at == end)
		return true;
	return *at == ':' && port_read(at + 1, end, &out->port);
}

/* ---- source ---- */

static void source_free(struct conf_source *s)
{
	free(s->url);
	free(s->user);
	free(s->host);
	free(s->path);
	free(s->key);
	memset(s, 0, sizeof(*s));
}

static enum df_status source_sftp(const char *rest, struct conf_source *out, struct df_err *err)
{
	const char *slash = strchr(rest, '/');
	const char *end = slash != NULL ? slash : rest + strlen(rest);
	const char *at = NULL;
	for (const char *p = rest; p < end; p++)
		if (*p == '@')
			at = p;
	/* The address is never quoted here: it may hold the password that is being refused. */
	if (at == NULL || at == rest)
		return df_fail(DF_USAGE, err, NULL,
			       "the address names no user; write sftp://user@host[:port]/path");
	if (memchr(rest, ':', (size_t)(at - rest)) != NULL)
		return df_fail(DF_USAGE, err, NULL,
			       "the address holds a password; take it out and put it into a file "
			       "named by password_file, "
			       "or use identity_file");

	struct conf_authority a = {0};
	if (!conf_authority_read(at + 1, (size_t)(end - at - 1), &a))
		return df_fail(DF_USAGE, err, NULL,
			       "the host or port is malformed; write sftp://user@host[:port]/path");
	out->kind = CONF_SOURCE_SFTP;
	out->user = percent_decode(rest, (size_t)(at - rest));
	out->host = df_strndup(a.host, a.host_len);
	out->port = a.port != 0 ? a.port : 22;
	out->path = slash != NULL ? percent_decode(slash, strlen(slash)) : df_strdup("/");
	if (out->user == NULL || out->path == NULL)
		return df_fail(
		    DF_USAGE, err, NULL,
		    "a '%%' in the address is not followed by two hex digits; write %%25");
	return DF_OK;
}

static enum df_status source_file(const char *rest, struct conf_source *out, struct df_err *err)
{
	if (strncasecmp(rest, "localhost/", 10) == 0)
		rest += 9;
	if (*rest != '/')
		return df_fail(DF_USAGE, err, NULL,
			       "a local folder is written with three slashes: file:///path");
	out->kind = CONF_SOURCE_FILE;
	out->path = percent_decode(rest, strlen(rest));
	if (out->path == NULL)
		return df_fail(
		    DF_USAGE, err, NULL,
		    "a '%%' in the address is not followed by two hex digits; write %%25");
	return DF_OK;
}

/* "/in//new/./" is "/in/new"; up: and "/in/../new" is "/new", where no link leads elsewhere. The
 * caller's. */
static char *path_plain(const char *path, bool up)
{
	char *out = df_alloc(strlen(path) + 2);
	size_t len = 0;
	for (const char *p = path; *p != '\0'; p += strspn(p, "/")) {
		size_t n = strcspn(p, "/");
		if (up && n == 2 && p[0] == '.' && p[1] == '.') {
			while (len > 0 && out[--len] != '/')
				;
		} else if (n > 1 || (n == 1 && p[0] != '.')) {
			out[len++] = '/';
			memcpy(out + len, p, n);
			len += n;
		}
		p += n;
	}
	out[len] = '\0';
	return out;
}

/* The folder, however it is spelled: the host in lower case, the port written out. */
static char *source_key(const struct conf_source *s)
{
	char *path = path_plain(s->path, false),
	     *host = df_strdup(s->kind == CONF_SOURCE_SFTP ? s->host : "");
	for (char *p = host; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	char *key = s->kind == CONF_SOURCE_SFTP
			? df_format("sftp://%s@%s:%u%s", s->user, host, (unsigned)s->port, path)
			: df_format("file://%s", path);
	free(host);
	free(path);
	return key;
}

static enum df_status address_read(const char *value, struct conf_source *out, struct df_err *err)
{
	if (strncasecmp(value, "sftp://", 7) == 0)
		return source_sftp(value + 7, out, err);
	if (strncasecmp(value, "file://", 7) == 0)
		return source_file(value + 7, out, err);
	return df_fail(DF_USAGE, err, NULL,
		       "the address is neither sftp://user@host[:port]/path nor file:///path");
}

enum df_status conf_parse_source(void *home, const struct conf_key *key, const char *value,
				 const char *base, struct df_err *err)
{
	struct conf_feed *feed = home;
	struct conf_source source = {0};
	(void)base;
	(void)key;
	enum df_status st = address_read(value, &source, err);
	if (st != DF_OK) {
		source_free(&source);
		return st;
	}
	source.url = df_strdup(value);
	source.key = source_key(&source);
	source_free(&feed->fetch.source);
	feed->fetch.source = source;
	return DF_OK;
}

/* ---- sink, after_done, after_refused, receipts ---- */

enum df_status conf_parse_sink(void *home, const struct conf_key *key, const char *value,
			       const char *base, struct df_err *err)
{
	struct conf_feed *feed = home;
	char *path = NULL;
	(void)key;
	if (strcmp(value, "events-api") == 0) {
		feed->send.sink = CONF_SINK_EVENTS_API;
	} else if (strcmp(value, "braze") == 0) {
		feed->send.sink = CONF_SINK_BRAZE;
	} else if (strcmp(value, "-") == 0 || strcmp(value, "file:-") == 0) {
		feed->send.sink = CONF_SINK_STDOUT;
	} else if (strncmp(value, "file:", 5) == 0 && value[5] != '\0') {
		value += strncmp(value, "file:///", 8) == 0 ? 7 : 5;
		enum df_status st = conf_path_resolve(value, base, &path, err);
		if (st != DF_OK)
			return st;
		feed->send.sink = CONF_SINK_FILE;
	} else {
		bool path_alone = strpbrk(value, "./") != NULL && strchr(value, ':') == NULL;
		return df_fail(
		    DF_USAGE, err, NULL,
		    "neither events-api nor braze nor file:PATH nor - for standard output%s%.200s",
		    path_alone ? ": for that file, write file:" : "", path_alone ? value : "");
	}

	conf_text_set(&feed->send.sink_path, path);
	return DF_OK;
}

bool conf_sink_is_folder(const struct conf_feed *feed)
{
	struct stat info;
	const char *path = feed->send.sink_path;
	return feed->send.sink == CONF_SINK_FILE && path != NULL &&
	       (df_ends_with_slash(path) || (stat(path, &info) == 0 && S_ISDIR(info.st_mode)));
}

/* A folder at the source. */
static enum df_status dir_read(const char *value, char **out, struct df_err *err)
{
	if (value[0] == '~' && (value[1] == '/' || value[1] == '\0'))
		return df_fail(DF_USAGE, err, NULL,
			       "'~' is not replaced in a folder at the source: write its path from "
			       "/, or from the source's folder");
	*out = df_strdup(value);
	return DF_OK;
}

/* What follows "move:", or NULL: the value is something else. */
static const char *dir_moved_to(const char *value)
{
	return strncmp(value, "move:", 5) == 0 ? value + 5 + strspn(value + 5, " \t") : NULL;
}

enum df_status conf_parse_after(void *home, const struct conf_key *key, const char *value,
				const char *base, struct df_err *err)
{
	struct conf_after_action *field =
	    (struct conf_after_action *)(void *)((char *)home + key->at);
	struct conf_after_action action = {.what = CONF_KEEP};
	const char *dir = dir_moved_to(value);
	(void)base; /* the folder is on the source */
	if (dir != NULL && dir[0] != '\0') {
		action.what = CONF_MOVE;
		enum df_status st = dir_read(dir, &action.dir, err);
		if (st != DF_OK)
			return st;
	} else if (strcmp(value, "delete") == 0) {
		action.what = CONF_DELETE;
	} else if (strcmp(value, "keep") != 0) {
		return df_fail(DF_USAGE, err, NULL, "'%s' is neither keep nor delete nor move:DIR",
			       value);
	}
	free(field->dir);
	*field = action;
	return DF_OK;
}

enum df_status conf_parse_receipts(void *home, const struct conf_key *key, const char *value,
				   const char *base, struct df_err *err)
{
	char *dir = NULL;
	const char *moved = dir_moved_to(value);
	(void)base;
	if (moved != NULL)
		return df_fail(DF_USAGE, err, NULL, "write the folder alone: %s", moved);
	enum df_status st = dir_read(value, &dir, err);
	if (st == DF_OK)
		conf_text_set(conf_field(home, key), dir);
	return st;
}

/* A setting's folder as a plain path; the caller's. */
static char *dir_whole(const struct conf_feed *feed, const char *dir)
{
	char *whole =
	    dir[0] == '/' ? df_strdup(dir) : df_format("%s/%s", feed->fetch.source.path, dir);
	char *plain = path_plain(whole, true);
	free(whole);
	return plain;
}

/* A link may lead to it. */
static bool dir_is_same(const struct conf_feed *feed, const char *whole)
{
	struct stat source, dir;
	return feed->fetch.source.kind == CONF_SOURCE_FILE &&
	       stat(feed->fetch.source.path, &source) == 0 && stat(whole, &dir) == 0 &&
	       source.st_dev == dir.st_dev && source.st_ino == dir.st_ino;
}

bool conf_dir_is_source(const struct conf_feed *feed, const char *dir)
{
	if (feed->fetch.source.kind == CONF_SOURCE_NONE || feed->fetch.source.path == NULL ||
	    dir == NULL)
		return false;
	char *there = dir_whole(feed, dir), *source = path_plain(feed->fetch.source.path, true);
	bool is = strcmp(there, source) == 0 || dir_is_same(feed, there);
	free(there);
	free(source);
	return is;
}

static bool source_is_there(const struct conf_source *a, const struct conf_source *b)
{
	return a->kind != CONF_SOURCE_NONE && a->kind == b->kind && a->path != NULL &&
	       b->path != NULL && df_same_text(a->host, b->host) && a->port == b->port;
}

bool conf_dirs_are_one(const struct conf_feed *feed, const char *a, const struct conf_feed *other,
		       const char *b)
{
	const struct conf_source *from = &feed->fetch.source, *to = &other->fetch.source;
	if (a == NULL || b == NULL || !source_is_there(from, to) ||
	    !df_same_text(from->user, to->user))
		return false;
	bool home = a[0] != '/' && from->path[0] != '/',
	     home_too = b[0] != '/' && to->path[0] != '/';
	char *x = dir_whole(feed, a), *y = dir_whole(other, b);
	bool one = home == home_too && strcmp(x, y) == 0;
	free(x);
	free(y);
	return one;
}

bool conf_dir_is_taken(const struct conf_feed *feed, const char *dir, const struct conf_feed *by)
{
	const struct conf_source *from = &feed->fetch.source, *to = &by->fetch.source;
	if (dir == NULL || !source_is_there(from, to))
		return false;
	bool absolute = dir[0] == '/' || from->path[0] == '/';
	bool home = !absolute && to->path[0] != '/' && df_same_text(from->user, to->user);
	if (!home && !(absolute && to->path[0] == '/'))
		return false;

	char *moved = dir_whole(feed, dir), *taken = path_plain(to->path, true);
	size_t len = strlen(taken);
	bool is = strncmp(moved, taken, len) == 0 &&
		  (moved[len] == '\0' || (moved[len] == '/' && by->fetch.subfolders));
	free(moved);
	free(taken);
	return is;
}

/* As curl takes it. Nothing of it is quoted, for the same reason. */
enum df_status conf_parse_proxy(void *home, const struct conf_key *key, const char *value,
				const char *base, struct df_err *err)
{
	static const char *const schemes[] = {"http://", "https://", "socks5://", "socks5h://"};
	struct conf_feed *feed = home;
	(void)base;
	(void)key;
	const char *rest = NULL;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (strncasecmp(value, schemes[i], strlen(schemes[i])) == 0)
			rest = value + strlen(schemes[i]);
	if (strchr(value, '@') != NULL)
		return df_fail(DF_USAGE, err, NULL,
			       "the URL holds a login; take it out and use proxy_user and "
			       "proxy_password_file");

	struct conf_authority a = {0};
	size_t len = rest != NULL ? strcspn(rest, "/?# \t") : 0;
	if (len == 0 || !conf_authority_read(rest, len, &a) ||
	    (rest[len] != '\0' && strcmp(rest + len, "/") != 0))
		return df_fail(DF_USAGE, err, NULL, "not a proxy's URL: write http://host:port");
	conf_text_set(&feed->send.proxy, df_strndup(value, (size_t)(rest + len - value)));
	return DF_OK;
}
