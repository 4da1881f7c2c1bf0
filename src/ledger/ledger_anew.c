/* SPDX-License-Identifier: MIT */
/* Files that an operator decides about: given up, begun anew, sent once more; and details that
 * are old. */
#include "ledger_claim.h"
#include "ledger_sql.h"

#include <stdlib.h>

/* One change inside of an open transaction. */
static enum df_status change(struct ledger *l, int which, const char *what, int64_t id,
			     struct df_err *err)
{
	const struct ledger_change c = {.which = which, .what = what};
	return ledger_change(l, &c, err, "i", id);
}

/* ---- given up ---- */

static enum df_status abandon_steps(struct ledger *l, int64_t id, const char *text, int64_t now_ms,
				    struct df_err *err)
{
	const struct ledger_change c = {
	    .which = ST_ABANDON, .one = true, .what = "abandon a document"};
	enum df_status st = change(l, ST_ABANDON_MARKS, "abandon a document", id, err);
	if (st != DF_OK)
		return st;
	return ledger_change(l, &c, err, "iiti", id, (int64_t)LEDGER_ABANDONED,
			     ledger_path_stored(l, text), now_ms);
}

enum df_status ledger_document_abandon(struct ledger *l, int64_t id, const char *text,
				       int64_t now_ms, struct df_err *err)
{
	enum df_status st = ledger_enter_on(l, true, LEDGER_OF_DOCUMENT, id, err);
	return st == DF_OK ? ledger_leave(l, abandon_steps(l, id, text, now_ms, err), err) : st;
}

/* ---- begun anew ---- */

static enum df_status anew_steps(struct ledger *l, int64_t file_id, bool all, struct df_err *err)
{
	static const int steps[] = {ST_ANEW_LANES, ST_ANEW_REJECTS, ST_ANEW_DOCUMENTS};
	const struct ledger_change file = {
	    .which = ST_ANEW_FILE, .one = true, .what = "open a file again"};
	enum df_status st = ledger_change(l, &file, err, "ii", file_id, (int64_t)LEDGER_PULLED);
	for (size_t i = 0; st == DF_OK && i < sizeof(steps) / sizeof(*steps); i++) {
		const struct ledger_change c = {.which = steps[i], .what = "forget a document"};
		st = ledger_change(l, &c, err, "ibi", file_id, (int64_t)all, (int64_t)LEDGER_DONE);
	}
	return st == DF_OK && all ? change(l, ST_FILE_COPY_AGAIN, "number a file", file_id, err)
				  : st;
}

enum df_status ledger_anew(struct ledger *l, int64_t file_id, bool all, struct df_err *err)
{
	enum df_status st = ledger_enter_on(l, true, LEDGER_OF_FILE, file_id, err);
	return st == DF_OK ? ledger_leave(l, anew_steps(l, file_id, all, err), err) : st;
}

/* ---- sent once more ---- */

enum df_status ledger_former_forget(struct ledger *l, int64_t id, struct df_err *err)
{
	static const char what[] = "forget what a document had come to";
	enum df_status st = change(l, ST_FORMER_FORGET, what, id, err);
	return st == DF_OK ? change(l, ST_FORMER_REJECTS_FORGET, what, id, err) : st;
}

static enum df_status former_keep(struct ledger *l, int64_t id, struct df_err *err)
{
	static const char what[] = "keep what a document has come to";
	enum df_status st = ledger_former_forget(l, id, err);
	if (st == DF_OK)
		st = change(l, ST_FORMER_KEEP, what, id, err);
	return st == DF_OK ? change(l, ST_FORMER_REJECTS_KEEP, what, id, err) : st;
}

static enum df_status resend_document(struct ledger *l, int64_t file_id,
				      const struct ledger_reopen *d, struct df_err *err)
{
	const struct ledger_change c = {
	    .which = ST_RESEND_DOCUMENT, .one = true, .what = "open a document again"};
	enum df_status st = former_keep(l, d->document, err);
	if (st != DF_OK)
		return st;
	st = ledger_change(l, &c, err, "iiiib", d->document, file_id, (int64_t)LEDGER_SENDING,
			   (int64_t)LEDGER_DONE, (int64_t)d->keep_rejects);
	if (st != DF_OK)
		return st;
	st = change(l, ST_RESEND_LANES, "forget a document's progress", d->document, err);
	return st == DF_OK ? change(l, ST_RESEND_REJECTS, "forget rejected rows", d->document, err)
			   : st;
}

static enum df_status resend_steps(struct ledger *l, int64_t file_id,
				   const struct ledger_reopen *documents, size_t n,
				   struct df_err *err)
{
	const struct ledger_change file = {
	    .which = ST_ANEW_FILE, .one = true, .what = "open a file again"};
	enum df_status st = ledger_change(l, &file, err, "ii", file_id, (int64_t)LEDGER_PULLED);
	for (size_t i = 0; st == DF_OK && i < n; i++)
		st = resend_document(l, file_id, &documents[i], err);
	return st;
}

enum df_status ledger_resend(struct ledger *l, int64_t file_id,
			     const struct ledger_reopen *documents, size_t n, struct df_err *err)
{
	enum df_status st = ledger_enter_on(l, true, LEDGER_OF_FILE, file_id, err);
	return st == DF_OK ? ledger_leave(l, resend_steps(l, file_id, documents, n, err), err) : st;
}

struct former {
	int64_t *ids; /* own */
	size_t n;
	struct ledger_former *sum;
};

static enum df_status former_open(struct ledger *l, int64_t file_id, struct former *f,
				  struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	enum df_status st = ledger_bind(l, ST_FORMER_OPEN, &s, err, "i", file_id);
	while (st == DF_OK && (st = ledger_step(l, s, "read what was sent before", err)) == DF_OK) {
		f->ids = df_realloc(f->ids, (f->n + 1) * sizeof(*f->ids));
		f->ids[f->n++] = ledger_int(s, 0);
		f->sum->rows += ledger_u64(s, 1);
		f->sum->delivered += ledger_u64(s, 2);
		f->sum->rejected += ledger_u64(s, 3);
	}
	return st;
}

enum df_status ledger_resend_open(struct ledger *l, int64_t file_id, struct ledger_former *sum,
				  struct df_err *err)
{
	struct former f = {.sum = sum};
	*sum = (struct ledger_former){0};
	ledger_lock(l);
	enum df_status st = former_open(l, file_id, &f, err);
	ledger_unlock(l);
	free(f.ids);
	return st == DF_END && f.n > 0 ? DF_OK : st;
}

static enum df_status former_back(struct ledger *l, int64_t id, int64_t now_ms, struct df_err *err)
{
	static const char what[] = "give up a resend";
	const struct ledger_change back = {.which = ST_FORMER_BACK, .one = true, .what = what};
	static const int before[] = {ST_FORMER_TALLY, ST_RESEND_REJECTS, ST_FORMER_REJECTS_BACK};
	enum df_status st = DF_OK;
	for (size_t i = 0; st == DF_OK && i < sizeof(before) / sizeof(*before); i++)
		st = change(l, before[i], what, id, err);
	if (st == DF_OK)
		st = ledger_change(l, &back, err, "iii", id, (int64_t)LEDGER_DONE, now_ms);
	return st == DF_OK ? ledger_former_forget(l, id, err) : st;
}

static enum df_status former_steps(struct ledger *l, int64_t file_id,
				   const struct ledger_outcome *to, struct former *f,
				   struct df_err *err)
{
	enum df_status st = former_open(l, file_id, f, err);
	if (st != DF_END || f->n == 0)
		return st;
	st = DF_OK;
	for (size_t i = 0; st == DF_OK && i < f->n; i++)
		st = former_back(l, f->ids[i], to->now_ms, err);
	return st == DF_OK ? ledger_file_state(l, file_id, to, err) : st;
}

enum df_status ledger_resend_end(struct ledger *l, int64_t file_id, const struct ledger_outcome *to,
				 struct ledger_former *sum, struct df_err *err)
{
	struct former f = {.sum = sum};
	*sum = (struct ledger_former){0};
	enum df_status st = ledger_enter_on(l, true, LEDGER_OF_FILE, file_id, err);
	if (st == DF_OK)
		st = ledger_leave(l, former_steps(l, file_id, to, &f, err), err);
	free(f.ids);
	return st;
}

/* ---- old details ---- */

static enum df_status prune_steps(struct ledger *l, int64_t file_id, struct df_err *err)
{
	static const int steps[] = {ST_PRUNE_LANES,    ST_PRUNE_REJECTS, ST_PRUNE_REASONS,
				    ST_PRUNE_FINDINGS, ST_PRUNE_FORMER,  ST_PRUNE_FORMER_REJECTS,
				    ST_PRUNE_SKIPS};
	const struct ledger_change documents = {.which = ST_PRUNE_DOCUMENTS,
						.what = "prune a document"};
	enum df_status st = ledger_reject_files_prune(l, file_id, err);
	for (size_t i = 0; st == DF_OK && i < sizeof(steps) / sizeof(*steps); i++)
		st = change(l, steps[i], "prune a file", file_id, err);
	return st == DF_OK
		   ? ledger_change(l, &documents, err, "ii", file_id, (int64_t)LEDGER_REFUSED)
		   : st;
}

enum df_status ledger_prune(struct ledger *l, int64_t file_id, struct df_err *err)
{
	/* what a power cut brings back is pruned the next time */
	enum df_status st = ledger_enter_on(l, false, LEDGER_OF_FILE, file_id, err);
	return st == DF_OK ? ledger_leave(l, prune_steps(l, file_id, err), err) : st;
}

enum df_status ledger_prune_manifests(struct ledger *l, uint64_t *n, struct df_err *err)
{
	const struct ledger_change c = {
	    .which = ST_PRUNE_MANIFESTS, .sync = true, .what = "prune manifests"};
	ledger_lock(l); /* so that it is its changes that are counted */
	enum df_status st = ledger_change(l, &c, err, "");
	*n = st == DF_OK ? (uint64_t)ledger_changes(l) : 0;
	ledger_unlock(l);
	return st;
}
