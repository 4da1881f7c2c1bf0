/* SPDX-License-Identifier: MIT */
/* Files and folders of an SFTP server, version 3 of the protocol (draft-ietf-secsh-filexfer-02). */
#include "fetch_sftp.h"

#include "dropfeed/step.h"

#include <stdlib.h>
#include <sys/socket.h>

enum { NAME_SIZE = 1 << 15 }; /* of one name in a listing */

static enum fetch_step sftp_step(const void *state)
{
	return ((const struct fetch_sftp *)state)->step;
}

static void sftp_adopt(void *state, const struct conf_feed *feed)
{
	((struct fetch_sftp *)state)->feed = feed;
}

static bool sftp_broken(const void *state)
{
	return ((const struct fetch_sftp *)state)->broken;
}

static bool sftp_unsupported(const void *state)
{
	return ((const struct fetch_sftp *)state)->unsupported;
}

static enum df_status sftp_unbroken(const struct fetch_sftp *s, struct df_err *err)
{
	if (!s->broken)
		return DF_OK;
	return df_fail(DF_RETRY, err, NULL, "the connection to %s is broken",
		       s->feed->fetch.source.host);
}

static enum df_status sftp_usable(struct fetch_sftp *s, struct df_err *err)
{
	fetch_sftp_part(s);
	return sftp_unbroken(s, err);
}

/* For the calls that say 0 or an error. */
#define SFTP_DO(s, what, call, err)                                                                \
	do {                                                                                       \
		enum df_status usable = sftp_usable((s), (err));                                   \
		if (usable != DF_OK)                                                               \
			return usable;                                                             \
		int rc = 0;                                                                        \
		FETCH_SFTP_AWAIT((s), rc, (call), (err));                                          \
		return rc == 0 ? DF_OK : fetch_sftp_fail((s), rc, (what), (err));                  \
	} while (0)

struct handle_kind { /* as libssh2 takes it */
	unsigned long flags;
	long mode;
	int kind;
};
static const struct handle_kind as_folder = {0, 0, LIBSSH2_SFTP_OPENDIR};
static const struct handle_kind as_old_file = {LIBSSH2_FXF_READ, 0, LIBSSH2_SFTP_OPENFILE};
static const struct handle_kind as_new_file = {
    LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT | LIBSSH2_FXF_EXCL, 0640, LIBSSH2_SFTP_OPENFILE};

static enum df_status sftp_handle(struct fetch_sftp *s, const char *path,
				  const struct handle_kind *as, LIBSSH2_SFTP_HANDLE **out,
				  struct df_err *err)
{
	enum df_status st = sftp_usable(s, err);
	fetch_sftp_begin(s);
	while (st == DF_OK) {
		*out = libssh2_sftp_open_ex(s->sftp, path, (unsigned)strlen(path), as->flags,
					    as->mode, as->kind);
		if (*out != NULL)
			return DF_OK;
		int rc = libssh2_session_last_errno(s->session);
		if (rc != LIBSSH2_ERROR_EAGAIN)
			return fetch_sftp_fail(s, rc, path, err);
		st = fetch_sftp_wait(s, err);
	}
	return st;
}

enum { SFTP_TYPE = 0170000 };

/* A server that leaves the type out of the permissions has not said what it is. */
static void sftp_stat_take(const LIBSSH2_SFTP_ATTRIBUTES *attrs, struct fetch_stat *out)
{
	unsigned long need = LIBSSH2_SFTP_ATTR_SIZE | LIBSSH2_SFTP_ATTR_ACMODTIME;
	bool typed = (attrs->flags & LIBSSH2_SFTP_ATTR_PERMISSIONS) != 0 &&
		     (attrs->permissions & SFTP_TYPE) != 0;
	out->kind = !typed                                     ? FETCH_UNTYPED
		    : LIBSSH2_SFTP_S_ISREG(attrs->permissions) ? FETCH_FILE
		    : LIBSSH2_SFTP_S_ISDIR(attrs->permissions) ? FETCH_FOLDER
		    : LIBSSH2_SFTP_S_ISLNK(attrs->permissions) ? FETCH_LINK
							       : FETCH_OTHER;
	out->partial = (attrs->flags & need) != need;
	out->size = (attrs->flags & LIBSSH2_SFTP_ATTR_SIZE) != 0 ? attrs->filesize : 0;
	out->mtime = (attrs->flags & LIBSSH2_SFTP_ATTR_ACMODTIME) != 0 ? (int64_t)attrs->mtime : 0;
}

static enum df_status sftp_list(void *state, const char *dir, fetch_visit *visit, void *arg,
				struct df_err *err)
{
	struct fetch_sftp *s = state;
	LIBSSH2_SFTP_HANDLE *handle = NULL;
	enum df_status st = sftp_handle(s, dir, &as_folder, &handle, err);
	if (st != DF_OK)
		return st;
	char *name = df_alloc(NAME_SIZE), *line = df_alloc(2 * NAME_SIZE); /* holds the name, too */
	for (bool more = true; st == DF_OK && more;) {
		LIBSSH2_SFTP_ATTRIBUTES attrs = {0};
		struct fetch_stat seen = {0};
		int rc = 0;
		line[0] = '\0';
		FETCH_SFTP_AWAIT(
		    s, rc,
		    libssh2_sftp_readdir_ex(handle, name, NAME_SIZE, line, 2 * NAME_SIZE, &attrs),
		    err);
		if (rc == 0)
			break;
		if (rc < 0) {
			st = fetch_sftp_fail(s, rc, dir, err);
			break;
		}
		sftp_stat_take(&attrs, &seen);
		seen.letter = line[0];
		more = visit(arg, name, (size_t)rc, &seen);
	}
	free(line);
	free(name);
	fetch_sftp_handle_close(s, handle);
	return st;
}

/* One name of a folder's listing. */
struct sftp_leaf {
	const char *name;
	struct fetch_stat *out;
	bool found;
};

static bool sftp_leaf_visit(void *arg, const char *name, size_t len, const struct fetch_stat *seen)
{
	struct sftp_leaf *leaf = arg;
	size_t n = strlen(leaf->name);
	/* some servers list whole paths */
	if (len < n || memcmp(name + len - n, leaf->name, n) != 0 ||
	    (len > n && name[len - n - 1] != '/'))
		return true;
	*leaf->out = *seen;
	leaf->found = true;
	return false;
}

/* A server that does not know STAT is asked for the folder's listing. */
static enum df_status sftp_stat_listed(struct fetch_sftp *s, const char *path,
				       struct fetch_stat *out, struct df_err *err)
{
	struct sftp_leaf leaf = {.name = df_base_name(path), .out = out};
	if (leaf.name[0] == '\0' || strcmp(leaf.name, ".") == 0)
		return df_fail(DF_REJECT, err, NULL, "%s: the server does not know STAT", path);
	char *dir = leaf.name == path       ? df_strdup(".")
		    : leaf.name == path + 1 ? df_strdup("/")
					    : df_strndup(path, (size_t)(leaf.name - path) - 1);
	enum df_status st = sftp_list(s, dir, sftp_leaf_visit, &leaf, err);
	free(dir);
	return st == DF_OK && !leaf.found ? DF_END : st;
}

static enum df_status sftp_stat_ask(struct fetch_sftp *s, const char *path, bool follow,
				    struct fetch_stat *out, struct df_err *err)
{
	LIBSSH2_SFTP_ATTRIBUTES attrs = {0};
	struct df_err said = {0};
	enum df_status st = sftp_unbroken(s, err);
	if (st != DF_OK)
		return st;
	if (s->no_stat)
		return sftp_stat_listed(s, path, out, err);

	int rc = 0, how = follow || s->no_lstat ? LIBSSH2_SFTP_STAT : LIBSSH2_SFTP_LSTAT;
	FETCH_SFTP_AWAIT(
	    s, rc, libssh2_sftp_stat_ex(s->sftp, path, (unsigned)strlen(path), how, &attrs), err);
	if (rc == 0) {
		sftp_stat_take(&attrs, out);
		return DF_OK;
	}
	st = fetch_sftp_fail(s, rc, path, &said);
	if (st != DF_REJECT || !s->unsupported)
		return st == DF_END ? st : df_fail(st, err, NULL, "%s", said.text);
	if (how == LIBSSH2_SFTP_LSTAT)
		s->no_lstat = true; /* such a server has no links either */
	else
		s->no_stat = true;
	return sftp_stat_ask(s, path, true, out, err);
}

/* What was read last may have its close under way: both are answered in one round trip. */
static enum df_status sftp_stat(void *state, const char *path, bool follow, struct fetch_stat *out,
				struct df_err *err)
{
	enum df_status st = sftp_stat_ask(state, path, follow, out, err);
	fetch_sftp_part(state);
	return st;
}

static enum df_status sftp_try_folder(void *state, const char *dir, struct df_err *err)
{
	struct fetch_sftp *s = state;
	LIBSSH2_SFTP_HANDLE *handle = NULL;
	enum df_status st = sftp_handle(s, dir, &as_folder, &handle, err);
	fetch_sftp_handle_close(s, handle);
	return st;
}

/* libssh2 goes on with the close when it is asked again; until then other requests may be made,
 * once all of this one was sent. */
static void sftp_read_close(void *state)
{
	struct fetch_sftp *s = state;
	fetch_sftp_part(s);
	s->parted = s->file;
	s->file = NULL;
	if (s->parted == NULL)
		return;
	if (s->broken || libssh2_sftp_close_handle(s->parted) == LIBSSH2_ERROR_EAGAIN) {
		int blocked = libssh2_session_block_directions(s->session);
		if (s->broken || (blocked & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0)
			fetch_sftp_part(s);
		return;
	}
	s->parted = NULL;
}

static enum df_status sftp_read_open(void *state, const char *path, uint64_t offset,
				     struct df_err *err)
{
	struct fetch_sftp *s = state;
	sftp_read_close(s);
	enum df_status st = sftp_handle(s, path, &as_old_file, &s->file, err);
	if (st != DF_OK)
		return st;
	if (offset > 0)
		libssh2_sftp_seek64(s->file, offset);
	return DF_OK;
}

static enum df_status sftp_read(void *state, void *p, size_t size, size_t *n, struct df_err *err)
{
	struct fetch_sftp *s = state;
	ssize_t rc = 0;
	enum df_status st = sftp_usable(s, err);
	if (st != DF_OK)
		return st;
	FETCH_SFTP_AWAIT(s, rc, libssh2_sftp_read(s->file, p, size), err);
	if (rc < 0) {
		st = fetch_sftp_fail(s, rc, "read", err);
		return st == DF_END ? df_fail(DF_REJECT, err, NULL, "the server lost the file")
				    : st;
	}
	*n = (size_t)rc;
	return DF_OK;
}

/* Version 3 fails when the target is there (§6.5); libssh2 sends flags from version 5 on only. */
static enum df_status sftp_move(void *state, const char *from, const char *to, struct df_err *err)
{
	struct fetch_sftp *s = state;
	SFTP_DO(s, to,
		libssh2_sftp_rename_ex(s->sftp, from, (unsigned)strlen(from), to,
				       (unsigned)strlen(to),
				       LIBSSH2_SFTP_RENAME_ATOMIC | LIBSSH2_SFTP_RENAME_NATIVE),
		err);
}

static enum df_status sftp_delete(void *state, const char *path, struct df_err *err)
{
	struct fetch_sftp *s = state;
	SFTP_DO(s, path, libssh2_sftp_unlink_ex(s->sftp, path, (unsigned)strlen(path)), err);
}

/* False: it is listed, or there is no listing. */
static bool sftp_absent(void *state, const char *path)
{
	struct fetch_stat seen = {0};
	struct df_err unsaid = {0};
	return sftp_usable(state, &unsaid) == DF_OK &&
	       sftp_stat_listed(state, path, &seen, &unsaid) == DF_END;
}

/* Version 3 has no rename that replaces: for a moment there is no file of that name, and never
 * half a one. */
static enum df_status sftp_replace(void *state, const char *from, const char *to,
				   struct df_err *err)
{
	struct df_err said = {0};
	enum df_status st = sftp_delete(state, to, &said);
	df_after("delete what is to be replaced");
	if (st == DF_REJECT && !sftp_unsupported(state) && sftp_absent(state, to))
		st = DF_END;
	return st == DF_OK || st == DF_END ? sftp_move(state, from, to, err)
					   : df_fail(st, err, NULL, "%s", said.text);
}

static enum df_status sftp_make_dir(void *state, const char *path, struct df_err *err)
{
	struct fetch_sftp *s = state;
	SFTP_DO(s, path, libssh2_sftp_mkdir_ex(s->sftp, path, (unsigned)strlen(path), 0777), err);
}

static enum df_status sftp_write(void *state, const char *path, const void *p, size_t len,
				 struct df_err *err)
{
	struct fetch_sftp *s = state;
	LIBSSH2_SFTP_HANDLE *handle = NULL;
	enum df_status st = sftp_handle(s, path, &as_new_file, &handle, err);
	const char *from = p;
	while (st == DF_OK && len > 0) {
		ssize_t rc = 0;
		FETCH_SFTP_AWAIT(s, rc, libssh2_sftp_write(handle, from, len), err);
		if (rc < 0) {
			st = fetch_sftp_fail(s, rc, path, err);
			break;
		}
		from += rc;
		len -= (size_t)rc;
	}
	if (handle == NULL)
		return st;
	if (st != DF_OK) {
		fetch_sftp_handle_close(s, handle);
		return st;
	}
	/* Some servers report a full disk only here. */
	int rc = 0;
	FETCH_SFTP_AWAIT(s, rc, libssh2_sftp_close_handle(handle), err);
	if (rc == 0)
		return DF_OK;
	st = fetch_sftp_fail(s, rc, path, err);
	if (rc == LIBSSH2_ERROR_EAGAIN)
		fetch_sftp_handle_close(s, handle);
	return st;
}

const struct fetch_driver fetch_sftp_driver = {
    .open = fetch_sftp_open,
    .close = fetch_sftp_close,
    .adopt = sftp_adopt,
    .step = sftp_step,
    .broken = sftp_broken,
    .unsupported = sftp_unsupported,
    .listing_differs = true,
    .list = sftp_list,
    .try_folder = sftp_try_folder,
    .absent = sftp_absent,
    .stat = sftp_stat,
    .read_open = sftp_read_open,
    .read = sftp_read,
    .read_close = sftp_read_close,
    .move = sftp_move,
    .replace = sftp_replace,
    .delete = sftp_delete,
    .make_dir = sftp_make_dir,
    .write = sftp_write,
};
