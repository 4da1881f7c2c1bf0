/* SPDX-License-Identifier: MIT */
/*
 * The reject file is written when everything else of the document is settled, by reading the
 * document once more: what the map rejects, it rejects again, and what was rejected later the
 * ledger knows by row number. So nothing about rejects has to be kept in step with sending, and a
 * crash at any point costs no more than doing this again.
 */
#include "document_rejects.h"
#include "document_encode.h"
#include "document_later.h"
#include "document_own.h"

#include "dropfeed/report.h"
#include "dropfeed/step.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COPY_PIECE (256u << 10) /* bytes of a row that is too large to be in memory */
#define SEALED     ".gpg"       /* of an encrypted reject file's name */
#define TAIL_MAX   65536u       /* bytes of its end, where our own cells are looked for */

struct rejects_pass {
	struct document_pass *pass;
	struct report_rejects *file;
	const struct document_later *later;
	struct ledger_reject next; /* the next row that was rejected later; row 0: there is none */
	struct document_own own;
	bool begun; /* the file has its header */
	struct document_encoder encoder;
	struct df_buf raw, out, reason, encoded;
	struct document_reasons *reasons;
};

static enum df_status take_next(struct rejects_pass *w, struct df_err *err)
{
	uint64_t after = w->next.row;
	enum df_status st = w->later->next(w->later->ctx, after, &w->next, err);
	if (st == DF_END)
		w->next.row = 0;
	return st == DF_END ? DF_OK : st;
}

/* ---- a line of the file ---- */

/* The two cells of our own, and the line end that the row has. */
static void add_end(struct rejects_pass *w, const char *line, const char *reason, const char *end,
		    size_t end_len)
{
	const struct document_dialect *d = &w->own.dialect;
	document_own_separate(&w->out, d);
	document_own_add(&w->out, d, line);
	document_own_separate(&w->out, d);
	document_own_add(&w->out, d, reason);
	if (end_len > 0)
		df_buf_add(&w->out, end, end_len);
	else
		df_buf_addc(&w->out, '\n'); /* the document's last row may have none */
}

/* Bytes of the file, as UTF-8. */
static void put_bytes(struct rejects_pass *w, const char *p, size_t len)
{
	if (!w->encoder.on) {
		report_rejects_add(w->file, p, len);
		return;
	}
	df_buf_reset(&w->encoded);
	document_encode(&w->encoder, p, len, &w->encoded);
	report_rejects_add(w->file, w->encoded.data, w->encoded.len);
}

static void rejects_put(struct rejects_pass *w)
{
	put_bytes(w, w->out.data, w->out.len);
	df_buf_reset(&w->out);
}

/* A row whose bytes are in memory. */
static void put_row(struct rejects_pass *w, const char *raw, size_t len, const char *line,
		    const char *reason)
{
	size_t body = document_own_body(raw, len);
	document_own_strip(&w->own, raw, body, &w->out);
	add_end(w, line, reason, raw + body, len - body);
	rejects_put(w);
}

/* Reads bytes of the document into w->raw. */
static enum df_status read_raw(struct rejects_pass *w, uint64_t offset, size_t length,
			       struct df_err *err)
{
	const struct decode_bytes *doc = &w->pass->bytes;
	df_buf_reset(&w->raw);
	if (!df_buf_grow(&w->raw, length))
		return df_fail(DF_FATAL, err, NULL, "out of memory");
	while (w->raw.len < length) {
		ssize_t n = pread(doc->fd, w->raw.data + w->raw.len, length - w->raw.len,
				  (off_t)(doc->offset + offset + w->raw.len));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return df_fail(DF_RETRY, err, NULL, "cannot read the document again: %s",
				       n < 0 ? strerror(errno) : "it got shorter");
		w->raw.len += (size_t)n;
	}
	return DF_OK;
}

/* Bytes of the document as they are, in pieces. */
static enum df_status copy_raw(struct rejects_pass *w, uint64_t from, uint64_t to,
			       struct df_err *err)
{
	while (from < to) {
		size_t piece = to - from < COPY_PIECE ? (size_t)(to - from) : COPY_PIECE;
		enum df_status st = read_raw(w, from, piece, err);
		if (st != DF_OK)
			return st;
		if (df_stop_requested)
			return df_fail(DF_RETRY, err, NULL, "stopped by a signal");
		put_bytes(w, w->raw.data, piece);
		from += piece;
	}
	return DF_OK;
}

static enum df_status on_header(void *ctx, const struct rows_row *header, struct df_err *err)
{
	(void)err;
	struct rejects_pass *w = ctx;
	document_own_header(&w->own, &w->own.dialect, header->cells, header->n_cells);
	const size_t body = document_own_body(header->raw, header->length);
	document_own_strip(&w->own, header->raw, body, &w->out);
	if (w->pass->trailing) /* the rows have one more cell, which ours come after */
		document_own_separate(&w->out, &w->own.dialect);
	add_end(w, MAP_COLUMN_LINE, MAP_COLUMN_REASON, header->raw + body, header->length - body);
	rejects_put(w);
	w->begun = true;
	return DF_OK;
}

/* A document without a header gets one of places, by which its reject file is recognised. It
 * ends as the first row does. */
static void begin_with_places(struct rejects_pass *w, const char *end, size_t end_len)
{
	size_t n = map_places(w->pass->map);
	for (size_t i = 1; i <= n && !w->begun; i++) {
		if (i > 1)
			document_own_separate(&w->out, &w->own.dialect);
		df_buf_addf(&w->out, MAP_COLUMN_PLACE "%zu", i);
	}
	if (n > 0 && !w->begun) {
		add_end(w, MAP_COLUMN_LINE, MAP_COLUMN_REASON, end, end_len);
		rejects_put(w);
	}
	w->begun = true;
}

/* ---- a row ---- */

/* A row too large to be in memory is copied in pieces. */
static enum df_status put_large(struct rejects_pass *w, const struct batch_row *where,
				const char *line, struct df_err *err)
{
	enum df_status st = read_raw(w, where->offset + where->length - TAIL_MAX, TAIL_MAX, err);
	if (st != DF_OK)
		return st;
	char end[8];
	size_t body = document_own_body(w->raw.data, w->raw.len), end_len = w->raw.len - body;
	end_len = end_len < sizeof(end) ? end_len : sizeof(end);
	memcpy(end, w->raw.data + w->raw.len - end_len, end_len);
	uint64_t cut = document_own_tail(&w->own, w->raw.data, body);
	uint64_t left = where->length - (w->raw.len - body) - cut;

	begin_with_places(w, end, end_len);
	st = copy_raw(w, where->offset, where->offset + left, err);
	if (st != DF_OK)
		return st;
	add_end(w, line, df_buf_cstr(&w->reason), end, end_len);
	rejects_put(w);
	return DF_OK;
}

/* Writes the row, whose reason is in w->reason. */
static enum df_status write_row(struct rejects_pass *w, const struct batch_row *where,
				struct df_err *err)
{
	char line[24];
	snprintf(line, sizeof(line), "%llu", (unsigned long long)where->line);
	if (where->length > ROWS_MAX_ROW)
		return put_large(w, where, line, err);

	enum df_status st = read_raw(w, where->offset, (size_t)where->length, err);
	if (st != DF_OK)
		return st;
	size_t body = document_own_body(w->raw.data, w->raw.len);
	begin_with_places(w, w->raw.data + body, w->raw.len - body);
	put_row(w, w->raw.data, w->raw.len, line, df_buf_cstr(&w->reason));
	return DF_OK;
}

static enum df_status rejects_reject(void *ctx, const struct document_pass_reject *r,
				     struct df_err *err)
{
	struct rejects_pass *w = ctx;
	df_buf_reset(&w->reason);
	if (r->n_faults > 0)
		document_reasons_count(w->reasons, r->faults[0].code, r->faults[0].name,
				       r->where.line);
	for (size_t i = 0; i < r->n_faults; i++) {
		const struct map_fault *f = &r->faults[i];
		df_buf_addf(&w->reason, "%s%s", i > 0 ? "; " : "", f->code);
		if (f->name != NULL && f->name[0] != '\0')
			df_buf_addf(&w->reason, " in %s", f->name);
		df_buf_addf(&w->reason, ": %s", f->text);
	}
	return write_row(w, &r->where, err);
}

static enum df_status rejects_record(void *ctx, const struct map_record *record,
				     const struct batch_row *where, struct df_err *err)
{
	(void)record;
	struct rejects_pass *w = ctx;
	if (w->next.row != where->number)
		return DF_OK;
	df_buf_reset(&w->reason);
	document_reasons_count(w->reasons, w->next.code, NULL, where->line);
	df_buf_addf(&w->reason, "%s: %s", w->next.code, w->next.message);
	if (w->next.partly)
		df_buf_adds(&w->reason,
			    "; another part of the row was taken, and would count twice "
			    "if the row were dropped again (retry sends the rest alone)");
	enum df_status st = write_row(w, where, err);
	return st == DF_OK ? take_next(w, err) : st;
}

char *document_name(const char *file, const struct decode_doc *doc, const char *extension)
{
	struct name name = {0};
	struct df_err ignored = {0};
	const char *stem = doc->name != NULL ? doc->name : df_base_name(file);
	size_t len = strlen(stem);
	if (name_parse_as(stem, doc->event_type, &name, &ignored) == DF_OK)
		len = strlen(stem = name.stem);
	else if (len > 4 && strcasecmp(stem + len - 4, ".csv") == 0)
		len -= 4;
	char *tail = df_format("-%s%s%s", doc->event_type, name.number, extension);
	char *out = df_file_name(stem, len, tail);
	free(tail);
	return out;
}

static enum df_status write_rejects(struct rejects_pass *w, struct df_err *err)
{
	static const struct document_pass_handlers handlers = {
	    .header = on_header, .record = rejects_record, .reject = rejects_reject};
	const struct conf_rows *format = &w->pass->feed->rows;
	const struct rows_signs signs = rows_signs_of(format->delimiter, format->quote);
	w->own.dialect =
	    (struct document_dialect){.signs = signs,
				      .delimiter = signs.delimiter.narrow,
				      .quote = format->quote != 0 ? signs.quote.narrow : '\0',
				      .escape = format->backslash ? '\\' : '\0',
				      .trim = format->trim};
	w->pass->handlers = &handlers;
	w->pass->ctx = w;
	enum df_status st = document_encode_open(&w->encoder, format->encoding, err);
	if (st != DF_OK)
		goto cleanup;
	st = take_next(w, err);
	if (st != DF_OK)
		goto cleanup;
	st = document_pass(w->pass, err);
cleanup:
	document_encode_close(&w->encoder);
	document_own_free(&w->own);
	df_buf_free(&w->encoded);
	df_buf_free(&w->raw);
	df_buf_free(&w->out);
	df_buf_free(&w->reason);
	return st;
}

/* What came encrypted stays encrypted: its rows go to a file without a name, and from there
 * through GnuPG to the one that gets a name. scratch: the folder of that. */
static enum df_status write_sealed(struct rejects_pass *w, const char *scratch, struct df_err *err)
{
	int unnamed = -1;
	if (w->pass->doc->key == NULL)
		return write_rejects(w, err);
	enum df_status st = df_unnamed_open(scratch, &unnamed, err);
	if (st != DF_OK)
		return st;
	report_rejects_rows_to(w->file, unnamed);
	st = write_rejects(w, err);
	if (st != DF_OK)
		goto cleanup;
	st = report_rejects_flush(w->file, err);
	if (st != DF_OK)
		goto cleanup;

	df_before("encrypt the reject file");
	st = decode_seal(w->pass->feed, w->pass->doc->key, unnamed, report_rejects_file(w->file),
			 err);
	df_after("encrypt the reject file");
cleanup:
	close(unnamed);
	return st;
}

/* Version 0.1 wrote the rejects of encrypted files in plain text: such a file is not one that an
 * encrypted one may replace. */
static enum df_status drop_plain(struct document_rejects *out, struct df_err *err)
{
	if (out->older == NULL || df_ends_with(out->older, SEALED))
		return DF_OK;
	if (unlink(out->older) != 0 && errno != ENOENT)
		return df_fail(DF_RETRY, err, NULL,
			       "cannot remove the reject file %s, which is not encrypted: %s",
			       out->older, strerror(errno));
	out->older = NULL;
	return DF_OK;
}

enum df_status document_rejects_write(const struct document_env *env, struct document_pass *pass,
				      int64_t document_id, struct document_rejects *out,
				      struct df_err *err)
{
	struct document_later_pages pages = {
	    .ledger = env->ledger, .document_id = document_id, .abandoned = out->abandoned};
	const struct document_later later = {document_later_next, &pages};
	struct rejects_pass w = {.pass = pass, .later = &later, .reasons = &out->reasons};
	bool sealed = pass->doc->key != NULL;
	char *dir = df_format("%s/rejects/%s", env->state_dir, pass->feed->name);
	char *name = document_name(pass->file, pass->doc, sealed ? ".csv" SEALED : ".csv");
	enum df_status st = report_rejects_open(dir, name, document_id, &w.file, err);
	if (st != DF_OK)
		goto cleanup;
	st = write_sealed(&w, dir, err);
	if (st == DF_OK && sealed)
		st = drop_plain(out, err);
	const struct report_rejects_owner owner = {env->ledger, document_id, out->older};
	if (st == DF_OK)
		st = report_rejects_close(w.file, &owner, &out->path, err);
	else
		report_rejects_abandon(w.file);
cleanup:
	document_later_clear(&pages);
	free(dir);
	free(name);
	return st;
}

enum df_status document_rejects_export(struct document_pass *pass,
				       const struct document_later *later, const char *path,
				       struct document_rejects *out, struct df_err *err)
{
	struct rejects_pass w = {.pass = pass, .later = later, .reasons = &out->reasons};
	bool standard = strcmp(path, "-") == 0, sealed = !standard && pass->doc->key != NULL;
	char *named = df_format("%s%s", path, sealed && !df_ends_with(path, SEALED) ? SEALED : "");
	char *dir = df_dirname(named);
	enum df_status st = report_rejects_open_path(named, &w.file, err);
	if (st != DF_OK)
		goto cleanup;
	st = sealed ? write_sealed(&w, dir, err) : write_rejects(&w, err);
	if (st == DF_OK)
		st = report_rejects_close(w.file, NULL, &out->path, err);
	else
		report_rejects_abandon(w.file);
cleanup:
	free(named);
	free(dir);
	return st;
}

void document_rejects_free(struct document_rejects *r)
{
	free(r->path);
	document_reasons_free(&r->reasons);
}
