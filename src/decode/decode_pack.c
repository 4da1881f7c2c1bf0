/* SPDX-License-Identifier: MIT */
/* A packed file is a series of members, whose contents are one stream: gzip (RFC 1952 §2.2), and
 * likewise zstd's frames and the streams of bzip2 and xz. What follows the last one is refused,
 * but for NULs, with which tar and tapes pad. */
#include "decode_pack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define PACK_MAGIC_MAX 8

struct pack_reader {
	const struct pack_codec *codec;
	void *state; /* the codec's */
	int fd;
	uint64_t offset;       /* in the file, of what is read next */
	uint64_t member_start; /* in the file */
	bool at_start;         /* of a member: nothing of it was consumed yet */
	struct pack_io io;
	unsigned char in[DECODE_CHUNK];
	unsigned char out[DECODE_CHUNK];
};

static uint64_t pack_position(const struct pack_reader *r)
{
	return r->offset - r->io.n_in;
}

static enum df_status pack_pread(const struct pack_reader *r, void *p, size_t size, uint64_t at,
				 size_t *n, struct df_err *err)
{
	ssize_t got = 0;
	do
		got = pread(r->fd, p, size, (off_t)at);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot read the %s data: %s", r->codec->name,
			       strerror(errno));
	*n = (size_t)got;
	return DF_OK;
}

/* Fills an empty input buffer; DF_END at the end of the file. */
static enum df_status pack_fill(struct pack_reader *r, struct df_err *err)
{
	size_t n = 0;
	if (r->io.n_in > 0)
		return DF_OK;
	enum df_status st = pack_pread(r, r->in, sizeof(r->in), r->offset, &n, err);
	if (st != DF_OK)
		return st;
	r->offset += n;
	r->io.in = r->in;
	r->io.n_in = n;
	return n == 0 ? DF_END : DF_OK;
}

static enum df_status pack_trailing(const struct pack_reader *r, struct df_err *err)
{
	return df_fail(DF_REJECT, err, "corrupt-archive",
		       "bytes that are not %s data follow the end of the %s data, at byte %" PRIu64
		       "; write the file again",
		       r->codec->name, r->codec->name, r->member_start);
}

static enum df_status pack_after_gap(struct pack_reader *r, struct df_err *err)
{
	uint64_t gap = pack_position(r) - r->member_start;
	if (r->codec->gap == 0 || gap % r->codec->gap != 0)
		return pack_trailing(r, err);
	r->member_start += gap;
	return DF_OK;
}

/* DF_END: nothing but NULs up to the end of the file. DF_OK: another member follows them, where the
 * format allows that. */
static enum df_status pack_padding(struct pack_reader *r, struct df_err *err)
{
	for (;;) {
		enum df_status st = pack_fill(r, err);
		if (st != DF_OK)
			return st;
		st = decode_stopped(err);
		if (st != DF_OK)
			return st;
		for (; r->io.n_in > 0; r->io.in++, r->io.n_in--) {
			if (*r->io.in != 0)
				return pack_after_gap(r, err);
		}
	}
}

static enum df_status pack_other(const struct pack_reader *r, struct df_err *err)
{
	const char *kind = decode_bytes_kind(r->fd);
	return df_fail(DF_REJECT, err, "corrupt-archive",
		       "not %s data%s%s, despite its name; check how it was made", r->codec->name,
		       kind != NULL ? " but " : "", kind != NULL ? kind : "");
}

/* At the start of a member: is it one? DF_END: the file ends well here. */
static enum df_status pack_begin(struct pack_reader *r, struct df_err *err)
{
	unsigned char seen[PACK_MAGIC_MAX];
	const struct pack_codec *codec = r->codec;
	size_t n = 0;
	enum df_status st = pack_pread(r, seen, codec->magic_len, r->member_start, &n, err);
	if (st != DF_OK || (n == 0 && r->member_start > 0))
		return st != DF_OK ? st : DF_END;
	bool whole = n == codec->magic_len, same = memcmp(seen, codec->magic, n) == 0;
	same = same || (whole && codec->skippable != NULL && codec->skippable(seen));
	if (r->member_start > 0 && seen[0] == 0) {
		st = pack_padding(r, err);
		return st == DF_OK ? pack_begin(r, err) : st;
	}

	/* what is too short for a header is not a cut member either */
	if (r->member_start > 0 && !(whole && same))
		return pack_trailing(r, err);
	if (!same)
		return pack_other(r, err);
	if (!codec->begin(&r->state))
		return df_fail(DF_RETRY, err, NULL, "out of memory while unpacking %s data",
			       codec->name);
	return DF_OK;
}

static enum df_status pack_fault(const struct pack_reader *r, enum pack_said said,
				 struct df_err *err)
{
	const char *name = r->codec->name;
	if (said == PACK_NO_MEMORY)
		return df_fail(DF_RETRY, err, NULL, "out of memory while unpacking %s data", name);
	if (said == PACK_TOO_LARGE)
		return df_fail(DF_REJECT, err, "archive-limit",
			       "unpacking the %s data takes more memory than is allowed (a window "
			       "of 128 MiB); pack it "
			       "again with a lower level, without --long or --ultra",
			       name);
	return df_fail(DF_REJECT, err, "corrupt-archive",
		       "the %s data is damaged at about byte %" PRIu64
		       ": %s; write or upload the file again",
		       name, pack_position(r), r->io.words != NULL ? r->io.words : "bad data");
}

/* Unpacks up to the end of a member, of the input, or of the room in the output buffer. */
static enum df_status pack_step(struct pack_reader *r, struct decode_sink *out, bool *full,
				struct df_err *err)
{
	r->io.out = r->out;
	r->io.n_out = sizeof(r->out);
	enum pack_said said = r->codec->step(r->state, &r->io);
	if (said != PACK_MORE && said != PACK_MEMBER_ENDS)
		return pack_fault(r, said, err);
	*full = r->io.n_out == 0;
	enum df_status st = decode_sink_write(out, r->out, sizeof(r->out) - r->io.n_out, err);
	r->at_start = said == PACK_MEMBER_ENDS;
	if (r->at_start)
		r->member_start = pack_position(r);
	return st;
}

/* Sees that there is something to unpack. DF_END: the file ends well here. */
static enum df_status pack_next(struct pack_reader *r, bool full, struct df_err *err)
{
	enum df_status st = r->at_start ? pack_begin(r, err) : DF_OK;
	if (st != DF_OK || full)
		return st;
	st = pack_fill(r, err);
	if (st == DF_END && !r->at_start)
		return df_fail(DF_REJECT, err, "corrupt-archive",
			       "the %s data ends too early, after %" PRIu64
			       " bytes; upload the whole file again",
			       r->codec->name, r->offset);
	return st;
}

static enum df_status pack_run(struct pack_reader *r, struct decode_sink *out, struct df_err *err)
{
	bool full = false; /* the codec may hold more output than there was room for */
	for (;;) {
		enum df_status st = pack_next(r, full, err);
		if (st != DF_OK)
			return st == DF_END ? DF_OK : st;
		st = pack_step(r, out, &full, err);
		if (st != DF_OK)
			return st;
	}
}

enum df_status decode_pack(enum name_pack pack, int fd, struct decode_sink *out, struct df_err *err)
{
	static const char *const libraries[] = {
	    [NAME_ZSTD] = "libzstd", [NAME_BZIP2] = "libbz2", [NAME_XZ] = "liblzma"};
	const struct pack_codec *codec = pack_codec(pack);
	if (codec == NULL)
		return df_fail(
		    DF_USAGE, err, NULL,
		    "this build of dropfeed has no %s, which the file needs: build it with %s",
		    libraries[pack], libraries[pack]);
	struct pack_reader *r = df_alloc(sizeof(*r));
	r->codec = codec;
	r->fd = fd;
	r->at_start = true;
	enum df_status st = pack_run(r, out, err);
	codec->end(r->state);
	free(r);
	return st;
}
