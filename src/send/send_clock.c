/* SPDX-License-Identifier: MIT */
/*
 * This machine's clock and the API's. Which events are older than 30 days depends on a clock, and
 * the historical endpoint drops those that are younger than 72 hours by the API's: so nothing goes
 * there before that clock is known. Any answer shows it; when there was none yet, one is asked for.
 */
#include "send_http.h"
#include "send_request.h"

#include <stdio.h>
#include <stdlib.h>

#define EARLIEST_DATE 1577836800 /* 2020: a gateway whose clock was never set says an earlier one */

bool http_clock_wanted(const struct http_lane *lane)
{
	const struct send_request *r = &lane->request;
	const struct http_stream *st = lane->stream;
	if (st->asks == HTTP_ASKS_ACCESS)
		return lane->number == 0 && !st->answered;
	if (st->route->clock != HTTP_CLOCK_UNKNOWN)
		return false;
	if (st->asks == HTTP_ASKS_CLOCK)
		return lane->number == 0;
	return r->n > 0 && r->item[r->from].batch->historical;
}

void http_clock_read(struct http_lane *lane, int64_t now_ms)
{
	char here[DF_TIME_TEXT], there[DF_TIME_TEXT];
	struct http_route *route = lane->stream->route;
	time_t api = lane->date[0] != '\0' ? curl_getdate(lane->date, NULL) : -1;
	if (route->clock == HTTP_CLOCK_KNOWN || api < EARLIEST_DATE)
		return;
	route->clock = HTTP_CLOCK_KNOWN;
	route->ahead_ms = now_ms - (int64_t)api * 1000;
	if (llabs(route->ahead_ms) <= SEND_CLOCK_OFF_MS)
		return;
	df_time_text(now_ms, here);
	df_time_text((int64_t)api * 1000, there);
	df_log(DF_LOG_WARN,
	       "%s: this machine's clock says %s, the API's %s: check the clock (date -u), because "
	       "it decides which events are older than 30 days",
	       route->name, here, there);
}

static int64_t latest_event(const struct send_request *r)
{
	int64_t latest = 0;
	for (size_t i = r->from; i < r->to; i++)
		if (r->item[i].batch->latest_ms > latest)
			latest = r->item[i].batch->latest_ms;
	return latest;
}

/* Where a clock was ahead when the document was begun, and is right now, what the historical
 * endpoint would drop goes to the other one, which takes events of any age. */
enum df_status http_clock_choose(const struct http_lane *lane, bool *historical, struct df_err *err)
{
	char here[DF_TIME_TEXT], there[DF_TIME_TEXT];
	const struct http_route *route = lane->stream->route;
	const struct send_request *r = &lane->request;
	int64_t now = df_now_ms(), api = now - route->ahead_ms;
	*historical = r->item[r->from].batch->historical;
	if (!*historical || route->clock != HTTP_CLOCK_KNOWN ||
	    latest_event(r) < api - BATCH_HISTORICAL_MIN_MS)
		return DF_OK;
	if (route->ahead_ms <= SEND_CLOCK_OFF_MS) {
		*historical = false;
		return DF_OK;
	}
	df_time_text(now, here);
	df_time_text(api, there);
	return df_fail(
	    DF_RETRY, err, NULL,
	    "this machine's clock says %s, that of %s %s: events of the latest 72 hours "
	    "look older than 30 days, and would be lost at /bulkevents/historical; set the "
	    "clock, then run again",
	    here, route->name, there);
}
