/* SPDX-License-Identifier: MIT */
#include "fetch_wire.h"

#include <stdlib.h>

enum { TEXT_MAX = 200 };

void fetch_wire_show(struct df_buf *out, struct fetch_bytes text)
{
	char *copy = df_strndup((const char *)text.p, text.len < TEXT_MAX ? text.len : TEXT_MAX);
	df_utf8_sanitize(copy);
	df_printable(out, copy);
	free(copy);
}
