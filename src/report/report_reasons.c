/* SPDX-License-Identifier: MIT */
/* Why rows of a document were rejected. */
#include "dropfeed/report.h"

#include <stdlib.h>

struct reasons_walk {
	FILE *to;
	bool first;
};

/* "3, 7, 9"; "..." where there are more rows than lines. */
static void add_lines(struct df_buf *b, const struct ledger_reason *r, bool more)
{
	for (size_t i = 0; i < LEDGER_REASON_LINES && r->lines[i] != 0; i++)
		df_buf_addf(b, "%s%llu", i > 0 ? ", " : "", (unsigned long long)r->lines[i]);
	if (more && r->rows > LEDGER_REASON_LINES && r->lines[0] != 0)
		df_buf_adds(b, ", ...");
}

static enum df_status text_reason(void *ctx, const struct ledger_reason *r, struct df_err *err)
{
	struct reasons_walk *w = ctx;
	struct df_buf column = {0}, lines = {0};
	(void)err;
	df_printable(&column, r->column[0] != '\0' ? r->column : "-");
	add_lines(&lines, r, true);
	fprintf(w->to, "%10llu  %-18s  %-32s  %s\n", (unsigned long long)r->rows, r->code,
		df_buf_cstr(&column), df_buf_cstr(&lines));
	df_buf_free(&column);
	df_buf_free(&lines);
	return DF_OK;
}

enum df_status report_reasons_text(struct ledger *l, const struct ledger_file *f,
				   const struct ledger_document *d, FILE *to, struct df_err *err)
{
	struct reasons_walk w = {.to = to};
	struct df_buf name = {0};
	df_printable(&name, f->name);
	if (d->name != NULL) {
		df_buf_addc(&name, ':');
		df_printable(&name, d->name);
	}
	fprintf(to, "%s: %s: %llu of %llu rows rejected\n%10s  %-18s  %-32s  %s\n", f->feed,
		df_buf_cstr(&name), (unsigned long long)d->rejected, (unsigned long long)d->rows,
		"rows", "code", "column", "first lines");
	df_buf_free(&name);
	return ledger_reasons(l, d->id, text_reason, &w, err);
}

static enum df_status json_reason(void *ctx, const struct ledger_reason *r, struct df_err *err)
{
	struct reasons_walk *w = ctx;
	struct df_buf b = {0};
	(void)err;
	df_buf_addf(&b, "%s{\"code\":", w->first ? "" : ",");
	df_json_text(&b, r->code, strlen(r->code));
	df_buf_adds(&b, ",\"column\":");
	if (r->column[0] != '\0')
		df_json_text(&b, r->column, strlen(r->column));
	else
		df_buf_adds(&b, "null");
	df_buf_addf(&b, ",\"rows\":%llu,\"lines\":[", (unsigned long long)r->rows);
	add_lines(&b, r, false);
	df_buf_adds(&b, "]}");
	fwrite(b.data, 1, b.len, w->to);
	df_buf_free(&b);
	w->first = false;
	return DF_OK;
}

enum df_status report_reasons_json(struct ledger *l, const struct ledger_file *f,
				   const struct ledger_document *d, FILE *to, struct df_err *err)
{
	struct reasons_walk w = {.to = to, .first = true};
	struct df_buf b = {0};
	df_buf_adds(&b, "{\"feed\":");
	df_json_text(&b, f->feed, strlen(f->feed));
	df_buf_adds(&b, ",\"file\":");
	df_json_text(&b, f->name, strlen(f->name));
	df_buf_adds(&b, ",\"document\":");
	if (d->name != NULL)
		df_json_text(&b, d->name, strlen(d->name));
	else
		df_buf_adds(&b, "null");
	df_buf_addf(&b, ",\"rows\":%llu,\"rejected\":%llu,\"reasons\":[",
		    (unsigned long long)d->rows, (unsigned long long)d->rejected);
	fwrite(b.data, 1, b.len, to);
	df_buf_free(&b);
	enum df_status st = ledger_reasons(l, d->id, json_reason, &w, err);
	fputs("]}\n", to);
	return st;
}
