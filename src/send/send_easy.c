/* SPDX-License-Identifier: MIT */
/* What all requests to a service have in common, as options of curl. */
#include "send_http.h"
#include "send_proxy.h"

/* Always set, so that curl itself looks at no environment. */
static void easy_proxy(CURL *c, const struct send_proxy *p)
{
	curl_easy_setopt(c, CURLOPT_PROXY, p->url != NULL ? p->url : "");
	curl_easy_setopt(c, CURLOPT_NOPROXY, "");
	if (p->url == NULL)
		return;
	curl_easy_setopt(c, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (p->user != NULL)
		curl_easy_setopt(c, CURLOPT_PROXYUSERNAME, p->user);
	if (p->password != NULL)
		curl_easy_setopt(c, CURLOPT_PROXYPASSWORD, p->password);
}

CURL *http_easy(const struct conf_feed *feed, const struct http_route *route,
		const struct send_tuning *t)
{
	CURL *c = curl_easy_init();
	if (c == NULL)
		return NULL;
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	http_protocols(c);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	if (feed->send.ca_file != NULL) /* beside the system's folder of authorities, which stays */
		curl_easy_setopt(c, CURLOPT_CAINFO, feed->send.ca_file);
	http_service_of(feed)->authorize(c, feed);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "dropfeed/" DROPFEED_VERSION);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)t->connect_timeout);
	easy_proxy(c, &route->proxy);
	return c;
}
