/* SPDX-License-Identifier: MIT */
/* Field Transformations meet a header: which column each mapping takes, and where it leads. */
#include "map_bindings.h"
#include "map_columns.h"
#include "map_derive.h"
#include "map_manifest.h"
#include "map_pattern.h"
#include "map_rows.h"
#include "map_state.h"
#include "map_transform.h"
#include "map_tree.h"

#include <stdlib.h>

struct binder {
	struct map *m;
	struct map_bindings *out;
	struct df_err *err;
	enum df_status st;
};

/* Binds a column, or what a mapping makes of it, to the destination. path: where to look within
 * the cell's JSON, a part of key; NULL: the cell itself. */
static void bind_to(struct binder *b, size_t column, const struct map_entry *e, const char *key,
		    const char *path)
{
	struct df_buf name = {.max = 65536};
	struct liquid_fault why = {0};
	liquid_arena_reset(&b->m->arena);
	if (e->target == NULL)
		df_buf_adds(&name, e->field);
	else if (!map_derive_target(b->m, e, key, strlen(key), &name, &why))
		b->st = df_fail(DF_REJECT, b->err, "manifest-mismatch",
				"the manifest's destination of '%.200s': %s", key, why.text);
	if (e->template != NULL || e->values != NULL || path != NULL)
		column = map_derived_add(b->m, column, e, key, strlen(key), path);
	if (b->st == DF_OK)
		map_bindings_add(b->out, column, df_buf_cstr(&name), name.len, NULL)->keep =
		    e->ignore_when != MAP_NEVER;
	df_buf_free(&name);
}

/* The entries of one precedence that fit a column, one after another. */
struct fitting {
	const struct map_manifest *manifest;
	const char *key;
	enum map_precedence rank;
	size_t at; /* of MAP_EXACT: the next entry; else the next place in the list of patterns */
};

static struct fitting fitting_begin(const struct map_manifest *manifest, enum map_precedence rank,
				    const char *key)
{
	size_t len = strlen(key);
	size_t first = rank == MAP_EXACT ? df_index_find(manifest->by_source, key, len) : 0;
	if (rank == MAP_EXACT && first != DF_INDEX_NONE && map_is_pattern(key))
		first = MAP_NONE; /* a column that is named like a pattern */
	return (struct fitting){.manifest = manifest, .key = key, .rank = rank, .at = first};
}

/* $unmapped takes the rest; a column without a name leads nowhere. */
static bool takes_rest(const struct map_entry *e, const char *key)
{
	return key[0] != '\0' || e->action == MAP_IGNORE;
}

/* NULL after the last. */
static const struct map_entry *fitting_next(struct fitting *f)
{
	const struct map_manifest *manifest = f->manifest;
	if (f->rank == MAP_EXACT) {
		const struct map_entry *e = f->at != MAP_NONE ? &manifest->entries[f->at] : NULL;
		f->at = e != NULL ? e->next : MAP_NONE;
		return e;
	}
	while (f->at < manifest->n_patterns) {
		const struct map_entry *e = &manifest->entries[manifest->patterns[f->at++]];
		if (map_precedence_of(e->source) == f->rank &&
		    (f->rank == MAP_REST ? takes_rest(e, f->key)
					 : map_pattern_fits(e->source, f->key, strlen(f->key))))
			return e;
	}
	return NULL;
}

struct choice { /* among the mappings of one precedence */
	bool any, ignored;
	size_t longest; /* source */
};

/* Of several patterns the most specific, that is the longest. An `ignore` beats the others. */
static struct choice choose_pattern(const struct map_manifest *manifest, enum map_precedence rank,
				    const char *key)
{
	struct choice c = {0};
	struct fitting f = fitting_begin(manifest, rank, key);
	for (const struct map_entry *e; (e = fitting_next(&f)) != NULL;) {
		size_t len = strlen(e->source);
		if (len < c.longest)
			continue;
		c.ignored = (c.ignored && len == c.longest) || e->action == MAP_IGNORE;
		c.longest = len;
		c.any = true;
	}
	return c;
}

/* Applies the mappings of one precedence to a column. Returns whether there were any. */
static bool apply(struct binder *b, enum map_precedence rank, size_t column)
{
	const char *key = b->m->names[column];
	struct choice c = choose_pattern(b->m->manifest, rank, key);
	struct fitting f = fitting_begin(b->m->manifest, rank, key);
	for (const struct map_entry *e; c.any && !c.ignored && (e = fitting_next(&f)) != NULL;)
		if (e->action == MAP_KEEP && strlen(e->source) == c.longest)
			bind_to(b, column, e, key, NULL);
	return c.any;
}

/* What reaches into the cells' JSON takes a column as well. */
static bool is_reached(const struct map_manifest *manifest, const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < manifest->n; i++) {
		const struct map_entry *e = &manifest->entries[i];
		if (e->action == MAP_KEEP && strncmp(e->source, name, len) == 0 &&
		    (e->source[len] == '.' || e->source[len] == '['))
			return true;
	}
	return false;
}

bool map_transform_ignores(const struct map_manifest *manifest, const char *name)
{
	if (is_reached(manifest, name))
		return false;
	for (enum map_precedence rank = MAP_EXACT; rank <= MAP_REST; rank++) {
		struct choice c = choose_pattern(manifest, rank, name);
		if (c.any)
			return c.ignored;
	}
	return false;
}

/* The column whose cell holds what the source names, as `foo` does for foo.item; the longest
 * such name. *path is where to look within. */
static size_t reach(const struct map *m, const char *source, const char **path)
{
	if (map_precedence_of(source) == MAP_REST ||
	    map_column_find(m, source, strlen(source)) != MAP_NONE)
		return MAP_NONE;
	for (size_t len = strcspn(source, "*"); len-- > 0;) {
		if (source[len] != '.' && source[len] != '[')
			continue;
		size_t column = map_column_find(m, source, len);
		*path = source + len + (source[len] == '.');
		if (column != MAP_NONE)
			return column;
	}
	return MAP_NONE;
}

/* foo.* and foo.pre_*: the cell's members, whatever their names. What is before the last dot
 * is the way to them. */
static void bind_spread(struct binder *b, size_t column, const struct map_entry *e,
			const char *path)
{
	const char *star = strchr(e->source, '*'), *name = star;
	while (name > path && name[-1] != '.')
		name--;
	size_t lead = strcspn(e->field, "*{");
	if (strchr(star, '.') != NULL || e->target == NULL ||
	    e->field[strlen(e->field) - 1] == ']') {
		b->st = df_fail(DF_REJECT, b->err, "manifest-mismatch",
				"'%.200s' takes the members of a cell's JSON, and '%.200s' cannot "
				"hold them; map foo.* to user_attributes.*, for example",
				e->source, e->field);
		return;
	}
	char *key = df_strndup(e->source, (size_t)(name - e->source));
	char *way = df_strndup(path, name > path ? (size_t)(name - path) - 1 : 0);
	size_t derived = map_derived_add(b->m, column, e, key, strlen(key), NULL);
	struct map_derived *d = map_derived_of(b->m, derived);
	d->pattern = e->source;
	d->way = way;
	char *place = df_format("%.*s* of entry %zu", (int)lead, e->field,
				(size_t)(e - b->m->manifest->entries) + 1);
	map_bindings_add(b->out, derived, place, strlen(place), NULL)->keep =
	    e->ignore_when != MAP_NEVER;
	free(place);
	free(key);
}

/* Sources within cells. reached: the columns of these cells. */
static void apply_reaching(struct binder *b, bool *reached)
{
	for (size_t i = 0; i < b->m->manifest->n && b->st == DF_OK; i++) {
		const struct map_entry *e = &b->m->manifest->entries[i];
		const char *path = NULL;
		size_t column = e->action == MAP_KEEP ? reach(b->m, e->source, &path) : MAP_NONE;
		if (column == MAP_NONE)
			continue;
		reached[column] = true;
		if (strchr(e->source, '*') != NULL)
			bind_spread(b, column, e, path);
		else
			bind_to(b, column, e, e->source, path);
	}
}

/* Every source that names a column has to be there. */
static enum df_status check_sources(const struct map *m, struct df_err *err)
{
	struct map_missing missing = {.map = m};
	for (size_t i = 0; i < m->manifest->n; i++) {
		const struct map_entry *e = &m->manifest->entries[i];
		const char *path;
		if (e->action == MAP_KEEP && !map_is_pattern(e->source) &&
		    map_column_find(m, e->source, strlen(e->source)) == MAP_NONE &&
		    reach(m, e->source, &path) == MAP_NONE)
			map_missing_add(&missing, e->source);
	}
	return map_missing_end(&missing, err);
}

/* Columns that templates take from `row`: they have to be there, and are dealt with thereby. */
static enum df_status mark_row_columns(struct map *m, bool *reached, struct df_err *err)
{
	for (size_t i = 0; i < m->manifest->n; i++) {
		const struct map_entry *e = &m->manifest->entries[i];
		const char *name;
		size_t len;
		for (size_t k = 0;
		     e->template != NULL && liquid_row_name(e->template, k, &name, &len); k++) {
			m->uses_row = true;
			if (name == NULL)
				continue;
			size_t column = map_column_find(m, name, len);
			if (column == MAP_NONE)
				return df_fail(DF_REJECT, err, "manifest-mismatch",
					       "the manifest's template of '%.100s' takes the "
					       "column '%.*s' from the row, "
					       "which the header lacks",
					       e->source, len > 100 ? 100 : (int)len, name);
			reached[column] = true;
		}
	}
	return DF_OK;
}

enum df_status map_transform_bind(struct map *m, struct map_bindings *out, bool *done,
				  struct df_err *err)
{
	struct binder b = {.m = m, .out = out, .err = err};
	/* What is there is bound all the same, for whoever wants to see it. */
	enum df_status lacking = check_sources(m, err);
	for (size_t i = 0; i < m->manifest->n; i++) {
		const struct map_entry *e = &m->manifest->entries[i];
		if (e->action == MAP_STATIC)
			map_bindings_add(out, MAP_NONE, e->field, strlen(e->field), e->value);
	}
	bool *reached = df_alloc(m->n_names * sizeof(*reached));
	if (lacking == DF_OK)
		lacking = mark_row_columns(m, reached, err);
	if (lacking == DF_OK)
		lacking = map_rows_bind(m, reached, err);
	apply_reaching(&b, reached);
	for (size_t i = 0; i < m->n_names && b.st == DF_OK; i++)
		if (!done[i])
			done[i] = apply(&b, MAP_EXACT, i) || reached[i] || apply(&b, MAP_WILD, i) ||
				  apply(&b, MAP_REST, i);
	free(reached);
	return lacking != DF_OK ? lacking : b.st;
}
