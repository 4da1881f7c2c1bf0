/* SPDX-License-Identifier: MIT */
/* A map's life, and the header: which column goes where. */
#include "map_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define NAMED_UNKNOWN 5 /* unknown columns that a message names */

bool schema_event_known(const char *name, size_t len)
{
	return schema_event_find(name, len) != NULL;
}

const char *schema_event_at(size_t i)
{
	return i < schema_n_events ? schema_events[i].name : NULL;
}

void map_warn(struct map *m, const char *code, const char *fmt, ...)
{
	if (m->n_warnings == MAP_MAX_WARNINGS)
		return;
	struct map_warning *w = &m->warnings[m->n_warnings++];
	snprintf(w->code, sizeof(w->code), "%s", code);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(w->text, sizeof(w->text), fmt, ap);
	va_end(ap);
	df_utf8_sanitize(w->text);
}

/* The API's limit for a value that no cell brings, in characters. */
static size_t fixed_limit(const struct schema_path *path)
{
	if (path->type == SCHEMA_JSON)
		return SIZE_MAX;
	for (size_t i = 0; i < path->n; i++) {
		const struct schema_field *field = path->steps[i].field;
		if (field != NULL && (field->flags & SCHEMA_ATTRIBUTES) != 0)
			return i + 2 < path->n ? MAP_MAX_LIST_VALUE : MAP_MAX_VALUE;
	}
	return path->field->flags & SCHEMA_EVENT_NAME ? MAP_MAX_NAME : SIZE_MAX;
}

/* The defaults are the settings' own business, yet nobody but this room knows the schema's
 * words. */
static enum df_status check_settings(const struct map *m, struct df_err *err)
{
	const struct conf_feed *feed = m->feed;
	const struct {
		const char *key, *path, *value;
	} checks[] = {{"environment", "environment", feed->map.environment},
		      {"event_type", "events.data.custom_event_type", feed->map.event_type}};
	const struct schema_event *custom = schema_event_find("custom_event", 12);
	for (size_t i = 0; i < 2; i++) {
		struct schema_path path;
		struct map_cell_fault fault;
		struct df_buf json = {0};
		if (checks[i].value == NULL ||
		    schema_path_parse(custom, checks[i].path, strlen(checks[i].path), &path,
				      NULL) != SCHEMA_PATH_OK)
			continue;
		const struct rows_cell cell = {checks[i].value, strlen(checks[i].value)};
		bool ok = map_cell_emit(m, path.type, path.field, &cell, &json, &fault);
		df_buf_free(&json);
		if (!ok)
			return df_fail(DF_USAGE, err, NULL, "%s = %s: %s", checks[i].key,
				       checks[i].value, fault.text);
	}
	if (feed->map.event_name != NULL &&
	    map_utf8_prefix(feed->map.event_name, strlen(feed->map.event_name), MAP_MAX_NAME) <
		strlen(feed->map.event_name))
		return df_fail(DF_USAGE, err, NULL,
			       "event_name has more than %u characters; shorten it", MAP_MAX_NAME);
	return DF_OK;
}

/* Static values are known before any document is. */
static enum df_status check_static(const struct map *m, struct df_err *err)
{
	for (size_t i = 0; i < m->manifest->n; i++) {
		const struct map_entry *e = &m->manifest->entries[i];
		struct schema_path path;
		struct map_cell_fault fault;
		struct df_buf json = {0};
		if (e->action != MAP_STATIC ||
		    schema_path_parse(m->event, e->field, strlen(e->field), &path, NULL) !=
			SCHEMA_PATH_OK)
			continue;
		size_t len = strlen(e->value), most = fixed_limit(&path);
		const struct rows_cell cell = {e->value, len};
		bool ok = map_cell_emit(m, path.type, path.field, &cell, &json, &fault);
		df_buf_free(&json);
		if (ok && map_utf8_prefix(e->value, len, most) < len) {
			snprintf(fault.text, sizeof(fault.text),
				 "the API takes at most %zu characters here", most);
			ok = false;
		}
		if (ok)
			continue;
		enum df_status st = df_fail(
		    DF_USAGE, err, NULL, "manifest, entry %zu: 'value' does not suit '%.200s': %s",
		    i + 1, e->field, fault.text);
		map_manifest_place(m->feed->map.manifest_text, i + 1, NULL, err);
		return st;
	}
	return DF_OK;
}

static const char *range_of(const struct conf_feed *feed)
{
	return feed->map.timestamp_range != NULL ? feed->map.timestamp_range : TIME_RANGE_DEFAULT;
}

void map_begun(struct map *m, int64_t begun_ms)
{
	struct df_err ignored = {0};
	enum df_status st = time_range_parse(range_of(m->feed), begun_ms, &m->time.range, &ignored);
	/* map_open has read it; where it is empty now, the range stays that of map_open */
	(void)st;
}

enum df_status map_open(const struct conf_feed *feed, const char *event_type, struct map **out,
			struct df_err *err)
{
	*out = NULL;
	const struct schema_event *event = schema_event_find(event_type, strlen(event_type));
	if (event == NULL)
		return df_fail(DF_USAGE, err, NULL, "'%s' is no event type of the Events API",
			       event_type);
	struct map *m = df_alloc(sizeof(*m));
	m->feed = feed;
	m->event = event;
	m->guards_ids = feed->map.placeholder_ids != CONF_PLACEHOLDER_KEEP;
	map_placeholder_init(m->placeholders);
	m->request_column = m->message_column = m->time_column = MAP_NONE;
	m->ids.max = m->batch_out.max = m->data_out.max = m->deleted.max = MAP_MAX_OUTPUT;
	m->request_out.max = m->message_out.max = m->rendered.max = MAP_MAX_OUTPUT;
	m->warnings = df_alloc(MAP_MAX_WARNINGS * sizeof(*m->warnings));
	enum df_status st = time_open(&m->time, feed->map.timestamps, feed->map.timezone, err);
	if (st == DF_OK)
		st = time_range_parse(range_of(feed), df_now_ms(), &m->time.range, err);
	if (st == DF_OK)
		st = check_settings(m, err);
	if (st == DF_OK && feed->map.manifest_text != NULL) {
		st = map_manifest_parse(feed->map.manifest_text, event, &m->manifest, err);
		if (st == DF_OK)
			st = check_static(m, err);
		if (st != DF_OK)
			df_err_place(err, feed->map.manifest, 0, NULL);
	}
	if (st == DF_OK)
		*out = m;
	else
		map_close(m);
	return st;
}

bool map_has_header(const struct map *m)
{
	return m->manifest == NULL || m->manifest->has_header || m->places != NULL;
}

static void forget_document(struct map *m)
{
	for (size_t i = 0; i < m->n_names; i++)
		free(m->names[i]);
	free(m->names);
	m->names = NULL;
	m->n_names = 0;
	df_index_free(m->by_name);
	m->by_name = NULL;
	map_node_free(m->batch);
	map_node_free(m->data);
	m->batch = m->data = NULL;
	map_program_free(&m->batch_program);
	map_program_free(&m->data_program);
	map_bindings_free(&m->bindings);
	map_derived_free(m);
	map_rows_end(m);
	free(m->done);
	free(m->own);
	free(m->places);
	m->done = m->own = NULL;
	m->places = NULL;
	m->has_own = false;
	m->n_warnings = m->n_notes = 0;
}

void map_close(struct map *m)
{
	if (m == NULL)
		return;
	forget_document(m);
	map_manifest_free(m->manifest);
	time_close(&m->time);
	free(m->frames);
	free(m->warnings);
	free(m->notes);
	df_buf_free(&m->ids);
	df_buf_free(&m->batch_out);
	df_buf_free(&m->data_out);
	df_buf_free(&m->request_out);
	df_buf_free(&m->message_out);
	df_buf_free(&m->deleted);
	df_buf_free(&m->rendered);
	liquid_arena_free(&m->arena);
	free(m);
}

size_t map_columns(const struct map *m)
{
	return m->n_names;
}

const char *map_column_name(const struct map *m, size_t column)
{
	return column > 0 && column <= m->n_names ? m->names[column - 1] : "";
}

size_t map_warnings(const struct map *m, const struct map_warning **out)
{
	*out = m->warnings;
	return m->n_warnings;
}

static enum df_status too_many(size_t n, struct df_err *err)
{
	return df_fail(DF_REJECT, err, "guideline",
		       "the document has %zu columns; at most %u are read", n, MAP_MAX_COLUMNS);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool appends(const char *name)
{
	size_t len = strlen(name);
	return len > 2 && strcmp(name + len - 2, "[]") == 0;
}

static enum df_status check_unique(char *const *names, size_t n,
				   const struct map_manifest *manifest, struct df_err *err)
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
	return check_unique(names, n, NULL, err);
}

/* Spreadsheets write semicolons or tabs where the locale or the format says so. */
static bool other_separator(const struct map *m)
{
	return m->n_names == 1 && strpbrk(m->names[0], ";\t") != NULL;
}

/* Excel's own line in front of the header, which says what separates cells. */
static bool excel_line(const struct map *m)
{
	return m->n_names > 0 && m->n_names <= 2 && strncasecmp(m->names[0], "sep=", 4) == 0;
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
		if (len == 0) /* as a spreadsheet leaves them behind the last one */
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
	if (unknown > 0 && excel_line(m))
		st = df_fail(DF_REJECT, err, "unknown-column",
			     "the first line is no header but Excel's 'sep='; remove that line, "
			     "and export the file with "
			     "commas");
	else if (unknown > 0 && other_separator(m))
		st = df_fail(DF_REJECT, err, "unknown-column",
			     "the header is a single column that holds semicolons or tabs, but "
			     "fields have to be "
			     "separated by commas; export the file with commas");
	else if (row)
		st = df_fail(DF_REJECT, err, "unknown-column",
			     "the first line looks like a row, not like a header: write one, or a "
			     "manifest without "
			     "(`dropfeed manifest --no-header` proposes it)");
	else if (none)
		st = df_fail(DF_REJECT, err, "unknown-column",
			     "none of the columns is a path into a batch: a file with column names "
			     "of its own needs a "
			     "manifest, which `dropfeed manifest` proposes (%s)",
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
		return false;
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

enum df_status map_compile(struct map *m, struct df_err *err)
{
	map_columns_index(m);
	bool *done = m->done = df_alloc(m->n_names * sizeof(*done));
	for (size_t i = 0; i < m->n_names; i++)
		done[i] = m->own[i];
	enum df_status st = DF_OK;
	if (m->manifest != NULL && !is_native(m))
		st = m->manifest->transform ? map_transform_bind(m, &m->bindings, done, err)
					    : map_custom_bind(m, &m->bindings, done, err);
	if (st == DF_OK)
		st = bind_plain(m, done, err);
	if (st == DF_OK)
		st = map_bind(m, err);
	return st;
}

enum df_status map_clone(const struct map *m, struct map **out, struct df_err *err)
{
	struct map *clone = NULL;
	enum df_status st = map_open(m->feed, m->event->name, &clone, err);
	if (clone == NULL)
		return st;
	clone->names = df_alloc(m->n_names * sizeof(*clone->names));
	for (size_t i = 0; i < m->n_names; i++)
		clone->names[clone->n_names++] = df_strdup(m->names[i]);
	map_own_copy(clone, m);
	clone->time.range = m->time.range;
	st = map_compile(clone, err);
	if (st == DF_OK)
		*out = clone;
	else
		map_close(clone);
	return st;
}

enum df_status map_header(struct map *m, const struct rows_cell *cells, size_t n,
			  struct df_err *err)
{
	forget_document(m);
	if (n > MAP_MAX_COLUMNS)
		return too_many(n, err);
	m->names = df_alloc(n * sizeof(*m->names));
	for (size_t i = 0; i < n; i++)
		m->names[m->n_names++] =
		    df_strndup(cells[i].p != NULL ? cells[i].p : "", cells[i].len);
	map_own_find(m);

	enum df_status st = map_has_header(m) ? DF_OK : map_places_find(m, err);
	if (st == DF_OK)
		st = check_unique(m->names, m->n_names, m->manifest, err);
	return st == DF_OK ? map_compile(m, err) : st;
}

enum df_status map_no_header(struct map *m, const struct rows_cell *first, size_t n_cells,
			     struct df_err *err)
{
	forget_document(m);
	size_t listed = m->manifest != NULL ? m->manifest->n : 0;
	if (listed == 0 || n_cells != listed || map_places_joined(first))
		return map_places_mismatch(m, first, n_cells, err);

	m->names = df_alloc(n_cells * sizeof(*m->names));
	for (size_t i = 0; i < listed; i++)
		m->names[m->n_names++] = map_place_name(m, i);
	m->own = df_alloc(n_cells * sizeof(*m->own));
	return map_compile(m, err);
}
