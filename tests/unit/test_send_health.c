/* SPDX-License-Identifier: MIT */
/* One bad row stops nobody: what fails while others succeed, unwell and closed endpoints, what
 * later runs remember. */
#include "send_world.h"

#include "../../src/send/send_http.h"
#include "../../src/send/send_priv.h"
#include "../../src/send/send_request.h"

#include "test.h"

/* What a run leaves for the next one. */
struct memory {
	char fingerprint[DF_SHA256_HEX];
	struct send_past past;
	int remembered;
	char *suspects; /* own */
};

static enum df_status on_recall(void *ctx, const char *fingerprint, struct send_past *out,
				struct df_err *err)
{
	const struct memory *m = ctx;
	(void)err;
	if (strcmp(m->fingerprint, fingerprint) == 0)
		*out = m->past;
	return DF_OK;
}

static enum df_status on_remember(void *ctx, const char *fingerprint, const struct send_past *past,
				  struct df_err *err)
{
	struct memory *m = ctx;
	(void)err;
	m->remembered++;
	snprintf(m->fingerprint, sizeof(m->fingerprint), "%s", fingerprint);
	if (past->success_ms > 0)
		m->past.success_ms = past->success_ms;
	m->past.not_before_ms = past->not_before_ms;
	return DF_OK;
}

static enum df_status on_suspects(void *ctx, const char *fingerprint, char **out,
				  struct df_err *err)
{
	const struct memory *m = ctx;
	(void)fingerprint;
	(void)err;
	*out = m->suspects != NULL ? df_strdup(m->suspects) : NULL;
	return DF_OK;
}

static enum df_status on_suspect(void *ctx, const char *fingerprint, const char *text,
				 struct df_err *err)
{
	struct memory *m = ctx;
	(void)fingerprint;
	(void)err;
	free(m->suspects);
	m->suspects = df_strdup(text);
	return DF_OK;
}

static void memory_end(struct memory *m)
{
	free(m->suspects);
	*m = (struct memory){0};
}

/* The next run: a sender of its own, and nothing reported yet. */
static void run_again(struct world *w, struct memory *m)
{
	struct send_tuning tuning = w->sender->tuning;
	sender_free(w->sender);
	w->sender = sender_new();
	w->sender->tuning = tuning;
	w->err = (struct df_err){0};
	memset(w->next, 0, sizeof(w->next));
	memset(w->done, 0, sizeof(w->done));
	w->rows = w->calls = w->n_rejects = 0;
	sender_memory(w->sender, &(struct send_memory){.ctx = m,
						       .recall = on_recall,
						       .remember = on_remember,
						       .suspects = on_suspects,
						       .suspect = on_suspect});
}

/* The next stream of the same run, with the same batches. */
static void open_again(struct world *w)
{
	w->err = (struct df_err){0};
	memset(w->next, 0, sizeof(w->next));
	memset(w->done, 0, sizeof(w->done));
	open_stream(w, NULL);
}

/* A feed of its own on the same sender and receiver. */
static void share(struct world *other, struct world *w)
{
	world_prepare(other);
	sender_free(other->sender);
	other->sender = w->sender;
	other->feed.send.endpoint = w->endpoint;
}

static void share_end(struct world *other)
{
	other->sender = NULL;
	world_end(other);
}

static size_t count_requests(struct world *w, const char *what)
{
	size_t n = 0;
	char *text = get_file(w, "requests.ndjson");
	for (const char *p = text; p != NULL && (p = strstr(p, what)) != NULL; p++)
		n++;
	free(text);
	return n;
}

static void wait_for_batches(struct world *w, uint64_t n)
{
	struct send_stats stats = {0};
	for (int i = 0; i < ATTEMPTS && stats.batches < n; i++) {
		usleep(1000);
		sender_stats(w->sender, &stats);
	}
	CU_ASSERT(stats.batches >= n);
}

static void put_script(struct world *w, const char *line, int n)
{
	struct df_buf script = {0};
	for (int i = 0; i < n; i++)
		df_buf_addf(&script, "%s\n", line);
	put_file(w, "script", df_buf_cstr(&script));
	df_buf_free(&script);
}

/* ---- what fails while others succeed ---- */

/* A lane with a batch that nobody takes, and another one that is busy until the first is
 * through. */
static void isolates(const char *rule, const char *words)
{
	struct world w;
	world_begin(&w);
	w.sender->tuning.gather = 1;
	w.sender->tuning.backoff_cap = 2;
	put_file(&w, "rules", rule);
	open_stream(&w, NULL);
	CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 1, .lane = 1}), DF_OK);
	wait_for_batches(&w, 1); /* a key that never had a success is refused by a 403 */
	put_many(&w, 3, "a");
	CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "bad", .events = 1}), DF_OK);
	put_many(&w, 4, "a");
	for (int i = 0; i < 4000 && atomic_load(&w.n_rejected) == 0; i++) {
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 1, .lane = 1}),
				DF_OK);
		usleep(500);
	}
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_STRING_EQUAL(w.rejected, "3 ");
	CU_ASSERT_FATAL(w.code != NULL);
	CU_ASSERT_STRING_EQUAL(w.code, "api-unavailable");
	CU_ASSERT_PTR_NOT_NULL(strstr(w.words, words));
	CU_ASSERT_EQUAL(w.done[0], 8);
	CU_ASSERT_EQUAL(w.done[1], w.next[1]);
	CU_ASSERT_EQUAL(accepted(&w, IN_ORDER_ONCE), w.next[1] + 7);
	world_end(&w);
}

static void test_set_aside(void)
{
	isolates("answer-name 500 bad\n", "HTTP 500: \"Request blocked Ray ID 1\"");
	isolates("answer-name 403 bad\n", "HTTP 403: \"Request blocked Ray ID 1\"");
	isolates("answer-name 400 bad\n", "HTTP 400: \"Request blocked Ray ID 1\"");
	isolates("answer-name 415 bad\n", "HTTP 415: \"Request blocked Ray ID 1\"");
	isolates("answer-name 413 bad\n", "HTTP 413: \"Request blocked Ray ID 1\"");
	isolates("answer-name 0 bad\n", "");
}

/* n live batches that nobody takes, while historical ones are taken: rejects gets how many of them
 * were set aside. */
static enum df_status among_historical(uint64_t n, uint64_t rejects, uint64_t *set_aside)
{
	struct world w;
	world_begin(&w);
	w.sender->tuning.gather = 1;
	w.sender->tuning.backoff_cap = 2;
	w.feed.send.give_up_after_ms = 300;
	put_file(&w, "rules", "answer-name 500 bad\n");
	open_stream(&w, NULL);
	put_many(&w, n, "bad");
	for (int i = 0; i < 4000 && atomic_load(&w.n_rejected) < rejects; i++) {
		(void)!put(&w,
			   (struct shape){.name = "a", .events = 1, .lane = 1, .historical = true});
		usleep(500);
	}
	enum df_status st = close_stream(&w, false);
	*set_aside = w.n_rejects;
	world_end(&w);
	return st;
}

static void test_two_endpoints(void)
{
	/* The same host is well. Of one batch after the other that says less: what takes live ones
	 * may be down. */
	uint64_t set_aside = 0;
	CU_ASSERT_EQUAL(among_historical(1, 1, &set_aside), DF_OK);
	CU_ASSERT_EQUAL(set_aside, 1);
	CU_ASSERT_EQUAL(among_historical(20, 3, &set_aside), DF_RETRY);
	CU_ASSERT_EQUAL(set_aside, 3);
}

static void test_passed(void)
{
	/* One lane, one bad batch, nobody else: those of other users go on, and show that the
	 * API is well. */
	struct world w;
	world_begin(&w);
	w.sender->tuning.backoff_cap = 2;
	w.sender->tuning.unwell_after = 20;
	put_file(&w, "rules", "answer-name 500 bad\n");
	open_stream(&w, NULL);
	for (uint64_t i = 0; i < 150; i++)
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = i == 90 ? "bad" : "a",
						       .events = 1,
						       .user = 1 + i % 40}),
				DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_STRING_EQUAL(w.rejected, "90 ");
	CU_ASSERT_EQUAL(w.done[0], 150);
	CU_ASSERT_EQUAL(accepted(&w, MAY_BE_LATE), 149);
	world_end(&w);
}

static void test_all_down(void)
{
	/* Nobody succeeds: nothing is set aside, however often it fails. */
	static const char *const lines[] = {"500", "drop-before", "400-plain", "413", "html-502"};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct world w;
		world_begin(&w);
		w.sender->tuning.backoff_cap = 2;
		w.sender->tuning.gather = 1;
		put_script(&w, lines[i], 20000);
		open_stream(&w, NULL);
		put_many(&w, 1, "a");
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 1, .lane = 1}),
				DF_OK);
		wait_for_stats(&w, 40, 40);
		df_stop_requested = 1;
		CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
		CU_ASSERT_EQUAL(w.calls, 0);
		world_end(&w);
	}
}

static void test_forbidden(void)
{
	/* 403 to a key that never had a success is about the key; later it is about what the
	 * request holds. */
	struct world w;
	struct memory m = {0};
	world_begin(&w);
	run_again(&w, &m);
	w.feed.send.give_up_after_ms = 300;
	put_file(&w, "script", "403\n");
	open_stream(&w, NULL);
	put_many(&w, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_DENIED);
	CU_ASSERT_PTR_NOT_NULL(strstr(w.err.text, "HTTP 403"));
	CU_ASSERT_EQUAL(w.calls, 0);
	CU_ASSERT_EQUAL(m.remembered, 0);

	/* Others are on the wire: what becomes of them says more. */
	run_again(&w, &m);
	w.sender->tuning.backoff_cap = 50;
	put_file(&w, "script", "403\n");
	receiver_sleeps(&w, true);
	open_stream(&w, NULL);
	for (uint32_t lane = 0; lane < LANES; lane++)
		for (int i = 0; i < 100; i++)
			CU_ASSERT_EQUAL(
			    put(&w, (struct shape){.name = "a", .events = 1, .lane = lane}), DF_OK);
	wait_for_stats(&w, LANES, 0);
	receiver_sleeps(&w, false);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_EQUAL(accepted(&w, MAY_BE_LATE), LANES * 100);
	memory_end(&m);

	run_again(&w, &m);
	open_stream(&w, NULL);
	put_many(&w, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_EQUAL(m.remembered, 1);

	/* The next run knows that it was good today, and one two days later does not. */
	for (int days = 0; days <= 2; days += 2) {
		m.past.success_ms -= days * INT64_C(86400000);
		run_again(&w, &m);
		put_script(&w, "403", 20000);
		open_stream(&w, NULL);
		put_many(&w, 1, "a");
		CU_ASSERT_EQUAL(close_stream(&w, false), days == 0 ? DF_RETRY : DF_DENIED);
		CU_ASSERT_EQUAL(w.calls, 0);
	}
	memory_end(&m);
	world_end(&w);
}

/* ---- unwell and closed ---- */

static void health_is(struct world *w, enum send_health health)
{
	int64_t probe_ms = -1;
	CU_ASSERT_EQUAL(sender_health(w->sender, &w->feed, &probe_ms), health);
	CU_ASSERT(probe_ms >= 0 && (probe_ms == 0 || health == SEND_UNWELL));
}

static void test_parks(void)
{
	struct world w, other;
	world_begin(&w);
	share(&other, &w);
	other.feed.send.api_key = (char *)"another";
	sender_parks(w.sender, true);
	w.sender->tuning.unwell_after = 30;
	put_file(&w, "rules", "answer-name 500 bad\n");
	health_is(&w, SEND_WELL);
	open_stream(&w, NULL);
	CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "bad", .events = 1}), DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	CU_ASSERT_PTR_NOT_NULL(strstr(w.err.text, "is unavailable: HTTP 500"));
	CU_ASSERT_EQUAL(w.calls, 0);
	health_is(&w, SEND_UNWELL);
	health_is(&other, SEND_WELL); /* another key is not concerned */

	/* A fresh stream gets one try, with one batch. */
	size_t before = count_requests(&w, "\"status\":500");
	open_again(&w);
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "bad", .events = 1}), DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	CU_ASSERT_EQUAL(count_requests(&w, "\"status\":500"), before + 1);
	CU_ASSERT_EQUAL(count_requests(&w, "\"status\":500,\"batches\":2"), 0);
	health_is(&w, SEND_UNWELL);

	/* One that succeeds makes it well. */
	open_again(&w);
	put_many(&w, 150, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_EQUAL(w.done[0], 150);
	health_is(&w, SEND_WELL);
	share_end(&other);
	world_end(&w);
}

static void test_probe_goes_round(void)
{
	/* Lane 0 is stuck; each stream that is opened tries one lane, and another lane gets
	 * through in the end. */
	struct world w;
	world_begin(&w);
	sender_parks(w.sender, true);
	w.sender->tuning.unwell_after = 20;
	w.sender->tuning.backoff_cap = 2;
	put_file(&w, "rules", "answer-name 500 bad\n");
	open_stream(&w, NULL);
	CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "bad", .events = 1}), DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	health_is(&w, SEND_UNWELL);
	for (int i = 0; i < 300 && w.done[3] == 0; i++) {
		open_again(&w);
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "bad", .events = 1}), DF_OK);
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 1, .lane = 3}),
				DF_OK);
		CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	}
	CU_ASSERT_EQUAL(w.done[3], 1);
	CU_ASSERT_EQUAL(w.done[0], 0);
	world_end(&w);
}

static void test_parked_again_and_again(void)
{
	/* Its document is parked after each failure; those of another document succeed
	 * meanwhile. In the end it is set aside. */
	struct world w, other;
	world_begin(&w);
	share(&other, &w);
	sender_parks(w.sender, true);
	w.sender->tuning.unwell_after = 0;
	w.sender->tuning.backoff_cap = 2;
	put_file(&w, "rules", "answer-name 500 bad\n");
	enum df_status st = DF_RETRY;
	for (int i = 0; i < 60 && st == DF_RETRY; i++) {
		open_again(&w);
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "bad", .events = 1}), DF_OK);
		st = close_stream(&w, false);
		open_again(&other);
		CU_ASSERT_EQUAL(put(&other, (struct shape){.name = "a", .events = 1, .lane = 1}),
				DF_OK);
		CU_ASSERT_EQUAL(close_stream(&other, false), DF_OK);
	}
	CU_ASSERT_EQUAL(st, DF_OK);
	CU_ASSERT_STRING_EQUAL(w.rejected, "0 ");
	share_end(&other);
	world_end(&w);
}

static void test_next_runs(void)
{
	/* One success in a run, and a file that holds nothing but the bad batch: the failures of
	 * all runs add up. */
	struct world w;
	struct memory m = {0};
	int runs = 0;
	world_begin(&w);
	put_file(&w, "rules", "answer-name 500 bad\n");
	enum df_status st = DF_RETRY;
	for (; runs < 20 && st == DF_RETRY; runs++) {
		run_again(&w, &m);
		w.sender->tuning.backoff_cap = 2;
		w.sender->tuning.gather = 1;
		w.feed.send.give_up_after_ms = 100;
		open_stream(&w, NULL);
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 1, .lane = 1}),
				DF_OK);
		wait_for_batches(&w, 1);
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "bad", .events = 1}), DF_OK);
		st = close_stream(&w, false);
	}
	CU_ASSERT_EQUAL(st, DF_OK);
	CU_ASSERT_EQUAL(runs, 3);
	CU_ASSERT_STRING_EQUAL(w.rejected, "0 ");
	CU_ASSERT_STRING_EQUAL(m.suspects, "");
	memory_end(&m);
	world_end(&w);
}

static void test_same_host(void)
{
	/* A key that has nothing but bad batches, and another one at the same host that is
	 * well: the first ones are set aside. When there are many of them, it is the key. */
	struct world w, other;
	world_begin(&w);
	share(&other, &w);
	other.feed.send.api_key = (char *)"the-key.other";
	w.sender->tuning.gather = 1;
	w.sender->tuning.backoff_cap = 2;
	w.feed.send.give_up_after_ms = 2000;
	put_file(&w, "rules", "answer-name 500 bad\n");
	open_stream(&w, NULL);
	open_stream(&other, NULL);
	for (int i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "bad", .events = 1}), DF_OK);
	for (int i = 0; i < 4000 && atomic_load(&w.n_rejected) < 3; i++) {
		CU_ASSERT_EQUAL(put(&other, (struct shape){.name = "a", .events = 1}), DF_OK);
		usleep(500);
	}
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	CU_ASSERT_STRING_EQUAL(w.rejected, "0 1 2 ");
	CU_ASSERT_EQUAL(close_stream(&other, false), DF_OK);
	CU_ASSERT_EQUAL(other.n_rejects, 0);
	share_end(&other);
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

static void test_closed(void)
{
	struct world w, other;
	world_begin(&w);
	share(&other, &w);
	other.feed.send.api_secret = (char *)"wrong";
	open_stream(&other, NULL);
	put_many(&other, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&other, false), DF_DENIED);
	health_is(&other, SEND_CLOSED);
	health_is(&w, SEND_WELL);

	/* What is opened all the same ends with the same words, and sends nothing. */
	size_t before = count_requests(&w, "\"n\"");
	open_again(&other);
	put_many(&other, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&other, false), DF_DENIED);
	CU_ASSERT_PTR_NOT_NULL(strstr(other.err.text, "HTTP 401"));
	CU_ASSERT_EQUAL(count_requests(&w, "\"n\""), before);

	/* A document of which nothing is left to be sent does not mind. */
	open_again(&other);
	CU_ASSERT_EQUAL(close_stream(&other, false), DF_OK);

	/* give_up_after: of this key alone */
	put_script(&w, "503", 20000);
	w.sender->tuning.gather = 1;
	w.feed.send.give_up_after_ms = 100;
	open_stream(&w, NULL);
	put_many(&w, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	health_is(&w, SEND_CLOSED);
	other.feed.send.api_key = (char *)"another";
	health_is(&other, SEND_WELL);

	/* Other settings that come to the same: no proxy is asked for this machine. */
	other.feed.send.api_key = w.feed.send.api_key;
	other.feed.send.proxy = (char *)"http://proxy.example.org:3128";
	health_is(&other, SEND_CLOSED);
	share_end(&other);
	world_end(&w);
}

/* ---- Retry-After ---- */

static void test_wait_is_remembered(void)
{
	struct world w;
	struct memory m = {0};
	world_begin(&w);
	run_again(&w, &m);
	put_file(&w, "script", "202\n429 retry-after=600 exceeded=account\n");
	open_stream(&w, NULL);
	put_many(&w, 101, "a");
	/* give_up_after is a minute: waiting would not help */
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	CU_ASSERT_PTR_NOT_NULL(strstr(w.err.text, "asked not to be called for another"));
	CU_ASSERT_EQUAL(w.done[0], 100);
	int64_t left = m.past.not_before_ms - df_now_ms();
	CU_ASSERT(left > 500000 && left <= 600000);

	/* The next run does not call; nor does it wait. */
	run_again(&w, &m);
	open_stream(&w, NULL);
	put_many(&w, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	requests_are(&w, "202:100 429:1");
	health_is(&w, SEND_CLOSED);

	/* Beyond a day it is a clock that was wrong; and what is over is over, and forgotten. */
	for (int i = 0; i < 2; i++) {
		m.past.not_before_ms = df_now_ms() + (i == 0 ? INT64_C(90000000) : INT64_C(-1000));
		run_again(&w, &m);
		open_stream(&w, NULL);
		put_many(&w, 1, "a");
		CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
		CU_ASSERT_EQUAL(m.past.not_before_ms, 0);
	}

	/* One that ends soon is waited for. */
	m.past.not_before_ms = df_now_ms() + 700;
	int64_t until = df_monotonic_ms() + 600;
	run_again(&w, &m);
	open_stream(&w, NULL);
	put_many(&w, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT(df_monotonic_ms() >= until);
	memory_end(&m);
	world_end(&w);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"a batch is set aside while others succeed", test_set_aside},
	    {"successes of the other endpoint", test_two_endpoints},
	    {"a lane goes on after what fails", test_passed},
	    {"another key at the same host is well", test_same_host},
	    {"failures of all runs add up", test_next_runs},
	    {"nothing is set aside when all is down", test_all_down},
	    {"403 before and after a success", test_forbidden},
	    {"an unwell endpoint parks its documents", test_parks},
	    {"the probe goes round", test_probe_goes_round},
	    {"parked again and again", test_parked_again_and_again},
	    {"how long an answer is waited for", test_limits},
	    {"no answer to one of many", test_swallowed},
	    {"no answer, and parked each time", test_swallowed_and_parked},
	    {"a closed endpoint", test_closed},
	    {"Retry-After holds for the next run", test_wait_is_remembered},
	    CU_TEST_INFO_NULL,
	};
	if (!world_find())
		return 1;
	df_log_setup(DF_LOG_ERROR, false);
	return test_main("send_health", NULL, NULL, tests);
}
