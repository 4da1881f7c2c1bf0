/* SPDX-License-Identifier: MIT */
/*
 * The input's first line is an event type and a column,
 * "commerce_event|events.data.product_action"; the rest is a cell with the JSON of that whole
 * object. What the map makes of it, put into such a cell, comes out the same again.
 */
#include "fuzz.h"

#define DATA "events.data."

static struct json_object *walk(struct json_object *o, const char *path)
{
	while (o != NULL && *path != '\0') {
		size_t n = strcspn(path, ".");
		char *key = df_strndup(path, n);
		struct json_object *member = NULL;
		if (!json_object_is_type(o, json_type_object) ||
		    !json_object_object_get_ex(o, key, &member))
			member = NULL;
		free(key);
		o = member;
		path += path[n] == '.' ? n + 1 : n;
	}
	return o;
}

/* What the column has become in the record, as JSON; NULL: nothing. The caller's to free. */
static char *result(const struct map_record *record, const char *column)
{
	bool data = strncmp(column, DATA, strlen(DATA)) == 0;
	struct df_buf text = {0};
	df_buf_addc(&text, '{');
	df_buf_add(&text, data ? record->data : record->batch,
		   data ? record->data_len : record->batch_len);
	df_buf_addc(&text, '}');
	struct json_object *root = fuzz_json(text.data, text.len);
	struct json_object *found = walk(root, data ? column + strlen(DATA) : column);
	char *out = found != NULL
			? df_strdup(json_object_to_json_string_ext(
			      found, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE))
			: NULL;
	json_object_put(root);
	df_buf_free(&text);
	return out;
}

static void again(struct map *m, struct rows_cell *cells, const char *column)
{
	struct map_record record;
	if (fuzz_row(m, cells, 2, &record) != DF_OK)
		return;
	char *first = result(&record, column);
	/* an attribute's own text: its JSON is another text */
	if (first == NULL || *first == '"') {
		free(first);
		return;
	}
	struct rows_cell second[] = {cells[0], {first, strlen(first)}};
	FUZZ_CHECK(fuzz_row(m, second, 2, &record) == DF_OK);
	char *same = result(&record, column);
	if (same == NULL || strcmp(first, same) != 0)
		fprintf(stderr, "first %s\n then %s\n", first, same != NULL ? same : "nothing");
	FUZZ_CHECK(same != NULL && strcmp(first, same) == 0);
	free(first);
	free(same);
}

static void use(const char *type, const char *column, const uint8_t *data, size_t size,
		bool truncate)
{
	char name[] = "n", other[] = "other";
	struct conf_feed feed = {
	    .map.event_name = name, .map.event_type = other, .map.limits_truncate = truncate};
	struct rows_cell header[] = {{"mpid", 4}, {column, strlen(column)}};
	struct rows_cell cells[] = {{"7", 1}, {size > 0 ? (const char *)data : "", size}};
	struct map *m = NULL;
	struct df_err err = {0};
	enum df_status st = map_open(&feed, type, &m, &err);
	if (st == DF_OK && (st = map_header(m, header, 2, &err)) == DF_OK) {
		again(m, cells, column);
		fuzz_warnings(m);
	} else {
		fuzz_error(st, &err, fuzz_header_codes);
	}
	map_close(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *type = fuzz_front(&data, &size, '\n'), *column = strchr(type, '|');
	/* a good row is text, and its cells are parts of it */
	bool text = size == 0 || (df_utf8_valid((const char *)data, size) == size &&
				  memchr(data, '\0', size) == NULL);
	if (column != NULL && text && df_utf8_valid(type, strlen(type)) == strlen(type)) {
		*column++ = '\0';
		use(type, column, data, size, false);
		use(type, column, data, size, true);
	}
	free(type);
	return 0;
}
