/* SPDX-License-Identifier: MIT */
/* Which file is worked on next: order, reading ahead, parking, targets. */
#include "../../src/run/run_queue.h"

#include "test.h"

static struct conf_feed feeds[3];

static struct run_file *add(struct run_queue *q, int feed, const char *name, int64_t mtime)
{
	static int64_t id;
	struct run_file *f = df_alloc(sizeof(*f));
	f->feed = &feeds[feed];
	f->name = df_strdup(name);
	f->mtime = mtime;
	f->fd = -1;
	f->ledger_id = ++id;
	snprintf(f->sha256, sizeof(f->sha256), "%s", name);
	run_queue_add(q, f);
	return f;
}

static void set_up(struct run_queue *q, uint32_t jobs)
{
	*q = (struct run_queue){.jobs = jobs};
	for (int i = 0; i < 3; i++)
		feeds[i] = (struct conf_feed){.name = "feed",
					      .send.sink = CONF_SINK_EVENTS_API,
					      .send.endpoint = "https://api",
					      .send.api_key = i == 0   ? "k0"
							      : i == 1 ? "k1"
								       : "k2"};
}

/* The next step, "what name"; it is begun. */
static const char *next(struct run_queue *q, struct run_file **out)
{
	static const char *const words[] = {"nothing", "ahead", "check", "close", "send", "leave"};
	static char text[64];
	struct run_file *f = NULL;
	enum run_step step = run_queue_choose(q, &f);
	snprintf(text, sizeof(text), "%s%s%s", words[step], f != NULL ? " " : "",
		 f != NULL ? f->name : "");
	if (step != RUN_NOTHING)
		run_queue_begin(q, f, step);
	if (out != NULL)
		*out = f;
	return text;
}

static void expect(struct run_queue *q, const char *wanted, struct run_file **out,
		   const char *where)
{
	const char *got = next(q, out);
	CU_ASSERT_STRING_EQUAL(got, wanted);
	if (strcmp(got, wanted) != 0)
		fprintf(stderr, "%s: %s, wanted %s\n", where, got, wanted);
}
#define STR2(x)             #x
#define STR(x)              STR2(x)
#define EXPECT(wanted, out) expect(&q, wanted, out, "line " STR(__LINE__))

static void closed(struct run_queue *q, struct run_file *f)
{
	run_queue_end(q, f, RUN_CLOSED);
	run_file_free(f);
}

static void test_order(void)
{
	struct run_queue q;
	struct run_file *a, *b, *c;
	set_up(&q, 2);
	add(&q, 0, "c", 3);
	add(&q, 0, "b", 2);
	add(&q, 0, "a", 2);
	EXPECT("check a", &a);
	EXPECT("ahead b", &b);
	EXPECT("nothing", NULL);
	run_queue_end(&q, b, RUN_READY); /* ready first, and still not its turn */
	EXPECT("nothing", NULL);         /* two are ahead */
	run_queue_end(&q, a, RUN_READY);
	EXPECT("send a", NULL);
	EXPECT("ahead c", &c);
	run_queue_end(&q, c, RUN_READY);
	EXPECT("nothing", NULL);
	closed(&q, a);
	EXPECT("send b", NULL);
	EXPECT("nothing", NULL);
	closed(&q, b);
	EXPECT("send c", NULL);
	closed(&q, c);
	run_queue_free(&q);
}

static void test_no_order(void)
{
	struct run_queue q;
	struct run_file *a, *b;
	set_up(&q, 2);
	feeds[0].fetch.order_none = true;
	add(&q, 0, "a", 1);
	add(&q, 0, "b", 2);
	EXPECT("check a", &a);
	EXPECT("check b", &b);
	run_queue_end(&q, b, RUN_READY);
	EXPECT("send b", NULL);
	closed(&q, b);
	closed(&q, a);
	run_queue_free(&q);
}

/* A worker that waits for a slow API does not make another API wait. */
static void test_targets(void)
{
	struct run_queue q;
	struct run_file *a, *b;
	set_up(&q, 1);
	add(&q, 0, "a", 1);
	EXPECT("check a", &a);
	run_queue_end(&q, a, RUN_READY);
	EXPECT("send a", NULL);
	add(&q, 0, "a2", 2);
	EXPECT("nothing", NULL);
	add(&q, 1, "b", 1);
	EXPECT("check b", &b);
	run_queue_end(&q, b, RUN_READY);
	EXPECT("send b", NULL);
	EXPECT("nothing", NULL);
	closed(&q, a);
	closed(&q, b);
	run_queue_free(&q);
}

static void test_parking(void)
{
	struct run_queue q;
	struct run_file *a, *b, *x;
	set_up(&q, 2);
	feeds[1].send.api_key = "k0"; /* the same target */
	struct run_file *poison = add(&q, 0, "a", 1);
	add(&q, 0, "b", 2);
	add(&q, 1, "x", 1);
	EXPECT("check a", &a);
	run_queue_end(&q, a, RUN_READY);
	EXPECT("send a", NULL);
	EXPECT("check x", &x);
	run_queue_end(&q, x, RUN_READY);
	q.targets->health = SEND_UNWELL;
	q.targets->probe_ms = 500;
	poison->futile = 1;
	run_queue_end(&q, a, RUN_PARKED);
	EXPECT("nothing", NULL); /* neither is a probe due, nor is read ahead */
	q.targets->probe_ms = 0;
	EXPECT("send x", NULL); /* the one that was not tried yet */
	EXPECT("nothing", NULL);
	run_queue_end(&q, x, RUN_PARKED);
	EXPECT("send a", NULL); /* round it goes */
	run_queue_end(&q, a, RUN_PARKED);
	q.targets->health = SEND_WELL;
	EXPECT("send x", NULL);
	EXPECT("send a", NULL);
	closed(&q, x);
	run_queue_end(&q, a, RUN_PARKED);
	q.targets->closed = true;
	EXPECT("leave b", &b);
	EXPECT("leave a", NULL);
	CU_ASSERT_EQUAL(q.lines->n, 2);
	run_queue_end(&q, a, RUN_LEFT);
	run_queue_end(&q, b, RUN_LEFT);
	CU_ASSERT_EQUAL(q.lines->n, 0);
	run_queue_free(&q);
}

/* One that made no progress in the last run keeps its place, but holds up nobody once it fails
 * again. */
static void test_idle(void)
{
	struct run_queue q;
	struct run_file *a, *b, *c;
	set_up(&q, 1);
	add(&q, 0, "a", 1)->idle = 1;
	add(&q, 0, "b", 2);
	struct run_file *last = df_alloc(sizeof(*last));
	*last = (struct run_file){.feed = &feeds[0], .name = df_strdup("c"), .idle = 2, .fd = -1};
	run_queue_add(&q, last);
	EXPECT("check a", &a);
	run_queue_end(&q, a, RUN_READY);
	EXPECT("send a", NULL);
	run_queue_end(&q, a, RUN_PARKED);
	EXPECT("check b", &b);
	run_queue_end(&q, b, RUN_READY);
	EXPECT("send b", NULL);
	CU_ASSERT_TRUE(a->overtaken);
	closed(&q, b);
	EXPECT("check c", &c); /* it failed twice: at the end */
	run_queue_end(&q, c, RUN_LEFT);
	EXPECT("send a", NULL);
	closed(&q, a);
	run_queue_free(&q);
}

static void test_copies(void)
{
	struct run_queue q;
	struct run_file *a, *b;
	set_up(&q, 2);
	a = add(&q, 0, "a", 5);
	b = add(&q, 0, "b", 1); /* the same bytes, an older time, pulled later */
	memcpy(b->sha256, a->sha256, sizeof(b->sha256));
	EXPECT("check a", NULL);
	EXPECT("nothing", NULL);
	run_queue_end(&q, a, RUN_READY);
	EXPECT("send a", NULL);
	EXPECT("nothing", NULL);
	closed(&q, a);
	EXPECT("check b", NULL);
	closed(&q, b);
	run_queue_free(&q);
}

/* The next one goes on as soon as all of a file is settled; closing it is less urgent, and more so
 * than what is ahead. */
static void test_sent(void)
{
	struct run_queue q;
	struct run_file *a, *b, *c;
	set_up(&q, 2);
	a = add(&q, 0, "a", 1);
	b = add(&q, 0, "b", 2);
	c = add(&q, 0, "c", 3);
	memcpy(c->sha256, a->sha256, sizeof(c->sha256));
	EXPECT("check a", NULL);
	EXPECT("ahead b", NULL);
	run_queue_end(&q, a, RUN_READY);
	run_queue_end(&q, b, RUN_READY);
	EXPECT("send a", NULL);
	EXPECT("nothing", NULL);
	a->futile = 0;
	run_queue_end(&q, a, RUN_SENT);
	CU_ASSERT_EQUAL(q.targets->sending, 0);
	CU_ASSERT_EQUAL(q.lines->n, 3);
	EXPECT("send b", NULL);
	CU_ASSERT_FALSE(a->overtaken);
	EXPECT("close a", NULL);
	EXPECT("nothing", NULL); /* c is a copy of what is not closed yet */
	closed(&q, a);
	EXPECT("ahead c", NULL);
	run_queue_end(&q, b, RUN_SENT);
	q.stop = true; /* it is closed all the same, however many are at work */
	q.jobs = 1;
	EXPECT("close b", NULL);
	run_queue_end(&q, b, RUN_LEFT); /* the ledger's disk is full */
	CU_ASSERT_EQUAL(q.lines->closed, 1);
	CU_ASSERT_EQUAL(q.lines->n, 1);
	run_queue_free(&q);
}

static void test_blame(void)
{
	struct run_queue q;
	struct run_file *a, *b;
	set_up(&q, 1);
	a = add(&q, 0, "a", 1);
	b = add(&q, 1, "b", 1);
	snprintf(a->why.text, sizeof(a->why.text), "HTTP 500");
	a->turn = b->turn = 1;
	CU_ASSERT_TRUE(run_queue_blames(&q, a));
	CU_ASSERT_FALSE(run_queue_blames(&q, b)); /* was not tried */
	a->idle = 1;
	a->line->target->tried = 2;
	CU_ASSERT_FALSE(run_queue_blames(&q, a)); /* nobody got on: it is the API */
	a->line->target->progressed = true;
	CU_ASSERT_TRUE(run_queue_blames(&q, a));
	q.stop = true;
	CU_ASSERT_FALSE(run_queue_blames(&q, a));
	run_queue_free(&q);

	/* Another feed at the same API: what failed before its file got on failed by its own
	 * fault, what failed after that may have met an outage. */
	set_up(&q, 2);
	feeds[1].send.api_key = "k0";
	for (int after = 0; after < 2; after++) {
		a = add(&q, 0, "a", 1);
		b = add(&q, 1, "b", 1);
		snprintf(a->why.text, sizeof(a->why.text), "HTTP 500");
		run_queue_begin(&q, a, RUN_SEND);
		run_queue_begin(&q, b, RUN_SEND);
		if (after > 0)
			closed(&q, b);
		a->futile = 1;
		run_queue_end(&q, a, RUN_PARKED);
		if (after == 0)
			closed(&q, b);
		CU_ASSERT_EQUAL(run_queue_blames(&q, a),
				after > 0 ? RUN_BLAME_MAYBE : RUN_BLAME_SURE);
		run_queue_begin(&q, a, RUN_LEAVE);
		closed(&q, a);
	}
	run_queue_free(&q);
}

/* Twice as many files as there are workers may wait, and more where they are small. */
static void test_room(void)
{
	struct run_queue q;
	set_up(&q, 1);
	struct run_line *line = run_queue_line(&q, &feeds[0]);
	add(&q, 0, "a", 1);
	CU_ASSERT(run_queue_room(&q, line));
	add(&q, 0, "b", 2);
	CU_ASSERT_FALSE(run_queue_room(&q, line));
	run_queue_free(&q);

	set_up(&q, 1);
	line = run_queue_line(&q, &feeds[0]);
	for (int i = 0; i < 15; i++)
		add(&q, 0, "small", i)->size = RUN_SMALL;
	CU_ASSERT(run_queue_room(&q, line));
	q.shared = true;
	CU_ASSERT_FALSE(run_queue_room(&q, line));
	q.shared = false;
	add(&q, 0, "large", 15)->size = RUN_SMALL + 1;
	CU_ASSERT_FALSE(run_queue_room(&q, line));
	run_queue_free(&q);
}

/* What one host claims is not another one's, even if the host goes down. */
static void test_claims(void)
{
	struct run_queue q;
	set_up(&q, 1);
	q.shared = true;
	feeds[1].send.api_key = feeds[0].send.api_key;
	struct run_line *first = run_queue_line(&q, &feeds[0]);
	struct run_line *other = run_queue_line(&q, &feeds[1]);
	CU_ASSERT(run_queue_may_claim(&q, first, true));
	struct run_file *a = add(&q, 0, "b", 2);
	CU_ASSERT(run_queue_may_claim(&q, other, false));
	first->coming = 1;
	CU_ASSERT_FALSE(run_queue_may_claim(&q, other, false)); /* two for its one job */
	first->coming = 0;
	struct run_file *b = add(&q, 1, "b", 2);
	CU_ASSERT_FALSE(run_queue_may_claim(&q, first, false));

	/* what waits for another host leaves room for what can be sent, and for nothing else */
	a->held_from = 1;
	CU_ASSERT(run_queue_may_claim(&q, other, false));
	CU_ASSERT_FALSE(run_queue_may_claim(&q, other, true));
	/* and what it waits for may always be claimed */
	CU_ASSERT(run_queue_waits_for(first, "a", 1));
	CU_ASSERT(run_queue_waits_for(first, "a", 2));
	CU_ASSERT_FALSE(run_queue_waits_for(first, "c", 2));

	/* an API that takes its time holds up no other one */
	a->held_from = 0;
	CU_ASSERT(run_queue_may_claim(&q, run_queue_line(&q, &feeds[2]), false));
	b->passed = true;
	CU_ASSERT_FALSE(run_queue_waits_for(other, "a", 1));
	run_queue_free(&q);
}

/* Some feeds of a key are left to other hosts. */
static void test_claims_of_a_key(void)
{
	struct run_queue q;
	for (int one = 0; one < 2; one++) {
		set_up(&q, 2);
		q.shared = true;
		feeds[1].send.api_key = feeds[0].send.api_key;
		feeds[2].send.api_key = one ? feeds[0].send.api_key : "another";
		(void)add(&q, 0, "a", 1);
		CU_ASSERT(run_queue_may_claim(&q, run_queue_line(&q, &feeds[1]), false));
		(void)add(&q, 1, "b", 1);
		bool may = run_queue_may_claim(&q, run_queue_line(&q, &feeds[2]), false);
		CU_ASSERT_EQUAL(may, !one);
		run_queue_free(&q);
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"files are sent in the order in which they came to rest", test_order},
	    {"order = none", test_no_order},
	    {"a slow target holds up no other one", test_targets},
	    {"parked files are tried in turn", test_parking},
	    {"files without progress are overtaken", test_idle},
	    {"sent, and closed later", test_sent},
	    {"copies wait for the first one", test_copies},
	    {"what the ledger remembers", test_blame},
	    {"how many wait", test_room},
	    {"how many files of a key a host claims", test_claims_of_a_key},
	    {"how many are claimed", test_claims},
	    CU_TEST_INFO_NULL,
	};
	return test_main("run_queue", NULL, NULL, tests);
}
