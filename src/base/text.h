/* SPDX-License-Identifier: MIT */
/* text.h - most text is copied into JSON as it is: that is seen while it is copied, many bytes
 * at a time */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "dropfeed/base.h"

/* Copies the bytes, which must not overlap. False: one of them has to be escaped in JSON. */
bool text_copy_plain(char *to, const char *from, size_t len);
/* The same in words of eight bytes: what machines without SSE2 run. */
bool text_copy_plain_portable(char *to, const char *from, size_t len);

#endif
