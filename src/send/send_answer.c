/* SPDX-License-Identifier: MIT */
/* What an answer does to the lane and to its route. */
#include "send_http.h"
#include "send_objects.h"
#include "send_pace.h"
#include "send_proxy.h"
#include "send_quote.h"
#include "send_request.h"
#include "send_suspect.h"
#include "send_verdict.h"

#include "dropfeed/step.h"

#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>

#define RETRY_AFTER_MAX   86400 /* seconds */
#define REMEMBER_EVERY_MS 600000

/* What came of the request on the wire. */
struct outcome {
	CURLcode code;
	long status;     /* with CURLE_OK */
	long by_proxy;   /* status of the proxy's refusal to connect, 0: none */
	const char *why; /* for the log */
	int64_t now;
};

static pthread_mutex_t *lane_lock(struct http_lane *lane)
{
	return &lane->stream->base->sender->lock;
}

/* ---- what later runs should know ---- */

static void remember(struct http_lane *lane, const struct send_past *past)
{
	const struct send_memory *memory = &lane->stream->base->sender->memory;
	struct df_err err = {0};
	if (memory->remember != NULL &&
	    memory->remember(memory->ctx, lane->stream->route->fingerprint, past, &err) != DF_OK)
		df_log_err(DF_LOG_WARN, &err);
}

/* ---- good answers ---- */

/* Seconds until the service takes requests again, by its own clock where the answer shows it. */
static int64_t lane_reset_after(const struct http_lane *lane)
{
	time_t there = lane->date[0] != '\0' ? curl_getdate(lane->date, NULL) : -1;
	int64_t now = there != -1 ? (int64_t)there : df_now_ms() / 1000;
	return lane->reset_s > now ? lane->reset_s - now : 0;
}

static void lane_well(struct http_lane *lane, int64_t now)
{
	struct http_route *route = lane->stream->route;
	const struct send_request *r = &lane->request;
	pthread_mutex_lock(lane_lock(lane));
	http_route_succeeded(lane, r->item[r->from].batch->historical, now);
	send_pace_calm(&route->key->pace, lane->percent_used, lane->in_second, now - lane->started,
		       now);
	int64_t pause = lane->left == 0 ? lane_reset_after(lane) : 0;
	if (pause > 0)
		send_pace_pause(&route->key->pace, now + pause * 1000);
	bool news = route->waiting || route->remembered_at == 0 ||
		    now - route->remembered_at >= REMEMBER_EVERY_MS;
	if (news)
		route->remembered_at = now;
	route->waiting = false;
	pthread_mutex_unlock(lane_lock(lane));
	if (news)
		remember(lane, &(struct send_past){.success_ms = df_now_ms()});
}

static void lane_split(struct http_lane *lane, const struct send_verdict *v, int64_t now)
{
	send_request_apply(&lane->request, v);
	lane->ready_at = now;
	http_lane_settle(lane);
}

/* ---- wait, and try again ---- */

/* What the API asked for, in milliseconds; 0: nothing. curl understands both forms, seconds and
 * a date, without a bound. */
static int64_t lane_retry_after(struct http_lane *lane)
{
	curl_off_t seconds = 0;
	curl_easy_getinfo(lane->easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds <= 0)
		seconds = lane_reset_after(lane);
	if (seconds > RETRY_AFTER_MAX)
		seconds = RETRY_AFTER_MAX;
	return seconds > 0 ? (int64_t)seconds * 1000 : 0;
}

static void lane_throttled(struct http_lane *lane, const struct outcome *o)
{
	struct http_route *route = lane->stream->route;
	struct sender *sender = lane->stream->base->sender;
	int64_t asked = lane_retry_after(lane);
	bool acceleration = strcasestr(lane->exceeded, "acceleration") != NULL;
	char why[160];
	snprintf(why, sizeof(why), "rate limit reached (%.60s)",
		 lane->exceeded[0] != '\0' ? lane->exceeded : "HTTP 429");

	pthread_mutex_lock(&sender->lock);
	int64_t wait = asked > 0 ? asked : http_backoff(lane->stream->http, route->key->throttled);
	route->key->throttled++;
	route->waiting |= asked > 0;
	send_pace_throttled(&route->key->pace, wait, acceleration, o->now);
	sender->stats.retries++;
	sender->stats.throttled++;
	http_route_trouble(lane, why);
	http_route_log(route, why, wait, o->now);
	pthread_mutex_unlock(&sender->lock);
	if (sender->memory.throttled != NULL)
		sender->memory.throttled(sender->memory.ctx, lane->stream->base->feed->name);
	if (asked > 0)
		remember(lane, &(struct send_past){.not_before_ms = df_now_ms() + asked});
}

/* Whether a request came so far that the API may have seen its batches. */
static bool lane_was_sent(struct http_lane *lane)
{
	curl_off_t at = 0;
	return curl_easy_getinfo(lane->easy, CURLINFO_PRETRANSFER_TIME_T, &at) == CURLE_OK &&
	       at > 0;
}

static void log_blame(const struct http_route *route, enum send_blame blame, const char *why)
{
	if (blame == SEND_BLAME_HALVED)
		df_log(DF_LOG_DEBUG, "%s: %s, while others succeed: the request is halved",
		       route->name, why);
	else if (blame == SEND_BLAME_SET_ASIDE)
		df_log(DF_LOG_INFO,
		       "%s: %s again and again, while others succeed: the batch is set aside",
		       route->name, why);
}

static enum send_blame lane_blame(struct http_lane *lane, uint64_t successes, const char *why)
{
	struct http_route *route = lane->stream->route;
	struct send_request *r = &lane->request;
	size_t from = r->from;
	bool historical = r->item[from].batch->historical;
	enum send_blame blame = send_request_blame(r, successes, why);
	if (r->suspect)
		http_suspect_store(route, r, from);
	route->set_aside[historical] += blame == SEND_BLAME_SET_ASIDE;
	return blame;
}

static void lane_again(struct http_lane *lane, const struct outcome *o)
{
	struct http_route *route = lane->stream->route;
	struct sender *sender = lane->stream->base->sender;
	struct send_request *r = &lane->request;
	bool timeout = o->code == CURLE_OPERATION_TIMEDOUT, sent = lane_was_sent(lane);
	const struct http_failure f = {
	    .why = o->why, .asked = lane_retry_after(lane), .timeout = timeout && sent};
	if (!sent)
		http_address_doubt(&route->address);

	pthread_mutex_lock(&sender->lock);
	uint64_t successes = http_route_evidence(route, r->item[r->from].batch->historical,
						 o->code == CURLE_OK && o->status == 403);
	bool alone =
	    sent && r->to - r->from == 1 && send_request_counts(&r->item[r->from], successes);
	enum send_blame blame = sent ? lane_blame(lane, successes, o->why) : SEND_BLAME_NONE;
	int64_t wait = http_route_failed(lane, &f, o->now);
	if (blame != SEND_BLAME_NONE) { /* what is left is another request */
		lane->failures = 0;
		lane->not_before = 0;
		if (f.timeout) { /* that took its time */
			route->probes = 0;
			route->probe_at = o->now;
		}
	} else if (sent && r->to - r->from == 1 && !lane->stream->service->once &&
		   !send_request_stays(r, successes)) {
		send_request_pass(r);
	}
	sender->stats.retries++;
	http_route_log(route, o->why, blame == SEND_BLAME_NONE ? wait : 0, o->now);
	log_blame(route, blame, o->why);
	pthread_mutex_unlock(&sender->lock);
	if (alone)
		http_suspects_remember(route, &sender->memory);
	if (blame == SEND_BLAME_SET_ASIDE)
		http_lane_settle(lane);
}

/* No answer came to what must not be sent twice: the rest of it is tried again. */
static void lane_lost(struct http_lane *lane, const struct outcome *o)
{
	struct http_route *route = lane->stream->route;
	struct sender *sender = lane->stream->base->sender;
	const struct http_failure f = {.why = o->why,
				       .asked = lane_retry_after(lane),
				       .timeout = o->code == CURLE_OPERATION_TIMEDOUT};
	pthread_mutex_lock(&sender->lock);
	int64_t wait = http_route_failed(lane, &f, o->now);
	http_route_log(route, o->why, wait, o->now);
	pthread_mutex_unlock(&sender->lock);
	http_lane_settle(lane);
}

/* Whether the service may have taken what must not be sent twice, and did not say so. */
static bool is_lost(struct http_lane *lane, const struct outcome *o, const struct send_verdict *v)
{
	return v->action == SEND_AGAIN && (o->code != CURLE_OK || v->lost) && lane_was_sent(lane) &&
	       send_objects_once(&lane->request);
}

/* A batch that is too large for whoever answers, though not for the API: set aside, unless
 * nobody gets through. */
static void lane_too_large(struct http_lane *lane, const struct send_verdict *v,
			   const struct outcome *o)
{
	struct send_request *r = &lane->request;
	pthread_mutex_lock(lane_lock(lane));
	bool others = lane->stream->route->success_at != 0;
	pthread_mutex_unlock(lane_lock(lane));
	if (r->to - r->from > 1) {
		lane_split(lane, v, o->now);
		return;
	}
	if (!others) {
		lane_again(lane, o);
		return;
	}
	send_request_set_aside(r, o->why);
	log_blame(lane->stream->route, SEND_BLAME_SET_ASIDE, o->why);
	lane->ready_at = o->now;
	http_lane_settle(lane);
}

/* ---- no way in ---- */

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
	/* its chain is good, so that it is the name which is not; curl may not say so */
	case X509_V_OK:
	case X509_V_ERR_UNSPECIFIED:
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "write endpoint with the name that the certificate is for";
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "check this machine's clock (date -u); if it is right, the server needs a "
		       "new certificate";
	default:
		return "set ca_file to the authority that issued it";
	}
}

static void lane_close_route(struct http_lane *lane, const struct df_err *why)
{
	struct http_route *route = lane->stream->route;
	pthread_mutex_lock(lane_lock(lane));
	if (route->closed == DF_OK || route->closed == DF_RETRY) {
		route->closed = DF_DENIED;
		route->why = *why;
	}
	http_stream_stop(lane->stream, DF_DENIED, why);
	pthread_mutex_unlock(lane_lock(lane));
}

static void lane_untrusted(struct http_lane *lane, const struct outcome *o)
{
	const struct http_stream *st = lane->stream;
	const char *ca_file = st->base->feed->send.ca_file;
	struct df_err err = {0};
	pthread_mutex_lock(lane_lock(lane));
	st->route->untrusted = true;
	pthread_mutex_unlock(lane_lock(lane));
	if (o->code == CURLE_SSL_CACERT_BADFILE)
		df_fail(DF_DENIED, &err, NULL,
			"cannot use the certificates in ca_file = %s: PEM is wanted (-----BEGIN "
			"CERTIFICATE-----)",
			ca_file != NULL ? ca_file : "(system)");
	else
		df_fail(DF_DENIED, &err, NULL, "the certificate of %s is not trusted (%s): %s",
			st->route->name, o->why, certificate_remedy(lane));
	lane_close_route(lane, &err);
}

static void lane_denied(struct http_lane *lane, const struct outcome *o)
{
	struct df_err err = {0};
	df_fail(DF_DENIED, &err, NULL, "%s refused the feed's credentials (%s): %s",
		lane->stream->route->name, o->why, lane->stream->service->credentials);
	lane_close_route(lane, &err);
}

/* Where a redirection leads: the host alone, as the rest may hold anything. */
static void redirect_host(struct http_lane *lane, struct df_buf *out)
{
	char *url = NULL, *host = NULL;
	if (curl_easy_getinfo(lane->easy, CURLINFO_REDIRECT_URL, &url) != CURLE_OK || url == NULL)
		return;
	CURLU *u = curl_url();
	if (curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK)
		df_buf_addf(out, ", which leads to %.200s", host);
	curl_free(host);
	curl_url_cleanup(u);
}

/* Somebody else than an Events API answers there. */
static void lane_stray(struct http_lane *lane, const struct outcome *o)
{
	const struct http_route *route = lane->stream->route;
	struct df_buf where = {0};
	struct df_err err = {0};
	redirect_host(lane, &where);
	const char *to = df_buf_cstr(&where), *proxy = route->proxy.name;
	if (o->by_proxy == 407 || o->status == 407)
		df_fail(DF_DENIED, &err, NULL,
			"the proxy %s wants another login (%s): check proxy_user and "
			"proxy_password_file",
			proxy != NULL ? proxy : route->name, o->why);
	else if (o->by_proxy != 0)
		df_fail(DF_DENIED, &err, NULL,
			"the proxy %s does not connect to %s (%s): check proxy and endpoint", proxy,
			route->name, o->why);
	else
		df_fail(DF_DENIED, &err, NULL,
			"%s gave an answer that no %s gives (%s%s): nothing was consumed; "
			"check endpoint%s",
			route->name, lane->stream->service->name, o->why, to,
			proxy != NULL ? " and proxy" : "");
	df_buf_free(&where);
	lane_close_route(lane, &err);
}

/* ---- reading ---- */

/* curl's words, without the passwords that it may quote. */
static void curl_words(struct http_lane *lane, CURLcode code, char out[SEND_WORDS_SIZE])
{
	const struct http_stream *st = lane->stream;
	const struct send_proxy *proxy = &st->route->proxy;
	const char *const secrets[] = {proxy->url != NULL ? proxy->url : "",
				       proxy->password != NULL ? proxy->password : "",
				       st->base->feed->send.api_secret, NULL};
	const char *words = lane->trouble[0] != '\0' ? lane->trouble : curl_easy_strerror(code);
	if (code == CURLE_OPERATION_TIMEDOUT && lane_was_sent(lane))
		snprintf(out, SEND_WORDS_SIZE, "no answer for %lld s",
			 (long long)((df_monotonic_ms() - lane->started + 500) / 1000));
	/* which quotes the URL */
	else if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT)
		snprintf(out, SEND_WORDS_SIZE, "%s", curl_easy_strerror(code));
	else
		snprintf(out, SEND_WORDS_SIZE, "%s", words);
	send_mask(out, secrets);
	df_utf8_sanitize(out);
}

static enum send_action proxy_action(long status)
{
	return status == 408 || status == 429 || status >= 500 ? SEND_AGAIN : SEND_STRAY;
}

static void read_failure(struct http_lane *lane, struct outcome *o, struct send_verdict *v,
			 char why[SEND_WORDS_SIZE])
{
	curl_easy_getinfo(lane->easy, CURLINFO_HTTP_CONNECTCODE, &o->by_proxy);
	if (o->by_proxy < 300 || lane->stream->route->proxy.url == NULL)
		o->by_proxy = 0;
	curl_words(lane, o->code, why);
	v->action = certificate_refused(o->code) ? SEND_DENY : SEND_AGAIN;
	if (o->by_proxy == 0)
		return;
	v->action = proxy_action(o->by_proxy);
	snprintf(why, SEND_WORDS_SIZE, "HTTP %ld of the proxy", o->by_proxy);
}

/* Some pages repeat the request, its header with the credentials included. */
static void mask_answer(const struct conf_feed *feed, char *why)
{
	char *token = send_basic_token(feed->send.api_key, feed->send.api_secret);
	const char *const secrets[] = {feed->send.api_secret, token, NULL};
	send_mask(why, secrets);
	free(token);
}

/* Of a packed answer that was cut curl may make nothing at all, which would be "accepted". */
static bool is_unreadable(const struct http_lane *lane)
{
	curl_off_t came = 0;
	return lane->answer.len == 0 &&
	       curl_easy_getinfo(lane->easy, CURLINFO_SIZE_DOWNLOAD_T, &came) == CURLE_OK &&
	       came > 0;
}

/* asks: the request carried no batch. */
static void read_answer(struct http_lane *lane, const struct outcome *o, bool asks,
			struct send_verdict *v, char why[SEND_WORDS_SIZE])
{
	const struct http_service *service = lane->stream->service;
	const struct http_route *route = lane->stream->route;
	pthread_mutex_lock(lane_lock(lane));
	/* Others that are on the wire with it may prove the key yet. */
	bool volley =
	    route->in_flight > 0 && (route->failures == 0 || lane->started < route->failed_at);
	bool proven = route->proven || volley;
	pthread_mutex_unlock(lane_lock(lane));
	const struct send_answer a = {.status = o->status,
				      .body = lane->answer.data,
				      .len = lane->answer.len,
				      .cut = lane->answer.over,
				      .unreadable = is_unreadable(lane),
				      .proven = proven};
	if (asks)
		service->access_read(v, &a);
	else
		service->read(v, &lane->request, &a);
	snprintf(why, SEND_WORDS_SIZE, "%s", v->words != NULL ? v->words : "");
	if (why[0] != '\0')
		mask_answer(lane->stream->base->feed, why);
}

/* Whether the API may have taken a batch of the request. */
static bool may_be_taken(struct http_lane *lane, const struct send_verdict *v)
{
	switch (v->action) {
	case SEND_ACCEPT:
		return true;
	case SEND_SPLIT:
		return v->rest_stands;
	case SEND_AGAIN:
		return lane_was_sent(lane);
	default:
		return false;
	}
}

/* The answer to a request that wanted to know whether the credentials are good. */
static void lane_access(struct http_lane *lane, struct outcome *o)
{
	struct http_stream *st = lane->stream;
	struct send_verdict v = {0};
	char why[SEND_WORDS_SIZE] = "";
	const struct http_failure f = {.why = why};
	read_answer(lane, o, true, &v, why);
	o->why = why;
	send_verdict_free(&v);
	if (v.action == SEND_DENY) {
		lane_denied(lane, o);
		return;
	}
	if (v.action == SEND_STRAY) {
		lane_stray(lane, o);
		return;
	}

	pthread_mutex_lock(lane_lock(lane));
	/* whoever limits its rate has looked at the key first */
	if (v.action == SEND_ACCEPT || v.action == SEND_THROTTLE)
		st->answered = true;
	else
		http_route_log(st->route, why, http_route_failed(lane, &f, o->now), o->now);
	pthread_mutex_unlock(lane_lock(lane));
}

/* The answer to a request without batches: what it says beside the time is not looked at, but one
 * has to come. */
static void lane_asked(struct http_lane *lane, struct outcome *o)
{
	struct http_route *route = lane->stream->route;
	struct send_verdict v = {0};
	char why[SEND_WORDS_SIZE] = "";
	const struct http_failure f = {.why = why};
	lane->asks = false;
	lane->ready_at = o->now;
	if (o->code != CURLE_OK)
		read_failure(lane, o, &v, why);
	o->why = why;
	if (o->code != CURLE_OK && v.action == SEND_DENY) {
		lane_untrusted(lane, o);
		return;
	}
	if (o->code != CURLE_OK && v.action == SEND_STRAY) {
		lane_stray(lane, o);
		return;
	}
	if (o->code == CURLE_OK && lane->stream->asks == HTTP_ASKS_ACCESS) {
		lane_access(lane, o);
		return;
	}

	pthread_mutex_lock(lane_lock(lane));
	if (o->code != CURLE_OK) {
		http_address_doubt(&route->address);
		http_route_log(route, why, http_route_failed(lane, &f, o->now), o->now);
	} else if (route->clock == HTTP_CLOCK_UNKNOWN) {
		route->clock = HTTP_CLOCK_SILENT;
	}
	pthread_mutex_unlock(lane_lock(lane));
}

void http_lane_answered(struct http_lane *lane, CURLcode code)
{
	struct outcome o = {.code = code, .now = df_monotonic_ms()};
	struct send_verdict v = {0};
	char why[SEND_WORDS_SIZE] = "";
	df_after("request");
	curl_easy_getinfo(lane->easy, CURLINFO_RESPONSE_CODE, &o.status);
	if (code == CURLE_OK && !lane->headed)
		o.code = CURLE_PARTIAL_FILE;
	pthread_mutex_lock(lane_lock(lane));
	http_clock_read(lane, df_now_ms());
	pthread_mutex_unlock(lane_lock(lane));
	if (lane->asks) {
		lane_asked(lane, &o);
		return;
	}
	if (o.code == CURLE_OK)
		read_answer(lane, &o, false, &v, why);
	else
		read_failure(lane, &o, &v, why);
	o.why = why;
	if (may_be_taken(lane, &v))
		send_touched(lane->stream->base);
	bool once = lane->stream->service->once, lost = once && is_lost(lane, &o, &v);
	size_t from = lane->request.from, to = lane->request.to;
	if (v.action != SEND_ACCEPT && v.action != SEND_SPLIT)
		send_objects_back(&lane->request, !lost);

	switch (v.action) {
	case SEND_ACCEPT:
	case SEND_SPLIT:
		lane_well(lane, o.now);
		lane_split(lane, &v, o.now);
		break;
	case SEND_HALVE:
		lane_too_large(lane, &v, &o);
		break;
	case SEND_THROTTLE:
		lane_throttled(lane, &o);
		break;
	case SEND_AGAIN:
		if (lost)
			lane_lost(lane, &o);
		else
			lane_again(lane, &o);
		break;
	case SEND_STRAY:
		lane_stray(lane, &o);
		break;
	case SEND_DENY:
		if (o.code != CURLE_OK)
			lane_untrusted(lane, &o);
		else
			lane_denied(lane, &o);
		break;
	}
	if (once)
		http_lane_back(lane, from, to);
	send_verdict_free(&v);
}
