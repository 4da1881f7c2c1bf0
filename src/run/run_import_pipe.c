/* SPDX-License-Identifier: MIT */
/* A pipe is read to its end before the state folder is locked: its writer may take hours, or hang,
 * and meanwhile no run would begin. */
#include "run_import.h"
#include "run_session.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_EVERY_MS 500

/* Of standard input, and of a name that will not be refused before anything is read. */
static bool reads_pipe(const struct run_import_options *o)
{
	const struct name_feed of = {o->feed->decode.document_type, o->feed->requests.on};
	struct stat info;
	struct name parsed;
	struct df_err ignored = {0};
	bool named = false;
	for (size_t i = 0; i < o->n_files; i++)
		named = named || strcmp(o->files[i], "-") == 0;
	return named && fstat(STDIN_FILENO, &info) == 0 && S_ISFIFO(info.st_mode) &&
	       name_parse_for(&of, run_import_name(o, "-"), &parsed, &ignored) == DF_OK;
}

static bool is_free(const struct conf *conf, bool *busy, struct df_err *err)
{
	struct df_lock lock = {-1, -1};
	char *path = df_format("%s/lock", conf->state_dir);
	enum df_status st = df_lock_take(path, &lock, busy, err);
	if (st == DF_OK)
		df_lock_release(&lock);
	free(path);
	return st == DF_OK;
}

static bool has_good_ledger(const struct conf *conf)
{
	struct ledger *ledger = NULL;
	struct df_err ignored = {0};
	enum df_status st = run_ledger_read(conf, &ledger, &ignored);
	ledger_close(ledger);
	return st == DF_OK;
}

/* A file in the spool for what is read; -1: it would be read in vain, as opening the state folder
 * fails, which says why. */
static int file_for_pipe(const struct conf *conf, bool *busy, struct df_err *err)
{
	char remote[64];
	struct df_err ignored = {0};
	int fd = -1;
	if (df_is_remote(conf->state_dir, remote))
		return -1;
	char *spool = df_format("%s/spool", conf->state_dir);
	if (df_mkdirs(spool, &ignored) == DF_OK && is_free(conf, busy, err) &&
	    has_good_ledger(conf) && df_unnamed_open(spool, &fd, &ignored) != DF_OK)
		fd = -1;
	free(spool);
	return fd;
}

/* Standard input is the file from now on. */
static enum df_status read_pipe(int fd, struct df_err *err)
{
	char hex[DF_SHA256_HEX];
	enum df_status st = df_copy(STDIN_FILENO, fd, hex, err);
	if (st != DF_OK)
		return st;
	if (lseek(fd, 0, SEEK_SET) != 0 || dup2(fd, STDIN_FILENO) < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot read standard input: %s",
			       strerror(errno));
	return DF_OK;
}

enum df_status run_import_pipe(const struct conf *conf, const struct run_import_options *o,
			       bool *read, bool *busy, struct df_err *err)
{
	struct df_err why = {0};
	if (!reads_pipe(o))
		return DF_OK;
	int fd = file_for_pipe(conf, busy, &why);
	if (*busy) {
		*err = why;
		return DF_RETRY;
	}
	if (fd < 0)
		return DF_OK;
	enum df_status st = read_pipe(fd, err);
	*read = st == DF_OK;
	if (st != DF_OK)
		df_err_context(err, "%s: -", o->feed->name);
	close(fd);
	return st;
}

enum df_status run_import_session(struct run_session *s, const struct conf *conf, bool waits,
				  struct run_result *result, struct df_err *err)
{
	for (bool first = true;; first = false) {
		struct df_err why = {0};
		result->busy = false;
		enum df_status st = run_session_open(s, conf, result, &why);
		if (!result->busy || !waits || !df_rest(LOOK_EVERY_MS)) {
			*err = why;
			return st;
		}
		if (first)
			df_log(DF_LOG_INFO, "%s: standard input was read, and waits for its end",
			       why.text);
	}
}
