/* SPDX-License-Identifier: MIT */
#include "run_priv.h"

enum df_status run_same_bytes(struct run *run, struct run_pool *pool, const struct conf_feed *feed, const char *sha256,
			      int64_t before, struct ledger_file *same, struct df_err *err)
{
	if (feed->duplicates_import)
		return DF_END;
	for (int i = 0;; i++) {
		enum df_status st = ledger_file_same(run->ledger, feed->name, sha256, before, same, err);
		if (st != DF_OK || same->state == LEDGER_DONE)
			return st;
		if (i > 0)
			return DF_RETRY;
		ledger_file_free(same);
		run_pool_wait(pool); /* it may be in a worker's hands */
	}
}
