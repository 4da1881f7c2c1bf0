/* SPDX-License-Identifier: MIT */
/*
 * What a transformation does with rows before their cells are mapped: an empty cell takes the
 * value of the row above (fill_down, fill_by), and some rows are skipped (rows.skip).
 */
#include "map_rows.h"

#include "map_columns.h"
#include "map_manifest.h"
#include "map_manifest_read.h"
#include "map_notes.h"
#include "map_state.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_NAMES 1000

/* ---- reading ---- */

static enum df_status wrong(struct df_err *err, const char *key, const char *what)
{
	return df_fail(DF_USAGE, err, NULL, "manifest: '%s' %s", key, what);
}

/* A list of strings; numbers and booleans are taken as they are written. */
static enum df_status read_texts(struct json_object *json, const char *key, struct map_texts *out,
				 struct df_err *err)
{
	if (!json_object_is_type(json, json_type_array))
		return wrong(err, key, "has to be an array");
	size_t n = json_object_array_length(json);
	if (n > MAX_NAMES)
		return wrong(err, key, "has more than 1000 entries");
	out->v = df_alloc(n * sizeof(*out->v));
	for (size_t i = 0; i < n; i++) {
		struct json_object *text = json_object_array_get_idx(json, i);
		enum json_type type = json_object_get_type(text);
		if (type == json_type_array || type == json_type_object)
			return wrong(err, key, "has an entry that is not a string");
		out->v[out->n++] = df_strdup(text != NULL ? json_object_get_string(text) : "");
	}
	return DF_OK;
}

/* The cells that it is compared with are trimmed, too. */
static void trim_text(char **text)
{
	const char *p = *text;
	size_t len = strlen(p);
	map_cell_trim(&p, &len);
	char *trimmed = df_strndup(p, len);
	free(*text);
	*text = trimmed;
}

static enum df_status read_skip(struct json_object *json, struct map_skip *out,
				struct map_manifest *manifest, struct df_err *err)
{
	static const char *const keys[] = {"source", "in", NULL};
	struct json_object *in = NULL;
	const char *source = NULL;
	if (!json_object_is_type(json, json_type_object))
		return wrong(err, "rows.skip",
			     "has to be an array of objects with 'source' and 'in'");
	enum df_status st = map_manifest_keys(json, 0, keys, manifest, err);
	manifest->key = "rows";
	if (st != DF_OK)
		return st;
	st = map_manifest_string(json, 0, "source", true, &source, err);
	if (st != DF_OK)
		return st;
	out->source = df_strdup(source);
	if (!json_object_object_get_ex(json, "in", &in))
		return wrong(err, "rows.skip",
			     "lacks 'in', the values of the rows that are skipped");
	st = read_texts(in, "rows.skip, in", &out->in, err);
	for (size_t i = 0; i < out->in.n; i++)
		trim_text(&out->in.v[i]);
	return st;
}

static enum df_status read_skips(struct json_object *rows, struct map_manifest *out,
				 struct df_err *err)
{
	static const char *const keys[] = {"skip", NULL};
	struct json_object *skip = NULL;
	if (!json_object_is_type(rows, json_type_object))
		return wrong(err, "rows", "has to be an object with 'skip'");
	enum df_status st = map_manifest_keys(rows, 0, keys, out, err);
	out->key = "rows";
	if (st != DF_OK || !json_object_object_get_ex(rows, "skip", &skip))
		return st;
	if (!json_object_is_type(skip, json_type_array))
		return wrong(err, "rows.skip", "has to be an array");
	size_t n = json_object_array_length(skip);
	if (n > MAX_NAMES)
		return wrong(err, "rows.skip", "has more than 1000 entries");
	out->skips = df_alloc(n * sizeof(*out->skips));
	for (size_t i = 0; i < n && st == DF_OK; i++)
		st = read_skip(json_object_array_get_idx(skip, i), &out->skips[out->n_skips++], out,
			       err);
	return st;
}

/* The array under the key, where there is one. */
static enum df_status read_list(struct json_object *root, const char *key, struct map_texts *out,
				struct map_manifest *manifest, struct df_err *err)
{
	struct json_object *json = NULL;
	manifest->key = key;
	return json_object_object_get_ex(root, key, &json) ? read_texts(json, key, out, err)
							   : DF_OK;
}

enum df_status map_rows_read(struct json_object *root, struct map_manifest *out, struct df_err *err)
{
	struct json_object *rows = NULL;
	out->key = "rows";
	if (json_object_object_get_ex(root, out->key, &rows)) {
		enum df_status st = read_skips(rows, out, err);
		if (st != DF_OK)
			return st;
	}
	enum df_status st = read_list(root, "fill_down", &out->fill_down, out, err);
	if (st != DF_OK)
		return st;
	st = read_list(root, "fill_by", &out->fill_by, out, err);
	if (st != DF_OK)
		return st;
	if (json_object_object_get_ex(root, "fill_by", NULL) && out->fill_down.n == 0)
		return wrong(err, "fill_by",
			     "is of no effect without 'fill_down', the columns to fill");
	return DF_OK;
}

static void texts_free(struct map_texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i]);
	free(t->v);
}

void map_rows_free(struct map_manifest *manifest)
{
	for (size_t i = 0; i < manifest->n_skips; i++) {
		free(manifest->skips[i].source);
		texts_free(&manifest->skips[i].in);
	}
	free(manifest->skips);
	texts_free(&manifest->fill_down);
	texts_free(&manifest->fill_by);
}

/* ---- rows ---- */

static enum df_status bind_name(const struct map *m, const char *name, const char *key,
				size_t *column, struct df_err *err)
{
	*column = map_column_find(m, name, strlen(name));
	if (*column != MAP_NONE)
		return DF_OK;
	df_err_place(err, NULL, 0, name);
	return df_fail(DF_REJECT, err, "manifest-mismatch",
		       "the manifest names the column '%.200s' in '%s', which the header lacks",
		       name, key);
}

/* The columns of fill_down or fill_by. *n: those that are bound, and have to be freed. */
static enum df_status bind_fills(const struct map *m, const struct map_texts *names,
				 const char *key, struct map_fill *fills, size_t *n,
				 struct df_err *err)
{
	for (; *n < names->n; (*n)++) {
		enum df_status st = bind_name(m, names->v[*n], key, &fills[*n].column, err);
		if (st != DF_OK)
			return st;
	}
	return DF_OK;
}

enum df_status map_rows_bind(struct map *m, bool *reached, struct df_err *err)
{
	const struct map_manifest *manifest = m->manifest;
	struct map_rows *r = &m->rows;
	r->skip = df_alloc((manifest->n_skips + 1) * sizeof(*r->skip));
	r->down = df_alloc((manifest->fill_down.n + 1) * sizeof(*r->down));
	r->by = df_alloc((manifest->fill_by.n + 1) * sizeof(*r->by));
	for (; r->n_skip < manifest->n_skips; r->n_skip++) {
		enum df_status st = bind_name(m, manifest->skips[r->n_skip].source, "rows.skip",
					      &r->skip[r->n_skip], err);
		if (st != DF_OK)
			return st;
		reached[r->skip[r->n_skip]] = true;
	}
	enum df_status st =
	    bind_fills(m, &manifest->fill_down, "fill_down", r->down, &r->n_down, err);
	if (st != DF_OK)
		return st;
	st = bind_fills(m, &manifest->fill_by, "fill_by", r->by, &r->n_by, err);
	if (st != DF_OK)
		return st;

	for (size_t i = 0; i < r->n_down; i++)
		reached[r->down[i].column] = true;
	for (size_t i = 0; i < r->n_by; i++)
		reached[r->by[i].column] = true;
	return DF_OK;
}

void map_rows_end(struct map *m)
{
	struct map_rows *r = &m->rows;
	for (size_t i = 0; i < r->n_down; i++)
		df_buf_free(&r->down[i].last);
	for (size_t i = 0; i < r->n_by; i++)
		df_buf_free(&r->by[i].last);
	free(r->skip);
	free(r->down);
	free(r->by);
	free(r->cells);
	memset(r, 0, sizeof(*r));
}

bool map_in_order(const struct map *m)
{
	return m->rows.n_down > 0;
}

static bool same_as_last(const struct map_fill *f, const struct rows_cell *cells)
{
	const struct rows_cell *cell = &cells[f->column];
	return f->last.len == cell->len &&
	       (cell->len == 0 || memcmp(f->last.data, cell->p, cell->len) == 0);
}

static void keep_last(struct map_fill *f, const struct rows_cell *cells)
{
	const struct rows_cell *cell = &cells[f->column];
	df_buf_reset(&f->last);
	f->last.max = MAP_MAX_OUTPUT;
	df_buf_add(&f->last, cell->p, cell->len);
}

/* NULL, n/a and the like; a 0 may be a number like any other. */
static bool is_word_for_nothing(const struct map *m, const char *p, size_t len)
{
	size_t kind;
	for (size_t i = 0; i < len; i++)
		if (df_is_digit(p[i]))
			return false;
	return m->guards_ids && map_placeholder(p, len, &kind);
}

/* Rows that name no order, or NULL, have none in common: what is above them is somebody else's. */
static bool names_nothing(const struct map *m, const struct rows_cell *cells)
{
	const struct map_rows *r = &m->rows;
	for (size_t i = 0; i < r->n_by; i++) {
		const char *p = cells[r->by[i].column].p;
		size_t len = cells[r->by[i].column].len;
		map_cell_trim(&p, &len);
		if (len > 0 && !is_word_for_nothing(m, p, len))
			return false;
	}
	return r->n_by > 0;
}

/* Without fill_by nothing says that the row belongs to one that is still known: it may be another
 * user's. Rows of a reject file are not below those that they were below. */
void map_rows_lose(struct map *m)
{
	struct map_rows *r = &m->rows;
	r->lost = true;
	for (size_t i = 0; i < r->n_down && r->n_by == 0; i++)
		r->down[i].lost = true;
}

/* Rows that have other cells of fill_by than the one above begin anew: what they lack may have been
 * in one that is lost. */
static void begin_anew(struct map_rows *r, const struct rows_cell *cells, bool lost)
{
	for (size_t i = 0; i < r->n_by; i++)
		keep_last(&r->by[i], cells);
	for (size_t i = 0; i < r->n_down && r->n_by > 0; i++)
		r->down[i].lost = lost;
}

/* Of a reject file it is not known whether the cell was filled at all: with fill_by it may have
 * been empty from the first row on. */
static void lack(struct map *m, struct map_fill *f, const struct rows_cell *cells)
{
	struct map_rows *r = &m->rows;
	if (!m->has_own || r->n_by == 0) {
		r->unknown = f->column + 1;
		return;
	}
	keep_last(f, cells);
	map_note_unfilled(m, f->column);
}

/* An empty cell takes what is above. */
static void fill(struct map *m, struct map_fill *f, bool same, const struct rows_cell *cells)
{
	struct map_rows *r = &m->rows;
	struct rows_cell *cell = &r->cells[f->column];
	if (cell->len > 0) {
		f->lost = false;
		keep_last(f, cells);
	} else if (f->lost) {
		lack(m, f, cells);
	} else if (!same) {
		keep_last(f, cells);
	} else {
		*cell = (struct rows_cell){f->last.data != NULL ? f->last.data : "", f->last.len};
	}
}

const struct rows_cell *map_rows_fill(struct map *m, const struct rows_cell *cells)
{
	struct map_rows *r = &m->rows;
	if (r->n_down == 0)
		return cells;
	r->unknown = 0;
	if (m->has_own)
		map_rows_lose(m);
	if (r->cells == NULL)
		r->cells = df_alloc(m->n_names * sizeof(*r->cells));
	for (size_t i = 0; i < m->n_names; i++)
		r->cells[i] = cells[i];

	const bool nothing = names_nothing(m, cells);
	bool same = r->begun && !nothing;
	for (size_t i = 0; i < r->n_by; i++)
		same = same && same_as_last(&r->by[i], cells);
	if (!same)
		begin_anew(r, cells, r->lost && !nothing);
	r->lost = false;
	for (size_t i = 0; i < r->n_down; i++)
		fill(m, &r->down[i], same, cells);
	r->begun = true;
	return r->cells;
}

void map_above(struct map *m, const struct rows_cell *cells, size_t n)
{
	if (n == m->n_names)
		(void)map_rows_fill(m, cells);
	else
		map_rows_lose(m);
}

bool map_rows_skip(const struct map *m, const struct rows_cell *cells)
{
	const struct map_rows *r = &m->rows;
	for (size_t i = 0; i < r->n_skip; i++) {
		const struct map_texts *in = &m->manifest->skips[i].in;
		const char *p = cells[r->skip[i]].p;
		size_t len = cells[r->skip[i]].len;
		map_cell_trim(&p, &len);
		for (size_t k = 0; k < in->n; k++)
			if (strlen(in->v[k]) == len && (len == 0 || memcmp(in->v[k], p, len) == 0))
				return true;
	}
	return false;
}
