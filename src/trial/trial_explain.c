/* SPDX-License-Identifier: MIT */
/*
 * One line's way through the rooms. The document is read up to the line, to show its cells; then it
 * is checked as a whole, as validate does, and its batches are made as import makes them, for
 * nothing less says which batch the row ends up in.
 */
#include "dropfeed/document.h"
#include "dropfeed/name.h"
#include "dropfeed/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void trial_explain_free(struct trial_explain *x)
{
	if (x == NULL)
		return;
	map_routes_free(&x->routes);
	map_close(x->map);
	free(x->feed);
	batch_free(x->batch);
	free(x->document);
	free(x->raw);
	free(x->cells);
	free(x->cell_text);
	free(x->warnings);
	free(x);
}

/* ---- the line ---- */

static void explain_keep_row(struct trial_explain *x, const struct rows_row *row)
{
	size_t len = 0;
	free(x->cell_text);
	free(x->cells);
	for (size_t i = 0; i < row->n_cells; i++)
		len += row->cells[i].len;
	x->cell_text = df_alloc(len + 1);
	x->cells = df_alloc((row->n_cells + 1) * sizeof(*x->cells));
	char *at = x->cell_text;
	for (size_t i = 0; i < row->n_cells; i++) {
		x->cells[i] = (struct rows_cell){at, row->cells[i].len};
		if (row->cells[i].len > 0)
			memcpy(at, row->cells[i].p, row->cells[i].len);
		at += row->cells[i].len;
	}
	x->n_cells = row->n_cells;
	x->line = row->line;
	x->row = row->number - (map_has_header(x->map) ? 1 : 0);
	x->header = x->row == 0;
	x->sound = row->fault == NULL;
	if (row->raw == NULL)
		return;

	x->raw_len = (size_t)row->length;
	x->raw = df_strndup(row->raw, x->raw_len);
}

/* The physical line on which the row ends: a quoted cell goes on after a line feed, never
 * after a lone CR. */
static uint64_t last_line(const struct rows_row *row)
{
	uint64_t line = row->line;
	for (size_t i = 0; i + 1 < row->length; i++)
		line += row->raw[i] == '\n';
	return line;
}

static enum df_status no_such_line(uint64_t wanted, uint64_t last, struct df_err *err)
{
	if (last == 0)
		return df_fail(DF_USAGE, err, NULL,
			       "there is no line %llu: the document has no rows",
			       (unsigned long long)wanted);
	return df_fail(DF_USAGE, err, NULL, "there is no line %llu: the last row ends on line %llu",
		       (unsigned long long)wanted, (unsigned long long)last);
}

/* Nothing of a row is on the line that was asked for. */
static enum df_status no_row(const struct trial_explain *x, uint64_t wanted, uint64_t next,
			     struct df_err *err)
{
	const struct conf_rows *rows = &x->feed->rows;
	const char *what = wanted <= rows->skip_lines ? "skipped by skip_lines"
			   : rows->comment != 0       ? "blank or a comment"
						      : "blank";
	return df_fail(DF_USAGE, err, NULL, "line %llu is %s; the next row is on line %llu",
		       (unsigned long long)wanted, what, (unsigned long long)next);
}

/* Compiles the program with the header, or with the first good row, and lists what it does. A
 * refusal is reported by the check. */
static enum df_status explain_first_row(struct trial_explain *x, const struct rows *rows,
					const struct rows_row *row)
{
	struct rows_row first = *row;
	struct df_err ignored = {0};
	struct rows_cell *own = NULL;
	bool header = map_is_header(x->map, row->cells, row->n_cells);
	enum df_status st = header ? document_header(x->map, x->feed, rows, &first, &own, &ignored)
				   : map_no_header(x->map, row->cells, row->n_cells, &ignored);
	free(own);
	map_describe(x->map, &x->routes);
	return st;
}

/* Reads up to the line. DF_OK: its row is kept, or the document is broken before it ends. */
static enum df_status find_row(struct trial_explain *x, struct rows *rows, uint64_t wanted,
			       bool *mapped, struct df_err *err)
{
	struct rows_row row;
	struct df_err broken = {0};
	uint64_t last = 0;
	bool kept = false; /* a row too large to count its lines, which may be the one */
	bool first = true;
	enum df_status st;
	while ((st = rows_next(rows, &row, &broken)) == DF_OK && row.line <= wanted) {
		if (first && row.fault == NULL)
			*mapped = explain_first_row(x, rows, &row) == DF_OK;
		bool header = first && map_has_header(x->map);
		first = first && row.fault != NULL && !map_has_header(x->map);
		last = row.raw != NULL ? last_line(&row) : row.line;
		kept = row.raw == NULL || wanted <= last;
		if (!kept) {
			if (*mapped && !header)
				map_above(x->map, row.cells, row.fault == NULL ? row.n_cells : 0);
			continue;
		}
		explain_keep_row(x, &row);
		if (row.raw != NULL)
			return DF_OK;
	}
	if (kept)
		return DF_OK;
	if (st == DF_OK)
		return no_row(x, wanted, row.line, err);
	if (st == DF_END)
		return no_such_line(wanted, last, err);
	if (st != DF_REJECT)
		return df_fail(st, err, broken.code, "%s", broken.text);

	x->line = wanted; /* in what a quote swallows that is never closed */
	return DF_OK;
}

/* ---- the document ---- */

struct explain_work {
	struct trial_explain *x;
	const char *file; /* its name, without folders */
	const char *sha256;
	const struct decode_doc *doc;
};

/* The row is taken through the map. Where it is rejected, the check says why. */
static void describe_row(struct trial_explain *x)
{
	struct map_record record = {0};
	if (x->row > 0 && x->sound)
		x->skipped =
		    map_describe_row(x->map, x->cells, x->n_cells, &x->routes, &record) == DF_END;
}

static enum df_status explain_row(struct explain_work *w, uint64_t wanted, struct df_err *err)
{
	struct trial_explain *x = w->x;
	struct rows *rows = NULL;
	struct df_err unread = {0};
	struct decode_bytes bytes;
	bool mapped = false;
	enum df_status st = map_open(x->feed, w->doc->event_type, &x->map, err);
	if (st != DF_OK)
		return st;

	st = document_rows_open(x->feed, w->doc, map_has_header(x->map), &bytes, &rows, &unread);
	if (st == DF_REJECT) {
		x->line = wanted;
		return DF_OK;
	}
	if (st != DF_OK)
		return df_fail(st, err, unread.code, "%s", unread.text);
	st = find_row(x, rows, wanted, &mapped, err);
	rows_close(rows);
	if (st == DF_OK && mapped)
		describe_row(x);
	return st;
}

static enum df_status take_faults(void *ctx, const struct document_pass_reject *r,
				  struct df_err *err)
{
	struct trial_explain *x = ((struct explain_work *)ctx)->x;
	(void)err;
	if (r->where.number != x->row)
		return DF_OK;
	x->n_faults = r->n_faults;
	for (size_t i = 0; i < r->n_faults; i++) {
		x->faults[i] = r->faults[i];
		/* the check's map goes away */
		x->faults[i].name = map_column_name(x->map, r->faults[i].column);
	}
	return DF_OK;
}

static bool is_line(void *ctx, const struct batch_row *row)
{
	return row->number == ((struct trial_explain *)ctx)->row;
}

static enum df_status take_batch(void *ctx, struct batch *b, struct df_err *err)
{
	struct explain_work *w = ctx;
	struct trial_explain *x = w->x;
	const struct batch_form *form = batch_form_for(x->feed, w->doc->event_type);
	(void)err;
	for (size_t i = 0; i < b->n_rows && x->batch == NULL; i++) {
		if (b->rows[i].number != x->row)
			continue;
		x->batch = b;
		x->at = i;
		if (b->objects == NULL)
			return DF_END;
		/* what the others of the batch become is not asked for */
		batch_keep_rows(b, &(struct batch_keep){.keeps = is_line, .ctx = x});
		form->write(b);
		x->at = 0;
		return DF_END;
	}

	batch_free(b);
	return DF_OK;
}

static enum df_status check_as_validate(struct explain_work *w,
					const struct batch_settings *settings, struct df_err *err)
{
	struct trial_explain *x = w->x;
	struct document_pass pass = {.feed = w->x->feed, .file = w->file, .doc = w->doc};
	struct document_forecast found = {0};
	enum df_status st =
	    document_preflight(&pass, settings, take_faults, w, &found, &x->refused);
	x->warnings = document_pass_warnings(&pass, &x->n_warnings);
	document_pass_end(&pass);
	x->rows = found.rows;
	x->rejected = found.rejected;
	x->accepted = found.rows - found.rejected - found.skipped;
	x->batches = found.batches;
	x->events = found.events;
	return st == DF_OK || st == DF_REJECT
		   ? DF_OK
		   : df_fail(st, err, x->refused.code, "%s", x->refused.text);
}

static enum df_status explain_document(struct explain_work *w, uint64_t line, struct df_err *err)
{
	struct trial_explain *x = w->x;
	struct batch_settings settings =
	    document_batch_settings(w->x->feed, w->sha256, w->doc, df_now_ms());
	settings.scratch = df_scratch();
	x->document = df_strdup(w->doc->name);
	snprintf(x->event_type, sizeof(x->event_type), "%s", w->doc->event_type);
	enum df_status st = explain_row(w, line, err);
	if (st != DF_OK)
		return st;
	st = check_as_validate(w, &settings, err);
	if (st != DF_OK || x->refused.text[0] != '\0' || x->n_faults > 0 || x->row == 0)
		return st;

	struct document_pass pass = {.feed = w->x->feed, .file = w->file, .doc = w->doc};
	st = document_batches(&pass, &settings, take_batch, NULL, w, err);
	document_pass_end(&pass);
	return st == DF_END ? DF_OK : st;
}

/* ---- the file ---- */

static const char *entry_name(const struct decode *d, size_t i)
{
	const char *name = decode_doc(d, i)->name;
	return name != NULL ? name : "";
}

static enum df_status no_document(const struct decode *d, const char *entry, struct df_err *err)
{
	size_t n = decode_count(d);
	struct df_buf names = {.max = 1000};
	if (n == 1 && decode_doc(d, 0)->name == NULL)
		return df_fail(DF_USAGE, err, NULL,
			       "the file is not an archive: name it as FILE:LINE");
	for (size_t i = 0; i < n; i++)
		df_buf_addf(&names, "%s%s", i > 0 ? ", " : "", entry_name(d, i));
	if (entry != NULL)
		df_fail(DF_USAGE, err, NULL, "there is no document '%s' in it; there are: %s",
			entry, df_buf_cstr(&names));
	else
		df_fail(DF_USAGE, err, NULL,
			"the archive has %zu documents: name one as FILE:ENTRY:LINE; there are: %s",
			n, df_buf_cstr(&names));
	df_buf_free(&names);
	return DF_USAGE;
}

static enum df_status choose_document(const struct decode *d, const char *entry,
				      const struct decode_doc **out, struct df_err *err)
{
	size_t n = decode_count(d);
	*out = NULL;
	for (size_t i = 0; i < n; i++)
		if (entry == NULL ? n == 1 : strcmp(entry, entry_name(d, i)) == 0)
			*out = decode_doc(d, i);
	return *out != NULL ? DF_OK : no_document(d, entry, err);
}

static enum df_status open_file(const char *path, int *fd, char sha256[DF_SHA256_HEX],
				struct df_err *err)
{
	struct stat info;
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return df_fail(DF_USAGE, err, NULL, "cannot read it: %s", strerror(errno));
	if (fstat(*fd, &info) != 0 || !S_ISREG(info.st_mode))
		return df_fail(DF_USAGE, err, NULL, "it is not a regular file");
	return df_copy(*fd, -1, sha256, err);
}

/* A refused file is explained as well: DF_REJECT with why in w->x->refused. */
static enum df_status open_documents(struct explain_work *w, int fd, struct decode **d,
				     struct df_err *err)
{
	struct df_err why = {0};
	enum df_status st = decode_open(w->x->feed, w->file, fd, df_scratch(), d, &why);
	if (st == DF_OK)
		return st;
	if (st == DF_REJECT)
		w->x->refused = why;
	else
		*err = why;
	return st;
}

static enum df_status explain_file(struct explain_work *w, const struct trial_place *at, int fd,
				   struct df_err *err)
{
	struct decode *d = NULL;
	enum df_status st = open_documents(w, fd, &d, err);
	if (st != DF_OK)
		return st;
	st = choose_document(d, at->entry, &w->doc, err);
	if (st != DF_OK)
		goto cleanup;
	if (w->doc != NULL)
		st = explain_document(w, at->line, err);
cleanup:
	decode_close(d);
	return st;
}

enum df_status trial_explain_line(const struct conf_feed *feed, const struct trial_place *at,
				  struct trial_explain **out, struct df_err *err)
{
	char sha256[DF_SHA256_HEX];
	struct explain_work w = {.file = df_base_name(at->path), .sha256 = sha256};
	struct name parsed;
	struct df_err ignored = {0};
	int fd = -1;
	w.x = df_alloc(sizeof(*w.x));
	w.x->feed = df_alloc(sizeof(*feed));
	*w.x->feed = *feed; /* its pointers stay the feed's */
	if (at->encryption_by_name &&
	    name_parse_as(w.file, feed->decode.document_type, &parsed, &ignored) == DF_OK)
		w.x->feed->decode.encrypted = parsed.encrypted;

	enum df_status st = open_file(at->path, &fd, sha256, err);
	if (st == DF_OK)
		st = explain_file(&w, at, fd, err);
	if (fd >= 0)
		close(fd);
	if (st != DF_OK && (st != DF_REJECT || w.x->refused.text[0] == '\0')) {
		trial_explain_free(w.x);
		*out = NULL;
		return st;
	}
	*out = w.x;
	return DF_OK;
}

size_t trial_explain_columns(const struct trial_explain *x)
{
	return x->map != NULL ? map_columns(x->map) : 0;
}

const char *trial_explain_column(const struct trial_explain *x, size_t column)
{
	return map_column_name(x->map, column);
}
