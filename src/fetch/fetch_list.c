/* SPDX-License-Identifier: MIT */
/* What a feed takes of its folder. A server decides how much it says, and how long it talks:
 * everything has a bound. */
#include "fetch_list.h"

#include "dropfeed/name.h"

#include <stdlib.h>
#include <sys/stat.h>

enum {
	LIST_FILES_MAX = 1000000, /* that are taken, in one listing */
	LIST_FOLDERS_MAX = 10000,
	LIST_DEPTH_MAX = 32,
	LIST_MISNAMED_MAX = 1000,
};

struct list_item {  /* a name of the folder that is being listed */
	char *name; /* own; below the feed's folder */
	struct fetch_stat seen;
	enum list_place place;
};

struct list_names {
	char **v; /* own */
	size_t n;
};

struct list_job {
	struct fetch *source;
	struct fetch_list *list;
	struct list_names folders; /* to be listed; "" is the feed's own */
	struct list_names beside;  /* markers and checksum files */
	struct list_names own;     /* folders that this program fills, as paths */
	size_t at;                 /* in folders: the one being listed */
	struct list_item *items;   /* own */
	size_t n_items;
	size_t names;   /* seen so far */
	size_t unsound; /* names that lead elsewhere */
};

/* Room for one more grows by doubling, at 64 and the powers of two above. */
static void *list_room(void *v, size_t n, size_t size)
{
	bool full = n == 0 || (n >= 64 && (n & (n - 1)) == 0);
	return full ? df_realloc(v, (n == 0 ? 64 : n * 2) * size) : v;
}

static void names_add(struct list_names *names, char *own)
{
	names->v = list_room(names->v, names->n, sizeof(*names->v));
	names->v[names->n++] = own;
}

static void names_free(struct list_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
}

static int names_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* ---- one folder ---- */

static char *list_below(const struct list_job *job, const char *leaf, size_t len)
{
	const char *folder = job->folders.v[job->at];
	return df_format("%s%s%.*s", folder, folder[0] != '\0' ? "/" : "", (int)len, leaf);
}

/* Of a link: it is named as folders are. */
static bool list_may_be_folder(const char *name)
{
	return strchr(df_base_name(name), '.') == NULL;
}

static bool list_visit(void *arg, const char *name, size_t len, const struct fetch_stat *seen)
{
	struct list_job *job = arg;
	if (++job->names > LIST_NAMES_MAX || job->list->n + job->n_items >= LIST_FILES_MAX) {
		job->list->shortage = "it holds more files than one listing takes (a million): let "
				      "after_done move or "
				      "delete what is done with";
		return false;
	}
	name = fetch_list_leaf(job->source, job->folders.v[job->at], name, &len);
	if ((len == 1 && name[0] == '.') || (len == 2 && memcmp(name, "..", 2) == 0))
		return true;
	if (!fetch_name_sound(name, len)) {
		job->unsound++;
		return true;
	}

	struct list_item item = {.name = list_below(job, name, len), .seen = *seen};
	bool deeper = job->source->feed->fetch.subfolders &&
		      (seen->kind == FETCH_FOLDER || seen->kind == FETCH_UNTYPED ||
		       (seen->kind == FETCH_LINK && list_may_be_folder(item.name)));
	item.place = fetch_list_place(job->source->feed, item.name);
	if (item.place == LIST_LEFT_OUT) {
		job->list->left_out++;
		item.place = LIST_NOWHERE;
	}
	if (item.place == LIST_NOWHERE && (!deeper || name[0] == '.')) {
		free(item.name);
		return true;
	}
	job->items = list_room(job->items, job->n_items, sizeof(*job->items));
	job->items[job->n_items++] = item;
	return true;
}

static void list_leave(struct list_job *job, const struct list_item *item, const char *why)
{
	struct fetch_list *list = job->list;
	if (list->n_misnamed >= LIST_MISNAMED_MAX)
		return;
	list->misnamed = list_room(list->misnamed, list->n_misnamed, sizeof(*list->misnamed));
	list->misnamed[list->n_misnamed++] = (struct fetch_entry){.name = df_strdup(item->name),
								  .size = item->seen.size,
								  .mtime = item->seen.mtime,
								  .why = df_strdup(why)};
}

/* The same for an error, with its code. */
static void list_leave_for(struct list_job *job, const struct list_item *item,
			   const struct df_err *why)
{
	char *text = df_format("%s [%s]", why->text, why->code);
	list_leave(job, item, text);
	free(text);
}

static void list_take(struct list_job *job, const struct list_item *item)
{
	struct fetch_list *list = job->list;
	list->v = list_room(list->v, list->n, sizeof(*list->v));
	list->v[list->n++] = (struct fetch_entry){
	    .name = df_strdup(item->name), .size = item->seen.size, .mtime = item->seen.mtime};
}

static void list_misnamed(struct list_job *job, const struct list_item *item)
{
	struct name parts = {0};
	struct df_err why = {0};
	if (fetch_list_parse(job->source->feed, df_base_name(item->name), &parts, &why) != DF_OK)
		list_leave_for(job, item, &why);
}

/* By whatever name it is found. */
static bool list_is_state(const struct list_job *job, const char *path)
{
	const struct conf_fetch *set = &job->source->feed->fetch;
	struct stat here, state;
	return set->source.kind == CONF_SOURCE_FILE && set->state_dir != NULL &&
	       stat(path, &here) == 0 && stat(set->state_dir, &state) == 0 &&
	       here.st_dev == state.st_dev && here.st_ino == state.st_ino;
}

static bool list_is_own(const struct list_job *job, const char *name)
{
	char *path = fetch_path_join(job->source->root, name);
	bool is = list_is_state(job, path);
	for (size_t i = 0; i < job->own.n && !is; i++)
		is = strcmp(job->own.v[i], path) == 0;
	free(path);
	return is;
}

static void list_folder_add(struct list_job *job, const struct list_item *item)
{
	size_t depth = 0;
	for (const char *p = item->name; *p != '\0'; p++)
		depth += *p == '/';
	if (df_base_name(item->name)[0] == '.' || list_is_own(job, item->name))
		return;
	if (job->folders.n >= LIST_FOLDERS_MAX || depth >= LIST_DEPTH_MAX)
		job->list->shortage =
		    "it has more sub-folders than one listing takes, or deeper ones (10000, 32)";
	else
		names_add(&job->folders, df_strdup(item->name));
}

static void list_sort(struct list_job *job, const struct list_item *item)
{
	bool meant = item->place == LIST_TAKEN || item->place == LIST_MISNAMED;
	switch (item->seen.kind) {
	case FETCH_FOLDER:
		if (job->source->feed->fetch.subfolders)
			list_folder_add(job, item);
		else if (meant)
			list_leave(job, item,
				   "it is a folder: set subfolders = yes to take the files in it");
		return;
	case FETCH_LINK:
		if (meant)
			list_leave(job, item,
				   "it is a symbolic link, which is not followed: put the file "
				   "itself there");
		else if (list_may_be_folder(item->name))
			list_leave(job, item,
				   "it is a symbolic link, which is not followed: a folder that it "
				   "leads to needs a feed of its own");
		return;
	case FETCH_OTHER:
		if (meant)
			list_leave(job, item, "it is not a regular file");
		return;
	case FETCH_FILE:
	case FETCH_UNTYPED:
		break;
	}
	if (item->place == LIST_OTHER_CASE)
		list_leave(job, item,
			   "include fits it but for capitals and small letters, which count there: "
			   "add a glob for it, or rename the file");
	else if (item->seen.size > INT64_MAX)
		list_leave(job, item, "the server says a size that no file has");
	else if (item->place == LIST_TAKEN)
		list_take(job, item);
	else if (item->place == LIST_MISNAMED)
		list_misnamed(job, item);
	else if (item->place == LIST_BESIDE)
		names_add(&job->beside, df_strdup(item->name));
}

/* The names of the folder, unsorted, into items. */
static enum df_status list_read(struct list_job *job, struct df_err *err)
{
	struct fetch *source = job->source;
	struct df_err said = {0};
	char *path = fetch_path_folder(source, job->folders.v[job->at]);
	enum df_status st = source->driver->list(source->state, path, list_visit, job, &said);
	free(path);
	if (st == DF_OK)
		return st;
	if (job->at > 0 && (st == DF_END || st == DF_REJECT)) {
		/* gone meanwhile, or not for this user: no reason to leave the others alone */
		if (st == DF_REJECT)
			job->list->shortage = "one of its sub-folders cannot be listed";
		return DF_OK;
	}
	if (st == DF_END)
		return df_fail(DF_USAGE, err, NULL, "the source folder %s does not exist any more",
			       source->root);
	return df_fail(st == DF_REJECT ? DF_DENIED : st, err, NULL, "%s", said.text);
}

static enum df_status list_items(struct list_job *job, struct df_err *err)
{
	for (size_t i = 0; i < job->n_items; i++) {
		struct list_item *item = &job->items[i];
		enum df_status st = fetch_list_look(job->source, item->name, &item->seen, err);
		if (st == DF_OK)
			list_sort(job, item);
		else if (st != DF_END)
			return st;
	}
	return DF_OK;
}

static void list_items_free(struct list_job *job)
{
	for (size_t i = 0; i < job->n_items; i++)
		free(job->items[i].name);
	free(job->items);
	job->items = NULL;
	job->n_items = 0;
}

static enum df_status list_folder(struct list_job *job, struct df_err *err)
{
	enum df_status st = list_read(job, err);
	if (st != DF_OK)
		goto cleanup;
	st = list_items(job, err);
cleanup:
	list_items_free(job);
	return st;
}

/* ---- all of it ---- */

/* What has to be beside the file and is not; the caller's. NULL: the file is ready. */
static char *list_missing(const struct list_job *job, const char *name)
{
	char *beside = NULL;
	for (size_t i = 0; (beside = fetch_companion(job->source->feed, name, i)) != NULL; i++) {
		if (job->beside.n == 0 || bsearch(&beside, job->beside.v, job->beside.n,
						  sizeof(char *), names_order) == NULL)
			return beside;
		free(beside);
	}
	return NULL;
}

static void list_keep_ready(struct list_job *job)
{
	struct fetch_list *list = job->list;
	size_t kept = 0;
	if (job->source->feed->fetch.ready_marker == NULL &&
	    job->source->feed->fetch.checksum == NULL)
		return;
	if (job->beside.n > 0)
		qsort(job->beside.v, job->beside.n, sizeof(*job->beside.v), names_order);
	for (size_t i = 0; i < list->n; i++) {
		char *missing = list_missing(job, list->v[i].name);
		if (missing == NULL) {
			list->v[kept++] = list->v[i];
			continue;
		}
		if (list->waiting++ == 0)
			list->missing = missing;
		else
			free(missing);
		free(list->v[i].name);
	}
	list->n = kept;
}

static void list_own_folders(struct list_job *job)
{
	const struct conf_feed *feed = job->source->feed;
	const char *dirs[] = {feed->fetch.after_done.dir, feed->fetch.after_refused.dir,
			      feed->fetch.receipts};
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		const char *dir = dirs[i];
		while (dir != NULL && dir[0] == '.' && dir[1] == '/')
			dir += 2;
		if (dir != NULL)
			names_add(&job->own, fetch_path_dir(job->source, dir));
	}
}

/* By name; of one name the latest first. */
static int list_order(const void *a, const void *b)
{
	const struct fetch_entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	if (order == 0)
		order = (x->mtime < y->mtime) - (x->mtime > y->mtime);
	return order != 0 ? order : (x->size < y->size) - (x->size > y->size);
}

/* A folder that changes while it is listed may show a name twice: it is one file. */
static void list_settle(struct fetch_entry *v, size_t *n)
{
	size_t kept = 0;
	if (*n > 0)
		qsort(v, *n, sizeof(*v), list_order);
	for (size_t i = 0; i < *n; i++) {
		if (kept == 0 || strcmp(v[kept - 1].name, v[i].name) != 0) {
			v[kept++] = v[i];
			continue;
		}
		free(v[i].name);
		free(v[i].why);
	}
	*n = kept;
}

enum df_status fetch_list(struct fetch *source, struct fetch_list *out, struct df_err *err)
{
	struct list_job job = {.source = source, .list = out};
	*out = (struct fetch_list){0};
	enum df_status st = DF_OK;
	list_own_folders(&job);
	names_add(&job.folders, df_strdup(""));
	for (; st == DF_OK && job.at < job.folders.n; job.at++)
		st = list_folder(&job, err);
	if (st != DF_OK) {
		fetch_list_free(out);
		goto cleanup;
	}
	if (job.unsound > 0)
		out->shortage = "it lists names that lead to other folders (with '/' or NUL), "
				"which are not followed";
	list_keep_ready(&job);
	list_settle(out->v, &out->n);
	list_settle(out->misnamed, &out->n_misnamed);
cleanup:
	names_free(&job.folders);
	names_free(&job.beside);
	names_free(&job.own);
	return st;
}

void fetch_list_free(struct fetch_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].name);
	for (size_t i = 0; i < list->n_misnamed; i++) {
		free(list->misnamed[i].name);
		free(list->misnamed[i].why);
	}
	free(list->v);
	free(list->misnamed);
	free(list->missing);
	*list = (struct fetch_list){0};
}
