/* SPDX-License-Identifier: MIT */
/*
 * One object, on one line:
 *
 *	{"file", "document": entry or null, "event_type", "line", "row": number, or null for a
 *	    header, "header": bool,
 *	 "verdict": "delivered"|"rejected"|"refused"|"skipped" or, of a header,
 *	    "accepted"|"refused",
 *	 "refused": {"code","message"} or null, "warnings": [{"code","message"}],
 *	 "columns": [{"column","name","value","to": [route], "note": why it goes nowhere, or
 *	    null}], "fixed": [route],
 *	 "errors": [{"column","name","code","message"}],
 *	 "plan": [what the data plan does not allow, as text],
 *	 "batch": null or {"number","batches","event","events","historical","rows":
 *	    [{"row","line","event"}],"json": it}}
 *
 * A route is {"path","type","via","source","template","outcome","value","else"}: via is cell, json,
 * members, template, static or default; outcome is null, written, default, empty, deleted, faulty
 * or left-out; value is the JSON as it is in the batch.
 */
#include "cli_explain.h"

#include "dropfeed/json.h"

#include <stdlib.h>

static void json_put_route(struct json_writer *j, const struct map_route *r)
{
	static const char *const vias[] = {"none",     "cell",   "json",   "members",
					   "template", "static", "default"};
	static const char *const outcomes[] = {NULL,      "written", "default", "empty",
					       "deleted", "faulty",  "left-out"};
	bool template = r->via == MAP_VIA_TEMPLATE || r->via == MAP_VIA_MEMBERS;
	json_write_open(j, NULL, '{');
	json_write_filled(j, "path", r->path);
	json_write_filled(j, "type", r->type);
	json_write_text(j, "via", vias[r->via]);
	json_write_filled(j, "source", r->source);
	json_write_filled(j, "template", template ? r->text : NULL);
	if (r->asked != NULL) {
		json_write_open(j, "values", '{');
		json_write_text(j, "of", r->asked);
		json_write_bool(j, "listed", r->listed);
		json_write_close(j);
	} else {
		json_write_null(j, "values");
	}

	json_write_text(j, "outcome", outcomes[r->outcome]);
	json_write_json(j, "value", r->value);
	json_write_json(j, "else", r->fallback);
	json_write_close(j);
}

/* The routes of a column, 0: the fixed ones. Returns why it has none. */
static const char *put_routes(struct json_writer *j, const struct map_routes *routes, size_t column,
			      size_t *at)
{
	const char *note = NULL;
	for (; *at < routes->n && routes->v[*at].column == column; ++*at) {
		const struct map_route *r = &routes->v[*at];
		if (r->via == MAP_VIA_NONE)
			note = r->text;
		else
			json_put_route(j, r);
	}
	return note;
}

static void put_columns(struct json_writer *j, const struct trial_explain *x)
{
	size_t names = trial_explain_columns(x), at = 0;
	size_t n = names > x->n_cells ? names : x->n_cells;
	json_write_open(j, "columns", '[');
	for (size_t i = 1; i <= n; i++) {
		json_write_open(j, NULL, '{');
		json_write_count(j, "column", i);
		json_write_filled(j, "name", i <= names ? trial_explain_column(x, i) : NULL);
		if (i <= x->n_cells && !x->header)
			json_write_bytes(j, "value", x->cells[i - 1].p, x->cells[i - 1].len);
		else
			json_write_null(j, "value");
		json_write_open(j, "to", '[');
		const char *note = put_routes(j, &x->routes, i, &at);
		json_write_close(j);
		json_write_filled(j, "note", note);
		json_write_close(j);
	}
	json_write_close(j);

	json_write_open(j, "fixed", '[');
	put_routes(j, &x->routes, 0, &at);
	json_write_close(j);
}

static void json_put_faults(struct json_writer *j, const struct trial_explain *x)
{
	json_write_open(j, "errors", '[');
	for (size_t i = 0; i < x->n_faults; i++) {
		const struct map_fault *f = &x->faults[i];
		json_write_open(j, NULL, '{');
		if (f->column > 0)
			json_write_count(j, "column", f->column);
		else
			json_write_null(j, "column");
		json_write_filled(j, "name", f->name);
		json_write_text(j, "code", f->code);
		json_write_filled(j, "message", f->text);
		json_write_close(j);
	}
	json_write_close(j);
}

static void put_plan(struct json_writer *j, const struct trial_explain *x)
{
	json_write_open(j, "plan", '[');
	for (size_t i = 0; i < x->routes.n_remarks; i++)
		json_write_text(j, NULL, x->routes.remarks[i]);
	json_write_close(j);
}

static void put_batch_rows(struct json_writer *j, const struct batch *batch)
{
	json_write_open(j, "rows", '[');
	for (size_t i = 0; i < batch->n_rows; i++) {
		json_write_open(j, NULL, '{');
		json_write_count(j, "row", batch->rows[i].number);
		json_write_count(j, "line", batch->rows[i].line);
		if (batch->n_events > 0)
			json_write_count(j, "event", batch->rows[i].event + UINT64_C(1));
		json_write_close(j);
	}
	json_write_close(j);
}

static void json_put_batch(struct json_writer *j, const struct trial_explain *x)
{
	const struct batch *batch = x->batch;
	if (batch == NULL) {
		json_write_null(j, "batch");
		return;
	}

	json_write_open(j, "batch", '{');
	json_write_count(j, "number", batch->position + 1);
	json_write_count(j, "batches", x->batches);
	if (batch->n_events > 0 && batch->objects == NULL)
		json_write_count(j, "event", batch->rows[x->at].event + UINT64_C(1));
	else
		json_write_null(j, "event");
	json_write_count(j, "events", batch->n_events);
	json_write_bool(j, "historical", batch->historical);
	put_batch_rows(j, batch);
	char *body = df_strndup(batch->json, batch->json_len);
	json_write_json(j, "json", body);
	free(body);
	json_write_close(j);
}

void cli_explain_json(const char *file, const struct trial_explain *x, struct df_buf *out)
{
	struct json_writer j = {.out = out};
	json_write_open(&j, NULL, '{');
	json_write_filled(&j, "file", file);
	json_write_filled(&j, "document", x->document);
	json_write_filled(&j, "event_type", x->event_type);
	json_write_count(&j, "line", x->line);
	if (x->row > 0)
		json_write_count(&j, "row", x->row);
	else
		json_write_null(&j, "row");
	json_write_bool(&j, "header", x->header);
	json_write_text(&j, "verdict", cli_explain_verdict(x));
	cli_json_refused(&j, &x->refused);
	cli_json_warnings(&j, x->warnings, x->n_warnings);
	put_columns(&j, x);
	json_put_faults(&j, x);
	put_plan(&j, x);
	json_put_batch(&j, x);
	json_write_close(&j);
	df_buf_addc(out, '\n');
}
