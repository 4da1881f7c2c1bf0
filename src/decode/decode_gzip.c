/* SPDX-License-Identifier: MIT */
#include "decode_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

/* RFC 1952 §2.2: a gzip file is a series of members, whose contents are one stream. */
struct gzip_reader {
	z_stream z;
	int fd;
	uint64_t offset;       /* in the file, of what is read next */
	uint64_t member_start; /* in the file */
	bool at_start;         /* of a member: nothing of it was consumed yet */
	unsigned char in[DECODE_CHUNK];
	unsigned char out[DECODE_CHUNK];
};

static uint64_t gzip_position(const struct gzip_reader *r)
{
	return r->offset - r->z.avail_in;
}

/* Fills an empty input buffer; DF_END at the end of the file. */
static enum df_status gzip_fill(struct gzip_reader *r, struct df_err *err)
{
	if (r->z.avail_in > 0)
		return DF_OK;
	ssize_t n = 0;
	do
		n = pread(r->fd, r->in, sizeof(r->in), (off_t)r->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot read the gzip data: %s", strerror(errno));
	r->offset += (uint64_t)n;
	r->z.next_in = r->in;
	r->z.avail_in = (uInt)n;
	return n == 0 ? DF_END : DF_OK;
}

static enum df_status gzip_trailing(const struct gzip_reader *r, struct df_err *err)
{
	return df_fail(DF_REJECT, err, "corrupt-archive",
		       "bytes that are no gzip data follow the end of the gzip data, at byte %" PRIu64
		       "; write the file again",
		       r->member_start);
}

/* The input ended: well, when that was between two members. */
static enum df_status gzip_end(const struct gzip_reader *r, struct df_err *err)
{
	if (r->at_start)
		return DF_OK;
	if (r->member_start > 0 && r->offset - r->member_start < 2) /* too little for zlib to know a header */
		return gzip_trailing(r, err);
	return df_fail(DF_REJECT, err, "corrupt-archive",
		       "the gzip data ends too early, after %" PRIu64 " bytes; upload the whole file again", r->offset);
}

static enum df_status gzip_fault(const struct gzip_reader *r, int code, struct df_err *err)
{
	if (code == Z_MEM_ERROR)
		return df_fail(DF_RETRY, err, NULL, "out of memory while unpacking gzip data");
	const char *zlib_words = r->z.msg != NULL ? r->z.msg : "bad data";
	if (r->z.total_out == 0 && strcmp(zlib_words, "incorrect header check") == 0)
		return r->member_start > 0
			   ? gzip_trailing(r, err)
			   : df_fail(DF_REJECT, err, "corrupt-archive",
				     "this is no gzip data, in spite of its name; check how it was made");
	return df_fail(DF_REJECT, err, "corrupt-archive",
		       "the gzip data is damaged at about byte %" PRIu64 ": %s; write or upload the file again",
		       gzip_position(r), zlib_words);
}

/* Inflates up to the end of a member, of the input, or of the room in the output buffer. */
static enum df_status gzip_step(struct gzip_reader *r, struct decode_sink *out, struct df_err *err)
{
	r->z.next_out = r->out;
	r->z.avail_out = sizeof(r->out);
	r->at_start = false;
	int code = inflate(&r->z, Z_NO_FLUSH);
	if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
		return gzip_fault(r, code, err);
	enum df_status st = decode_sink_write(out, r->out, sizeof(r->out) - r->z.avail_out, err);
	if (st == DF_OK && code == Z_STREAM_END) {
		inflateReset(&r->z);
		r->member_start = gzip_position(r);
		r->at_start = true;
	}
	return st;
}

enum df_status decode_gzip(int fd, struct decode_sink *out, struct df_err *err)
{
	struct gzip_reader *r = df_alloc(sizeof(*r));
	enum df_status st = DF_OK;
	r->fd = fd;
	if (inflateInit2(&r->z, 16 + MAX_WBITS) != Z_OK) { /* 16: gzip only, no zlib header */
		free(r);
		return df_fail(DF_RETRY, err, NULL, "out of memory while unpacking gzip data");
	}
	/* zlib holds no output back at the end of the input: a member's last 8 bytes are read after its last output. */
	while (st == DF_OK) {
		st = gzip_fill(r, err);
		if (st == DF_OK)
			st = gzip_step(r, out, err);
	}
	if (st == DF_END)
		st = gzip_end(r, err);
	inflateEnd(&r->z);
	free(r);
	return st;
}
