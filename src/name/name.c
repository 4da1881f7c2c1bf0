/* SPDX-License-Identifier: MIT */
#include "dropfeed/name.h"

#include "dropfeed/schema.h"

#include <stdio.h>
#include <strings.h>

static bool name_ends_with(const char *name, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);
	return len >= n && strncasecmp(name + len - n, suffix, n) == 0;
}

/* Takes the first of the suffixes that matches off *len. */
static bool name_strip(const char *name, size_t *len, const char *const *suffixes)
{
	for (; *suffixes != NULL; suffixes++) {
		if (name_ends_with(name, *len, *suffixes)) {
			*len -= strlen(*suffixes);
			return true;
		}
	}
	return false;
}

static const char *const encrypted_suffixes[] = {".gpg", ".pgp", ".asc", NULL};
static const char *const csv_suffixes[] = {".csv", NULL};
static const char *const row_suffixes[] = {".csv", ".tsv", NULL};
/* Endings of what may be CSV when its name has an event type: "orders-custom_event.txt". */
static const char *const text_suffixes[] = {".txt", ".dat", ".psv", ".tab", ".del",
					    ".unl", ".out", ".xml", NULL};
static const char *const unfinished_suffixes[] = {".tmp", ".part", ".partial", ".filepart", NULL};

static const struct {
	const char *suffix;
	enum name_pack pack;
} name_packs[] = {
    {".gz", NAME_GZIP}, {".zst", NAME_ZSTD}, {".bz2", NAME_BZIP2},
    {".xz", NAME_XZ},   {".zip", NAME_ZIP},
};

#define OTHER_PACK "its compression is not read; pack the CSV as .gz, .zst, .bz2 or .xz"
#define OTHER_SEAL "its encryption is not read; encrypt the CSV with OpenPGP, as .gpg"

/* What people drop in place of a drop file, and what to do about it. The longer suffix is first. */
static const struct {
	const char *suffix, *advice;
} name_unread[] = {
    {".tar.gz", "a tar archive is not read; drop the CSV files one by one, or as a zip"},
    {".tar.bz2", "a tar archive is not read; drop the CSV files one by one, or as a zip"},
    {".tar.xz", "a tar archive is not read; drop the CSV files one by one, or as a zip"},
    {".tar.zst", "a tar archive is not read; drop the CSV files one by one, or as a zip"},
    {".tgz", "a tar archive is not read; drop the CSV files one by one, or as a zip"},
    {".tar", "a tar archive is not read; drop the CSV files one by one, or as a zip"},
    {".7z", "a 7z archive is not read; make it a zip"},
    {".rar", "a RAR archive is not read; make it a zip"},
    {".lz4", OTHER_PACK},
    {".lzma", OTHER_PACK},
    {".lzo", OTHER_PACK},
    {".br", OTHER_PACK},
    {".snappy", OTHER_PACK},
    {".deflate", OTHER_PACK},
    {".csv.gzip", "rename it to NAME-EVENTTYPE.csv.gz"},
    {".csv.Z", OTHER_PACK},
    {".csv.enc", OTHER_SEAL},
    {".csv.aes", OTHER_SEAL},
    {".csv.age", OTHER_SEAL},
    {".csv.p7m", OTHER_SEAL},
    {".parquet", "a Parquet file is not read; export it as CSV"},
    {".avro", "an Avro file is not read; export it as CSV"},
    {".orc", "an ORC file is not read; export it as CSV"},
    {".xlsb", "an Excel workbook is not read; save it as \"CSV UTF-8\""},
    {".xlsm", "an Excel workbook is not read; save it as \"CSV UTF-8\""},
    {".xlsx", "an Excel workbook is not read; save it as \"CSV UTF-8\""},
    {".xls", "an Excel workbook is not read; save it as \"CSV UTF-8\""},
    {".ods", "a spreadsheet is not read; save it as CSV"},
    {".tsv", "rename it to NAME-EVENTTYPE.csv, and set delimiter = tab"},
};

static enum name_pack name_strip_pack(const char *name, size_t *len)
{
	for (size_t i = 0; i < sizeof(name_packs) / sizeof(*name_packs); i++) {
		if (name_strip(name, len, (const char *const[]){name_packs[i].suffix, NULL}))
			return name_packs[i].pack;
	}
	return NAME_PLAIN;
}

const char *name_layers(const char *name)
{
	size_t len = strlen(name);
	name_strip(name, &len, encrypted_suffixes);
	name_strip_pack(name, &len);
	return name + len;
}

/* A separator, then nothing but what dates, times and numbers are written with: "-20260112",
 * "_2026-01-12T03", " (2)". */
static bool name_is_number(const char *s, size_t len)
{
	bool any = false;
	if (len == 0 || memchr("-_. (", s[0], 5) == NULL)
		return false;
	for (size_t i = 1; i < len; i++) {
		bool digit = s[i] >= '0' && s[i] <= '9';
		if (!digit && (i > 2 || s[i] != '(') &&
		    (!any || memchr("-_.:+ ()TZ", s[i], 10) == NULL))
			return false;
		any = any || digit;
	}
	return any;
}

/* The length of the event type that the text begins with, when nothing but a number follows it;
 * 0: there is none. */
static size_t name_type_length(const char *s, size_t len)
{
	for (size_t n = len < 47 ? len : 47; n > 0; n--) {
		bool ends = n == len || name_is_number(s + n, len - n);
		if (ends && schema_event_known(s, n))
			return n;
	}
	return 0;
}

/* Finds "-<event_type>" in the first len bytes, at their end or before a number; returns the
 * stem's length, or len when there is none. The last one counts. */
static size_t name_split(const char *name, size_t len, char event_type[48])
{
	event_type[0] = '\0';
	for (size_t at = len; at-- > 0;) {
		size_t n = name[at] == '-' ? name_type_length(name + at + 1, len - at - 1) : 0;
		if (n == 0)
			continue;
		memcpy(event_type, name + at + 1, n);
		event_type[n] = '\0';
		return at;
	}
	return len;
}

/* Whether the name has an event type but for capitals, which are not read as one. */
static bool name_has_capitals(const char *name, size_t len, char event_type[48])
{
	char lower[NAME_LENGTH_MAX + 1] = "";
	for (size_t i = 0; i < len; i++)
		lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
	return name_split(lower, len, event_type) < len;
}

static enum df_status name_fail_case(const char *event_type, struct df_err *err)
{
	return df_fail(DF_REJECT, err, "bad-name",
		       "the event type in the name is not in lower case: NAME-%s was expected; "
		       "rename the file",
		       event_type);
}

/* document_type would overrule it. */
static enum df_status name_check_case(const char *name, size_t len, struct df_err *err)
{
	char event_type[48];
	return name_has_capitals(name, len, event_type) ? name_fail_case(event_type, err) : DF_OK;
}

static enum df_status name_fail_type(bool requests, struct df_err *err)
{
	if (requests)
		return df_fail(DF_REJECT, err, "bad-name",
			       "the name does not end with the kind of the data subject requests: "
			       "NAME-erasure.csv, NAME-access.csv or NAME-portability.csv was "
			       "expected; rename the file, or set document_type where nobody can");
	return df_fail(
	    DF_REJECT, err, "bad-name",
	    "the name does not end with an event type: NAME-EVENTTYPE.csv was expected, such as "
	    "orders-custom_event.csv (custom_event, commerce_event, screen_view, eventless, or "
	    "another event type of the Events API, in lower case); rename the file, or set "
	    "document_type where nobody can");
}

/* The length without what scripts with DOS line ends and slips of a hand leave at the end of a
 * name, where nobody sees it. */
static size_t name_without_end(const char *name)
{
	size_t len = strlen(name);
	while (len > 0 && strchr(" .\t\r\n", name[len - 1]) != NULL)
		len--;
	return len;
}

/* The length without a date, number or version after the extension, as programs write it that
 * rotate files: "orders-eventless.csv.20261101". */
static size_t name_without_number(const char *name, size_t len)
{
	char event_type[48];
	for (size_t at = len; at-- > 0;) {
		bool version = name[at] == ';' && at + 1 < len &&
			       strspn(name + at + 1, "0123456789") == len - at - 1;
		if (!version && !name_is_number(name + at, len - at))
			continue;
		size_t rest = at;
		bool packed = name_strip(name, &rest, encrypted_suffixes);
		packed = name_strip_pack(name, &rest) != NAME_PLAIN || packed;
		if (name_strip(name, &rest, csv_suffixes) ||
		    (packed && name_split(name, rest, event_type) < rest))
			return at;
	}
	return len;
}

static enum df_status name_fail_form(const char *name, struct df_err *err)
{
	const char *advice = name_advice(name);
	if (advice != NULL)
		return df_fail(DF_REJECT, err, "bad-name", "%s", advice);
	if (name_without_end(name) < strlen(name))
		return df_fail(DF_REJECT, err, "bad-name",
			       "its name ends with a blank, a dot or a line end, so that its "
			       "extension is not recognised; rename the file without it");
	if (name_without_number(name, strlen(name)) < strlen(name))
		return df_fail(DF_REJECT, err, "bad-name",
			       "a date or number comes after its extension, which is not "
			       "recognised there; rename the file, such as to "
			       "NAME-EVENTTYPE-20261101.csv, and join the parts of a split one "
			       "first");
	return df_fail(
	    DF_REJECT, err, "bad-name",
	    "the name is not NAME-EVENTTYPE.csv, NAME-EVENTTYPE.csv.gz (.zst, .bz2, .xz), "
	    "NAME.zip or "
	    "NAME-EVENTTYPE.zip (each may be followed by .gpg, .pgp or .asc); rename the file");
}

static enum df_status name_take(const char *name, const char *document_type, bool requests,
				struct name *out, struct df_err *err)
{
	*out = (struct name){0};
	size_t len = strlen(name);
	if (len > NAME_LENGTH_MAX)
		return df_fail(DF_REJECT, err, "bad-name",
			       "the name has %zu bytes, at most %u are read", len, NAME_LENGTH_MAX);
	if (strchr(name, '/') != NULL) /* it becomes a part of paths */
		return df_fail(
		    DF_REJECT, err, "bad-name",
		    "the name holds a '/': NAME-EVENTTYPE.csv without folders was expected");
	out->encrypted = name_strip(name, &len, encrypted_suffixes);
	out->pack = name_strip_pack(name, &len);
	bool zip = out->pack == NAME_ZIP, csv = name_strip(name, &len, csv_suffixes);
	if (!zip && !csv) /* NAME-EVENTTYPE.csv.zip is common */
		return name_fail_form(name, err);
	size_t stem = name_split(name, len, out->event_type);
	size_t typed = stem < len ? stem + 1 + strlen(out->event_type) : len;
	bool lacks_type = out->event_type[0] == '\0' && (!zip || document_type != NULL);
	if (lacks_type && name_check_case(name, len, err) != DF_OK)
		return DF_REJECT;
	if (out->event_type[0] == '\0' && document_type != NULL)
		snprintf(out->event_type, sizeof(out->event_type), "%s", document_type);
	if (!zip && out->event_type[0] == '\0')
		return name_fail_type(requests, err);
	if (stem == 0)
		return df_fail(DF_REJECT, err, "bad-name",
			       "the name has nothing before its event type or extension; rename "
			       "the file to NAME-EVENTTYPE.csv");
	memcpy(out->stem, name, stem);
	memcpy(out->number, name + typed, len - typed);
	return DF_OK;
}

enum df_status name_parse_as(const char *name, const char *document_type, struct name *out,
			     struct df_err *err)
{
	return name_take(name, document_type, false, out, err);
}

enum df_status name_parse_for(const struct name_feed *feed, const char *name, struct name *out,
			      struct df_err *err)
{
	enum df_status st = name_take(name, feed->document_type, feed->requests, out, err);
	return st == DF_OK ? name_check_kind(out->event_type, feed->requests, err) : st;
}

enum df_status name_parse(const char *name, struct name *out, struct df_err *err)
{
	return name_parse_as(name, NULL, out, err);
}

enum df_status name_check_kind(const char *event_type, bool requests, struct df_err *err)
{
	if (event_type[0] == '\0' || schema_type_requests(event_type) == requests)
		return DF_OK;
	if (requests)
		return df_fail(
		    DF_REJECT, err, "bad-name",
		    "%s documents hold events: a feed with kind = subject_requests takes "
		    "NAME-erasure.csv, NAME-access.csv and NAME-portability.csv alone",
		    event_type);
	return df_fail(
	    DF_REJECT, err, "bad-name",
	    "%s documents hold data subject requests: they need a feed of their own, with "
	    "kind = subject_requests",
	    event_type);
}

enum df_status name_check_audience(const char *event_type, bool takes, struct df_err *err)
{
	if (takes || !schema_type_audience(event_type))
		return DF_OK;
	return df_fail(DF_REJECT, err, "bad-name",
		       "audience documents hold the membership of audiences: a feed with sink = "
		       "braze takes them");
}

const char *name_advice(const char *name)
{
	size_t len = strlen(name);
	name_strip(name, &len, encrypted_suffixes);
	for (size_t i = 0; i < sizeof(name_unread) / sizeof(*name_unread); i++) {
		if (name_ends_with(name, len, name_unread[i].suffix))
			return name_unread[i].advice;
	}
	return NULL;
}

/* Takes off what is packed or encrypted in a way that is not read: ".Z" of ".csv.Z". */
static bool name_strip_unread(const char *name, size_t *len)
{
	for (size_t i = 0; i < sizeof(name_unread) / sizeof(*name_unread); i++) {
		if (name_ends_with(name, *len, name_unread[i].suffix)) {
			*len -= strlen(strrchr(name_unread[i].suffix, '.'));
			return true;
		}
	}
	return false;
}

bool name_ignored(const char *name)
{
	size_t len = strlen(name);
	return name[0] == '.' || name_strip(name, &len, unfinished_suffixes);
}

/* Editors of Windows make "orders-custom_event.csv.txt". */
static bool name_has_type(const char *name, size_t len)
{
	char event_type[48];
	return name_strip(name, &len, text_suffixes) &&
	       (name_strip(name, &len, csv_suffixes) || name_split(name, len, event_type) < len);
}

/* "orders-custom_event". Event types that are words of other names as well ("profile") say
 * nothing. */
static bool name_lacks_extension(const char *name, size_t len)
{
	char event_type[48];
	return memchr(name, '.', len) == NULL && name_split(name, len, event_type) < len &&
	       (strchr(event_type, '_') != NULL || strcmp(event_type, "eventless") == 0);
}

bool name_meant(const char *name)
{
	size_t len = name_without_end(name);
	if (name_has_type(name, len) || name_lacks_extension(name, len) ||
	    name_without_number(name, len) < len)
		return true;
	if (name_strip(name, &len, encrypted_suffixes) || name_advice(name) != NULL)
		return true;
	return name_strip_pack(name, &len) != NAME_PLAIN || name_strip(name, &len, csv_suffixes);
}

/* True when any part of the path is hidden: a dotfile, or what macOS adds to the zips it makes. */
static bool name_path_hidden(const char *name)
{
	for (const char *part = name; part != NULL; part = strpbrk(part, "/\\")) {
		part += strspn(part, "/\\");
		size_t n = strcspn(part, "/\\");
		bool up =
		    (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.');
		if ((part[0] == '.' && !up) || (n == 8 && memcmp(part, "__MACOSX", n) == 0))
			return true;
	}
	return false;
}

const char *name_entry_plain(const char *name)
{
	while (name[0] == '.' && (name[1] == '/' || name[1] == '\\')) {
		name += 2;
		name += strspn(name, "/\\");
	}
	return name;
}

static size_t name_without_blanks(const char *name)
{
	size_t len = strlen(name);
	while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == '\t'))
		len--;
	return len;
}

/* Does the name say that there are rows in it, however it is packed or encrypted? */
static bool name_holds_rows(const char *name, size_t len)
{
	char event_type[48];
	enum name_pack pack = NAME_PLAIN;
	do {
		pack = name_strip_pack(name, &len);
		if (pack == NAME_ZIP)
			return true;
	} while (pack != NAME_PLAIN || name_strip(name, &len, encrypted_suffixes));
	if (name_strip(name, &len, row_suffixes) || name_has_type(name, len))
		return true;
	return name_strip_unread(name, &len) &&
	       (name_strip(name, &len, row_suffixes) || name_split(name, len, event_type) < len);
}

bool name_entry_missed(const char *name)
{
	return !name_path_hidden(name) && name_holds_rows(name, name_without_blanks(name));
}

enum name_entry_kind name_entry(const char *path, char event_type[48], const char **why)
{
	const char *name = name_entry_plain(path);
	size_t len = strlen(name);
	event_type[0] = '\0';
	*why = NULL;
	/* Some Windows programs write '\' where the format has '/' (APPNOTE 4.4.17). */
	if (len == 0 || name[len - 1] == '/' || name[len - 1] == '\\')
		*why = "a folder";
	else if (name_path_hidden(name))
		*why = "hidden";
	else if (strpbrk(name, "/\\") != NULL)
		*why = "in a sub-folder";
	else if (name_ignored(name))
		*why = "an unfinished file by its name";
	if (*why != NULL)
		return NAME_ENTRY_SKIP;
	if (name_strip(name, &len, encrypted_suffixes) || name_strip_pack(name, &len) != NAME_PLAIN)
		return NAME_ENTRY_ARCHIVE;
	if (!name_strip(name, &len, csv_suffixes)) {
		len = name_without_blanks(name);
		*why = name_strip(name, &len, csv_suffixes) ? "a blank ends its name" : "not CSV";
		return NAME_ENTRY_SKIP;
	}
	name_split(name, len, event_type);
	return NAME_ENTRY_CSV;
}

enum df_status name_check_entry(const char *path, const char *event_type, struct df_err *err)
{
	const char *name = name_entry_plain(path);
	char meant[48];
	size_t len = strlen(name);
	name_strip(name, &len, csv_suffixes);
	if (len > NAME_LENGTH_MAX || !name_has_capitals(name, len, meant) ||
	    strcmp(meant, event_type) == 0)
		return DF_OK;
	return name_fail_case(meant, err);
}
