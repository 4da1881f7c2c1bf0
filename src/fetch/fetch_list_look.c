/* SPDX-License-Identifier: MIT */
/* What a listing leaves open of a file is asked for, file by file. */
#include "fetch_list.h"

#include <stdlib.h>

/* Files asked for one by one without learning anything: the others are not asked for then. */
enum { LOOK_VAIN_MAX = 16 };

/* Sizes and times of zero are what servers say that know none: what a look says counts then,
 * in every run. */
static bool look_is_vague(const struct fetch_stat *seen)
{
	return seen->kind == FETCH_UNTYPED || seen->partial ||
	       (seen->kind == FETCH_FILE && (seen->size == 0 || seen->mtime == 0));
}

/* Completes what the listing said of a file by asking for it alone. DF_END: it is gone. */
static enum df_status look_closer(struct fetch *source, const char *name, struct fetch_stat *seen,
				  struct df_err *err)
{
	if (!look_is_vague(seen) || source->asked_in_vain >= LOOK_VAIN_MAX)
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
static enum df_status look_kind(struct fetch *source, const char *name, struct fetch_stat *seen,
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

enum df_status fetch_list_look(struct fetch *source, const char *name, struct fetch_stat *seen,
			       struct df_err *err)
{
	enum df_status st = look_closer(source, name, seen, err);
	return st == DF_OK ? look_kind(source, name, seen, err) : st;
}

/* ---- one name of a listing ---- */

struct look_job {
	const struct fetch *source;
	const char *folder; /* below the feed's */
	const char *leaf;
	struct fetch_stat *out;
	size_t names; /* seen so far */
	bool found;
};

static bool look_visit(void *arg, const char *name, size_t len, const struct fetch_stat *seen)
{
	struct look_job *job = arg;
	name = fetch_list_leaf(job->source, job->folder, name, &len);
	if (strlen(job->leaf) != len || memcmp(name, job->leaf, len) != 0)
		return ++job->names < LIST_NAMES_MAX;
	*job->out = *seen;
	job->found = true;
	return false;
}

enum df_status fetch_list_stat(struct fetch *source, const char *name, struct fetch_stat *out,
			       struct df_err *err)
{
	struct look_job job = {.source = source, .leaf = df_base_name(name), .out = out};
	char *folder =
	    job.leaf > name ? df_strndup(name, (size_t)(job.leaf - name) - 1) : df_strdup("");
	char *path = fetch_path_folder(source, folder);
	job.folder = folder;
	enum df_status st = source->driver->list(source->state, path, look_visit, &job, err);
	free(path);
	free(folder);
	if (st != DF_OK)
		return st;
	return job.found ? fetch_list_look(source, name, out, err) : DF_END;
}
