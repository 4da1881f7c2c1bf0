/* SPDX-License-Identifier: MIT */
#include "dropfeed/http.h"

#include "dropfeed/resolve.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>

struct http {
	CURL *curl; /* own; NULL: out of memory */
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_begin(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

void http_prepare(void)
{
	pthread_once(&curl_once, curl_begin);
}

struct http *http_open(void)
{
	struct http *http = df_alloc(sizeof(*http));
	http_prepare();
	http->curl = curl_easy_init();
	return http;
}

void http_close(struct http *http)
{
	if (http == NULL)
		return;
	curl_easy_cleanup(http->curl);
	free(http);
}

bool http_is_loopback(const char *url)
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

/* ---- a request ---- */

static size_t body_keep(char *data, size_t size, size_t n, void *ctx)
{
	struct df_buf *body = ctx;
	df_buf_add(body, data, size * n);
	return body->over ? 0 : size * n;
}

static size_t body_ignore(char *data, size_t size, size_t n, void *ctx)
{
	(void)data;
	(void)ctx;
	return size * n;
}

static void set_up(CURL *c, const struct http_request *r, struct df_buf *body)
{
	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_URL, r->url);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "dropfeed/" DROPFEED_VERSION);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, body->max > 0 ? body_keep : body_ignore);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, body);
	if (r->body != NULL) {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->len);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, r->body);
	}
	if (r->ca_file != NULL)
		curl_easy_setopt(c, CURLOPT_CAINFO, r->ca_file);
	if (http_is_loopback(r->url))
		curl_easy_setopt(c, CURLOPT_PROXY, "");
}

/* curl's own words name hosts, and no more of an address. */
static enum df_status verdict(CURLcode rc, const struct http_request *r, const struct df_buf *body,
			      struct df_err *err)
{
	if (body->over)
		return df_fail(DF_USAGE, err, NULL, "answered with more than %zu bytes", body->max);
	if (rc == CURLE_OPERATION_TIMEDOUT)
		return df_fail(DF_RETRY, err, NULL, "no answer within %lld s",
			       (long long)r->timeout_ms / 1000);
	if (rc != CURLE_OK)
		return df_fail(DF_RETRY, err, NULL, "%s", curl_easy_strerror(rc));
	return DF_OK;
}

enum df_status http_ask(struct http *http, const struct http_request *request,
			struct http_answer *out, struct df_err *err)
{
	CURL *c = http->curl;
	curl_off_t wait = 0;
	df_buf_reset(&out->body);
	out->status = out->retry_after = 0;
	if (c == NULL)
		return df_fail(DF_RETRY, err, NULL, "out of memory");

	struct curl_slist *headers = NULL;
	for (size_t i = 0; i < HTTP_MAX_HEADERS && request->headers[i] != NULL; i++)
		headers = curl_slist_append(headers, request->headers[i]);
	/* a body is sent at once, not after a round trip */
	headers = curl_slist_append(headers, "Expect:");
	set_up(c, request, &out->body);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	CURLcode rc = curl_easy_perform(c);
	curl_slist_free_all(headers);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &out->status);
	curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &wait);
	out->retry_after = (long)wait;
	return verdict(rc, request, &out->body, err);
}
