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
