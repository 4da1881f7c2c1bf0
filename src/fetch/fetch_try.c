/* SPDX-License-Identifier: MIT */
/*
 * Whether a source can be written to as receipts, after_done and after_refused need it. Nothing but
 * an attempt shows that: rights that a server lists are not those that it grants. The file of the
 * attempt is hidden, so that no feed takes it.
 */
#include "fetch_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char words[] = "made by `dropfeed doctor`, which removes it at once\n";

static void add_folder_name(struct df_buf *list, const char *dir)
{
	df_buf_addf(list, "%s%s", list->len > 0 ? ", " : "", dir);
}

static enum df_status remove_file(struct fetch *source, const char *path, struct df_err *err)
{
	enum df_status st = fetch_asked(source, source->driver->delete (source->state, path, err),
					"deleting files");
	if (st != DF_OK && st != DF_END)
		df_err_context(err, "cannot delete files there");
	return st == DF_END ? DF_OK : st;
}

/* In the source's own folder: a file that is moved to `dir`, or deleted. */
static enum df_status try_after(struct fetch *source, const char *name,
				const struct conf_after_action *action, struct df_err *err)
{
	const struct fetch_driver *driver = source->driver;
	struct df_err ignored = {0};
	char *from = fetch_path_join(source->root, name), *to = NULL;
	char *dir = action->what == CONF_MOVE ? fetch_path_dir(source, action->dir) : NULL;
	(void)driver->delete (source->state, from, &ignored); /* of an attempt that was cut off */
	enum df_status st =
	    fetch_asked(source, driver->write(source->state, from, words, sizeof(words) - 1, err),
			"writing files");
	if (st != DF_OK) {
		df_err_context(err, "cannot write to the folder %s", source->root);
		goto cleanup;
	}

	if (dir != NULL) {
		st = fetch_path_make(source, dir, err);
		to = fetch_path_join(dir, name);
		if (st == DF_OK)
			st = fetch_asked(source, driver->move(source->state, from, to, err),
					 "renaming");
		if (st != DF_OK)
			df_err_context(err, "cannot move files to the folder %s", dir);
	}
	if (st == DF_OK)
		st = remove_file(source, to != NULL ? to : from, err);
	if (st != DF_OK)
		(void)driver->delete (source->state, from, &ignored);
cleanup:
	free(dir);
	free(to);
	free(from);
	return st;
}

static enum df_status try_receipts(struct fetch *source, const char *name, const char *receipts,
				   struct df_err *err)
{
	enum df_status st = fetch_put(source, receipts, name, words, sizeof(words) - 1, err);
	if (st != DF_OK)
		return st;
	char *dir = fetch_path_dir(source, receipts), *path = fetch_path_join(dir, name);
	st = remove_file(source, path, err);
	free(path);
	free(dir);
	return st;
}

/* A source that answers and does not do it refuses it: no later try will help. */
static enum df_status refused(const struct fetch *source, enum df_status st, const char *setting,
			      struct df_err *err)
{
	if (source->cannot != NULL) {
		*err = (struct df_err){0};
		(void)df_fail(DF_DENIED, err, NULL, "the server does not support %s",
			      source->cannot);
	} else if (err->text[0] == '\0') {
		(void)df_fail(DF_DENIED, err, NULL, "no such file or folder");
	}
	df_err_context(err, "%s needs write access at the source", setting);
	return st == DF_RETRY && fetch_broken(source) ? DF_RETRY : DF_DENIED;
}

enum df_status fetch_try_write(struct fetch *source, char **where, struct df_err *err)
{
	const struct conf_fetch *set = &source->feed->fetch;
	const struct {
		const char *setting;
		const struct conf_after_action *action;
	} actions[] = {{"after_done", &set->after_done}, {"after_refused", &set->after_refused}};
	struct df_buf list = {0};
	char name[48];
	enum df_status st = DF_END;
	snprintf(name, sizeof(name), ".dropfeed-doctor-%ld", (long)getpid());
	source->cannot = NULL;
	for (size_t i = 0; i < 2 && (st == DF_OK || st == DF_END); i++) {
		if (actions[i].action->what == CONF_KEEP)
			continue;
		st = try_after(source, name, actions[i].action, err);
		if (st != DF_OK)
			st = refused(source, st, actions[i].setting, err);
		add_folder_name(&list, actions[i].action->dir != NULL ? actions[i].action->dir
								      : source->root);
	}
	if ((st == DF_OK || st == DF_END) && set->receipts != NULL) {
		st = try_receipts(source, name, set->receipts, err);
		if (st != DF_OK)
			st = refused(source, st, "receipts", err);
		add_folder_name(&list, set->receipts);
	}
	*where = st == DF_OK ? df_strdup(df_buf_cstr(&list)) : NULL;
	df_buf_free(&list);
	return st;
}
