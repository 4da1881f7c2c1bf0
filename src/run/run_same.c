/* SPDX-License-Identifier: MIT */
#include "run_priv.h"

void run_event_type(const struct conf_feed *feed, const char *name,
		    char event_type[RUN_EVENT_TYPE_SIZE])
{
	struct name parsed;
	struct df_err ignored = {0};
	event_type[0] = '\0';
	if (name_parse_as(df_base_name(name), feed->decode.document_type, &parsed, &ignored) ==
	    DF_OK)
		memcpy(event_type, parsed.event_type, RUN_EVENT_TYPE_SIZE);
}

enum df_status run_same_bytes(struct ledger *ledger, const struct conf_feed *feed,
			      const struct run_bytes *of, struct ledger_file *same,
			      struct df_err *err)
{
	char event_type[RUN_EVENT_TYPE_SIZE];
	if (feed->send.duplicates_import)
		return DF_END;
	run_event_type(feed, of->name, event_type);
	const struct ledger_bytes bytes = {.feed = feed->name,
					   .sha256 = of->sha256,
					   .event_type = event_type,
					   .before = of->before};
	enum df_status st = ledger_file_same(ledger, &bytes, same, err);
	if (st != DF_OK || same->state == LEDGER_DONE)
		return st;
	if (!ledger_closes(same->state))
		return DF_RETRY;

	/* not finished, and nobody goes on with it: what is sent again has its ids */
	ledger_file_free(same);
	return DF_END;
}
