/* SPDX-License-Identifier: MIT */
/* One lane: a request goes out, its answer is read, its batches are settled. */
#include "send_http.h"

#include "dropfeed/step.h"

#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>

#define ANSWER_MAX   (1u << 20)
#define LOG_EVERY_MS 10000 /* while an endpoint stays unwell */

#define RETRY_AFTER_MAX 86400 /* seconds */

/* ---- out ---- */

/* An answer's body is kept up to its cap; the rest is read and forgotten. */
static size_t lane_receive(char *p, size_t size, size_t n, void *own)
{
	struct http_lane *lane = own;
	size_t room = ANSWER_MAX - lane->answer.len, len = size * n;
	df_buf_add(&lane->answer, p, len < room ? len : room);
	if (len > room)
		lane->answer.over = true;
	return len;
}

/* curl takes headers that end with the connection for whole ones: the blank line behind them tells. (Trailers come here,
 * too.) */
static size_t lane_header(char *p, size_t size, size_t n, void *own)
{
	struct http_lane *lane = own;
	size_t len = size * n;
	if (len >= 5 && memcmp(p, "HTTP/", 5) == 0)
		lane->headed = false; /* behind a 100 Continue */
	else if (len > 0 && (p[0] == '\r' || p[0] == '\n'))
		lane->headed = true;
	return len;
}

static void lane_prepare(struct http_lane *lane)
{
	const struct http_stream *st = lane->stream;
	const struct conf_feed *feed = st->base->feed;
	const struct send_tuning *t = &st->base->sender->tuning;
	CURL *c = lane->easy = curl_easy_init();
	if (c == NULL)
		return;
	curl_easy_setopt(c, CURLOPT_PRIVATE, lane);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, ""); /* an errors[] that stays packed would be read as none */
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	if (feed->ca_file != NULL) /* beside the system's folder of authorities, which stays */
		curl_easy_setopt(c, CURLOPT_CAINFO, feed->ca_file);
	curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(c, CURLOPT_USERNAME, feed->api_key);
	curl_easy_setopt(c, CURLOPT_PASSWORD, feed->api_secret);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "dropfeed/" DROPFEED_VERSION);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, st->headers);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)t->connect_timeout);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)t->request_timeout);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, lane_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, lane);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, lane_receive);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, lane);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, lane->trouble);
	curl_easy_setopt(c, CURLOPT_POST, 1L);
}

void http_lane_start(struct http_lane *lane, int64_t now)
{
	struct http_stream *st = lane->stream;
	struct send_request *r = &lane->request;
	if (lane->easy == NULL)
		lane_prepare(lane);
	df_buf_reset(&lane->answer);
	send_request_body(r);
	lane->started = now;
	lane->trouble[0] = '\0';
	lane->headed = false;
	bool historical = r->item[r->from].batch->historical;
	df_before("request");
	if (lane->easy == NULL || r->body.over ||
	    curl_easy_setopt(lane->easy, CURLOPT_URL, historical ? st->url_historical : st->url) != CURLE_OK ||
	    curl_easy_setopt(lane->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len) != CURLE_OK ||
	    curl_easy_setopt(lane->easy, CURLOPT_POSTFIELDS, r->body.data) != CURLE_OK ||
	    curl_multi_add_handle(st->http->multi, lane->easy) != CURLM_OK) {
		struct df_err err = {0};
		http_stream_stop(st, df_fail(DF_FATAL, &err, NULL, "cannot start a request"), &err);
		return;
	}
	lane->in_flight = true;
	st->in_flight++;
	st->host->in_flight++;
	st->base->sender->stats.requests++;
	st->base->sender->stats.bytes += r->body.len;
}

void http_lane_end(struct http_lane *lane)
{
	if (!lane->in_flight)
		return;
	curl_multi_remove_handle(lane->stream->http->multi, lane->easy);
	lane->in_flight = false;
	lane->stream->in_flight--;
	lane->stream->host->in_flight--;
}

void http_lane_free(struct http_lane *lane)
{
	http_lane_end(lane);
	curl_easy_cleanup(lane->easy);
	send_request_clear(&lane->request);
	df_buf_free(&lane->request.body);
	send_queue_free(&lane->queue);
	df_buf_free(&lane->answer);
}

/* ---- in ---- */

static void lane_stop(struct http_lane *lane, enum df_status status, const struct df_err *err)
{
	pthread_mutex_t *lock = &lane->stream->base->sender->lock;
	pthread_mutex_lock(lock);
	http_stream_stop(lane->stream, status, err);
	pthread_mutex_unlock(lock);
}

/* Called when no batch of the request is pending any more. */
static void lane_settle(struct http_lane *lane)
{
	struct http_stream *st = lane->stream;
	struct send_request *r = &lane->request;
	struct sender *sender = st->base->sender;
	struct send_reject rejects[REQUEST_MAX_BATCHES];
	struct send_stats sum = {0};
	size_t n_rejects = 0;
	uint64_t rows = 0, done = r->item[r->n - 1].batch->lane_position + 1;
	for (size_t i = 0; i < r->n; i++) {
		const struct send_item *item = &r->item[i];
		if (item->fate == SEND_REJECTED) {
			rejects[n_rejects++] =
			    (struct send_reject){.batch = item->batch, .message = item->words, .code = "api-rejected"};
			continue;
		}
		sum.batches++;
		sum.events += item->batch->n_events;
		rows += item->batch->n_rows;
	}
	struct df_err err = {0};
	enum df_status status = DF_OK;
	if (!st->unsettled)
		status = st->base->events->settled(st->base->ctx, lane->number, done, rows, rejects, n_rejects, &err);
	send_request_clear(r);
	pthread_mutex_lock(&sender->lock);
	sender->stats.batches += sum.batches;
	sender->stats.events += sum.events;
	pthread_mutex_unlock(&sender->lock);
	if (status != DF_OK) {
		st->unsettled = true;
		lane_stop(lane, status, &err);
	}
}

/* The API answered sensibly: whatever was wrong is over. */
static void lane_well(struct http_lane *lane, int64_t now)
{
	struct http_host *host = lane->stream->host;
	struct http_key *key = lane->stream->key;
	if (host->told)
		df_log(DF_LOG_INFO, "%s answers again", host->name);
	host->told = false;
	host->failures = 0;
	host->not_before = 0;
	lane->failures = 0;
	lane->not_before = 0;
	host->gave_up = key->gave_up = false;
	key->throttled = 0;
	struct curl_header *h = NULL;
	double used = -1;
	if (curl_easy_header(lane->easy, "X-mp-rate-limit-percentage-used", 0, CURLH_HEADER, -1, &h) == CURLHE_OK)
		used = strtod(h->value, NULL);
	pthread_mutex_t *lock = &lane->stream->base->sender->lock;
	pthread_mutex_lock(lock);
	for (struct http_stream *st = lane->stream->http->streams; st != NULL; st = st->next)
		if (st->host == host && st->key == key)
			st->trouble_since = 0;
	send_pace_calm(&key->pace, used, lane->in_second, now - lane->started, now);
	pthread_mutex_unlock(lock);
}

/* What the API asked for, in milliseconds; 0: nothing. curl understands both forms, seconds and a date, without a bound. */
static int64_t lane_retry_after(struct http_lane *lane)
{
	curl_off_t seconds = 0;
	curl_easy_getinfo(lane->easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds > RETRY_AFTER_MAX)
		seconds = RETRY_AFTER_MAX;
	return seconds > 0 ? (int64_t)seconds * 1000 : 0;
}

static int64_t lane_backoff(struct http_lane *lane, unsigned failures)
{
	const struct send_tuning *t = &lane->stream->base->sender->tuning;
	double random = (double)rand_r(&lane->stream->http->seed) / ((double)RAND_MAX + 1);
	return send_backoff(failures, t->backoff_base, t->backoff_cap, random);
}

static void lane_log(struct http_host *host, const char *why, int64_t wait, int64_t now)
{
	bool quiet = host->logged_at != 0 && now - host->logged_at < LOG_EVERY_MS;
	df_log(quiet ? DF_LOG_DEBUG : DF_LOG_WARN, "%s: %s, next try in %.1f s", host->name, why, (double)wait / 1000);
	if (quiet)
		return;
	host->logged_at = now;
	host->told = true;
}

/* Remembers why and since when nothing works: the time the failed request was on the wire counts. */
static void lane_trouble(struct http_lane *lane, const char *why)
{
	struct http_host *host = lane->stream->host;
	snprintf(host->trouble, sizeof(host->trouble), "%s", why);
	if (lane->stream->trouble_since == 0)
		lane->stream->trouble_since = lane->started;
}

static void lane_throttled(struct http_lane *lane, int64_t now)
{
	struct http_key *key = lane->stream->key;
	struct sender *sender = lane->stream->base->sender;
	struct curl_header *h = NULL;
	bool named = curl_easy_header(lane->easy, "X-mp-rate-limit-exceeded", 0, CURLH_HEADER, -1, &h) == CURLHE_OK;
	int64_t wait = lane_retry_after(lane);
	if (wait == 0)
		wait = lane_backoff(lane, key->throttled);
	key->throttled++;
	char why[160];
	snprintf(why, sizeof(why), "rate limit reached (%.60s)", named ? h->value : "429");
	bool acceleration = named && strcasestr(h->value, "acceleration") != NULL;
	pthread_mutex_lock(&sender->lock);
	send_pace_throttled(&key->pace, wait, acceleration, now);
	sender->stats.retries++;
	sender->stats.throttled++;
	pthread_mutex_unlock(&sender->lock);
	lane_trouble(lane, why);
	lane_log(lane->stream->host, why, wait, now);
}

static void lane_again(struct http_lane *lane, const char *why, int64_t now)
{
	struct http_host *host = lane->stream->host;
	struct sender *sender = lane->stream->base->sender;
	unsigned worst = host->failures > lane->failures ? host->failures : lane->failures;
	int64_t wait = lane_backoff(lane, worst), asked = lane_retry_after(lane);
	if (wait < asked)
		wait = asked;
	lane->failures++;
	lane->not_before = now + wait;
	if (host->not_before < lane->not_before)
		host->not_before = lane->not_before;
	/* Requests that were on the wire together fail together: that is one failure of the host. */
	if (host->failures == 0 || lane->started >= host->failed_at)
		host->failures++;
	host->failed_at = now;
	lane_trouble(lane, why);
	pthread_mutex_lock(&sender->lock);
	sender->stats.retries++;
	pthread_mutex_unlock(&sender->lock);
	lane_log(host, why, wait, now);
}

static const char *lane_trouble_words(const struct http_lane *lane, CURLcode code)
{
	return lane->trouble[0] != '\0' ? lane->trouble : curl_easy_strerror(code);
}

static bool certificate_refused(CURLcode code)
{
	return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
	       code == CURLE_SSL_ISSUER_ERROR;
}

/* What to do about a certificate is not the same for every reason that there is to refuse it. */
static const char *certificate_remedy(struct http_lane *lane)
{
	long result = X509_V_OK;
	curl_easy_getinfo(lane->easy, CURLINFO_SSL_VERIFYRESULT, &result);
	switch (result) {
	case X509_V_OK: /* its chain is good, so that it is the name which is not; curl may leave it unsaid, then */
	case X509_V_ERR_UNSPECIFIED:
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "write endpoint with the name that the certificate is for";
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "check this machine's clock (date -u); if it is right, the server needs a new certificate";
	default:
		return "set ca_file to the authority that issued it";
	}
}

static void lane_denied(struct http_lane *lane, CURLcode code, long status)
{
	const struct http_stream *st = lane->stream;
	const char *ca_file = st->base->feed->ca_file;
	struct df_err err = {0};
	if (code == CURLE_SSL_CACERT_BADFILE)
		df_fail(DF_DENIED, &err, NULL,
			"cannot use the certificates in ca_file = %s: PEM is wanted (-----BEGIN CERTIFICATE-----)",
			ca_file != NULL ? ca_file : "(system)");
	else if (code != CURLE_OK)
		df_fail(DF_DENIED, &err, NULL, "the certificate of %s is not trusted (%s): %s", st->host->name,
			lane_trouble_words(lane, code), certificate_remedy(lane));
	else
		df_fail(DF_DENIED, &err, NULL,
			"%s refused the feed's credentials (HTTP %ld): check api_key, its secret, and that endpoint is "
			"the key's own pod",
			st->host->name, status);
	lane_stop(lane, DF_DENIED, &err);
}

void http_lane_answered(struct http_lane *lane, CURLcode code)
{
	struct send_request *r = &lane->request;
	int64_t now = df_monotonic_ms();
	long status = 0;
	struct send_verdict v = {0};
	char why[CURL_ERROR_SIZE + 64];
	df_after("request");
	curl_easy_getinfo(lane->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && !lane->headed)
		code = CURLE_PARTIAL_FILE;
	if (code == CURLE_OK) {
		send_verdict_read(&v, r, status, lane->answer.data, lane->answer.len, lane->answer.over);
		const char *more = status == 202                   ? " with a body that cannot be read"
				   : status >= 200 && status < 300 ? ", which no Events API answers: check endpoint"
								   : "";
		snprintf(why, sizeof(why), "HTTP %ld%s", status, more);
	} else {
		v.action = certificate_refused(code) ? SEND_DENY : SEND_AGAIN;
		snprintf(why, sizeof(why), "%s", lane_trouble_words(lane, code));
	}
	switch (v.action) {
	case SEND_ACCEPT:
	case SEND_SPLIT:
	case SEND_HALVE:
		lane_well(lane, now);
		send_request_apply(r, &v);
		lane->ready_at = now;
		if (!send_request_part(r))
			lane_settle(lane);
		break;
	case SEND_THROTTLE:
		lane_throttled(lane, now);
		break;
	case SEND_AGAIN:
		lane_again(lane, why, now);
		break;
	case SEND_DENY:
		lane_denied(lane, code, status);
		break;
	}
	send_verdict_free(&v);
}
