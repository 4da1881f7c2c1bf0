/* SPDX-License-Identifier: MIT */
/* One way to the API: made, found, shared. */
#include "send_route.h"

#include "send_http.h"

#include <stdio.h>
#include <stdlib.h>

#define DAY_MS INT64_C(86400000)

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
