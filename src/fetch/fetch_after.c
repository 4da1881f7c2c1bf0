/* SPDX-License-Identifier: MIT */
/* What becomes of a file at the source once it is done with, and what is written back. */
#include "fetch_priv.h"

#include "dropfeed/step.h"

#include <stdio.h>
#include <stdlib.h>

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

/* The i-th name that a file may be moved to: dir/name, dir/name.1, ... The caller's. */
static char *after_target(const char *dir, const char *name, int i)
{
	char *leaf = fetch_moved_name(name, i);
	char *to = fetch_path_join(dir, leaf);
	free(leaf);
	return to;
}

/* Servers say no more than "failure", so that what is at the target is asked first, and once more
 * when a move fails: somebody else may have taken the name meanwhile. *taken: so it is. said gets
 * the server's words. */
static enum df_status after_try(struct fetch *source, const char *from, const char *to, bool *taken,
				struct df_err *said)
{
	const struct fetch_driver *driver = source->driver;
	struct fetch_stat seen = {0};
	enum df_status st = fetch_look(source, to, false, &seen, said);
	*taken = st == DF_OK;
	if (st == DF_END) {
		*said = (struct df_err){0};
		df_before("move the source's file");
		st = driver->move(source->state, from, to, said);
		df_after("move the source's file");
		st = fetch_asked(source, st, "renaming");
	}
	if (*taken || source->cannot != NULL || (st != DF_REJECT && st != DF_END))
		return st;

	struct df_err unread = {0};
	enum df_status there = fetch_look(source, to, false, &seen, &unread);
	*taken = there == DF_OK;
	if (there == DF_OK || there == DF_END)
		return st;
	*said = unread;
	return there;
}

static enum df_status after_move(struct fetch *source, const char *from, const char *dir,
				 const char *name, struct df_err *err)
{
	for (int i = 0; i < FETCH_MOVE_TRIES; i++) {
		struct fetch_stat seen = {0};
		struct df_err said = {0}, ignored = {0};
		bool taken = false;
		char *to = after_target(dir, name, i);
		enum df_status st = after_try(source, from, to, &taken, &said);
		free(to);
		if (taken)
			continue;
		if (st == DF_OK || source->cannot != NULL)
			return st;
		if ((st == DF_END || st == DF_REJECT) &&
		    fetch_look(source, from, false, &seen, &ignored) == DF_END)
			return DF_END;
		if (st == DF_REJECT || st == DF_END)
			return df_fail(DF_RETRY, err, NULL,
				       "cannot move %s to %s on the source: %s", name, dir,
				       st == DF_END ? "no such file or folder" : said.text);
		return df_fail(st, err, NULL, "%s", said.text);
	}
	return df_fail(DF_RETRY, err, NULL,
		       "cannot move %s: %s on the source holds %d files of that name", name, dir,
		       FETCH_MOVE_TRIES);
}

/* Another file may have come under the name since this one was read: that one is not done with.
 * A server may say another time than its listing did: then the listing is asked again. */
static enum df_status after_stat(struct fetch *source, const struct fetch_entry *entry,
				 const char *path, struct df_err *err)
{
	struct fetch_stat seen = {0};
	enum df_status st = fetch_look(source, path, false, &seen, err);
	if (st != DF_OK)
		return st;
	if (!fetch_is_file(&seen))
		return DF_END;
	if (seen.size == entry->size && seen.mtime == entry->mtime)
		return DF_OK;
	if (!source->driver->listing_differs)
		return DF_END;
	st = fetch_list_stat(source, entry->name, &seen, err);
	if (st != DF_OK)
		return st;
	return fetch_is_file(&seen) && seen.size == entry->size && seen.mtime == entry->mtime
		   ? DF_OK
		   : DF_END;
}

static enum df_status after_delete(struct fetch *source, const char *path, struct df_err *err)
{
	struct df_err said = {0};
	df_before("delete the source's file");
	enum df_status st = source->driver->delete (source->state, path, &said);
	df_after("delete the source's file");
	st = fetch_asked(source, st, "deleting files");
	if (fetch_absent(source, st, path))
		return DF_END;
	return st == DF_OK || st == DF_END
		   ? st
		   : df_fail(st, err, NULL, "cannot delete %s on the source: %s",
			     df_base_name(path), said.text);
}

/* Sub-folders of the name are kept, and made where they are missing. */
static enum df_status after_move_below(struct fetch *source, const char *path, const char *dir,
				       const char *name, struct df_err *err)
{
	char *top = fetch_path_dir(source, dir), *below = fetch_path_beside(top, name);
	enum df_status st = fetch_path_make(source, below, err);
	if (st != DF_OK)
		goto cleanup;
	st = after_move(source, path, below, df_base_name(name), err);
cleanup:
	free(below);
	free(top);
	return st;
}

static enum df_status after_one(struct fetch *source, const char *name,
				const struct conf_after_action *action, struct df_err *err)
{
	char *path = fetch_path_join(source->root, name);
	enum df_status st = action->what == CONF_DELETE
				? after_delete(source, path, err)
				: after_move_below(source, path, action->dir, name, err);
	free(path);
	return st;
}

static enum df_status after_all(struct fetch *source, const struct fetch_entry *entry,
				const struct conf_after_action *action, struct df_err *err)
{
	char *path = fetch_path_join(source->root, entry->name), *beside = NULL;
	enum df_status st = after_stat(source, entry, path, err);
	free(path);
	if (st != DF_OK)
		return st;

	/* What belongs to the file goes first: a marker that is left alone would announce the
	 * next file of that name. */
	for (size_t i = 0; (beside = fetch_companion(source->feed, entry->name, i)) != NULL; i++) {
		st = after_one(source, beside, action, err);
		free(beside);
		if (st != DF_OK && st != DF_END)
			return st;
	}
	return after_one(source, entry->name, action, err);
}

enum df_status fetch_after(struct fetch *source, const struct fetch_entry *entry,
			   const struct conf_after_action *action, struct df_err *err)
{
	if (action->what == CONF_KEEP)
		return DF_OK;
	if (!fetch_name_below(entry->name))
		return df_fail(DF_FATAL, err, NULL, "'%s' is not the name of a file", entry->name);
	source->cannot = NULL;
	return after_status(source, after_all(source, entry, action, err), err);
}

/* ---- writing back ---- */

struct put_job {
	struct fetch *source;
	char *folder;
	char *tmp;  /* in the folder */
	char *to;   /* likewise */
	bool aside; /* what has the name is moved aside */
	const void *p;
	size_t len;
};

static enum df_status put_delete(const struct put_job *job, struct df_err *err)
{
	struct fetch *source = job->source;
	struct df_err said = {0};
	enum df_status st = source->driver->delete (source->state, job->tmp, &said);
	st = fetch_asked(source, st, "deleting files");
	if (fetch_absent(source, st, job->tmp))
		return DF_END;
	return st == DF_OK || st == DF_END ? st : df_fail(st, err, NULL, "%s", said.text);
}

static enum df_status put_write(const struct put_job *job, const char *path, struct df_err *err)
{
	struct fetch *source = job->source;
	return fetch_asked(source,
			   source->driver->write(source->state, path, job->p, job->len, err),
			   "writing files");
}

/* Where the server cannot rename, the bytes are written once more, under their own name. */
static enum df_status put_name(const struct put_job *job, struct df_err *err)
{
	struct fetch *source = job->source;
	const struct fetch_driver *driver = source->driver;
	struct df_err said = {0}, ignored = {0};
	enum df_status st = driver->replace(source->state, job->tmp, job->to, &said);
	st = fetch_asked(source, st, "renaming");
	if (source->cannot == NULL)
		return st == DF_OK || st == DF_END ? st : df_fail(st, err, NULL, "%s", said.text);

	source->cannot = NULL;
	st = put_write(job, job->to, err);
	if (driver->delete (source->state, job->tmp, &ignored) != DF_OK)
		df_log(DF_LOG_DEBUG, "%s stays on the source: %s", job->tmp, ignored.text);
	return st;
}

static enum df_status put_aside(const struct put_job *job, struct df_err *err)
{
	enum df_status st =
	    after_move(job->source, job->to, job->folder, df_base_name(job->to), err);
	return st == DF_END ? DF_OK : st;
}

static enum df_status put_all(const struct put_job *job, struct df_err *err)
{
	enum df_status st = fetch_path_make(job->source, job->folder, err);
	if (st != DF_OK)
		return st;
	st = put_delete(job, err);
	if (st != DF_OK && st != DF_END)
		return st;

	df_before("write back to the source");
	st = put_write(job, job->tmp, err);
	if (st != DF_OK)
		return st;
	st = job->aside ? put_aside(job, err) : DF_OK;
	if (st != DF_OK)
		return st;
	df_before("name what is written back");
	st = put_name(job, err);
	df_after("name what is written back");
	return st;
}

/* A fixed temporary name, so that one that a broken run left over is found and replaced. Another
 * feed may write a file of that name to that folder at the same time: it has another one. */
static char *put_temporary(const struct conf_feed *feed, const char *folder, const char *name)
{
	char hex[DF_SHA256_HEX];
	struct df_sha256 *hash = df_sha256_new();
	df_sha256_add(hash, feed->name, strlen(feed->name));
	df_sha256_add(hash, "/", 1);
	df_sha256_add(hash, name, strlen(name));
	df_sha256_end(hash, hex);
	df_sha256_free(hash);
	char *leaf = df_format(".dropfeed-%.16s.tmp", hex);
	char *tmp = fetch_path_join(folder, leaf);
	free(leaf);
	return tmp;
}

/* A copy of rejects has a drop file's name: where such files are moved to the same folder, it
 * replaces none of them. */
static bool put_may_meet(const struct conf_feed *feed, const char *dir, const char *name)
{
	return !df_ends_with(name, ".receipt.json") &&
	       (conf_dirs_are_one(feed, dir, feed, feed->fetch.after_done.dir) ||
		conf_dirs_are_one(feed, dir, feed, feed->fetch.after_refused.dir));
}

enum df_status fetch_put(struct fetch *source, const char *dir, const char *name, const void *p,
			 size_t len, struct df_err *err)
{
	if (!fetch_name_below(name))
		return df_fail(DF_FATAL, err, NULL, "'%s' is not the name of a file", name);
	struct put_job job = {.source = source, .p = p, .len = len};
	char *top = fetch_path_dir(source, dir);
	job.folder = fetch_path_beside(top, name);
	job.tmp = put_temporary(source->feed, job.folder, name);
	job.to = fetch_path_join(job.folder, df_base_name(name));
	job.aside = put_may_meet(source->feed, dir, name);
	source->cannot = NULL;

	enum df_status st = put_all(&job, err);
	if (st == DF_END)
		st = df_fail(DF_RETRY, err, NULL, "the folder went away");
	if (st != DF_OK)
		df_err_context(err, "cannot write %s to %s on the source", name, job.folder);
	free(job.to);
	free(job.tmp);
	free(job.folder);
	free(top);
	return after_status(source, st, err);
}
