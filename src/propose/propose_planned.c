/* SPDX-License-Identifier: MIT */
/* A data plan's own names come first: a column that is called as a planned attribute is it. */
#include "propose_step.h"

#include <stdlib.h>

struct planned {
	struct propose *p;
	bool events; /* attributes of events, else of users */
};

static void take_columns(struct propose *p, const char *name, const char *path)
{
	char *normal = schema_normalize(name, strlen(name));
	for (size_t i = 0; i < p->n; i++) {
		struct propose_column *c = &p->columns[i];
		char *own =
		    c->what == PROPOSE_OPEN ? schema_normalize(c->name, strlen(c->name)) : NULL;
		if (own != NULL && strcmp(own, normal) == 0 && propose_take(p, c, path))
			propose_because(c, "the data plan has an attribute of this name");
		free(own);
	}
	free(normal);
}

/* An identity is looked for by the rules for identities. */
static bool is_identity_name(const char *name)
{
	const struct schema_field *ids =
	    schema_field_find(&schema_batch, "user_identities", strlen("user_identities"));
	char *normal = schema_normalize(name, strlen(name));
	bool is = false;
	for (size_t i = 0; i < ids->object->n && !is; i++) {
		const char *id = ids->object->fields[i].name;
		char *other = schema_normalize(id, strlen(id));
		is = strcmp(other, normal) == 0;
		free(other);
	}
	free(normal);
	return is;
}

static void on_name(void *ctx, const struct plan_name *name)
{
	const struct planned *planned = ctx;
	struct propose *p = planned->p;
	const char *prefix =
	    planned->events ? "events.data.custom_attributes." : "user_attributes.";
	bool commerce = strcmp(p->event->name, "commerce_event") == 0 &&
			strncmp(name->type, "pro", 3) == 0; /* product_..., promotion_... */
	bool mine = planned->events ? name->part == PLAN_EVENT_ATTRIBUTE &&
					  (commerce || strcmp(name->type, p->event->name) == 0)
				    : name->part == PLAN_USER_ATTRIBUTE;
	if (!mine || is_identity_name(name->name))
		return;
	char *path = df_format("%s%s", prefix, name->name);
	take_columns(p, name->name, path);
	free(path);
}

void propose_planned(struct propose *p)
{
	const struct conf_plan *plan = &p->feed->plan;
	if (plan->read == NULL || !p->has_header)
		return;
	propose_set(p, "plan", plan->path, "the data plan whose names are used");
	if (p->event->data != NULL)
		plan_names(plan->read, on_name, &(struct planned){.p = p, .events = true});
	plan_names(plan->read, on_name, &(struct planned){.p = p});
}
