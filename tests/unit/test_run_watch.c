/* SPDX-License-Identifier: MIT */
/* Which conditions of feeds a run raises and clears: the ledger is the test's own. */
#include "../../src/run/run_notices.h"

#include "test.h"

static struct df_buf calls; /* "+denied@sink f; -unfinished f; ..." */

static enum df_status note(char sign, const struct ledger_condition *c, bool *changed)
{
	df_buf_addf(&calls, "%c%s%s%s %s; ", sign, c->name, c->subject[0] != '\0' ? "@" : "",
		    c->subject, c->feed);
	*changed = true;
	return DF_OK;
}

enum df_status __wrap_ledger_condition_raise(struct ledger *l, const struct ledger_condition *c,
					     bool *changed, struct df_err *err);
enum df_status __wrap_ledger_condition_raise(struct ledger *l, const struct ledger_condition *c,
					     bool *changed, struct df_err *err)
{
	(void)l;
	(void)err;
	return note('+', c, changed);
}

enum df_status __wrap_ledger_condition_clear(struct ledger *l, const struct ledger_condition *c,
					     bool *changed, struct df_err *err);
enum df_status __wrap_ledger_condition_clear(struct ledger *l, const struct ledger_condition *c,
					     bool *changed, struct df_err *err)
{
	(void)l;
	(void)err;
	return note('-', c, changed);
}

enum df_status __wrap_run_expect_files(struct run *run, const struct conf_feed *feed,
				       int64_t looked_ms, struct df_err *err);
enum df_status __wrap_run_expect_files(struct run *run, const struct conf_feed *feed,
				       int64_t looked_ms, struct df_err *err)
{
	(void)run;
	(void)feed;
	(void)looked_ms;
	(void)err;
	return DF_OK;
}

static const struct ledger_condition known[] = {
    {.feed = "f", .name = "unfinished", .subject = "", .text = "503"},
    {.feed = "gone", .name = "denied", .subject = "sink", .text = "401"},
    {.feed = "gone", .name = "missing", .subject = "expect", .text = "none came"}};
static bool old;                 /* the ledger has some of feeds that are gone */
static const char *const *nodes; /* the configurations of hosts that share it */

/* Without those that were cleared. */
enum df_status __wrap_ledger_conditions(struct ledger *l, const char *feed,
					ledger_each_condition each, void *ctx, struct df_err *err);
enum df_status __wrap_ledger_conditions(struct ledger *l, const char *feed,
					ledger_each_condition each, void *ctx, struct df_err *err)
{
	enum df_status st = DF_OK;
	(void)l;
	CU_ASSERT_PTR_NULL(feed);
	for (size_t i = 0; old && i < sizeof(known) / sizeof(known[0]) && st == DF_OK; i++) {
		char *cleared = df_format("-%s@%s ", known[i].name, known[i].subject);
		if (strstr(df_buf_cstr(&calls), cleared) == NULL)
			st = each(ctx, &known[i], err);
		free(cleared);
	}
	return st;
}

enum df_status __wrap_ledger_nodes(struct ledger *l, ledger_each_node each, void *ctx,
				   struct df_err *err);
enum df_status __wrap_ledger_nodes(struct ledger *l, ledger_each_node each, void *ctx,
				   struct df_err *err)
{
	enum df_status st = DF_OK;
	(void)l;
	for (size_t i = 0; nodes != NULL && nodes[i] != NULL && st == DF_OK; i++)
		st = each(ctx, &(struct ledger_node){.config = nodes[i]}, err);
	return st;
}

static void expect(struct run_outcome outcome, const char *wanted)
{
	struct conf_feed feed = {.name = (char *)"f"};
	const struct conf_feed *const feeds[] = {&feed};
	struct conf conf = {.feeds = &feed, .n_feeds = 1};
	struct run run = {.conf = &conf, .outcomes = &outcome};
	df_log_setup(DF_LOG_WARN, false);
	df_buf_reset(&calls);
	run_watch(&run, feeds, 1);
	TEXT_IS(df_buf_cstr(&calls), wanted);
}

/* Without access nobody knows whether the rest would come to its end, and the other way round. */
static void test_conditions(void)
{
	expect((struct run_outcome){0}, "-denied f; -denied@sink f; -unfinished f; ");
	expect((struct run_outcome){.denied = true}, "+denied f; ");
	expect((struct run_outcome){.unfinished = true}, "+unfinished f; ");
	expect((struct run_outcome){.denied = true, .unfinished = true},
	       "+denied f; +unfinished f; ");
	/* what a wrong setting stopped is not over, and does not come to its end */
	expect((struct run_outcome){.stopped = true}, "+unfinished f; ");
	expect((struct run_outcome){.stopped = true, .denied = true}, "+denied f; +unfinished f; ");
	expect((struct run_outcome){.stopped = true, .unfinished = true}, "+unfinished f; ");
	/* to be denied by the sink, the source has to be reached before */
	expect((struct run_outcome){.denied = true, .by_sink = true},
	       "-denied f; +denied@sink f; ");
}

/* A run that was stopped on purpose decides nothing. */
static void test_stopped(void)
{
	df_stop_requested = 1;
	expect((struct run_outcome){.denied = true, .unfinished = true}, "");
	df_stop_requested = 0;
}

/* Nobody will find that a feed is well that the configuration has no more; a host that shares the
 * ledger, and has another configuration, may. */
static void test_gone(void)
{
	old = true;
	expect((struct run_outcome){.unfinished = true},
	       "+unfinished f; -denied@sink gone; -missing@expect gone; ");
	nodes = (const char *const[]){"a", "a", NULL};
	expect((struct run_outcome){.unfinished = true},
	       "+unfinished f; -denied@sink gone; -missing@expect gone; ");
	nodes = (const char *const[]){"a", "b", NULL};
	expect((struct run_outcome){.unfinished = true}, "+unfinished f; ");
	nodes = NULL;
	old = false;
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"conditions", test_conditions},
	    {"a run that was stopped", test_stopped},
	    {"feeds that are gone", test_gone},
	    CU_TEST_INFO_NULL,
	};
	int failed = test_main("run_watch", NULL, NULL, tests);
	df_buf_free(&calls);
	return failed;
}
