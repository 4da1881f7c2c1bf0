/* SPDX-License-Identifier: MIT */
/*
 * http.h - one request, one answer
 *
 *	struct http_answer a = {.body = {.max = 1 << 20}};
 *	struct http *http = http_open();
 *	st = http_ask(http, &(struct http_request){.url = url, .timeout_ms = 30000}, &a, &err);
 *	if (st == DF_OK && a.status == 200)
 *		... a.body ...
 *	df_buf_free(&a.body);
 *	http_close(http);
 *
 * For what is asked now and then: a plan, a webhook, the state of a request. It waits. Batches go
 * through the send room, which has many requests under way at a time.
 */
#ifndef DROPFEED_HTTP_H
#define DROPFEED_HTTP_H

#include "dropfeed/base.h"

#define HTTP_MAX_HEADERS 4u

struct http; /* a connection is kept from one request to the next */

struct http_request {
	const char *url;
	const char *body; /* POST; NULL: GET */
	size_t len;
	const char
	    *headers[HTTP_MAX_HEADERS]; /* such as "Accept: text/plain"; as far as not NULL */
	const char *ca_file;            /* NULL: the system's authorities */
	int64_t timeout_ms;             /* for all of it */
};

struct http_answer {
	/* The caller sets body.max: more than that fails. max 0: the body is not kept. */
	struct df_buf body;
	long status;
	long retry_after; /* seconds; 0: the answer has none */
};

/* libcurl is to be prepared before there are threads. http_open does it, too. */
void http_prepare(void);

struct http *http_open(void); /* never NULL */
void http_close(struct http *http);

/* Follows no redirection. Proxies of the environment are used, but not for this machine's own
 * hosts. Any status is DF_OK. DF_RETRY: there was no answer; DF_USAGE: it was longer than wanted.
 * err does not hold the URL, which may have a token in it. */
enum df_status http_ask(struct http *http, const struct http_request *request,
			struct http_answer *out, struct df_err *err) DF_CHECK;

/* Is the URL's host this machine? */
bool http_is_loopback(const char *url);

#endif
