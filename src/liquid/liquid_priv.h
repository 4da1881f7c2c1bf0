/* SPDX-License-Identifier: MIT */
/* liquid_priv.h - between the files of the engine: a filter's call, and what filters share */
#ifndef LIQUID_PRIV_H
#define LIQUID_PRIV_H

#include "dropfeed/liquid.h"

struct liquid_run {
	struct liquid_arena *arena;
	struct liquid_fault *fault;
	const struct liquid_scope *scope;
	bool unused; /* what is evaluated now will not be used */
	/* of `value` and `row` something was taken; of that, something that is not empty; a filter
	 * has said what is put for nothing */
	bool taken, some, defaulted;
};

#define LIQUID_MAX_ARGS 3

/* A filter's call: value in, value out. Arguments that were not given are nil; n counts those
 * that were. */
struct liquid_call {
	struct liquid_run *run;
	struct liquid_value in, out;
	struct liquid_value args[LIQUID_MAX_ARGS];
	size_t n;
	bool allow_false;
	int variant; /* distinguishes filters that share a function */
};

struct liquid_filter {
	const char *name;
	bool (*call)(struct liquid_call *c);
	size_t min, max; /* arguments */
	int variant;
};

extern const struct liquid_filter liquid_text_filters[], liquid_list_filters[],
    liquid_number_filters[];
const struct liquid_filter *liquid_filter_find(const char *name, size_t len);
bool liquid_takes_list(const struct liquid_filter *f); /* rather than one value */
const char *liquid_filter_near(const char *name, size_t len);

static inline void liquid_note(const struct liquid_run *run, enum liquid_doubt doubt)
{
	if (run->scope != NULL && run->scope->doubts != NULL)
		*run->scope->doubts |= doubt;
}

bool liquid_exhausted(struct liquid_run *run); /* sets the fault, returns false */
/* room for a string, or NULL and the fault is set */
char *liquid_text(struct liquid_run *run, size_t len);
bool liquid_to_s(struct liquid_run *run, const struct liquid_value *v, struct liquid_value *out);
bool liquid_output(struct liquid_run *run, const struct liquid_value *v, struct df_buf *out);
uint64_t liquid_hash(const struct liquid_value *v); /* equal values have equal ones */
bool liquid_equal(const struct liquid_value *a, const struct liquid_value *b);
bool liquid_truthy(const struct liquid_value *v);
bool liquid_is_blank(char c);
size_t liquid_offset(const char *p, size_t len, size_t n);  /* where character n begins, or len */
int64_t liquid_to_i(const char *p, size_t len, bool *over); /* String#to_i */
/* Integer() */
bool liquid_to_integer(struct liquid_run *run, const struct liquid_value *v, int64_t *out);
/* Float#to_s */
size_t liquid_float_text(double f, char out[40]);
int liquid_compare_numbers(const struct liquid_value *a, const struct liquid_value *b);
bool liquid_date(struct liquid_call *c);
bool liquid_date_is_now(const char *p, size_t len);
bool liquid_sum_numbers(struct liquid_run *run, const struct liquid_value *v, size_t n,
			struct liquid_value *out);

#endif
