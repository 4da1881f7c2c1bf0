/* SPDX-License-Identifier: MIT */
/* Files that fetch_after moved: the names that they get, and which of them are there. */
#include "fetch_list.h"

#include <stdio.h>
#include <stdlib.h>

char *fetch_moved_name(const char *leaf, int i)
{
	char number[16] = "";
	if (i > 0)
		snprintf(number, sizeof(number), ".%d", i);
	return df_file_name(leaf, strlen(leaf), number);
}

struct moved_job {
	struct fetch *source;
	const char *folder; /* below the one that files are moved to */
	const char *leaf;   /* the file's own name */
	struct moved_item { /* what has that name, or one that it may have got */
		char *name; /* own */
		struct fetch_stat seen;
	} * items; /* own */
	size_t n;
	size_t names; /* seen so far */
};

static bool moved_is(const char *leaf, const char *name)
{
	const char *dot = strrchr(name, '.');
	if (strcmp(name, leaf) == 0)
		return true;
	long i = dot != NULL ? strtol(dot + 1, NULL, 10) : 0;
	if (i <= 0 || i >= FETCH_MOVE_TRIES)
		return false;
	char *moved = fetch_moved_name(leaf, (int)i);
	bool is = strcmp(name, moved) == 0;
	free(moved);
	return is;
}

static bool moved_visit(void *arg, const char *name, size_t len, const struct fetch_stat *seen)
{
	struct moved_job *job = arg;
	name = fetch_list_leaf(job->source, job->folder, name, &len);
	char *leaf = df_strndup(name, len);
	if (moved_is(job->leaf, leaf)) {
		job->items = df_realloc(job->items, (job->n + 1) * sizeof(*job->items));
		job->items[job->n++] = (struct moved_item){
		    .name = job->folder[0] != '\0' ? fetch_path_join(job->folder, leaf)
						   : df_strdup(leaf),
		    .seen = *seen};
	}
	free(leaf);
	return ++job->names < LIST_NAMES_MAX;
}

/* Those of the file's size and time, as the listing that it came from would say them. */
static enum df_status moved_take(const struct moved_job *job, const struct fetch_entry *entry,
				 struct fetch_list *out, struct df_err *err)
{
	for (size_t i = 0; i < job->n; i++) {
		struct moved_item *item = &job->items[i];
		enum df_status st = fetch_list_look(job->source, item->name, &item->seen, err);
		if (st != DF_OK && st != DF_END)
			return st;
		if (st == DF_END || !fetch_is_file(&item->seen) || item->seen.size != entry->size ||
		    item->seen.mtime != entry->mtime)
			continue;
		out->v = df_realloc(out->v, (out->n + 1) * sizeof(*out->v));
		out->v[out->n++] = (struct fetch_entry){
		    .name = df_strdup(item->name), .size = entry->size, .mtime = entry->mtime};
	}
	return DF_OK;
}

enum df_status fetch_list_moved(struct fetch *source, const struct fetch_entry *entry,
				struct fetch_list *out, struct df_err *err)
{
	*out = (struct fetch_list){0};
	const char *leaf = df_base_name(entry->name);
	char *folder = leaf > entry->name
			   ? df_strndup(entry->name, (size_t)(leaf - entry->name) - 1)
			   : df_strdup("");
	char *path = fetch_path_folder(source, folder);
	struct moved_job job = {.source = source, .folder = folder, .leaf = leaf};
	enum df_status st = source->driver->list(source->state, path, moved_visit, &job, err);
	if (st == DF_OK)
		st = moved_take(&job, entry, out, err);
	if (st != DF_OK)
		fetch_list_free(out);
	for (size_t i = 0; i < job.n; i++)
		free(job.items[i].name);
	free(job.items);
	free(path);
	free(folder);
	return st;
}
