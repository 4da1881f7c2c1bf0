/* SPDX-License-Identifier: MIT */
/* What lanes were answered together is reported together. */
#include "../../src/send/send_http.h"

#include "test.h"

#include <stdlib.h>

#define LANES 3

static struct {
	struct send_settled step[8];
	size_t n;
	enum df_status st;
} heard;

static struct sender sender = {.lock = PTHREAD_MUTEX_INITIALIZER};
static struct send_http http = {.sender = &sender};
static struct http_service service;
static struct http_lane lanes[LANES];
static struct send_stream base = {.sender = &sender, .n_lanes = LANES};
static struct http_stream stream = {
    .base = &base, .http = &http, .service = &service, .lanes = lanes};

static enum df_status on_settled(void *ctx, const struct send_settled *step, struct df_err *err)
{
	(void)ctx;
	heard.step[heard.n++] = *step;
	return heard.st == DF_OK ? DF_OK : df_fail(heard.st, err, NULL, "not recorded");
}

static const struct send_events events = {.settled = on_settled};

/* A request of n batches, of which the first `done` were delivered. */
static void fill(uint32_t number, size_t n, size_t done)
{
	struct http_lane *lane = &lanes[number];
	lane->stream = &stream;
	lane->number = number;
	lane->request.n = n;
	for (size_t i = 0; i < n; i++) {
		struct batch *b = df_alloc(sizeof(*b));
		b->lane = number;
		b->lane_position = i;
		lane->request.item[i] = (struct send_item){
		    .batch = b, .fate = i < done ? SEND_DELIVERED : SEND_PENDING};
	}
}

static void begin(bool once)
{
	memset(&heard, 0, sizeof(heard));
	base.events = &events;
	service.once = once;
	http.streams = &stream;
	stream.stopping = stream.unsettled = false;
	pthread_cond_init(&stream.changed, NULL);
}

static void end(void)
{
	for (size_t i = 0; i < LANES; i++)
		send_request_clear(&lanes[i].request);
}

static void test_together(void)
{
	begin(false);
	fill(0, 2, 2);
	fill(1, 2, 1);
	fill(2, 2, 0); /* nothing to report, though it was answered */
	for (size_t i = 0; i < LANES; i++)
		http_lane_settle(&lanes[i]);
	CU_ASSERT_EQUAL(heard.n, 0); /* each would be a step of its own */

	http_lanes_settle(&http);
	CU_ASSERT_EQUAL_FATAL(heard.n, 2);
	CU_ASSERT_EQUAL(heard.step[0].lane, 0);
	CU_ASSERT_EQUAL(heard.step[0].done, 2);
	CU_ASSERT_TRUE(heard.step[0].more);
	CU_ASSERT_EQUAL(heard.step[1].lane, 1);
	CU_ASSERT_EQUAL(heard.step[1].done, 1);
	CU_ASSERT_FALSE(heard.step[1].more); /* nothing would be recorded after it */
	CU_ASSERT_EQUAL(lanes[0].request.n, 0);
	CU_ASSERT_EQUAL(lanes[1].request.from, 1); /* the rest goes on */

	http_lanes_settle(&http);
	CU_ASSERT_EQUAL(heard.n, 2); /* once */
	end();
}

static void test_not_recorded(void)
{
	begin(false);
	heard.st = DF_RETRY;
	fill(0, 1, 1);
	http_lane_settle(&lanes[0]);
	http_lanes_settle(&http);
	CU_ASSERT_EQUAL(heard.n, 1);
	CU_ASSERT_TRUE(stream.stopping);
	CU_ASSERT_EQUAL(stream.status, DF_RETRY);
	end();
}

/* Where a request is all of a stream, each lane's batches before its first pending one count. */
static void test_mixed(void)
{
	static const struct {
		uint32_t lane;
		uint64_t position;
		enum send_fate fate;
	} items[] = {{2, 0, SEND_DELIVERED}, {0, 0, SEND_PENDING},   {1, 5, SEND_REJECTED},
		     {2, 1, SEND_DELIVERED}, {0, 1, SEND_DELIVERED}, {1, 6, SEND_PENDING}};
	struct send_request *r = &lanes[0].request;
	begin(false);
	fill(0, 6, 6);
	for (size_t i = 0; i < r->n; i++) {
		r->item[i].fate = items[i].fate;
		r->item[i].batch->lane = items[i].lane;
		r->item[i].batch->lane_position = items[i].position;
	}
	http_lane_settle(&lanes[0]);
	http_lanes_settle(&http);
	CU_ASSERT_EQUAL_FATAL(heard.n, 2);
	CU_ASSERT_EQUAL(heard.step[0].lane, 1);
	CU_ASSERT_EQUAL(heard.step[0].done, 6);
	CU_ASSERT_EQUAL(heard.step[0].n_rejects, 1);
	CU_ASSERT_TRUE(heard.step[0].more);
	CU_ASSERT_EQUAL(heard.step[1].lane, 2);
	CU_ASSERT_EQUAL(heard.step[1].done, 2);
	CU_ASSERT_FALSE(heard.step[1].more);

	/* What was delivered after it follows its lane's first batch, and nothing is reported
	 * twice. */
	r->item[1].fate = r->item[5].fate = SEND_DELIVERED;
	http_lane_settle(&lanes[0]);
	http_lanes_settle(&http);
	CU_ASSERT_EQUAL_FATAL(heard.n, 4);
	CU_ASSERT_EQUAL(heard.step[2].lane, 0);
	CU_ASSERT_EQUAL(heard.step[2].done, 2);
	CU_ASSERT_EQUAL(heard.step[2].n_rejects, 0);
	CU_ASSERT_EQUAL(heard.step[3].lane, 1);
	CU_ASSERT_EQUAL(heard.step[3].done, 7);
	CU_ASSERT_EQUAL(heard.step[3].n_rejects, 0);
	CU_ASSERT_EQUAL(r->n, 0);
	end();
}

/* What must not be sent twice is noted lane by lane, and so is its end. */
static void test_once(void)
{
	begin(true);
	fill(0, 1, 1);
	fill(1, 1, 1);
	http_lane_settle(&lanes[0]);
	CU_ASSERT_EQUAL(heard.n, 1);
	CU_ASSERT_FALSE(heard.step[0].more);
	http_lane_settle(&lanes[1]);
	CU_ASSERT_EQUAL(heard.n, 2);
	end();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"lanes that were answered together are one step", test_together},
	    {"a step that is not recorded stops the stream", test_not_recorded},
	    {"a request of several lanes", test_mixed},
	    {"a service without repetition", test_once},
	    CU_TEST_INFO_NULL,
	};
	return test_main("settle", NULL, NULL, tests);
}
