/* SPDX-License-Identifier: MIT */
#include "dropfeed/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_UNIT (8u << 20)
#define COPY_CHUNK (128u << 10) /* the processor's cache has it while it is hashed */

enum df_status df_disk_status(int error, enum df_status otherwise)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG: /* a limit of the process (ulimit -f) */
	case EIO:
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case ESTALE: /* this and the next: a folder of another machine */
	case ETIMEDOUT:
		return DF_RETRY;
	default:
		return otherwise;
	}
}

const char *df_strerror(int error)
{
	switch (error) {
	case ENOSPC:
		return "No space left on device: make room and run again";
	case EDQUOT:
		return "Disk quota exceeded: make room and run again";
	case EFBIG:
		return "File too large: raise the limit on file sizes (ulimit -f) and run again";
	case EROFS: /* state_dir on a read-only volume, or a disk that the kernel has given up */
		return "Read-only file system: mount it for writing (a faulty disk becomes "
		       "read-only: see dmesg), or use another folder, and run again";
	default:
		return strerror(error);
	}
}

enum df_status df_sync_folder(const char *path, struct df_err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum df_status st = DF_OK;
	/* Some network file systems cannot sync folders, and say so with EINVAL. */
	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
		st = df_fail(DF_RETRY, err, NULL, "cannot sync the folder %s: %s", path,
			     df_strerror(errno));
	if (fd >= 0)
		close(fd);
	return st;
}

enum df_status df_sync_folder_of(const char *path, struct df_err *err)
{
	char *folder = df_dirname(path);
	enum df_status st = df_sync_folder(folder, err);
	free(folder);
	return st;
}

enum df_status df_unnamed_open(const char *dir, int *fd_out, struct df_err *err)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
		char *path = df_format("%s/.unnamed-XXXXXX", dir);
		fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0 && unlink(path) != 0) {
			close(fd);
			fd = -1;
		}
		free(path);
	}
	if (fd < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot make a temporary file in %s: %s", dir,
			       df_strerror(errno));
	*fd_out = fd;
	return DF_OK;
}

bool df_is_dangling(const char *path)
{
	struct stat s;
	return stat(path, &s) != 0 && errno == ENOENT && lstat(path, &s) == 0;
}

enum df_status df_mkdirs(const char *path, struct df_err *err)
{
	char *copy = df_strdup(path);
	enum df_status st = DF_OK;
	for (char *p = copy + 1; st == DF_OK; p++) {
		if (*p != '/' && *p != '\0')
			continue;
		char was = *p;
		*p = '\0';
		if (mkdir(copy, 0700) != 0 && errno != EEXIST)
			st = df_fail(df_disk_status(errno, DF_FATAL), err, NULL,
				     "cannot make the folder %s: %s", copy, df_strerror(errno));
		else if (df_is_dangling(copy))
			st = df_fail(DF_FATAL, err, NULL, "%s " DF_DANGLING, copy);
		*p = was;
		if (was == '\0')
			break;
	}
	free(copy);
	return st;
}

enum df_status df_write_all(int fd, const void *p, size_t len, struct df_err *err)
{
	const char *from = p;
	while (len > 0) {
		ssize_t n = write(fd, from, len < INT_MAX ? len : INT_MAX);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return df_fail(DF_RETRY, err, NULL, "cannot write: %s", df_strerror(errno));
		from += n;
		len -= (size_t)n;
	}
	return DF_OK;
}

void df_write_behind(int fd, uint64_t *begun, uint64_t end)
{
	end -= end % WRITE_UNIT; /* the last one is not full yet */
	if (end <= *begun)
		return;
	(void)sync_file_range(fd, (off_t)*begun, (off_t)(end - *begun), SYNC_FILE_RANGE_WRITE);
	*begun = end;
}

enum df_status df_read_file(const char *path, size_t max, char **out, size_t *len,
			    struct df_err *err)
{
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return df_fail(df_disk_status(errno, DF_USAGE), err, NULL, "cannot read %s: %s",
			       path, strerror(errno));
	struct df_buf b = {.max = max + 1};
	char chunk[16384];
	size_t n;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0 && !b.over)
		df_buf_add(&b, chunk, n);
	int why = ferror(f) ? errno : 0;
	fclose(f);
	if (why != 0 || b.over || b.len > max) {
		bool big = b.over || b.len > max;
		df_buf_free(&b);
		return big ? df_fail(DF_USAGE, err, NULL, "%s is larger than %zu bytes", path, max)
			   : df_fail(df_disk_status(why, DF_USAGE), err, NULL, "cannot read %s: %s",
				     path, strerror(why));
	}

	df_buf_cstr(&b);
	*out = b.data;
	if (len != NULL)
		*len = b.len;
	return DF_OK;
}

const char *df_scratch(void)
{
	const char *tmp = getenv("TMPDIR");
	return tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp";
}

enum df_status df_open_named(const char *path, int *fd_out, struct df_err *err)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return df_fail(DF_USAGE, err, NULL, "cannot read %s: %s", path, strerror(errno));
	if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
		close(fd);
		return df_fail(DF_USAGE, err, NULL, "%s is a folder; name the files in it", path);
	}
	*fd_out = fd;
	return DF_OK;
}

enum df_status df_copy(int fd_in, int fd_out, char hex[DF_SHA256_HEX], struct df_err *err)
{
	struct df_sha256 *h = df_sha256_new();
	char *chunk = df_alloc(COPY_CHUNK);
	enum df_status st = DF_OK;
	while (st == DF_OK) {
		ssize_t n = read(fd_in, chunk, COPY_CHUNK);
		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			st = df_fail(DF_RETRY, err, NULL, "cannot read: %s", strerror(errno));
		if (n > 0)
			df_sha256_add(h, chunk, (size_t)n);
		if (n > 0 && fd_out >= 0)
			st = df_write_all(fd_out, chunk, (size_t)n, err);
		if (st == DF_OK && df_stop_requested)
			st = df_fail(DF_RETRY, err, NULL, "stopped by a signal");
	}

	df_sha256_end(h, hex);
	df_sha256_free(h);
	free(chunk);
	return st;
}
