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
 * Layers go by the name, outermost last: OpenPGP (GPGME), then gzip (zlib) or zip (libzip). The
 * plaintext of a decoded file goes to one unnamed file, and a document is a range of it; a plain
 * .csv is read where it lies. Nothing of a file is handed out before all of it was decoded, its
 * checksums agree, and GnuPG has verified the whole message.
 */
#ifndef DROPFEED_DECODE_H
#define DROPFEED_DECODE_H

#include "dropfeed/conf.h"
#include "dropfeed/name.h"

struct decode; /* a decoded drop file */

#define DECODE_KEY_SIZE 65 /* of an OpenPGP fingerprint in hex */

struct decode_doc {
	const char *name;         /* the zip entry's name, or NULL when the file is the document */
	const char *event_type;   /* canonical */
	int fd;                   /* borrowed; use pread */
	uint64_t offset, length;  /* of the CSV in fd, bytes, as it came */
	struct decode_text *text; /* the decode's own: its conversion to UTF-8, or NULL */
	/* the fingerprint of the OpenPGP key that opened the file; NULL: it came plain */
	const char *key;
};

struct decode_bytes {
	int fd; /* borrowed until decode_close */
	uint64_t offset, length;
	/* it was converted, but its bytes were UTF-8 already, and not ASCII alone */
	bool looks_utf8;
};

/* The document's bytes as UTF-8, converted from `encoding` when that is asked for first. Not for
 * two threads at a time. DF_REJECT not-utf8: bytes that the encoding does not have, with the
 * line. DF_RETRY: disk full. */
enum df_status decode_doc_utf8(const struct decode_doc *doc, const char *encoding,
			       struct decode_bytes *out, struct df_err *err) DF_CHECK;

/* What a document or file seems to be whose text is not CSV, such as "a web page (HTML) ...", by
 * its first bytes; NULL: nothing that is known. It may be CSV all the same, so this only explains
 * why it cannot be read. */
const char *decode_text_kind(int fd, uint64_t offset, uint64_t length);

struct decode_skipped { /* a zip entry that is not a document */
	const char *name;
	const char *why; /* "not CSV", "in a sub-folder", "hidden", "a folder", ... */
	bool missed;     /* it holds rows by its name: somebody may wait for them */
};

/* Decodes the whole file `fd` (seekable; borrowed until decode_close) that is named `name`.
 * scratch: folder for the unnamed file. DF_REJECT: bad-name, empty-file, encryption-mismatch,
 * decrypt-failed, wrong-key, bad-signature, corrupt-archive, archive-limit. DF_RETRY: disk full,
 * GnuPG's agent missing. */
enum df_status decode_open(const struct conf_feed *feed, const char *name, int fd,
			   const char *scratch, struct decode **out, struct df_err *err) DF_CHECK;

size_t decode_count(const struct decode *d);
/* borrowed, in the archive's order */
const struct decode_doc *decode_doc(const struct decode *d, size_t i);
size_t decode_skipped_count(const struct decode *d);
const struct decode_skipped *decode_skipped(const struct decode *d, size_t i);
void decode_close(struct decode *d);

/* Encrypts all of `from`, from its start, and writes it to `to`: to the feed's
 * rejects_recipient, or, where it names none, to the key that opened a file (decode_doc's).
 * DF_RETRY: the key is missing or cannot be used now, or as in decode_open. */
enum df_status decode_seal(const struct conf_feed *feed, const char *key, int from, int to,
			   struct df_err *err) DF_CHECK;

/* Whether GnuPG's home holds what an encrypted feed needs: a secret key to decrypt with, and the
 * public keys of signed_by. DF_USAGE: not, with what to do; *key is the setting that is
 * concerned. */
enum df_status decode_check_keys(const struct conf_feed *feed, const char **key,
				 struct df_err *err) DF_CHECK;

struct decode_own_key { /* of the keyring: its secret part for decryption is there */
	char fingerprint[DECODE_KEY_SIZE];
	bool revoked;
	int64_t expires_s; /* nobody can encrypt to it from then on; 0: never */
};
/* The keys that files may be encrypted to; *out is the caller's. */
enum df_status decode_own_keys(const struct conf_feed *feed, struct decode_own_key **out, size_t *n,
			       struct df_err *err) DF_CHECK;
/* Encrypts a few bytes to the key and decrypts them, as a run decrypts a file: without a terminal,
 * with the feed's passphrase. Not of a key that is revoked or has expired. */
enum df_status decode_try_key(const struct conf_feed *feed, const char *fingerprint,
			      const char *scratch, struct df_err *err) DF_CHECK;

#endif
