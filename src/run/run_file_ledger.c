/* SPDX-License-Identifier: MIT */
/* What the ledger knows of a drop file, and the last that it learns. */
#include "run_document.h"

enum df_status run_file_enter(const struct run_file_work *w, const struct df_err *why,
			      struct df_err *err)
{
	const struct run_file *f = w->f;
	bool refused = why != NULL;
	char text[DF_ERR_TEXT] = "";
	if (refused) {
		struct df_err plain = *why;
		plain.code[0] = '\0';
		df_err_render(&plain, text, sizeof(text));
	}
	const struct ledger_outcome closed = {.state = refused ? LEDGER_REFUSED : LEDGER_DONE,
					      .code = refused ? why->code : NULL,
					      .text = refused ? text : NULL,
					      .cleanup_due = run_after_is_due(f->feed, refused),
					      .later = !refused,
					      .now_ms = df_now_ms()};
	return ledger_file_state(w->run->env.ledger, f->ledger_id, &closed, err);
}

static enum df_status any_begun(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	(void)err;
	if (!d->taken && !ledger_closes(d->state))
		return DF_OK;
	*(bool *)ctx = true;
	return DF_END;
}

enum df_status run_file_begun(struct run *run, int64_t ledger_id, bool *begun, struct df_err *err)
{
	*begun = false;
	enum df_status st = ledger_documents(run->env.ledger, ledger_id, any_begun, begun, err);
	return st == DF_END ? DF_OK : st;
}

static enum df_status add_progress(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	(void)err;
	*(uint64_t *)ctx += d->delivered + d->rejected + (d->closed_ms != 0);
	return DF_OK;
}

uint64_t run_file_progress(const struct run *run, const struct run_file *f)
{
	uint64_t sum = 0;
	struct df_err ignored = {0};
	if (ledger_documents(run->env.ledger, f->ledger_id, add_progress, &sum, &ignored) != DF_OK)
		df_log(DF_LOG_DEBUG, "%s: %s: %s", f->feed->name, f->name, ignored.text);
	return sum;
}
