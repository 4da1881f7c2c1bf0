/* SPDX-License-Identifier: MIT */
/*
 * Rows that name columns instead of holding values. Files that were put together have one in the
 * middle. Where its columns are in another order, or are others, the values of the rows after it
 * would go to the wrong fields.
 */
#include "map_heading.h"

#include "map_state.h"

#include <ctype.h>
#include <strings.h>

#define LEAST      2              /* cells of a header: one alone may be anything */
#define LEAST_NAME 2              /* bytes: a letter may be anything as well */
#define MARK       "\xef\xbb\xbf" /* of UTF-8 */

static bool is_path(const struct map *m, const struct rows_cell *cell)
{
	struct schema_path ignored;
	return schema_path_parse(m->event, cell->p, cell->len, &ignored, NULL) == SCHEMA_PATH_OK;
}

bool map_heading_native(const struct map *m, const struct rows_cell *cells, size_t n)
{
	bool any = false;
	for (size_t i = 0; i < n; i++) {
		bool own = map_column_is_own(cells[i].p, cells[i].len);
		if (!own && !is_path(m, &cells[i]))
			return false;
		any = any || !own;
	}
	return n >= LEAST && any;
}

bool map_is_header(const struct map *m, const struct rows_cell *cells, size_t n)
{
	return m->manifest == NULL || m->manifest->has_header || map_header_of_places(cells, n) ||
	       map_heading_native(m, cells, n);
}

/* ---- later rows ---- */

/* Where in the table a cell or a name is that begins so. */
static inline size_t begin_slot(const char *p, size_t len)
{
	const size_t first = (unsigned char)p[0], second = (unsigned char)p[1];
	return (first * 37 + second * 101 + (len > 2 ? (unsigned char)p[2] : 0)) %
	       MAP_HEADING_SLOTS;
}

static void begin_note(struct map *m, const char *name)
{
	const size_t len = strlen(name);
	if (len >= LEAST_NAME)
		m->heading[begin_slot(name, len)] = true;
}

void map_heading_begin(struct map *m)
{
	const struct schema_object *root = schema_event_root(m->event);
	memset(m->heading, 0, sizeof(m->heading));
	begin_note(m, schema_event_prefix(m->event));
	begin_note(m, MARK);
	for (size_t i = 0; i < root->n; i++)
		begin_note(m, root->fields[i].name);
	for (size_t i = 0; i < m->n_names; i++)
		begin_note(m, m->names[i]);
}

struct rows_cell map_heading_cell(const struct rows_row *row, size_t i)
{
	struct rows_cell c = row->cells[i];
	size_t before = 0;
	if (i == 0 && c.len > 3 && memcmp(c.p, MARK, 3) == 0)
		before = 3;
	else if (i == 0 && c.len > 1 && c.p[0] == '\f')
		before = 1;
	return (struct rows_cell){c.p + before, c.len - before};
}

/* How many cells of the row may be names: all of the columns', or 0. */
static size_t heading_width(const struct map *m, const struct rows_row *row)
{
	size_t n = row->n_cells, columns = m->n_names - m->trailing;
	bool fits = n == columns || (n == m->n_names && row->cells[n - 1].len == 0);
	return fits && columns >= LEAST ? columns : 0;
}

static inline bool may_name(const struct map *m, const struct rows_cell *cell)
{
	return cell->len >= LEAST_NAME &&
	       (m->heading[begin_slot(cell->p, cell->len)] || cell->p[0] == '\f');
}

/* Nearly all rows differ from any header in how one of the first cells begins. */
static bool may_be_heading(const struct map *m, const struct rows_row *row, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!may_name(m, &row->cells[i]) && !map_owns(m, i))
			return false;
	return n > 0;
}

/* A column of the document is called so. A number is a value all the same. */
static bool is_name(const struct map *m, const struct rows_cell *cell)
{
	size_t digits = 0;
	while (digits < cell->len && isdigit((unsigned char)cell->p[digits]))
		digits++;
	return digits < cell->len && df_index_find(m->by_name, cell->p, cell->len) != DF_INDEX_NONE;
}

/* Columns that append to a list may share a name. */
static bool are_distinct(const struct map *m, const struct rows_row *row, size_t n)
{
	struct df_index *seen = df_index_new();
	bool distinct = true;
	for (size_t i = 0; i < n && distinct; i++) {
		const struct rows_cell c = map_heading_cell(row, i);
		bool appends = c.len > 2 && memcmp(c.p + c.len - 2, "[]", 2) == 0;
		distinct = map_owns(m, i) || appends || df_index_add(seen, c.p, c.len, i);
	}
	df_index_free(seen);
	return distinct;
}

/* The path that a custom manifest has for the column: its own name where it has none; NULL: any
 * is right, as it is ignored. */
static const char *path_of(const struct map *m, size_t column)
{
	const struct map_manifest *manifest = m->native ? NULL : m->manifest;
	const char *name = m->names[column];
	size_t at = column;
	if (manifest == NULL || manifest->transform)
		return name;
	if (manifest->has_header)
		at = df_index_find(manifest->by_source, name, strlen(name));
	else if (m->places != NULL)
		for (at = 0; at < manifest->n && m->places[at] != column;)
			at++;
	if (at >= manifest->n)
		return name;
	return manifest->entries[at].field;
}

static bool same_step(const struct schema_step *a, const struct schema_step *b)
{
	return a->field == b->field && a->index == b->index && a->key_len == b->key_len &&
	       (a->key_len == 0 || memcmp(a->key, b->key, a->key_len) == 0);
}

/* Does the cell name the column below which it is, in whatever spelling? */
static bool names_own_column(const struct map *m, const struct rows_cell *cell, size_t column)
{
	struct schema_path a, b;
	const char *name = m->names[column], *path = path_of(m, column);
	if (path == NULL || (strncasecmp(name, cell->p, cell->len) == 0 && name[cell->len] == '\0'))
		return true;
	if (schema_path_parse(m->event, cell->p, cell->len, &a, NULL) != SCHEMA_PATH_OK ||
	    schema_path_parse(m->event, path, strlen(path), &b, NULL) != SCHEMA_PATH_OK ||
	    a.n != b.n || a.data != b.data || a.type != b.type)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (!same_step(&a.steps[i], &b.steps[i]))
			return false;
	return true;
}

/* Apart from its caller, which has no need of so large a frame for nearly every row. */
__attribute__((noinline)) static enum map_heading heading_of(const struct map *m,
							     const struct rows_row *row, size_t n)
{
	bool same = true;
	for (size_t i = 0; i < n; i++) {
		const struct rows_cell c = map_heading_cell(row, i);
		if (!map_owns(m, i) && !is_path(m, &c) && !is_name(m, &c))
			return MAP_HEADING_NONE;
	}
	if (!are_distinct(m, row, n))
		return MAP_HEADING_NONE;
	for (size_t i = 0; i < n && same; i++) {
		const struct rows_cell c = map_heading_cell(row, i);
		same = map_owns(m, i) || names_own_column(m, &c, i);
	}
	return same ? MAP_HEADING_SAME : MAP_HEADING_OTHER;
}

enum map_heading map_heading(const struct map *m, const struct rows_row *row)
{
	const struct rows_cell *first = row->cells;
	if (row->n_cells == 0 || (!may_name(m, first) && !map_owns(m, 0)))
		return MAP_HEADING_NONE;
	const size_t n = heading_width(m, row);
	return may_be_heading(m, row, n) ? heading_of(m, row, n) : MAP_HEADING_NONE;
}
