/* SPDX-License-Identifier: MIT */
/* What became of a subject request: one call at a time, without a stream. */
#include "send_http.h"
#include "send_opendsr.h"
#include "send_pace.h"
#include "send_quote.h"

#include <stdio.h>
#include <stdlib.h>

#define TRIES      5u
#define ANSWER_MAX (1u << 16)

struct query {
	struct sender *sender;
	const struct conf_feed *feed;
	struct http_route *route; /* own */
	CURL *easy;               /* own */
	struct curl_slist *headers;
	char *url; /* own */
	struct df_buf answer;
	long status;
	int64_t asked_ms; /* Retry-After, 0: none */
	char trouble[SEND_WORDS_SIZE];
};

static size_t receive(char *p, size_t size, size_t n, void *own)
{
	struct query *q = own;
	df_buf_add(&q->answer, p, size * n);
	return size * n;
}

static void query_free(struct query *q)
{
	curl_easy_cleanup(q->easy);
	curl_slist_free_all(q->headers);
	if (q->route != NULL)
		http_route_free(q->route);
	df_buf_free(&q->answer);
	free(q->url);
}

static enum df_status query_open(struct query *q, const char *id, struct df_err *err)
{
	const struct conf_feed *feed = q->feed;
	if (!feed->requests.on || feed->send.endpoint == NULL || feed->send.api_key == NULL ||
	    feed->send.api_secret == NULL)
		return df_fail(DF_USAGE, err, NULL,
			       "%s makes no subject requests, or lacks api_key or its secret",
			       feed->name);
	enum df_status st = http_route_new(feed, &q->route, err);
	if (st != DF_OK)
		return st;
	q->answer.max = ANSWER_MAX;
	q->url = df_format("%s%s/%s", feed->send.endpoint, http_service_requests.path, id);
	q->easy = http_easy(feed, q->route, &q->sender->tuning);
	q->headers = curl_slist_append(q->headers, "Accept: application/json");
	if (q->easy == NULL)
		return df_fail(DF_FATAL, err, NULL, "libcurl does not start");
	curl_easy_setopt(q->easy, CURLOPT_URL, q->url);
	/* whoever packs it all the same is understood */
	curl_easy_setopt(q->easy, CURLOPT_ACCEPT_ENCODING, "identity");
	curl_easy_setopt(q->easy, CURLOPT_HTTPHEADER, q->headers);
	curl_easy_setopt(q->easy, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(q->easy, CURLOPT_WRITEDATA, q);
	curl_easy_setopt(q->easy, CURLOPT_TIMEOUT_MS, (long)q->sender->tuning.patience);
	return DF_OK;
}

static enum df_status query_rest(int64_t ms, struct df_err *err)
{
	return df_rest(ms) ? DF_OK : df_fail(DF_RETRY, err, NULL, "stopped by a signal");
}

/* The service's limits hold for these calls as well. */
static enum df_status query_spend(struct query *q, struct df_err *err)
{
	const struct send_memory *memory = &q->sender->memory;
	const struct http_service *service = &http_service_requests;
	const struct send_spending one = {.fingerprint = q->route->fingerprint,
					  .calls = 1,
					  .limits = service->limits,
					  .n_limits = service->n_limits};
	int64_t wait = 1;
	size_t limit = 0;
	while (memory->spend != NULL && wait > 0) {
		enum df_status st = memory->spend(memory->ctx, &one, &wait, &limit, err);
		if (st != DF_OK)
			return st;
		if (wait > 0)
			st = query_rest(wait, err);
		if (st != DF_OK)
			return st;
	}
	return DF_OK;
}

static void call(struct query *q)
{
	curl_off_t seconds = 0;
	df_buf_reset(&q->answer);
	q->status = 0;
	CURLcode code = curl_easy_perform(q->easy);
	if (code != CURLE_OK) {
		snprintf(q->trouble, sizeof(q->trouble), "%s", curl_easy_strerror(code));
		return;
	}
	curl_easy_getinfo(q->easy, CURLINFO_RESPONSE_CODE, &q->status);
	curl_easy_getinfo(q->easy, CURLINFO_RETRY_AFTER, &seconds);
	q->asked_ms = seconds > 0 && seconds < 3600 ? (int64_t)seconds * 1000 : 0;
	snprintf(q->trouble, sizeof(q->trouble), "HTTP %ld", q->status);
}

static bool is_final(long status)
{
	return status != 0 && status != 408 && status != 429 && status < 500;
}

/* DF_OK: the answer's status is one that says something. */
static enum df_status query_ask(struct query *q, struct df_err *err)
{
	unsigned seed = (unsigned)df_now_ms();
	const struct send_tuning *t = &q->sender->tuning;
	for (unsigned i = 0; i < TRIES; i++) {
		enum df_status st = query_spend(q, err);
		if (st != DF_OK)
			return st;
		call(q);
		if (is_final(q->status))
			break;
		double random = (double)rand_r(&seed) / ((double)RAND_MAX + 1);
		int64_t wait = send_backoff(i, t->backoff_base, t->backoff_cap, random);
		if (i + 1 < TRIES)
			st = query_rest(q->asked_ms > wait ? q->asked_ms : wait, err);
		if (st != DF_OK)
			return st;
	}
	if (!is_final(q->status))
		return df_fail(DF_RETRY, err, NULL, "%s: %s", q->route->name, q->trouble);
	if (q->status == 401 || q->status == 403)
		return df_fail(DF_DENIED, err, NULL, "%s refused the credentials (%s): %s",
			       q->route->name, q->trouble, http_service_requests.credentials);
	return DF_OK;
}

static struct send_answer answer_of(const struct query *q)
{
	return (struct send_answer){.status = q->status,
				    .body = q->answer.data,
				    .len = q->answer.len,
				    .cut = q->answer.over};
}

static enum df_status stray(const struct query *q, struct df_err *err)
{
	return df_fail(DF_DENIED, err, NULL,
		       "%s gave an answer that no OpenDSR API gives (%s): check endpoint",
		       q->route->name, q->trouble);
}

enum df_status sender_request_ask(struct sender *s, const struct conf_feed *feed, const char *id,
				  struct send_found *out, struct df_err *err)
{
	struct query q = {.sender = s, .feed = feed};
	*out = (struct send_found){0};
	enum df_status st = query_open(&q, id, err);
	if (st != DF_OK)
		goto cleanup;
	st = query_ask(&q, err);
	if (st != DF_OK)
		goto cleanup;
	const struct send_answer a = answer_of(&q);
	if (q.status == 404)
		st = DF_END;
	else if (q.status != 200 || !opendsr_read_state(&a, id, out))
		st = stray(&q, err);
cleanup:
	query_free(&q);
	return st;
}

enum df_status sender_request_cancel(struct sender *s, const struct conf_feed *feed, const char *id,
				     struct df_err *err)
{
	struct query q = {.sender = s, .feed = feed};
	char *words = NULL;
	enum df_status st = query_open(&q, id, err);
	if (st != DF_OK)
		goto cleanup;
	curl_easy_setopt(q.easy, CURLOPT_CUSTOMREQUEST, "DELETE");
	st = query_ask(&q, err);
	if (st != DF_OK)
		goto cleanup;
	const struct send_answer a = answer_of(&q);
	words = q.status == 400 ? opendsr_read_words(&a) : NULL;
	if (words != NULL)
		st = df_fail(DF_REJECT, err, "request-failed", "%s", words);
	else if (q.status == 404)
		st = DF_END;
	else if (q.status != 200 && q.status != 202 && q.status != 204)
		st = stray(&q, err);
cleanup:
	free(words);
	query_free(&q);
	return st;
}
