/* SPDX-License-Identifier: MIT */
/*
 * A POST whose answer nobody depends on. It has a thread of its own, which shares it with the
 * caller: whoever lets go of it last frees it. So it can be given up at any time, also while
 * the system's resolver hangs.
 */
#include "dropfeed/http.h"
#include "dropfeed/report.h"
#include "dropfeed/thread.h"

#include <stdio.h>
#include <stdlib.h>

#define SLICE_MS 50

struct report_post {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	unsigned owners; /* the caller, and the thread as long as it runs */
	bool done;
	char *url, *body; /* own */
	size_t len;
	bool json;
	int64_t timeout_ms;
	char why[160]; /* "": it was taken */
};

static void post_release(struct report_post *p)
{
	pthread_mutex_lock(&p->lock);
	bool last = --p->owners == 0;
	pthread_mutex_unlock(&p->lock);
	if (!last)
		return;
	pthread_cond_destroy(&p->ended);
	pthread_mutex_destroy(&p->lock);
	free(p->url);
	free(p->body);
	free(p);
}

static void post_end(struct report_post *p, const char *why)
{
	pthread_mutex_lock(&p->lock);
	snprintf(p->why, sizeof(p->why), "%.*s", (int)sizeof(p->why) - 1, why);
	p->done = true;
	pthread_cond_broadcast(&p->ended);
	pthread_mutex_unlock(&p->lock);
}

/* ---- the request ---- */

static enum df_status post_ask(const struct report_post *p, struct df_err *err)
{
	struct http_answer a = {0};
	struct http *http = http_open();
	const struct http_request r = {
	    .url = p->url,
	    .body = p->body,
	    .len = p->len,
	    .headers = {p->json ? "Content-Type: application/json" : "Content-Type: text/plain"},
	    .timeout_ms = p->timeout_ms,
	};
	enum df_status st = http_ask(http, &r, &a, err);
	http_close(http);
	if (st != DF_OK)
		return st;
	return a.status >= 200 && a.status <= 299
		   ? DF_OK
		   : df_fail(DF_RETRY, err, NULL, "answered with HTTP %ld", a.status);
}

static void *post_run(void *arg)
{
	struct df_err why = {0};
	post_end(arg, post_ask(arg, &why) == DF_OK ? "" : why.text);
	post_release(arg);
	return NULL;
}

/* ---- the caller's side ---- */

struct report_post *report_post_start(const struct report_message *m, int64_t timeout_ms)
{
	struct report_post *p = df_alloc(sizeof(*p));
	pthread_t thread;
	http_prepare();
	*p = (struct report_post){.owners = 2,
				  .url = df_strdup(m->url),
				  .body = df_strndup(m->body, m->len),
				  .len = m->len,
				  .json = m->json,
				  .timeout_ms = timeout_ms};
	pthread_mutex_init(&p->lock, NULL);
	df_cond_init(&p->ended);

	int failed = df_thread_start(&thread, post_run, p);
	if (failed == 0) {
		pthread_detach(thread);
	} else {
		post_end(p, strerror(failed));
		p->owners = 1;
	}
	return p;
}

enum df_status report_post_wait(struct report_post *p, int64_t ms, struct df_err *err)
{
	int64_t until = df_monotonic_ms() + ms;
	bool stopped = false;
	enum df_status st = DF_OK;
	pthread_mutex_lock(&p->lock);
	while (!p->done && df_monotonic_ms() < until) {
		df_cond_wait(&p->ended, &p->lock, SLICE_MS);
		if (df_stop_requested && !stopped) {
			int64_t soon = df_monotonic_ms() + REPORT_STOPPED_MS;
			until = soon < until ? soon : until;
			stopped = true;
		}
	}

	if (!p->done && stopped)
		st = df_fail(DF_RETRY, err, NULL, "no answer until the run was stopped");
	else if (!p->done)
		st = df_fail(DF_RETRY, err, NULL, "no answer within %lld s", (long long)ms / 1000);
	else if (p->why[0] != '\0')
		st = df_fail(DF_RETRY, err, NULL, "%s", p->why);
	pthread_mutex_unlock(&p->lock);
	return st;
}

void report_post_free(struct report_post *p)
{
	if (p != NULL)
		post_release(p);
}
