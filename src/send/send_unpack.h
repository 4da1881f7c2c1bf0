/* SPDX-License-Identifier: MIT */
/* send_unpack.h - an answer that somebody on the way has packed, although nobody asked for that */
#ifndef SEND_UNPACK_H
#define SEND_UNPACK_H

#include "dropfeed/base.h"

/* Unpacks `body` in place. coding: of the header Content-Encoding, "" where there is none. What
 * comes of it is cut at `max` bytes, as `over` says then. False: it is packed in another way, or
 * was cut on its way; the body is empty then. Nothing, packed, is nothing. */
bool send_unpack(struct df_buf *body, const char *coding, size_t max) DF_CHECK;

#endif
