/* SPDX-License-Identifier: MIT */
/*
 * decode.h - a drop file becomes its documents
 *
 *	struct decode *d = NULL;
 *	decode_open(feed, "orders-custom_event.csv.gz.gpg", fd, spool_dir, &d, &err);
 *	for (size_t i = 0; i < decode_count(d); i++) {
 *		const struct decode_doc *doc = decode_doc(d, i);
 *		... read doc->fd from doc->offset, doc->length bytes
 *	}
 *	decode_close(d);
 *
 * Layers go by the name, outermost last: OpenPGP (GPGME), then gzip (zlib) or zip (libzip). The plaintext of a decoded file
 * goes to one unnamed file, and a document is a range of it; a plain .csv is read where it lies. Nothing of a file
 * is handed out before all of it was decoded, its checksums agree, and GnuPG has verified the whole message.
 */
#ifndef DROPFEED_DECODE_H
#define DROPFEED_DECODE_H

#include "dropfeed/conf.h"

enum decode_pack { DECODE_PLAIN, DECODE_GZIP, DECODE_ZIP };

/* What a drop file's name says. */
struct decode_name {
	enum decode_pack pack;
	bool encrypted;      /* .gpg .pgp .asc */
	char event_type[48]; /* as the schema spells it, such as "custom_event"; "": the name has none (zip only) */
	char stem[256];      /* before "-<event_type>", or the name without its extensions */
};

/* Takes a name apart. DF_REJECT `bad-name` when it is none of <stem>-<event_type>.csv[.gz], <stem>[-<event_type>].zip, each
 * with or without .gpg/.pgp/.asc; the text says what was expected. Extensions match in any case; the event type is matched
 * case-sensitively; "eventless" counts as one. */
enum df_status decode_name_parse(const char *name, struct decode_name *out, struct df_err *err) DF_CHECK;

/* True for a name inside or outside a zip that is never taken: hidden, .tmp, .part, .partial, .filepart. */
bool decode_name_ignored(const char *name);

/* True when it ends as the names of drop files do, whatever stands before: .csv .zip .gz .gpg .pgp .asc. */
bool decode_name_meant(const char *name);

struct decode; /* a decoded drop file */

struct decode_doc {
	const char *name;        /* the zip entry's name, or NULL when the file is the document */
	const char *event_type;  /* canonical */
	int fd;                  /* borrowed; use pread */
	uint64_t offset, length; /* of the CSV in fd, bytes */
};

struct decode_skipped { /* a zip entry that is not a document */
	const char *name;
	const char *why; /* "not CSV", "in a sub-folder", "hidden", "a folder", ... */
};

/* Decodes the whole file `fd` (seekable; borrowed until decode_close) that is named `name`. scratch: folder for the unnamed
 * file. DF_REJECT: bad-name, empty-file, encryption-mismatch, decrypt-failed, wrong-key, bad-signature, corrupt-archive,
 * archive-limit. DF_RETRY: disk full, GnuPG's agent missing. */
enum df_status decode_open(const struct conf_feed *feed, const char *name, int fd, const char *scratch,
			   struct decode **out, struct df_err *err) DF_CHECK;

size_t decode_count(const struct decode *d);
const struct decode_doc *decode_doc(const struct decode *d, size_t i); /* borrowed, in the archive's order */
size_t decode_skipped_count(const struct decode *d);
const struct decode_skipped *decode_skipped(const struct decode *d, size_t i);
void decode_close(struct decode *d);

#endif
