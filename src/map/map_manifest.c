/* SPDX-License-Identifier: MIT */
/* What both kinds of manifest share: the JSON, its comments, and where it is wrong. */
#include "map_priv.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_ENTRIES 10000

/* What may stand after the JSON's end. */
static const char *skip_blanks(const char *p)
{
	for (;;) {
		p += strspn(p, " \t\r\n");
		if (strncmp(p, "//", 2) == 0) {
			p += strcspn(p, "\n");
		} else if (strncmp(p, "/*", 2) == 0) {
			const char *end = strstr(p + 2, "*/");
			if (end == NULL)
				return p;
			p = end + 2;
		} else {
			return p;
		}
	}
}

static void position(const char *text, size_t offset, size_t *line, size_t *column)
{
	*line = *column = 1;
	for (size_t i = 0; i < offset && text[i] != '\0'; i++) {
		*column = text[i] == '\n' ? 1 : *column + (((unsigned char)text[i] & 0xc0) != 0x80);
		*line += text[i] == '\n';
	}
}

static enum df_status bad_syntax(const char *text, size_t offset, const char *why,
				 struct df_err *err)
{
	size_t line, column;
	position(text, offset, &line, &column);
	df_err_place(err, NULL, line, NULL);
	return df_fail(DF_USAGE, err, NULL, "manifest, line %zu, column %zu: %s", line, column,
		       why);
}

/* The end of a string or comment that begins at p; p itself where none does. */
static const char *skip_opaque(const char *p)
{
	char quote = *p;
	if (quote == '/')
		return skip_blanks(p);
	if (quote != '"' && quote != '\'')
		return p;
	for (p++; *p != '\0' && *p != quote; p++)
		if (*p == '\\' && p[1] != '\0')
			p++;
	return *p == quote ? p + 1 : p;
}

/* json-c keeps no positions. The text is known to be good JSON by now, and its entries are the
 * objects on the third level. Without an entry it is a member of the manifest itself; one that
 * is missing stands where the manifest begins. */
static size_t find(const char *text, size_t entry, const char *key)
{
	size_t depth = 0, begin = 0, len = key != NULL ? strlen(key) : 0;
	for (const char *p = text; *p != '\0';) {
		const char *next = skip_opaque(p);
		if (next != p) {
			if (entry == 0 && key != NULL && depth == 1 &&
			    (size_t)(next - p) == len + 2 && memcmp(p + 1, key, len) == 0 &&
			    *skip_blanks(next) == ':')
				return (size_t)(p - text);
			p = next;
			continue;
		}
		if (*p == '{' && depth == 0)
			begin = (size_t)(p - text);
		if (*p == '{' && depth == 2 && entry > 0 && --entry == 0)
			return (size_t)(p - text);
		depth += *p == '{' || *p == '[';
		depth -= *p == '}' || *p == ']';
		p++;
	}
	return begin;
}

void map_manifest_place(const char *text, size_t entry, const char *key, struct df_err *err)
{
	size_t line, column;
	position(text, find(text, entry, key), &line, &column);
	df_err_place(err, NULL, line, NULL);
	df_err_context(err, "line %zu, column %zu", line, column);
}

static enum df_status parse_json(const char *text, struct json_object **out, struct df_err *err)
{
	size_t len = strlen(text), bom = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	struct json_tokener *tok = json_tokener_new();
	enum df_status st = DF_OK;
	json_tokener_set_flags(tok, JSON_TOKENER_VALIDATE_UTF8);
	struct json_object *root = json_tokener_parse_ex(tok, text + bom, (int)(len - bom));
	enum json_tokener_error e = json_tokener_get_error(tok);
	size_t end = bom + json_tokener_get_parse_end(tok);
	const char *rest = e == json_tokener_success ? skip_blanks(text + end) : "";
	if (e == json_tokener_continue)
		st = bad_syntax(text, len, "the JSON ends too early; a bracket or a quote is open",
				err);
	else if (e != json_tokener_success)
		st = bad_syntax(text, end, json_tokener_error_desc(e), err);
	else if (*rest != '\0')
		st = bad_syntax(text, (size_t)(rest - text),
				"nothing but comments may follow the JSON's end", err);
	else if (!json_object_is_type(root, json_type_object))
		st = bad_syntax(text, bom, "a JSON object is expected", err);
	json_tokener_free(tok);
	if (st == DF_OK)
		*out = root;
	else
		json_object_put(root);
	return st;
}

static const char *place(size_t number, char *buf, size_t size)
{
	if (number == 0)
		snprintf(buf, size, "manifest");
	else
		snprintf(buf, size, "manifest, entry %zu", number);
	return buf;
}

enum df_status map_manifest_keys(struct json_object *object, size_t number,
				 const char *const *known, struct map_manifest *manifest,
				 struct df_err *err)
{
	char where[64];
	json_object_object_foreach(object, key, value)
	{
		const char *const *k = known;
		(void)value;
		while (*k != NULL && strcmp(*k, key) != 0)
			k++;
		manifest->key = key;
		if (*k == NULL)
			return df_fail(DF_USAGE, err, NULL, "%s: '%.100s' is not known here",
				       place(number, where, sizeof(where)), key);
	}
	return DF_OK;
}

enum df_status map_manifest_string(struct json_object *entry, size_t number, const char *key,
				   bool required, const char **out, struct df_err *err)
{
	char where[64];
	struct json_object *value = NULL;
	*out = NULL;
	json_object_object_get_ex(entry, key, &value);
	if (value == NULL && required)
		return df_fail(DF_USAGE, err, NULL, "%s: '%s' is missing",
			       place(number, where, sizeof(where)), key);
	if (value == NULL)
		return DF_OK;
	if (!json_object_is_type(value, json_type_string))
		return df_fail(DF_USAGE, err, NULL, "%s: '%s' has to be a string",
			       place(number, where, sizeof(where)), key);
	*out = json_object_get_string(value);
	return DF_OK;
}

enum df_status map_manifest_field(const struct schema_event *event, size_t number, const char *key,
				  const char *field, struct df_err *err)
{
	struct schema_path path;
	const struct schema_event *other = NULL;
	char why[512];
	enum schema_path_result result =
	    schema_path_parse(event, field, strlen(field), &path, &other);
	if (result == SCHEMA_PATH_OK)
		return DF_OK;
	const struct schema_path_fault fault = {result, field, strlen(field), other};
	schema_path_explain(event, &fault, why, sizeof(why));
	return df_fail(DF_USAGE, err, NULL, "manifest, entry %zu, %s: %s", number, key, why);
}

enum df_status map_manifest_list(struct json_object *root, const char *key,
				 struct json_object **out, struct map_manifest *manifest,
				 struct df_err *err)
{
	manifest->key = key;
	if (!json_object_object_get_ex(root, key, out) ||
	    !json_object_is_type(*out, json_type_array))
		return df_fail(DF_USAGE, err, NULL, "manifest: '%s' has to be an array", key);
	size_t n = json_object_array_length(*out);
	if (n > MAX_ENTRIES)
		return df_fail(DF_USAGE, err, NULL, "manifest: '%s' has more than %d entries", key,
			       MAX_ENTRIES);
	for (size_t i = 0; i < n; i++)
		if (!json_object_is_type(json_object_array_get_idx(*out, i), json_type_object))
			return df_fail(DF_USAGE, err, NULL,
				       "manifest, entry %zu: an object is expected", i + 1);
	return DF_OK;
}

/* Two entries may not lead to the same place. */
enum df_status map_manifest_distinct(struct map_manifest *manifest,
				     const struct schema_event *event, struct df_err *err)
{
	enum df_status st = DF_OK;
	struct map_node *roots[2];
	for (size_t i = 0; i < 2; i++)
		roots[i] = map_root_new(i == 0 ? &schema_batch : event->data, "");
	for (size_t i = 0; i < manifest->n && st == DF_OK; i++) {
		const char *field = manifest->entries[i].field;
		struct schema_path path;
		manifest->at = i + 1;
		if (field == NULL || manifest->entries[i].target != NULL ||
		    schema_path_parse(event, field, strlen(field), &path, NULL) != SCHEMA_PATH_OK)
			continue; /* not resolved until the header is known */
		if (map_tree_add(roots[path.data], &path) == NULL)
			st = df_fail(DF_USAGE, err, NULL,
				     "manifest, entry %zu: another entry leads to '%.200s', too",
				     i + 1, field);
	}
	map_node_free(roots[0]);
	map_node_free(roots[1]);
	return st;
}

enum df_status map_manifest_parse(const char *text, const struct schema_event *event,
				  struct map_manifest **out, struct df_err *err)
{
	struct json_object *root = NULL, *ignored = NULL;
	*out = NULL;
	enum df_status st = parse_json(text, &root, err);
	if (st != DF_OK)
		return st;
	struct map_manifest *manifest = df_alloc(sizeof(*manifest));
	manifest->has_header = true;
	if (json_object_object_get_ex(root, "mappings", &ignored))
		st = map_transform_read(root, event, manifest, err);
	else if (json_object_object_get_ex(root, "columns", &ignored) ||
		 json_object_object_get_ex(root, "hasHeaderRow", &ignored))
		st = map_custom_read(root, event, manifest, err);
	else
		st = df_fail(DF_USAGE, err, NULL,
			     "manifest: neither 'columns' (a custom manifest) nor 'mappings' (a "
			     "field transformation) is there");
	if (st != DF_OK)
		map_manifest_place(text, manifest->at, manifest->key, err);
	manifest->key = NULL;
	json_object_put(root);
	if (st == DF_OK)
		*out = manifest;
	else
		map_manifest_free(manifest);
	return st;
}

void map_manifest_free(struct map_manifest *manifest)
{
	if (manifest == NULL)
		return;
	for (size_t i = 0; i < manifest->n; i++) {
		free(manifest->entries[i].source);
		free(manifest->entries[i].field);
		free(manifest->entries[i].value);
		liquid_free(manifest->entries[i].template);
		liquid_free(manifest->entries[i].target);
		map_values_free(&manifest->entries[i]);
	}
	free(manifest->entries);
	map_rows_free(manifest);
	free(manifest->patterns);
	df_index_free(manifest->by_source);
	free(manifest);
}
