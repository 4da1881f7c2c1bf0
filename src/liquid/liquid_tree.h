/* SPDX-License-Identifier: MIT */
/* liquid_tree.h - a compiled template: between liquid.c, which builds it, and liquid_run.c,
 * which runs it */
#ifndef LIQUID_TREE_H
#define LIQUID_TREE_H

#include "liquid_priv.h"

enum liquid_expr_kind { LIQUID_LITERAL, LIQUID_LOOKUP, LIQUID_SPAN };

struct liquid_expr {
	enum liquid_expr_kind kind;
	struct liquid_value literal;
	struct liquid_expr *first, *last; /* of a span, (first..last); a lookup's name is `first` */
	struct liquid_key *keys;          /* of a lookup */
	/* `value` that a list filter takes: where its cell holds a list, that is meant */
	bool list;
	bool of_row; /* of a lookup: its name is `value` or `row` */
};

struct liquid_key {
	struct liquid_expr *expr;
	bool dotted; /* .size, .first and .last mean something when they are dotted */
	struct liquid_key *next;
};

struct liquid_step {
	const struct liquid_filter *filter;
	struct liquid_expr *args[LIQUID_MAX_ARGS];
	size_t n;
	struct liquid_expr *allow_false;
	bool defaults; /* its argument is for an empty value alone */
	struct liquid_step *next;
};

struct liquid_node {
	const char *text; /* a text; NULL: a tag */
	size_t len;
	struct liquid_expr *expr; /* NULL: an empty tag */
	struct liquid_step *steps;
	struct liquid_node *next;
};

struct liquid_row_key {
	const char *name;
	size_t len;
	struct liquid_row_key *next;
};

struct liquid {
	struct liquid_arena arena; /* all of it, the template's text as well */
	struct liquid_node *nodes;
	bool reaches, lists;
	struct liquid_row_key *row_keys; /* what it takes of `row` */
};

#endif
