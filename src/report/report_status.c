/* SPDX-License-Identifier: MIT */
#include "report_status.h"

#include <time.h>

bool report_time_text(int64_t seconds, char *out, size_t size)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	return gmtime_r(&t, &tm) != NULL && strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0;
}

uint64_t report_rows_settled(const struct ledger_document *d)
{
	return d->delivered + d->rejected + d->skipped;
}

/* ---- what a run is doing ---- */

static enum df_status count_document(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	struct report_under_way *u = ctx;
	(void)err;
	u->rows += d->state != LEDGER_REFUSED ? d->rows : 0;
	u->settled += d->state != LEDGER_REFUSED ? report_rows_settled(d) : 0;
	return DF_OK;
}

static enum df_status count_file(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct report_under_way *u = ctx;
	if (ledger_closes(f->state))
		return DF_OK;
	u->files++;
	return ledger_documents(u->ledger, f->id, count_document, u, err);
}

enum df_status report_under_way(struct ledger *l, const struct report_status_filter *filter,
				struct report_under_way *out, struct df_err *err)
{
	const struct ledger_latest open = {.open_only = true};
	*out = (struct report_under_way){.ledger = l};
	if (l == NULL || filter->running.pid == 0)
		return DF_OK;
	return ledger_files_latest(l, &open, count_file, out, err);
}
