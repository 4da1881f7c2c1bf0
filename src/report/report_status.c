/* SPDX-License-Identifier: MIT */
#include "dropfeed/report.h"

#include <stdlib.h>
#include <time.h>

struct status_walk {
	struct ledger *ledger;
	FILE *to;
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

/* ---- JSON ---- */

static void add_text(struct df_buf *b, const char *key, const char *value)
{
	df_buf_addf(b, "\"%s\":", key);
	if (value == NULL)
		df_buf_adds(b, "null");
	else
		df_json_text(b, value, strlen(value)); /* a file's name may be any bytes */
	df_buf_addc(b, ',');
}

static void add_time(struct df_buf *b, const char *key, int64_t seconds)
{
	char when[40];
	add_text(b, key, seconds != 0 && stamp(seconds, when, sizeof(when)) ? when : NULL);
}

static void add_refused(struct df_buf *b, const char *code, const char *text)
{
	df_buf_adds(b, "\"refused\":");
	if (code == NULL) {
		df_buf_adds(b, "null");
		return;
	}
	df_buf_addc(b, '{');
	add_text(b, "code", code);
	add_text(b, "message", text != NULL ? text : "");
	b->len--; /* the last comma */
	df_buf_addc(b, '}');
}

/* Rows that something became of. */
static uint64_t settled(const struct ledger_document *d)
{
	return d->delivered + d->rejected + d->skipped;
}

static enum df_status json_skip(void *ctx, const struct ledger_skipped *s, struct df_err *err)
{
	(void)err;
	struct status_walk *w = ctx;
	struct df_buf b = {0};
	df_buf_adds(&b, w->first ? "{" : ",{");
	add_text(&b, "entry", s->name);
	add_text(&b, "why", s->why);
	df_buf_addf(&b, "\"csv\":%s}", s->csv ? "true" : "false");
	fwrite(b.data, 1, b.len, w->to);
	df_buf_free(&b);
	w->first = false;
	return DF_OK;
}

static enum df_status json_document(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	(void)err;
	struct status_walk *w = ctx;
	struct df_buf b = {0};
	df_buf_addf(&b, "%s\n   {", w->first ? "" : ",");
	add_text(&b, "document", d->name);
	add_text(&b, "event_type", d->event_type);
	add_text(&b, "state", ledger_state_name(d->state));
	add_time(&b, "begun", d->begun_ms / 1000);
	add_time(&b, "closed", d->closed_ms / 1000);
	df_buf_addf(&b, "\"rows\":%llu,\"delivered\":%llu,\"rejected\":%llu,\"skipped\":%llu,",
		    (unsigned long long)d->rows, (unsigned long long)d->delivered,
		    (unsigned long long)d->rejected, (unsigned long long)d->skipped);
	df_buf_addf(&b, "\"batches\":%llu,\"events\":%llu,", (unsigned long long)d->batches,
		    (unsigned long long)d->events);
	df_buf_addf(&b, "\"balanced\":%s,", d->rows == settled(d) ? "true" : "false");
	df_buf_addf(&b, "\"rejected_by\":%s,", d->reasons != NULL ? d->reasons : "{}");
	add_text(&b, "first_batch", d->first_batch);
	add_text(&b, "last_batch", d->last_batch);
	const char *rejects = d->state != LEDGER_REFUSED ? d->text : NULL;
	add_text(&b, "rejects", rejects != NULL && w->receipt ? df_base_name(rejects) : rejects);
	add_refused(&b, d->state == LEDGER_REFUSED ? d->code : NULL, d->text);
	df_buf_addc(&b, '}');
	fwrite(b.data, 1, b.len, w->to);
	df_buf_free(&b);
	w->first = false;
	return DF_OK;
}

static enum df_status file_json(struct ledger *l, const struct ledger_file *f, bool receipt,
				FILE *to, struct df_err *err)
{
	struct status_walk w = {.ledger = l, .to = to, .first = true, .receipt = receipt};
	struct df_buf b = {0};
	df_buf_addc(&b, '{');
	add_text(&b, "feed", f->feed);
	add_text(&b, "file", f->name);
	df_buf_addf(&b, "\"size\":%llu,", (unsigned long long)f->size);
	add_time(&b, "modified", f->mtime);
	add_text(&b, "sha256", f->sha256);
	add_text(&b, "state", ledger_state_name(f->state));
	add_time(&b, "pulled", f->pulled_ms / 1000);
	add_time(&b, "closed", f->closed_ms / 1000);
	if (!receipt)
		df_buf_addf(&b, "\"cleanup_due\":%s,", f->cleanup_due ? "true" : "false");
	if (!receipt)
		add_text(&b, "left_at_source", f->given_up);
	add_text(&b, "note", f->state != LEDGER_REFUSED ? f->text : NULL);
	add_refused(&b, f->state == LEDGER_REFUSED ? f->code : NULL, f->text);
	df_buf_adds(&b, ",\"documents\":[");
	fwrite(b.data, 1, b.len, to);
	df_buf_free(&b);
	enum df_status st = ledger_documents(l, f->id, json_document, &w, err);
	fputs("],\"skipped_entries\":[", to);
	w.first = true;
	if (st == DF_OK)
		st = ledger_skips(l, f->id, json_skip, &w, err);
	fputs("]}", to);
	return st;
}

enum df_status report_receipt_json(struct ledger *l, const struct ledger_file *f, FILE *to,
				   struct df_err *err)
{
	enum df_status st = file_json(l, f, true, to, err);
	fputc('\n', to);
	return st;
}

static enum df_status json_file(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct status_walk *w = ctx;
	bool shown = false;
	enum df_status st = shows(w, f, &shown);
	if (st != DF_OK || !shown)
		return st;
	fputs(w->files++ > 0 ? ",\n " : "\n ", w->to);
	return file_json(w->ledger, f, false, w->to, err);
}

enum df_status report_status_json(struct ledger *l, const struct report_status_filter *filter,
				  FILE *to, struct df_err *err)
{
	struct status_walk w = {.ledger = l, .to = to, .filter = filter};
	fputs("{\"files\":[", to);
	enum df_status st =
	    l != NULL ? ledger_files_latest(l, &filter->files, json_file, &w, err) : DF_OK;
	fputs("\n]}\n", to);
	return st == DF_END ? DF_OK : st;
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
	(void)err;
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
	return DF_OK;
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

enum df_status report_status_text(struct ledger *l, const struct report_status_filter *filter,
				  FILE *to, struct df_err *err)
{
	struct status_walk w = {.ledger = l, .to = to, .filter = filter};
	bool all = filter->files.since_ms == 0 && !filter->files.open_only && filter->names == NULL;
	enum df_status st =
	    l != NULL ? ledger_files_latest(l, &filter->files, text_file, &w, err) : DF_OK;
	st = st == DF_END ? DF_OK : st;
	if (w.files == 0) {
		fputs(all ? "nothing has come yet\n" : "nothing to show\n", to);
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

/* ---- for monitors ---- */

struct health_walk {
	struct ledger *ledger;
	struct report_health *out;
};

static enum df_status any_rejected(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	(void)err;
	*(bool *)ctx = *(bool *)ctx || d->rejected > 0 || d->state == LEDGER_REFUSED;
	return DF_OK;
}

static enum df_status health_file(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct health_walk *w = ctx;
	bool faulty = f->state == LEDGER_REFUSED || f->state == LEDGER_ABANDONED;
	if (!ledger_closes(f->state)) {
		w->out->unfinished++;
		return DF_OK;
	}
	enum df_status st = ledger_documents(w->ledger, f->id, any_rejected, &faulty, err);
	w->out->unfinished += f->cleanup_due;
	w->out->faulty += faulty;
	return st;
}

enum df_status report_health(struct ledger *l, const char *feed, int64_t since_ms,
			     struct report_health *out, struct df_err *err)
{
	struct health_walk w = {.ledger = l, .out = out};
	const struct ledger_latest recent = {.feed = feed, .since_ms = since_ms};
	*out = (struct report_health){0};
	return ledger_files_latest(l, &recent, health_file, &w, err);
}
