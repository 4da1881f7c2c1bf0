/* SPDX-License-Identifier: MIT */
#include "dropfeed/name.h"
#include "fetch_priv.h"

#include "dropfeed/step.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOVE_TRIES = 10000 }; /* numbered names before giving up */

enum df_status fetch_open(const struct conf_feed *feed, struct fetch **out, struct df_err *err)
{
	struct fetch *source = df_alloc(sizeof(*source));
	source->feed = feed;
	switch (feed->source.kind) {
	case CONF_SOURCE_SFTP:
		source->driver = &fetch_sftp_driver;
		break;
	case CONF_SOURCE_FILE:
		source->driver = &fetch_dir_driver;
		break;
	case CONF_SOURCE_NONE:
		free(source);
		return df_fail(DF_USAGE, err, NULL, "feed %s has no source", feed->name);
	}
	source->root = fetch_path_root(&feed->source);
	struct fetch_stat seen = {0};
	enum df_status st = source->driver->open(feed, &source->state, err);
	if (st == DF_OK)
		st = source->driver->look(source->state, source->root, true, &seen, err);
	if (st == DF_END)
		st = df_fail(DF_USAGE, err, NULL, "the source folder %s does not exist: correct `source`, or make it",
			     source->root);
	else if (st == DF_REJECT)
		st = DF_DENIED;
	else if (st == DF_OK && seen.kind != FETCH_FOLDER)
		st = df_fail(DF_USAGE, err, NULL, "the source %s is not a folder", source->root);
	if (st != DF_OK) {
		fetch_close(source);
		return st;
	}
	*out = source;
	return DF_OK;
}

void fetch_close(struct fetch *source)
{
	if (source == NULL)
		return;
	if (source->state != NULL)
		source->driver->close(source->state);
	free(source->root);
	free(source);
}

static bool list_matches(const struct conf_list *globs, const char *name)
{
	for (size_t i = 0; i < globs->n; i++) {
		if (fnmatch(globs->v[i], name, 0) == 0)
			return true;
	}
	return false;
}

enum list_place { LIST_NOWHERE, LIST_TAKEN, LIST_MISNAMED };

static enum list_place list_place_of(const struct conf_feed *feed, const char *name)
{
	if (name_ignored(name) || list_matches(&feed->exclude, name))
		return LIST_NOWHERE;
	if (feed->include.n > 0)
		return list_matches(&feed->include, name) ? LIST_TAKEN : LIST_NOWHERE;
	struct name parts = {0};
	struct df_err unwanted = {0};
	if (name_parse(name, &parts, &unwanted) == DF_OK)
		return LIST_TAKEN;
	return name_meant(name) ? LIST_MISNAMED : LIST_NOWHERE;
}

struct list_job {
	const struct conf_feed *feed;
	struct fetch_list *list;
};

/* Room grows by doubling, at 64 and the powers of two above. */
static void list_add(struct fetch_entry **v, size_t *n, struct fetch_entry entry)
{
	if (*n == 0 || (*n >= 64 && (*n & (*n - 1)) == 0))
		*v = df_realloc(*v, (*n == 0 ? 64 : *n * 2) * sizeof(**v));
	(*v)[(*n)++] = entry;
}

static void list_visit(void *arg, const char *name, size_t len, const struct fetch_stat *st)
{
	const struct list_job *job = arg;
	if (st->kind != FETCH_FILE || !fetch_name_sound(name, len))
		return;
	struct fetch_entry entry = {.name = df_strndup(name, len), .size = st->size, .mtime = st->mtime};
	switch (list_place_of(job->feed, entry.name)) {
	case LIST_TAKEN:
		list_add(&job->list->v, &job->list->n, entry);
		break;
	case LIST_MISNAMED:
		list_add(&job->list->misnamed, &job->list->n_misnamed, entry);
		break;
	case LIST_NOWHERE:
		free(entry.name);
	}
}

static int list_order(const void *a, const void *b)
{
	return strcmp(((const struct fetch_entry *)a)->name, ((const struct fetch_entry *)b)->name);
}

enum df_status fetch_list(struct fetch *source, struct fetch_list *out, struct df_err *err)
{
	struct list_job job = {.feed = source->feed, .list = out};
	*out = (struct fetch_list){0};
	enum df_status st = source->driver->list(source->state, source->root, list_visit, &job, err);
	if (st == DF_END)
		st = df_fail(DF_USAGE, err, NULL, "the source folder %s does not exist any more", source->root);
	else if (st == DF_REJECT)
		st = DF_DENIED;
	if (st != DF_OK) {
		fetch_list_free(out);
		return st;
	}
	if (out->n > 0)
		qsort(out->v, out->n, sizeof(*out->v), list_order);
	if (out->n_misnamed > 0)
		qsort(out->misnamed, out->n_misnamed, sizeof(*out->misnamed), list_order);
	return st;
}

void fetch_list_free(struct fetch_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].name);
	for (size_t i = 0; i < list->n_misnamed; i++)
		free(list->misnamed[i].name);
	free(list->v);
	free(list->misnamed);
	*list = (struct fetch_list){0};
}

bool fetch_settled(const struct fetch_entry *now, uint64_t seen_size, int64_t seen_mtime, int64_t seen_ms,
		   int64_t now_ms, int64_t min_age_ms)
{
	if (min_age_ms == 0)
		return true;
	/* A clock that was set back only makes us wait longer. */
	return now->size == seen_size && now->mtime == seen_mtime && now_ms >= seen_ms &&
	       now_ms - seen_ms >= min_age_ms;
}

bool fetch_broken(const struct fetch *source)
{
	return source->driver->broken != NULL && source->driver->broken(source->state);
}

uint64_t fetch_received(const struct fetch *source)
{
	return source->received;
}

/* ---- after a file is done with ---- */

/* The source's "no" after a listing that said "yes" is nothing that a user must correct here: the next run tries again.
 */
static enum df_status after_status(enum df_status st)
{
	return st == DF_REJECT ? DF_RETRY : st;
}

/* Moves to dir/name, dir/name.1, ... Servers say no more than "failure", so that what stands at the target is asked
 * first, and once more when a move fails: somebody else may have taken the name meanwhile. */
static enum df_status after_move(struct fetch *source, const char *from, const char *dir, const char *name,
				 struct df_err *err)
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
		enum df_status st = driver->look(source->state, to, false, &seen, err);
		if (st == DF_OK)
			taken = true;
		else if (st == DF_END) {
			df_before("move the source's file");
			st = driver->move(source->state, from, to, &said);
			df_after("move the source's file");
		}
		if (!taken && (st == DF_REJECT || st == DF_END)) {
			enum df_status there = driver->look(source->state, to, false, &seen, err);
			taken = there == DF_OK;
			if (there != DF_OK && there != DF_END)
				st = there;
		}
		free(to);
		if (taken)
			continue;
		if (st == DF_REJECT || st == DF_END)
			return df_fail(DF_RETRY, err, NULL, "cannot move %s to %s on the source: %s", name, dir,
				       st == DF_END ? "no such file or folder" : said.text);
		if (st != DF_OK && said.text[0] != '\0')
			return df_fail(st, err, NULL, "%s", said.text);
		return st;
	}
	return df_fail(DF_RETRY, err, NULL, "cannot move %s: %s on the source holds %d files of that name", name, dir,
		       MOVE_TRIES);
}

/* Another file may have come under the name since this one was read: that one is not done with. */
static enum df_status after_look(struct fetch *source, const struct fetch_entry *entry, const char *path,
				 struct df_err *err)
{
	struct fetch_stat seen = {0};
	enum df_status st = source->driver->look(source->state, path, false, &seen, err);
	if (st == DF_OK && (seen.kind != FETCH_FILE || seen.size != entry->size || seen.mtime != entry->mtime))
		st = DF_END;
	return st;
}

enum df_status fetch_after(struct fetch *source, const struct fetch_entry *entry,
			   const struct conf_after_action *action, struct df_err *err)
{
	const char *name = entry->name;
	if (action->what == CONF_KEEP)
		return DF_OK;
	if (!fetch_name_sound(name, strlen(name)))
		return df_fail(DF_FATAL, err, NULL, "'%s' is not the name of a file", name);
	char *path = fetch_path_join(source->root, name);
	char *dir = NULL;
	enum df_status st = after_look(source, entry, path, err);
	if (st == DF_OK && action->what == CONF_DELETE) {
		df_before("delete the source's file");
		st = source->driver->delete (source->state, path, err);
		df_after("delete the source's file");
	} else if (st == DF_OK) {
		dir = fetch_path_dir(source, action->dir);
		st = fetch_path_make(source, dir, err);
		if (st == DF_OK)
			st = after_move(source, path, dir, name, err);
	}
	if (st != DF_OK && st != DF_END && action->what == CONF_DELETE)
		df_err_context(err, "cannot delete %s on the source", name);
	free(dir);
	free(path);
	return after_status(st);
}

/* ---- looking elsewhere ---- */

void fetch_enter(struct fetch *source, const char *dir)
{
	free(source->root);
	source->root = fetch_path_root(&source->feed->source);
	if (dir == NULL)
		return;
	char *below = fetch_path_dir(source, dir);
	free(source->root);
	source->root = below;
}

enum df_status fetch_look(struct fetch *source, const char *name, struct fetch_entry *out, struct df_err *err)
{
	if (!fetch_name_sound(name, strlen(name)))
		return DF_END;
	struct fetch_stat seen = {0};
	char *path = fetch_path_join(source->root, name);
	enum df_status st = source->driver->look(source->state, path, false, &seen, err);
	free(path);
	if (st != DF_OK)
		return after_status(st);
	*out = (struct fetch_entry){.name = out->name, .size = seen.size, .mtime = seen.mtime};
	return seen.kind == FETCH_FILE ? DF_OK : DF_END;
}

/* ---- writing back ---- */

enum df_status fetch_put(struct fetch *source, const char *dir, const char *name, const void *p, size_t len,
			 struct df_err *err)
{
	if (!fetch_name_sound(name, strlen(name)))
		return df_fail(DF_FATAL, err, NULL, "'%s' is not the name of a file", name);
	/* A fixed temporary name, so that one that a broken run left behind is found and replaced. */
	char hex[DF_SHA256_HEX];
	struct df_sha256 *hash = df_sha256_new();
	df_sha256_add(hash, name, strlen(name));
	df_sha256_end(hash, hex);
	df_sha256_free(hash);
	char *folder = fetch_path_dir(source, dir);
	char *leaf = df_format(".dropfeed-%.16s.tmp", hex);
	char *tmp = fetch_path_join(folder, leaf);
	char *to = fetch_path_join(folder, name);
	enum df_status st = fetch_path_make(source, folder, err);
	if (st == DF_OK)
		st = source->driver->delete (source->state, tmp, err);
	df_before("write back to the source");
	if (st == DF_OK || st == DF_END)
		st = source->driver->write(source->state, tmp, p, len, err);
	df_before("name what is written back");
	if (st == DF_OK)
		st = source->driver->replace(source->state, tmp, to, err);
	df_after("name what is written back");
	if (st == DF_END)
		st = df_fail(DF_RETRY, err, NULL, "the folder went away");
	if (st != DF_OK)
		df_err_context(err, "cannot write %s to %s on the source", name, folder);
	free(to);
	free(tmp);
	free(leaf);
	free(folder);
	return after_status(st);
}
