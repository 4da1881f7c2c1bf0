/* SPDX-License-Identifier: MIT */
/*
 * name.h - what the name of a drop file, or of an entry in a zip, says
 *
 *	struct name name;
 *	name_parse("orders-custom_event.csv.gz.gpg", &name, &err);	packed as gzip, encrypted, custom_event, stem "orders"
 */
#ifndef DROPFEED_NAME_H
#define DROPFEED_NAME_H

#include "dropfeed/base.h"

/* Bytes in the name of a drop file or of an entry: documents name files of ours, see NAME_MAX in limits.h. */
#define NAME_LENGTH_MAX 255u

enum name_pack { NAME_PLAIN, NAME_GZIP, NAME_ZIP };

/* What a drop file's name says. */
struct name {
	enum name_pack pack;
	bool encrypted;      /* .gpg .pgp .asc */
	char event_type[48]; /* as the schema spells it, such as "custom_event"; "": the name has none (zip only) */
	char stem[256];      /* before "-<event_type>", or the name without its extensions */
};

/* Takes a name apart. DF_REJECT `bad-name` when it is none of <stem>-<event_type>.csv[.gz], <stem>[-<event_type>].zip, each
 * with or without .gpg/.pgp/.asc; the text says what was expected. Extensions match in any case; the event type is matched
 * case-sensitively; "eventless" counts as one. */
enum df_status name_parse(const char *name, struct name *out, struct df_err *err) DF_CHECK;

/* True for a name inside or outside a zip that is never taken: hidden, .tmp, .part, .partial, .filepart. */
bool name_ignored(const char *name);

/* True when it ends as the names of drop files do, whatever stands before: .csv .zip .gz .gpg .pgp .asc. */
bool name_meant(const char *name);

/* ---- entries of a zip ---- */

enum name_entry_kind { NAME_ENTRY_CSV, NAME_ENTRY_ARCHIVE, NAME_ENTRY_SKIP };

/* Says what the zip entry `name` is. For ..._CSV event_type is filled, "" when its name has none; for ..._SKIP *why is
 * a string constant. */
enum name_entry_kind name_entry(const char *name, char event_type[48], const char **why);

#endif
