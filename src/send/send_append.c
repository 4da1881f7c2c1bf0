/* SPDX-License-Identifier: MIT */
/* What adding to a file takes: copies, and a look at what it has. */
#include "send_append.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_AT_ONCE  (16u << 20)
#define LOCK_EVERY_MS 20
#define LOCK_MS       60000 /* other programs add a document in that time */

/* ---- one program at a time ---- */

static enum df_status lock_wait(int fd, const char *path, struct df_err *err)
{
	int64_t end = df_monotonic_ms() + LOCK_MS;
	bool said = false;
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK) { /* a file system without locks: it goes without */
			df_log(DF_LOG_DEBUG, "cannot lock %s: %s", path, strerror(errno));
			return DF_OK;
		}
		if (!said)
			df_log(DF_LOG_INFO, "%s: waits for another program that writes it", path);
		said = true;
		if (df_monotonic_ms() >= end)
			return df_fail(DF_RETRY, err, NULL,
				       "%s is locked by another program for %d s", path,
				       LOCK_MS / 1000);
		if (!df_rest(LOCK_EVERY_MS))
			return df_fail(DF_RETRY, err, NULL, "stopped before %s was complete", path);
	}
	return DF_OK;
}

static bool has_name(int fd, const char *path)
{
	struct stat have, named;
	return fstat(fd, &have) == 0 && stat(path, &named) == 0 && have.st_dev == named.st_dev &&
	       have.st_ino == named.st_ino;
}

/* Removes what a crash left under that name; whoever writes a file still has locked it. */
static enum df_status temporary_clear(const char *temporary, const char *path, struct df_err *err)
{
	int fd = open(temporary, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool busy = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	enum df_status st = DF_OK;
	if (busy)
		st = df_fail(DF_RETRY, err, NULL,
			     "another program is writing %s: run again after it, or name another "
			     "file",
			     path);
	else if ((fd < 0 || has_name(fd, temporary)) && unlink(temporary) != 0 && errno != ENOENT)
		st = df_fail(DF_RETRY, err, NULL, "cannot remove %s: %s", temporary,
			     df_strerror(errno));
	if (fd >= 0)
		close(fd);
	return st;
}

enum df_status send_temporary_open(const char *temporary, const char *path, int *out,
				   struct df_err *err)
{
	for (*out = -1; *out < 0;) {
		enum df_status st = temporary_clear(temporary, path, err);
		if (st != DF_OK)
			return st;
		int fd =
		    open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			return df_fail(DF_RETRY, err, NULL, "cannot create %s: %s", temporary,
				       df_strerror(errno));
		/* somebody who was as quick may have cleared it away */
		if (fd >= 0 && (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
		    has_name(fd, temporary))
			*out = fd;
		else if (fd >= 0)
			close(fd);
	}
	return DF_OK;
}

enum df_status send_append_open(const char *path, int *out, struct df_err *err)
{
	enum df_status st = DF_OK;
	*out = -1;
	while (st == DF_OK) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			return DF_OK;
		if (fd < 0)
			return df_fail(DF_RETRY, err, NULL, "cannot read %s: %s", path,
				       strerror(errno));
		st = lock_wait(fd, path, err);
		if (st == DF_OK && has_name(fd, path)) {
			*out = fd;
			return DF_OK;
		}
		close(fd); /* another program gave the name to a longer file meanwhile */
	}
	return st;
}

/* ---- what it has, and what comes after it ---- */

enum df_status send_append_copy(int from, int to, struct df_err *err)
{
	char chunk[65536];
	off_t at = 0;
	ssize_t n = 0;
	enum df_status status = DF_OK;
	if (from < 0)
		return DF_OK;
	while (copy_file_range(from, &at, to, NULL, COPY_AT_ONCE, 0) > 0)
		; /* what the kernel does not copy is copied here */
	while (status == DF_OK && (n = pread(from, chunk, sizeof(chunk), at)) > 0) {
		status = df_write_all(to, chunk, (size_t)n, err);
		at += n;
	}
	return n < 0 ? df_fail(DF_RETRY, err, NULL, "cannot read: %s", strerror(errno)) : status;
}

enum df_status send_append_begin(int from, int to, struct df_err *err)
{
	struct stat info;
	char last = '\n';
	if (from < 0 || fstat(from, &info) != 0)
		return DF_OK;
	/* who may read it was decided by whoever made it */
	if (fchown(to, info.st_uid, info.st_gid) == 0)
		(void)!fchmod(to, info.st_mode & 0777);
	if (info.st_size > 0 && pread(from, &last, 1, info.st_size - 1) != 1)
		return df_fail(DF_RETRY, err, NULL, "cannot read: %s", strerror(errno));
	return last == '\n' ? DF_OK : df_write_all(to, "\n", 1, err);
}

/* True when the file has all of `ours` from offset `at` on. */
static bool has_at(int file, off_t at, int ours)
{
	char here[8192], there[8192];
	ssize_t n = 0;
	for (off_t done = 0; (n = pread(ours, here, sizeof(here), done)) > 0; done += n)
		if (pread(file, there, (size_t)n, at + done) != n ||
		    memcmp(here, there, (size_t)n) != 0)
			return false;
	return n == 0;
}

bool send_append_holds(int file, int ours, struct df_err *err, enum df_status *status)
{
	/* the id comes first in a line: where these bytes are others', no line needs a second
	 * look */
	char first[64];
	ssize_t n = pread(ours, first, sizeof(first), 0);
	const char *end = n > 0 ? memchr(first, '\n', (size_t)n) : NULL;
	if (end != NULL)
		n = end - first;
	char *line = NULL;
	size_t cap = 0;
	bool found = false;
	int copy = n > 0 && file >= 0 ? fcntl(file, F_DUPFD_CLOEXEC, 0) : -1;
	FILE *in = copy >= 0 ? fdopen(copy, "r") : NULL;
	off_t at = 0;
	for (ssize_t len; in != NULL && !found && (len = getline(&line, &cap, in)) > 0; at += len)
		found = len >= n && memcmp(line, first, (size_t)n) == 0 && has_at(file, at, ours);
	if (n < 0 || (n > 0 && file >= 0 && (in == NULL || ferror(in))))
		*status = df_fail(DF_RETRY, err, NULL, "cannot read: %s", strerror(errno));
	free(line);
	if (in != NULL)
		fclose(in);
	else if (copy >= 0)
		close(copy);
	return found;
}

bool send_append_name(int fd, const char *path)
{
	char open_file[64];
	snprintf(open_file, sizeof(open_file), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, open_file, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
		return true;
	int empty = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (empty >= 0)
		close(empty);
	return false;
}
