/* SPDX-License-Identifier: MIT */
/* How long an answer is waited for, and what never gets one. */
#include "send_world.h"

#include "../../src/send/send_http.h"
#include "../../src/send/send_request.h"

/* What its failures take together until a batch that nobody answers is set aside. */
static int64_t time_to_set_aside(struct http_lane *lane)
{
	struct send_request *r = &lane->request;
	int64_t sum = 0;
	for (size_t width = 100; width > 1; width = (width + 1) / 2)
		for (unsigned i = 0; i < 3; i++) {
			r->to = width;
			sum += http_lane_limit(lane);
			r->suspect = true;
		}
	r->to = 1;
	for (r->item[0].failures = 0; r->item[0].failures < SEND_SET_ASIDE_AFTER;
	     r->item[0].failures++)
		sum += http_lane_limit(lane);
	r->suspect = false;
	return sum;
}

static void test_limits(void)
{
	struct world w;
	world_prepare(&w);
	struct http_key key = {.key = (char *)"the-key"};
	struct http_route route = {.key = &key, .success_at = 1};
	struct send_stream base = {.sender = w.sender, .feed = &w.feed};
	struct http_stream st = {.base = &base, .route = &route, .service = &http_service_events};
	struct http_lane *lane = df_alloc(sizeof(*lane));
	lane->stream = &st;
	lane->left_ms = INT64_MAX;
	/* all of it fits into a run that gives up after 15 minutes, pauses included, twice */
	CU_ASSERT(time_to_set_aside(lane) <= 400000);

	/* an answer that is slow gets the longest time there is before its batch is set aside */
	lane->request.suspect = true;
	lane->request.to = 1;
	lane->request.item[0].failures = SEND_SET_ASIDE_AFTER - 1;
	CU_ASSERT_EQUAL(http_lane_limit(lane), 120000);
	/* and where all answers are slow, nobody is hurried */
	key.pace.trip = 9000;
	for (unsigned i = 0; i < SEND_SET_ASIDE_AFTER; i++) {
		lane->request.item[0].failures = i;
		CU_ASSERT(http_lane_limit(lane) >= 90000);
	}

	/* what nobody answers is not somebody's fault: more and more time */
	key.pace.trip = 0;
	route.success_at = 0;
	route.timeouts = 1;
	CU_ASSERT_EQUAL(http_lane_limit(lane), 30000);
	route.timeouts = 9;
	CU_ASSERT_EQUAL(http_lane_limit(lane), 120000);
	free(lane);
	world_end(&w);
}

/* What is settled is not put again. */
static void put_rest(struct world *w, uint64_t n)
{
	for (uint32_t lane = 0; lane < LANES; lane++)
		while (w->next[lane] < n) {
			bool bad = lane == 0 && w->next[lane] == 0;
			if (put(w, (struct shape){.name = bad ? "bad" : "a",
						  .events = 1,
						  .lane = lane,
						  .user = lane * n + w->next[lane] + 1}) != DF_OK)
				return;
		}
}

static void swallowed_begin(struct world *w)
{
	world_begin(w);
	put_file(w, "rules", "hang-name bad\n");
	w->sender->tuning.patience = 300;
	w->sender->tuning.request_timeout = 2400;
	w->sender->tuning.unwell_after = 50;
	w->feed.send.give_up_after_ms = 15000;
}

static void swallowed_end(struct world *w)
{
	CU_ASSERT_STRING_EQUAL(w->rejected, "0 ");
	CU_ASSERT_FATAL(w->code != NULL);
	CU_ASSERT_STRING_EQUAL(w->code, "api-unavailable");
	for (uint32_t lane = 0; lane < LANES; lane++)
		CU_ASSERT_EQUAL(w->done[lane], 90);
	CU_ASSERT_EQUAL(accepted(w, MAY_BE_LATE | MAY_REPEAT), LANES * 90 - 1);
	world_end(w);
}

static void test_swallowed(void)
{
	/* The first of 90 batches in a request gets no answer: that is found out long before the
	 * endpoint is given up. */
	struct world w;
	swallowed_begin(&w);
	open_stream(&w, NULL);
	put_rest(&w, 90);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	swallowed_end(&w);
}

static void test_swallowed_and_parked(void)
{
	/* The same, when each failure ends the stream: the halves are remembered. */
	struct world w;
	swallowed_begin(&w);
	sender_parks(w.sender, true);
	enum df_status st = DF_RETRY;
	for (int i = 0; i < 60 && st == DF_RETRY; i++) {
		w.err = (struct df_err){0};
		memcpy(w.next, w.done, sizeof(w.next));
		open_stream(&w, w.done);
		put_rest(&w, 90);
		st = close_stream(&w, false);
	}
	CU_ASSERT_EQUAL(st, DF_OK);
	swallowed_end(&w);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"how long an answer is waited for", test_limits},
	    {"no answer to one of many", test_swallowed},
	    {"no answer, and parked each time", test_swallowed_and_parked},
	    CU_TEST_INFO_NULL,
	};
	if (!world_find())
		return 1;
	df_log_setup(DF_LOG_ERROR, false);
	return test_main("send_silent", NULL, NULL, tests);
}