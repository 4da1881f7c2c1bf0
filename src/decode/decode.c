/* SPDX-License-Identifier: MIT */
#include "decode_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Small files expand a lot without harm: the ratio counts past this much output. */
#define RATIO_FREE (64u << 20)

enum df_status decode_stopped(struct df_err *err)
{
	return df_stop_requested ? df_fail(DF_RETRY, err, NULL, "asked to stop while decoding")
				 : DF_OK;
}

static bool sink_over_ratio(uint64_t written, uint64_t packed, uint64_t max_ratio)
{
	uint64_t most = 0;
	return written > RATIO_FREE && !__builtin_mul_overflow(packed, max_ratio, &most) &&
	       written > most;
}

enum df_status decode_sink_write(struct decode_sink *sink, const void *p, size_t len,
				 struct df_err *err)
{
	uint64_t after = sink->written + len;
	if (after > sink->feed->decode.max_plaintext)
		return df_fail(
		    DF_REJECT, err, "archive-limit",
		    "the file unpacks to more than max_plaintext (%" PRIu64
		    " bytes); split it, or raise max_plaintext if it is meant to be that large",
		    sink->feed->decode.max_plaintext);
	if (sink_over_ratio(after, sink->packed, sink->feed->decode.max_ratio) ||
	    (sink->entry_packed > 0 &&
	     sink_over_ratio(after - sink->entry_start, sink->entry_packed,
			     sink->feed->decode.max_ratio)))
		return df_fail(
		    DF_REJECT, err, "archive-limit",
		    "the file unpacks to more than max_ratio (%" PRIu64
		    ") times its size; raise max_ratio if it is meant to be that repetitive",
		    sink->feed->decode.max_ratio);
	enum df_status st = decode_stopped(err);
	if (st == DF_OK)
		st = df_write_all(sink->fd, p, len, err);
	if (st == DF_OK)
		sink->written = after;
	return st;
}

/* Room for one more in an array of n elements. */
static void *decode_grow(void *v, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return v;
	*cap = *cap == 0 ? 4 : *cap * 2;
	return df_realloc(v, *cap * size);
}

void decode_add_doc(struct decode *d, const char *name, const char *event_type, int fd,
		    uint64_t offset, uint64_t length)
{
	d->docs = decode_grow(d->docs, d->n_docs, &d->cap_docs, sizeof(*d->docs));
	d->docs[d->n_docs++] = (struct decode_doc){.name = df_strdup(name),
						   .event_type = df_strdup(event_type),
						   .fd = fd,
						   .offset = offset,
						   .length = length,
						   .text = decode_text_new(d->texts),
						   .key = d->opened ? d->key : NULL};
}

void decode_add_skipped(struct decode *d, const char *name, const char *why, bool missed)
{
	d->skipped = decode_grow(d->skipped, d->n_skipped, &d->cap_skipped, sizeof(*d->skipped));
	d->skipped[d->n_skipped++] =
	    (struct decode_skipped){.name = df_strdup(name), .why = why, .missed = missed};
}

/* What is known before a byte is read. *size gets the drop file's. */
static enum df_status decode_stat(const struct conf_feed *feed, const struct name *parsed, int fd,
				  uint64_t *size, struct df_err *err)
{
	if (feed->decode.encrypted && !parsed->encrypted)
		return df_fail(DF_REJECT, err, "encryption-mismatch",
			       "the feed takes encrypted files only (encrypted = yes) and this "
			       "name has no .gpg, .pgp or .asc; "
			       "encrypt the file and drop it again");
	if (!feed->decode.encrypted && parsed->encrypted)
		return df_fail(DF_REJECT, err, "encryption-mismatch",
			       "the file is encrypted, but the feed takes plain files only; set "
			       "encrypted = yes, or drop it "
			       "unencrypted");
	struct stat sb = {0};
	if (fstat(fd, &sb) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot look at the file: %s", strerror(errno));
	*size = (uint64_t)sb.st_size;
	if (*size == 0)
		return df_fail(DF_REJECT, err, "empty-file",
			       "the file has no bytes at all; upload it again");
	if (*size > feed->decode.max_plaintext && parsed->pack == NAME_PLAIN && !parsed->encrypted)
		return df_fail(DF_REJECT, err, "archive-limit",
			       "the file is larger than max_plaintext (%" PRIu64
			       " bytes); split it, or raise max_plaintext",
			       feed->decode.max_plaintext);
	return DF_OK;
}

/* Puts what the OpenPGP message holds into an unnamed file, which becomes d's. */
static enum df_status decode_decrypt(struct decode *d, struct decode_sink *sink, int fd,
				     const char *scratch, struct df_err *err)
{
	enum df_status st = df_unnamed_open(scratch, &d->own_fd, err);
	if (st != DF_OK)
		return st;
	sink->fd = d->own_fd;
	st = decode_gpg(sink->feed, fd, sink, err);
	d->opened = true;
	memcpy(d->key, sink->key, sizeof(d->key));
	if (st == DF_OK && sink->written == 0)
		st = df_fail(DF_REJECT, err, "empty-file",
			     "the encrypted file holds no bytes at all; make it again");
	return st;
}

/* Unpacks fd into an unnamed file, which becomes d's in place of the one before. */
static enum df_status decode_unpack(struct decode *d, struct decode_sink *sink, int fd,
				    const struct name *parsed, const char *scratch,
				    struct df_err *err)
{
	int packed_fd = d->own_fd; /* -1 when the drop file itself is packed */
	d->own_fd = -1;
	enum df_status st = df_unnamed_open(scratch, &d->own_fd, err);
	if (st == DF_OK) {
		sink->fd = d->own_fd;
		sink->written = 0;
		st = parsed->pack == NAME_ZIP ? decode_zip(d, fd, parsed->event_type, sink, err)
					      : decode_pack(parsed->pack, fd, sink, err);
	}
	if (packed_fd >= 0)
		close(packed_fd);
	return st;
}

/* Takes the layers off, outermost first. */
static enum df_status decode_layers(struct decode *d, struct decode_sink *sink,
				    const struct name *parsed, int fd, const char *scratch,
				    struct df_err *err)
{
	enum df_status st = DF_OK;
	if (parsed->encrypted)
		st = decode_decrypt(d, sink, fd, scratch, err);
	if (st == DF_OK && parsed->pack != NAME_PLAIN)
		st = decode_unpack(d, sink, d->own_fd >= 0 ? d->own_fd : fd, parsed, scratch, err);
	if (st != DF_OK || parsed->pack == NAME_ZIP)
		return st;

	if (d->own_fd < 0) {
		decode_add_doc(d, NULL, parsed->event_type, fd, 0, sink->packed);
		return DF_OK;
	}
	if (sink->written == 0)
		return df_fail(DF_REJECT, err, "empty-file",
			       "the packed data holds no bytes at all; make it again");
	decode_add_doc(d, NULL, parsed->event_type, d->own_fd, 0, sink->written);
	return DF_OK;
}

/* A packed or encrypted file that is neither may be a page that a server gave in its place. */
static void decode_explain(int fd, struct df_err *err)
{
	const size_t len = strlen(err->text);
	const char *kind = decode_text_kind(fd, 0, UINT64_MAX);
	if (kind != NULL)
		snprintf(err->text + len, sizeof(err->text) - len, " (its text is %s)", kind);
}

enum df_status decode_open(const struct conf_feed *feed, const char *name, int fd,
			   const char *scratch, struct decode **out, struct df_err *err)
{
	struct decode *d = df_alloc(sizeof(*d));
	struct decode_sink sink = {.feed = feed, .fd = -1};
	struct name parsed = {0};
	d->own_fd = -1;
	d->texts = decode_texts_new(scratch, feed->decode.max_plaintext);
	*out = NULL;
	enum df_status st = name_parse_as(feed->fetch.subfolders ? df_base_name(name) : name,
					  feed->decode.document_type, &parsed, err);
	if (st == DF_OK)
		st = decode_stat(feed, &parsed, fd, &sink.packed, err);
	if (st == DF_OK)
		st = decode_layers(d, &sink, &parsed, fd, scratch, err);
	if (st == DF_REJECT && (parsed.pack != NAME_PLAIN || parsed.encrypted))
		decode_explain(fd, err);
	for (size_t i = 0; st == DF_OK && i < d->n_docs; i++)
		st = decode_bytes_check(&d->docs[i], d->own_fd >= 0, err);
	if (st != DF_OK) {
		df_err_place(err, name, 0, NULL);
		decode_close(d);
		return st;
	}
	*out = d;
	return DF_OK;
}

size_t decode_count(const struct decode *d)
{
	return d->n_docs;
}

const struct decode_doc *decode_doc(const struct decode *d, size_t i)
{
	return &d->docs[i];
}

size_t decode_skipped_count(const struct decode *d)
{
	return d->n_skipped;
}

const struct decode_skipped *decode_skipped(const struct decode *d, size_t i)
{
	return &d->skipped[i];
}

void decode_close(struct decode *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->n_docs; i++) {
		free((char *)d->docs[i].name);
		free((char *)d->docs[i].event_type);
		decode_text_free(d->docs[i].text);
	}
	for (size_t i = 0; i < d->n_skipped; i++)
		free((char *)d->skipped[i].name);
	decode_texts_free(d->texts);
	free(d->docs);
	free(d->skipped);
	if (d->own_fd >= 0)
		close(d->own_fd);
	free(d);
}
