/* SPDX-License-Identifier: MIT */
/* A plan's document: which points there are, what its settings say. */
#include "plan_node.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#define JSON_DEPTH 128

/* Points whose events have to meet criteria. */
static const struct kind {
	const char *type, *first, *second;
} kinds[] = {
    {"custom_event", "event_name", "custom_event_type"},
    {"screen_view", "screen_name", NULL},
    {"product_action", "action", NULL},
    {"promotion_action", "action", NULL},
    {"application_state_transition", "application_transition_type", NULL},
    {"product_impression", NULL, NULL},
    {"user_attributes", NULL, NULL},
    {"user_identities", NULL, NULL},
};

static struct json_object *member_of_type(struct json_object *object, const char *key,
					  enum json_type type)
{
	struct json_object *value = NULL;
	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

static const char *member_string(struct json_object *object, const char *key)
{
	struct json_object *value = member_of_type(object, key, json_type_string);
	return value != NULL ? json_object_get_string(value) : NULL;
}

/* Other events are matched by their type alone. False: there is no such type. */
static bool match_kind(const char *type, struct kind *out)
{
	const struct schema_event *event;
	for (size_t i = 0; type != NULL && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].type, type) == 0) {
			*out = kinds[i];
			return true;
		}
	event = type != NULL ? schema_event_find(type, strlen(type)) : NULL;
	if (event == NULL || event->data == NULL)
		return false;
	*out = (struct kind){.type = event->name};
	return true;
}

/* What its events are looked up by, and what it is called. False: a criterion is missing. */
static bool read_match(const struct kind *kind, struct json_object *match, struct plan_point *out)
{
	struct json_object *criteria = member_of_type(match, "criteria", json_type_object);
	const char *first = kind->first != NULL ? member_string(criteria, kind->first) : NULL;
	const char *second = kind->second != NULL ? member_string(criteria, kind->second) : NULL;
	struct df_buf *key = &out->key;
	if ((kind->first != NULL && first == NULL) || (kind->second != NULL && second == NULL))
		return false;
	plan_key(key, kind->type, first, first != NULL ? strlen(first) : 0, second,
		 second != NULL ? strlen(second) : 0);
	out->type = kind->type;
	out->first = df_strdup(first);
	out->second = df_strdup(second);
	if (second != NULL)
		out->name = df_format("%s '%s' (%s)", kind->type, first, second);
	else if (first != NULL)
		out->name = df_format("%s '%s'", kind->type, first);
	else
		out->name = df_strdup(kind->type);
	return true;
}

/* Keeps the point, or drops one that another has the match of. */
static void add_point(struct plan *plan, struct plan_point *p, const char *place)
{
	if (!df_index_add(plan->by_key, p->key.data, p->key.len, plan->n_points)) {
		plan_remark(plan, place,
			    "another point matches the same (%s), and takes precedence", p->name);
		plan_point_free(p);
		return;
	}
	plan->points[plan->n_points++] = *p;
}

static enum df_status read_point(struct plan *plan, struct json_object *json, const char *place,
				 struct df_err *err)
{
	struct plan_point point = {0};
	struct kind kind;
	struct json_object *match = member_of_type(json, "match", json_type_object);
	struct json_object *validator = member_of_type(json, "validator", json_type_object);
	struct json_object *definition = member_of_type(validator, "definition", json_type_object);
	const char *type = member_string(match, "type"), *how = member_string(validator, "type");
	if (!match_kind(type, &kind)) {
		plan_remark(plan, place, "the match's type '%.60s' is not known: no event has it",
			    type != NULL ? type : "");
		return DF_OK;
	}
	if (!read_match(&kind, match, &point)) {
		plan_remark(plan, place, "the match of a %s lacks its criteria: no event has it",
			    kind.type);
		return DF_OK;
	}

	if (definition == NULL || (how != NULL && strcmp(how, "json_schema") != 0)) {
		plan_remark(plan, place, "the validator is not a JSON Schema: anything is allowed");
		point.root = df_alloc(sizeof(*point.root));
	} else {
		char *where = df_format("%s/validator/definition", place);
		point.root = plan_node_compile(plan, definition, where,
					       strcmp(kind.type, "user_identities") == 0, err);
		free(where);
	}
	if (point.root == NULL) {
		plan_point_free(&point);
		return DF_USAGE;
	}
	point.free = plan_node_is_free(point.root, strncmp(kind.type, "user_", 5) != 0);
	add_point(plan, &point, place);
	return DF_OK;
}

static const struct plan_point *point_of_type(const struct plan *plan, const char *type)
{
	for (size_t i = 0; i < plan->n_points; i++)
		if (strcmp(plan->points[i].type, type) == 0)
			return &plan->points[i];
	return NULL;
}

static enum df_status read_points(struct plan *plan, struct json_object *points, struct df_err *err)
{
	size_t n = json_object_array_length(points);
	if (n > PLAN_MAX_POINTS)
		return df_fail(DF_USAGE, err, NULL, "the plan has %zu points; %u at most are taken",
			       n, PLAN_MAX_POINTS);

	plan->points = df_alloc((n + 1) * sizeof(*plan->points));
	for (size_t i = 0; i < n; i++) {
		char place[64];
		snprintf(place, sizeof(place), "#/version_document/data_points/%zu", i);
		enum df_status st =
		    read_point(plan, json_object_array_get_idx(points, i), place, err);
		if (st != DF_OK)
			return st;
	}
	plan->attributes = point_of_type(plan, "user_attributes");
	plan->identities = point_of_type(plan, "user_identities");
	if (plan->attributes == NULL)
		plan_remark(plan, "#/version_document/data_points",
			    "no point is about user_attributes: any user attribute is allowed");
	if (plan->identities == NULL)
		plan_remark(plan, "#/version_document/data_points",
			    "no point is about user_identities: any identity is allowed");
	return DF_OK;
}

static void read_settings(struct plan *plan, struct json_object *document)
{
	static const char *const keys[PLAN_FIELD] = {"event", "event_attribute", "user_attribute",
						     "user_identity"};
	struct json_object *actions =
	    member_of_type(member_of_type(document, "settings", json_type_object),
			   "validation_actions", json_type_object);
	for (size_t i = 0; i < PLAN_FIELD; i++) {
		const char *action = member_string(actions, keys[i]);
		plan->allows[i] = action != NULL && strcmp(action, "allow") == 0;
	}
}

static bool has_things(struct json_object *object, const char *key)
{
	struct json_object *list = member_of_type(object, key, json_type_array);
	struct json_object *map = member_of_type(object, key, json_type_object);
	return (list != NULL && json_object_array_length(list) > 0) ||
	       (map != NULL && json_object_object_length(map) > 0);
}

static enum df_status read_version(struct plan *plan, struct json_object *version,
				   struct df_err *err)
{
	struct json_object *document =
	    member_of_type(version, "version_document", json_type_object);
	struct json_object *points = member_of_type(document, "data_points", json_type_array);
	struct json_object *number = member_of_type(version, "version", json_type_int);
	const char *id = member_string(version, "data_plan_id");
	if (points == NULL)
		return df_fail(DF_USAGE, err, NULL,
			       "no version_document with data_points in it: this is not a version "
			       "of a data plan");

	plan->id = df_strdup(id != NULL ? id : "");
	if (number != NULL && json_object_get_int64(number) > 0 &&
	    json_object_get_int64(number) <= UINT32_MAX)
		plan->version = (uint32_t)json_object_get_int64(number);
	read_settings(plan, document);
	if (has_things(document, "transformations"))
		plan_remark(plan, "#/version_document/transformations",
			    "the platform changes data by these before it checks; they are not "
			    "carried out here");
	return read_points(plan, points, err);
}

/* What the file holds: a whole plan's versions, a list of them, or one version itself. */
struct versions {
	struct json_object *root, *list; /* list NULL: root is the only one */
	size_t n;
};

static struct versions versions_in(struct json_object *root)
{
	struct versions v = {root, member_of_type(root, "data_plan_versions", json_type_array), 1};
	if (v.list == NULL && json_object_is_type(root, json_type_array))
		v.list = root;
	if (v.list != NULL)
		v.n = json_object_array_length(v.list);
	return v;
}

/* NULL: it has no number. */
static struct json_object *version_number(const struct versions *v, size_t i,
					  struct json_object **one)
{
	*one = v->list != NULL ? json_object_array_get_idx(v->list, i) : v->root;
	return member_of_type(*one, "version", json_type_int);
}

static enum df_status no_version(const struct versions *v, uint32_t version, struct df_err *err)
{
	struct json_object *one;
	struct df_buf there = {.max = 512};
	for (size_t i = 0; i < v->n; i++) {
		struct json_object *number = version_number(v, i, &one);
		if (number != NULL)
			df_buf_addf(&there, "%s%lld", there.len > 0 ? ", " : "",
				    (long long)json_object_get_int64(number));
	}
	if (there.len == 0)
		df_fail(DF_USAGE, err, NULL,
			"there is no version of a data plan in the file that has a number");
	else if (version == 0)
		df_fail(DF_USAGE, err, NULL,
			"a whole plan with %zu versions: set plan_version to one of them (%s)",
			v->n, df_buf_cstr(&there));
	else
		df_fail(DF_USAGE, err, NULL, "version %u is not in the file; there is %s", version,
			df_buf_cstr(&there));
	df_buf_free(&there);
	return DF_USAGE;
}

/* The version that is asked for; 0: the only one. */
static enum df_status choose_version(struct json_object *root, uint32_t version,
				     struct json_object **out, struct df_err *err)
{
	const struct versions v = versions_in(root);
	for (size_t i = 0; i < v.n; i++) {
		struct json_object *number = version_number(&v, i, out);
		if ((version == 0 && v.n == 1) ||
		    (version != 0 && number != NULL && json_object_get_int64(number) == version))
			return DF_OK;
	}
	return no_version(&v, version, err);
}

static enum df_status bad_json(const char *text, size_t at, const char *why, struct df_err *err)
{
	uint64_t line = 1;
	size_t column = 1;
	for (size_t i = 0; i < at; i++) {
		column = text[i] == '\n' ? 1 : column + (((unsigned char)text[i] & 0xc0) != 0x80);
		line += text[i] == '\n';
	}
	df_err_place(err, NULL, line, NULL);
	return df_fail(DF_USAGE, err, NULL, "line %llu, column %zu: not JSON: %s",
		       (unsigned long long)line, column, why);
}

/* Those in strings are counted as well: a bound need not be exact. */
static size_t objects_in(const char *text, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += text[i] == '{' || text[i] == '[';
	return n;
}

static enum df_status parse_json(const char *text, size_t len, struct json_object **out,
				 struct df_err *err)
{
	size_t bom = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	if (len > PLAN_MAX_BYTES)
		return df_fail(DF_USAGE, err, NULL, "more than %u MiB: this is not a data plan",
			       PLAN_MAX_BYTES >> 20);
	if (objects_in(text, len) > PLAN_MAX_OBJECTS)
		return df_fail(DF_USAGE, err, NULL, "more than %u objects: this is not a data plan",
			       PLAN_MAX_OBJECTS);

	struct json_tokener *tok = json_tokener_new_ex(JSON_DEPTH);
	json_tokener_set_flags(tok, JSON_TOKENER_VALIDATE_UTF8);
	struct json_object *root = json_tokener_parse_ex(tok, text + bom, (int)(len - bom));
	enum json_tokener_error e = json_tokener_get_error(tok);
	size_t end = bom + json_tokener_get_parse_end(tok);
	json_tokener_free(tok);
	while (e == json_tokener_success && end < len && strchr(" \t\r\n", text[end]) != NULL &&
	       text[end] != '\0')
		end++;
	if (e == json_tokener_success && end == len) {
		*out = root;
		return DF_OK;
	}
	json_object_put(root);
	return bad_json(text, end < len ? end : len,
			e == json_tokener_continue  ? "it ends too early"
			: e == json_tokener_success ? "something follows its end"
						    : json_tokener_error_desc(e),
			err);
}

static enum df_status read_text(struct plan *plan, const char *text, size_t len, uint32_t version,
				struct df_err *err)
{
	struct json_object *root = NULL, *chosen = NULL;
	enum df_status st = parse_json(text, len, &root, err);
	if (st != DF_OK)
		return st;
	st = choose_version(root, version, &chosen, err);
	if (st != DF_OK)
		goto cleanup;
	st = read_version(plan, chosen, err);
cleanup:
	json_object_put(root);
	return st;
}

enum df_status plan_read(const char *text, size_t len, uint32_t version, struct plan **out,
			 struct df_err *err)
{
	struct plan *plan = df_alloc(sizeof(*plan));
	plan->owners = 1;
	plan->by_key = df_index_new();
	enum df_status st = read_text(plan, text, len, version, err);
	if (st != DF_OK) {
		plan_free(plan);
		return st;
	}
	*out = plan;
	return DF_OK;
}
