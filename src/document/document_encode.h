/* SPDX-License-Identifier: MIT */
/* document_encode.h - UTF-8 back into the encoding that a feed's documents come in */
#ifndef DOCUMENT_ENCODE_H
#define DOCUMENT_ENCODE_H

#include "dropfeed/base.h"

#include <iconv.h>

struct document_encoder {
	iconv_t to; /* own */
	bool on;    /* else bytes stay as they are */
	char rest[8];
	size_t n_rest; /* the first bytes of a character that is not complete yet */
};

/* encoding: as the setting has it; NULL is UTF-8. */
enum df_status document_encode_open(struct document_encoder *e, const char *encoding,
				    struct df_err *err) DF_CHECK;
/* Appends the bytes in that encoding. What it lacks becomes '?'. */
void document_encode(struct document_encoder *e, const char *p, size_t len, struct df_buf *out);
void document_encode_close(struct document_encoder *e);

#endif
