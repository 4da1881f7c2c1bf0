/* SPDX-License-Identifier: MIT */
#include "map_values.h"

#include "map_cell.h"
#include "map_manifest.h"
#include "map_manifest_read.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

static int compare_value_entries(const void *a, const void *b)
{
	return strcmp(((const struct map_value *)a)->from, ((const struct map_value *)b)->from);
}

static enum df_status read_otherwise(struct json_object *json, size_t number, struct map_entry *out,
				     struct df_err *err)
{
	static const char *const words[] = {"reject", "keep", "empty"}; /* enum map_otherwise */
	const char *otherwise = NULL;
	enum df_status st = map_manifest_string(json, number, "otherwise", false, &otherwise, err);
	if (st != DF_OK || otherwise == NULL)
		return st;
	for (size_t i = 0; i < 3; i++) {
		if (strcmp(otherwise, words[i]) != 0)
			continue;
		out->otherwise = (enum map_otherwise)i;
		if (out->values != NULL)
			return DF_OK;
		return df_fail(DF_USAGE, err, NULL,
			       "manifest, entry %zu: 'otherwise' has no effect without 'values'",
			       number);
	}
	return df_fail(DF_USAGE, err, NULL,
		       "manifest, entry %zu: 'otherwise' has to be reject, keep or empty", number);
}

/* Blanks around a word do not count: two that differ in nothing else are the same one. */
static enum df_status check_words(const struct map_entry *e, size_t number, struct df_err *err)
{
	for (size_t i = 1; i < e->n_values; i++) {
		const struct map_value *a = &e->values[i - 1], *b = &e->values[i];
		if (strcmp(a->from, b->from) == 0 && strcmp(a->to, b->to) != 0)
			return df_fail(DF_USAGE, err, NULL,
				       "manifest, entry %zu: 'values' has two values for '%.100s', "
				       "blanks around it aside; remove one of them",
				       number, b->from);
	}
	return DF_OK;
}

enum df_status map_values_read(struct json_object *json, size_t number, struct map_entry *out,
			       struct df_err *err)
{
	struct json_object *values = NULL;
	if (!json_object_object_get_ex(json, "values", &values))
		return read_otherwise(json, number, out, err);
	if (out->action != MAP_KEEP || !json_object_is_type(values, json_type_object))
		return df_fail(DF_USAGE, err, NULL,
			       "manifest, entry %zu: 'values' has to be an object, and the mapping "
			       "one of a column",
			       number);
	out->values =
	    df_alloc(((size_t)json_object_object_length(values) + 1) * sizeof(*out->values));
	json_object_object_foreach(values, from, to)
	{
		const char *word = from;
		size_t len = strlen(from);
		enum json_type type = json_object_get_type(to);
		map_cell_trim(&word, &len); /* as the cells are */
		if (type == json_type_object || type == json_type_array)
			return df_fail(
			    DF_USAGE, err, NULL,
			    "manifest, entry %zu: the value of '%.100s' has to be a string or null",
			    number, from);
		out->values[out->n_values++] = (struct map_value){
		    .from = df_strndup(word, len),
		    .to = df_strdup(to != NULL ? json_object_get_string(to) : "")};
	}
	qsort(out->values, out->n_values, sizeof(*out->values), compare_value_entries);
	enum df_status st = check_words(out, number, err);
	return st == DF_OK ? read_otherwise(json, number, out, err) : st;
}

void map_values_free(struct map_entry *e)
{
	for (size_t i = 0; i < e->n_values; i++) {
		free(e->values[i].from);
		free(e->values[i].to);
	}
	free(e->values);
}

static const struct map_value *find_value(const struct map_entry *e, const char *p, size_t len)
{
	size_t low = 0, high = e->n_values;
	while (low < high) {
		size_t mid = (low + high) / 2;
		const char *from = e->values[mid].from;
		size_t n = strlen(from), least = n < len ? n : len;
		int order = least > 0 ? memcmp(from, p, least) : 0;
		if (order == 0)
			order = (n > len) - (n < len);
		if (order == 0)
			return &e->values[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

bool map_values_apply(const struct map_entry *e, struct rows_cell *cell,
		      struct map_cell_fault *fault)
{
	const char *p = cell->p;
	size_t len = cell->len;
	if (e->values == NULL)
		return true;
	map_cell_trim(&p, &len);
	const struct map_value *found = find_value(e, p, len);
	if (found != NULL) {
		*cell = (struct rows_cell){found->to, strlen(found->to)};
		return true;
	}
	if (len == 0 || e->otherwise == MAP_OTHERWISE_EMPTY) {
		cell->len = 0;
		return true;
	}
	if (e->otherwise == MAP_OTHERWISE_KEEP)
		return true;
	fault->code = "not-allowed";
	snprintf(fault->text, sizeof(fault->text),
		 "none of the values that the manifest lists for '%.60s'; add it to 'values', or "
		 "set 'otherwise'",
		 e->source);
	return false;
}
