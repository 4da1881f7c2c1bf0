/* SPDX-License-Identifier: MIT */
/*
 * The reject file is written when everything else of the document is settled, by reading the document once more: what
 * the map rejects, it rejects again, and what the API rejected the ledger knows by row number. So nothing about
 * rejects has to be kept in step with sending, and a crash at any point costs no more than doing this again.
 */
#include "dropfeed/document.h"

#include "dropfeed/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define API_PAGE 512 /* rows that the API rejected, in memory at a time */

struct api_reject {
	uint64_t row;
	char *message; /* own */
	char code[32];
};

struct reason {
	char code[32];
	uint64_t rows;
};

struct rejects_walk {
	struct document_walk *walk;
	struct report_rejects *file;
	struct ledger *ledger;
	int64_t document_id;
	struct api_reject api[API_PAGE]; /* the next ones, by row number */
	size_t n_api, next_api;
	uint64_t after; /* the last one's row */
	bool more;      /* behind it there may be others */
	struct df_buf raw, reason;
	struct reason *reasons; /* own; in the order of their first rows */
	size_t n_reasons;
};

static void count_reason(struct rejects_walk *w, const char *code)
{
	size_t i = 0;
	while (i < w->n_reasons && strcmp(w->reasons[i].code, code) != 0)
		i++;
	if (i == w->n_reasons) {
		w->reasons = df_realloc(w->reasons, ++w->n_reasons * sizeof(*w->reasons));
		w->reasons[i] = (struct reason){0};
		snprintf(w->reasons[i].code, sizeof(w->reasons[i].code), "%s", code);
	}
	w->reasons[i].rows++;
}

static void write_reasons(const struct rejects_walk *w, struct df_buf *out)
{
	for (size_t i = 0; i < w->n_reasons; i++)
		df_buf_addf(out, "%c\"%s\":%llu", i == 0 ? '{' : ',', w->reasons[i].code,
			    (unsigned long long)w->reasons[i].rows);
	df_buf_adds(out, w->n_reasons == 0 ? "{}" : "}");
}

void document_rejects_words(const char *reasons, struct df_buf *out)
{
	char code[32];
	unsigned long long rows = 0;
	for (int n = 0; sscanf(reasons, "%*1[{,]\"%31[^\"]\":%llu%n", code, &rows, &n) == 2; reasons += n)
		df_buf_addf(out, "%s%llu %s", out->len > 0 ? ", " : "", rows, code);
}

static enum df_status on_api_reject(void *ctx, const struct ledger_reject *r, struct df_err *err)
{
	(void)err;
	struct rejects_walk *w = ctx;
	struct api_reject *kept = &w->api[w->n_api++];
	*kept = (struct api_reject){.row = r->row, .message = df_strdup(r->message)};
	snprintf(kept->code, sizeof(kept->code), "%s", r->code);
	w->after = r->row;
	return w->n_api == API_PAGE ? DF_END : DF_OK;
}

static void api_clear(struct rejects_walk *w)
{
	for (size_t i = 0; i < w->n_api; i++)
		free(w->api[i].message);
	w->n_api = w->next_api = 0;
}

static enum df_status api_take(struct rejects_walk *w, struct df_err *err)
{
	api_clear(w);
	enum df_status st = ledger_rejects(w->ledger, w->document_id, w->after, on_api_reject, w, err);
	w->more = st == DF_END;
	return st == DF_END ? DF_OK : st;
}

static enum df_status on_header(void *ctx, const struct rows_row *header, struct df_err *err)
{
	(void)err;
	struct rejects_walk *w = ctx;
	report_rejects_header(w->file, header->raw, header->length);
	return DF_OK;
}

/* The row's bytes as they stand in the document. They may be longer than what the reader keeps, but not than a GiB. */
static enum df_status read_raw(struct rejects_walk *w, const struct batch_row *where, struct df_err *err)
{
	const struct decode_doc *doc = w->walk->doc;
	df_buf_reset(&w->raw);
	if (!df_buf_grow(&w->raw, where->length))
		return df_fail(DF_RETRY, err, NULL, "row %llu is too large to be written to the reject file",
			       (unsigned long long)where->number);
	while (w->raw.len < where->length) {
		ssize_t n = pread(doc->fd, w->raw.data + w->raw.len, where->length - w->raw.len,
				  (off_t)(doc->offset + where->offset + w->raw.len));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return df_fail(DF_RETRY, err, NULL, "cannot read the document again: %s",
				       n < 0 ? strerror(errno) : "it got shorter");
		w->raw.len += (size_t)n;
	}
	return DF_OK;
}

static enum df_status write_row(struct rejects_walk *w, const struct batch_row *where, struct df_err *err)
{
	enum df_status st = read_raw(w, where, err);
	if (st == DF_OK)
		report_rejects_row(w->file, w->raw.data, w->raw.len, where->line, df_buf_cstr(&w->reason));
	return st;
}

static enum df_status on_reject(void *ctx, const struct document_walk_reject *r, struct df_err *err)
{
	struct rejects_walk *w = ctx;
	df_buf_reset(&w->reason);
	if (r->n_faults > 0)
		count_reason(w, r->faults[0].code);
	for (size_t i = 0; i < r->n_faults; i++) {
		const struct map_fault *f = &r->faults[i];
		df_buf_addf(&w->reason, "%s%s", i > 0 ? "; " : "", f->code);
		if (f->name != NULL && f->name[0] != '\0')
			df_buf_addf(&w->reason, " in %s", f->name);
		df_buf_addf(&w->reason, ": %s", f->text);
	}
	return write_row(w, &r->where, err);
}

static enum df_status on_record(void *ctx, const struct map_record *record, const struct batch_row *where,
				struct df_err *err)
{
	(void)record;
	struct rejects_walk *w = ctx;
	if (w->next_api == w->n_api && w->more) {
		enum df_status st = api_take(w, err);
		if (st != DF_OK)
			return st;
	}
	if (w->next_api == w->n_api || w->api[w->next_api].row != where->number)
		return DF_OK;
	const struct api_reject *r = &w->api[w->next_api++];
	df_buf_reset(&w->reason);
	count_reason(w, r->code);
	df_buf_addf(&w->reason, "%s: %s", r->code, r->message);
	return write_row(w, where, err);
}

char *document_name(const char *file, const struct decode_doc *doc, const char *extension)
{
	struct name name;
	struct df_err ignored = {0};
	const char *stem = doc->name != NULL ? doc->name : file;
	size_t len = strlen(stem);
	if (name_parse(stem, &name, &ignored) == DF_OK)
		len = strlen(stem = name.stem);
	else if (len > 4 && strcasecmp(stem + len - 4, ".csv") == 0)
		len -= 4;
	char *tail = df_format("-%s%s", doc->event_type, extension);
	char *out = df_file_name(stem, len, tail);
	free(tail);
	return out;
}

enum df_status document_rejects_write(const struct document_env *env, struct document_walk *walk, int64_t document_id,
				      const char *older, char **path, struct df_buf *reasons, struct df_err *err)
{
	static const struct document_walk_handlers handlers = {
	    .header = on_header, .record = on_record, .reject = on_reject};
	struct rejects_walk w = {.walk = walk, .ledger = env->ledger, .document_id = document_id};
	char *dir = df_format("%s/rejects/%s", env->state_dir, walk->feed->name);
	char *name = document_name(walk->file, walk->doc, ".csv");
	enum df_status st = api_take(&w, err);
	if (st == DF_OK)
		st = report_rejects_open(dir, name, document_id, &w.file, err);
	if (st == DF_OK) {
		walk->handlers = &handlers;
		walk->ctx = &w;
		st = document_walk(walk, err);
	}
	if (st == DF_OK)
		st = report_rejects_close(w.file, older, path, err);
	else
		report_rejects_abandon(w.file);
	write_reasons(&w, reasons);
	free(w.reasons);
	api_clear(&w);
	df_buf_free(&w.raw);
	df_buf_free(&w.reason);
	free(dir);
	free(name);
	return st;
}
