/* SPDX-License-Identifier: MIT */
/* The input is a drop file's name, and a zip entry's. */
#include "fuzz.h"

#include "dropfeed/schema.h"

#include "../../src/decode/decode_priv.h"
#include "../../src/fetch/fetch_priv.h"

#include <strings.h>

static const char *const codes[] = {"bad-name", NULL};

static bool known(const char *type)
{
	return schema_event_known(type, strlen(type));
}

/* What was taken apart gives the name again. */
static void whole(const struct name *parsed, const char *name)
{
	static const char *const packs[] = {
	    [NAME_PLAIN] = ".csv",    [NAME_GZIP] = ".csv.gz",   [NAME_ZIP] = ".zip",
	    [NAME_ZSTD] = ".csv.zst", [NAME_BZIP2] = ".csv.bz2", [NAME_XZ] = ".csv.xz"};
	size_t stem = strlen(parsed->stem);
	bool typed = parsed->event_type[0] != '\0';
	char *head = df_format("%s%s%s", typed ? "-" : "", parsed->event_type, parsed->number);
	/* NAME-EVENTTYPE.csv.zip is common */
	bool csv = parsed->pack == NAME_ZIP && strlen(name) > stem + strlen(head) &&
		   strncasecmp(name + stem + strlen(head), ".csv", 4) == 0;
	char *rest = df_format("%s%s%s", head, csv ? ".csv" : "", packs[parsed->pack]);
	size_t len = strlen(rest);
	FUZZ_CHECK(stem > 0 && strncmp(parsed->stem, name, stem) == 0);
	FUZZ_CHECK(strncasecmp(name + stem, rest, len) == 0);
	FUZZ_CHECK(strlen(name + stem + len) == (parsed->encrypted ? 4 : 0));
	FUZZ_CHECK(typed ? known(parsed->event_type) : parsed->pack == NAME_ZIP);
	free(rest);
	free(head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *name = fuzz_text(data, size), event_type[48];
	struct name parsed;
	struct df_err err = {0};
	const char *why = NULL;
	enum df_status st = name_parse(name, &parsed, &err);
	if (st == DF_OK)
		whole(&parsed, name);
	else
		fuzz_error(st, &err, codes);
	enum name_entry_kind kind = name_entry(name, event_type, &why);
	FUZZ_CHECK((kind == NAME_ENTRY_SKIP) == (why != NULL));
	const char *plain = name_entry_plain(name);
	if (kind != NAME_ENTRY_SKIP)
		FUZZ_CHECK(strpbrk(plain, "/\\") == NULL && plain[0] != '.' &&
			   !name_ignored(plain));
	if (kind == NAME_ENTRY_CSV && event_type[0] != '\0')
		FUZZ_CHECK(known(event_type));
	if (kind == NAME_ENTRY_CSV && st == DF_OK && strchr(name, '/') == NULL &&
	    strchr(name, '\\') == NULL)
		FUZZ_CHECK(strcmp(event_type, parsed.event_type) == 0);
	if (fetch_name_sound((const char *)data, size))
		FUZZ_CHECK(size == strlen(name) && size > 0 && strchr(name, '/') == NULL);
	free(name);
	return 0;
}
