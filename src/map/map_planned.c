/* SPDX-License-Identifier: MIT */
/*
 * The feed's data plan: the row's JSON is checked as it would be sent. What is left out is cut out
 * of it; a column is looked for only when there is something to say about it.
 */
#include "map_planned.h"

#include "map_notes.h"
#include "map_planned_columns.h"
#include "map_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

struct cut {
	size_t from, to;
	bool identity;
};

static size_t column_at(const struct map *m, const char *path)
{
	const struct map_node *node = m->batch;
	for (const char *p = path; node != NULL && *p != '\0';) {
		size_t len = strcspn(p, ".");
		char *key = df_strndup(p, len);
		node = map_node_child(node, key);
		free(key);
		p += len + (p[len] == '.');
	}
	return node != NULL && node->kind == MAP_NODE_LEAF ? node->column : MAP_NONE;
}

void map_planned_begin(struct map *m)
{
	const struct conf_plan *plan = &m->feed->plan;
	if (plan->read == NULL)
		return;
	if (m->planner == NULL)
		m->planner = plan_checker_new(plan->read, plan->strict);
	m->plan_column = column_at(m, "context.data_plan.plan_id");
	m->plan_version_column = column_at(m, "context.data_plan.plan_version");
	map_planned_columns_free(m->planned_columns);
	m->planned_columns = map_planned_columns_new(m);
}

void map_planned_end(struct map *m)
{
	plan_checker_free(m->planner);
	map_planned_columns_free(m->planned_columns);
	m->planner = NULL;
	m->planned_columns = NULL;
}

/* ---- the column that a finding is about ---- */

/* Is the JSON pointer the way that the path says? Its items have no number in paths of the first
 * one, and a number in brackets in others. */
static bool is_way(const char *pointer, const char *path)
{
	while (*pointer == '/' && *path != '\0') {
		size_t len = strcspn(++pointer, "/");
		if (strspn(pointer, "0123456789") == len) {
			pointer += len;
			continue;
		}
		if (strncmp(pointer, path, len) != 0)
			return false;
		pointer += len;
		path += len;
		if (*path == '[')
			path += strcspn(path, "].") + 1;
		path += *path == '.';
	}
	return *pointer == '\0' && *path == '\0';
}

static bool is_about(const struct plan_finding *f, const char *path)
{
	static const char *const users[] = {"user_attributes.", "user_identities.", "device_info."};
	const char *pointer = f->pointer + 1;
	if (!f->in_batch) {
		bool data = strncmp(pointer, "/data/", 6) == 0;
		return data && strncmp(path, "events.data.", 12) == 0 &&
		       is_way(pointer + 5, path + 12);
	}
	for (size_t i = 0; i < sizeof(users) / sizeof(*users); i++)
		if (strncmp(path, users[i], strlen(users[i])) == 0)
			return is_way(pointer, path + strlen(users[i]));
	return false;
}

static size_t column_in(const struct map_program *program, const struct plan_finding *f)
{
	for (size_t i = 0; i < program->n; i++) {
		const struct map_op *op = &program->ops[i];
		if (op->kind == MAP_OP_LEAF && is_about(f, op->node->path))
			return op->column;
	}
	return MAP_NONE;
}

static size_t finding_column(const struct map *m, const struct plan_finding *f)
{
	size_t column = column_in(&m->data_program, f);
	return column != MAP_NONE ? column : column_in(&m->batch_program, f);
}

/* ---- saying so ---- */

static const char *finding_code(const struct plan_finding *f)
{
	return f->unplanned ? "unplanned" : "plan-invalid";
}

static void fault(struct map_run *r, const struct plan_finding *f)
{
	map_run_fault(r, finding_code(f), finding_column(r->m, f), "data plan, %s, %s: %s",
		      f->point, f->pointer, f->text);
}

/* Counted per point, place and what is wrong there. */
static void note_finding(struct map_run *r, const struct plan_finding *f, bool left_out)
{
	struct map_note n = {.n = 1, .code = finding_code(f)};
	uint64_t hash = XXH3_64bits(f->pointer, strlen(f->pointer));
	hash = XXH3_64bits_withSeed(f->point, strlen(f->point), hash);
	hash = XXH3_64bits_withSeed(f->text, strlen(f->text), hash);
	n.what = (size_t)(hash | UINT64_C(1) << 63);
	snprintf(n.text, sizeof(n.text), "data plan, %.90s, %.90s: %.90s%s", f->point, f->pointer,
		 f->text, left_out ? "; left out" : "");
	map_note_add(r->m, &n);
}

/* ---- leaving out ---- */

/* Closes the gap, with the comma before or after it. Returns how many bytes went. */
static size_t cut_member(struct df_buf *b, struct cut c)
{
	size_t from = c.from, to = c.to;
	if (from > 0 && b->data[from - 1] == ',')
		from--;
	else if (to < b->len && b->data[to] == ',')
		to++;
	memmove(b->data + from, b->data + to, b->len - to);
	b->len -= to - from;
	return to - from;
}

/* Where an object is that has nothing left, and is left out as well. */
static bool find_empty(const struct df_buf *b, const char *empty, struct cut *out)
{
	size_t len = strlen(empty);
	const char *at = b->len > 0 ? memmem(b->data, b->len, empty, len) : NULL;
	if (at == NULL)
		return false;
	out->from = (size_t)(at - b->data);
	out->to = out->from + len;
	return true;
}

static int planned_by_place(const void *a, const void *b)
{
	const struct cut *x = a, *y = b;
	return (x->from < y->from) - (x->from > y->from); /* the last one first */
}

static void cut_ids(struct map *m, const char *member, size_t len)
{
	char *at = m->ids.len > 0 ? memmem(m->ids.data, m->ids.len, member, len) : NULL;
	if (at != NULL)
		cut_member(&m->ids, (struct cut){.from = (size_t)(at - m->ids.data),
						 .to = (size_t)(at - m->ids.data) + len});
}

static void cut_batch(struct map_run *r, struct cut *cuts, size_t n)
{
	static const char *const empties[] = {"\"user_attributes\":{}", "\"user_identities\":{}",
					      "\"device_info\":{}"};
	struct map *m = r->m;
	struct cut empty;
	for (size_t i = 0; i < n; i++)
		if (cuts[i].identity)
			cut_ids(m, m->batch_out.data + cuts[i].from, cuts[i].to - cuts[i].from);
	qsort(cuts, n, sizeof(*cuts), planned_by_place);
	for (size_t i = 0; i < n; i++)
		cut_member(&m->batch_out, cuts[i]);
	for (size_t i = 0; i < sizeof(empties) / sizeof(*empties); i++)
		if (find_empty(&m->batch_out, empties[i], &empty))
			cut_member(&m->batch_out, empty);
	if (m->ids.len == 0)
		map_run_fault(r, "missing-identity", MAP_NONE,
			      "the data plan has none of the row's identities, and nothing else "
			      "identifies the user");
}

/* Rows that are folded into one event bring their products: where these are moves along. */
static void cut_one(struct map_run *r, struct cut c)
{
	struct map_record *record = r->record;
	size_t gone = cut_member(&r->m->data_out, c);
	if (c.from < record->fold_from)
		record->fold_from -= gone;
	if (c.from < record->fold_to)
		record->fold_to -= gone;
}

static void cut_data(struct map_run *r, struct cut *cuts, size_t n)
{
	struct cut empty;
	qsort(cuts, n, sizeof(*cuts), planned_by_place);
	for (size_t i = 0; i < n; i++)
		cut_one(r, cuts[i]);
	while (find_empty(&r->m->data_out, "\"custom_attributes\":{}", &empty))
		cut_one(r, empty);
}

/* ---- the row ---- */

/* The row's own plan is not the feed's. */
static void check_mismatch(struct map_run *r)
{
	struct map *m = r->m;
	const struct plan *plan = m->feed->plan.read;
	char version[16];
	const struct rows_cell *id = m->plan_column != MAP_NONE ? &r->cells[m->plan_column] : NULL;
	const struct rows_cell *number =
	    m->plan_version_column != MAP_NONE ? &r->cells[m->plan_version_column] : NULL;
	snprintf(version, sizeof(version), "%u", plan_version(plan));
	bool other =
	    id != NULL && id->len > 0 &&
	    (id->len != strlen(plan_id(plan)) || memcmp(id->p, plan_id(plan), id->len) != 0);
	bool another =
	    number != NULL && number->len > 0 && plan_version(plan) != 0 &&
	    (number->len != strlen(version) || memcmp(number->p, version, number->len) != 0);
	if (!other && !another)
		return;
	struct map_note n = {.n = 1, .code = "plan-mismatch", .what = (size_t)UINT64_C(1) << 63};
	snprintf(n.text, sizeof(n.text), "names another data plan than %.80s, version %s",
		 plan_id(plan), version);
	if (m->feed->plan.action == CONF_PLAN_WARN)
		map_note_add(m, &n);
	else
		map_run_fault(r, n.code, other ? m->plan_column : m->plan_version_column, "%s",
			      n.text);
}

static bool leaves_out(const struct map *m, const struct plan_finding *f)
{
	return m->feed->plan.action == CONF_PLAN_BLOCK && f->unplanned &&
	       plan_blocks(m->feed->plan.read, f->part) && (f->part == PLAN_EVENT || f->to > 0);
}

static void block(struct map_run *r, const struct plan_finding *f, size_t n)
{
	struct cut *cuts = df_alloc(2 * n * sizeof(*cuts)), *data = cuts + n;
	size_t n_batch = 0, n_data = 0;
	for (size_t i = 0; i < n; i++) {
		const struct cut cut = {f[i].from, f[i].to,
					.identity = f[i].part == PLAN_USER_IDENTITY};
		if (!leaves_out(r->m, &f[i]))
			continue;
		if (f[i].part == PLAN_EVENT)
			r->record->no_event = true;
		else if (f[i].in_batch)
			cuts[n_batch++] = cut;
		else
			data[n_data++] = cut;
	}
	if (n_batch > 0)
		cut_batch(r, cuts, n_batch);
	if (n_data > 0)
		cut_data(r, data, n_data);
	free(cuts);
	if (n == PLAN_MAX_FINDINGS)
		map_run_fault(r, "unplanned", MAP_NONE,
			      "more than %u members of the row are not in the data plan",
			      PLAN_MAX_FINDINGS - 1);
}

void map_planned(struct map_run *r)
{
	struct map *m = r->m;
	const struct plan_finding *f;
	enum conf_plan_action action = m->feed->plan.action;
	if (m->plan_column != MAP_NONE || m->plan_version_column != MAP_NONE)
		check_mismatch(r);
	const struct plan_record record = {
	    .event_type = m->event->name,
	    .data = m->data_out.len > 0 ? df_buf_cstr(&m->data_out) : "",
	    .data_len = m->data_out.len,
	    .batch = m->batch_out.len > 0 ? df_buf_cstr(&m->batch_out) : "",
	    .batch_len = m->batch_out.len,
	    .user = true};
	size_t n = m->clean ? 0 : plan_check(m->planner, &record, &f);
	for (size_t i = 0; i < n && r->record->n_faults < MAP_MAX_FAULTS; i++)
		if (action == CONF_PLAN_REJECT)
			fault(r, &f[i]);
		else
			note_finding(r, &f[i], leaves_out(m, &f[i]));
	if (action == CONF_PLAN_BLOCK && n > 0)
		block(r, f, n);
}

char **map_planned_remarks(const struct map *m, size_t *n)
{
	const struct plan_finding *f;
	*n = m->planned && !m->clean ? plan_findings(m->planner, &f) : 0;
	if (*n == 0)
		return NULL;
	char **v = df_alloc(*n * sizeof(*v));
	for (size_t i = 0; i < *n; i++)
		v[i] = df_format("%s: %s, %s: %s%s", finding_code(&f[i]), f[i].point, f[i].pointer,
				 f[i].text, leaves_out(m, &f[i]) ? "; left out" : "");
	return v;
}

bool map_planned_leaves_out(const struct map *m, const char *path)
{
	const struct plan_finding *f;
	size_t n = m->planned && !m->clean ? plan_findings(m->planner, &f) : 0;
	for (size_t i = 0; i < n; i++) {
		bool event = f[i].part == PLAN_EVENT && strncmp(path, "events.data.", 12) == 0;
		if (leaves_out(m, &f[i]) && (event || is_about(&f[i], path)))
			return true;
	}
	return false;
}
