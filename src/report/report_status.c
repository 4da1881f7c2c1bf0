/* SPDX-License-Identifier: MIT */
#include "dropfeed/report.h"
#include "report_requests.h"

#include "dropfeed/json.h"

#include <stdlib.h>
#include <time.h>

struct status_walk {
	struct ledger *ledger;
	FILE *to;
	struct df_buf text; /* own: JSON that is not written yet */
	struct json_writer json;
	bool first; /* no document of the file was shown yet */
	/* what others may read: no paths of this machine, nothing that is still to come */
	bool receipt;
	const struct report_status_filter *filter;
	uint64_t files, open, refused, rows, delivered, rejected, skipped;
};

/* DF_END: enough of them were shown. */
static enum df_status shows(const struct status_walk *w, const struct ledger_file *f, bool *shown)
{
	const struct report_status_filter *filter = w->filter;
	*shown = filter->names == NULL || filter->names(filter->ctx, f->name);
	return filter->last != 0 && w->files == filter->last ? DF_END : DF_OK;
}

/* False: no calendar has that time, as the one that somebody gave a file. */
static bool stamp(int64_t seconds, char *out, size_t size)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	return gmtime_r(&t, &tm) != NULL && strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0;
}

/* Rows that something became of. */
static uint64_t settled(const struct ledger_document *d)
{
	return d->delivered + d->rejected + d->skipped;
}

/* ---- what a run is doing ---- */

struct report_under_way { /* files that are not closed */
	struct ledger *ledger;
	uint64_t files, rows, settled;
};

static enum df_status add_document(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	struct report_under_way *u = ctx;
	(void)err;
	u->rows += d->state != LEDGER_REFUSED ? d->rows : 0;
	u->settled += d->state != LEDGER_REFUSED ? settled(d) : 0;
	return DF_OK;
}

static enum df_status add_file(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct report_under_way *u = ctx;
	if (ledger_closes(f->state))
		return DF_OK;
	u->files++;
	return ledger_documents(u->ledger, f->id, add_document, u, err);
}

/* Only while a run is there: nobody else goes on with them. */
static enum df_status look_under_way(struct ledger *l, const struct report_status_filter *filter,
				     struct report_under_way *out, struct df_err *err)
{
	const struct ledger_latest open = {.open_only = true};
	*out = (struct report_under_way){.ledger = l};
	if (l == NULL || filter->running.pid == 0)
		return DF_OK;
	return ledger_files_latest(l, &open, add_file, out, err);
}

/* ---- JSON ---- */

/* Writes what there is so far; more follows. */
static void flush(struct status_walk *w)
{
	fwrite(w->text.data, 1, w->text.len, w->to);
	df_buf_reset(&w->text);
}

static void put_time(struct json_writer *j, const char *key, int64_t seconds)
{
	char when[40];
	json_write_text(j, key, seconds != 0 && stamp(seconds, when, sizeof(when)) ? when : NULL);
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
	struct status_walk *w = ctx;
	struct json_writer *j = &w->json;
	json_write_open(j, NULL, '{');
	json_write_text(j, "entry", s->name);
	json_write_text(j, "why", s->why);
	json_write_bool(j, "csv", s->csv);
	json_write_close(j);
	flush(w);
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
static enum df_status put_reasons(struct ledger *l, int64_t document, struct json_writer *j,
				  struct df_err *err)
{
	struct codes codes = {0};
	enum df_status st = ledger_reasons(l, document, add_code, &codes, err);
	for (size_t i = 0; i < codes.n; i++)
		json_write_count(j, codes.v[i].code, codes.v[i].rows);
	free(codes.v);
	return st;
}

static enum df_status json_document(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	enum df_status st = DF_OK;
	struct status_walk *w = ctx;
	struct json_writer *j = &w->json;
	const char *rejects = d->state != LEDGER_REFUSED ? d->text : NULL;
	json_write_break(j, 3);
	json_write_open(j, NULL, '{');
	json_write_text(j, "document", d->name);
	json_write_text(j, "event_type", d->event_type);
	json_write_text(j, "state", ledger_state_name(d->state));
	put_time(j, "begun", d->begun_ms / 1000);
	put_time(j, "closed", d->closed_ms / 1000);
	json_write_count(j, "rows", d->rows);
	json_write_count(j, "delivered", d->delivered);
	json_write_count(j, "rejected", d->rejected);
	json_write_count(j, "skipped", d->skipped);
	json_write_count(j, "batches", d->batches);
	json_write_count(j, "events", d->events);
	json_write_bool(j, "balanced", d->rows == settled(d));
	json_write_open(j, "rejected_by", '{');
	if (d->rejected > 0)
		st = put_reasons(w->ledger, d->id, j, err);
	json_write_close(j);
	if (st == DF_OK)
		st = report_requests_json(w->ledger, d, w->receipt, j, err);
	json_write_text(j, "first_batch", d->first_batch);
	json_write_text(j, "last_batch", d->last_batch);
	json_write_text(j, "rejects",
			rejects != NULL && w->receipt ? df_base_name(rejects) : rejects);
	put_refused(j, d->state == LEDGER_REFUSED ? d->code : NULL, d->text);
	json_write_close(j);
	flush(w);
	return st;
}

static enum df_status file_json(struct status_walk *w, const struct ledger_file *f,
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
	json_write_open(j, "skipped_entries", '[');
	if (st == DF_OK)
		st = ledger_skips(w->ledger, f->id, json_skip, w, err);
	json_write_close(j);
	json_write_close(j);
	return st;
}

/* Ends the output's last line. */
static void json_end(struct status_walk *w)
{
	df_buf_addc(&w->text, '\n');
	flush(w);
	df_buf_free(&w->text);
}

enum df_status report_receipt_json(struct ledger *l, const struct ledger_file *f, FILE *to,
				   struct df_err *err)
{
	struct status_walk w = {.ledger = l, .to = to, .receipt = true};
	w.json.out = &w.text;
	enum df_status st = file_json(&w, f, err);
	json_end(&w);
	return st;
}

static enum df_status json_file(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct status_walk *w = ctx;
	bool shown = false;
	enum df_status st = shows(w, f, &shown);
	if (st != DF_OK || !shown)
		return st;
	w->files++;
	json_write_break(&w->json, 1);
	return file_json(w, f, err);
}

static enum df_status json_condition(void *ctx, const struct ledger_condition *c,
				     struct df_err *err)
{
	struct status_walk *w = ctx;
	(void)err;
	json_write_open(&w->json, NULL, '{');
	json_write_text(&w->json, "feed", c->feed);
	json_write_text(&w->json, "condition", c->name);
	put_time(&w->json, "since", c->now_ms / 1000);
	json_write_text(&w->json, "text", c->text);
	json_write_close(&w->json);
	return DF_OK;
}

static void json_running(struct status_walk *w, const struct report_under_way *u)
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

enum df_status report_status_json(struct ledger *l, const struct report_status_filter *filter,
				  FILE *to, struct df_err *err)
{
	struct status_walk w = {.ledger = l, .to = to, .filter = filter};
	struct report_under_way under_way = {0};
	enum df_status st = look_under_way(l, filter, &under_way, err);
	w.json.out = &w.text;
	json_write_open(&w.json, NULL, '{');
	json_running(&w, &under_way);
	json_write_break(&w.json, 0);
	json_write_open(&w.json, "files", '[');
	if (st == DF_OK && l != NULL)
		st = ledger_files_latest(l, &filter->files, json_file, &w, err);
	json_write_break(&w.json, 0);
	json_write_close(&w.json);
	if (st == DF_END)
		st = DF_OK;
	json_write_open(&w.json, "conditions", '[');
	if (l != NULL && st == DF_OK)
		st = ledger_conditions(l, filter->files.feed, json_condition, &w, err);
	json_write_close(&w.json);
	json_write_close(&w.json);
	json_end(&w);
	return st;
}

/* ---- text ---- */

static void print_text(FILE *to, const char *s)
{
	struct df_buf b = {0};
	df_printable(&b, s);
	fwrite(b.data, 1, b.len, to);
	df_buf_free(&b);
}

static void print_sum(FILE *to, uint64_t delivered, uint64_t rejected, uint64_t skipped)
{
	fprintf(to, "%llu delivered + %llu rejected", (unsigned long long)delivered,
		(unsigned long long)rejected);
	if (skipped > 0)
		fprintf(to, " + %llu skipped", (unsigned long long)skipped);
}

/* Entries of a zip that somebody may miss. */
static enum df_status text_skip(void *ctx, const struct ledger_skipped *s, struct df_err *err)
{
	(void)err;
	struct status_walk *w = ctx;
	if (!s->csv)
		return DF_OK;
	fputs("    skipped  ", w->to);
	print_text(w->to, s->name);
	fputs(": ", w->to);
	print_text(w->to, s->why);
	fputc('\n', w->to);
	return DF_OK;
}

static enum df_status text_document(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	struct status_walk *w = ctx;
	w->rows += d->rows;
	w->delivered += d->delivered;
	w->rejected += d->rejected;
	w->skipped += d->skipped;
	fprintf(w->to, "    %-8s %10llu rows = ", ledger_state_name(d->state),
		(unsigned long long)d->rows);
	print_sum(w->to, d->delivered, d->rejected, d->skipped);
	if (d->rows > settled(d) && d->state != LEDGER_REFUSED)
		fprintf(w->to, " + %llu to go", (unsigned long long)(d->rows - settled(d)));
	if (d->rows < settled(d))
		fprintf(w->to, ": these are %llu too many",
			(unsigned long long)(settled(d) - d->rows));
	fprintf(w->to, ", %llu batches, %s", (unsigned long long)d->batches, d->event_type);
	if (d->name != NULL) {
		fputs(": ", w->to);
		print_text(w->to, d->name);
	}
	fputc('\n', w->to);
	if (d->state == LEDGER_REFUSED && d->text != NULL) {
		fprintf(w->to, "             %s: ", d->code != NULL ? d->code : "");
		print_text(w->to, d->text);
		fputc('\n', w->to);
	}
	w->first = false;
	return report_requests_text(w->ledger, d, w->to, err);
}

static enum df_status text_file(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct status_walk *w = ctx;
	char when[40] = "";
	bool shown = false;
	enum df_status st = shows(w, f, &shown);
	if (st != DF_OK || !shown)
		return st;
	(void)stamp((f->closed_ms != 0 ? f->closed_ms : f->pulled_ms) / 1000, when, sizeof(when));
	w->files++;
	w->open += !ledger_closes(f->state);
	w->refused += f->state == LEDGER_REFUSED;
	fprintf(w->to, "%s  %-8s %s: ", when, ledger_state_name(f->state), f->feed);
	print_text(w->to, f->name);
	if (f->cleanup_due)
		fputs(" (still to be moved or deleted at the source)", w->to);
	if (f->given_up != NULL) {
		fputs(" (left at the source: ", w->to);
		print_text(w->to, f->given_up);
		fputc(')', w->to);
	}
	fputc('\n', w->to);
	w->first = true;
	st = ledger_documents(w->ledger, f->id, text_document, w, err);
	if (st == DF_OK && w->first && f->text != NULL) { /* no document says it */
		fprintf(w->to, "             %s: ", f->code != NULL ? f->code : "");
		print_text(w->to, f->text);
		fputc('\n', w->to);
	}
	return st == DF_OK ? ledger_skips(w->ledger, f->id, text_skip, w, err) : st;
}

/* What is not as it should be with a feed, whatever its files are. */
static enum df_status text_condition(void *ctx, const struct ledger_condition *c,
				     struct df_err *err)
{
	char when[40];
	FILE *to = ctx;
	(void)err;
	if (!stamp(c->now_ms / 1000, when, sizeof(when)))
		when[0] = '\0';
	fprintf(to, "%s: %s since %s: ", c->feed, c->name, when);
	print_text(to, c->text);
	fputc('\n', to);
	return DF_OK;
}

static void print_running(FILE *to, const struct report_running *r,
			  const struct report_under_way *u)
{
	char since[40] = "";
	if (r->pid == 0)
		return;
	(void)stamp(r->since_s, since, sizeof(since));
	fprintf(to, "running: process %ld since %s", r->pid, since);
	if (u->files > 0)
		fprintf(to, ", %llu files under way", (unsigned long long)u->files);
	if (u->rows > 0)
		fprintf(to, ", %llu of %llu rows settled (%u%%)", (unsigned long long)u->settled,
			(unsigned long long)u->rows,
			(unsigned)((double)u->settled * 100 / (double)u->rows));
	fputc('\n', to);
}

enum df_status report_status_text(struct ledger *l, const struct report_status_filter *filter,
				  FILE *to, struct df_err *err)
{
	struct status_walk w = {.ledger = l, .to = to, .filter = filter};
	bool all = filter->files.since_ms == 0 && !filter->files.open_only && filter->names == NULL;
	struct report_under_way under_way = {0};
	enum df_status st = look_under_way(l, filter, &under_way, err);
	if (st == DF_OK)
		print_running(to, &filter->running, &under_way);
	if (st == DF_OK && l != NULL && filter->names == NULL)
		st = ledger_conditions(l, filter->files.feed, text_condition, to, err);
	if (st == DF_OK && l != NULL)
		st = ledger_files_latest(l, &filter->files, text_file, &w, err);
	st = st == DF_END ? DF_OK : st;
	if (w.files == 0) {
		fputs(all ? "no files received yet\n" : "nothing to show\n", to);
		return st;
	}
	fprintf(to, "%llu files (%llu unfinished, %llu refused): %llu rows = ",
		(unsigned long long)w.files, (unsigned long long)w.open,
		(unsigned long long)w.refused, (unsigned long long)w.rows);
	print_sum(to, w.delivered, w.rejected, w.skipped);
	uint64_t sum = w.delivered + w.rejected + w.skipped;
	if (w.rows > sum)
		fprintf(to, " + %llu unfinished or refused with their document",
			(unsigned long long)(w.rows - sum));
	if (w.rows < sum)
		fprintf(to, ": these are %llu too many", (unsigned long long)(sum - w.rows));
	fputc('\n', to);
	return st;
}
