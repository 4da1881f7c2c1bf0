/* SPDX-License-Identifier: MIT */
/* What must not be sent twice: what is noted of it, before it leaves and when it came back, and
 * what becomes of its rows. */
#include "../../src/send/send_http.h"
#include "../../src/send/send_objects.h"

#include "test.h"

#include <stdlib.h>

#define LANES 3

static struct {
	struct {
		uint32_t lane;
		uint64_t first, last; /* positions */
		bool back, more;
	} note[16];
	size_t n, fails; /* fails: the number, from 1, of the note that is refused */
	struct send_settled step;
	char codes[256];
} heard;

static struct sender sender = {.lock = PTHREAD_MUTEX_INITIALIZER};
static struct send_http http = {.sender = &sender};
static const struct http_service service = {.once = true, .reject_code = "api-rejected"};
static struct http_lane lanes[2][LANES];
static struct send_stream base[2];
static struct http_stream streams[2];
static struct http_route route;

static enum df_status on_sending(void *ctx, const struct send_sending *s, struct df_err *err)
{
	(void)ctx;
	CU_ASSERT_FATAL(heard.n < sizeof(heard.note) / sizeof(*heard.note));
	heard.note[heard.n].lane = s->lane;
	heard.note[heard.n].first = s->batches[0]->lane_position;
	heard.note[heard.n].last = s->batches[s->n - 1]->lane_position;
	heard.note[heard.n].more = s->more;
	heard.note[heard.n++].back = s->back;
	return heard.n == heard.fails ? df_fail(DF_RETRY, err, NULL, "taken over") : DF_OK;
}

static enum df_status on_settled(void *ctx, const struct send_settled *step, struct df_err *err)
{
	(void)ctx;
	(void)err;
	heard.step = *step;
	for (size_t i = 0; i < step->n_rejects; i++) {
		const struct send_reject *r = &step->rejects[i];
		size_t len = strlen(heard.codes);
		snprintf(heard.codes + len, sizeof(heard.codes) - len, "%u:%s%s ",
			 (unsigned)r->rows->number, r->code, r->partly ? " partly" : "");
	}
	return DF_OK;
}

static const struct send_events events = {.settled = on_settled, .sending = on_sending};

static void begin(void)
{
	memset(&heard, 0, sizeof(heard));
	memset(lanes, 0, sizeof(lanes));
	http.streams = &streams[0];
	http.unsaid = false;
	for (int k = 0; k < 2; k++) {
		base[k] =
		    (struct send_stream){.sender = &sender, .events = &events, .n_lanes = LANES};
		streams[k] = (struct http_stream){.base = &base[k],
						  .http = &http,
						  .route = &route,
						  .service = &service,
						  .form = &batch_form_braze,
						  .lanes = lanes[k],
						  .next = k == 0 ? &streams[1] : NULL};
		pthread_cond_init(&streams[k].changed, NULL);
		for (uint32_t i = 0; i < LANES; i++) {
			lanes[k][i].stream = &streams[k];
			lanes[k][i].number = i;
		}
	}
}

static void end(void)
{
	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < LANES; i++)
			send_request_clear(&lanes[k][i].request);
}

/* A batch of one row for each letter: e an event, t an attribute of the user. */
static void add(struct http_lane *lane, const char *objects)
{
	struct send_request *r = &lane->request;
	struct batch *b = df_alloc(sizeof(*b));
	b->lane = lane->number;
	b->lane_position = r->n;
	b->n_objects = b->n_rows = (uint32_t)strlen(objects);
	b->objects = df_alloc(b->n_objects * sizeof(*b->objects));
	b->rows = df_alloc(b->n_rows * sizeof(*b->rows));
	for (uint32_t i = 0; i < b->n_objects; i++) {
		b->rows[i].number = i + 1;
		b->rows[i].event = b->objects[i].event = i;
		b->objects[i].once = objects[i] == 'e';
	}
	r->item[r->n] = (struct send_item){.batch = b};
	send_objects_begin(&r->item[r->n++]);
}

/* What is taken beside a batch that fails may have nothing left to be sent. */
static void test_top_up(void)
{
	struct http_lane *lane = &lanes[0][0];
	struct send_request *r = &lane->request;
	struct send_queue q = {0};
	begin();
	add(lane, "e");
	add(lane, "e"); /* which waits in the queue, and was sent before */
	r->item[1].batch->in_doubt = true;
	send_queue_push(&q, r->item[1].batch);
	send_objects_free(&r->item[--r->n]);
	CU_ASSERT(send_request_part(r));
	r->item[0].failures = 1;
	r->item[0].cut = true;
	send_request_top_up(r, &q);
	CU_ASSERT_EQUAL_FATAL(r->n, 2);
	CU_ASSERT_EQUAL(r->item[0].fate, SEND_PENDING);
	CU_ASSERT_EQUAL(r->item[1].fate, SEND_DELIVERED);
	end();
}

static void go_out(struct http_lane *lane)
{
	CU_ASSERT(send_request_part(&lane->request));
	send_objects_wire(&lane->request, &batch_form_braze);
	lane->unsaid = http.unsaid = true;
}

/* The answer, if any, says nothing of the batches. */
static void come_back(struct http_lane *lane, bool certain)
{
	size_t from = lane->request.from, to = lane->request.to;
	send_objects_back(&lane->request, certain);
	http_lane_back(lane, from, to);
}

/* The doubt about a batch outlives what is said of those before it. */
static void test_doubt(void)
{
	struct http_lane *lane = &lanes[0][0];
	begin();
	add(lane, "t");
	add(lane, "e");
	add(lane, "t");
	go_out(lane);
	http_lanes_say(&http);
	CU_ASSERT_EQUAL_FATAL(heard.n, 1);
	CU_ASSERT_EQUAL(heard.note[0].last, 1);
	come_back(lane, false);
	CU_ASSERT_EQUAL_FATAL(heard.n, 2);
	CU_ASSERT_EQUAL(heard.note[1].first, 2); /* nothing of it was taken */

	CU_ASSERT(send_request_part(&lane->request));
	CU_ASSERT_EQUAL(lane->request.to, 1);
	send_objects_wire(&lane->request, &batch_form_braze);
	come_back(lane, true); /* refused for now */
	CU_ASSERT_EQUAL(heard.n, 2);
	end();
}

static bool is_on_wire(const struct http_lane *lane)
{
	return lane->request.item[0].objects[0].state == SEND_OBJECT_WIRE;
}

/* The second note of the first stream is refused: its lanes stay, the other's leaves. */
static void test_not_noted(void)
{
	begin();
	for (uint32_t i = 0; i < LANES; i++) {
		add(&lanes[0][i], "e");
		go_out(&lanes[0][i]);
	}
	add(&lanes[1][1], "e");
	go_out(&lanes[1][1]);
	heard.fails = 2;
	http_lanes_say(&http);

	CU_ASSERT_EQUAL_FATAL(heard.n, 4);
	CU_ASSERT_EQUAL(heard.note[2].lane, 0);
	CU_ASSERT_TRUE(heard.note[2].back); /* that it was sent is not true */
	CU_ASSERT_EQUAL(heard.note[3].lane, 1);
	CU_ASSERT_FALSE(heard.note[3].back || heard.note[3].more);
	CU_ASSERT_TRUE(streams[0].stopping);
	CU_ASSERT_FALSE(streams[1].stopping);
	for (uint32_t i = 0; i < LANES; i++)
		CU_ASSERT_FALSE(lanes[0][i].unsaid || is_on_wire(&lanes[0][i]));
	CU_ASSERT_FALSE(lanes[1][1].unsaid);
	CU_ASSERT_TRUE(is_on_wire(&lanes[1][1]));
	end();
}

/* What others noted without a sync is noted anew before it leaves: the last one brings the sync. */
static void test_last_not_noted(void)
{
	begin();
	add(&lanes[0][0], "e");
	go_out(&lanes[0][0]);
	add(&lanes[1][0], "e");
	go_out(&lanes[1][0]);
	heard.fails = 2;
	http_lanes_say(&http);
	CU_ASSERT_EQUAL_FATAL(heard.n, 3);
	CU_ASSERT_TRUE(heard.note[0].more);
	CU_ASSERT_FALSE(heard.note[2].more || heard.note[2].back);
	CU_ASSERT_TRUE(is_on_wire(&lanes[0][0]));
	CU_ASSERT_FALSE(is_on_wire(&lanes[1][0]));
	CU_ASSERT_TRUE(streams[1].stopping);
	end();
}

/* Some of a batch is taken, and what is left of it never is. */
static void test_set_aside(void)
{
	struct http_lane *lane = &lanes[0][0];
	struct send_request *r = &lane->request;
	begin();
	add(lane, "eeeet");
	r->item[0].batch->objects[3].event = 2; /* the third row has two */
	r->item[0].batch->objects[4].event = 4;
	for (size_t i = 0; i < 3; i++)
		r->item[0].objects[i].state = SEND_OBJECT_TAKEN;
	r->item[0].objects[1].state = SEND_OBJECT_UNKNOWN;
	CU_ASSERT(send_request_part(r));
	send_request_set_aside(r, "HTTP 500");
	r->item[0].batch->n_rows = 3;
	http_lane_settle(lane);
	TEXT_IS(heard.codes, "2:delivery-unknown 3:api-unavailable partly ");
	CU_ASSERT_EQUAL(heard.step.rows_delivered, 1);
	end();
}

/* To give up early would leave things unknown, to wait for longer than the lease as well. */
static void test_limit(void)
{
	static struct http_key key;
	struct http_lane *lane = &lanes[0][0];
	begin();
	route.key = &key;
	sender.tuning = (struct send_tuning){.patience = 1000, .request_timeout = 120000};
	add(lane, "e");
	go_out(lane);
	lane->left_ms = INT64_MAX;
	CU_ASSERT_EQUAL(http_lane_limit(lane), 120000);
	lane->left_ms = 5000;
	CU_ASSERT_EQUAL(http_lane_limit(lane), 5000);
	end();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"a doubt is not taken back with what came before it", test_doubt},
	    {"what is not noted does not leave", test_not_noted},
	    {"what is noted without a sync is noted anew", test_last_not_noted},
	    {"rows of a batch that is set aside", test_set_aside},
	    {"how long an answer is waited for", test_limit},
	    {"a batch in doubt beside one that fails", test_top_up},
	    CU_TEST_INFO_NULL,
	};
	return test_main("once", NULL, NULL, tests);
}
