/* SPDX-License-Identifier: MIT */
/* What the ledger knows of documents. */
#include "ledger_world.h"

/* Made anew under its name: its time is another one. */
static int64_t add_version(struct ledger *l, const char *name, const char *sha, int64_t version)
{
	int64_t id = 0;
	OK(enter(l, "orders", name, 100, 1700000000 + version, sha, 5000, &id));
	return id;
}

static enum df_status done_before(struct ledger *l, int64_t file, const char *name,
				  const char *event_type, const char *content,
				  struct ledger_file *f)
{
	const struct ledger_new_document d = {
	    .file_id = file, .name = name, .event_type = event_type, .content = content};
	return ledger_document_done_before(l, &d, f, &err);
}

/* A document that is done is found when its archive comes again. */
static void test_done_before(void)
{
	struct ledger *l = fresh();
	struct ledger_file f = {0};
	int64_t zip = add_file(l, "a.zip", SHA_A), later = add_file(l, "b.zip", SHA_A);
	finish(l, zip, "a.csv", true);
	finish(l, zip, "b.csv", false);
	OK(done_before(l, later, "a.csv", "custom_event", NULL, &f));
	CU_ASSERT_EQUAL(f.id, zip);
	ledger_file_free(&f);
	IS(done_before(l, later, "a.csv", "screen_view", NULL, &f), DF_END);
	IS(done_before(l, later, "b.csv", "custom_event", NULL, &f), DF_END);
	/* not by itself */
	IS(done_before(l, zip, "a.csv", "custom_event", NULL, &f), DF_END);
	/* nor where its rows are to count again */
	OK(ledger_anew(l, later, true, &err));
	IS(done_before(l, later, "a.csv", "custom_event", NULL, &f), DF_END);
	ledger_close(l);
}

/* Not what was delivered to another environment, as far as that is stored. */
static void test_done_elsewhere(void)
{
	static const char *const stored[] = {"x = y\nenvironment = development\nz = 1\n",
					     "x = y\n"};
	for (size_t i = 0; i < 2; i++) {
		struct ledger *l = fresh();
		struct ledger_file f = {0};
		int64_t zip = add_file(l, "a.zip", SHA_A);
		const struct ledger_new_document new = {.file_id = zip,
							.name = "a.csv",
							.event_type = "custom_event",
							.settings = stored[i],
							.version = "1",
							.now_ms = 5,
							.content = "c"};
		struct ledger_document d = {0};
		OK(ledger_document_begin(l, &new, &d, &err));
		OK(checked(l, d.id, 1, 0));
		OK(ledger_lanes_settled(l, d.id, &(struct ledger_settled){0, 1, 1, NULL, 0}, 1,
					&err));
		OK(ledger_document_state(
		    l, d.id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1}, &err));
		ledger_document_free(&d);
		for (int packed = 0; packed < 2; packed++) {
			struct ledger_new_document later = {
			    .file_id = add_version(l, "a.zip", packed ? SHA_B : SHA_A, packed + 1),
			    .name = "a.csv",
			    .event_type = "custom_event",
			    .content = "c",
			    .environment = "production"};
			enum df_status there = i == 0 ? DF_END : DF_OK;
			IS(ledger_document_done_before(l, &later, &f, &err), there);
			ledger_file_free(&f);
			IS(ledger_document_alike(l, &later, &f, &err), there);
			ledger_file_free(&f);
			later.environment = "development";
			OK(ledger_document_done_before(l, &later, &f, &err));
			ledger_file_free(&f);
		}
		ledger_close(l);
	}
}

/* Entered with what it holds; delivered or not. */
static void finish_content(struct ledger *l, int64_t file, const char *content, bool delivered)
{
	const struct ledger_new_document new = {.file_id = file,
						.name = "a.csv",
						.event_type = "custom_event",
						.settings = "x",
						.version = "1",
						.now_ms = 5,
						.content = content};
	struct ledger_document d = {0};
	OK(ledger_document_begin(l, &new, &d, &err));
	ledger_document_free(&d);
	finish(l, file, "a.csv", delivered);
}

/* So it is when the archive was made anew, under its name, unless others came in between. */
static void test_same_content(void)
{
	struct ledger *l = fresh();
	struct ledger_file f = {0};
	int64_t first = add_file(l, "a.zip", SHA_A), again = add_version(l, "a.zip", SHA_B, 1);
	int64_t other = add_file(l, "b.zip", SHA_C);
	finish_content(l, first, "c1", true);
	OK(done_before(l, again, "a.csv", "custom_event", "c1", &f));
	CU_ASSERT_EQUAL(f.id, first);
	ledger_file_free(&f);
	IS(done_before(l, again, "a.csv", "custom_event", "c2", &f), DF_END);
	IS(done_before(l, again, "a.csv", "custom_event", NULL, &f), DF_END);
	IS(done_before(l, again, "a.csv", "screen_view", "c1", &f), DF_END);
	IS(done_before(l, again, "b.csv", "custom_event", "c1", &f), DF_END);
	IS(done_before(l, other, "a.csv", "custom_event", "c1", &f), DF_END);

	finish_content(l, again, "c2", true);
	int64_t third = add_version(l, "a.zip", SHA_C, 2);
	IS(done_before(l, third, "a.csv", "custom_event", "c1", &f), DF_END);
	finish_content(l, third, "c3", false); /* nothing of it was delivered */
	int64_t fourth = add_version(l, "a.zip", SHA_D, 3);
	OK(done_before(l, fourth, "a.csv", "custom_event", "c2", &f));
	CU_ASSERT_EQUAL(f.id, again);
	ledger_file_free(&f);
	OK(ledger_anew(l, fourth, false, &err));
	OK(done_before(l, fourth, "a.csv", "custom_event", "c2", &f));
	ledger_file_free(&f);
	OK(ledger_anew(l, fourth, true, &err));
	IS(done_before(l, fourth, "a.csv", "custom_event", "c2", &f), DF_END);
	ledger_close(l);
}

/* What was taken keeps its settings; before that, the latest count. */
static void test_taken(void)
{
	struct ledger *l = fresh();
	struct ledger_document d = {0};
	const struct ledger_taking taking = {2, "0.2.0", "t1", "lanes = 2\n", "{\"m\":1}", NULL, 7};
	int64_t file = add_file(l, "a.csv", SHA_A);
	OK(begin(l, file, NULL, "custom_event", "lanes = 8\n", NULL, 5, &d));
	CU_ASSERT_FALSE(d.taken);
	ledger_document_free(&d);
	OK(begin(l, file, NULL, "custom_event", "lanes = 2\n", "{\"m\":1}", 6, &d));
	CU_ASSERT_STRING_EQUAL(d.settings, "lanes = 2\n");
	CU_ASSERT_STRING_EQUAL(d.manifest, "{\"m\":1}");
	CU_ASSERT_EQUAL(d.begun_ms, 5);
	int64_t id = d.id;
	ledger_document_free(&d);
	OK(checked(l, id, 1, 0));
	OK(ledger_document_taken(l, id, &taking, &err));
	OK(begin(l, file, NULL, "custom_event", "lanes = 8\n", NULL, 9, &d));
	CU_ASSERT_TRUE(d.taken);
	CU_ASSERT_TRUE(d.batch_format == 2 && d.sent_ms == 7);
	CU_ASSERT_STRING_EQUAL(d.settings, "lanes = 2\n");
	CU_ASSERT_STRING_EQUAL(d.manifest, "{\"m\":1}");
	CU_ASSERT_STRING_EQUAL(d.version, "0.2.0");
	CU_ASSERT_STRING_EQUAL(d.target, "t1");
	ledger_document_free(&d);
	OK(ledger_document_resumed(l, id, "t2", 20, &err));
	OK(ledger_document_known(l, file, NULL, &d, &err));
	CU_ASSERT_STRING_EQUAL(d.target, "t2");
	CU_ASSERT_EQUAL(d.sent_ms, 20);
	ledger_document_free(&d);
	ledger_close(l);
}

static int64_t counted_delivered(struct ledger *l)
{
	int64_t n = 0;
	OK(ledger_tally_get(l, "orders", "rows_delivered", &n, &err));
	return n;
}

static void expect_target(struct ledger *l, int64_t file, const char *target, int64_t sent_ms)
{
	struct ledger_document d = {0};
	OK(ledger_document_known(l, file, NULL, &d, &err));
	CU_ASSERT_STRING_EQUAL(d.target, target);
	CU_ASSERT_EQUAL(d.sent_ms, sent_ms);
	ledger_document_free(&d);
}

/* A resend that is given up leaves what was delivered first, and what was rejected. */
static void test_resend_end(void)
{
	struct ledger *l = fresh();
	const struct ledger_taking taking = {2, "0.2.0", "t1", "lanes = 2\n", NULL, NULL, 7};
	struct ledger_reject rejects[] = {{3, 4, 30, 10, "no", NULL, .partly = true, .rest = "2"},
					  {7, 8, 70, 10, "bad", "api-unavailable"}};
	const struct ledger_outcome done = {.state = LEDGER_DONE, .now_ms = 50};
	struct ledger_former sum = {0};
	int64_t file = add_file(l, "a.csv", SHA_A), id = add_document(l, file, NULL);
	OK(checked(l, id, 10, 2));
	OK(ledger_document_taken(l, id, &taking, &err));
	OK(ledger_lanes_settled(l, id, &(struct ledger_settled){0, 1, 6, &rejects[0], 1}, 1, &err));
	IS(ledger_resend_end(l, file, &done, &sum, &err),
	   DF_END); /* under way for the first time */
	IS(ledger_resend_open(l, file, &sum, &err), DF_END);
	OK(ledger_lanes_settled(l, id, &(struct ledger_settled){1, 2, 1, NULL, 0}, 1, &err));
	OK(ledger_document_state(l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
				 &err));
	OK(ledger_file_state(l, file, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
			     &err));
	IS(ledger_resend_end(l, file, &done, &sum, &err), DF_END); /* not under way */

	for (int twice = 0; twice < 2; twice++) {
		OK(ledger_resend(l, file, &(struct ledger_reopen){.document = id}, 1, &err));
		OK(checked(l, id, 10, 2));
		expect_document(l, file, "checked 10=0+2;");
		OK(ledger_document_resumed(l, id, "t2", 40, &err));
		OK(ledger_resend_open(l, file, &sum, &err));
		CU_ASSERT(sum.rows == 10 && sum.delivered == 7 && sum.rejected == 3);
		OK(ledger_lanes_settled(l, id, &(struct ledger_settled){0, 1, 4, &rejects[1], 1}, 1,
					&err));
		OK(ledger_resend_end(l, file, &done, &sum, &err));
		CU_ASSERT(sum.rows == 10 && sum.delivered == 7 && sum.rejected == 3);
		expect_document(l, file, "done 10=7+3;");
		expect_target(l, file, "t1", 7);
		struct df_buf got = {0};
		OK(ledger_rejects(l, id, 0, keep_reject, &got, &err));
		CU_ASSERT_STRING_EQUAL(df_buf_cstr(&got), "3/4/30/10/no/api-rejected;");
		df_buf_free(&got);
		CU_ASSERT_EQUAL(counted_delivered(l), 7 + 4 * (twice + 1));
	}

	/* rows that the API rejected, which are sent again, are not a resend */
	OK(ledger_reopen(l, file, &(struct ledger_reopen){.document = id}, 1, &err));
	IS(ledger_resend_end(l, file, &done, &sum, &err), DF_END);
	ledger_close(l);
}

static void test_redropped(void)
{
	struct ledger *l = fresh();
	const uint64_t marks[] = {1, UINT64_MAX, 1};
	bool known = true;
	OK(ledger_redropped(l, "f", 1, &known, &err));
	CU_ASSERT_FALSE(known);
	OK(ledger_redropped_add(l, "f", marks, 3, &err));
	OK(ledger_redropped_add(l, "f", marks, 2, &err));
	OK(ledger_redropped(l, "f", UINT64_MAX, &known, &err));
	CU_ASSERT_TRUE(known);
	OK(ledger_redropped(l, "f", 2, &known, &err));
	CU_ASSERT_FALSE(known);
	OK(ledger_redropped(l, "g", 1, &known, &err));
	CU_ASSERT_FALSE(known);
	ledger_close(l);
}

static void test_document_resumes(void)
{
	struct ledger *l = fresh();
	struct ledger_document d = {0};
	int64_t file = add_file(l, "a.zip", SHA_A), id = 0;
	OK(begin(l, file, "x.csv", "custom_event", "lanes = 8\n", "{\"a\":1}", 6000, &d));
	id = d.id;
	CU_ASSERT_EQUAL(d.state, LEDGER_PULLED);
	ledger_document_free(&d);
	/* the next run has other settings: nothing of it was taken, so they count */
	OK(begin(l, file, "x.csv", "screen_view", "lanes = 1\n", NULL, 9000, &d));
	CU_ASSERT_EQUAL(d.id, id);
	CU_ASSERT_EQUAL(d.begun_ms, 6000);
	CU_ASSERT_STRING_EQUAL(d.name, "x.csv");
	CU_ASSERT_STRING_EQUAL(d.event_type, "screen_view");
	CU_ASSERT_STRING_EQUAL(d.settings, "lanes = 1\n");
	CU_ASSERT_PTR_NULL(d.manifest);
	ledger_document_free(&d);
	CU_ASSERT_NOT_EQUAL(add_document(l, file, "y.csv"), id);
	/* without a name there is one per file */
	int64_t plain = add_file(l, "b.csv", SHA_B);
	CU_ASSERT_EQUAL(add_document(l, plain, NULL), add_document(l, plain, NULL));
	/* a document belongs to a file */
	IS(begin(l, 999, NULL, "custom_event", "", NULL, 1, &d), DF_FATAL);
	ledger_close(l);
}

static void test_document_balance(void)
{
	struct ledger *l = fresh();
	int64_t file = add_file(l, "a.csv", SHA_A), id = add_document(l, file, NULL);
	IS(ledger_document_state(
	       l, id, &(struct ledger_outcome){.state = LEDGER_SENDING, .now_ms = 1}, &err),
	   DF_FATAL); /* never checked */
	IS(ledger_document_state(l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
				 &err),
	   DF_FATAL);
	OK(checked(l, id, 10, 2));
	expect_document(l, file, "checked 10=0+2;");
	OK(ledger_document_state(
	    l, id, &(struct ledger_outcome){.state = LEDGER_SENDING, .now_ms = 1}, &err));
	struct ledger_reject rejects[] = {{7, 8, 70, 10, "it's \"bad\"", NULL},
					  {3, 4, 30, 10, "€", "api-unavailable"}};
	OK(ledger_lanes_settled(l, id, &(struct ledger_settled){0, 1, 5, NULL, 0}, 1, &err));
	OK(ledger_lanes_settled(l, id, &(struct ledger_settled){1, 2, 0, rejects, 2}, 1, &err));
	IS(ledger_document_state(l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
				 &err),
	   DF_FATAL); /* 10 != 5 + 4 */
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "does not balance"));
	expect_document(l, file, "sending 10=5+4;");
	/* the next run checks it again: what the API rejected is not forgotten */
	OK(checked(l, id, 10, 2));
	expect_document(l, file, "checked 10=5+4;");
	OK(ledger_document_state(
	    l, id, &(struct ledger_outcome){.state = LEDGER_SENDING, .now_ms = 1}, &err));
	OK(ledger_lanes_settled(
	    l, id, &(struct ledger_settled){.done = 2, .rows_delivered = 1, .was = 1}, 1, &err));
	OK(ledger_document_state(
	    l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 99}, &err));
	expect_document(l, file, "done 10=6+4;");
	struct df_buf got = {0};
	OK(ledger_rejects(l, id, 0, keep_reject, &got, &err));
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&got),
			       "3/4/30/10/€/api-unavailable;7/8/70/10/it's \"bad\"/api-rejected;");
	df_buf_free(&got);
	/* what is done stays done */
	IS(ledger_document_state(
	       l, id,
	       &(struct ledger_outcome){
		   .state = LEDGER_REFUSED, .code = "x", .text = "y", .now_ms = 1},
	       &err),
	   DF_FATAL);
	IS(checked(l, id, 1, 0), DF_FATAL);
	IS(ledger_lanes_settled(l, id, &(struct ledger_settled){0, 3, 1, NULL, 0}, 1, &err),
	   DF_FATAL);
	expect_document(l, file, "done 10=6+4;");
	IS(ledger_document_state(
	       l, 999,
	       &(struct ledger_outcome){
		   .state = LEDGER_REFUSED, .code = "x", .text = "y", .now_ms = 1},
	       &err),
	   DF_FATAL);
	ledger_close(l);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"rows that were dropped again", test_redropped},
	    {"a document resumes with its settings", test_document_resumes},
	    {"a document balances", test_document_balance},
	    {"a document that is done is found again", test_done_before},
	    {"done before, elsewhere", test_done_elsewhere},
	    {"what was taken keeps its settings", test_taken},
	    {"an archive that was made anew", test_same_content},
	    {"a resend that is given up", test_resend_end},
	    CU_TEST_INFO_NULL,
	};
	return test_main("ledger documents", setup, teardown, tests);
}
