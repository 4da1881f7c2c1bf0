/* SPDX-License-Identifier: MIT */
#include "map_nobody.h"

#include "map_placeholder.h"

void map_nobody_takes(void *ctx, const struct liquid_value *v)
{
	struct map_nobody *nobody = ctx;
	size_t kind;
	nobody->asked = true;
	if (liquid_is_empty(v) || (v->type == LIQUID_INT && v->p == NULL && v->i == 0))
		return;
	if (v->p == NULL || v->len == 0 || !map_placeholder(v->p, v->len, &kind))
		nobody->somebody = true;
	else if (nobody->placeholder.len == 0)
		nobody->placeholder = (struct rows_cell){v->p, v->len};
}

bool map_nobody_made(const struct map_nobody *nobody, struct rows_cell *made)
{
	size_t kind;
	if (!nobody->asked || nobody->somebody || made->len == 0 ||
	    map_placeholder(made->p, made->len, &kind))
		return false;
	bool empty = nobody->placeholder.len == 0;
	*made = empty ? (struct rows_cell){"", 0} : nobody->placeholder;
	return empty;
}
