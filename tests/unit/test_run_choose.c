/* SPDX-License-Identifier: MIT */
/* The files of the ledger that a command line means, and the same bytes in another file. */
#include "../../src/run/run_choose.h"

#include "test.h"

#define SHA "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static char dir[200];
static struct ledger *ledger;
static struct conf_feed feeds[] = {{.name = (char *)"f"}, {.name = (char *)"g"}};
static struct conf conf = {.feeds = feeds, .n_feeds = 2, .state_dir = dir};

static bool add(const char *feed, const char *name, uint64_t size)
{
	struct df_err err = {0};
	int64_t id = 0;
	const struct ledger_new_file f = {.key = {feed, "local", name, size, 1},
					  .sha256 = SHA,
					  .event_type = "eventless",
					  .now_ms = (int64_t)size};
	return ledger_file_add(ledger, &f, &id, &err) == DF_OK;
}

static int begin(void)
{
	struct df_err err = {0};
	if (test_folder_make(dir, sizeof(dir)) != 0 || ledger_open(dir, &ledger, &err) != DF_OK)
		return 1;
	bool added = add("f", "a-eventless.csv", 1) && add("f", "a-eventless.csv", 2) &&
		     add("g", "a-eventless.csv", 3) && add("f", "b-eventless.csv", 4) &&
		     add("gone", "c-eventless.csv", 5);
	return !added;
}

static int end(void)
{
	ledger_close(ledger);
	return test_folder_remove(dir);
}

static bool takes_open(enum ledger_state state)
{
	return !ledger_closes(state);
}

/* "feed/name/size ..." of what is chosen. */
static void chosen(const struct run_files_options *options, const struct run_choose_rule *rule,
		   const char *wanted)
{
	struct df_err err = {0};
	struct df_buf got = {0};
	struct run_choice c;
	OK(run_choose(ledger, &conf, options, rule, &c, &err));
	for (size_t i = 0; i < c.n; i++)
		df_buf_addf(&got, "%s/%s/%llu ", c.v[i].feed->name, c.v[i].file.name,
			    (unsigned long long)c.v[i].file.size);
	TEXT_IS(df_buf_cstr(&got), wanted);
	df_buf_free(&got);
	run_choice_free(&c);
}

static void test_choose(void)
{
	static const char *const a[] = {"a-*"}, *const all[] = {"*"}, *const f[] = {"f"};
	const struct run_choose_rule first = {.takes = takes_open, .idle = "is idle"},
				     latest = {.takes = takes_open, .idle = "", .latest = true},
				     orphans = {.takes = takes_open, .idle = "", .orphans = true};
	chosen(&(struct run_files_options){.files = a, .n_files = 1}, &first,
	       "f/a-eventless.csv/1 g/a-eventless.csv/3 ");
	chosen(&(struct run_files_options){.files = a, .n_files = 1, .feeds = f, .n_feeds = 1},
	       &first, "f/a-eventless.csv/1 ");
	chosen(&(struct run_files_options){.files = a, .n_files = 1}, &latest,
	       "f/a-eventless.csv/2 g/a-eventless.csv/3 ");
	chosen(&(struct run_files_options){.files = all, .n_files = 1}, &orphans,
	       "f/a-eventless.csv/1 g/a-eventless.csv/3 "
	       "f/b-eventless.csv/4 gone/c-eventless.csv/5 ");
}

/* One unknown name, and nothing is chosen. */
static void test_unknown(void)
{
	static const char *const names[] = {"a-*", "x.csv"};
	const struct run_choose_rule first = {.takes = takes_open, .idle = "is idle"};
	struct df_err err = {0};
	struct run_choice c;
	IS(run_choose(ledger, &conf, &(struct run_files_options){.files = names, .n_files = 2},
		      &first, &c, &err),
	   DF_USAGE);
	run_choice_free(&c);
}

/* The same bytes: of the same feed and event type, and not of a file that came later. */
static void test_same_bytes(void)
{
	struct df_err err = {0};
	struct ledger_file same = {0};
	struct run_bytes of = {.name = "z-eventless.csv", .sha256 = SHA};
	IS(run_same_bytes(ledger, &feeds[0], &of, &same, &err), DF_RETRY); /* not finished */
	ledger_file_free(&same);
	of.name = "z-screen_view.csv";
	IS(run_same_bytes(ledger, &feeds[0], &of, &same, &err), DF_END);
	of = (struct run_bytes){.name = "z-eventless.csv", .sha256 = SHA, .before = 1};
	IS(run_same_bytes(ledger, &feeds[0], &of, &same, &err), DF_END);
	struct conf_feed import = feeds[0];
	import.send.duplicates_import = true;
	of.before = 0;
	IS(run_same_bytes(ledger, &import, &of, &same, &err), DF_END);

	char type[RUN_EVENT_TYPE_SIZE];
	run_event_type(&feeds[0], "in/z-screen_view.csv.gz", type);
	TEXT_IS(type, "screen_view");
	run_event_type(&feeds[0], "z.zip", type);
	TEXT_IS(type, "");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"names, feeds, the latest", test_choose},
	    {"an unknown name", test_unknown},
	    {"the same bytes", test_same_bytes},
	    CU_TEST_INFO_NULL,
	};
	return test_main("run_choose", begin, end, tests);
}
