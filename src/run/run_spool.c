/* SPDX-License-Identifier: MIT */
/* What a crash leaves in the spool: a file that the ledger has closed but that was not yet removed, a download of which
 * nothing came. Nothing that an unfinished file needs is touched. */
#include "run_session.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PART_KEPT_S 86400 /* a cut download may be resumed for this long */

struct sweep {
	const struct run *run;
	const char *feed;
	char **keep; /* own; paths of unfinished files */
	size_t n;
};

static enum df_status keep_open(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	(void)err;
	struct sweep *s = ctx;
	if (f->state == LEDGER_DONE || f->state == LEDGER_REFUSED)
		return DF_OK;
	struct fetch_entry e = {.name = f->name, .size = f->size, .mtime = f->mtime};
	s->keep = df_realloc(s->keep, (s->n + 1) * sizeof(*s->keep));
	s->keep[s->n++] = run_spool_path(s->run->conf, s->feed, &e);
	return DF_OK;
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);
	return n > m && strcmp(name + n - m, end) == 0;
}

static bool is_left_over(const struct sweep *s, const char *path)
{
	struct stat info;
	if (strncmp(df_base_name(path), "import-", 7) == 0) /* who holds the lock imports nothing else */
		return true;
	if (ends_with(path, ".part"))
		return stat(path, &info) == 0 && time(NULL) - info.st_mtime > PART_KEPT_S;
	if (!ends_with(path, ".drop"))
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->keep[i], path) == 0)
			return false;
	return true;
}

enum df_status run_spool_sweep(const struct run *run, const char *feed, struct df_err *err)
{
	struct sweep s = {.run = run, .feed = feed};
	enum df_status st = ledger_files(run->env.ledger, feed, true, keep_open, &s, err);
	char *dir = df_format("%s/spool/%s", run->conf->state_dir, feed);
	DIR *d = st == DF_OK ? opendir(dir) : NULL;
	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
		char *path = df_format("%s/%s", dir, e->d_name);
		if (is_left_over(&s, path) && unlink(path) != 0)
			df_log(DF_LOG_WARN, "cannot remove %s: %s", path, strerror(errno));
		free(path);
	}
	if (d != NULL)
		closedir(d);
	for (size_t i = 0; i < s.n; i++)
		free(s.keep[i]);
	free(s.keep);
	free(dir);
	return st;
}
