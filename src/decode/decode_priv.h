/* SPDX-License-Identifier: MIT */
/*
 * decode_priv.h - what the layers of the decode room share
 *
 * Every layer reads one descriptor with pread or from its start and writes to a struct decode_sink,
 * which is where all caps are kept: a layer that writes anywhere else is a defect.
 */
#ifndef DROPFEED_DECODE_PRIV_H
#define DROPFEED_DECODE_PRIV_H

#include "dropfeed/decode.h"

#define DECODE_CHUNK (256u << 10) /* bytes read or written at once */

/* A file being written that stops before it passes a cap. */
struct decode_sink {
	const struct conf_feed *feed; /* max_plaintext, max_ratio */
	int fd;
	uint64_t written;
	uint64_t packed;           /* bytes of the drop file: the ratio's other side */
	uint64_t entry_start;      /* of the zip entry being written */
	uint64_t entry_packed;     /* 0: no zip entry */
	char key[DECODE_KEY_SIZE]; /* the OpenPGP key that opened it, or "" */
};
enum df_status decode_sink_write(struct decode_sink *sink, const void *p, size_t len,
				 struct df_err *err) DF_CHECK;

/* DF_RETRY once the process was asked to stop. */
enum df_status decode_stopped(struct df_err *err) DF_CHECK;

/* The layers. Each reads all of fd. */
enum df_status decode_gpg(const struct conf_feed *feed, int fd, struct decode_sink *out,
			  struct df_err *err) DF_CHECK;
enum df_status decode_pack(enum name_pack pack, int fd, struct decode_sink *out,
			   struct df_err *err) DF_CHECK;
/* event_type: the zip's own, or "". Adds documents and skipped entries to d. */
enum df_status decode_zip(struct decode *d, int fd, const char *event_type, struct decode_sink *out,
			  struct df_err *err) DF_CHECK;

/* DF_REJECT when the document's bytes are those of something packed or encrypted. unpacked: a
 * layer was taken off. */
enum df_status decode_bytes_check(const struct decode_doc *doc, bool unpacked,
				  struct df_err *err) DF_CHECK;
/* What the file is by its first bytes, such as "a zip"; NULL: nothing that is known, or OpenPGP. */
#define DECODE_A_ZIP "a zip"
const char *decode_bytes_kind(int fd);

/* ---- decode_text.c: where the converted texts of all documents are, and the text of one of
 * them ---- */
struct decode_texts;
/* max: bytes that they may have together */
struct decode_texts *decode_texts_new(const char *scratch, uint64_t max);
void decode_texts_free(struct decode_texts *all);
struct decode_text *decode_text_new(struct decode_texts *all); /* all is borrowed */
void decode_text_free(struct decode_text *text);

/* ---- decode_docs.c ---- */
struct decode {
	int own_fd;                 /* the unnamed file that holds the plaintext, or -1 */
	struct decode_texts *texts; /* own */
	struct decode_doc *docs;
	size_t n_docs, cap_docs;
	struct decode_skipped *skipped;
	size_t n_skipped, cap_skipped;
	bool opened;               /* by OpenPGP */
	char key[DECODE_KEY_SIZE]; /* the key that opened the file; "": GnuPG does not say */
};

void decode_add_doc(struct decode *d, const char *name, const char *event_type, int fd,
		    uint64_t offset, uint64_t length);
/* why: a string constant */
void decode_add_skipped(struct decode *d, const char *name, const char *why, bool missed);

#endif
