/* SPDX-License-Identifier: MIT */
/* Field Transformations meet a header: which column each mapping takes, and where it leads. */
#include "map_priv.h"

#include <stdlib.h>

static const char unmapped[] = "$unmapped";

bool map_pattern_fits(const char *pattern, const char *name, size_t len)
{
	const char *star = strchr(pattern, '*');
	size_t head = (size_t)(star - pattern), tail = strlen(star + 1);
	return len > head + tail && memcmp(pattern, name, head) == 0 && memcmp(star + 1, name + len - tail, tail) == 0;
}

struct binder {
	struct map *m;
	struct map_bindings *out;
	struct df_err *err;
	enum df_status st;
};

/* Binds a column, or what a mapping makes of it, to the destination. path: where to look within the cell's JSON, a part
 * of key; NULL: the cell itself. */
static void bind_to(struct binder *b, size_t column, const struct map_entry *e, const char *key, const char *path)
{
	struct df_buf name = {.max = 65536};
	struct liquid_fault why = {0};
	liquid_arena_reset(&b->m->arena);
	if (e->target == NULL)
		df_buf_adds(&name, e->field);
	else if (!map_derive_target(b->m, e, key, strlen(key), &name, &why))
		b->st = df_fail(DF_REJECT, b->err, "manifest-mismatch", "the manifest's destination of '%.200s': %s",
				key, why.text);
	if (e->template != NULL || e->values != NULL || path != NULL)
		column = map_derived_add(b->m, column, e, key, strlen(key), path);
	if (b->st == DF_OK)
		map_bindings_add(b->out, column, df_buf_cstr(&name), name.len, NULL)->keep =
		    e->ignore_when != MAP_NEVER;
	df_buf_free(&name);
}

enum precedence { EXACT, WILD, REST };

static enum precedence precedence_of(const char *source)
{
	if (strcmp(source, unmapped) == 0)
		return REST;
	return strchr(source, '*') != NULL ? WILD : EXACT;
}

static bool fits(const struct map_entry *e, enum precedence rank, const char *key)
{
	if (e->source == NULL || precedence_of(e->source) != rank)
		return false;
	if (rank == EXACT)
		return strcmp(e->source, key) == 0;
	return rank == REST || map_pattern_fits(e->source, key, strlen(key));
}

struct choice { /* among the mappings of one precedence */
	bool any, ignored;
	size_t longest; /* source */
};

/* Of several patterns the most specific, that is the longest. An `ignore` beats the others. */
static struct choice choose(const struct map_manifest *manifest, enum precedence rank, const char *key)
{
	struct choice c = {0};
	for (size_t i = 0; i < manifest->n; i++) {
		const struct map_entry *e = &manifest->entries[i];
		if (!fits(e, rank, key) || strlen(e->source) < c.longest)
			continue;
		c.ignored = (c.ignored && strlen(e->source) == c.longest) || e->action == MAP_IGNORE;
		c.longest = strlen(e->source);
		c.any = true;
	}
	return c;
}

/* Applies the mappings of one precedence to a column. Returns whether there were any. */
static bool apply(struct binder *b, enum precedence rank, size_t column)
{
	const char *key = b->m->names[column];
	const struct map_manifest *manifest = b->m->manifest;
	struct choice c = choose(manifest, rank, key);
	for (size_t i = 0; i < manifest->n && c.any && !c.ignored; i++) {
		const struct map_entry *e = &manifest->entries[i];
		if (e->action == MAP_KEEP && fits(e, rank, key) && strlen(e->source) == c.longest)
			bind_to(b, column, e, key, NULL);
	}
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
	for (enum precedence rank = EXACT; rank <= REST; rank++) {
		struct choice c = choose(manifest, rank, name);
		if (c.any)
			return c.ignored;
	}
	return false;
}

static size_t find_column(const struct map *m, const char *name, size_t len)
{
	for (size_t i = 0; i < m->n_names; i++)
		if (strlen(m->names[i]) == len && memcmp(m->names[i], name, len) == 0)
			return i;
	return MAP_NONE;
}

/* The column whose cell holds what the source names, as `foo` does for foo.item; the longest such name. *path is where
 * to look within. */
static size_t reach(const struct map *m, const char *source, const char **path)
{
	if (precedence_of(source) == REST || find_column(m, source, strlen(source)) != MAP_NONE)
		return MAP_NONE;
	for (size_t len = strcspn(source, "*"); len-- > 0;) {
		if (source[len] != '.' && source[len] != '[')
			continue;
		size_t column = find_column(m, source, len);
		*path = source + len + (source[len] == '.');
		if (column != MAP_NONE)
			return column;
	}
	return MAP_NONE;
}

/* foo.* and foo.pre_*: the cell's members, whatever their names. What stands before the last dot is the way to them. */
static void bind_spread(struct binder *b, size_t column, const struct map_entry *e, const char *path)
{
	const char *star = strchr(e->source, '*'), *name = star;
	while (name > path && name[-1] != '.')
		name--;
	size_t lead = strcspn(e->field, "*{");
	if (strchr(star, '.') != NULL || e->target == NULL || e->field[strlen(e->field) - 1] == ']') {
		b->st = df_fail(DF_REJECT, b->err, "manifest-mismatch",
				"'%.200s' takes the members of a cell's JSON, and '%.200s' is no place for them; "
				"foo.* to user_attributes.* would be one",
				e->source, e->field);
		return;
	}
	char *key = df_strndup(e->source, (size_t)(name - e->source));
	char *way = df_strndup(path, name > path ? (size_t)(name - path) - 1 : 0);
	size_t derived = map_derived_add(b->m, column, e, key, strlen(key), NULL);
	struct map_derived *d = map_derived_of(b->m, derived);
	d->pattern = e->source;
	d->way = way;
	char *place = df_format("%.*s* of entry %zu", (int)lead, e->field, (size_t)(e - b->m->manifest->entries) + 1);
	map_bindings_add(b->out, derived, place, strlen(place), NULL)->keep = e->ignore_when != MAP_NEVER;
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
	for (size_t i = 0; i < m->manifest->n; i++) {
		const struct map_entry *e = &m->manifest->entries[i];
		const char *path;
		if (e->action != MAP_KEEP || precedence_of(e->source) != EXACT ||
		    find_column(m, e->source, strlen(e->source)) != MAP_NONE || reach(m, e->source, &path) != MAP_NONE)
			continue;
		df_err_place(err, NULL, 0, e->source);
		return df_fail(DF_REJECT, err, "manifest-mismatch",
			       "the manifest maps the column '%.200s', which the header lacks", e->source);
	}
	return DF_OK;
}

/* Columns that templates take from `row`: they have to be there, and are dealt with thereby. */
static enum df_status mark_row_columns(struct map *m, bool *reached, struct df_err *err)
{
	for (size_t i = 0; i < m->manifest->n; i++) {
		const struct map_entry *e = &m->manifest->entries[i];
		const char *name;
		size_t len;
		for (size_t k = 0; e->template != NULL && liquid_row_name(e->template, k, &name, &len); k++) {
			m->uses_row = true;
			if (name == NULL)
				continue;
			size_t column = find_column(m, name, len);
			if (column == MAP_NONE)
				return df_fail(
				    DF_REJECT, err, "manifest-mismatch",
				    "the manifest's template of '%.100s' takes the column '%.*s' from the row, "
				    "which the header lacks",
				    e->source, len > 100 ? 100 : (int)len, name);
			reached[column] = true;
		}
	}
	return DF_OK;
}

enum df_status map_transform_bind(struct map *m, struct map_bindings *out, bool *done, struct df_err *err)
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
			done[i] = apply(&b, EXACT, i) || reached[i] || apply(&b, WILD, i) || apply(&b, REST, i);
	free(reached);
	return lacking != DF_OK ? lacking : b.st;
}
