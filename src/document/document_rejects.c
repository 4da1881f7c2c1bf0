/* SPDX-License-Identifier: MIT */
/*
 * The reject file is written when everything else of the document is settled. The pass before,
 * which made its batches, has noted where the rows are that the map rejects, and the ledger knows
 * where those are that were rejected later: these alone are read. Where they were too many to be
 * noted the document is read once more: what the map rejects, it rejects again, and what was
 * rejected later is known by row number. So nothing about rejects has to be kept in step with
 * sending, and a crash at any point costs no more than doing this again.
 */
#include "document_later.h"
#include "document_pass.h"
#include "document_places.h"
#include "document_reject_rows.h"

#include "dropfeed/step.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define SEALED ".gpg" /* of an encrypted reject file's name */

struct rejects_pass {
	struct document_pass *pass;
	struct report_rejects *file;
	const struct document_later *later;
	struct ledger_reject next; /* the next row that was rejected later; row 0: there is none */
	struct document_reject_rows rows;
	struct df_buf reason;
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

/* The next row that was rejected later. */
static enum df_status write_next(struct rejects_pass *w, const struct batch_row *where,
				 struct df_err *err)
{
	df_buf_reset(&w->reason);
	document_reasons_count(w->reasons, w->next.code, NULL, where->line);
	df_buf_addf(&w->reason, "%s: %s", w->next.code, w->next.message);
	if (w->next.partly)
		df_buf_adds(&w->reason,
			    "; another part of the row was taken, and would count twice "
			    "if the row were dropped again (retry sends the rest alone)");
	enum df_status st = document_reject_rows_add(&w->rows, where, df_buf_cstr(&w->reason), err);
	return st == DF_OK ? take_next(w, err) : st;
}

static enum df_status on_header(void *ctx, const struct rows_row *header, struct df_err *err)
{
	(void)err;
	document_reject_rows_header(&((struct rejects_pass *)ctx)->rows, header);
	return DF_OK;
}

/* ---- by reading the document once more ---- */

static enum df_status rejects_reject(void *ctx, const struct document_pass_reject *r,
				     struct df_err *err)
{
	struct rejects_pass *w = ctx;
	df_buf_reset(&w->reason);
	document_reasons_count(w->reasons, r->faults[0].code, r->faults[0].name, r->where.line);
	document_reject_reason(r, &w->reason);
	return document_reject_rows_add(&w->rows, &r->where, df_buf_cstr(&w->reason), err);
}

static enum df_status rejects_record(void *ctx, const struct map_record *record,
				     const struct batch_row *where, struct df_err *err)
{
	(void)record;
	struct rejects_pass *w = ctx;
	return w->next.row == where->number ? write_next(w, where, err) : DF_OK;
}

/* ---- by their places ---- */

/* Those of a lower number. */
static enum df_status write_later_before(struct rejects_pass *w, uint64_t row, struct df_err *err)
{
	enum df_status st = DF_OK;
	while (st == DF_OK && w->next.row != 0 && w->next.row < row) {
		const struct batch_row where = {.number = w->next.row,
						.line = w->next.line,
						.offset = w->next.offset,
						.length = w->next.length};
		st = df_stop_requested ? df_fail(DF_RETRY, err, NULL, "stopped by a signal")
				       : write_next(w, &where, err);
	}
	return st;
}

static enum df_status write_places(struct rejects_pass *w, struct df_err *err)
{
	const struct document_places *places = w->pass->places;
	enum df_status st = document_pass_header(w->pass, err);
	for (size_t i = 0; st == DF_OK && i < places->n; i++) {
		const struct document_place *p = &places->v[i];
		st = write_later_before(w, p->where.number, err);
		if (st != DF_OK)
			return st;
		document_reasons_count(w->reasons, p->code, places->texts.data + p->name,
				       p->where.line);
		st = document_reject_rows_add(&w->rows, &p->where, places->texts.data + p->reason,
					      err);
	}
	return st == DF_OK ? write_later_before(w, UINT64_MAX, err) : st;
}

/* ---- the file ---- */

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
	const bool known = w->later->placed && document_places_are_whole(w->pass->places);
	w->pass->handlers = &handlers;
	w->pass->ctx = w;
	enum df_status st = document_reject_rows_open(&w->rows, w->pass, w->file, err);
	if (st != DF_OK)
		goto cleanup;
	st = take_next(w, err);
	if (st != DF_OK)
		goto cleanup;
	st = known ? write_places(w, err) : document_pass(w->pass, err);
cleanup:
	document_reject_rows_close(&w->rows);
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

/* The file gets its name where it is complete. */
static enum df_status rejects_end(struct report_rejects *file, enum df_status st,
				  const struct report_rejects_owner *owner,
				  struct document_rejects *out, struct df_err *err)
{
	if (st != DF_OK) {
		report_rejects_abandon(file);
		return st;
	}
	return report_rejects_close(file, owner, &out->path, err);
}

enum df_status document_rejects_write(const struct document_env *env, struct document_pass *pass,
				      int64_t document_id, struct document_rejects *out,
				      struct df_err *err)
{
	struct document_later_pages pages = {
	    .ledger = env->ledger, .document_id = document_id, .abandoned = out->abandoned};
	/* of abandoned rows the numbers alone are known */
	const struct document_later later = {
	    .next = document_later_next, .ctx = &pages, .placed = out->abandoned == NULL};
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
	st = rejects_end(w.file, st, &owner, out, err);
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
	st = rejects_end(w.file, st, NULL, out, err);
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
