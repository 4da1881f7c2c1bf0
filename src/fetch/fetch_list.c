/* SPDX-License-Identifier: MIT */
/* What a feed takes of its folder. A server decides how much it says, and how long it talks:
 * everything has a bound. */
#include "fetch_priv.h"

#include "dropfeed/name.h"

#include <fnmatch.h>
#include <stdlib.h>

enum {
	LIST_FILES_MAX = 1000000,  /* that are taken, in one listing */
	LIST_NAMES_MAX = 10000000, /* that are looked at */
	LIST_FOLDERS_MAX = 10000,
	LIST_DEPTH_MAX = 32,
	LIST_MISNAMED_MAX = 1000,
	LIST_VAIN_MAX =
	    /* files asked for one by one without learning anything: the others are not asked for
	     * then */
	16,
};

enum list_place { LIST_NOWHERE, LIST_TAKEN, LIST_MISNAMED, LIST_BESIDE };

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

/* ---- what a name is ---- */

char *fetch_companion(const struct conf_feed *feed, const char *name, size_t i)
{
	const char *endings[] = {feed->fetch.checksum, feed->fetch.ready_marker};
	for (size_t k = 0; k < sizeof(endings) / sizeof(*endings); k++) {
		if (endings[k] != NULL && i-- == 0)
			return df_format("%s%s", name, endings[k]);
	}
	return NULL;
}

static bool list_is_beside(const struct conf_feed *feed, const char *name)
{
	const char *endings[] = {feed->fetch.checksum, feed->fetch.ready_marker};
	size_t len = strlen(name);
	for (size_t k = 0; k < sizeof(endings) / sizeof(*endings); k++) {
		size_t n = endings[k] != NULL ? strlen(endings[k]) : 0;
		if (n > 0 && len > n && strcmp(name + len - n, endings[k]) == 0)
			return true;
	}
	return false;
}

/* A glob speaks of the file's own name, or of all of it below the feed's folder. */
static bool list_matches(const struct conf_list *globs, const char *name)
{
	const char *leaf = df_base_name(name);
	for (size_t i = 0; i < globs->n; i++) {
		if (fnmatch(globs->v[i], leaf, 0) == 0 || fnmatch(globs->v[i], name, 0) == 0)
			return true;
	}
	return false;
}

static enum list_place list_place_of(const struct conf_feed *feed, const char *name)
{
	const char *leaf = df_base_name(name);
	if (name_ignored(leaf))
		return LIST_NOWHERE;
	if (list_is_beside(feed, leaf))
		return LIST_BESIDE;
	if (list_matches(&feed->fetch.exclude, name))
		return LIST_NOWHERE;
	if (feed->fetch.include.n > 0)
		return list_matches(&feed->fetch.include, name) ? LIST_TAKEN : LIST_NOWHERE;
	struct name parts = {0};
	struct df_err unwanted = {0};
	if (name_parse_as(leaf, feed->decode.document_type, &parts, &unwanted) == DF_OK)
		return LIST_TAKEN;
	return name_meant(leaf) ? LIST_MISNAMED : LIST_NOWHERE;
}

/* ---- one folder ---- */

static char *list_below(const struct list_job *job, const char *leaf, size_t len)
{
	const char *folder = job->folders.v[job->at];
	return df_format("%s%s%.*s", folder, folder[0] != '\0' ? "/" : "", (int)len, leaf);
}

/* Some servers list whole paths: what is after the last slash is the name then, when the rest is
 * the folder. */
static const char *list_leaf(const struct list_job *job, const char *name, size_t *len)
{
	const char *slash = memrchr(name, '/', *len);
	if (slash == NULL)
		return name;
	char *folder = fetch_path_join(job->source->root, job->folders.v[job->at]);
	size_t have = (size_t)(slash - name), want = strlen(folder);
	while (want > 0 && folder[want - 1] == '/')
		want--;
	bool same = have == want && memcmp(name, folder, want) == 0;
	free(folder);
	if (!same)
		return name;
	*len -= have + 1;
	return slash + 1;
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
	name = list_leaf(job, name, &len);
	if ((len == 1 && name[0] == '.') || (len == 2 && memcmp(name, "..", 2) == 0))
		return true;
	if (!fetch_name_sound(name, len)) {
		job->unsound++;
		return true;
	}

	bool deeper = job->source->feed->fetch.subfolders &&
		      (seen->kind == FETCH_FOLDER || seen->kind == FETCH_UNTYPED);
	struct list_item item = {.name = list_below(job, name, len), .seen = *seen};
	item.place = list_place_of(job->source->feed, item.name);
	if (item.place == LIST_NOWHERE && (!deeper || name[0] == '.')) {
		free(item.name);
		return true;
	}
	job->items = list_room(job->items, job->n_items, sizeof(*job->items));
	job->items[job->n_items++] = item;
	return true;
}

/* Sizes and times of zero are what servers say that know none: what a look says counts then,
 * in every run. */
static bool list_is_vague(const struct fetch_stat *seen)
{
	return seen->kind == FETCH_UNTYPED || seen->partial ||
	       (seen->kind == FETCH_FILE && (seen->size == 0 || seen->mtime == 0));
}

/* Completes what the listing said of a file by asking for it alone. DF_END: it is gone. */
static enum df_status list_refine(struct fetch *source, const char *name, struct fetch_stat *seen,
				  struct df_err *err)
{
	if (!list_is_vague(seen) || source->asked_in_vain >= LIST_VAIN_MAX)
		return DF_OK;
	struct fetch_stat now = {0};
	struct df_err said = {0};
	char *path = fetch_path_join(source->root, name);
	enum df_status st = source->driver->stat(source->state, path, false, &now, &said);
	free(path);
	if (st == DF_REJECT) { /* it may be read all the same */
		source->asked_in_vain++;
		return DF_OK;
	}
	if (st != DF_OK)
		return st == DF_END ? st : df_fail(st, err, NULL, "%s", said.text);
	bool vague = seen->partial || seen->size == 0 || seen->mtime == 0;
	bool learnt = now.kind != seen->kind ||
		      (vague && (now.size != seen->size || now.mtime != seen->mtime));
	source->asked_in_vain = learnt ? 0 : source->asked_in_vain + 1;
	seen->kind = now.kind;
	seen->partial = now.partial;
	if (vague) {
		seen->size = now.size;
		seen->mtime = now.mtime;
	}
	return DF_OK;
}

/* A server that never says what a thing is: the first letter of its long line does, or else what
 * can be done with it. */
static enum df_status list_guess(struct fetch *source, const char *name, struct fetch_stat *seen,
				 struct df_err *err)
{
	static const char letters[] = "-dl";
	if (seen->kind != FETCH_UNTYPED)
		return DF_OK;
	const char *letter = seen->letter != '\0' ? strchr(letters, seen->letter) : NULL;
	if (letter != NULL) {
		static const enum fetch_kind kinds[] = {FETCH_UNTYPED, FETCH_FOLDER, FETCH_LINK};
		seen->kind = kinds[letter - letters];
		return DF_OK;
	}
	if (source->driver->try_folder == NULL)
		return DF_OK;
	char *path = fetch_path_join(source->root, name);
	struct df_err said = {0};
	enum df_status st = source->driver->try_folder(source->state, path, &said);
	free(path);
	if (st == DF_OK)
		seen->kind = FETCH_FOLDER;
	else if (st != DF_END && st != DF_REJECT)
		return df_fail(st, err, NULL, "%s", said.text);
	return DF_OK;
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
	if (name_parse_as(df_base_name(item->name), job->source->feed->decode.document_type, &parts,
			  &why) != DF_OK)
		list_leave_for(job, item, &why);
}

static bool list_is_own(const struct list_job *job, const char *name)
{
	char *path = fetch_path_join(job->source->root, name);
	bool is = false;
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
		return;
	case FETCH_OTHER:
		if (meant)
			list_leave(job, item, "it is not a regular file");
		return;
	case FETCH_FILE:
	case FETCH_UNTYPED:
		break;
	}
	if (item->seen.size > INT64_MAX)
		list_leave(job, item, "the server says a size that no file has");
	else if (item->place == LIST_TAKEN)
		list_take(job, item);
	else if (item->place == LIST_MISNAMED)
		list_misnamed(job, item);
	else if (item->place == LIST_BESIDE)
		names_add(&job->beside, df_strdup(item->name));
}

static enum df_status list_folder(struct list_job *job, struct df_err *err)
{
	struct fetch *source = job->source;
	const char *folder = job->folders.v[job->at];
	char *path =
	    folder[0] != '\0' ? fetch_path_join(source->root, folder) : df_strdup(source->root);
	struct df_err said = {0};
	enum df_status st = source->driver->list(source->state, path, list_visit, job, &said);
	free(path);
	if (job->at > 0 && (st == DF_END || st == DF_REJECT)) {
		/* gone meanwhile, or not for this user: no reason to leave the others alone */
		if (st == DF_REJECT)
			job->list->shortage = "one of its sub-folders cannot be listed";
		st = DF_OK;
	} else if (st == DF_END) {
		st = df_fail(DF_USAGE, err, NULL, "the source folder %s does not exist any more",
			     source->root);
	} else if (st != DF_OK) {
		st = df_fail(st == DF_REJECT ? DF_DENIED : st, err, NULL, "%s", said.text);
	}
	for (size_t i = 0; i < job->n_items; i++) {
		struct list_item *item = &job->items[i];
		enum df_status one =
		    st == DF_OK ? list_refine(source, item->name, &item->seen, err) : st;
		if (one == DF_OK)
			one = list_guess(source, item->name, &item->seen, err);
		if (one == DF_OK)
			list_sort(job, item);
		else if (one != DF_END)
			st = one;
		free(item->name);
	}
	job->n_items = 0;
	free(job->items);
	job->items = NULL;
	return st;
}

/* ---- all of it ---- */

static bool list_is_ready(const struct list_job *job, const char *name)
{
	bool ready = true;
	char *beside = NULL;
	for (size_t i = 0; ready && (beside = fetch_companion(job->source->feed, name, i)) != NULL;
	     i++) {
		ready = job->beside.n > 0 && bsearch(&beside, job->beside.v, job->beside.n,
						     sizeof(char *), names_order) != NULL;
		free(beside);
	}
	return ready;
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
		if (list_is_ready(job, list->v[i].name)) {
			list->v[kept++] = list->v[i];
			continue;
		}
		list->waiting++;
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

static int list_order(const void *a, const void *b)
{
	return strcmp(((const struct fetch_entry *)a)->name, ((const struct fetch_entry *)b)->name);
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
	if (out->n > 0)
		qsort(out->v, out->n, sizeof(*out->v), list_order);
	if (out->n_misnamed > 0)
		qsort(out->misnamed, out->n_misnamed, sizeof(*out->misnamed), list_order);
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
	*list = (struct fetch_list){0};
}

/* ---- one name of it, once more ---- */

struct stat_job {
	struct list_job list; /* for list_leaf */
	const char *leaf;
	struct fetch_stat *out;
	bool found;
};

static bool stat_visit(void *arg, const char *name, size_t len, const struct fetch_stat *seen)
{
	struct stat_job *job = arg;
	name = list_leaf(&job->list, name, &len);
	if (strlen(job->leaf) != len || memcmp(name, job->leaf, len) != 0)
		return ++job->list.names < LIST_NAMES_MAX;
	*job->out = *seen;
	job->found = true;
	return false;
}

enum df_status fetch_list_stat(struct fetch *source, const char *name, struct fetch_stat *out,
			       struct df_err *err)
{
	struct stat_job job = {.list = {.source = source}, .leaf = df_base_name(name), .out = out};
	char *folder =
	    job.leaf > name ? df_strndup(name, (size_t)(job.leaf - name) - 1) : df_strdup("");
	char *path =
	    folder[0] != '\0' ? fetch_path_join(source->root, folder) : df_strdup(source->root);
	names_add(&job.list.folders, folder);
	enum df_status st = source->driver->list(source->state, path, stat_visit, &job, err);
	if (st == DF_OK && !job.found)
		st = DF_END;
	if (st == DF_OK)
		st = list_refine(source, name, out, err);
	if (st == DF_OK)
		st = list_guess(source, name, out, err);
	names_free(&job.list.folders);
	free(path);
	return st;
}
