/* SPDX-License-Identifier: MIT */
/* A file that is moved to another file system of this machine, where renaming cannot bring it: it
 * is copied under a hidden name, synced and named, and only then removed. */
#include "fetch_dir_move.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* `to` has the file by now. Where its own place cannot be left it goes from there again, since each
 * run would leave one more. 0, or errno. */
static int leave_place(const char *from, const char *to)
{
	struct stat still;
	if (unlink(from) == 0)
		return 0;
	int why = errno;
	if (lstat(from, &still) == 0)
		(void)unlink(to);
	else if (errno == ENOENT) /* somebody else has removed it */
		why = 0;
	return why;
}

int fetch_dir_name(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	/* Some file systems cannot do that. A link never replaces anything either. */
	return link(from, to) == 0 ? leave_place(from, to) : errno;
}

/* The owner is kept where this user may, the rest always. */
static int copy_marks(int fd, const struct stat *of)
{
	const struct timespec times[] = {of->st_atim, of->st_mtim};
	if (fchown(fd, of->st_uid, of->st_gid) != 0 && errno != EPERM)
		return errno;
	return fchmod(fd, of->st_mode & 0777) == 0 && futimens(fd, times) == 0 ? 0 : errno;
}

static enum df_status copy_to(int in, const struct stat *seen, const char *tmp, struct df_err *err)
{
	char hex[DF_SHA256_HEX];
	struct stat now;
	int why, out = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (out < 0)
		return df_fail(DF_RETRY, err, NULL, "%s: %s", tmp, strerror(errno));
	enum df_status st = df_copy(in, out, hex, err);
	if (st != DF_OK)
		goto cleanup;

	why = copy_marks(out, seen);
	if (why == 0 && fsync(out) != 0)
		why = errno;
	if (why != 0)
		st = df_fail(DF_RETRY, err, NULL, "%s: %s", tmp, df_strerror(why));
	else if (fstat(in, &now) != 0 || now.st_size != seen->st_size ||
		 now.st_mtim.tv_sec != seen->st_mtim.tv_sec)
		st = df_fail(DF_RETRY, err, NULL, "it changed while it was copied");
cleanup:
	close(out);
	return st;
}

/* Hidden, as it is in no listing then, and the same each time: what a killed run left is replaced.
 */
static char *name_beside(const char *to)
{
	char hex[DF_DIGEST_HEX] = "";
	char *dir = df_dirname(to);
	(void)df_digest_hex(DF_SHA256, to, strlen(to), hex);
	char *tmp = df_format("%s/.dropfeed-%.16s.part", dir, hex);
	free(dir);
	return tmp;
}

/* The copy gets the file's new name, and the file goes. */
static enum df_status copy_takes_over(const char *tmp, const char *from, const char *to,
				      struct df_err *err)
{
	int why = fetch_dir_name(tmp, to);
	if (why != 0)
		return df_fail(DF_RETRY, err, NULL, "%s: %s", to, df_strerror(why));
	enum df_status st = df_sync_folder_of(to, err);
	if (st != DF_OK) {
		(void)unlink(to);
		return st;
	}
	why = leave_place(from, to);
	if (why != 0)
		return df_fail(DF_RETRY, err, NULL, "%s: %s", from, df_strerror(why));
	return DF_OK;
}

enum df_status fetch_dir_move_far(const char *from, const char *to, struct df_err *err)
{
	struct stat seen;
	char *tmp = name_beside(to);
	enum df_status st = DF_OK;
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (in < 0 || fstat(in, &seen) != 0) {
		st = df_fail(DF_RETRY, err, NULL, "%s: %s", from, strerror(errno));
		goto cleanup;
	}

	(void)unlink(tmp);
	st = copy_to(in, &seen, tmp, err);
	if (st == DF_OK)
		st = copy_takes_over(tmp, from, to, err);
	if (st != DF_OK)
		(void)unlink(tmp);
cleanup:
	if (in >= 0)
		close(in);
	free(tmp);
	return st;
}
