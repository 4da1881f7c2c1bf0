/* SPDX-License-Identifier: MIT */
/* Requests to the platform, which may be busy. */
#include "plan_fetch.h"

#define TIMEOUT_MS 30000
#define ATTEMPTS   4
#define WAIT_MAX   60 /* seconds: longer than that is not waited for */

enum df_status plan_ask(struct plan_fetcher *f, const struct http_request *request,
			struct http_answer *out, struct df_err *err)
{
	struct http_request r = *request;
	r.ca_file = f->source->ca_file;
	r.timeout_ms = TIMEOUT_MS;
	for (int i = 0;; i++) {
		struct df_err why = {0};
		out->body.max = PLAN_MAX_BYTES;
		enum df_status st = http_ask(f->http, &r, out, &why);
		bool later = st == DF_RETRY || out->status == 429 || out->status >= 500;
		long wait = out->retry_after > 0 ? out->retry_after : 1L << i;
		if (later && i + 1 < ATTEMPTS && wait <= WAIT_MAX && df_rest(wait * 1000))
			continue;
		return st == DF_OK ? st : df_fail(st, err, NULL, "%s: %s", r.url, why.text);
	}
}

enum df_status plan_ask_refused(const struct http_answer *a, const char *url, struct df_err *err)
{
	if (a->status == 401 || a->status == 403)
		return df_fail(DF_DENIED, err, NULL,
			       "%s refused the credentials (HTTP %ld): look at the client id, its "
			       "secret, and what they may read",
			       url, a->status);
	if (a->status == 429 || a->status >= 500)
		return df_fail(DF_RETRY, err, NULL, "%s answered with HTTP %ld: try again later",
			       url, a->status);
	if (a->status == 404)
		return df_fail(DF_USAGE, err, NULL,
			       "%s: not found (HTTP 404): look at the workspace, the plan's id and "
			       "its version",
			       url);
	return df_fail(DF_DENIED, err, NULL, "%s answered with HTTP %ld, as no such API does", url,
		       a->status);
}
