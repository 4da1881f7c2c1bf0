/* SPDX-License-Identifier: MIT */
/* What a name in the folder is to the feed. */
#include "fetch_list.h"

#include "dropfeed/name.h"

#include <fnmatch.h>
#include <stdlib.h>

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
	for (size_t k = 0; k < sizeof(endings) / sizeof(*endings); k++) {
		if (endings[k] != NULL && df_ends_with(name, endings[k]))
			return true;
	}
	return false;
}

/* A glob speaks of the file's own name, or of all of it below the feed's folder. */
static bool list_matches(const struct conf_list *globs, const char *name, int flags)
{
	const char *leaf = df_base_name(name);
	for (size_t i = 0; i < globs->n; i++) {
		if (fnmatch(globs->v[i], leaf, flags) == 0 ||
		    fnmatch(globs->v[i], name, flags) == 0)
			return true;
	}
	return false;
}

enum df_status fetch_list_parse(const struct conf_feed *feed, const char *leaf, struct name *out,
				struct df_err *err)
{
	const struct name_feed of = {feed->decode.document_type, feed->requests.on};
	enum df_status st = name_parse_for(&of, leaf, out, err);
	return st == DF_OK ? name_check_audience(out->event_type, conf_takes_audiences(feed), err)
			   : st;
}

enum list_place fetch_list_place(const struct conf_feed *feed, const char *name)
{
	const char *leaf = df_base_name(name);
	if (name_ignored(leaf))
		return LIST_NOWHERE;
	if (list_is_beside(feed, leaf))
		return LIST_BESIDE;

	struct name parts = {0};
	struct df_err unwanted = {0};
	bool excluded = list_matches(&feed->fetch.exclude, name, 0);
	bool included = feed->fetch.include.n > 0;
	if (!excluded && included && list_matches(&feed->fetch.include, name, 0))
		return LIST_TAKEN;
	bool named = fetch_list_parse(feed, leaf, &parts, &unwanted) == DF_OK;
	if (named && included && list_matches(&feed->fetch.include, name, FNM_CASEFOLD) &&
	    !list_matches(&feed->fetch.exclude, name, FNM_CASEFOLD))
		return LIST_OTHER_CASE;
	if (excluded || included)
		return named ? LIST_LEFT_OUT : LIST_NOWHERE;
	if (named)
		return LIST_TAKEN;
	return name_meant(leaf) ? LIST_MISNAMED : LIST_NOWHERE;
}

const char *fetch_list_leaf(const struct fetch *source, const char *folder, const char *name,
			    size_t *len)
{
	const char *slash = memrchr(name, '/', *len);
	if (slash == NULL)
		return name;
	char *path = fetch_path_join(source->root, folder);
	size_t have = (size_t)(slash - name), want = strlen(path);
	while (want > 0 && path[want - 1] == '/')
		want--;
	bool same = have == want && memcmp(name, path, want) == 0;
	free(path);
	if (!same)
		return name;
	*len -= have + 1;
	return slash + 1;
}
