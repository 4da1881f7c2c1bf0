/* SPDX-License-Identifier: MIT */
/* plan_checker.h - a value is held against what a plan was compiled to */
#ifndef DROPFEED_PLAN_CHECKER_H
#define DROPFEED_PLAN_CHECKER_H

#include "plan_node.h"

#include "dropfeed/json.h"

struct plan_step {       /* to the current value */
	const char *key; /* as written in the JSON; NULL: an item */
	size_t len;
	size_t index;
};

struct plan_checker {
	const struct plan *plan;
	bool strict;
	uint32_t *memo; /* own: per property, the one that a member at that place was last */
	struct plan_step steps[PLAN_MAX_DEPTH];
	size_t depth;
	struct plan_finding *findings; /* own */
	size_t n, cap, n_invalid;
	const char *point;
	const char *base; /* the text that positions count from */
	const char *end;  /* of the text that is checked */
	bool in_batch;
	bool attributes;    /* the members are user attributes */
	bool identities;    /* likewise */
	struct df_buf text; /* the object that is checked, where it is put together */
	/* of the identities: where those of the user are in the batch, up to where in the text, and
	 * the object that has the others */
	const char *ids;
	size_t ids_end;
	struct json_text device;
	struct df_buf string; /* a string without its escapes */
	struct df_buf key;    /* a member's name without its escapes */
	uint32_t recent[256]; /* points that were asked for lately, from 1; see plan_event_point */
	struct df_buf wanted; /* the key of the point that is looked for */
	pcre2_match_data *match;     /* own */
	pcre2_match_context *limits; /* own */
};

/* ---- plan_finding.c ---- */
/* An empty one. NULL: there are too many. */
struct plan_finding *plan_finding_new(struct plan_checker *c, bool unplanned);
/* Adds one, of the current value, or of what `last` (or NULL) is below it. NULL: likewise. */
struct plan_finding *plan_finding_add(struct plan_checker *c, bool unplanned, const char *last,
				      size_t len);
void plan_finding_invalid(struct plan_checker *c, const char *fmt, ...) DF_PRINTF(2, 3);

/* ---- plan_scalar.c ---- */

struct plan_scalar {         /* a value without members; of another one the type alone */
	enum plan_type type; /* of the JSON */
	const char *p;       /* a string's characters, else how it is written */
	size_t len;
	bool number; /* it is one, or a string that spells one */
	bool truth;  /* it is true or false, or a string that spells it */
};
/* As the platform spells a number in a string: digits, perhaps a fraction and an exponent. */
bool plan_scalar_is_number(const char *p, size_t len);
void plan_scalar_check(struct plan_checker *c, const struct plan_node *node,
		       const struct plan_scalar *v);
/* Against `const` and `enum`. */
void plan_scalar_choices(struct plan_checker *c, const struct plan_node *node,
			 const struct plan_scalar *v);
void plan_scalar_wrong_type(struct plan_checker *c, const struct plan_node *node);

/* ---- plan_value.c ---- */
/* Checks the JSON value that begins at p and returns its end; c->end is set. */
const char *plan_value_check(struct plan_checker *c, const struct plan_node *node, const char *p);

#endif
