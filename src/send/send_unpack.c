/* SPDX-License-Identifier: MIT */
#include "send_unpack.h"

#include <string.h>
#include <strings.h>
#include <zlib.h>

#define CHUNK 16384u
#define ANY   (32 + MAX_WBITS) /* gzip or zlib, whatever its header says */

/* One member of gzip, or all of zlib's or raw data, to its end. */
static bool inflate_member(z_stream *z, struct df_buf *out, size_t max)
{
	char chunk[CHUNK];
	int rc = Z_OK;
	while (rc == Z_OK) {
		z->next_out = (Bytef *)chunk;
		z->avail_out = sizeof(chunk);
		rc = inflate(z, Z_NO_FLUSH);
		size_t n = sizeof(chunk) - z->avail_out, room = max - out->len;
		df_buf_add(out, chunk, n < room ? n : room);
		out->over = out->over || n > room;
		if (out->over)
			return true;
	}
	return rc == Z_STREAM_END;
}

static bool inflate_all(const struct df_buf *in, int bits, struct df_buf *out, size_t max)
{
	z_stream z = {.next_in = (Bytef *)in->data, .avail_in = (uInt)in->len};
	if (inflateInit2(&z, bits) != Z_OK)
		return false;
	bool whole = inflate_member(&z, out, max);
	while (whole && !out->over && bits == ANY && z.avail_in > 0 && z.next_in[0] == 0x1f)
		whole = inflateReset(&z) == Z_OK && inflate_member(&z, out, max);
	inflateEnd(&z);
	return whole;
}

bool send_unpack(struct df_buf *body, const char *coding, size_t max)
{
	bool deflated = strcasecmp(coding, "deflate") == 0;
	bool known =
	    deflated || strcasecmp(coding, "gzip") == 0 || strcasecmp(coding, "x-gzip") == 0;
	struct df_buf out = {0};
	bool whole = false;
	if (body->len == 0 || coding[0] == '\0' || strcasecmp(coding, "identity") == 0)
		return true;
	if (body->over) { /* what comes of it is longer yet */
		body->len = 0;
		return true;
	}

	if (known)
		whole = inflate_all(body, ANY, &out, max);
	if (deflated && !whole) { /* some leave zlib's header away */
		df_buf_reset(&out);
		whole = inflate_all(body, -MAX_WBITS, &out, max);
	}
	df_buf_reset(body);
	if (whole)
		df_buf_add(body, out.data, out.len);
	body->over = whole && out.over;
	df_buf_free(&out);
	return whole;
}
