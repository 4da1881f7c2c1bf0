/* SPDX-License-Identifier: MIT */
/* The vendor's Field Transformations: {"mappings": [{"mapping_type", "source", "destination", "value",
 * "ignore_when"}]}. */
#include "map_priv.h"

#include <json-c/json.h>
#include <stdlib.h>

static const char unmapped[] = "$unmapped";

/* A template's tag from p on: "{{ word }}". Returns what follows it, or NULL when it is another one. */
static const char *skip_tag(const char *p, const char *word)
{
	p += 2;
	p += strspn(p, " ");
	if (strncmp(p, word, strlen(word)) != 0)
		return NULL;
	p += strlen(word);
	p += strspn(p, " ");
	return strncmp(p, "}}", 2) == 0 ? p + 2 : NULL;
}

static enum df_status check_template(const char *text, const char *word, size_t number, const char *key,
				     struct df_err *err)
{
	for (const char *p = text; *p != '\0'; p++) {
		bool tag = strncmp(p, "{{", 2) == 0;
		if (!tag && strncmp(p, "{%", 2) != 0)
			continue;
		const char *next = tag && word != NULL ? skip_tag(p, word) : NULL;
		if (next == NULL)
			return df_fail(DF_USAGE, err, NULL,
				       "manifest, entry %zu: this template in '%s' is not supported yet by this "
				       "version of dropfeed; "
				       "only a plain {{ key }} in 'destination' and a plain {{ value }} in 'value' are",
				       number, key);
		p = next - 1;
	}
	return DF_OK;
}

static size_t stars(const char *s)
{
	size_t n = 0;
	for (; *s != '\0'; s++)
		n += *s == '*';
	return n;
}

static enum df_status check_destination(const struct map_entry *e, size_t number, const struct map_event *event,
					struct df_err *err)
{
	enum df_status st = check_template(e->field, e->action == MAP_KEEP ? "key" : NULL, number, "destination", err);
	if (st != DF_OK)
		return st;
	size_t n = stars(e->field);
	bool wild = e->source != NULL && (stars(e->source) > 0 || strcmp(e->source, unmapped) == 0);
	if (n > 0 && !wild)
		return df_fail(DF_USAGE, err, NULL,
			       "manifest, entry %zu: 'destination' has a * where 'source' has none", number);
	if (n > 1)
		return df_fail(DF_USAGE, err, NULL, "manifest, entry %zu: 'destination' has more than one *", number);
	if (n > 0 || strstr(e->field, "{{") != NULL)
		return DF_OK; /* known with the header */
	st = map_manifest_field(event, number, "destination", e->field, err);
	if (st == DF_OK && e->action == MAP_STATIC && strstr(e->field, "source_") != NULL &&
	    (strcmp(e->field, "source_request_id") == 0 ||
	     strcmp(strrchr(e->field, '.') != NULL ? strrchr(e->field, '.') + 1 : "", "source_message_id") == 0))
		return df_fail(DF_USAGE, err, NULL,
			       "manifest, entry %zu: an ID of a request or message cannot be static", number);
	return st;
}

static enum df_status read_static(struct json_object *json, size_t number, struct map_entry *out, struct df_err *err)
{
	struct json_object *value = NULL;
	json_object_object_get_ex(json, "value", &value);
	enum json_type type = json_object_get_type(value);
	if (type == json_type_null || type == json_type_object || type == json_type_array)
		return df_fail(DF_USAGE, err, NULL,
			       "manifest, entry %zu: 'value' has to be a string, number or boolean", number);
	out->value = df_strdup(json_object_get_string(value));
	if (out->value[0] == '\0')
		return df_fail(DF_USAGE, err, NULL, "manifest, entry %zu: 'value' is empty", number);
	return check_template(out->value, NULL, number, "value", err);
}

static enum df_status read_type(struct json_object *json, size_t number, struct map_entry *out, struct df_err *err)
{
	static const struct {
		const char *name;
		enum map_action action;
	} types[] = {{"column", MAP_KEEP}, {"static", MAP_STATIC}, {"ignore", MAP_IGNORE}};
	const char *type = NULL;
	enum df_status st = map_manifest_string(json, number, "mapping_type", true, &type, err);
	if (st != DF_OK)
		return st;
	for (size_t i = 0; i < 3; i++) {
		if (strcmp(type, types[i].name) != 0)
			continue;
		out->action = types[i].action;
		return DF_OK;
	}
	return df_fail(DF_USAGE, err, NULL, "manifest, entry %zu: 'mapping_type' has to be column, static or ignore",
		       number);
}

static enum df_status read_column_value(struct json_object *json, size_t number, struct df_err *err)
{
	const char *value = NULL;
	enum df_status st = map_manifest_string(json, number, "value", false, &value, err);
	if (st != DF_OK || value == NULL)
		return st;
	const char *end = strncmp(value, "{{", 2) == 0 ? skip_tag(value, "value") : NULL;
	if (end == NULL || *end != '\0')
		return df_fail(
		    DF_USAGE, err, NULL,
		    "manifest, entry %zu: a template in 'value' other than {{ value }} is not supported yet by this "
		    "version of dropfeed",
		    number);
	return DF_OK;
}

static enum df_status read_entry(struct json_object *json, size_t number, const struct map_event *event,
				 struct map_entry *out, struct df_err *err)
{
	static const char *const keys[] = {"mapping_type", "source", "destination", "value", "ignore_when", NULL};
	const char *source = NULL, *destination = NULL, *when = NULL;
	enum df_status st = map_manifest_keys(json, number, keys, err);
	if (st == DF_OK)
		st = read_type(json, number, out, err);
	if (st == DF_OK)
		st = map_manifest_string(json, number, "source", out->action != MAP_STATIC, &source, err);
	if (st == DF_OK)
		st = map_manifest_string(json, number, "destination", out->action != MAP_IGNORE, &destination, err);
	if (st == DF_OK)
		st = map_manifest_string(json, number, "ignore_when", false, &when, err);
	if (st != DF_OK)
		return st;
	/* A CSV cell that is empty is all that a null can be, and it is left out anyway. */
	if (when != NULL && strcmp(when, "empty") != 0 && strcmp(when, "null") != 0)
		return df_fail(DF_USAGE, err, NULL, "manifest, entry %zu: 'ignore_when' has to be empty or null",
			       number);
	out->source = out->action != MAP_STATIC ? df_strdup(source) : NULL;
	out->field = out->action != MAP_IGNORE ? df_strdup(destination) : NULL;
	if (out->source != NULL && stars(out->source) > 1)
		return df_fail(DF_USAGE, err, NULL, "manifest, entry %zu: 'source' has more than one *", number);
	st = out->action == MAP_STATIC ? read_static(json, number, out, err)
	     : out->action == MAP_KEEP ? read_column_value(json, number, err)
				       : DF_OK;
	return st == DF_OK && out->field != NULL ? check_destination(out, number, event, err) : st;
}

enum df_status map_transform_read(struct json_object *root, const struct map_event *event, struct map_manifest *out,
				  struct df_err *err)
{
	static const char *const keys[] = {"id", "name", "destination_type", "mappings", NULL};
	const char *type = NULL;
	struct json_object *mappings = NULL;
	enum df_status st = map_manifest_keys(root, 0, keys, err);
	out->transform = true;
	if (st == DF_OK)
		st = map_manifest_string(root, 0, "destination_type", false, &type, err);
	if (st == DF_OK && type != NULL && strcmp(type, "event_batch") != 0)
		return df_fail(DF_USAGE, err, NULL, "manifest: 'destination_type' has to be event_batch");
	if (st == DF_OK)
		st = map_manifest_list(root, "mappings", &mappings, err);
	if (st != DF_OK)
		return st;
	size_t n = json_object_array_length(mappings);
	out->entries = df_alloc(n * sizeof(*out->entries));
	for (size_t i = 0; i < n && st == DF_OK; i++, out->n++) {
		out->at = i + 1;
		st = read_entry(json_object_array_get_idx(mappings, i), i + 1, event, &out->entries[i], err);
	}
	return st == DF_OK ? map_manifest_distinct(out, event, err) : st;
}

/* Does the pattern with its one * fit? *wild is what the * stands for. */
static bool matches(const char *pattern, const char *name, const char **wild, size_t *wild_len)
{
	const char *star = strchr(pattern, '*');
	size_t head = (size_t)(star - pattern), tail = strlen(star + 1), len = strlen(name);
	if (len <= head + tail || memcmp(pattern, name, head) != 0 || strcmp(star + 1, name + len - tail) != 0)
		return false;
	*wild = name + head;
	*wild_len = len - head - tail;
	return true;
}

/* Writes the destination: * repeats what matched, {{ key }} is the column's name. */
static void bind_to(struct map_bindings *out, size_t column, const char *destination, const char *key, const char *wild,
		    size_t wild_len)
{
	struct df_buf name = {0};
	for (const char *p = destination; *p != '\0';) {
		if (*p == '*' && wild != NULL) {
			df_buf_add(&name, wild, wild_len);
			p++;
		} else if (strncmp(p, "{{", 2) == 0) {
			df_buf_adds(&name, key);
			p = skip_tag(p, "key");
		} else {
			df_buf_addc(&name, *p++);
		}
	}
	map_bindings_add(out, column, name.data, name.len, NULL);
	df_buf_free(&name);
}

enum precedence { EXACT, WILD, REST };

static enum precedence precedence_of(const char *source)
{
	if (strcmp(source, unmapped) == 0)
		return REST;
	return strchr(source, '*') != NULL ? WILD : EXACT;
}

/* Applies the mappings of one precedence to a column. Returns whether there were any; an `ignore` beats the others. */
static bool apply(const struct map *m, enum precedence rank, size_t column, struct map_bindings *out)
{
	const char *key = m->names[column];
	bool any = false, ignored = false;
	for (int pass = 0; pass < 2 && !ignored; pass++) {
		for (size_t i = 0; i < m->manifest->n; i++) {
			const struct map_entry *e = &m->manifest->entries[i];
			const char *wild = key;
			size_t wild_len = strlen(key);
			if (e->source == NULL || precedence_of(e->source) != rank)
				continue;
			if ((rank == EXACT && strcmp(e->source, key) != 0) ||
			    (rank == WILD && !matches(e->source, key, &wild, &wild_len)))
				continue;
			any = true;
			if (pass == 0)
				ignored = ignored || e->action == MAP_IGNORE;
			else if (e->action == MAP_KEEP)
				bind_to(out, column, e->field, key, wild, wild_len);
		}
	}
	return any;
}

static bool has_column(const struct map *m, const char *name, size_t len)
{
	for (size_t i = 0; i < m->n_names; i++)
		if (strlen(m->names[i]) == len && memcmp(m->names[i], name, len) == 0)
			return true;
	return false;
}

/* Every source that names a column has to be there. */
static enum df_status check_sources(const struct map *m, struct df_err *err)
{
	for (size_t i = 0; i < m->manifest->n; i++) {
		const struct map_entry *e = &m->manifest->entries[i];
		if (e->action != MAP_KEEP || precedence_of(e->source) == REST)
			continue;
		bool wild = precedence_of(e->source) == WILD;
		const char *dot = strchr(e->source, '.');
		if (!wild && has_column(m, e->source, strlen(e->source)))
			continue;
		if (dot != NULL && has_column(m, e->source, (size_t)(dot - e->source)))
			return df_fail(DF_REJECT, err, "manifest-mismatch",
				       "manifest, entry %zu: a source inside of a cell's JSON ('%.100s') is not "
				       "supported yet by this "
				       "version of dropfeed",
				       i + 1, e->source);
		if (wild)
			continue;
		df_err_place(err, NULL, 0, 0, e->source);
		return df_fail(DF_REJECT, err, "manifest-mismatch",
			       "the manifest maps the column '%.200s', which the header lacks", e->source);
	}
	return DF_OK;
}

enum df_status map_transform_bind(const struct map *m, struct map_bindings *out, bool *done, struct df_err *err)
{
	enum df_status st = check_sources(m, err);
	if (st != DF_OK)
		return st;
	for (size_t i = 0; i < m->manifest->n; i++) {
		const struct map_entry *e = &m->manifest->entries[i];
		if (e->action == MAP_STATIC)
			map_bindings_add(out, MAP_NONE, e->field, strlen(e->field), e->value);
	}
	for (size_t i = 0; i < m->n_names; i++)
		if (!done[i])
			done[i] = apply(m, EXACT, i, out) || apply(m, WILD, i, out) || apply(m, REST, i, out);
	return DF_OK;
}
