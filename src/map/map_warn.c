/* SPDX-License-Identifier: MIT */
#include "map_warn.h"

#include "map_state.h"

#include <stdarg.h>
#include <stdio.h>

void map_warn(struct map *m, const char *code, const char *fmt, ...)
{
	if (m->n_warnings == MAP_MAX_WARNINGS)
		return;
	struct map_warning *w = &m->warnings[m->n_warnings++];
	snprintf(w->code, sizeof(w->code), "%s", code);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(w->text, sizeof(w->text), fmt, ap);
	va_end(ap);
	df_utf8_sanitize(w->text);
}

size_t map_warnings(const struct map *m, const struct map_warning **out)
{
	*out = m->warnings;
	return m->n_warnings;
}
