/* SPDX-License-Identifier: MIT */
/*
 * Documents are converted to UTF-8 while they are unpacked. A reject file is dropped into the same
 * feed again, and edited by people whose programs write that encoding: so it is written in it. Rows
 * came from it; only a reason may have letters that it lacks.
 */
#include "document_encode.h"

#include <errno.h>
#include <strings.h>

enum df_status document_encode_open(struct document_encoder *e, const char *encoding,
				    struct df_err *err)
{
	*e = (struct document_encoder){0};
	if (encoding == NULL || strcasecmp(encoding, "utf-8") == 0 ||
	    strcasecmp(encoding, "utf8") == 0)
		return DF_OK;
	e->to = iconv_open(encoding, "UTF-8");
	/* NOLINT(performance-no-int-to-ptr): iconv's own word for failure */
	if (e->to == (iconv_t)-1)
		return df_fail(DF_RETRY, err, NULL, "cannot write the encoding %s: %s", encoding,
			       strerror(errno));
	e->on = true;
	return DF_OK;
}

void document_encode_close(struct document_encoder *e)
{
	if (e->on)
		iconv_close(e->to);
	e->on = false;
}

/* Converts as much as there is room for. */
static int encode_some(struct document_encoder *e, char **in, size_t *left, struct df_buf *out)
{
	char room[4096], *to = room;
	size_t free = sizeof(room);
	errno = 0;
	(void)iconv(e->to, in, left, &to, &free);
	int why = errno;
	df_buf_add(out, room, sizeof(room) - free);
	return why;
}

static void encode_all(struct document_encoder *e, char *in, size_t left, struct df_buf *out)
{
	while (left > 0) {
		int why = encode_some(e, &in, &left, out);
		if (left == 0 || why == EINVAL) /* a character goes on in the next piece */
			break;
		if (why != EILSEQ)
			continue;
		char mark[] = "?", *p = mark;
		size_t one = 1;
		(void)encode_some(e, &p, &one, out);
		do { /* past the character */
			in++;
			left--;
		} while (left > 0 && ((unsigned char)*in & 0xc0) == 0x80);
	}
	e->n_rest = left < sizeof(e->rest) ? left : 0;
	memcpy(e->rest, in, e->n_rest);
}

void document_encode(struct document_encoder *e, const char *p, size_t len, struct df_buf *out)
{
	if (!e->on) {
		df_buf_add(out, p, len);
		return;
	}
	struct df_buf joined = {0};
	df_buf_add(&joined, e->rest, e->n_rest);
	df_buf_add(&joined, p, len);
	if (joined.len > 0)
		encode_all(e, joined.data, joined.len, out);
	df_buf_free(&joined);
}
