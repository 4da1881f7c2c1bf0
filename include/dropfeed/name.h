/* SPDX-License-Identifier: MIT */
/*
 * name.h - what the name of a drop file, or of an entry in a zip, says
 *
 *	struct name name;
 *	name_parse("orders-custom_event.csv.gz.gpg", &name, &err);
 *	    packed as gzip, encrypted, custom_event, stem "orders"
 */
#ifndef DROPFEED_NAME_H
#define DROPFEED_NAME_H

#include "dropfeed/base.h"

/* Bytes in the name of a drop file or of an entry: documents name files of ours, see NAME_MAX in
 * limits.h. */
#define NAME_LENGTH_MAX 255u

enum name_pack { NAME_PLAIN, NAME_GZIP, NAME_ZIP, NAME_ZSTD, NAME_BZIP2, NAME_XZ };

/* What a drop file's name says. */
struct name {
	enum name_pack pack;
	bool encrypted; /* .gpg .pgp .asc */
	/* as the schema spells it, such as "custom_event"; "": the name has none (zip only) */
	char event_type[48];
	char stem[256];   /* before "-<event_type>", or the name without its extensions */
	char number[256]; /* what follows the event type, such as "-20260112", or "" */
};

/* Takes a name apart. DF_REJECT `bad-name` unless it is <stem>-<event_type>.csv, also with .gz,
 * .zst, .bz2 or .xz, or <stem>[-<event_type>].zip, each with or without .gpg/.pgp/.asc; the text
 * says what was expected. A date, time or number may follow the event type:
 * users-eventless-20260112.csv, orders-commerce_event_2026-01-12T03.csv.gz. Extensions match in
 * any case; the event type is matched case-sensitively; "eventless" counts as one. */
enum df_status name_parse(const char *name, struct name *out, struct df_err *err) DF_CHECK;

/* The same for a feed with a document_type (NULL: without): names without an event type are good
 * as well, and have that one. An event type in the name wins. */
enum df_status name_parse_as(const char *name, const char *document_type, struct name *out,
			     struct df_err *err) DF_CHECK;

/* The same for a feed that is one of subject requests, or not: the text names the types that it
 * takes, and a type of the other kind is DF_REJECT bad-name, see name_check_kind. */
struct name_feed {
	const char *document_type; /* or NULL */
	bool requests;
};
enum df_status name_parse_for(const struct name_feed *feed, const char *name, struct name *out,
			      struct df_err *err) DF_CHECK;

/* Documents of data subject requests (erasure, access, portability) and those of events never come
 * to the same feed. event_type: of a document, or "". requests: the feed is one of subject
 * requests. DF_REJECT bad-name: it is of the other kind. */
enum df_status name_check_kind(const char *event_type, bool requests, struct df_err *err) DF_CHECK;

/* Documents of audiences come to feeds alone whose sink takes them. DF_REJECT bad-name: not to this
 * one. */
enum df_status name_check_audience(const char *event_type, bool takes, struct df_err *err) DF_CHECK;

/* The end of the name that says how the file is packed and encrypted, such as ".gz.gpg", in the
 * name's own spelling; borrowed. "": it says nothing. */
const char *name_layers(const char *name);

/* True for a name inside or outside a zip that is never taken: hidden, .tmp, .part, .partial,
 * .filepart. */
bool name_ignored(const char *name);

/* True when it ends as the names of drop files do, whatever is before: .csv .zip .gz .gpg .pgp
 * .asc ..., or as those of archives and spreadsheets that somebody may take for drop files; or
 * when it has an event type, and ends as texts do that may be CSV: .txt, .dat ... */
bool name_meant(const char *name);
/* What to do with a file of that kind that is never read, such as .7z, .tar or .xlsx: a string
 * constant; else NULL. */
const char *name_advice(const char *name);

/* ---- entries of a zip ---- */

enum name_entry_kind { NAME_ENTRY_CSV, NAME_ENTRY_ARCHIVE, NAME_ENTRY_SKIP };

/* Says what the zip entry `path` is. For ..._CSV event_type is filled, "" when its name has
 * none; for ..._SKIP *why is a string constant. "./name" is "name". */
enum name_entry_kind name_entry(const char *path, char event_type[48], const char **why);
/* Of one whose name has no event type, and that is to be read as this one, or "". DF_REJECT
 * bad-name: it has another one in capitals, which would be overruled. */
enum df_status name_check_entry(const char *path, const char *event_type,
				struct df_err *err) DF_CHECK;
/* The entry's name without "./" in front; borrowed. */
const char *name_entry_plain(const char *name);
/* True for a skipped entry that somebody may miss: it is not hidden, and by its name a CSV, packed
 * or encrypted in whatever way, a zip, or with an event type what ends as texts, archives and
 * spreadsheets do. Blanks at the name's end do not count. */
bool name_entry_missed(const char *name);

#endif
