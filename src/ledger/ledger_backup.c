/* SPDX-License-Identifier: MIT */
/* A copy of the ledger as of one instant. A read transaction is held meanwhile, so that what
 * others write is neither in the copy nor makes it begin again. */
#include "ledger_sqlite.h"

#include "dropfeed/step.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGES_AT_A_TIME 1024
#define TEMPORARY       "%s.dropfeed-%ld.tmp"
#define TEMPORARIES     "*.dropfeed-[0-9]*.tmp"

static enum df_status copy_failed(sqlite3 *to, const char *path, struct df_err *err)
{
	int rc = sqlite3_errcode(to);
	bool full = (rc & 0xff) == SQLITE_FULL;
	return df_fail(DF_RETRY, err, NULL, "cannot write %s: %s%s", path, sqlite3_errmsg(to),
		       full ? "; make room, or choose another disk" : "");
}

static enum df_status copy_pages(struct ledger *l, sqlite3 *to, const char *path,
				 struct df_err *err)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", l->db, "main");
	int rc = SQLITE_OK;
	if (b == NULL)
		return copy_failed(to, path, err);
	while (rc == SQLITE_OK && !df_stop_requested)
		rc = sqlite3_backup_step(b, PAGES_AT_A_TIME);
	sqlite3_backup_finish(b);
	if (rc == SQLITE_DONE)
		return DF_OK;
	return rc == SQLITE_OK ? df_fail(DF_RETRY, err, NULL, "stopped by a signal")
			       : copy_failed(to, path, err);
}

static enum df_status copy_ledger(struct ledger *l, const char *path, struct df_err *err)
{
	sqlite3 *to = NULL;
	enum df_status st = DF_OK;
	if (sqlite3_exec(l->db, "BEGIN; SELECT count(*) FROM file", NULL, NULL, NULL) != SQLITE_OK)
		st = ledger_fail(l, "read", err);
	else if (sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		st = copy_failed(to, path, err);
	/* a copy that is not finished is thrown away: it needs no journal beside it */
	else if (sqlite3_exec(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL,
			      NULL) != SQLITE_OK)
		st = copy_failed(to, path, err);
	else
		st = copy_pages(l, to, path, err);
	if (sqlite3_close(to) != SQLITE_OK && st == DF_OK)
		st = df_fail(DF_RETRY, err, NULL, "cannot write %s", path);
	return st;
}

static enum df_status sync_and_name(const char *temporary, const char *path, struct df_err *err)
{
	int fd = open(temporary, O_RDWR | O_CLOEXEC);
	bool synced = fd >= 0 && fsync(fd) == 0;
	int why = errno;
	if (fd >= 0)
		close(fd);
	if (!synced)
		return df_fail(DF_RETRY, err, NULL, "cannot sync %s: %s", temporary,
			       df_strerror(why));
	df_before("name the backup");
	if (rename(temporary, path) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot rename %s: %s", temporary,
			       df_strerror(errno));
	df_after("name the backup");
	return df_sync_folder_of(path, err);
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* SQLite looks for its log under such a name, whether there is one now or not. */
static bool beside_ledger(const struct ledger *l, const char *path)
{
	const char *ledger = df_base_name(l->path);
	char *own = df_dirname(l->path), *folder = df_dirname(path);
	bool is =
	    same_file(own, folder) && strncmp(df_base_name(path), ledger, strlen(ledger)) == 0;
	free(own);
	free(folder);
	return is;
}

/* Whether nothing else is lost with what is there: it is a copy of before, or holds nothing. */
static bool is_copy(const char *path)
{
	static const char magic[] = "SQLite format 3";
	char head[sizeof(magic)] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, head, sizeof(head)) : -1;
	if (fd >= 0)
		close(fd);
	return n == 0 || (n == (ssize_t)sizeof(head) && memcmp(head, magic, sizeof(magic)) == 0);
}

static enum df_status may_be_written(const struct ledger *l, const char *path, struct df_err *err)
{
	struct stat there;
	if (same_file(path, l->path) || beside_ledger(l, path))
		return df_fail(DF_USAGE, err, NULL, "%s is the ledger itself: name another file",
			       path);
	if (stat(path, &there) != 0)
		return DF_OK;
	if (!S_ISREG(there.st_mode))
		return df_fail(DF_USAGE, err, NULL,
			       "%s is not a regular file: name the file that is to be written",
			       path);
	if (!is_copy(path))
		return df_fail(DF_USAGE, err, NULL,
			       "%s is there already, and is not a copy of a ledger: move it away, "
			       "or name another file",
			       path);
	return DF_OK;
}

/* What backups into this folder left there when they were killed: nobody holds its lock. */
static void sweep(const char *folder)
{
	DIR *dir = opendir(folder);
	if (dir == NULL)
		return;
	for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
		if (fnmatch(TEMPORARIES, e->d_name, 0) != 0)
			continue;
		int fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
		    unlinkat(dirfd(dir), e->d_name, 0) == 0)
			df_log(DF_LOG_INFO, "removed %s/%s, which a killed backup left", folder,
			       e->d_name);
		if (fd >= 0)
			close(fd);
	}
	closedir(dir);
}

/* Locked as long as somebody writes it. */
static enum df_status temporary_open(const char *path, int *fd, struct df_err *err)
{
	*fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return df_fail(df_disk_status(errno, DF_USAGE), err, NULL, "cannot write %s: %s",
			       path, df_strerror(errno));
	if (flock(*fd, LOCK_EX | LOCK_NB) != 0)
		df_log(DF_LOG_DEBUG, "cannot lock %s: %s", path, df_strerror(errno));
	return DF_OK;
}

enum df_status ledger_backup(const char *state_dir, const char *path, struct df_err *err)
{
	struct ledger *l = NULL;
	char *temporary = df_format(TEMPORARY, path, (long)getpid()), *folder = df_dirname(path);
	int fd = -1;
	enum df_status st = ledger_open_readonly(state_dir, &l, err);
	if (st == DF_END)
		st = df_fail(DF_USAGE, err, NULL, "%s has no ledger yet: no files received yet",
			     state_dir);
	if (st != DF_OK)
		goto cleanup;
	st = may_be_written(l, path, err);
	if (st != DF_OK)
		goto cleanup;

	sweep(folder);
	st = temporary_open(temporary, &fd, err);
	if (st != DF_OK)
		goto cleanup;
	st = copy_ledger(l, temporary, err);
	st = st == DF_OK ? sync_and_name(temporary, path, err) : st;
	if (st != DF_OK)
		unlink(temporary);
	close(fd);
cleanup:
	ledger_close(l);
	free(temporary);
	free(folder);
	return st;
}
