/* SPDX-License-Identifier: MIT */
#include "report_requests.h"

#define STATES 8

/* Documents with events have none: the ledger is not asked for these. */
static enum df_status count(struct ledger *l, const struct ledger_document *d,
			    struct ledger_request_count v[STATES], size_t *n, struct df_err *err)
{
	*n = STATES;
	if (d->events == 0 && d->delivered > 0)
		return ledger_request_counts(l, d->id, v, n, err);
	*n = 0;
	return DF_OK;
}

static enum df_status each_json(void *ctx, const struct ledger_request *r, struct df_err *err)
{
	struct json_writer *j = ctx;
	char at[DF_TIME_TEXT];
	(void)err;
	df_time_text(r->at_ms, at);
	json_write_break(j, 4);
	json_write_open(j, NULL, '{');
	json_write_count(j, "row", r->row);
	json_write_count(j, "line", r->line);
	json_write_text(j, "id", r->id);
	json_write_text(j, "state", r->state);
	json_write_bool(j, "taken_before", r->known);
	json_write_text(j, "expected_completion", r->due);
	json_write_text(j, "as_of", at);
	json_write_close(j);
	return DF_OK;
}

enum df_status report_requests_json(struct ledger *l, const struct ledger_document *d, bool each,
				    struct json_writer *j, struct df_err *err)
{
	struct ledger_request_count v[STATES];
	size_t n = 0;
	uint64_t known = 0;
	enum df_status st = count(l, d, v, &n, err);
	if (st != DF_OK || n == 0)
		return st;

	json_write_open(j, "requests", '{');
	for (size_t i = 0; i < n; i++) {
		json_write_count(j, v[i].state, v[i].requests);
		known += v[i].known;
	}
	json_write_close(j);
	json_write_count(j, "requests_taken_before", known);
	if (!each)
		return DF_OK;
	json_write_open(j, "requested", '[');
	st = ledger_requests(l, d->id, each_json, j, err);
	json_write_close(j);
	return st;
}

enum df_status report_requests_text(struct ledger *l, const struct ledger_document *d, FILE *to,
				    struct df_err *err)
{
	struct ledger_request_count v[STATES];
	size_t n = 0;
	uint64_t known = 0;
	enum df_status st = count(l, d, v, &n, err);
	if (st != DF_OK || n == 0)
		return st;

	fputs("             requests: ", to);
	for (size_t i = 0; i < n; i++) {
		fprintf(to, "%s%llu %s", i > 0 ? ", " : "", (unsigned long long)v[i].requests,
			v[i].state);
		known += v[i].known;
	}
	if (known > 0)
		fprintf(to, " (taken before: %llu)", (unsigned long long)known);
	fputc('\n', to);
	return DF_OK;
}
