/* SPDX-License-Identifier: MIT */
#include "report_status.h"

#include "report_requests.h"

#include <stdlib.h>

struct status_json {
	struct ledger *ledger;
	FILE *to;
	struct df_buf text; /* own: what is not written yet */
	struct json_writer json;
	/* what others may read: no paths of this machine, nothing that is still to come */
	bool receipt;
	const struct report_status_filter *filter;
	uint64_t files;
};

/* Writes what there is so far; more follows. */
static void write_text(struct status_json *w)
{
	fwrite(w->text.data, 1, w->text.len, w->to);
	df_buf_reset(&w->text);
}

static void put_time(struct json_writer *j, const char *key, int64_t seconds)
{
	char when[40];
	json_write_text(
	    j, key, seconds != 0 && report_time_text(seconds, when, sizeof(when)) ? when : NULL);
}

static void put_refused(struct json_writer *j, const char *code, const char *text)
{
	if (code == NULL) {
		json_write_null(j, "refused");
		return;
	}
	json_write_open(j, "refused", '{');
	json_write_text(j, "code", code);
	json_write_text(j, "message", text != NULL ? text : "");
	json_write_close(j);
}

static enum df_status json_skip(void *ctx, const struct ledger_skipped *s, struct df_err *err)
{
	(void)err;
	struct status_json *w = ctx;
	struct json_writer *j = &w->json;
	json_write_open(j, NULL, '{');
	json_write_text(j, "entry", s->name);
	json_write_text(j, "why", s->why);
	json_write_bool(j, "csv", s->csv);
	json_write_close(j);
	write_text(w);
	return DF_OK;
}

struct code_rows {
	char code[32];
	uint64_t rows;
};

struct codes {               /* in the order of their first rows */
	struct code_rows *v; /* own */
	size_t n;
};

static enum df_status add_code(void *ctx, const struct ledger_reason *r, struct df_err *err)
{
	struct codes *codes = ctx;
	size_t i = 0;
	(void)err;
	while (i < codes->n && strcmp(codes->v[i].code, r->code) != 0)
		i++;
	if (i == codes->n) {
		codes->v = df_realloc(codes->v, ++codes->n * sizeof(*codes->v));
		codes->v[i].rows = 0;
		snprintf(codes->v[i].code, sizeof(codes->v[i].code), "%s", r->code);
	}
	codes->v[i].rows += r->rows;
	return DF_OK;
}

/* Rejected rows by their first code, of whatever column. */
static enum df_status put_reasons(struct ledger *l, const struct ledger_document *d,
				  struct json_writer *j, struct df_err *err)
{
	struct codes codes = {0};
	enum df_status st =
	    d->rejected > 0 ? ledger_reasons(l, d->id, add_code, &codes, err) : DF_OK;
	json_write_open(j, "rejected_by", '{');
	for (size_t i = 0; i < codes.n; i++)
		json_write_count(j, codes.v[i].code, codes.v[i].rows);
	json_write_close(j);
	free(codes.v);
	return st;
}

static void put_counts(struct json_writer *j, const struct ledger_document *d)
{
	json_write_count(j, "rows", d->rows);
	json_write_count(j, "delivered", d->delivered);
	json_write_count(j, "rejected", d->rejected);
	json_write_count(j, "skipped", d->skipped);
	json_write_count(j, "batches", d->batches);
	json_write_count(j, "events", d->events);
	json_write_bool(j, "balanced", d->rows == report_rows_settled(d));
}

static enum df_status put_document(struct status_json *w, const struct ledger_document *d,
				   struct df_err *err)
{
	struct json_writer *j = &w->json;
	const char *rejects = d->state != LEDGER_REFUSED ? d->text : NULL;
	json_write_text(j, "document", d->name);
	json_write_text(j, "event_type", d->event_type);
	json_write_text(j, "state", ledger_state_name(d->state));
	put_time(j, "begun", d->begun_ms / 1000);
	put_time(j, "closed", d->closed_ms / 1000);
	put_counts(j, d);
	enum df_status st = put_reasons(w->ledger, d, j, err);
	if (st != DF_OK)
		return st;

	st = report_requests_json(w->ledger, d, w->receipt, j, err);
	if (st != DF_OK)
		return st;
	json_write_text(j, "first_batch", d->first_batch);
	json_write_text(j, "last_batch", d->last_batch);
	json_write_text(j, "rejects",
			rejects != NULL && w->receipt ? df_base_name(rejects) : rejects);
	put_refused(j, d->state == LEDGER_REFUSED ? d->code : NULL, d->text);
	return DF_OK;
}

static enum df_status json_document(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	struct status_json *w = ctx;
	json_write_break(&w->json, 3);
	json_write_open(&w->json, NULL, '{');
	enum df_status st = put_document(w, d, err);
	json_write_close(&w->json);
	write_text(w);
	return st;
}

static enum df_status file_json(struct status_json *w, const struct ledger_file *f,
				struct df_err *err)
{
	struct json_writer *j = &w->json;
	json_write_open(j, NULL, '{');
	json_write_text(j, "feed", f->feed);
	json_write_text(j, "file", f->name); /* its name may be any bytes */
	json_write_count(j, "size", f->size);
	put_time(j, "modified", f->mtime);
	json_write_text(j, "sha256", f->sha256);
	json_write_text(j, "state", ledger_state_name(f->state));
	put_time(j, "pulled", f->pulled_ms / 1000);
	put_time(j, "closed", f->closed_ms / 1000);
	if (!w->receipt)
		json_write_bool(j, "cleanup_due", f->cleanup_due);
	if (!w->receipt)
		json_write_text(j, "left_at_source", f->given_up);
	json_write_text(j, "note", f->state != LEDGER_REFUSED ? f->text : NULL);
	put_refused(j, f->state == LEDGER_REFUSED ? f->code : NULL, f->text);

	json_write_open(j, "documents", '[');
	enum df_status st = ledger_documents(w->ledger, f->id, json_document, w, err);
	json_write_close(j);
	if (st != DF_OK)
		goto cleanup;
	json_write_open(j, "skipped_entries", '[');
	st = ledger_skips(w->ledger, f->id, json_skip, w, err);
	json_write_close(j);
cleanup:
	json_write_close(j);
	return st;
}

/* Ends the output's last line. */
static void json_end(struct status_json *w)
{
	df_buf_addc(&w->text, '\n');
	write_text(w);
	df_buf_free(&w->text);
}

enum df_status report_receipt_json(struct ledger *l, const struct ledger_file *f, FILE *to,
				   struct df_err *err)
{
	struct status_json w = {.ledger = l, .to = to, .receipt = true};
	w.json.out = &w.text;
	enum df_status st = file_json(&w, f, err);
	json_end(&w);
	return st;
}

static enum df_status json_file(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct status_json *w = ctx;
	if (report_status_full(w->filter, w->files))
		return DF_END;
	w->files++;
	json_write_break(&w->json, 1);
	return file_json(w, f, err);
}

static enum df_status json_condition(void *ctx, const struct ledger_condition *c,
				     struct df_err *err)
{
	struct status_json *w = ctx;
	(void)err;
	json_write_open(&w->json, NULL, '{');
	json_write_text(&w->json, "feed", c->feed);
	json_write_text(&w->json, "condition", c->name);
	put_time(&w->json, "since", c->now_ms / 1000);
	json_write_text(&w->json, "text", c->text);
	json_write_close(&w->json);
	return DF_OK;
}

static void json_running(struct status_json *w, const struct report_under_way *u)
{
	struct json_writer *j = &w->json;
	const struct report_running *r = &w->filter->running;
	if (r->pid == 0) {
		json_write_null(j, "running");
		return;
	}
	json_write_open(j, "running", '{');
	json_write_count(j, "pid", (uint64_t)r->pid);
	put_time(j, "since", r->since_s);
	json_write_count(j, "files", u->files);
	json_write_count(j, "rows", u->rows);
	json_write_count(j, "settled", u->settled);
	json_write_close(j);
}

/* Without a ledger the lists are empty. */
static enum df_status put_files(struct status_json *w, struct df_err *err)
{
	enum df_status st = DF_OK;
	json_write_break(&w->json, 0);
	json_write_open(&w->json, "files", '[');
	if (w->ledger != NULL)
		st = ledger_files_latest(w->ledger, &w->filter->files, json_file, w, err);
	json_write_break(&w->json, 0);
	json_write_close(&w->json);
	return st == DF_END ? DF_OK : st;
}

static enum df_status put_conditions(struct status_json *w, struct df_err *err)
{
	enum df_status st = DF_OK;
	json_write_open(&w->json, "conditions", '[');
	if (w->ledger != NULL)
		st = ledger_conditions(w->ledger, w->filter->files.feed, json_condition, w, err);
	json_write_close(&w->json);
	return st;
}

static enum df_status json_node(void *ctx, const struct ledger_node *n, struct df_err *err)
{
	struct json_writer *j = &((struct status_json *)ctx)->json;
	(void)err;
	json_write_open(j, NULL, '{');
	json_write_text(j, "name", n->name);
	json_write_text(j, "version", n->version);
	json_write_text(j, "configuration", n->config);
	json_write_count(j, "seen_ago", (uint64_t)n->seen_ago_ms / 1000);
	json_write_count(j, "files", n->files);
	json_write_close(j);
	return DF_OK;
}

/* Empty unless hosts share the ledger. */
static enum df_status put_nodes(struct status_json *w, struct df_err *err)
{
	enum df_status st = DF_OK;
	json_write_open(&w->json, "nodes", '[');
	if (w->ledger != NULL)
		st = ledger_nodes(w->ledger, json_node, w, err);
	json_write_close(&w->json);
	return st;
}

enum df_status report_status_json(struct ledger *l, const struct report_status_filter *filter,
				  FILE *to, struct df_err *err)
{
	struct status_json w = {.ledger = l, .to = to, .filter = filter};
	struct report_under_way under_way = {0};
	enum df_status st = report_under_way(l, filter, &under_way, err);
	w.json.out = &w.text;
	json_write_open(&w.json, NULL, '{');
	if (st != DF_OK)
		goto cleanup;
	json_running(&w, &under_way);
	st = put_files(&w, err);
	if (st != DF_OK)
		goto cleanup;

	st = put_conditions(&w, err);
	if (st != DF_OK)
		goto cleanup;
	st = put_nodes(&w, err);
cleanup:
	json_write_close(&w.json);
	json_end(&w);
	return st;
}
