/* SPDX-License-Identifier: MIT */
/* What the ledger knows of a drop file, and the last that it learns. */
#include "run_document.h"

#include <stdio.h>

void run_file_sum_add(struct run_file_sum *sum, const struct ledger_document *d)
{
	if (d->state == LEDGER_REFUSED && sum->n_refused++ == 0)
		(void)df_fail(DF_REJECT, &sum->refused, d->code, "%s",
			      d->text != NULL ? d->text : "");
	if (d->state == LEDGER_ABANDONED) {
		sum->n_abandoned++;
		sum->undelivered += d->rejected;
	}
}

/* With a document that was given up it is `restart` that delivers the rest, with others `retry`. */
void run_file_end(const struct conf_feed *feed, const struct run_file_sum *sum,
		  struct run_file_end *end)
{
	*end = (struct run_file_end){.to = {.now_ms = df_now_ms()}};
	if (sum->n_abandoned > 0) {
		end->to.state = LEDGER_ABANDONED;
		end->to.code = "abandoned";
		snprintf(end->text, sizeof(end->text), "%s %s not delivered",
			 df_count(sum->undelivered, "row").text,
			 sum->undelivered == 1 ? "was" : "were");
	} else if (sum->n_refused > 0) {
		struct df_err plain = sum->refused;
		plain.code[0] = '\0';
		df_err_render(&plain, end->text, sizeof(end->text));
		end->to.state = LEDGER_REFUSED;
		end->to.code = sum->refused.code;
		end->to.cleanup_due = run_after_is_due(feed, true);
	} else {
		end->to.state = LEDGER_DONE;
		end->to.cleanup_due = run_after_is_due(feed, false);
	}
	end->to.text = end->to.code != NULL ? end->text : NULL;
}

enum df_status run_file_enter(const struct run_file_work *w, struct df_err *err)
{
	struct run_file_end end;
	struct ledger *l = w->run->env.ledger;
	run_file_end(w->f->feed, &w->sum, &end);
	end.to.later = end.to.state == LEDGER_DONE;
	return end.to.state == LEDGER_REFUSED
		   ? ledger_file_refused(l, w->f->ledger_id, &end.to, err)
		   : ledger_file_state(l, w->f->ledger_id, &end.to, err);
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
