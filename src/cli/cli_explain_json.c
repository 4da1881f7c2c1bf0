/* SPDX-License-Identifier: MIT */
/*
 * One object, on one line:
 *
 *	{"file", "document": entry or null, "event_type", "line", "row": number, or null for a
 *	    header, "header": bool,
 *	 "verdict": "delivered"|"rejected"|"refused" or, of a header, "accepted"|"refused",
 *	 "refused": {"code","message"} or null, "warnings": [{"code","message"}],
 *	 "columns": [{"column","name","value","to": [route], "note": why it goes nowhere, or
 *	    null}], "fixed": [route],
 *	 "errors": [{"column","name","code","message"}],
 *	 "batch": null or {"number","batches","event","events","historical","rows":
 *	    [{"row","line","event"}],"json": it}}
 *
 * A route is {"path","type","via","source","template","outcome","value","else"}: via is cell, json,
 * members, template, static or default; outcome is null, written, default, empty, deleted, faulty
 * or left-out; value is the JSON as it is in the batch.
 */
#include "cli_explain.h"

static void put_text(struct df_buf *b, const char *key, const char *text)
{
	df_buf_addf(b, "\"%s\":", key);
	if (text == NULL || text[0] == '\0')
		df_buf_adds(b, "null");
	else
		df_json_text(b, text, strlen(text));
}

static void put_route(struct df_buf *b, const struct map_route *r)
{
	static const char *const vias[] = {"none",     "cell",   "json",   "members",
					   "template", "static", "default"};
	static const char *const outcomes[] = {NULL,      "written", "default", "empty",
					       "deleted", "faulty",  "left-out"};
	df_buf_addc(b, '{');
	put_text(b, "path", r->path);
	df_buf_addc(b, ',');
	put_text(b, "type", r->type);
	df_buf_addf(b, ",\"via\":\"%s\",", vias[r->via]);
	put_text(b, "source", r->source);
	df_buf_addc(b, ',');
	put_text(b, "template",
		 r->via == MAP_VIA_TEMPLATE || r->via == MAP_VIA_MEMBERS ? r->text : NULL);
	df_buf_addc(b, ',');
	put_text(b, "outcome", outcomes[r->outcome]);
	df_buf_addf(b, ",\"value\":%s,\"else\":%s}", r->value != NULL ? r->value : "null",
		    r->fallback != NULL ? r->fallback : "null");
}

/* The routes of a column, 0: the fixed ones. Returns why it has none. */
static const char *put_routes(struct df_buf *b, const struct map_routes *routes, size_t column,
			      size_t *at)
{
	const char *note = NULL;
	bool first = true;
	for (; *at < routes->n && routes->v[*at].column == column; ++*at) {
		const struct map_route *r = &routes->v[*at];
		if (r->via == MAP_VIA_NONE) {
			note = r->text;
			continue;
		}
		df_buf_adds(b, first ? "" : ",");
		put_route(b, r);
		first = false;
	}
	return note;
}

static void put_columns(struct df_buf *b, const struct run_explain *x)
{
	size_t names = x->map != NULL ? map_columns(x->map) : 0, at = 0;
	size_t n = names > x->n_cells ? names : x->n_cells;
	df_buf_adds(b, "\"columns\":[");
	for (size_t i = 1; i <= n; i++) {
		df_buf_addf(b, "%s{\"column\":%zu,", i > 1 ? "," : "", i);
		put_text(b, "name", i <= names ? map_column_name(x->map, i) : NULL);
		df_buf_adds(b, ",\"value\":");
		if (i <= x->n_cells && !x->header)
			df_json_text(b, x->cells[i - 1].p, x->cells[i - 1].len);
		else
			df_buf_adds(b, "null");
		df_buf_adds(b, ",\"to\":[");
		const char *note = put_routes(b, &x->routes, i, &at);
		df_buf_adds(b, "],");
		put_text(b, "note", note);
		df_buf_addc(b, '}');
	}
	df_buf_adds(b, "],\"fixed\":[");
	put_routes(b, &x->routes, 0, &at);
	df_buf_addc(b, ']');
}

static void put_warnings(struct df_buf *b, const struct run_explain *x)
{
	df_buf_adds(b, "\"warnings\":[");
	for (size_t i = 0; i < x->n_warnings; i++) {
		df_buf_addf(b, "%s{\"code\":\"%s\",", i > 0 ? "," : "", x->warnings[i].code);
		put_text(b, "message", x->warnings[i].text);
		df_buf_addc(b, '}');
	}
	df_buf_adds(b, "]");
}

static void put_faults(struct df_buf *b, const struct run_explain *x)
{
	df_buf_adds(b, "\"errors\":[");
	for (size_t i = 0; i < x->n_faults; i++) {
		const struct map_fault *f = &x->faults[i];
		df_buf_adds(b, i > 0 ? ",{\"column\":" : "{\"column\":");
		if (f->column > 0)
			df_buf_addf(b, "%zu,", f->column);
		else
			df_buf_adds(b, "null,");
		put_text(b, "name", f->name);
		df_buf_addf(b, ",\"code\":\"%s\",", f->code);
		put_text(b, "message", f->text);
		df_buf_addc(b, '}');
	}
	df_buf_addc(b, ']');
}

static void put_batch(struct df_buf *b, const struct run_explain *x)
{
	const struct batch *batch = x->batch;
	df_buf_adds(b, "\"batch\":");
	if (batch == NULL) {
		df_buf_adds(b, "null");
		return;
	}
	df_buf_addf(b, "{\"number\":%llu,\"batches\":%llu,\"event\":",
		    (unsigned long long)batch->position + 1, (unsigned long long)x->batches);
	if (batch->n_events > 0)
		df_buf_addf(b, "%u", (unsigned)batch->rows[x->at].event + 1);
	else
		df_buf_adds(b, "null");
	df_buf_addf(b, ",\"events\":%u,\"historical\":%s,\"rows\":[", (unsigned)batch->n_events,
		    batch->historical ? "true" : "false");
	for (size_t i = 0; i < batch->n_rows; i++) {
		df_buf_addf(b, "%s{\"row\":%llu,\"line\":%llu", i > 0 ? "," : "",
			    (unsigned long long)batch->rows[i].number,
			    (unsigned long long)batch->rows[i].line);
		if (batch->n_events > 0)
			df_buf_addf(b, ",\"event\":%u", (unsigned)batch->rows[i].event + 1);
		df_buf_addc(b, '}');
	}
	df_buf_adds(b, "],\"json\":");
	df_buf_add(b, batch->json, batch->json_len);
	df_buf_addc(b, '}');
}

void cli_explain_json(const char *file, const struct run_explain *x, struct df_buf *out)
{
	char why[sizeof(struct df_err) + 128];
	df_buf_addc(out, '{');
	put_text(out, "file", file);
	df_buf_addc(out, ',');
	put_text(out, "document", x->document);
	df_buf_addc(out, ',');
	put_text(out, "event_type", x->event_type);
	df_buf_addf(out, ",\"line\":%llu,\"row\":", (unsigned long long)x->line);
	if (x->row > 0)
		df_buf_addf(out, "%llu", (unsigned long long)x->row);
	else
		df_buf_adds(out, "null");
	df_buf_addf(out,
		    ",\"header\":%s,\"verdict\":\"%s\",\"refused\":", x->header ? "true" : "false",
		    cli_explain_verdict(x));
	if (x->refused.text[0] != '\0') {
		cli_refusal(&x->refused, why, sizeof(why));
		df_buf_addf(out, "{\"code\":\"%s\",", x->refused.code);
		put_text(out, "message", why);
		df_buf_addc(out, '}');
	} else {
		df_buf_adds(out, "null");
	}
	df_buf_addc(out, ',');
	put_warnings(out, x);
	df_buf_addc(out, ',');
	put_columns(out, x);
	df_buf_addc(out, ',');
	put_faults(out, x);
	df_buf_addc(out, ',');
	put_batch(out, x);
	df_buf_adds(out, "}\n");
}
