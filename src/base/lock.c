/* SPDX-License-Identifier: MIT */
/*
 * One process at a time. The folder is locked with the file in it: whoever removes the file, by
 * hand or to tidy up, must not open the way for a second process. Where folders cannot be locked
 * the file has to do.
 */
#include "dropfeed/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* ---- who has it ---- */

/* What the holder wrote into the lock file; 0: nothing yet. */
static long lock_holder(int fd)
{
	char text[24] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	return n > 0 ? strtol(text, NULL, 10) : 0;
}

/* The process that has locked it, by the kernel's list: to try the lock would be to hold it for a
 * moment. Where the process is known (pid), the file's number is enough: some file systems show
 * another device there. 0: none, or it cannot be seen from here. */
static long lock_listed(const struct stat *what, long pid)
{
	char line[256];
	long found = 0;
	FILE *list = fopen("/proc/locks", "re");
	while (list != NULL && found == 0 && fgets(line, sizeof(line), list) != NULL) {
		long holder = 0;
		unsigned high = 0, low = 0;
		unsigned long long number = 0;
		int n = sscanf(line, "%*s FLOCK %*s WRITE %ld %x:%x:%llu", &holder, &high, &low,
			       &number);
		if (n != 4 || number != (unsigned long long)what->st_ino || holder <= 0)
			continue;
		bool device = high == major(what->st_dev) && low == minor(what->st_dev);
		if (pid > 0 ? holder == pid : device)
			found = holder;
	}
	if (list != NULL)
		fclose(list);
	return found;
}

static long folder_owner(const char *path, int64_t *since_s)
{
	struct stat info;
	char *folder = df_dirname(path);
	long pid = stat(folder, &info) == 0 ? lock_listed(&info, 0) : 0;
	free(folder);
	if (pid > 0)
		*since_s = (int64_t)info.st_mtime;
	return pid;
}

long df_lock_owner(const char *path, int64_t *since_s)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long pid = 0;
	if (fd < 0)
		return folder_owner(path, since_s);
	if (fstat(fd, &info) == 0)
		pid = lock_holder(fd);
	close(fd);
	if (pid <= 0 || lock_listed(&info, pid) == 0)
		return folder_owner(path, since_s);
	*since_s = (int64_t)info.st_mtime;
	return pid;
}

/* ---- taking it ---- */

static enum df_status lock_is_held(long pid, const char *path, struct df_err *err)
{
	if (pid > 0)
		return df_fail(DF_RETRY, err, NULL,
			       "another dropfeed is running: process %ld holds %s", pid, path);
	return df_fail(DF_RETRY, err, NULL, "another dropfeed is running (it holds %s)", path);
}

/* For people and monitors only: the lock is the kernel's, so that a number that cannot be
 * written does no harm. */
static void lock_sign(int fd)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
		df_log(DF_LOG_DEBUG, "cannot write the process id into the lock file: %s",
		       strerror(errno));
}

static enum df_status file_lock(const char *path, struct df_lock *l, bool *busy, struct df_err *err)
{
	l->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (l->file < 0)
		return df_fail(df_disk_status(errno, DF_FATAL), err, NULL,
			       "cannot open the lock file %s: %s", path, df_strerror(errno));
	if (flock(l->file, LOCK_EX | LOCK_NB) == 0)
		return DF_OK;
	*busy = errno == EWOULDBLOCK;
	return *busy ? lock_is_held(lock_holder(l->file), path, err)
		     : df_fail(DF_FATAL, err, NULL, "cannot lock %s: %s", path, strerror(errno));
}

static enum df_status folder_lock(const char *path, struct df_lock *l, bool *busy,
				  struct df_err *err)
{
	struct stat info;
	enum df_status st = DF_OK;
	char *folder = df_dirname(path);
	l->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*busy = l->folder >= 0 && flock(l->folder, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	if (*busy)
		st = lock_is_held(fstat(l->folder, &info) == 0 ? lock_listed(&info, 0) : 0, folder,
				  err);
	free(folder);
	return st;
}

enum df_status df_lock_take(const char *path, struct df_lock *out, bool *busy, struct df_err *err)
{
	struct df_lock l = {-1, -1};
	enum df_status st = file_lock(path, &l, busy, err);
	if (st != DF_OK)
		goto cleanup;
	st = folder_lock(path, &l, busy, err);
	if (st != DF_OK)
		goto cleanup;
	lock_sign(l.file);
	*out = l;
	return DF_OK;
cleanup:
	df_lock_release(&l);
	return st;
}

void df_lock_release(struct df_lock *l)
{
	if (l->folder >= 0)
		close(l->folder);
	if (l->file >= 0)
		close(l->file);
	*l = (struct df_lock){-1, -1};
}
