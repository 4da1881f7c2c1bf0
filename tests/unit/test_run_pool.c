/* SPDX-License-Identifier: MIT */
/* The workers: what a file's check and its sending come to, how many work at a time, and who
 * waits. What they work with is the test's own. */
#include "../../src/run/run_queue.h"

#include "test.h"

enum { FILES = 12 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum send_health health;
	/* what the calls for a file come to, by its ledger_id */
	enum df_status check[FILES], send[FILES];
	unsigned parks[FILES]; /* so often it is parked before that */
	unsigned waits[FILES]; /* so often another host has an earlier one */
	bool stay;             /* what is sent stays under way while this is set */
	/* a file is closed once so many were begun to be sent, or the next one; 0: with its
	 * sending */
	unsigned close_after;
	enum df_status close; /* what that comes to */
	/* what was done: */
	unsigned checks, sends, closes, at_once, most_at_once, left, released, freed;
	char sent[64]; /* names, in order */
	enum run_blame blame;
	char why[64];
} w;

static struct conf_feed feed, other;
static struct run run;

/* ---- a file's life ---- */

enum df_status __wrap_run_file_check(struct run *r, struct run_file *f, struct df_err *err);
enum df_status __wrap_run_file_check(struct run *r, struct run_file *f, struct df_err *err)
{
	CU_ASSERT_PTR_EQUAL(r, &run);
	pthread_mutex_lock(&w.lock);
	w.checks++;
	pthread_mutex_unlock(&w.lock);
	enum df_status st = w.check[f->ledger_id];
	return st == DF_OK || st == DF_END ? st : df_fail(st, err, NULL, "check %s", f->name);
}

enum df_status __wrap_run_file_send(struct run *r, struct run_file *f, bool *parked,
				    struct df_err *err);
enum df_status __wrap_run_file_send(struct run *r, struct run_file *f, bool *parked,
				    struct df_err *err)
{
	(void)r;
	pthread_mutex_lock(&w.lock);
	w.sends++;
	w.at_once++;
	w.most_at_once = w.at_once > w.most_at_once ? w.at_once : w.most_at_once;
	pthread_cond_broadcast(&w.changed);
	while (w.stay)
		pthread_cond_wait(&w.changed, &w.lock);
	w.at_once--;
	*parked = w.parks[f->ledger_id] > 0;
	w.parks[f->ledger_id] -= *parked;
	f->futile = *parked ? f->futile + 1 : 0;
	if (strlen(w.sent) + 2 < sizeof(w.sent))
		strcat(w.sent, f->name);
	pthread_mutex_unlock(&w.lock);
	enum df_status st = *parked ? DF_RETRY : w.send[f->ledger_id];
	if (st == DF_OK && w.close_after > 0)
		f->delivery = (struct run_delivery *)f; /* something */
	return st == DF_OK || st == DF_END ? st : df_fail(st, err, NULL, "send %s", f->name);
}

enum df_status __wrap_run_file_close(struct run_file *f, struct df_err *err);
enum df_status __wrap_run_file_close(struct run_file *f, struct df_err *err)
{
	pthread_mutex_lock(&w.lock);
	w.closes++;
	while (w.sends < w.close_after && w.sends < f->ledger_id + 2)
		pthread_cond_wait(&w.changed, &w.lock);
	pthread_mutex_unlock(&w.lock);
	f->delivery = NULL;
	return w.close == DF_OK ? DF_OK : df_fail(w.close, err, NULL, "close %s", f->name);
}

bool __wrap_run_file_waits(struct run *r, const struct run_file *f);
bool __wrap_run_file_waits(struct run *r, const struct run_file *f)
{
	(void)r;
	return w.waits[f->ledger_id] > 0 && w.waits[f->ledger_id]-- > 0;
}

void __wrap_run_file_leave(struct run *r, struct run_file *f, unsigned blame);
void __wrap_run_file_leave(struct run *r, struct run_file *f, unsigned blame)
{
	(void)r;
	pthread_mutex_lock(&w.lock);
	w.left++;
	w.blame = (enum run_blame)blame;
	snprintf(w.why, sizeof(w.why), "%.60s", f->why.text);
	pthread_mutex_unlock(&w.lock);
}

void __wrap_run_file_rest(struct run_file *f);
void __wrap_run_file_rest(struct run_file *f)
{
	(void)f;
}

void __wrap_run_file_free(struct run_file *f);
void __wrap_run_file_free(struct run_file *f)
{
	pthread_mutex_lock(&w.lock);
	w.freed++;
	pthread_mutex_unlock(&w.lock);
	free(f->name);
	free(f);
}

void __wrap_ledger_release(struct ledger *l, int64_t file, bool again);
void __wrap_ledger_release(struct ledger *l, int64_t file, bool again)
{
	(void)l;
	CU_ASSERT(file >= 0 && file < FILES && !again);
	pthread_mutex_lock(&w.lock);
	w.released++;
	pthread_mutex_unlock(&w.lock);
}

bool __wrap_ledger_shared(const struct ledger *l);
bool __wrap_ledger_shared(const struct ledger *l)
{
	(void)l; /* a host of its own */
	return false;
}

enum send_health __wrap_sender_health(struct sender *s, const struct conf_feed *f,
				      int64_t *probe_ms);
enum send_health __wrap_sender_health(struct sender *s, const struct conf_feed *f,
				      int64_t *probe_ms)
{
	(void)s;
	*probe_ms = 0;
	return f == &feed ? w.health : SEND_WELL;
}

/* ---- the pool ---- */

static struct run_pool *begin(uint32_t jobs)
{
	memset(&w, 0, sizeof(w));
	pthread_mutex_init(&w.lock, NULL);
	pthread_cond_init(&w.changed, NULL);
	feed = (struct conf_feed){.name = (char *)"f",
				  .fetch.order_none = true,
				  .send.sink = CONF_SINK_EVENTS_API,
				  .send.endpoint = (char *)"https://api",
				  .send.api_key = (char *)"k",
				  .send.give_up_after_ms = 3600000};
	other = feed;
	other.name = (char *)"g";
	other.send.api_key = (char *)"l";
	run = (struct run){0};
	struct run_pool *pool = run_pool_new(&run, jobs);
	CU_ASSERT_PTR_EQUAL(run.pool, pool);
	return pool;
}

static void end(struct run_pool *pool, unsigned files)
{
	run_pool_free(pool);
	CU_ASSERT_PTR_NULL(run.pool);
	CU_ASSERT_EQUAL(atomic_load(&run.spare), 0);
	CU_ASSERT_EQUAL(w.freed, files);
	CU_ASSERT(w.most_at_once <= FILES);
}

static void put(struct run_pool *pool, const struct conf_feed *of, int id)
{
	struct run_file *f = df_alloc(sizeof(*f));
	*f = (struct run_file){.feed = of, .fd = -1, .ledger_id = id, .mtime = id};
	f->name = df_format("%c", 'a' + id);
	snprintf(f->sha256, sizeof(f->sha256), "%d", id);
	run_pool_put(pool, f);
}

static size_t rest(struct run_pool *pool, uint64_t *closed)
{
	return run_pool_rest(pool, &feed, closed, 0);
}

/* ---- what becomes of a file ---- */

static void test_done(void)
{
	uint64_t closed = 0;
	struct run_pool *pool = begin(2);
	CU_ASSERT_EQUAL(rest(pool, &closed), 0);
	put(pool, &feed, 0);
	put(pool, &feed, 1);
	w.check[2] = DF_END; /* refused: there is nothing to send */
	put(pool, &feed, 2);
	run_pool_wait(pool);
	CU_ASSERT_EQUAL(rest(pool, &closed), 0);
	CU_ASSERT_EQUAL(closed, 3);
	CU_ASSERT_EQUAL(w.checks, 3);
	CU_ASSERT_EQUAL(w.sends, 2);
	CU_ASSERT_EQUAL(w.released, 3);
	CU_ASSERT_EQUAL(w.left, 0);
	end(pool, 3);
}

static void test_left(void)
{
	uint64_t closed = 0;
	struct run_pool *pool = begin(1);
	w.check[0] = DF_RETRY;
	put(pool, &feed, 0);
	run_pool_wait(pool);
	CU_ASSERT_EQUAL(w.left, 1);
	CU_ASSERT_EQUAL(w.sends, 0);
	TEXT_IS(w.why, "check a");
	CU_ASSERT_EQUAL(w.blame, RUN_BLAME_MAYBE);
	CU_ASSERT_EQUAL(rest(pool, &closed), 0);
	CU_ASSERT_EQUAL(closed, 0);

	w.send[1] = DF_FATAL;
	put(pool, &feed, 1);
	run_pool_wait(pool);
	CU_ASSERT_EQUAL(w.left, 2);
	TEXT_IS(w.why, "send b");
	CU_ASSERT_EQUAL(w.released, 0);
	end(pool, 2);
}

/* Its target is unwell: it is tried again, decoded anew, until that is well. */
static void test_parked(void)
{
	struct run_pool *pool = begin(1);
	w.parks[0] = 2;
	put(pool, &feed, 0);
	run_pool_wait(pool);
	TEXT_IS(w.sent, "aaa");
	CU_ASSERT_EQUAL(w.left, 0);
	end(pool, 1);
}

/* Nothing more goes to a target that is closed; the others go on. */
static void test_closed_target(void)
{
	struct run_pool *pool = begin(1);
	CU_ASSERT(run_pool_takes(pool, &feed));
	w.health = SEND_CLOSED;
	put(pool, &feed, 0);
	put(pool, &other, 1);
	run_pool_wait(pool);
	CU_ASSERT_FALSE(run_pool_takes(pool, &feed));
	CU_ASSERT(run_pool_takes(pool, &other));
	TEXT_IS(w.sent, "b");
	CU_ASSERT_EQUAL(w.left, 1);
	end(pool, 2);
}

/* A target that was unwell for longer than give_up_after is closed, though nobody asks the
 * sender for anything while all of its files are parked. */
static void test_given_up(void)
{
	struct run_pool *pool = begin(1);
	feed.send.give_up_after_ms = 0;
	w.health = SEND_UNWELL;
	w.parks[0] = 1000000;
	put(pool, &feed, 0);
	run_pool_wait(pool);
	CU_ASSERT_EQUAL(w.left, 1);
	CU_ASSERT_FALSE(run_pool_takes(pool, &feed));
	end(pool, 1);
}

/* In a fleet an earlier file is another host's: it waits, and was not tried. */
static void test_waits(void)
{
	struct run_pool *pool = begin(1);
	w.waits[0] = 2;
	put(pool, &feed, 0);
	run_pool_wait(pool);
	TEXT_IS(w.sent, "a");
	CU_ASSERT_EQUAL(w.checks, 1); /* it stays decoded */
	CU_ASSERT_EQUAL(w.left, 0);
	end(pool, 1);
}

/* ---- how many ---- */

static void wait_for_sends(unsigned n)
{
	pthread_mutex_lock(&w.lock);
	while (w.at_once < n)
		pthread_cond_wait(&w.changed, &w.lock);
	pthread_mutex_unlock(&w.lock);
}

static void let_go(void)
{
	pthread_mutex_lock(&w.lock);
	w.stay = false;
	pthread_cond_broadcast(&w.changed);
	pthread_mutex_unlock(&w.lock);
}

static void test_jobs(void)
{
	struct run_pool *pool = begin(3);
	CU_ASSERT_EQUAL(atomic_load(&run.spare), 3);
	w.stay = true;
	for (int i = 0; i < 8; i++)
		put(pool, &feed, i);
	wait_for_sends(3);
	CU_ASSERT_EQUAL(atomic_load(&run.spare), 0);
	let_go();
	run_pool_wait(pool);
	CU_ASSERT_EQUAL(w.most_at_once, 3);
	CU_ASSERT_EQUAL(strlen(w.sent), 8);
	end(pool, 8);
}

/* A target that nothing is sent to may begin a file whatever `jobs` is. */
static void test_other_target(void)
{
	struct run_pool *pool = begin(1);
	w.stay = true;
	put(pool, &feed, 0);
	wait_for_sends(1);
	put(pool, &other, 1);
	wait_for_sends(2);
	let_go();
	run_pool_wait(pool);
	end(pool, 2);
}

/* One after another, in the order in which they came to rest. */
static void test_order(void)
{
	struct run_pool *pool = begin(4);
	feed.fetch.order_none = false;
	w.parks[2] = 1;
	for (int i = 0; i < 6; i++)
		put(pool, &feed, i);
	run_pool_wait(pool);
	TEXT_IS(w.sent, "abccdef");
	CU_ASSERT_EQUAL(w.most_at_once, 1);
	end(pool, 6);
}

/* ---- who waits ---- */

/* Twice as many files as there are workers may wait in the spool. */
/* A file is sent while the one before it is closed: that waits here for it. */
static void test_closed_later(void)
{
	struct run_pool *pool = begin(2);
	feed.fetch.order_none = false;
	w.close_after = 4;
	for (int i = 0; i < 4; i++)
		put(pool, &feed, i);
	run_pool_wait(pool);
	TEXT_IS(w.sent, "abcd");
	CU_ASSERT_EQUAL(w.most_at_once, 1);
	CU_ASSERT_EQUAL(w.closes, 4);
	CU_ASSERT_EQUAL(w.left, 0);
	CU_ASSERT_EQUAL(w.released, 4);
	end(pool, 4);

	pool = begin(1); /* one worker closes each before the next one */
	w.close_after = 1;
	w.close = DF_RETRY;
	put(pool, &feed, 0);
	run_pool_wait(pool);
	CU_ASSERT_EQUAL(w.left, 1);
	TEXT_IS(w.why, "close a");
	end(pool, 1);
}

static void test_room(void)
{
	uint64_t closed = 0;
	struct run_pool *pool = begin(1);
	feed.fetch.order_none = false;
	w.stay = true;
	put(pool, &feed, 0);
	wait_for_sends(1);
	put(pool, &feed, 1);
	CU_ASSERT(run_pool_room(pool, &feed, 0));
	put(pool, &feed, 2);
	CU_ASSERT_FALSE(run_pool_room(pool, &feed, 0));
	CU_ASSERT(run_pool_room(pool, &other, 0));
	CU_ASSERT_EQUAL(rest(pool, &closed), 3);
	let_go();
	CU_ASSERT(run_pool_room(pool, &feed, 600000));
	run_pool_wait(pool);
	CU_ASSERT_EQUAL(rest(pool, &closed), 0);
	CU_ASSERT_EQUAL(closed, 3);
	end(pool, 3);
}

/* A run that is to stop takes nothing more, and leaves what waits without blame. */
static void test_stop(void)
{
	struct run_pool *pool = begin(1);
	feed.fetch.order_none = false;
	w.stay = true;
	for (int i = 0; i < 4; i++)
		put(pool, &feed, i);
	wait_for_sends(1);
	df_stop_requested = 1;
	CU_ASSERT(run_pool_room(pool, &feed, 600000));
	CU_ASSERT_FALSE(run_pool_takes(pool, &feed));
	let_go();
	run_pool_wait(pool);
	TEXT_IS(w.sent, "a");
	CU_ASSERT_EQUAL(w.left, 3);
	CU_ASSERT_EQUAL(w.blame, RUN_BLAME_NONE);
	df_stop_requested = 0;
	end(pool, 4);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"done and refused", test_done},
	    {"left for the next run", test_left},
	    {"sent before the one before it is closed", test_closed_later},
	    {"parked", test_parked},
	    {"a target that is closed", test_closed_target},
	    {"a target that is given up", test_given_up},
	    {"another host is first", test_waits},
	    {"jobs", test_jobs},
	    {"a target of its own", test_other_target},
	    {"order", test_order},
	    {"room in the spool", test_room},
	    {"a run that stops", test_stop},
	    CU_TEST_INFO_NULL,
	};
	df_log_setup(DF_LOG_ERROR, false);
	run_pool_free(NULL);
	return test_main("run_pool", NULL, NULL, tests);
}
