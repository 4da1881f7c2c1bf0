/* SPDX-License-Identifier: MIT */
/* What a tree says of a column, before there is a value. */
#include "plan_checker.h"

enum plan_way plan_below(const struct plan_node *node, const char *name, size_t len,
			 const struct plan_node **out)
{
	const struct plan_node *next = NULL;
	if (name == NULL) {
		next = node->items;
	} else {
		size_t i = df_index_find(node->by_name, name, len);
		next = i != DF_INDEX_NONE ? node->properties[i].node : NULL;
		if (next == NULL && node->additional == NULL && node->closed)
			return PLAN_WAY_UNPLANNED;
		next = next != NULL ? next : node->additional;
	}
	*out = next;
	return next != NULL ? PLAN_WAY_HELD : PLAN_WAY_FREE;
}

const char *plan_required(const struct plan_node *node, size_t i)
{
	for (size_t k = 0; k < node->n_properties; k++)
		if (node->properties[k].required && i-- == 0)
			return node->properties[k].name;
	return NULL;
}

bool plan_takes_container(const struct plan_node *node, bool list)
{
	unsigned type = list ? PLAN_ARRAY : PLAN_OBJECT;
	return (node->types == 0 || (node->types & type) != 0) && !node->constant.set &&
	       !node->choice.set;
}

bool plan_takes_strings(const struct plan_node *node)
{
	return (node->types == 0 || (node->types & PLAN_STRING) != 0) && !node->constant.set &&
	       !node->choice.set && node->pattern == NULL && node->format == PLAN_FORMAT_NONE &&
	       !node->has_min_length && !node->has_max_length && !node->minimum.set &&
	       !node->maximum.set && !node->above.set && !node->below.set;
}

enum plan_quick plan_quick(const struct plan_checker *c, const struct plan_node *node)
{
	bool spelled = node->quick == PLAN_QUICK_NUMBER && (node->types & PLAN_NUMBER) != 0;
	return spelled && c->strict ? PLAN_QUICK_NONE : node->quick;
}
