/* SPDX-License-Identifier: MIT */
/* What becomes of a file at the source once it is done with, and what is written back. */
#include "fetch_priv.h"

#include "dropfeed/step.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOVE_TRIES = 10000 }; /* numbered names before giving up */

/* The source's "no" after a listing that said "yes" is nothing that a user must correct here: the
 * next run tries again. What it cannot do at all, it cannot do then either.
 */
static enum df_status after_status(const struct fetch *source, enum df_status st,
				   struct df_err *err)
{
	if (source->cannot == NULL || st == DF_OK || st == DF_END)
		return st == DF_REJECT ? DF_RETRY : st;
	*err = (struct df_err){0};
	return df_fail(DF_REJECT, err, NULL, "the server does not support %s", source->cannot);
}

/* Moves to dir/name, dir/name.1, ... Servers say no more than "failure", so that what is at
 * the target is asked first, and once more when a move fails: somebody else may have taken the
 * name meanwhile. */
static enum df_status after_move(struct fetch *source, const char *from, const char *dir,
				 const char *name, struct df_err *err)
{
	const struct fetch_driver *driver = source->driver;
	for (int i = 0; i < MOVE_TRIES; i++) {
		char number[16] = "";
		if (i > 0)
			snprintf(number, sizeof(number), ".%d", i);
		char *leaf = df_file_name(name, strlen(name), number);
		char *to = fetch_path_join(dir, leaf);
		free(leaf);
		struct fetch_stat seen = {0};
		struct df_err said = {0};
		bool taken = false;
		enum df_status st = driver->stat(source->state, to, false, &seen, err);
		if (st == DF_OK)
			taken = true;
		else if (st == DF_END) {
			df_before("move the source's file");
			st = driver->move(source->state, from, to, &said);
			df_after("move the source's file");
			if (fetch_asked(source, st, "renaming") == DF_REJECT &&
			    source->cannot != NULL) {
				free(to);
				return st;
			}
		}
		if (!taken && (st == DF_REJECT || st == DF_END)) {
			enum df_status there = driver->stat(source->state, to, false, &seen, err);
			taken = there == DF_OK;
			if (there != DF_OK && there != DF_END)
				st = there;
		}
		free(to);
		if (taken)
			continue;
		if (st == DF_END && driver->stat(source->state, from, false, &seen, err) == DF_END)
			return DF_END;
		if (st == DF_REJECT || st == DF_END)
			return df_fail(DF_RETRY, err, NULL,
				       "cannot move %s to %s on the source: %s", name, dir,
				       st == DF_END ? "no such file or folder" : said.text);
		if (st != DF_OK && said.text[0] != '\0')
			return df_fail(st, err, NULL, "%s", said.text);
		return st;
	}
	return df_fail(DF_RETRY, err, NULL,
		       "cannot move %s: %s on the source holds %d files of that name", name, dir,
		       MOVE_TRIES);
}

/* Another file may have come under the name since this one was read: that one is not done with.
 * A server may say another time than its listing did: then the listing is asked again. */
static enum df_status after_stat(struct fetch *source, const struct fetch_entry *entry,
				 const char *path, struct df_err *err)
{
	struct fetch_stat seen = {0};
	enum df_status st = source->driver->stat(source->state, path, false, &seen, err);
	if (st != DF_OK)
		return st;
	if (!fetch_is_file(&seen))
		return DF_END;
	if (seen.size == entry->size && seen.mtime == entry->mtime)
		return DF_OK;
	if (!source->driver->listing_differs)
		return DF_END;
	st = fetch_list_stat(source, entry->name, &seen, err);
	if (st == DF_OK &&
	    (!fetch_is_file(&seen) || seen.size != entry->size || seen.mtime != entry->mtime))
		st = DF_END;
	return st;
}

static enum df_status after_delete(struct fetch *source, const char *path, struct df_err *err)
{
	df_before("delete the source's file");
	enum df_status st = source->driver->delete (source->state, path, err);
	df_after("delete the source's file");
	st = fetch_asked(source, st, "deleting files");
	if (st != DF_OK && st != DF_END)
		df_err_context(err, "cannot delete %s on the source", df_base_name(path));
	return st;
}

static enum df_status after_one(struct fetch *source, const char *name,
				const struct conf_after_action *action, struct df_err *err)
{
	char *path = fetch_path_join(source->root, name), *dir = NULL, *below = NULL;
	enum df_status st = DF_OK;
	if (action->what == CONF_DELETE) {
		st = after_delete(source, path, err);
		goto cleanup;
	}
	dir = fetch_path_dir(source, action->dir);
	below = fetch_path_beside(dir, name);
	st = fetch_path_make(source, below, err);
	if (st == DF_OK)
		st = after_move(source, path, below, df_base_name(name), err);
cleanup:
	free(below);
	free(dir);
	free(path);
	return st;
}

enum df_status fetch_after(struct fetch *source, const struct fetch_entry *entry,
			   const struct conf_after_action *action, struct df_err *err)
{
	const char *name = entry->name;
	if (action->what == CONF_KEEP)
		return DF_OK;
	if (!fetch_name_below(name))
		return df_fail(DF_FATAL, err, NULL, "'%s' is not the name of a file", name);
	source->cannot = NULL;
	char *path = fetch_path_join(source->root, name);
	enum df_status st = after_stat(source, entry, path, err);
	free(path);

	/* What belongs to the file goes first: a marker that is left alone would announce the
	 * next file of that name. */
	char *beside = NULL;
	for (size_t i = 0; st == DF_OK && (beside = fetch_companion(source->feed, name, i)) != NULL;
	     i++) {
		enum df_status one = after_one(source, beside, action, err);
		st = one == DF_END || one == DF_OK ? DF_OK : one;
		free(beside);
	}
	if (st == DF_OK)
		st = after_one(source, name, action, err);
	return after_status(source, st, err);
}

/* ---- writing back ---- */

struct put_bytes {
	const void *p;
	size_t len;
};

/* Where the server cannot rename, the bytes are written once more, under their own name. */
static enum df_status put_name(struct fetch *source, const char *tmp, const char *to,
			       const struct put_bytes *bytes, struct df_err *err)
{
	const struct fetch_driver *driver = source->driver;
	struct df_err said = {0}, ignored = {0};
	enum df_status st =
	    fetch_asked(source, driver->replace(source->state, tmp, to, &said), "renaming");
	if (source->cannot == NULL)
		return st == DF_OK || st == DF_END ? st : df_fail(st, err, NULL, "%s", said.text);

	source->cannot = NULL;
	st = fetch_asked(source, driver->write(source->state, to, bytes->p, bytes->len, err),
			 "writing files");
	if (driver->delete (source->state, tmp, &ignored) != DF_OK)
		df_log(DF_LOG_DEBUG, "%s stays on the source: %s", tmp, ignored.text);
	return st;
}

enum df_status fetch_put(struct fetch *source, const char *dir, const char *name, const void *p,
			 size_t len, struct df_err *err)
{
	if (!fetch_name_below(name))
		return df_fail(DF_FATAL, err, NULL, "'%s' is not the name of a file", name);
	/* A fixed temporary name, so that one that a broken run left over is found and
	 * replaced. */
	char hex[DF_SHA256_HEX];
	struct df_sha256 *hash = df_sha256_new();
	df_sha256_add(hash, name, strlen(name));
	df_sha256_end(hash, hex);
	df_sha256_free(hash);
	char *top = fetch_path_dir(source, dir), *folder = fetch_path_beside(top, name);
	char *leaf = df_format(".dropfeed-%.16s.tmp", hex);
	char *tmp = fetch_path_join(folder, leaf);
	char *to = fetch_path_join(folder, df_base_name(name));
	source->cannot = NULL;
	enum df_status st = fetch_path_make(source, folder, err);
	if (st == DF_OK)
		st = fetch_asked(source, source->driver->delete (source->state, tmp, err),
				 "deleting files");
	df_before("write back to the source");
	if (st == DF_OK || st == DF_END)
		st = fetch_asked(source, source->driver->write(source->state, tmp, p, len, err),
				 "writing files");
	df_before("name what is written back");
	if (st == DF_OK)
		st = put_name(source, tmp, to, &(struct put_bytes){p, len}, err);
	df_after("name what is written back");
	if (st == DF_END)
		st = df_fail(DF_RETRY, err, NULL, "the folder went away");
	if (st != DF_OK)
		df_err_context(err, "cannot write %s to %s on the source", name, folder);
	free(to);
	free(tmp);
	free(leaf);
	free(folder);
	free(top);
	return after_status(source, st, err);
}
