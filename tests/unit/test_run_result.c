/* SPDX-License-Identifier: MIT */
/* What a run comes to: its exit code, and each feed's part. */
#include "../../src/run/run_priv.h"

#include "test.h"

/* The worst counts. */
static void test_exit_codes(void)
{
	static const struct {
		enum df_status st[3];
		int code;
	} cases[] = {{{DF_OK, DF_END, DF_REJECT}, 0},
		     {{DF_RETRY, DF_OK, DF_OK}, 3},
		     {{DF_DENIED, DF_RETRY, DF_OK}, 4},
		     {{DF_RETRY, DF_USAGE, DF_DENIED}, 2},
		     {{DF_FATAL, DF_USAGE, DF_DENIED}, 5}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct run_result r = {0};
		for (size_t k = 0; k < 3; k++)
			run_note_status(&r, cases[i].st[k]);
		CU_ASSERT_EQUAL(run_exit_code(&r), cases[i].code);
		r.busy = true;
		CU_ASSERT_EQUAL(run_exit_code(&r), 75);
	}
	CU_ASSERT_EQUAL(run_exit_code(&(struct run_result){.rejected = 1}), 1);
	CU_ASSERT_EQUAL(run_exit_code(&(struct run_result){.files_refused = 1}), 1);
	CU_ASSERT_EQUAL(run_exit_code(&(struct run_result){.files_gone = 1}), 1);
	CU_ASSERT_EQUAL(run_exit_code(&(struct run_result){.rejected = 1, .unfinished = true}), 3);
}

/* A feed keeps the words of its first trouble, and those of a refusal before all. */
static void test_outcomes(void)
{
	struct conf_feed feeds[2] = {{.name = (char *)"a"}, {.name = (char *)"b"}};
	struct conf_feed other = {.name = (char *)"gone"};
	struct conf conf = {.feeds = feeds, .n_feeds = 2};
	struct run_result result = {0};
	struct run_outcome outcomes[2] = {{0}};
	struct df_err slow = {.text = "slow"}, slower = {.text = "slower"}, no = {.text = "no"};
	struct df_err gone = {.text = "b: no folder"};
	struct run run = {.conf = &conf, .result = &result, .outcomes = outcomes};
	pthread_mutex_init(&run.lock, NULL);

	run_note(&run, &feeds[0], DF_OK, NULL);
	CU_ASSERT_FALSE(outcomes[0].unfinished || outcomes[0].denied);
	run_note(&run, &feeds[0], DF_RETRY, &slow);
	run_note(&run, &feeds[0], DF_RETRY, &slower);
	CU_ASSERT(outcomes[0].unfinished && !outcomes[0].denied);
	TEXT_IS(outcomes[0].text, "slow");
	run_note(&run, &feeds[0], DF_DENIED, &no);
	run_note(&run, &feeds[0], DF_RETRY, &slower);
	CU_ASSERT(outcomes[0].denied);
	TEXT_IS(outcomes[0].text, "no");
	CU_ASSERT_FALSE(outcomes[1].unfinished || outcomes[1].denied);
	run_note(&run, &feeds[1], DF_RETRY, NULL);
	TEXT_IS(outcomes[1].text, "files wait for the next run");
	/* what stops it is a reason, too, and the feed's name is shown before it */
	outcomes[1] = (struct run_outcome){0};
	run_note(&run, &feeds[1], DF_USAGE, &gone);
	run_note(&run, &feeds[1], DF_RETRY, &slow);
	CU_ASSERT(outcomes[1].stopped && outcomes[1].unfinished);
	TEXT_IS(outcomes[1].text, "no folder");
	run_note(&run, &other, DF_FATAL, NULL); /* counts, though nobody keeps its words */
	CU_ASSERT_EQUAL(run_exit_code(&result), 5);
	pthread_mutex_destroy(&run.lock);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"exit codes", test_exit_codes},
	    {"a feed's part", test_outcomes},
	    CU_TEST_INFO_NULL,
	};
	return test_main("run_result", NULL, NULL, tests);
}
