/* SPDX-License-Identifier: MIT */
/* The header: which column goes where. */
#include "map_compile.h"

#include "map_bind.h"
#include "map_bindings.h"
#include "map_columns.h"
#include "map_custom.h"
#include "map_heading.h"
#include "map_manifest.h"
#include "map_planned.h"
#include "map_state.h"
#include "map_transform.h"
#include "map_warn.h"

#include <stdio.h>
#include <stdlib.h>

#define NAMED_UNKNOWN 5 /* unknown columns that a message names */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool appends(const char *name)
{
	size_t len = strlen(name);
	return len > 2 && strcmp(name + len - 2, "[]") == 0;
}

enum df_status map_names_check(char *const *names, size_t n, const struct map_manifest *manifest,
			       struct df_err *err)
{
	char **sorted = df_alloc(n * sizeof(*sorted));
	enum df_status st = DF_OK;
	for (size_t i = 0; i < n; i++)
		sorted[i] = names[i];
	qsort(sorted, n, sizeof(*sorted), compare_names);
	for (size_t i = 1; i < n && st == DF_OK; i++) {
		if (strcmp(sorted[i - 1], sorted[i]) != 0 || appends(sorted[i]) ||
		    sorted[i][0] == '\0' || map_own_column(sorted[i]))
			continue;
		if (manifest != NULL && map_manifest_ignores(manifest, sorted[i]))
			continue;
		df_err_place(err, NULL, 0, sorted[i]);
		st = df_fail(DF_REJECT, err, "duplicate-column",
			     "two columns are named '%.200s'; names have to be unique", sorted[i]);
	}
	free(sorted);
	return st;
}

enum df_status map_check_unique(char *const *names, size_t n, struct df_err *err)
{
	return map_names_check(names, n, NULL, err);
}

/* Cells have no place in a log: a first line with an address or a bare number in it is taken for
 * a row. */
static bool row_for_header(const struct map *m)
{
	for (size_t i = 0; i < m->n_names; i++) {
		const char *name = m->names[i];
		if (strchr(name, '@') != NULL ||
		    (name[0] != '\0' && name[strspn(name, "0123456789+-.,:/ ")] == '\0'))
			return true;
	}
	return false;
}

/* A name that holds what nobody sees makes an attribute of its own beside the one that is meant. */
static void warn_invisible(struct map *m, size_t column)
{
	const char *name = m->names[column];
	struct df_buf shown = {.max = 1024};
	df_visible(&shown, name);
	if (strcmp(df_buf_cstr(&shown), name) != 0)
		map_warn(m, "invisible-character",
			 "the name of column %zu has invisible characters, which are a part of it: "
			 "%.300s; remove them, if they are not meant",
			 column + 1, df_buf_cstr(&shown));
	df_buf_free(&shown);
}

/* Spaces are a part of a name, though a name that was filled up to a width hardly means them. */
static void warn_padded(struct map *m, size_t column, size_t len)
{
	const char *name = m->names[column];
	if (len == 0 || name[len - 1] != ' ')
		return;
	map_warn(
	    m, "padded-name",
	    "the name of column %zu ends with blanks, which are a part of it: trim = yes removes "
	    "them there and around cells",
	    column + 1);
}

/* Columns that the manifest leaves open are paths themselves. */
static enum df_status bind_plain(struct map *m, const bool *done, struct df_err *err)
{
	struct df_buf text = {.max = 1024};
	const char *first = NULL;
	size_t unknown = 0;
	for (size_t i = 0; i < m->n_names; i++) {
		struct schema_path path;
		const struct schema_event *other = NULL;
		size_t len = strlen(m->names[i]);
		if (done[i])
			continue;
		enum schema_path_result result =
		    schema_path_parse(m->event, m->names[i], len, &path, &other);
		if (result == SCHEMA_PATH_OK) {
			map_bindings_add(&m->bindings, i, m->names[i], len, NULL);
			warn_invisible(m, i);
			warn_padded(m, i, len);
			continue;
		}
		const struct schema_path_fault fault = {result, m->names[i], len, other};
		char why[512];
		if (m->feed->map.unknown_columns_warn ? m->n_warnings < MAP_MAX_WARNINGS
						      : unknown < NAMED_UNKNOWN)
			schema_path_explain(m->event, &fault, why, sizeof(why));
		if (m->feed->map.unknown_columns_warn) {
			map_warn(m, "unknown-column", "column %zu is ignored: %s", i + 1, why);
			continue;
		}
		if (len == 0) /* as a spreadsheet leaves them after the last one */
			snprintf(why, sizeof(why), "column %zu has no name: name it, or remove it",
				 i + 1);
		if (unknown++ == 0)
			first = m->names[i];
		if (unknown <= NAMED_UNKNOWN)
			df_buf_addf(&text, "%s%s", unknown > 1 ? "; " : "", why);
	}
	if (unknown > NAMED_UNKNOWN)
		df_buf_addf(&text, "; and %zu more", unknown - NAMED_UNKNOWN);
	enum df_status st = DF_OK;
	bool none = unknown > 0 && unknown == m->n_names && m->manifest == NULL;
	bool row = none && row_for_header(m);
	if (unknown > 0 && !row)
		df_err_place(err, NULL, 0, first);
	if (row)
		st = df_fail(DF_REJECT, err, "unknown-column",
			     "the first line looks like a row, not like a header: write one, or a "
			     "manifest without "
			     "(`dropfeed manifest --no-header` proposes it)");
	else if (none)
		st = df_fail(DF_REJECT, err, "unknown-column",
			     "none of the columns is a path into a batch: a file with column names "
			     "of its own needs a "
			     "manifest, which %s (%s)",
			     schema_event_requests(m->event) ? "dropfeed.manifest(5) describes"
							     : "`dropfeed manifest` proposes",
			     df_buf_cstr(&text));
	else if (unknown > 0)
		st =
		    df_fail(DF_REJECT, err, "unknown-column",
			    "%s (unknown_columns = warn ignores such columns)", df_buf_cstr(&text));
	df_buf_free(&text);
	return st;
}

static bool manifest_names(const struct map_manifest *manifest, const char *name)
{
	for (size_t i = 0; i < manifest->n; i++)
		if (manifest->entries[i].source != NULL &&
		    strcmp(manifest->entries[i].source, name) == 0)
			return true;
	return false;
}

/* The hosted feed applies a custom manifest to the files "if their headers are not valid
 * already". One that names a column of the header is meant for it all the same. */
static bool is_native(const struct map *m)
{
	if (m->manifest->transform || !m->manifest->has_header)
		return m->native;
	for (size_t i = 0; i < m->n_names; i++) {
		struct schema_path path;
		const char *name = m->names[i];
		if (m->own[i])
			continue;
		if (schema_path_parse(m->event, name, strlen(name), &path, NULL) !=
			SCHEMA_PATH_OK ||
		    manifest_names(m->manifest, name))
			return false;
	}
	return true;
}

static enum df_status bind_manifest(struct map *m, bool *done, struct df_err *err)
{
	if (m->manifest == NULL || is_native(m))
		return DF_OK;
	return m->manifest->transform ? map_transform_bind(m, &m->bindings, done, err)
				      : map_custom_bind(m, &m->bindings, done, err);
}

enum df_status map_compile(struct map *m, struct df_err *err)
{
	map_columns_index(m);
	bool *done = m->done = df_alloc(m->n_names * sizeof(*done));
	for (size_t i = 0; i < m->n_names; i++)
		done[i] = m->own[i] ||
			  (schema_event_requests(m->event) && schema_request_ignores(m->names[i]));
	enum df_status st = bind_manifest(m, done, err);
	if (st != DF_OK)
		return st;
	st = bind_plain(m, done, err);
	if (st != DF_OK)
		return st;
	st = map_bind(m, err);
	if (st != DF_OK)
		return st;
	map_heading_begin(m);
	map_planned_begin(m);
	return DF_OK;
}
