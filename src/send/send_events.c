/* SPDX-License-Identifier: MIT */
/* The Events API as a service. */
#include "send_service.h"

static double events_rate(const struct conf_feed *feed)
{
	return feed->send.batches_per_second;
}

static void events_authorize(CURL *easy, const struct conf_feed *feed)
{
	curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(easy, CURLOPT_USERNAME, feed->send.api_key);
	curl_easy_setopt(easy, CURLOPT_PASSWORD, feed->send.api_secret);
}

/* No batch, so that there is nothing to accept or to reject: whoever judges it has let us in. */
static void events_access(struct send_verdict *v, const struct send_answer *a)
{
	const struct send_request none = {0};
	send_verdict_read(v, &none, a);
	if (v->action == SEND_SPLIT)
		v->action = SEND_ACCEPT;
}

const struct http_service http_service_events = {
    .name = "Events API",
    .path = "/v2/bulkevents",
    .path_historical = "/v2/bulkevents/historical",
    .reject_code = "api-rejected",
    .credentials = "check api_key, its secret, and that endpoint is the key's own pod",
    .rate = events_rate,
    .authorize = events_authorize,
    .body = send_request_body,
    .read = send_verdict_read,
    .access_path = "/v2/bulkevents",
    .access_body = "[]",
    .access_read = events_access,
};
