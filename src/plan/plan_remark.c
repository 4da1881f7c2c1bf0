/* SPDX-License-Identifier: MIT */
#include "plan_node.h"

#include <stdio.h>

void plan_remark(struct plan *plan, const char *place, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	if (plan->n_remarks == PLAN_MAX_REMARKS)
		return;
	if ((plan->n_remarks & (plan->n_remarks - 1)) == 0)
		plan->remarks =
		    df_realloc(plan->remarks, (plan->n_remarks == 0 ? 1 : 2 * plan->n_remarks) *
						  sizeof(*plan->remarks));
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	df_utf8_sanitize(text);
	plan->remarks[plan->n_remarks++] =
	    (struct plan_remark){.place = df_strdup(place), .text = df_strdup(text)};
}
