/* SPDX-License-Identifier: MIT */
/*
 * A POST whose answer nobody depends on. It has a thread of its own, which shares it with the
 * caller: whoever lets go of it last frees it. So it can be given up at any time, also while
 * the system's resolver hangs.
 */
#include "dropfeed/report.h"
#include "dropfeed/resolve.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_prepare(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

void report_post_prepare(void)
{
	pthread_once(&curl_once, curl_prepare);
}

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
	snprintf(p->why, sizeof(p->why), "%s", why);
	p->done = true;
	pthread_cond_broadcast(&p->ended);
	pthread_mutex_unlock(&p->lock);
	post_release(p);
}

/* ---- the request ---- */

static size_t ignore_answer(char *data, size_t size, size_t n, void *ctx)
{
	(void)data;
	(void)ctx;
	return size * n;
}

/* Proxies of the environment are honoured, but not for hosts on this machine. */
static bool is_loopback(const char *url)
{
	char *host = NULL;
	CURLU *u = curl_url();
	bool is = curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK;
	is = is && (strcmp(host, "[::1]") == 0 || df_is_loopback(host));
	curl_free(host);
	curl_url_cleanup(u);
	return is;
}

static void set_up(CURL *c, const struct report_post *p, struct curl_slist *headers)
{
	curl_easy_setopt(c, CURLOPT_URL, p->url);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)p->timeout_ms);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "dropfeed/" DROPFEED_VERSION);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_POST, 1L);
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)p->len);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, p->body);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, ignore_answer);
	if (is_loopback(p->url))
		curl_easy_setopt(c, CURLOPT_PROXY, "");
}

/* curl's own words name hosts, and no more of an address, which may hold a token. */
static void perform(struct report_post *p, char why[160])
{
	struct curl_slist *headers = curl_slist_append(
	    NULL, p->json ? "Content-Type: application/json" : "Content-Type: text/plain");
	headers = curl_slist_append(headers, "Expect:");
	CURL *c = curl_easy_init();
	long status = 0;
	why[0] = '\0';
	if (c == NULL) {
		snprintf(why, 160, "out of memory");
	} else {
		set_up(c, p, headers);
		CURLcode rc = curl_easy_perform(c);
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
		if (rc == CURLE_OPERATION_TIMEDOUT)
			snprintf(why, 160, "no answer within %lld s",
				 (long long)p->timeout_ms / 1000);
		else if (rc != CURLE_OK)
			snprintf(why, 160, "%s", curl_easy_strerror(rc));
		else if (status < 200 || status > 299)
			snprintf(why, 160, "answered with HTTP %ld", status);
	}
	curl_easy_cleanup(c);
	curl_slist_free_all(headers);
}

static void *post_run(void *arg)
{
	char why[160];
	perform(arg, why);
	post_end(arg, why);
	return NULL;
}

/* ---- the caller's side ---- */

struct report_post *report_post_start(const struct report_message *m, int64_t timeout_ms)
{
	struct report_post *p = df_alloc(sizeof(*p));
	pthread_condattr_t attr;
	pthread_attr_t detached;
	pthread_t thread;
	sigset_t all, before;
	report_post_prepare();
	*p = (struct report_post){.owners = 2,
				  .url = df_strdup(m->url),
				  .body = df_strndup(m->body, m->len),
				  .len = m->len,
				  .json = m->json,
				  .timeout_ms = timeout_ms};
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->ended, &attr);
	pthread_condattr_destroy(&attr);

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	sigfillset(&all); /* signals are for the main thread */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&thread, &detached, post_run, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
	if (failed != 0)
		post_end(p, strerror(failed));
	return p;
}

enum df_status report_post_wait(struct report_post *p, int64_t ms, struct df_err *err)
{
	struct timespec until;
	enum df_status st = DF_OK;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;

	pthread_mutex_lock(&p->lock);
	while (!p->done && pthread_cond_timedwait(&p->ended, &p->lock, &until) != ETIMEDOUT)
		;
	if (!p->done)
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
