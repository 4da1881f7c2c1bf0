/* SPDX-License-Identifier: MIT */
/* plan_fetch.h - a plan is fetched from the platform */
#ifndef PLAN_FETCH_H
#define PLAN_FETCH_H

#include "dropfeed/http.h"
#include "dropfeed/plan.h"

struct plan_fetcher {
	const struct plan_source *source;
	struct http *http; /* own */
	char *token;       /* own; NULL: there is none yet */
	bool cached;       /* the token is an earlier one */
};

/* ---- plan_ask.c ---- */
/* Asks until there is an answer other than "later". The caller frees out->body. */
enum df_status plan_ask(struct plan_fetcher *f, const struct http_request *request,
			struct http_answer *out, struct df_err *err) DF_CHECK;
/* What an answer means that is not the one that was wanted. */
enum df_status plan_ask_refused(const struct http_answer *a, const char *url,
				struct df_err *err) DF_CHECK;

/* ---- plan_token.c ---- */
/* An earlier token, where there is one that is still good; else a new one. */
enum df_status plan_token_get(struct plan_fetcher *f, struct df_err *err) DF_CHECK;
/* A new one: the platform withdrew the other before its time. */
enum df_status plan_token_renew(struct plan_fetcher *f, struct df_err *err) DF_CHECK;
void plan_token_forget(struct plan_fetcher *f);

#endif
