/* SPDX-License-Identifier: MIT */
/*
 * plan_node.h - what a data plan is compiled to
 *
 *	plan_read.c	reading the document: points, settings, remarks
 *	plan.c		what others ask a plan for
 *	plan_schema.c	a point's JSON Schema becomes a tree
 *	plan_keyword.c	the keywords of it that hold a value
 *	plan_remark.c	what of a plan cannot be enforced
 *	plan_column.c	what a tree says of a column
 *	plan_value.c	a JSON value against a tree; plan_scalar.c: one without members
 *	plan_finding.c	what is wrong with it
 *	plan_format.c	the formats of strings
 *	plan_check.c	a row: which point it has, and what its parts are held against
 */
#ifndef DROPFEED_PLAN_NODE_H
#define DROPFEED_PLAN_NODE_H

#include "dropfeed/index.h"
#include "dropfeed/plan.h"
#include "dropfeed/schema.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define PLAN_MAX_POINTS  10000u
#define PLAN_MAX_NODES   120000u
#define PLAN_MAX_OBJECTS 250000u /* of the JSON: json-c takes a kilobyte for each */
#define PLAN_MAX_DEPTH   24      /* of schemas; the vendor's batches have less than ten */
#define PLAN_MAX_REMARKS 1000u
#define PLAN_MAX_PATTERN 4096u
#define PLAN_MATCH_LIMIT 100000u /* steps of a pattern in one value */

enum plan_type { /* a set of them, 0: any */
		 PLAN_STRING = 1,
		 PLAN_NUMBER = 2,
		 PLAN_INTEGER = 4,
		 PLAN_BOOLEAN = 8,
		 PLAN_OBJECT = 16,
		 PLAN_ARRAY = 32,
		 PLAN_NULL = 64,
};

enum plan_format {
	PLAN_FORMAT_NONE,
	PLAN_FORMAT_DATE_TIME,
	PLAN_FORMAT_DATE,
	PLAN_FORMAT_TIME,
	PLAN_FORMAT_EMAIL,
	PLAN_FORMAT_UUID,
	PLAN_FORMAT_IPV4,
	PLAN_FORMAT_IPV6,
	PLAN_FORMAT_URI,
};

struct plan_node;

struct plan_property {
	char *name; /* own */
	size_t len;
	struct plan_node *node; /* own; NULL: named by `required` only */
	bool required;
};

struct plan_literal { /* of const and enum */
	enum plan_type type;
	char *text; /* own: a string's characters, a number as it is written, "true" */
	size_t len;
};

struct plan_literals {
	struct plan_literal *v; /* own */
	size_t n;
	bool set;
};

struct plan_bound {
	bool set;
	long double value;
	char text[40];
};

struct plan_node {
	enum plan_quick quick;
	unsigned types;                   /* enum plan_type */
	struct plan_property *properties; /* own */
	size_t n_properties, n_required;
	struct df_index *by_name;              /* own, or NULL */
	size_t memo;                           /* where its part of a checker's memo begins */
	bool closed;                           /* additionalProperties: false */
	struct plan_node *additional;          /* own: a schema for the others, or NULL */
	struct plan_node *items;               /* own, or NULL */
	struct plan_literals constant, choice; /* const, enum */
	pcre2_code *pattern;                   /* own, or NULL */
	bool spells_number; /* the pattern is the platform's own for numbers in strings */
	bool spells_truth;  /* for booleans in strings */
	char *pattern_text; /* own: for messages */
	enum plan_format format;
	struct plan_bound minimum, maximum, above, below;
	bool has_min_length, has_max_length;
	uint64_t min_length, max_length;
};

struct plan_point {
	const char *type;     /* of its match: a constant */
	char *first, *second; /* own: its criteria, or NULL */
	char *name;           /* own: for people */
	struct df_buf key;    /* own: type and criteria, see plan_key */
	struct plan_node *root;
	bool free; /* it allows everything */
};

struct plan {
	atomic_uint owners;
	char *id; /* own */
	uint32_t version;
	bool allows[PLAN_FIELD]; /* per part: the plan's settings let the unplanned pass */
	struct plan_point *points;
	size_t n_points;
	struct df_index *by_key;
	const struct plan_point *attributes, *identities; /* or NULL */
	struct plan_remark *remarks;
	size_t n_remarks, n_nodes, n_memo;
};

void plan_remark(struct plan *plan, const char *place, const char *fmt, ...) DF_PRINTF(3, 4);

/* Appends the key of a point: the match's type and its criteria, which events are looked up by.
 * second may be NULL. */
void plan_key(struct df_buf *out, const char *type, const char *first, size_t first_len,
	      const char *second, size_t second_len);

void plan_point_free(struct plan_point *p); /* what it owns */

/* ---- plan_schema.c ---- */
struct json_object;
/* The caller's. NULL: DF_USAGE, and err is set. identities: the names of properties are the plan's
 * spellings, and become the batch's. */
struct plan_node *plan_node_compile(struct plan *plan, struct json_object *definition,
				    const char *place, bool identities, struct df_err *err);
void plan_node_free(struct plan_node *node);
/* It allows everything that a batch may have. event: the schema is of an event. */
bool plan_node_is_free(const struct plan_node *node, bool event);

/* ---- plan_keyword.c ---- */
/* False: it is not one of the keywords that hold a value. */
bool plan_keyword_read(struct plan *plan, const char *place, struct plan_node *node,
		       const char *key, struct json_object *value);
/* After the others: draft 4 has these two depend on them. */
void plan_keyword_exclusive(struct plan *plan, const char *place, struct plan_node *node,
			    struct json_object *schema);

/* ---- plan_format.c ---- */
bool plan_format_find(const char *name, enum plan_format *out);
bool plan_format_fits(enum plan_format format, const char *p, size_t len);
const char *plan_format_name(enum plan_format format);

#endif
