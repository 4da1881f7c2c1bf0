/* SPDX-License-Identifier: MIT */
/* One way to the API, and how it is. */
#include "send_route.h"

#include "send_address.h"
#include "send_http.h"
#include "send_pace.h"
#include "send_priv.h"
#include "send_proxy.h"

#include <stdio.h>
#include <stdlib.h>

#define UNWELL_FAILURES 3     /* in a row; a request without an answer counts as that many */
#define LOG_EVERY_MS    60000 /* while a route has trouble */
#define SET_ASIDE_MAX   3     /* batches that others' successes speak against */
#define DAY_MS          INT64_C(86400000)

/* ---- finding and making ---- */

struct url_parts {
	char *scheme, *host, *name; /* own; host without brackets; name: host and port, for logs */
	uint16_t port;
};

static void parts_free(struct url_parts *p)
{
	free(p->scheme);
	free(p->host);
	free(p->name);
}

/* User information never reaches a log. */
static bool parts_read(const char *url, struct url_parts *p)
{
	char *scheme = NULL, *host = NULL, *port = NULL;
	CURLU *u = curl_url();
	bool ok = curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK;
	if (ok) {
		bool named = curl_url_get(u, CURLUPART_PORT, &port, 0) == CURLUE_OK;
		size_t len = strlen(host), bracket = *host == '[' && host[len - 1] == ']';
		p->scheme = df_strdup(scheme);
		p->host = df_strndup(host + bracket, len - 2 * bracket);
		p->name = df_format("%s%s%s", host, named ? ":" : "", named ? port : "");
		p->port = named                              ? (uint16_t)strtoul(port, NULL, 10)
			  : strcasecmp(scheme, "https") == 0 ? 443
							     : 80;
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
	return ok;
}

static void fingerprint(const struct conf_feed *feed, char hex[DF_SHA256_HEX])
{
	struct df_sha256 *h = df_sha256_new();
	df_sha256_add(h, feed->send.endpoint, strlen(feed->send.endpoint));
	df_sha256_add(h, "\n", 1);
	df_sha256_add(h, feed->send.api_key, strlen(feed->send.api_key));
	df_sha256_end(h, hex);
	df_sha256_free(h);
}

static const char *or_empty(const char *s)
{
	return s != NULL ? s : "";
}

enum { SETTINGS = 7 };

/* What a route is made from, beside the environment. */
static void settings_of(const struct conf_feed *feed, const char *v[SETTINGS])
{
	const struct conf_send *s = &feed->send;
	const char *const all[SETTINGS] = {s->endpoint, s->api_key,    s->api_secret,    s->ca_file,
					   s->proxy,    s->proxy_user, s->proxy_password};
	for (size_t i = 0; i < SETTINGS; i++)
		v[i] = or_empty(all[i]);
}

/* One line for each. */
static char *settings_text(const struct conf_feed *feed)
{
	const char *v[SETTINGS];
	struct df_buf text = {0};
	settings_of(feed, v);
	for (size_t i = 0; i < SETTINGS; i++)
		df_buf_addf(&text, "%s\n", v[i]);
	char *own = df_strdup(df_buf_cstr(&text));
	df_buf_free(&text);
	return own;
}

static bool settings_are(const struct conf_feed *feed, const char *text)
{
	const char *v[SETTINGS];
	settings_of(feed, v);
	for (size_t i = 0; i < SETTINGS; i++) {
		size_t n = strlen(v[i]);
		if (strncmp(text, v[i], n) != 0 || text[n] != '\n')
			return false;
		text += n + 1;
	}
	return true;
}

enum df_status http_route_new(const struct conf_feed *feed, struct http_route **out,
			      struct df_err *err)
{
	struct url_parts p = {0};
	if (!parts_read(feed->send.endpoint, &p))
		return df_fail(DF_USAGE, err, NULL, "endpoint is not a URL");
	struct http_route *route = df_alloc(sizeof(*route));
	const struct send_proxy_wish wish = {.scheme = p.scheme,
					     .host = p.host,
					     .url = feed->send.proxy,
					     .user = feed->send.proxy_user,
					     .password = feed->send.proxy_password};
	enum df_status st = send_proxy_choose(&route->proxy, &wish, err);
	if (st != DF_OK) {
		free(route);
		parts_free(&p);
		return st;
	}

	const struct send_proxy *proxy = &route->proxy;
	route->name = df_strdup(p.name);
	route->id =
	    df_format("%s\n%s\n%s\n%s\n%s\n%s\n%s", feed->send.endpoint, feed->send.api_key,
		      feed->send.api_secret, or_empty(feed->send.ca_file), or_empty(proxy->url),
		      or_empty(proxy->user), or_empty(proxy->password));
	route->asked = settings_text(feed);
	fingerprint(feed, route->fingerprint);
	http_address_set(&route->address, proxy->url != NULL ? proxy->host : p.host,
			 proxy->url != NULL ? proxy->port : p.port);
	parts_free(&p);
	*out = route;
	return DF_OK;
}

/* What earlier runs know of it. */
void http_route_recall(struct http_route *route, const struct send_memory *memory)
{
	struct send_past past = {0};
	struct df_err err = {0};
	if (memory->recall == NULL)
		return;
	if (memory->recall(memory->ctx, route->fingerprint, &past, &err) != DF_OK) {
		df_log_err(DF_LOG_WARN, &err);
		return;
	}
	int64_t since = df_now_ms() - past.success_ms, wait = past.not_before_ms - df_now_ms();
	route->proven = past.success_ms > 0 && since < DAY_MS && since > -DAY_MS;
	if (wait <= 0 || wait > DAY_MS)
		return;
	route->not_before = df_monotonic_ms() + wait;
	route->waiting = true;
	snprintf(route->trouble, sizeof(route->trouble),
		 "an earlier run was asked to wait until then");
}

struct http_route *http_route_find(struct send_http *h, const struct http_route *like)
{
	for (struct http_route *p = h->routes; p != NULL; p = p->next)
		if (strcmp(p->id, like->id) == 0)
			return p;
	return NULL;
}

struct http_route *http_route_of(struct send_http *h, const struct conf_feed *feed)
{
	for (struct http_route *p = h->routes; p != NULL; p = p->next)
		if (settings_are(feed, p->asked))
			return p;
	return NULL;
}

void http_key_fingerprint(const char *key, char out[DF_SHA256_HEX])
{
	struct df_sha256 *h = df_sha256_new();
	df_sha256_add(h, key, strlen(key));
	df_sha256_end(h, out);
	df_sha256_free(h);
	out[32] = '\0';
}

struct http_key *http_key_find(struct send_http *h, const char *key)
{
	struct http_key *p = h->keys;
	while (p != NULL && strcmp(p->key, key) != 0)
		p = p->next;
	return p;
}

static struct http_key *key_get(struct send_http *h, const struct conf_feed *feed)
{
	struct http_key *p = http_key_find(h, feed->send.api_key);
	if (p != NULL) {
		send_pace_limit(&p->pace, http_service_of(feed)->rate(feed));
		return p;
	}
	p = df_alloc(sizeof(*p));
	*p = (struct http_key){.key = df_strdup(feed->send.api_key), .next = h->keys};
	send_pace_init(&p->pace, http_service_of(feed)->rate(feed), df_monotonic_ms());
	http_key_fingerprint(p->key, p->fingerprint);
	return h->keys = p;
}

void http_route_use(struct send_http *h, const struct conf_feed *feed)
{
	(void)key_get(h, feed);
}

static struct http_host *host_get(struct send_http *h, const struct http_route *route)
{
	const char *proxy = route->proxy.name != NULL ? route->proxy.name : "";
	char *id = df_format("%s %s", route->name, proxy);
	for (struct http_host *p = h->hosts; p != NULL; p = p->next)
		if (strcmp(p->id, id) == 0) {
			free(id);
			return p;
		}
	struct http_host *p = df_alloc(sizeof(*p));
	*p = (struct http_host){.id = id, .next = h->hosts};
	return h->hosts = p;
}

struct http_route *http_route_join(struct send_http *h, struct http_route *fresh,
				   const struct conf_feed *feed)
{
	struct http_key *key = key_get(h, feed);
	struct http_route *route = http_route_find(h, fresh);
	if (route != NULL) {
		http_route_free(fresh);
		return route;
	}
	fresh->key = key;
	fresh->host = host_get(h, fresh);
	fresh->next = h->routes;
	return h->routes = fresh;
}

void http_route_free(struct http_route *route)
{
	http_address_free(&route->address);
	send_proxy_free(&route->proxy);
	free(route->asked);
	free(route->id);
	free(route->name);
	free(route);
}

/* ---- how it is ---- */

int64_t http_route_silent_until(const struct http_route *route)
{
	int64_t key = route->key->pace.not_before;
	return route->not_before > key ? route->not_before : key;
}

void http_route_check(struct http_route *route, int64_t patience, int64_t now)
{
	int64_t until = http_route_silent_until(route);
	if (route->closed != DF_OK)
		return;
	if (route->trouble_since == 0 && until > now)
		route->trouble_since = now;
	if (route->trouble_since == 0)
		return;

	const char *trouble = route->trouble[0] != '\0' ? route->trouble : "rate limit reached";
	if (until > now && until - route->trouble_since > patience)
		route->closed = df_fail(
		    DF_RETRY, &route->why, NULL,
		    "%s asked not to be called for another %lld s (%s): run again after that",
		    route->name, (long long)((until - now + 999) / 1000), trouble);
	else if (patience == 0)
		route->closed = df_fail(DF_RETRY, &route->why, NULL,
					"no usable response from %s: %s", route->name, trouble);
	else if (now - route->trouble_since >= patience)
		route->closed = df_fail(
		    DF_RETRY, &route->why, NULL,
		    "gave up after %lld s without a usable response from %s, the last was: %s",
		    (long long)(patience / 1000), route->name, trouble);
}

enum send_health http_route_health(struct http_route *route, const struct conf_feed *feed,
				   int64_t *probe_ms)
{
	int64_t now = df_monotonic_ms(), due = http_route_silent_until(route);
	http_route_check(route, feed->send.give_up_after_ms, now);
	if (route->closed != DF_OK)
		return SEND_CLOSED;
	if (route->unwell && route->probe_at > due)
		due = route->probe_at;
	*probe_ms = due > now ? due - now : 0;
	return route->unwell || *probe_ms > 0 ? SEND_UNWELL : SEND_WELL;
}

static void route_recovered(struct send_http *h, struct http_route *route)
{
	route->unwell = false;
	route->probes = 0;
	for (struct http_stream *st = h->streams; st != NULL; st = st->next)
		for (uint32_t i = 0; st->route == route && i < st->base->n_lanes; i++)
			st->lanes[i].failures = 0, st->lanes[i].not_before = 0;
}

void http_route_succeeded(struct http_lane *lane, bool historical, int64_t now)
{
	struct http_route *route = lane->stream->route;
	if (route->logged)
		df_log(DF_LOG_INFO, "%s answers again", route->name);
	if (route->unwell)
		route_recovered(lane->stream->http, route);
	if (route->closed == DF_RETRY) {
		route->closed = DF_OK;
		route->why = (struct df_err){0};
	}
	lane->failures = 0;
	lane->not_before = 0;
	route->successes[historical]++;
	route->host->successes++;
	route->set_aside[historical] = 0;
	route->success_at = now;
	route->proven = true;
	route->failures = route->timeouts = 0;
	route->trouble_since = route->not_before = 0;
	route->logged = false;
	route->key->throttled = 0;
}

uint64_t http_route_evidence(const struct http_route *route, bool historical, bool access)
{
	if (route->set_aside[historical] >= SET_ASIDE_MAX)
		return route->successes[historical];
	return access ? route->successes[0] + route->successes[1] : route->host->successes;
}

/* A request that was sent before the trouble began may still succeed. */
static bool hope_left(const struct send_http *h, const struct http_route *route)
{
	for (const struct http_stream *st = h->streams; st != NULL; st = st->next)
		for (uint32_t i = 0; st->route == route && i < st->base->n_lanes; i++)
			if (st->lanes[i].in_flight && st->lanes[i].started < route->trouble_since)
				return true;
	return false;
}

/* Their documents wait elsewhere, without a worker. */
static void park(struct http_stream *st)
{
	struct df_err why = {0};
	if (!st->base->sender->parks)
		return;
	df_fail(DF_RETRY, &why, NULL, "%s is unavailable: %s", st->route->name, st->route->trouble);
	http_stream_stop(st, DF_RETRY, &why);
}

static void route_turns_unwell(struct send_http *h, struct http_route *route)
{
	route->unwell = true;
	for (struct http_stream *st = h->streams; st != NULL; st = st->next)
		if (st->route == route)
			park(st);
}

void http_route_trouble(struct http_lane *lane, const char *why)
{
	struct http_route *route = lane->stream->route;
	snprintf(route->trouble, sizeof(route->trouble), "%s", why);
	df_utf8_sanitize(route->trouble);
	if (route->trouble_since == 0)
		route->trouble_since =
		    lane->started > route->success_at ? lane->started : route->success_at;
}

int64_t http_backoff(struct send_http *h, unsigned failures)
{
	const struct send_tuning *t = &h->sender->tuning;
	double random = (double)rand_r(&h->seed) / ((double)RAND_MAX + 1);
	return send_backoff(failures, t->backoff_base, t->backoff_cap, random);
}

int64_t http_route_failed(struct http_lane *lane, const struct http_failure *f, int64_t now)
{
	struct send_http *h = lane->stream->http;
	struct http_route *route = lane->stream->route;
	http_route_trouble(lane, f->why);
	if (route->failures == 0 || lane->started >= route->failed_at) {
		route->failures += f->timeout ? UNWELL_FAILURES : 1;
		route->timeouts += f->timeout;
	}
	route->failed_at = now;

	int64_t wait = 0;
	bool probe = route->unwell;
	if (!route->unwell && route->failures >= UNWELL_FAILURES &&
	    now - route->trouble_since >= h->sender->tuning.unwell_after && !hope_left(h, route))
		route_turns_unwell(h, route);
	if (route->unwell) {
		wait = http_backoff(h, route->probes++);
		route->probe_at = now + wait;
	} else {
		wait = http_backoff(h, lane->failures);
	}
	lane->failures++;
	lane->not_before = now + wait;
	lane->ready_at = now; /* the others come first */
	if (wait < f->asked) {
		wait = f->asked;
		route->not_before = now + wait;
	}
	if (probe)
		park(lane->stream);
	return wait;
}

void http_route_log(struct http_route *route, const char *why, int64_t wait, int64_t now)
{
	bool quiet = route->logged_at != 0 && now - route->logged_at < LOG_EVERY_MS;
	df_log(quiet ? DF_LOG_DEBUG : DF_LOG_WARN, "%s: %s, next try in %.1f s", route->name, why,
	       (double)wait / 1000);
	if (quiet)
		return;
	route->logged_at = now;
	route->logged = true;
}
