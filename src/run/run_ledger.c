/* SPDX-License-Identifier: MIT */
/* The ledger as it is, for commands that only read it; and how it moves, from SQLite in the state
 * folder to PostgreSQL or back. */
#include "run_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

/* Of the folder, or of one that it is in, a link to a disk that is not there: own, or NULL. */
static char *dangling_part(const char *path)
{
	char *part = df_strdup(path);
	while (!df_is_dangling(part)) {
		char *parent = df_dirname(part);
		bool top = strcmp(parent, part) == 0;
		free(part);
		part = parent;
		if (top) {
			free(part);
			return NULL;
		}
	}
	return part;
}

enum df_status run_ledger_read(const struct conf *conf, struct ledger **out, struct df_err *err)
{
	const struct ledger_where where = setup_ledger(conf);
	enum df_status st = ledger_open_at_readonly(&where, out, err);
	if (st != DF_END)
		return st;
	/* no run has made one yet, unless its disk is not there */
	char *part = where.url == NULL ? dangling_part(conf->state_dir) : NULL;
	st = part != NULL ? df_fail(DF_FATAL, err, NULL, "%s " DF_DANGLING, part) : DF_OK;
	free(part);
	return st;
}

static enum df_status note_known(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	(void)f, (void)err;
	*(bool *)ctx = true;
	return DF_END;
}

bool run_feed_known(const struct conf *conf, const char *feed)
{
	struct ledger *l = NULL;
	struct df_err ignored = {0};
	bool known = false;
	enum df_status st = run_ledger_read(conf, &l, &ignored);
	if (st == DF_OK && l != NULL)
		st = ledger_files(l, feed, false, note_known, &known, &ignored);
	ledger_close(l);
	return known || (st != DF_OK && st != DF_END);
}

/* ---- it moves ---- */

static enum df_status copy_into(const struct conf *conf, struct ledger *from, const char *to,
				struct df_err *err)
{
	struct ledger_where where = setup_ledger(conf);
	struct ledger *target = NULL;
	uint64_t rows = 0;
	where.url = strcmp(to, "sqlite") == 0 ? NULL : to;
	enum df_status st = ledger_open_at(&where, &target, err);
	if (st != DF_OK)
		return st;
	st = ledger_copy(from, target, &rows, err);
	if (st != DF_OK)
		goto cleanup;

	char *name = ledger_where_name(&where);
	df_log(DF_LOG_INFO,
	       "%" PRIu64 " entries copied to %s; %s in the configuration before the next run, and "
	       "do not use the other one any more",
	       rows, name, where.url != NULL ? "name it as `ledger`" : "remove `ledger`");
	free(name);
cleanup:
	ledger_close(target);
	return st;
}

static enum df_status copy(const struct conf *conf, const char *to, struct df_err *err)
{
	const struct ledger_where where = setup_ledger(conf);
	struct ledger *from = NULL;
	enum df_status st = strcmp(to, "sqlite") == 0 ? DF_OK : conf_check_ledger(to, err);
	if (st != DF_OK) {
		df_err_context(err, "--to");
		return st;
	}
	st = ledger_open_at_readonly(&where, &from, err);
	if (st == DF_END)
		return df_fail(DF_USAGE, err, NULL,
			       "there is no ledger yet: set `ledger` to the new one, or leave it "
			       "out, and run");
	if (st != DF_OK)
		return st;
	st = copy_into(conf, from, to, err);
	ledger_close(from);
	return st;
}

void run_ledger_copy(const struct conf *conf, const char *to, struct run_result *result)
{
	struct df_err err = {0};
	struct df_lock held = {-1, -1};
	char *lock = df_format("%s/lock", conf->state_dir);
	enum df_status st = df_mkdirs(conf->state_dir, &err);
	if (st != DF_OK)
		goto cleanup;
	st = df_lock_take(lock, &held, &result->busy, &err);
	if (st != DF_OK)
		goto cleanup;
	st = copy(conf, to, &err);
cleanup:
	if (st != DF_OK)
		df_log_err(result->busy ? DF_LOG_INFO : DF_LOG_ERROR, &err);
	if (!result->busy)
		run_note_status(result, st);
	df_lock_release(&held);
	free(lock);
}
