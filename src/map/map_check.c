/* SPDX-License-Identifier: MIT */
/* What the columns leave open: the feed's defaults fill it, or the document is refused. */
#include "map_check.h"

#include "map_cell.h"
#include "map_json.h"
#include "map_state.h"
#include "map_tree.h"

#include <stdio.h>
#include <stdlib.h>

static struct map_node *find_leaf(const struct map_node *root, const struct schema_path *path)
{
	const struct map_node *node = root;
	struct map_node *child = NULL;
	for (size_t i = 0; i < path->n; i++) {
		child = map_node_child(node, path->steps[i].key);
		if (child == NULL)
			return NULL;
		node = child;
	}
	return child;
}

/* Gives the leaf a value for when its cell is empty, or for all rows when it has no column. */
static struct map_node *set_default(struct map *m, const char *name, const char *value)
{
	struct schema_path path;
	struct map_cell_fault fault;
	struct df_buf json = {0};
	if (schema_path_parse(m->event, name, strlen(name), &path, NULL) != SCHEMA_PATH_OK)
		return NULL;
	struct map_node *root = path.data ? m->data : m->batch, *leaf = find_leaf(root, &path);
	if (leaf == NULL)
		leaf = map_tree_add(root, &path);
	if (leaf == NULL || leaf->kind != MAP_NODE_LEAF || leaf->fallback != NULL)
		return NULL;
	const struct rows_cell cell = {value, strlen(value)};
	if (map_value_emit(m, path.type, path.field, &cell, &json, &fault))
		leaf->fallback = df_strndup(json.data, json.len);
	df_buf_free(&json);
	return leaf;
}

static void set_data_plan(struct map *m, const char *plan)
{
	const char *colon = strrchr(plan, ':');
	char *id = df_strndup(plan, colon != NULL ? (size_t)(colon - plan) : strlen(plan));
	struct map_node *id_leaf = set_default(m, "context.data_plan.plan_id", id);
	/* the default's version is not the version of a plan that the file names */
	if (id_leaf != NULL && colon != NULL) {
		struct map_node *version =
		    set_default(m, "context.data_plan.plan_version", colon + 1);
		if (version != NULL)
			version->unless = id_leaf->column;
	}
	free(id);
}

static void set_plan_read(struct map *m, const struct plan *plan)
{
	char *id = plan_version(plan) == 0 ? df_strdup(plan_id(plan))
					   : df_format("%s:%u", plan_id(plan), plan_version(plan));
	if (plan_id(plan)[0] != '\0')
		set_data_plan(m, id);
	free(id);
}

static void map_request_defaults(struct map *m)
{
	const struct conf_requests *c = &m->feed->requests;
	if (c->regulation != NULL)
		set_default(m, "request.regulation", c->regulation);
	if (c->group_id != NULL)
		set_default(m, "request.group_id", c->group_id);
	if (c->skip_waiting_period)
		set_default(m, "request.skip_waiting_period", "true");
}

void map_defaults(struct map *m)
{
	const struct conf_feed *feed = m->feed;
	if (schema_event_requests(m->event)) {
		map_request_defaults(m);
		return;
	}
	if (m->event->root != NULL)
		return; /* nothing of that has a place in it */
	set_default(m, "environment",
		    feed->map.environment != NULL ? feed->map.environment : "production");
	if (feed->map.data_plan != NULL)
		set_data_plan(m, feed->map.data_plan);
	else if (feed->plan.read != NULL)
		set_plan_read(m, feed->plan.read);
	if (strcmp(m->event->name, "custom_event") == 0) {
		if (feed->map.event_name != NULL)
			set_default(m, "events.data.event_name", feed->map.event_name);
		if (feed->map.event_type != NULL)
			set_default(m, "events.data.custom_event_type", feed->map.event_type);
	} else if (strcmp(m->event->name, "screen_view") == 0) {
		set_default(m, "events.data.screen_name",
			    feed->map.screen_name != NULL ? feed->map.screen_name : "");
	}
}

static void list_missing(const struct map_node *node, struct df_buf *out)
{
	if (node->kind == MAP_NODE_LEAF) /* the whole of it as JSON: each row's cell is checked */
		return;
	for (size_t i = 0; node->object != NULL && i < node->object->n; i++) {
		const struct schema_field *field = &node->object->fields[i];
		if ((field->flags & SCHEMA_REQUIRED) == 0 ||
		    map_node_child(node, field->name) != NULL)
			continue;
		df_buf_addf(out, "%s%s%s%s", out->len > 0 ? ", " : "", node->path,
			    node->path[0] != '\0' ? "." : "", field->name);
	}
	for (size_t i = 0; i < node->n_children; i++)
		list_missing(node->children[i], out);
}

/* A column that holds a whole object may bring the IDs among its fields. */
static bool has_id(const struct map_node *node)
{
	if (node->kind == MAP_NODE_LEAF)
		return (node->flags & SCHEMA_ID) != 0 ||
		       (node->type == SCHEMA_JSON && schema_field_holds_id(node->field));
	for (size_t i = 0; i < node->n_children; i++)
		if (has_id(node->children[i]))
			return true;
	return false;
}

static bool has_action(const struct map_node *data)
{
	return map_node_child(data, "product_action") != NULL ||
	       map_node_child(data, "promotion_action") != NULL ||
	       map_node_child(data, "product_impressions") != NULL;
}

/* Are the fields missing for which the feed has settings? */
static bool lacks_settable(const struct map *m)
{
	return strcmp(m->event->name, "custom_event") == 0 &&
	       (map_node_child(m->data, "event_name") == NULL ||
		map_node_child(m->data, "custom_event_type") == NULL);
}

enum df_status map_check(struct map *m, struct df_err *err)
{
	struct df_buf missing = {.max = 4096};
	enum df_status st = DF_OK;
	list_missing(m->batch, &missing);
	if (m->data != NULL)
		list_missing(m->data, &missing);
	if (missing.len > 0 && schema_event_requests(m->event))
		st = df_fail(DF_REJECT, err, "missing-column",
			     "nothing says under which law the requests are made: add a column "
			     "request.regulation (gdpr or ccpa), or set the feed's regulation");
	else if (missing.len > 0)
		st = df_fail(
		    DF_REJECT, err, "missing-column",
		    "no column, yet required in %s documents with these columns: %s; add them%s",
		    m->event->name, df_buf_cstr(&missing),
		    lacks_settable(m) ? " or set the feed's event_name and event_type" : "");
	else if (strcmp(m->event->name, "commerce_event") == 0 && !has_action(m->data))
		st = df_fail(
		    DF_REJECT, err, "missing-column",
		    "a commerce_event document needs columns of events.data.product_action, "
		    "events.data.promotion_action or events.data.product_impressions, such as "
		    "events.data.product_action.action");
	else if (!has_id(m->batch))
		st = df_fail(
		    DF_REJECT, err, "no-identity-column",
		    "no column identifies the user; add mpid, one of user_identities.* such as "
		    "user_identities.customer_id, or a device's ID such as "
		    "device_info.android_uuid");
	df_buf_free(&missing);
	return st;
}
