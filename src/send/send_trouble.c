/* SPDX-License-Identifier: MIT */
/* Why no answer came, in words for the log. */
#include "send_outcome.h"
#include "send_proxy.h"
#include "send_quote.h"

#include <stdio.h>
#include <string.h>

/* OpenSSL's words say what happened, to those who know TLS, and not what to look at. */
static const struct {
	const char *words, *hint;
} tls_hints[] = {
    {"wrong version number", "no TLS is spoken there; check endpoint, its port, and any proxy"},
    {"packet length too long", "no TLS is spoken there; check endpoint, its port, and any proxy"},
    {"http request", "no TLS is spoken there; check endpoint, its port, and any proxy"},
    {"alert protocol version", "nothing newer than TLS 1.1 is spoken there, 1.2 is needed"},
    {"unsupported protocol", "nothing newer than TLS 1.1 is spoken there, 1.2 is needed"},
    {"certificate required", "a client's certificate is wanted there; check endpoint"},
    {"alert handshake failure",
     "no TLS in common, or a client's certificate is wanted there; check endpoint"},
    {"alert unrecognized name", "nobody of that name is there; check endpoint"},
};

/* NULL: there is none. */
static const char *tls_hint(CURLcode code, const char *words)
{
	for (size_t i = 0; i < sizeof(tls_hints) / sizeof(*tls_hints); i++)
		if (strstr(words, tls_hints[i].words) != NULL)
			return tls_hints[i].hint;
	/* where the other side just closes, each version of OpenSSL has words of its own */
	return code == CURLE_SSL_CONNECT_ERROR
		   ? "the TLS handshake failed; check endpoint, its port, and any proxy"
		   : NULL;
}

/* Whether the words are about the connection's address, which curl notes before what matters. */
static bool is_beside_the_point(const char *words)
{
	return strncmp(words, "getpeername", 11) == 0 || strncmp(words, "getsockname", 11) == 0;
}

void http_trouble(struct http_lane *lane, CURLcode code, char out[SEND_WORDS_SIZE])
{
	const struct http_stream *st = lane->stream;
	const struct send_proxy *proxy = &st->route->proxy;
	const char *const secrets[] = {proxy->url != NULL ? proxy->url : "",
				       proxy->password != NULL ? proxy->password : "",
				       st->base->feed->send.api_secret, NULL};
	bool sent = http_lane_was_sent(lane), own = lane->trouble[0] != '\0';
	/* those of URLs quote it */
	own = own && code != CURLE_UNSUPPORTED_PROTOCOL && code != CURLE_URL_MALFORMAT;
	own = own && !is_beside_the_point(lane->trouble);
	const char *words = own ? lane->trouble : curl_easy_strerror(code);
	const char *hint = tls_hint(code, words);

	if (code == CURLE_OPERATION_TIMEDOUT && sent)
		snprintf(out, SEND_WORDS_SIZE, "no answer for %lld s",
			 (long long)((df_monotonic_ms() - lane->started + 500) / 1000));
	else if ((code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY) && sent)
		snprintf(out, SEND_WORDS_SIZE,
			 "no HTTP is spoken there; check endpoint and its port");
	else if (code == CURLE_COULDNT_CONNECT && proxy->url != NULL)
		snprintf(out, SEND_WORDS_SIZE, "no connection to the proxy (%s)", words);
	else if (proxy->url != NULL && !sent &&
		 (code == CURLE_RECV_ERROR || strncmp(words, "Proxy ", 6) == 0))
		snprintf(out, SEND_WORDS_SIZE,
			 "the proxy %s gave no answer to CONNECT (%s); check proxy", proxy->name,
			 words);
	else if (hint != NULL)
		snprintf(out, SEND_WORDS_SIZE, "%s (%s)", hint, words);
	else
		snprintf(out, SEND_WORDS_SIZE, "%s", words);
	send_mask(out, secrets);
	df_utf8_sanitize(out);
}
