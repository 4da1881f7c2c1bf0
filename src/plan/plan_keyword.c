/* SPDX-License-Identifier: MIT */
/* The keywords of a schema that hold a value: constants, patterns, formats, bounds. What cannot be
 * enforced is a remark. */
#include "plan_node.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

struct keyword {
	struct plan *plan;
	const char *place; /* of the schema, as a JSON pointer */
};

static void read_literal(const struct keyword *k, struct plan_literals *out,
			 struct json_object *value)
{
	struct plan_literal *l = &out->v[out->n];
	switch (json_object_get_type(value)) {
	case json_type_string:
		l->type = PLAN_STRING;
		break;
	case json_type_int:
	case json_type_double:
		l->type = PLAN_NUMBER;
		break;
	case json_type_boolean:
		l->type = PLAN_BOOLEAN;
		break;
	case json_type_null:
	case json_type_object:
	case json_type_array:
		plan_remark(k->plan, k->place,
			    "a value of 'const' or 'enum' that is null, an object or a list is "
			    "never met");
		return;
	}

	const char *text = json_object_get_string(value);
	l->len = l->type == PLAN_STRING ? (size_t)json_object_get_string_len(value) : strlen(text);
	l->text = df_strndup(text, l->len);
	out->n++;
}

static void read_literals(const struct keyword *k, struct plan_literals *out,
			  struct json_object *value, bool list)
{
	size_t n = list ? json_object_array_length(value) : 1;
	out->v = df_alloc((n + 1) * sizeof(*out->v));
	out->set = true;
	for (size_t i = 0; i < n; i++)
		read_literal(k, out, list ? json_object_array_get_idx(value, i) : value);
}

static void read_pattern(const struct keyword *k, struct plan_node *node, struct json_object *value)
{
	/* What JSON Schema means by a pattern is a regular expression of ECMA 262. */
	const uint32_t options = PCRE2_UTF | PCRE2_ALT_BSUX | PCRE2_MATCH_UNSET_BACKREF |
				 PCRE2_DOLLAR_ENDONLY | PCRE2_ALLOW_EMPTY_CLASS |
				 PCRE2_NEVER_BACKSLASH_C;
	const char *text = json_object_get_string(value);
	int code = 0;
	PCRE2_SIZE at = 0;
	if (text == NULL || !json_object_is_type(value, json_type_string) ||
	    strlen(text) > PLAN_MAX_PATTERN) {
		plan_remark(k->plan, k->place,
			    "'pattern' is not a string of at most %u bytes, and is "
			    "not enforced",
			    PLAN_MAX_PATTERN);
		return;
	}

	node->pattern = pcre2_compile((PCRE2_SPTR)text, strlen(text), options, &code, &at, NULL);
	if (node->pattern == NULL) {
		PCRE2_UCHAR why[128] = "";
		pcre2_get_error_message(code, why, sizeof(why));
		plan_remark(
		    k->plan, k->place,
		    "'pattern' is not understood at character %zu (%s), and is not enforced",
		    (size_t)at + 1, (const char *)why);
		return;
	}
	node->pattern_text = df_strdup(text);
	node->spells_truth = strcmp(text, "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$") == 0;
	/* what is_number reads */
	node->spells_number = strcmp(text, "^-?\\d+(\\.\\d+)?([eE][+\\-]?\\d+)?$") == 0;
}

static void read_bound(const struct keyword *k, struct plan_bound *out, const char *key,
		       struct json_object *value)
{
	const char *text = json_object_get_string(value);
	if (!json_object_is_type(value, json_type_int) &&
	    !json_object_is_type(value, json_type_double)) {
		plan_remark(k->plan, k->place, "'%s' is not a number, and is not enforced", key);
		return;
	}
	out->set = true;
	out->value = strtold(text, NULL);
	snprintf(out->text, sizeof(out->text), "%s", text);
}

static void read_length(const struct keyword *k, const char *key, struct json_object *value,
			bool *has, uint64_t *out)
{
	if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0) {
		plan_remark(k->plan, k->place, "'%s' is not a whole number, and is not enforced",
			    key);
		return;
	}
	*has = true;
	*out = (uint64_t)json_object_get_int64(value);
}

static void read_format(const struct keyword *k, struct plan_node *node, struct json_object *value)
{
	const char *name = json_object_get_string(value);
	if (!json_object_is_type(value, json_type_string) || !plan_format_find(name, &node->format))
		plan_remark(k->plan, k->place, "the format '%.60s' is not known, and not enforced",
			    name != NULL ? name : "");
}

/* Draft 4 has booleans in place of the bounds. */
static void read_exclusive(const struct keyword *k, struct plan_bound *inclusive,
			   struct plan_bound *out, const char *key, struct json_object *value)
{
	if (!json_object_is_type(value, json_type_boolean)) {
		read_bound(k, out, key, value);
	} else if (json_object_get_boolean(value) && inclusive->set) {
		*out = *inclusive;
		inclusive->set = false;
	}
}

/* minimum, maximum and the lengths. Draft 4 has the exclusive ones replace the others. */
static bool read_bound_keyword(const struct keyword *k, struct plan_node *node, const char *key,
			       struct json_object *value)
{
	if (strcmp(key, "minimum") == 0) {
		if (!node->above.set)
			read_bound(k, &node->minimum, key, value);
	} else if (strcmp(key, "maximum") == 0) {
		if (!node->below.set)
			read_bound(k, &node->maximum, key, value);
	} else if (strcmp(key, "minLength") == 0) {
		read_length(k, key, value, &node->has_min_length, &node->min_length);
	} else if (strcmp(key, "maxLength") == 0) {
		read_length(k, key, value, &node->has_max_length, &node->max_length);
	} else {
		return false;
	}
	return true;
}

bool plan_keyword_read(struct plan *plan, const char *place, struct plan_node *node,
		       const char *key, struct json_object *value)
{
	const struct keyword k = {plan, place};
	if (strcmp(key, "const") == 0)
		read_literals(&k, &node->constant, value, false);
	else if (strcmp(key, "enum") == 0 && json_object_is_type(value, json_type_array))
		read_literals(&k, &node->choice, value, true);
	else if (strcmp(key, "pattern") == 0)
		read_pattern(&k, node, value);
	else if (strcmp(key, "format") == 0)
		read_format(&k, node, value);
	else
		return read_bound_keyword(&k, node, key, value);
	return true;
}

void plan_keyword_exclusive(struct plan *plan, const char *place, struct plan_node *node,
			    struct json_object *schema)
{
	const struct keyword k = {plan, place};
	struct json_object *value = NULL;
	if (json_object_object_get_ex(schema, "exclusiveMinimum", &value))
		read_exclusive(&k, &node->minimum, &node->above, "exclusiveMinimum", value);
	if (json_object_object_get_ex(schema, "exclusiveMaximum", &value))
		read_exclusive(&k, &node->maximum, &node->below, "exclusiveMaximum", value);
}
