/* SPDX-License-Identifier: MIT */
/* The input is a manifest, for a document of two rows. */
#include "fuzz.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define CELL(s)                                                                                    \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}

static const struct rows_cell header[] = {CELL("Customer"), CELL("Event Name"),
					  CELL("When"),     CELL("Member Tier"),
					  CELL("foo.item"), CELL("events.data.custom_attributes.a"),
					  CELL("mpid")};
static const struct rows_cell rows[][COUNT(header)] = {
    {CELL("C-1"), CELL("Clicked"), CELL("1768206600000"), CELL("gold \"plus\""),
     CELL("{\"k\": [1, \"x\"]}"), CELL("b"), CELL("7")},
    {CELL("C-2"), CELL(""), CELL("yesterday"), CELL("\xc3\xa9\xf0\x9f\x8e\x81"), CELL("true"),
     CELL(""), CELL("")},
};

static uint64_t lines(const char *text)
{
	uint64_t n = 1;
	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

static void use(struct map *m)
{
	struct df_err err = {0};
	struct map_record record;
	enum df_status st = map_has_header(m) ? map_header(m, header, COUNT(header), &err)
					      : map_no_header(m, header, COUNT(header), &err);
	if (st != DF_OK) {
		fuzz_error(st, &err, fuzz_header_codes);
		return;
	}
	for (size_t i = 0; i < COUNT(rows); i++)
		(void)fuzz_row(m, rows[i], COUNT(header), &record);
	fuzz_warnings(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {"custom_event", "eventless", "commerce_event"};
	/* conf refuses manifests with a NUL byte: what is after one is not seen */
	char *text = fuzz_text(data, size);
	char file[] = "m.json", name[] = "n", type[] = "other";
	for (size_t i = 0; i < COUNT(types); i++) {
		struct conf_feed feed = {.map.manifest = file,
					 .map.manifest_text = text,
					 .map.event_name = name,
					 .map.event_type = type};
		struct map *m = NULL;
		struct df_err err = {0};
		feed.map.unknown_columns_warn = i == 0;
		enum df_status st = map_open(&feed, types[i], &m, &err);
		if (st == DF_OK) {
			use(m);
		} else {
			FUZZ_CHECK(st == DF_USAGE && strcmp(err.file, file) == 0);
			FUZZ_CHECK(err.line <= lines(text));
			fuzz_error(st, &err, fuzz_header_codes);
		}
		map_close(m);
	}
	free(text);
	return 0;
}
