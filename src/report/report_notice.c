/* SPDX-License-Identifier: MIT */
/* A notice as programs and people read it. No cell value and no secret is in it: its texts are
 * those of the log. */
#include "dropfeed/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void stamp(struct df_buf *out, int64_t ms)
{
	char text[DF_TIME_TEXT];
	df_time_text(ms, text);
	df_buf_adds(out, text);
}

static bool is(const struct ledger_notice *n, const char *event)
{
	return strcmp(n->event, event) == 0;
}

/* One sentence. */
static void notice_words(const struct ledger_notice *n, struct df_buf *out)
{
	const char *text = n->text != NULL ? n->text : "";
	df_buf_addf(out, "%s: ", n->feed);
	if (n->file != NULL)
		df_buf_addf(out, "%s: ", n->file);
	if (is(n, "done"))
		df_buf_addf(out, "delivered, %s", df_count(n->delivered, "row").text);
	else if (is(n, "rejects"))
		df_buf_addf(out, "%llu of %s %s rejected", (unsigned long long)n->rejected,
			    df_count(n->rows, "row").text, n->rejected == 1 ? "was" : "were");
	else if (is(n, "refused"))
		df_buf_addf(out, "refused: %s [%s]", text, n->code != NULL ? n->code : "");
	else if (is(n, "recovered") && n->file != NULL)
		df_buf_addf(out, "delivered after all (%s before)", n->condition);
	else if (is(n, "recovered")) {
		df_buf_addf(out, "no longer %s (since ", n->condition);
		stamp(out, n->since_ms);
		df_buf_addf(out, ")%s%s", text[0] != '\0' ? ": " : "", text);
	} else {
		df_buf_addf(out, "%s: %s", n->event, text);
	}
}

static void notice_add_text(struct df_buf *out, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	df_buf_addf(out, ",\"%s\":", name);
	df_json_text(out, value, strlen(value));
}

static void add_time(struct df_buf *out, const char *name, int64_t ms)
{
	df_buf_addf(out, ",\"%s\":\"", name);
	stamp(out, ms);
	df_buf_addc(out, '"');
}

void report_notice_json(const struct ledger_notice *n, struct df_buf *out)
{
	struct df_buf words = {0};
	char host[256] = "";
	notice_words(n, &words);
	char *sentence = df_strdup(df_buf_cstr(&words));

	df_hide_passwords(sentence);
	df_buf_addf(out, "{\"event\":\"%s\"", n->event);
	notice_add_text(out, "feed", n->feed);
	notice_add_text(out, "file", n->file);
	notice_add_text(out, "condition", n->condition);
	notice_add_text(out, "code", n->code);
	notice_add_text(out, "text", sentence);
	add_time(out, "time", n->made_ms);
	add_time(out, "since", n->since_ms);
	if (n->file != NULL)
		df_buf_addf(out,
			    ",\"rows\":%llu,\"delivered\":%llu,\"rejected\":%llu,\"skipped\":%llu",
			    (unsigned long long)n->rows, (unsigned long long)n->delivered,
			    (unsigned long long)n->rejected, (unsigned long long)n->skipped);
	if (gethostname(host, sizeof(host) - 1) == 0)
		notice_add_text(out, "host", host);
	notice_add_text(out, "version", DROPFEED_VERSION);
	df_buf_addc(out, '}');
	free(sentence);
	df_buf_free(&words);
}
