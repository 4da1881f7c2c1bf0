/* SPDX-License-Identifier: MIT */
/*
 * fetch_wire.h - the data types of SSH (RFC 4251 §5), read from bytes of others
 *
 *	struct fetch_wire w = {p, len, false};
 *	uint32_t kind = fetch_wire_u32(&w);
 *	struct fetch_bytes id = fetch_wire_string(&w);
 *	if (w.bad)
 *		the bytes ended too early, and both values are empty or true
 *
 * Nothing is copied: strings are borrowed from the bytes. Once bad, every read gives zero.
 */
#ifndef DROPFEED_FETCH_WIRE_H
#define DROPFEED_FETCH_WIRE_H

#include "dropfeed/base.h"

struct fetch_bytes {
	const unsigned char *p;
	size_t len;
};

struct fetch_wire {
	const unsigned char *p;
	size_t left;
	bool bad;
};

/* The next `len` bytes. */
static inline struct fetch_bytes fetch_wire_bytes(struct fetch_wire *w, size_t len)
{
	struct fetch_bytes out = {w->p, len};
	if (w->bad || len > w->left) {
		w->bad = true;
		return (struct fetch_bytes){(const unsigned char *)"", 0};
	}
	w->p += len;
	w->left -= len;
	return out;
}

static inline uint64_t fetch_wire_number(struct fetch_wire *w, size_t size)
{
	uint64_t n = 0;
	struct fetch_bytes from = fetch_wire_bytes(w, size);
	for (size_t i = 0; i < from.len; i++)
		n = n << 8 | from.p[i];
	return n;
}

static inline unsigned char fetch_wire_byte(struct fetch_wire *w)
{
	return (unsigned char)fetch_wire_number(w, 1);
}

static inline uint32_t fetch_wire_u32(struct fetch_wire *w)
{
	return (uint32_t)fetch_wire_number(w, 4);
}

static inline uint64_t fetch_wire_u64(struct fetch_wire *w)
{
	return fetch_wire_number(w, 8);
}

static inline struct fetch_bytes fetch_wire_string(struct fetch_wire *w)
{
	return fetch_wire_bytes(w, fetch_wire_u32(w));
}

static inline bool fetch_bytes_equal(struct fetch_bytes a, const void *p, size_t len)
{
	return a.len == len && memcmp(a.p, p, len) == 0;
}

static inline bool fetch_bytes_are(struct fetch_bytes a, const char *text)
{
	return fetch_bytes_equal(a, text, strlen(text));
}

static inline void fetch_wire_put_u32(struct df_buf *out, uint32_t n)
{
	unsigned char be[4] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
			       (unsigned char)(n >> 8), (unsigned char)n};
	df_buf_add(out, be, sizeof(be));
}

static inline void fetch_wire_put_string(struct df_buf *out, const void *p, size_t len)
{
	fetch_wire_put_u32(out, (uint32_t)len);
	df_buf_add(out, p, len);
}

/* Text of others for a message: its first 200 bytes, as UTF-8 without control characters. */
#define FETCH_SHOWN_MAX 801 /* what that can take */
void fetch_wire_show(struct df_buf *out, struct fetch_bytes text);

#endif
