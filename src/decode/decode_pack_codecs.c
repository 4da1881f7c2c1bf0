/* SPDX-License-Identifier: MIT */
/* Each format's library, with one interface for all. A build may lack all but zlib. */
#include "decode_pack.h"

#include <stdlib.h>
#include <zlib.h>
#ifdef HAVE_LIBZSTD
#include <zstd.h>
#include <zstd_errors.h>
#endif
#ifdef HAVE_LIBBZ2
#include <bzlib.h>
#endif
#ifdef HAVE_LIBLZMA
#include <lzma.h>
#endif

/* ---- gzip: RFC 1952 ---- */

static bool gzip_begin(void **state)
{
	z_stream *z = *state;
	if (z != NULL)
		return inflateReset(z) == Z_OK;
	*state = z = df_alloc(sizeof(*z));
	return inflateInit2(z, 16 + MAX_WBITS) == Z_OK; /* 16: gzip only, no zlib header */
}

static enum pack_said gzip_step(void *state, struct pack_io *io)
{
	z_stream *z = state;
	z->next_in = (unsigned char *)(uintptr_t)io->in;
	z->avail_in = (uInt)io->n_in;
	z->next_out = io->out;
	z->avail_out = (uInt)io->n_out;
	int code = inflate(z, Z_NO_FLUSH);
	io->in = z->next_in;
	io->n_in = z->avail_in;
	io->out = z->next_out;
	io->n_out = z->avail_out;
	io->words = z->msg;
	return code == Z_STREAM_END                  ? PACK_MEMBER_ENDS
	       : code == Z_OK || code == Z_BUF_ERROR ? PACK_MORE
	       : code == Z_MEM_ERROR                 ? PACK_NO_MEMORY
						     : PACK_DAMAGED;
}

static void gzip_end(void *state)
{
	if (state != NULL)
		inflateEnd(state);
	free(state);
}

static const struct pack_codec gzip_codec = {"gzip",     "\x1f\x8b", 2,       NULL,
					     gzip_begin, gzip_step,  gzip_end};

/* ---- zstd: RFC 8878 ---- */

#ifdef HAVE_LIBZSTD
static bool zstd_begin(void **state)
{
	if (*state == NULL)
		*state = ZSTD_createDStream();
	return *state != NULL && !ZSTD_isError(ZSTD_initDStream(*state));
}

static enum pack_said zstd_step(void *state, struct pack_io *io)
{
	ZSTD_inBuffer in = {io->in, io->n_in, 0};
	ZSTD_outBuffer out = {io->out, io->n_out, 0};
	size_t left = ZSTD_decompressStream(state, &out, &in);
	io->in += in.pos;
	io->n_in -= in.pos;
	io->out += out.pos;
	io->n_out -= out.pos;
	if (!ZSTD_isError(left))
		return left == 0 ? PACK_MEMBER_ENDS : PACK_MORE;
	io->words = ZSTD_getErrorName(left);
	switch (ZSTD_getErrorCode(left)) {
	case ZSTD_error_memory_allocation:
		return PACK_NO_MEMORY;
	case ZSTD_error_frameParameter_windowTooLarge:
		return PACK_TOO_LARGE;
	default:
		return PACK_DAMAGED;
	}
}

/* Section 3.1.2: pzstd begins its files with such a frame. */
static bool zstd_skippable(const unsigned char *magic)
{
	return (magic[0] & 0xf0) == 0x50 && memcmp(magic + 1, "\x2a\x4d\x18", 3) == 0;
}

static void zstd_end(void *state)
{
	ZSTD_freeDStream(state);
}

static const struct pack_codec zstd_codec = {
    "zstd", "\x28\xb5\x2f\xfd", 4, zstd_skippable, zstd_begin, zstd_step, zstd_end};
#define ZSTD_CODEC &zstd_codec
#else
#define ZSTD_CODEC NULL
#endif

/* ---- bzip2 ---- */

#ifdef HAVE_LIBBZ2
struct bzip2 {
	bz_stream s;
	bool open;
};

static bool bzip2_begin(void **state)
{
	struct bzip2 *b = *state;
	if (b == NULL)
		*state = b = df_alloc(sizeof(*b));
	if (b->open)
		BZ2_bzDecompressEnd(&b->s);
	b->s = (bz_stream){0};
	b->open = BZ2_bzDecompressInit(&b->s, 0, 0) == BZ_OK;
	return b->open;
}

static enum pack_said bzip2_step(void *state, struct pack_io *io)
{
	struct bzip2 *b = state;
	b->s.next_in = (char *)(uintptr_t)io->in;
	b->s.avail_in = (unsigned)io->n_in;
	b->s.next_out = (char *)io->out;
	b->s.avail_out = (unsigned)io->n_out;
	int code = BZ2_bzDecompress(&b->s);
	io->in = (const unsigned char *)b->s.next_in;
	io->n_in = b->s.avail_in;
	io->out = (unsigned char *)b->s.next_out;
	io->n_out = b->s.avail_out;
	return code == BZ_STREAM_END  ? PACK_MEMBER_ENDS
	       : code == BZ_OK        ? PACK_MORE
	       : code == BZ_MEM_ERROR ? PACK_NO_MEMORY
				      : PACK_DAMAGED;
}

static void bzip2_end(void *state)
{
	struct bzip2 *b = state;
	if (b != NULL && b->open)
		BZ2_bzDecompressEnd(&b->s);
	free(b);
}

static const struct pack_codec bzip2_codec = {"bzip2",     "BZh",      3,        NULL,
					      bzip2_begin, bzip2_step, bzip2_end};
#define BZIP2_CODEC &bzip2_codec
#else
#define BZIP2_CODEC NULL
#endif

/* ---- xz ---- */

#ifdef HAVE_LIBLZMA
#define XZ_MEMORY (UINT64_C(160) << 20) /* xz -9 needs 65 MiB */

static bool xz_begin(void **state)
{
	lzma_stream *s = *state;
	if (s == NULL) {
		*state = s = df_alloc(sizeof(*s));
		*s = (lzma_stream)LZMA_STREAM_INIT;
	}
	return lzma_stream_decoder(s, XZ_MEMORY, 0) == LZMA_OK;
}

static enum pack_said xz_step(void *state, struct pack_io *io)
{
	lzma_stream *s = state;
	s->next_in = io->in;
	s->avail_in = io->n_in;
	s->next_out = io->out;
	s->avail_out = io->n_out;
	lzma_ret code = lzma_code(s, LZMA_RUN);
	io->in = s->next_in;
	io->n_in = s->avail_in;
	io->out = s->next_out;
	io->n_out = s->avail_out;
	return code == LZMA_STREAM_END                     ? PACK_MEMBER_ENDS
	       : code == LZMA_OK || code == LZMA_BUF_ERROR ? PACK_MORE
	       : code == LZMA_MEM_ERROR                    ? PACK_NO_MEMORY
	       : code == LZMA_MEMLIMIT_ERROR               ? PACK_TOO_LARGE
							   : PACK_DAMAGED;
}

static void xz_end(void *state)
{
	if (state != NULL)
		lzma_end(state);
	free(state);
}

static const struct pack_codec xz_codec = {"xz",
					   "\xfd"
					   "7zXZ\0",
					   6,
					   NULL,
					   xz_begin,
					   xz_step,
					   xz_end,
					   4};
#define XZ_CODEC &xz_codec
#else
#define XZ_CODEC NULL
#endif

const struct pack_codec *pack_codec(enum name_pack pack)
{
	switch (pack) {
	case NAME_GZIP:
		return &gzip_codec;
	case NAME_ZSTD:
		return ZSTD_CODEC;
	case NAME_BZIP2:
		return BZIP2_CODEC;
	case NAME_XZ:
		return XZ_CODEC;
	default:
		return NULL;
	}
}
