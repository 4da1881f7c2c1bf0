/* SPDX-License-Identifier: MIT */
/* Local files, and copies of them. */
#include "run_import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_CHUNK (1u << 20)

const char *run_scratch(void)
{
	const char *tmp = getenv("TMPDIR");
	return tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp";
}

enum df_status run_open(const char *path, int *fd_out, struct df_err *err)
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

enum df_status run_copy(int fd_in, int fd_out, char hex[DF_SHA256_HEX], struct df_err *err)
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

const char *run_import_name(const struct run_import_options *o, const char *file)
{
	if (strcmp(file, "-") == 0)
		return o->stdin_name;
	return df_base_name(file);
}

enum df_status run_import_open(const char *file, int *fd, struct df_err *err)
{
	if (strcmp(file, "-") != 0)
		return run_open(file, fd, err);
	*fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	return *fd >= 0 ? DF_OK
			: df_fail(DF_USAGE, err, NULL, "cannot read standard input: %s",
				  strerror(errno));
}
