/* SPDX-License-Identifier: MIT */
/* Columns of our own, which reject files add, and the header of places that those of documents
 * without a header begin with. */
#include "map_own.h"

#include "map_state.h"
#include "map_tree.h"

#include <stdlib.h>

bool map_column_is_own(const char *name, size_t len)
{
	static const char line[] = MAP_COLUMN_LINE, reason[] = MAP_COLUMN_REASON;
	return (len == sizeof(line) - 1 && memcmp(name, line, len) == 0) ||
	       (len == sizeof(reason) - 1 && memcmp(name, reason, len) == 0);
}

bool map_own_column(const char *name)
{
	return map_column_is_own(name, strlen(name));
}

void map_own_find(struct map *m)
{
	m->own = df_alloc(m->n_names * sizeof(*m->own));
	for (size_t i = 0; i < m->n_names; i++)
		m->has_own |= m->own[i] = map_own_column(m->names[i]);
}

void map_own_copy(struct map *m, const struct map *from)
{
	m->own = df_alloc(m->n_names * sizeof(*m->own));
	memcpy(m->own, from->own, m->n_names * sizeof(*m->own));
	m->has_own = from->has_own;
	if (from->places == NULL)
		return;
	m->places = df_alloc(m->manifest->n * sizeof(*m->places));
	memcpy(m->places, from->places, m->manifest->n * sizeof(*m->places));
}

bool map_reason_of_broken(const char *text, size_t len)
{
	static const char *const codes[] = {"wrong-field-count", "malformed-quote", "row-too-large",
					    "invalid-utf8", "nul-byte"};
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		size_t n = strlen(codes[i]);
		if (len > n + 1 && memcmp(text, codes[i], n) == 0 &&
		    (text[n] == ':' || text[n] == ' '))
			return true;
	}
	return false;
}

bool map_own_moved(const struct map *m, const struct rows_cell *cells)
{
	for (size_t i = 0; i < m->n_names; i++)
		if (map_reason_of_broken(cells[i].p, cells[i].len) &&
		    strcmp(m->names[i], MAP_COLUMN_REASON) != 0)
			return true;
	return false;
}

/* ---- places ---- */

static const size_t place_head = sizeof(MAP_COLUMN_PLACE) - 1;

/* The number in dropfeed.column<n>; 0: it is another name. */
static size_t place_number(const char *name, size_t len)
{
	size_t n = 0;
	if (len <= place_head || memcmp(name, MAP_COLUMN_PLACE, place_head) != 0 ||
	    name[place_head] == '0')
		return 0;
	for (size_t i = place_head; i < len; i++) {
		if (name[i] < '0' || name[i] > '9' || n > MAP_MAX_COLUMNS)
			return 0;
		n = n * 10 + (size_t)(name[i] - '0');
	}
	return n;
}

bool map_header_of_places(const struct rows_cell *cells, size_t n)
{
	bool any = false;
	for (size_t i = 0; i < n; i++) {
		bool place = place_number(cells[i].p, cells[i].len) > 0;
		if (!place && !map_column_is_own(cells[i].p, cells[i].len))
			return false;
		any = any || place;
	}
	return any;
}

size_t map_places(const struct map *m)
{
	return m->manifest == NULL || m->manifest->has_header ? 0 : m->manifest->n;
}

char *map_place_name(const struct map *m, size_t i)
{
	const char *name = m->manifest->entries[i].source;
	return name != NULL ? df_strdup(name) : df_format("column %zu", i + 1);
}

static enum df_status place_note(struct map *m, size_t column, size_t n, struct df_err *err)
{
	const char *name = m->names[column];
	if (n <= m->manifest->n && m->places[n - 1] == MAP_NONE) {
		m->places[n - 1] = column;
		return DF_OK;
	}
	df_err_place(err, NULL, 0, name);
	if (n <= m->manifest->n)
		return df_fail(DF_REJECT, err, "duplicate-column", "two columns are named '%s'",
			       name);
	return df_fail(DF_REJECT, err, "manifest-mismatch",
		       "the reject file has a column '%s' where the manifest lists %zu columns",
		       name, m->manifest->n);
}

enum df_status map_places_find(struct map *m, struct df_err *err)
{
	m->places = df_alloc(m->manifest->n * sizeof(*m->places));
	for (size_t i = 0; i < m->manifest->n; i++)
		m->places[i] = MAP_NONE;
	for (size_t i = 0; i < m->n_names; i++) {
		size_t n = place_number(m->names[i], strlen(m->names[i]));
		enum df_status st = n > 0 ? place_note(m, i, n, err) : DF_OK;
		if (st != DF_OK)
			return st;
	}

	for (size_t i = 0; i < m->manifest->n; i++) {
		if (m->places[i] == MAP_NONE)
			return df_fail(
			    DF_REJECT, err, "manifest-mismatch",
			    "the reject file lacks the column " MAP_COLUMN_PLACE
			    "%zu: the manifest lists %zu columns, and each of them has to be there",
			    i + 1, m->manifest->n);
		free(m->names[m->places[i]]);
		m->names[m->places[i]] = map_place_name(m, i);
	}
	return DF_OK;
}

bool map_places_joined(const struct rows_cell *first)
{
	static const char one[] = MAP_COLUMN_PLACE "1";
	return first->len > place_head + 1 && memcmp(first->p, one, sizeof(one) - 1) == 0 &&
	       strchr(";\t|", first->p[sizeof(one) - 1]) != NULL;
}

enum df_status map_places_mismatch(const struct map *m, const struct rows_cell *first, size_t n,
				   struct df_err *err)
{
	size_t listed = map_places(m);
	if (n > 0 && map_places_joined(first))
		return df_fail(DF_REJECT, err, "manifest-mismatch",
			       "the reject file was saved with another separator than the feed's: "
			       "save it with commas, or "
			       "with the feed's delimiter, and drop it again");
	if (n == listed + 2 && listed > 0)
		return df_fail(DF_REJECT, err, "manifest-mismatch",
			       "the first row has %zu columns where the manifest lists %zu; if "
			       "this is a reject file that "
			       "version 0.1 wrote, put the line " MAP_COLUMN_PLACE
			       "1,...," MAP_COLUMN_PLACE "%zu," MAP_COLUMN_LINE
			       "," MAP_COLUMN_REASON " in front of it",
			       n, listed, listed);
	return df_fail(DF_REJECT, err, "manifest-mismatch",
		       "the first row has %zu column%s where the manifest lists %zu%s", n,
		       df_plural(n), listed,
		       n == listed + 1 && first[listed].len == 0
			   ? "; if each row ends with a delimiter, end the list with an entry "
			     "{\"action\": \"ignore\"}"
			   : "");
}
