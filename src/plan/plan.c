/* SPDX-License-Identifier: MIT */
/* A plan as others ask for it, and the end of it. */
#include "plan_node.h"

#include <stdlib.h>

void plan_key(struct df_buf *out, const char *type, const char *first, size_t first_len,
	      const char *second, size_t second_len)
{
	df_buf_reset(out);
	df_buf_adds(out, type);
	if (first != NULL) {
		df_buf_addc(out, '\0'); /* is in no name */
		df_buf_add(out, first, first_len);
	}
	if (second != NULL) {
		df_buf_addc(out, '\0');
		df_buf_add(out, second, second_len);
	}
}

void plan_point_free(struct plan_point *p)
{
	df_buf_free(&p->key);
	free(p->first);
	free(p->second);
	free(p->name);
	plan_node_free(p->root);
}

void plan_free(struct plan *plan)
{
	if (plan == NULL || atomic_fetch_sub(&plan->owners, 1) > 1)
		return;
	for (size_t i = 0; i < plan->n_points; i++)
		plan_point_free(&plan->points[i]);
	for (size_t i = 0; i < plan->n_remarks; i++) {
		free(plan->remarks[i].place);
		free(plan->remarks[i].text);
	}
	free(plan->points);
	free(plan->remarks);
	df_index_free(plan->by_key);
	free(plan->id);
	free(plan);
}

struct plan *plan_share(struct plan *plan)
{
	if (plan != NULL)
		atomic_fetch_add(&plan->owners, 1);
	return plan;
}

const char *plan_id(const struct plan *plan)
{
	return plan->id;
}

uint32_t plan_version(const struct plan *plan)
{
	return plan->version;
}

size_t plan_points(const struct plan *plan)
{
	return plan->n_points;
}

const char *plan_point_name(const struct plan *plan, size_t i)
{
	return plan->points[i].name;
}

size_t plan_remarks(const struct plan *plan, const struct plan_remark **out)
{
	*out = plan->remarks;
	return plan->n_remarks;
}

bool plan_blocks(const struct plan *plan, enum plan_part part)
{
	return part < PLAN_FIELD && !plan->allows[part];
}

const struct plan_node *plan_attributes(const struct plan *plan)
{
	return plan->attributes != NULL ? plan->attributes->root : NULL;
}

const struct plan_node *plan_identities(const struct plan *plan)
{
	return plan->identities != NULL ? plan->identities->root : NULL;
}

/* ---- names, for those who choose them ---- */

static const struct plan_node *below(const struct plan_node *node, const char *key)
{
	size_t i = node != NULL ? df_index_find(node->by_name, key, strlen(key)) : DF_INDEX_NONE;
	return i != DF_INDEX_NONE ? node->properties[i].node : NULL;
}

const struct plan_node *plan_point_data(const struct plan *plan, size_t point)
{
	return below(plan->points[point].root, "data");
}

void plan_names(const struct plan *plan, void (*each)(void *ctx, const struct plan_name *name),
		void *ctx)
{
	for (size_t i = 0; i < plan->n_points; i++) {
		const struct plan_point *p = &plan->points[i];
		struct plan_name name = {.point = p->name,
					 .type = p->type,
					 .criterion = p->second != NULL ? p->second : ""};
		const struct plan_node *object = p->root;
		name.part = p == plan->attributes   ? PLAN_USER_ATTRIBUTE
			    : p == plan->identities ? PLAN_USER_IDENTITY
						    : PLAN_EVENT_ATTRIBUTE;
		if (name.part == PLAN_EVENT_ATTRIBUTE) {
			struct plan_name event = name;
			event.part = PLAN_EVENT;
			event.name = p->first != NULL ? p->first : "";
			each(ctx, &event);
			object = below(below(p->root, "data"), "custom_attributes");
		}
		for (size_t k = 0; object != NULL && k < object->n_properties; k++) {
			name.name = object->properties[k].name;
			each(ctx, &name);
		}
	}
}
