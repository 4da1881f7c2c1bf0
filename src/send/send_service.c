/* SPDX-License-Identifier: MIT */
/* The services, by their sinks. */
#include "send_service.h"

static const struct http_service *const services[] = {
    [CONF_SINK_EVENTS_API] = &http_service_events,
    [CONF_SINK_FILE] = NULL,
    [CONF_SINK_STDOUT] = NULL,
    [CONF_SINK_BRAZE] = &http_service_braze,
};

const struct http_service *http_service_of(const struct conf_feed *feed)
{
	if (feed->requests.on && conf_sink_answers(feed->send.sink))
		return &http_service_requests;
	return services[feed->send.sink];
}
