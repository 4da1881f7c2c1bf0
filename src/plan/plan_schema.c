/* SPDX-License-Identifier: MIT */
/* A point's JSON Schema (draft 7, the part that data plans use) becomes a tree. What is not known
 * is a remark: it is never passed over in silence. */
#include "plan_node.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

struct compiler {
	struct plan *plan;
	const char *place; /* of the current schema, as a JSON pointer */
	unsigned depth;
	bool identities; /* the names of the outermost properties are identities' */
	struct df_err *err;
};

static struct plan_node *node_compile(const struct compiler *above, struct json_object *schema,
				      const char *key);

static void literals_free(struct plan_literals *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].text);
	free(l->v);
}

void plan_node_free(struct plan_node *node)
{
	if (node == NULL)
		return;
	for (size_t i = 0; i < node->n_properties; i++) {
		free(node->properties[i].name);
		plan_node_free(node->properties[i].node);
	}
	literals_free(&node->constant);
	literals_free(&node->choice);
	free(node->properties);
	df_index_free(node->by_name);
	plan_node_free(node->additional);
	plan_node_free(node->items);
	pcre2_code_free(node->pattern);
	free(node->pattern_text);
	free(node);
}

static bool is_free(const struct plan_node *node, unsigned depth)
{
	if (node->n_required > 0 || node->closed || node->constant.set || node->choice.set ||
	    node->pattern != NULL || node->format != PLAN_FORMAT_NONE || node->minimum.set ||
	    node->maximum.set || node->above.set || node->below.set || node->has_min_length ||
	    node->has_max_length)
		return false;
	/* what is checked is an object, and the data of an event in it */
	if (node->types != 0 && (node->types != PLAN_OBJECT || depth > 1))
		return false;
	for (size_t i = 0; i < node->n_properties; i++)
		if (node->properties[i].node != NULL &&
		    !is_free(node->properties[i].node, depth + 1))
			return false;
	return (node->additional == NULL || is_free(node->additional, 2)) &&
	       (node->items == NULL || is_free(node->items, 2));
}

bool plan_node_is_free(const struct plan_node *node, bool event)
{
	return is_free(node, event ? 0 : 1);
}

static bool type_of_word(const char *word, unsigned *out)
{
	static const struct {
		const char *word;
		unsigned type;
	} words[] = {
	    {"string", PLAN_STRING},   {"number", PLAN_NUMBER}, {"integer", PLAN_INTEGER},
	    {"boolean", PLAN_BOOLEAN}, {"object", PLAN_OBJECT}, {"array", PLAN_ARRAY},
	    {"null", PLAN_NULL},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i].word, word) == 0) {
			*out |= words[i].type;
			return true;
		}
	return false;
}

static bool read_types(struct compiler *c, struct plan_node *node, struct json_object *value)
{
	bool list = json_object_is_type(value, json_type_array);
	size_t n = list ? json_object_array_length(value) : 1;
	for (size_t i = 0; i < n; i++) {
		struct json_object *one = list ? json_object_array_get_idx(value, i) : value;
		if (!json_object_is_type(one, json_type_string) ||
		    !type_of_word(json_object_get_string(one), &node->types))
			plan_remark(c->plan, c->place, "'type' has a word that is not a JSON type");
	}
	return true;
}

/* The property of that name; it is added where it is new. */
static struct plan_property *property(struct plan_node *node, const char *name)
{
	size_t len = strlen(name);
	if (node->by_name == NULL)
		node->by_name = df_index_new();
	size_t i = df_index_find(node->by_name, name, len);
	if (i != DF_INDEX_NONE)
		return &node->properties[i];

	if ((node->n_properties & (node->n_properties - 1)) == 0) /* a power of two: it is full */
		node->properties = df_realloc(
		    node->properties, (node->n_properties == 0 ? 1 : 2 * node->n_properties) *
					  sizeof(*node->properties));
	struct plan_property *p = &node->properties[node->n_properties];
	*p = (struct plan_property){.name = df_strdup(name), .len = len};
	df_index_add(node->by_name, p->name, len, node->n_properties++);
	return p;
}

/* Plans have other names for identities than batches. */
static const char *batch_name(const struct compiler *c, const char *name)
{
	static const char *const others[][2] = {
	    {"customerid", "customer_id"},
	    {"facebookcustomaudienceid", "facebook_custom_audience_id"},
	    {"ios_idfa", "ios_advertising_id"},
	    {"android_aaid", "android_advertising_id"},
	    {"android_id", "android_uuid"},
	    {"roku_aid", "roku_advertising_id"},
	    {"fire_aid", "fire_advertising_id"},
	    {"microsoft_aid", "microsoft_advertising_id"},
	    {"other2", "other_id_2"},
	    {"other3", "other_id_3"},
	    {"other4", "other_id_4"},
	    {"other5", "other_id_5"},
	    {"other6", "other_id_6"},
	    {"other7", "other_id_7"},
	    {"other8", "other_id_8"},
	    {"other9", "other_id_9"},
	    {"other10", "other_id_10"},
	    {"mobilenumber", "mobile_number"},
	    {"phonenumber2", "phone_number_2"},
	    {"phonenumber3", "phone_number_3"},
	};
	for (size_t i = 0; c->identities && i < sizeof(others) / sizeof(*others); i++)
		if (strcmp(others[i][0], name) == 0)
			return others[i][1];
	return name;
}

static bool read_properties(struct compiler *c, struct plan_node *node, struct json_object *value)
{
	if (!json_object_is_type(value, json_type_object)) {
		plan_remark(c->plan, c->place,
			    "'properties' is not an object, and is not enforced");
		return true;
	}
	json_object_object_foreach(value, key, schema)
	{
		struct plan_property *p = property(node, batch_name(c, key));
		size_t at = (size_t)(p - node->properties);
		struct plan_node *below = node_compile(c, schema, key);
		if (below == NULL)
			return false;
		p = &node->properties[at];
		plan_node_free(p->node);
		p->node = below;
	}
	return true;
}

static bool read_required(struct compiler *c, struct plan_node *node, struct json_object *value)
{
	if (!json_object_is_type(value, json_type_array)) {
		plan_remark(c->plan, c->place, "'required' is not a list, and is not enforced");
		return true;
	}
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		struct json_object *name = json_object_array_get_idx(value, i);
		if (!json_object_is_type(name, json_type_string))
			continue;
		struct plan_property *p =
		    property(node, batch_name(c, json_object_get_string(name)));
		node->n_required += !p->required;
		p->required = true;
	}
	return true;
}

static bool read_additional(struct compiler *c, struct plan_node *node, struct json_object *value)
{
	if (json_object_is_type(value, json_type_boolean)) {
		node->closed = !json_object_get_boolean(value);
		return true;
	}
	node->additional = node_compile(c, value, "additionalProperties");
	return node->additional != NULL;
}

static bool is_note(const char *key)
{
	static const char *const notes[] = {"description", "title",    "$schema", "$id",
					    "$comment",    "examples", "default"};
	for (size_t i = 0; i < sizeof(notes) / sizeof(*notes); i++)
		if (strcmp(notes[i], key) == 0)
			return true;
	return false;
}

static bool read_items(struct compiler *c, struct plan_node *node, struct json_object *value)
{
	if (json_object_is_type(value, json_type_array)) {
		plan_remark(c->plan, c->place, "'items' as a list of schemas is not enforced");
		return true;
	}
	node->items = node_compile(c, value, "items");
	return node->items != NULL;
}

static bool read_keyword(struct compiler *c, struct plan_node *node, const char *key,
			 struct json_object *value)
{
	if (strcmp(key, "type") == 0)
		return read_types(c, node, value);
	if (strcmp(key, "properties") == 0)
		return read_properties(c, node, value);
	if (strcmp(key, "required") == 0)
		return read_required(c, node, value);
	if (strcmp(key, "additionalProperties") == 0)
		return read_additional(c, node, value);
	if (strcmp(key, "items") == 0)
		return read_items(c, node, value);
	if (!plan_keyword_read(c->plan, c->place, node, key, value) &&
	    strncmp(key, "exclusive", 9) != 0 && !is_note(key))
		plan_remark(c->plan, c->place, "the keyword '%.60s' is not enforced", key);
	return true;
}

static struct plan_node *fail(const struct compiler *c, const char *why)
{
	(void)!df_fail(DF_USAGE, c->err, NULL, "%.200s: %s", c->place, why);
	return NULL;
}

static enum plan_quick quick_of(const struct plan_node *node)
{
	bool bounded = node->minimum.set || node->maximum.set || node->above.set ||
		       node->below.set || node->has_min_length || node->has_max_length ||
		       node->constant.set || node->choice.set;
	bool format = node->format != PLAN_FORMAT_NONE;
	if (bounded)
		return PLAN_QUICK_NONE;
	if (!format && node->pattern == NULL && node->types == PLAN_NUMBER)
		return PLAN_QUICK_NUMBER;
	if (!format && node->spells_number && node->types == PLAN_STRING)
		return PLAN_QUICK_NUMBER;
	if (!format && node->spells_truth && node->types == PLAN_STRING)
		return PLAN_QUICK_TRUTH;
	if (node->format == PLAN_FORMAT_DATE_TIME && node->pattern == NULL &&
	    node->types == PLAN_STRING)
		return PLAN_QUICK_TIME;
	return PLAN_QUICK_NONE;
}

static struct plan_node *node_compile(const struct compiler *above, struct json_object *schema,
				      const char *key)
{
	struct compiler c = *above;
	char *place =
	    key[0] != '\0' ? df_format("%s/%s", above->place, key) : df_strdup(above->place);
	struct plan_node *node = NULL;
	c.place = place;
	c.identities = above->identities && key[0] == '\0';
	if (++c.depth > PLAN_MAX_DEPTH) {
		fail(&c, "the schema is nested too deeply");
		goto cleanup;
	}
	if (++c.plan->n_nodes > PLAN_MAX_NODES) {
		fail(&c, "the plan has too many schemas");
		goto cleanup;
	}

	node = df_alloc(sizeof(*node));
	if (json_object_is_type(schema, json_type_boolean) && json_object_get_boolean(schema))
		goto cleanup;
	if (!json_object_is_type(schema, json_type_object)) {
		plan_remark(c.plan, place, "the schema is not an object, and is not enforced");
		goto cleanup;
	}
	json_object_object_foreach(schema, keyword, value)
	{
		if (!read_keyword(&c, node, keyword, value))
			goto broken;
	}
	plan_keyword_exclusive(c.plan, c.place, node, schema);
	node->quick = quick_of(node);
	node->memo = c.plan->n_memo;
	c.plan->n_memo += node->n_properties;
	goto cleanup;

broken:
	plan_node_free(node);
	node = NULL;
cleanup:
	free(place);
	return node;
}

struct plan_node *plan_node_compile(struct plan *plan, struct json_object *definition,
				    const char *place, bool identities, struct df_err *err)
{
	struct compiler c = {.plan = plan, .place = place, .identities = identities, .err = err};
	return node_compile(&c, definition, "");
}
