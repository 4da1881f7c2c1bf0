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
static const char *const archive_suffixes[] = {".zip", ".gz", ".gpg", ".pgp", ".asc", NULL};
static const char *const unfinished_suffixes[] = {".tmp", ".part", ".partial", ".filepart", NULL};

/* Finds "-<event_type>" at the end of the first len bytes; returns the stem's length, or len when there is none. No
 * event type holds a dash, so the last dash is the only one to look at. */
static size_t name_split(const char *name, size_t len, char event_type[48])
{
	event_type[0] = '\0';
	const char *dash = memrchr(name, '-', len);
	if (dash == NULL)
		return len;
	size_t at = (size_t)(dash - name), n = len - at - 1;
	if (n == 0 || n >= 48 || !schema_event_known(dash + 1, n))
		return len;
	memcpy(event_type, dash + 1, n);
	event_type[n] = '\0';
	return at;
}

enum df_status name_parse(const char *name, struct name *out, struct df_err *err)
{
	*out = (struct name){0};
	size_t len = strlen(name);
	if (len > NAME_LENGTH_MAX)
		return df_fail(DF_REJECT, err, "bad-name", "the name has %zu bytes, at most %u are read", len,
			       NAME_LENGTH_MAX);
	if (strchr(name, '/') != NULL) /* it becomes a part of paths */
		return df_fail(DF_REJECT, err, "bad-name",
			       "the name holds a '/': NAME-EVENTTYPE.csv without folders was expected");
	out->encrypted = name_strip(name, &len, encrypted_suffixes);
	bool zip = name_strip(name, &len, (const char *const[]){".zip", NULL});
	bool gzip = !zip && name_strip(name, &len, (const char *const[]){".gz", NULL});
	if (!zip && !name_strip(name, &len, (const char *const[]){".csv", NULL}))
		return df_fail(
		    DF_REJECT, err, "bad-name",
		    "the name is none of NAME-EVENTTYPE.csv, NAME-EVENTTYPE.csv.gz, NAME.zip or NAME-EVENTTYPE.zip "
		    "(each may be followed by .gpg, .pgp or .asc); rename the file");
	out->pack = zip ? NAME_ZIP : gzip ? NAME_GZIP : NAME_PLAIN;
	size_t stem = name_split(name, len, out->event_type);
	if (!zip && out->event_type[0] == '\0')
		return df_fail(
		    DF_REJECT, err, "bad-name",
		    "the name does not end with an event type: NAME-EVENTTYPE.csv was expected, such as "
		    "orders-custom_event.csv (custom_event, commerce_event, screen_view, eventless, or another "
		    "event type of the Events API, in lower case); rename the file");
	if (stem == 0)
		return df_fail(
		    DF_REJECT, err, "bad-name",
		    "the name has nothing before its event type or extension; rename the file to NAME-EVENTTYPE.csv");
	memcpy(out->stem, name, stem);
	return DF_OK;
}

bool name_ignored(const char *name)
{
	size_t len = strlen(name);
	return name[0] == '.' || name_strip(name, &len, unfinished_suffixes);
}

bool name_meant(const char *name)
{
	size_t len = strlen(name);
	return name_strip(name, &len, archive_suffixes) || name_strip(name, &len, (const char *const[]){".csv", NULL});
}

/* True when any part of the path is hidden: a dotfile, or what macOS adds to the zips it makes. */
static bool name_path_hidden(const char *name)
{
	for (const char *part = name; part != NULL; part = strpbrk(part, "/\\")) {
		part += strspn(part, "/\\");
		size_t n = strcspn(part, "/\\");
		bool up = (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.');
		if ((part[0] == '.' && !up) || (n == 8 && memcmp(part, "__MACOSX", n) == 0))
			return true;
	}
	return false;
}

enum name_entry_kind name_entry(const char *name, char event_type[48], const char **why)
{
	size_t len = strlen(name);
	event_type[0] = '\0';
	*why = NULL;
	/* Some Windows programs write '\' where the format has '/' (APPNOTE 4.4.17). */
	if (len > 0 && (name[len - 1] == '/' || name[len - 1] == '\\'))
		*why = "a folder";
	else if (name_path_hidden(name))
		*why = "hidden";
	else if (strpbrk(name, "/\\") != NULL)
		*why = "in a sub-folder";
	else if (name_ignored(name))
		*why = "an unfinished file by its name";
	if (*why != NULL)
		return NAME_ENTRY_SKIP;
	if (name_strip(name, &len, archive_suffixes))
		return NAME_ENTRY_ARCHIVE;
	if (!name_strip(name, &len, (const char *const[]){".csv", NULL})) {
		*why = "not CSV";
		return NAME_ENTRY_SKIP;
	}
	name_split(name, len, event_type);
	return NAME_ENTRY_CSV;
}
