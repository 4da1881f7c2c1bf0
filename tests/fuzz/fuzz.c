/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#define MOST_NAME       256u /* the API's limits, in characters */
#define MOST_VALUE      4096u
#define MOST_ENTRY      512u
#define MOST_ENTRIES    1000u
#define MOST_ATTRIBUTES 100u

int fuzz_file(const void *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct df_err err = {0};
	if (fd < 0 || df_write_all(fd, data, size, &err) != DF_OK) {
		perror("cannot keep the input");
		exit(1); /* the machine's fault, not the input's */
	}
	return fd;
}

char *fuzz_text(const void *data, size_t size)
{
	char *text = df_alloc(size + 1);
	if (size > 0)
		memcpy(text, data, size);
	return text;
}

char *fuzz_front(const uint8_t **data, size_t *size, char end)
{
	const uint8_t *stop = *size > 0 ? memchr(*data, end, *size) : NULL;
	size_t len = stop != NULL ? (size_t)(stop - *data) : *size;
	char *front = fuzz_text(*data, len);
	if (stop != NULL)
		len++;
	*data += len;
	*size -= len;
	return front;
}

bool fuzz_among(const char *word, const char *const *words)
{
	while (*words != NULL && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

void fuzz_message(const char *text, size_t size)
{
	size_t len = strnlen(text, size);
	FUZZ_CHECK(len > 0 && len < size);
	FUZZ_CHECK(df_utf8_valid(text, len) == len);
}

void fuzz_error(enum df_status st, const struct df_err *err, const char *const *codes)
{
	char shown[4096];
	FUZZ_CHECK(st == DF_USAGE || st == DF_RETRY || st == DF_REJECT);
	fuzz_message(err->text, sizeof(err->text));
	FUZZ_CHECK(df_utf8_valid(err->column, strlen(err->column)) == strlen(err->column));
	FUZZ_CHECK(st == DF_REJECT ? fuzz_among(err->code, codes) : err->code[0] == '\0');
	df_err_render(err, shown, sizeof(shown));
}

static size_t members(struct json_object *o)
{
	size_t n = 0;
	for (size_t i = 0;
	     json_object_is_type(o, json_type_array) && i < json_object_array_length(o); i++)
		n += members(json_object_array_get_idx(o, i));
	if (!json_object_is_type(o, json_type_object))
		return n;
	json_object_object_foreach(o, key, value)
	{
		(void)key;
		n += 1 + members(value);
	}
	return n;
}

/* Strings before a colon: as many as there are members, or one has been there twice. */
static size_t names(const char *p, const char *end)
{
	size_t n = 0;
	for (; p < end; p++) {
		if (*p != '"')
			continue;
		for (p++; *p != '"'; p++)
			p += *p == '\\';
		n += p + 1 < end && p[1] == ':';
	}
	return n;
}

struct json_object *fuzz_json(const char *text, size_t len)
{
	struct json_tokener *tok = json_tokener_new_ex(64);
	/* json-c 0.18 is strict to a fault: it takes each byte above 0x7f for a control
	 * character. */
	int strict = json_c_version_num() >> 8 == 18 ? 0 : JSON_TOKENER_STRICT;
	json_tokener_set_flags(tok, strict | JSON_TOKENER_VALIDATE_UTF8);
	char *copy = fuzz_text(text, len);
	struct json_object *o = json_tokener_parse_ex(tok, copy, (int)len + 1);
	if (o == NULL)
		fprintf(stderr, "not JSON (%s): %s\n",
			json_tokener_error_desc(json_tokener_get_error(tok)), copy);
	FUZZ_CHECK(o != NULL);
	FUZZ_CHECK(json_tokener_get_parse_end(tok) == len);
	FUZZ_CHECK(memchr(text, '\n', len) == NULL);
	FUZZ_CHECK(names(text, text + len) == members(o));
	json_tokener_free(tok);
	free(copy);
	return o;
}

/* ---- records ---- */

/* clang-format off */
const char *const fuzz_header_codes[] = {
    "duplicate-column", "unknown-column", "missing-column", "no-identity-column",
    "manifest-mismatch", "too-long", "guideline", NULL};

static const char *const row_codes[] = {
    "wrong-field-count", "row-too-large", "missing-identity", "missing-value", "not-an-integer",
    "not-a-number", "not-a-boolean", "not-a-uuid", "not-allowed", "bad-timestamp", "bad-json",
    "too-long", "too-many-attributes", "conflicting-commerce", NULL};
/* clang-format on */

/* A fragment is an object's members. */
static struct json_object *fragment(const char *p, size_t len)
{
	struct df_buf text = {0};
	FUZZ_CHECK(p != NULL);
	df_buf_addc(&text, '{');
	df_buf_add(&text, p, len);
	df_buf_addc(&text, '}');
	struct json_object *o = fuzz_json(text.data, text.len);
	df_buf_free(&text);
	return o;
}

static size_t characters(const char *s)
{
	size_t n = 0;
	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void check_attributes(struct json_object *holder, const char *name)
{
	struct json_object *attributes = NULL;
	if (!json_object_object_get_ex(holder, name, &attributes))
		return;
	FUZZ_CHECK(json_object_is_type(attributes, json_type_object));
	FUZZ_CHECK((size_t)json_object_object_length(attributes) <= MOST_ATTRIBUTES);
	json_object_object_foreach(attributes, key, value)
	{
		FUZZ_CHECK(characters(key) <= MOST_NAME);
		if (json_object_is_type(value, json_type_string)) {
			FUZZ_CHECK(characters(json_object_get_string(value)) <= MOST_VALUE);
			continue;
		}
		FUZZ_CHECK(json_object_is_type(value, json_type_array));
		FUZZ_CHECK(json_object_array_length(value) <= MOST_ENTRIES);
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			struct json_object *entry = json_object_array_get_idx(value, i);
			FUZZ_CHECK(json_object_is_type(entry, json_type_string));
			FUZZ_CHECK(characters(json_object_get_string(entry)) <= MOST_ENTRY);
		}
	}
}

static void check_data(const struct map_record *record)
{
	struct json_object *data = fragment(record->data, record->data_len), *member = NULL;
	check_attributes(data, "custom_attributes");
	if (json_object_object_get_ex(data, "event_name", &member))
		FUZZ_CHECK(characters(json_object_get_string(member)) <= MOST_NAME);
	bool timed = json_object_object_get_ex(data, "timestamp_unixtime_ms", &member);
	FUZZ_CHECK(timed == record->has_timestamp);
	FUZZ_CHECK(!timed || json_object_get_int64(member) == record->timestamp_ms);
	json_object_put(data);
}

static void check_id(const char *id, size_t len)
{
	if (id == NULL)
		return;
	struct df_buf quoted = {0};
	df_buf_addf(&quoted, "[\"%.*s\"]", (int)len, id);
	json_object_put(fuzz_json(quoted.data, quoted.len));
	df_buf_free(&quoted);
}

enum df_status fuzz_row(struct map *m, const struct rows_cell *cells, size_t n,
			struct map_record *record)
{
	memset(record, 0, sizeof(*record));
	enum df_status st = map_row(m, cells, n, record);
	FUZZ_CHECK(st == DF_OK ? record->n_faults == 0 : st == DF_REJECT && record->n_faults > 0);
	FUZZ_CHECK(record->n_faults <= MAP_MAX_FAULTS);
	for (size_t i = 0; i < record->n_faults; i++) {
		const struct map_fault *fault = &record->faults[i];
		FUZZ_CHECK(fuzz_among(fault->code, row_codes));
		FUZZ_CHECK(fault->column <= map_columns(m));
		FUZZ_CHECK(strcmp(fault->name, map_column_name(m, fault->column)) == 0);
		fuzz_message(fault->text, sizeof(fault->text));
	}
	if (st != DF_OK)
		return st;
	struct json_object *ids = fragment(record->ids, record->ids_len);
	FUZZ_CHECK(json_object_object_length(ids) > 0);
	json_object_put(ids);
	struct json_object *batch = fragment(record->batch, record->batch_len);
	FUZZ_CHECK(!json_object_object_get_ex(batch, "events", NULL));
	check_attributes(batch, "user_attributes");
	json_object_put(batch);
	check_data(record);
	check_id(record->request_id, record->request_id_len);
	check_id(record->message_id, record->message_id_len);
	return st;
}

void fuzz_warnings(const struct map *m)
{
	const struct map_warning *w = NULL;
	size_t n = map_warnings(m, &w);
	for (size_t i = 0; i < n; i++) {
		fuzz_message(w[i].code, sizeof(w[i].code));
		fuzz_message(w[i].text, sizeof(w[i].text));
	}
}
