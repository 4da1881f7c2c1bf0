/* SPDX-License-Identifier: MIT */
/* The files that `import` is given. */
#include "run_import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const char *run_import_name(const struct run_import_options *o, const char *file)
{
	if (strcmp(file, "-") == 0)
		return o->stdin_name;
	return df_base_name(file);
}

enum df_status run_import_open(const char *file, int *fd, struct df_err *err)
{
	if (strcmp(file, "-") != 0)
		return df_open_named(file, fd, err);
	*fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	return *fd >= 0 ? DF_OK
			: df_fail(DF_USAGE, err, NULL, "cannot read standard input: %s",
				  strerror(errno));
}

static bool import_stat(const char *file, struct stat *info)
{
	return strcmp(file, "-") == 0 ? fstat(STDIN_FILENO, info) == 0 : stat(file, info) == 0;
}

enum df_status run_import_unnamed(const char *file, const struct df_err *name, struct df_err *err)
{
	if (strcmp(file, "-") == 0) { /* it was given that name */
		*err = *name;
		return DF_REJECT;
	}

	struct stat info;
	int fd = -1;
	enum df_status st = run_import_open(file, &fd, err);
	if (st != DF_OK)
		return st;
	bool pipe = fstat(fd, &info) == 0 && !S_ISREG(info.st_mode);
	close(fd);
	if (pipe)
		return df_fail(DF_REJECT, err, "bad-name",
			       "its name does not say what the rows are: give it to standard "
			       "input, with a name such as `--name export-custom_event.csv -`");
	*err = *name;
	return DF_REJECT;
}

enum df_status run_import_keeps(const struct run_import_options *o, struct df_err *err)
{
	struct stat out, in;
	if (o->dry_run || o->feed->send.sink != CONF_SINK_FILE ||
	    stat(o->feed->send.sink_path, &out) != 0)
		return DF_OK;
	for (size_t i = 0; i < o->n_files; i++)
		if (import_stat(o->files[i], &in) && in.st_dev == out.st_dev &&
		    in.st_ino == out.st_ino)
			return df_fail(DF_USAGE, err, NULL,
				       "%s is to be read, and the batches would take its place: "
				       "name another file as the sink",
				       o->feed->send.sink_path);
	return DF_OK;
}
