/* SPDX-License-Identifier: MIT */
#include "decode_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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
	if (st != DF_OK)
		return st;
	if (sink->written == 0)
		return df_fail(DF_REJECT, err, "empty-file",
			       "the encrypted file holds no bytes at all; make it again");
	return DF_OK;
}

/* Unpacks fd into an unnamed file, which becomes d's in place of the one before. */
static enum df_status decode_unpack(struct decode *d, struct decode_sink *sink, int fd,
				    const struct name *parsed, const char *scratch,
				    struct df_err *err)
{
	int packed_fd = d->own_fd; /* -1 when the drop file itself is packed */
	d->own_fd = -1;
	enum df_status st = df_unnamed_open(scratch, &d->own_fd, err);
	if (st != DF_OK)
		goto cleanup;
	sink->fd = d->own_fd;
	sink->written = 0;
	st = parsed->pack == NAME_ZIP ? decode_zip(d, fd, parsed->event_type, sink, err)
				      : decode_pack(parsed->pack, fd, sink, err);
cleanup:
	if (packed_fd >= 0)
		close(packed_fd);
	return st;
}

/* Takes the layers off, outermost first. */
static enum df_status decode_layers(struct decode *d, struct decode_sink *sink,
				    const struct name *parsed, int fd, const char *scratch,
				    struct df_err *err)
{
	if (parsed->encrypted) {
		enum df_status st = decode_decrypt(d, sink, fd, scratch, err);
		if (st != DF_OK)
			return st;
	}
	if (parsed->pack != NAME_PLAIN) {
		int packed = d->own_fd >= 0 ? d->own_fd : fd;
		enum df_status st = decode_unpack(d, sink, packed, parsed, scratch, err);
		if (st != DF_OK || parsed->pack == NAME_ZIP)
			return st;
	}

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

static enum df_status decode_file(struct decode *d, const struct conf_feed *feed, const char *name,
				  int fd, const char *scratch, struct df_err *err)
{
	struct decode_sink sink = {.feed = feed, .fd = -1};
	struct name parsed = {0};
	const struct name_feed of = {feed->decode.document_type, feed->requests.on};
	enum df_status st =
	    name_parse_for(&of, feed->fetch.subfolders ? df_base_name(name) : name, &parsed, err);
	if (st != DF_OK)
		return st;
	st = name_check_audience(parsed.event_type, conf_takes_audiences(feed), err);
	if (st != DF_OK)
		return st;
	st = decode_stat(feed, &parsed, fd, &sink.packed, err);
	if (st == DF_OK)
		st = decode_layers(d, &sink, &parsed, fd, scratch, err);
	if (st == DF_REJECT && (parsed.pack != NAME_PLAIN || parsed.encrypted))
		decode_explain(fd, err);
	for (size_t i = 0; st == DF_OK && i < d->n_docs; i++)
		st = decode_bytes_check(&d->docs[i], d->own_fd >= 0, err);
	return st;
}

enum df_status decode_open(const struct conf_feed *feed, const char *name, int fd,
			   const char *scratch, struct decode **out, struct df_err *err)
{
	struct decode *d = df_alloc(sizeof(*d));
	d->own_fd = -1;
	d->texts = decode_texts_new(scratch, feed->decode.max_plaintext);
	*out = NULL;
	enum df_status st = decode_file(d, feed, name, fd, scratch, err);
	if (st != DF_OK) {
		df_err_place(err, name, 0, NULL);
		decode_close(d);
		return st;
	}
	*out = d;
	return DF_OK;
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
