/* SPDX-License-Identifier: MIT */
/* Connections that break are tried again: with a source and a clock of the test's own. */
#include "../../src/run/run_source.h"

#include "test.h"

static int fake; /* what is open */
static struct {
	int64_t clock_ms;
	enum df_status opens[8]; /* what the calls of fetch_open return; then DF_OK */
	unsigned n_opens, n_closes, n_steps;
	unsigned fails;    /* so many steps fail */
	bool breaks;       /* and the connection with them */
	uint64_t received; /* bytes, on each connection */
} w;

int64_t __wrap_df_monotonic_ms(void);
int64_t __wrap_df_monotonic_ms(void)
{
	return w.clock_ms += 100;
}

bool __wrap_df_rest(int64_t ms);
bool __wrap_df_rest(int64_t ms)
{
	w.clock_ms += ms;
	return !df_stop_requested;
}

enum df_status __wrap_fetch_open(const struct conf_feed *feed, struct fetch **out,
				 struct df_err *err);
enum df_status __wrap_fetch_open(const struct conf_feed *feed, struct fetch **out,
				 struct df_err *err)
{
	enum df_status st = w.n_opens < 8 ? w.opens[w.n_opens] : DF_OK;
	(void)feed;
	w.n_opens++;
	if (st != DF_OK)
		return df_fail(st, err, NULL, "no");
	*out = (struct fetch *)(void *)&fake;
	return DF_OK;
}

void __wrap_fetch_close(struct fetch *source);
void __wrap_fetch_close(struct fetch *source)
{
	if (source == NULL) /* which is legal */
		return;
	CU_ASSERT_PTR_EQUAL(source, &fake);
	w.n_closes++;
}

bool __wrap_fetch_broken(const struct fetch *source);
bool __wrap_fetch_broken(const struct fetch *source)
{
	(void)source;
	return w.breaks;
}

uint64_t __wrap_fetch_received(const struct fetch *source);
uint64_t __wrap_fetch_received(const struct fetch *source)
{
	(void)source;
	return w.received;
}

static enum df_status step(struct fetch *fetch, void *ctx, struct df_err *err)
{
	(void)ctx;
	CU_ASSERT_PTR_EQUAL(fetch, &fake);
	return w.n_steps++ < w.fails ? df_fail(DF_RETRY, err, NULL, "broken") : DF_OK;
}

static struct conf_feed feed = {.name = (char *)"f", .send.give_up_after_ms = 900000};

static struct run_source begin(void)
{
	memset(&w, 0, sizeof(w));
	df_log_setup(DF_LOG_ERROR, false);
	return (struct run_source){.feed = &feed};
}

static void test_opens_again(void)
{
	struct df_err err = {0};
	struct run_source s = begin();
	w.opens[0] = w.opens[1] = DF_RETRY;
	OK(run_source_open(&s, &err));
	CU_ASSERT_EQUAL(w.n_opens, 3);
	TEXT_IS(err.text, "");
	OK(run_source_open(&s, &err)); /* it is open */
	CU_ASSERT_EQUAL(w.n_opens, 3);
	run_source_close(&s);
	run_source_close(&s);
	CU_ASSERT_EQUAL(w.n_closes, 1);
}

/* Given up once, it is not asked again in this run. */
static void test_gives_up(void)
{
	struct df_err err = {0};
	struct run_source s = begin();
	for (size_t i = 0; i < 8; i++)
		w.opens[i] = DF_RETRY;
	IS(run_source_open(&s, &err), DF_RETRY);
	CU_ASSERT_EQUAL(w.n_opens, 5);
	CU_ASSERT(s.unreachable);
	TEXT_HAS(err.text, "gave up after 5 tries");
	IS(run_source_open(&s, &err), DF_RETRY);
	CU_ASSERT_EQUAL(w.n_opens, 5);
	TEXT_HAS(err.text, "given up for this run");
}

/* A wrong password does not get right by repeating it. */
static void test_refused(void)
{
	struct df_err err = {0};
	struct run_source s = begin();
	w.opens[0] = DF_DENIED;
	IS(run_source_open(&s, &err), DF_DENIED);
	CU_ASSERT_EQUAL(w.n_opens, 1);
	CU_ASSERT(s.unreachable);
}

static void test_give_up_after(void)
{
	struct df_err err = {0};
	struct run_source s = begin();
	struct conf_feed hasty = feed;
	hasty.send.give_up_after_ms = 1;
	s.feed = &hasty;
	for (size_t i = 0; i < 8; i++)
		w.opens[i] = DF_RETRY;
	IS(run_source_open(&s, &err), DF_RETRY);
	CU_ASSERT_EQUAL(w.n_opens, 1);
}

/* A step is repeated on a new connection, and only where the connection was at fault. */
static void test_steps(void)
{
	struct df_err err = {0};
	struct run_source s = begin();
	w.fails = 2;
	w.breaks = true;
	OK(run_source_do(&s, step, NULL, &err));
	CU_ASSERT_EQUAL(w.n_steps, 3);
	CU_ASSERT_EQUAL(w.n_opens, 3);
	CU_ASSERT_EQUAL(w.n_closes, 2);

	s = begin();
	w.fails = 1;
	IS(run_source_do(&s, step, NULL, &err), DF_RETRY);
	CU_ASSERT_EQUAL(w.n_steps, 1);
	CU_ASSERT_EQUAL(w.n_closes, 0);
}

/* A download that gets on is brought to its end, however often it breaks. */
static void test_progress(void)
{
	struct df_err err = {0};
	struct run_source s = begin();
	w.fails = 100;
	w.breaks = true;
	w.received = 1;
	OK(run_source_do(&s, step, NULL, &err));
	CU_ASSERT_EQUAL(w.n_steps, 101);

	s = begin();
	w.fails = 100;
	w.breaks = true;
	IS(run_source_do(&s, step, NULL, &err), DF_RETRY);
	CU_ASSERT_EQUAL(w.n_steps, 5);
	CU_ASSERT_FALSE(s.unreachable); /* once */
	w.n_steps = 0;
	IS(run_source_do(&s, step, NULL, &err), DF_RETRY);
	CU_ASSERT(s.unreachable); /* and again */
}

static void test_stop(void)
{
	struct df_err err = {0};
	struct run_source s = begin();
	df_stop_requested = 1;
	IS(run_source_open(&s, &err), DF_RETRY);
	df_stop_requested = 0;
	CU_ASSERT_EQUAL(w.n_opens, 0);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"it is opened again", test_opens_again},
	    {"it is given up", test_gives_up},
	    {"refused access", test_refused},
	    {"give_up_after", test_give_up_after},
	    {"steps", test_steps},
	    {"progress starts the count anew", test_progress},
	    {"a run that stops", test_stop},
	    CU_TEST_INFO_NULL,
	};
	return test_main("run_source", NULL, NULL, tests);
}
