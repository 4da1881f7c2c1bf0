/* SPDX-License-Identifier: MIT */
/* A folder of this machine as a source: file:///path. */
#include "fetch_dir_move.h"
#include "fetch_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct dir_state {
	int fd; /* of the file that is being read, or -1 */
};

static enum df_status dir_fail(int why, const char *path, struct df_err *err)
{
	if (why == ENOENT || why == ENOTDIR)
		return DF_END;
	return df_fail(df_disk_status(why, DF_REJECT), err, NULL, "%s: %s", path, df_strerror(why));
}

static enum df_status dir_open(const struct conf_feed *feed, void **state, struct df_err *err)
{
	(void)feed;
	(void)err;
	struct dir_state *s = df_alloc(sizeof(*s));
	s->fd = -1;
	*state = s;
	return DF_OK;
}

static void dir_read_close(void *state)
{
	struct dir_state *s = state;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static void dir_close(void *state)
{
	dir_read_close(state);
	free(state);
}

static void dir_stat_take(const struct stat *st, struct fetch_stat *out)
{
	out->kind = S_ISREG(st->st_mode)   ? FETCH_FILE
		    : S_ISDIR(st->st_mode) ? FETCH_FOLDER
		    : S_ISLNK(st->st_mode) ? FETCH_LINK
					   : FETCH_OTHER;
	out->size = (uint64_t)st->st_size;
	out->mtime = st->st_mtime;
}

/* What a name of an open folder is. DF_END: it is gone since it was read. */
static enum df_status dir_look(DIR *d, const char *dir, const char *name, struct fetch_stat *out,
			       struct df_err *err)
{
	struct stat seen = {0};
	if (fstatat(dirfd(d), name, &seen, AT_SYMLINK_NOFOLLOW) == 0) {
		dir_stat_take(&seen, out);
		return DF_OK;
	}
	if (errno == ENOENT)
		return DF_END;
	return df_fail(df_disk_status(errno, DF_REJECT), err, NULL, "cannot look at %s/%s: %s", dir,
		       name, strerror(errno));
}

static enum df_status dir_list(void *state, const char *dir, fetch_visit *visit, void *arg,
			       struct df_err *err)
{
	(void)state;
	DIR *d = opendir(dir);
	if (d == NULL)
		return dir_fail(errno, dir, err);
	enum df_status st = DF_OK;
	struct dirent *entry;
	for (errno = 0; (entry = readdir(d)) != NULL; errno = 0) {
		struct fetch_stat out = {0};
		enum df_status looked = dir_look(d, dir, entry->d_name, &out, err);
		if (looked == DF_END)
			continue;
		st = looked;
		if (st != DF_OK || !visit(arg, entry->d_name, strlen(entry->d_name), &out))
			break;
	}
	if (entry == NULL && errno != 0)
		st = df_fail(DF_RETRY, err, NULL, "cannot list %s: %s", dir, strerror(errno));
	closedir(d);
	return st;
}

static enum df_status dir_stat(void *state, const char *path, bool follow, struct fetch_stat *out,
			       struct df_err *err)
{
	(void)state;
	struct stat seen = {0};
	if (fstatat(AT_FDCWD, path, &seen, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
		return dir_fail(errno, path, err);
	dir_stat_take(&seen, out);
	return DF_OK;
}

static enum df_status dir_read_open(void *state, const char *path, uint64_t offset,
				    struct df_err *err)
{
	struct dir_state *s = state;
	dir_read_close(s);
	/* O_NONBLOCK: a FIFO that took the file's place must not hang us. */
	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (s->fd < 0)
		return dir_fail(errno, path, err);
	struct stat seen = {0};
	if (fstat(s->fd, &seen) != 0 || lseek(s->fd, (off_t)offset, SEEK_SET) < 0)
		return dir_fail(errno, path, err);
	if (!S_ISREG(seen.st_mode))
		return df_fail(DF_REJECT, err, NULL, "%s is not a regular file", path);
	return DF_OK;
}

static enum df_status dir_read(void *state, void *p, size_t size, size_t *n, struct df_err *err)
{
	struct dir_state *s = state;
	ssize_t got = 0;
	do {
		got = read(s->fd, p, size);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return df_fail(df_disk_status(errno, DF_REJECT), err, NULL, "cannot read: %s",
			       strerror(errno));
	*n = (size_t)got;
	return DF_OK;
}

static enum df_status dir_move(void *state, const char *from, const char *to, struct df_err *err)
{
	(void)state;
	int why = fetch_dir_name(from, to);
	if (why == EXDEV)
		return fetch_dir_move_far(from, to, err);
	return why == 0 ? DF_OK : dir_fail(why, to, err);
}

static enum df_status dir_replace(void *state, const char *from, const char *to, struct df_err *err)
{
	(void)state;
	return rename(from, to) == 0 ? DF_OK : dir_fail(errno, to, err);
}

static enum df_status dir_delete(void *state, const char *path, struct df_err *err)
{
	(void)state;
	return unlink(path) == 0 ? DF_OK : dir_fail(errno, path, err);
}

static enum df_status dir_make_dir(void *state, const char *path, struct df_err *err)
{
	(void)state;
	return mkdir(path, 0777) == 0 || errno == EEXIST ? DF_OK : dir_fail(errno, path, err);
}

static enum df_status dir_write(void *state, const char *path, const void *p, size_t len,
				struct df_err *err)
{
	(void)state;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return dir_fail(errno, path, err);
	enum df_status st = df_write_all(fd, p, len, err);
	if (st != DF_OK)
		df_err_context(err, "%s", path);
	else if (fsync(fd) != 0)
		st = df_fail(DF_RETRY, err, NULL, "cannot write %s: %s", path, strerror(errno));
	close(fd);
	if (st != DF_OK)
		unlink(path);
	return st;
}

const struct fetch_driver fetch_dir_driver = {
    .open = dir_open,
    .close = dir_close,
    .list = dir_list,
    .stat = dir_stat,
    .read_open = dir_read_open,
    .read = dir_read,
    .read_close = dir_read_close,
    .move = dir_move,
    .replace = dir_replace,
    .delete = dir_delete,
    .make_dir = dir_make_dir,
    .write = dir_write,
};
