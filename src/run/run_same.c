/* SPDX-License-Identifier: MIT */
#include "run_priv.h"

#include <stdio.h>

void run_same_mark(const char *name, char mark[RUN_MARK_SIZE])
{
	struct name parsed;
	struct df_err ignored = {0};
	mark[0] = '\0';
	if (name_parse(name, &parsed, &ignored) == DF_OK && parsed.pack != NAME_ZIP)
		snprintf(mark, RUN_MARK_SIZE, "-%s.", parsed.event_type);
}

enum df_status run_same_bytes(struct run *run, struct run_pool *pool, const struct conf_feed *feed, const char *name,
			      const char *sha256, int64_t before, struct ledger_file *same, struct df_err *err)
{
	char mark[RUN_MARK_SIZE];
	if (feed->duplicates_import)
		return DF_END;
	run_same_mark(name, mark);
	for (int i = 0;; i++) {
		enum df_status st = ledger_file_same(run->env.ledger, feed->name, sha256, mark, before, same, err);
		if (st != DF_OK || same->state == LEDGER_DONE)
			return st;
		if (i > 0)
			return DF_RETRY;
		ledger_file_free(same);
		run_pool_wait(pool); /* it may be in a worker's hands */
	}
}
