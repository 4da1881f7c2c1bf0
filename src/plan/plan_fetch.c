/* SPDX-License-Identifier: MIT */
/* A plan from the platform: a token, then the plan with it (mParticle, "Data Planning API"). */
#include "plan_fetch.h"

#include <stdlib.h>

static enum df_status check_url(const char *url, struct df_err *err)
{
	if (strncmp(url, "https://", 8) == 0 ||
	    (strncmp(url, "http://", 7) == 0 && http_is_loopback(url)))
		return DF_OK;
	return df_fail(DF_USAGE, err, NULL,
		       "%.200s: the address has to be https:// (http:// for this machine alone)",
		       url);
}

/* An id is a part of the path: what is not a letter, a digit, a dot or a dash is escaped. */
static void url_add(struct df_buf *url, const char *part, const char *id)
{
	df_buf_addf(url, "/%s/", part);
	for (const char *p = id; *p != '\0'; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			     (*p >= '0' && *p <= '9') || strchr("-._~", *p) != NULL;
		df_buf_addf(url, plain ? "%c" : "%%%02X", (unsigned char)*p);
	}
}

static char *plan_url(const struct plan_source *s)
{
	struct df_buf url = {.max = 1 << 16};
	df_buf_addf(&url, "%s/platform/v2", s->api);
	url_add(&url, "workspaces", s->workspace);
	url_add(&url, "plans", s->plan);
	if (s->version != 0)
		df_buf_addf(&url, "/versions/%u", s->version);
	df_buf_cstr(&url);
	return url.data;
}

static enum df_status ask_with_token(struct plan_fetcher *f, const char *url,
				     struct http_answer *out, struct df_err *err)
{
	char *header = df_format("Authorization: Bearer %s", f->token);
	enum df_status st =
	    plan_ask(f, &(struct http_request){.url = url, .headers = {header}}, out, err);
	explicit_bzero(header, strlen(header));
	free(header);
	return st;
}

static enum df_status ask_for_plan(struct plan_fetcher *f, const char *url, struct http_answer *out,
				   struct df_err *err)
{
	enum df_status st = plan_token_get(f, err);
	if (st != DF_OK)
		return st;
	st = ask_with_token(f, url, out, err);
	if (st != DF_OK || out->status != 401 || !f->cached)
		return st;
	st = plan_token_renew(f, err);
	return st == DF_OK ? ask_with_token(f, url, out, err) : st;
}

/* A page that says 200 is not a plan. */
static enum df_status check_plan(const struct plan_source *s, struct http_answer *a,
				 const char *url, struct df_err *err)
{
	struct plan *plan = NULL;
	const char *text = df_buf_cstr(&a->body);
	if (s->version == 0 && strstr(text, "\"data_plan_versions\"") != NULL)
		return DF_OK; /* a whole plan */
	if (plan_read(text, a->body.len, 0, &plan, err) != DF_OK) {
		df_err_context(err, "%s answered with something else than a plan", url);
		return DF_DENIED;
	}
	plan_free(plan);
	return DF_OK;
}

static enum df_status fetch_plan(struct plan_fetcher *f, const char *url, struct http_answer *a,
				 struct df_err *err)
{
	enum df_status st = ask_for_plan(f, url, a, err);
	if (st != DF_OK)
		return st;
	if (a->status != 200)
		return plan_ask_refused(a, url, err);
	return check_plan(f->source, a, url, err);
}

enum df_status plan_fetch(const struct plan_source *source, struct df_buf *out, struct df_err *err)
{
	struct plan_fetcher f = {.source = source};
	struct http_answer a = {0};
	enum df_status st = check_url(source->sso, err);
	if (st != DF_OK)
		return st;
	st = check_url(source->api, err);
	if (st != DF_OK)
		return st;

	char *url = plan_url(source);
	f.http = http_open();
	st = fetch_plan(&f, url, &a, err);
	if (st != DF_OK)
		goto cleanup;
	df_buf_add(out, a.body.data, a.body.len);
cleanup:
	df_buf_free(&a.body);
	plan_token_forget(&f);
	http_close(f.http);
	free(url);
	return st;
}
