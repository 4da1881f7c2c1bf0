/* SPDX-License-Identifier: MIT */
/* What becomes of a row, for people to read: its ops run one by one, and each is looked at. */
#include "map_planned.h"
#include "map_row.h"
#include "map_state.h"

#include <stdlib.h>

struct row_watch {
	struct map_watch watch; /* first */
	const struct map *m;
	const struct map_record *record;
	const struct rows_cell *cells;
	struct map_routes *routes;
};

static bool cell_empty(const struct row_watch *w, const struct map_op *op)
{
	if (op->column == MAP_NONE)
		return true;
	const struct rows_cell *own = map_in_order(w->m) ? w->m->rows.cells : w->cells;
	struct rows_cell cell =
	    op->column < w->m->n_names ? own[op->column] : w->m->cells[op->column];
	if (op->type != SCHEMA_STRING && op->type != SCHEMA_STRINGS && op->type != SCHEMA_ITEMS)
		map_cell_trim(&cell.p, &cell.len);
	return cell.len == 0;
}

/* Whether there is more than one string in it. */
static bool several(const char *p, size_t len)
{
	for (size_t i = 1; i + 1 < len; i++) {
		if (p[i] == '\\')
			i++;
		else if (p[i] == '"')
			return true;
	}
	return false;
}

/* What the leaf wrote, without the comma and the name before it. */
static char *written_by(const struct map_seen *seen)
{
	const char *p = seen->out->data + seen->out_before;
	size_t len = seen->out->len - seen->out_before;
	if (len > 0 && *p == ',') {
		p++;
		len--;
	}
	if (seen->op->type == SCHEMA_SPREAD)
		return df_format("{%.*s}", (int)len, p);
	if (seen->op->type == SCHEMA_ITEMS && several(p, len))
		return df_format("[%.*s]", (int)len, p);
	size_t head = seen->op->head_len < len ? seen->op->head_len : 0;
	return df_strndup(p + head, len - head);
}

static void leaf_seen(const struct row_watch *w, const struct map_seen *seen, struct map_route *r)
{
	const struct map_derived *d = map_derived_of(w->m, seen->op->column);
	bool reported = w->record->n_faults > seen->faults_before || (d != NULL && d->faulty);
	r->at = seen->out_before;
	if (r->n_values > 0 && d != NULL && d->asked.len > 0) {
		r->asked = df_strndup(d->asked.p, d->asked.len);
		r->listed = d->listed;
	}
	if (seen->out->len > seen->out_before) {
		r->value = written_by(seen);
		r->outcome =
		    r->column > 0 && seen->op->type != SCHEMA_SPREAD && cell_empty(w, seen->op)
			? MAP_OUTCOME_DEFAULTED
			: MAP_OUTCOME_WRITTEN;
	} else if (reported) {
		r->outcome = MAP_OUTCOME_FAULTY;
	} else if (w->m->deleted.len > seen->deleted_before) {
		r->outcome = MAP_OUTCOME_DELETED;
	} else if (seen->op->type == SCHEMA_SPREAD || cell_empty(w, seen->op)) {
		r->outcome = MAP_OUTCOME_EMPTY;
	} else {
		r->outcome = w->record->n_faults == MAP_MAX_FAULTS ? MAP_OUTCOME_FAULTY
								   : MAP_OUTCOME_LEFT_OUT;
	}
}

/* A list or an object ends: it may have been cut off for the limits, or its emptiness deletes an
 * attribute. */
static void close_seen(const struct row_watch *w, const struct map_seen *seen)
{
	bool deletes = w->m->deleted.len > seen->deleted_before,
	     cut = seen->out->len < seen->out_before;
	for (size_t i = 0; (cut || deletes) && i < w->routes->n; i++) {
		struct map_route *r = &w->routes->v[i];
		const struct map_node *node = r->node;
		while (node != NULL && node != seen->op->node)
			node = node->parent;
		if (node == NULL)
			continue;
		if (deletes && r->outcome == MAP_OUTCOME_EMPTY)
			r->outcome = MAP_OUTCOME_DELETED;
		if (cut && r->value != NULL && r->at >= seen->out->len) {
			free(r->value);
			r->value = NULL;
			r->outcome = MAP_OUTCOME_LEFT_OUT;
		}
	}
}

static void op_seen(struct map_watch *watch, const struct map_seen *seen)
{
	const struct row_watch *w = (const struct row_watch *)watch;
	if (seen->op->kind == MAP_OP_CLOSE)
		close_seen(w, seen);
	for (size_t i = 0; seen->op->kind == MAP_OP_LEAF && i < w->routes->n; i++)
		if (w->routes->v[i].node == seen->op->node)
			leaf_seen(w, seen, &w->routes->v[i]);
}

static void own_id_seen(struct map_route *r, const char *id, size_t len)
{
	r->outcome = id != NULL ? MAP_OUTCOME_WRITTEN : MAP_OUTCOME_EMPTY;
	r->value = id != NULL ? df_format("\"%.*s\"", (int)len, id) : NULL;
}

/* The data plan may take away what was written. */
static void leave_out(const struct map *m, struct map_route *r)
{
	if (r->outcome != MAP_OUTCOME_WRITTEN || r->path == NULL ||
	    !map_planned_leaves_out(m, r->path))
		return;
	r->outcome = MAP_OUTCOME_LEFT_OUT;
	free(r->value);
	r->value = NULL;
}

enum df_status map_describe_row(struct map *m, const struct rows_cell *cells, size_t n,
				struct map_routes *routes, struct map_record *record)
{
	struct row_watch w = {
	    .watch = {.op = op_seen}, .m = m, .record = record, .cells = cells, .routes = routes};
	for (size_t i = 0; i < routes->n; i++) {
		struct map_route *r = &routes->v[i];
		free(r->value);
		free(r->asked);
		r->value = r->asked = NULL;
		r->outcome = MAP_OUTCOME_UNKNOWN;
	}
	enum df_status st = map_row_watched(m, cells, n, record, &w.watch);
	if (routes->remarks == NULL)
		routes->remarks = map_planned_remarks(m, &routes->n_remarks);
	for (size_t i = 0; i < routes->n; i++)
		leave_out(m, &routes->v[i]);
	for (size_t i = 0; i < routes->n && n == m->n_names; i++) {
		struct map_route *r = &routes->v[i];
		if (r->via == MAP_VIA_NONE || r->node != NULL)
			continue;
		if (r->slot == m->request_column)
			own_id_seen(r, record->request_id, record->request_id_len);
		else if (r->slot == m->message_column)
			own_id_seen(r, record->message_id, record->message_id_len);
	}
	return st;
}
