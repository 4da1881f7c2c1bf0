/* SPDX-License-Identifier: MIT */
/* Why rows of a document were rejected. */
#include "dropfeed/report.h"

#include "dropfeed/json.h"

#include <stdlib.h>

/* "3, 7, 9"; "..." where there are more rows than lines. */
static void add_lines(struct df_buf *b, const struct ledger_reason *r)
{
	for (size_t i = 0; i < LEDGER_REASON_LINES && r->lines[i] != 0; i++)
		df_buf_addf(b, "%s%llu", i > 0 ? ", " : "", (unsigned long long)r->lines[i]);
	if (r->rows > LEDGER_REASON_LINES && r->lines[0] != 0)
		df_buf_adds(b, ", ...");
}

static enum df_status text_reason(void *ctx, const struct ledger_reason *r, struct df_err *err)
{
	FILE *to = ctx;
	struct df_buf column = {0}, lines = {0};
	(void)err;
	df_printable(&column, r->column[0] != '\0' ? r->column : "-");
	add_lines(&lines, r);
	fprintf(to, "%10llu  %-18s  %-32s  %s\n", (unsigned long long)r->rows, r->code,
		df_buf_cstr(&column), df_buf_cstr(&lines));
	df_buf_free(&column);
	df_buf_free(&lines);
	return DF_OK;
}

enum df_status report_reasons_text(struct ledger *l, const struct ledger_file *f,
				   const struct ledger_document *d, FILE *to, struct df_err *err)
{
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
	return ledger_reasons(l, d->id, text_reason, to, err);
}

static enum df_status json_reason(void *ctx, const struct ledger_reason *r, struct df_err *err)
{
	struct json_writer *j = ctx;
	(void)err;
	json_write_open(j, NULL, '{');
	json_write_text(j, "code", r->code);
	json_write_filled(j, "column", r->column);
	json_write_count(j, "rows", r->rows);
	json_write_open(j, "lines", '[');
	for (size_t i = 0; i < LEDGER_REASON_LINES && r->lines[i] != 0; i++)
		json_write_count(j, NULL, r->lines[i]);
	json_write_close(j);
	json_write_close(j);
	return DF_OK;
}

enum df_status report_reasons_json(struct ledger *l, const struct ledger_file *f,
				   const struct ledger_document *d, FILE *to, struct df_err *err)
{
	struct df_buf b = {0};
	struct json_writer j = {.out = &b};
	json_write_open(&j, NULL, '{');
	json_write_text(&j, "feed", f->feed);
	json_write_text(&j, "file", f->name);
	json_write_text(&j, "document", d->name);
	json_write_count(&j, "rows", d->rows);
	json_write_count(&j, "rejected", d->rejected);
	json_write_open(&j, "reasons", '[');
	enum df_status st = ledger_reasons(l, d->id, json_reason, &j, err);
	json_write_close(&j);
	json_write_close(&j);
	df_buf_addc(&b, '\n');
	fwrite(b.data, 1, b.len, to);
	df_buf_free(&b);
	return st;
}
