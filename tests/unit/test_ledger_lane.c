/* SPDX-License-Identifier: MIT */
/* How far a document has come: lanes, and rows that are sent again. */
#include "ledger_world.h"

static void test_reopen(void)
{
	struct ledger *l = fresh();
	int64_t file = add_file(l, "a.zip", SHA_A), done = add_document(l, file, "one"),
		refused = add_document(l, file, "two"), other = add_document(l, file, "three");
	struct ledger_reject rejects[] = {
	    {3, 4, 30, 10, "no", NULL}, {7, 8, 70, 10, "no", NULL}, {8, 9, 80, 10, "no", NULL}};
	struct ledger_reopen both[] = {{.document = done}, {.document = refused}};
	OK(checked(l, done, 10, 2));
	OK(ledger_lanes_settled(l, done, &(struct ledger_settled){0, 3, 5, rejects, 3}, 1, &err));
	OK(ledger_document_state(
	    l, done,
	    &(struct ledger_outcome){.state = LEDGER_DONE, .text = "/rejects/one.csv", .now_ms = 1},
	    &err));
	OK(ledger_document_state(
	    l, refused,
	    &(struct ledger_outcome){
		.state = LEDGER_REFUSED, .code = "unknown-column", .text = "x", .now_ms = 1},
	    &err));
	OK(ledger_document_state(
	    l, other,
	    &(struct ledger_outcome){
		.state = LEDGER_REFUSED, .code = "unknown-column", .text = "x", .now_ms = 1},
	    &err));
	IS(ledger_reopen(l, file, both, 2, &err), DF_FATAL); /* the file is not closed */
	OK(ledger_file_state(l, file,
			     &(struct ledger_outcome){.state = LEDGER_REFUSED,
						      .code = "unknown-column",
						      .text = "x",
						      .cleanup_due = true,
						      .now_ms = 2},
			     &err));
	CU_ASSERT_EQUAL(again_rows(l, done), 0);
	const struct ledger_facts facts = {"first", "last", 7, 6}, none = {0};
	OK(ledger_document_facts(l, done, &facts, &err));
	OK(ledger_reopen(l, file, both, 2, &err));
	/* one is sent again in part, one forgotten, one stays as it was */
	expect_document(l, file, "sending 10=5+5;refused 0=0+0;");
	CU_ASSERT_EQUAL(again_rows(l, done), 3);
	uint64_t delivered[] = {3, 8};
	rejects[1].code = "api-unavailable"; /* the second time for another reason */
	OK(ledger_again_settled(l, done, &(struct ledger_again){delivered, 1, &rejects[1], 1},
				&err));
	expect_document(l, file, "sending 10=6+4;refused 0=0+0;");
	CU_ASSERT_EQUAL(again_rows(l, done), 1);
	struct df_buf codes = {0};
	OK(ledger_rejects(l, done, 0, keep_reject, &codes, &err));
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&codes),
			       "7/8/70/10/no/api-unavailable;8/9/80/10/no/api-rejected;");
	df_buf_free(&codes);
	/* what is settled is not settled twice, and a step that fails leaves nothing */
	IS(ledger_again_settled(l, done, &(struct ledger_again){delivered, 1, NULL, 0}, &err),
	   DF_FATAL);
	IS(ledger_again_settled(l, done, &(struct ledger_again){NULL, 0, &rejects[1], 1}, &err),
	   DF_FATAL);
	uint64_t second[] = {8, 3};
	IS(ledger_again_settled(l, done, &(struct ledger_again){second, 2, NULL, 0}, &err),
	   DF_FATAL);
	expect_document(l, file, "sending 10=6+4;refused 0=0+0;");
	OK(ledger_again_settled(l, done, &(struct ledger_again){&delivered[1], 1, NULL, 0}, &err));
	/* the batches are what they were */
	struct ledger_document now = {0};
	OK(ledger_document_facts(l, done, &none, &err));
	OK(ledger_document_known(l, file, "one", &now, &err));
	CU_ASSERT_FATAL(now.first_batch != NULL && now.last_batch != NULL);
	CU_ASSERT(now.batches == 7 && now.events == 6);
	CU_ASSERT_STRING_EQUAL(now.first_batch, "first");
	CU_ASSERT_STRING_EQUAL(now.last_batch, "last");
	ledger_document_free(&now);
	OK(ledger_document_state(
	    l, done,
	    &(struct ledger_outcome){.state = LEDGER_DONE, .text = "/rejects/one.csv", .now_ms = 3},
	    &err));
	expect_document(l, file, "done 10=7+3;refused 0=0+0;");
	IS(ledger_again_settled(l, done, &(struct ledger_again){&delivered[1], 1, NULL, 0}, &err),
	   DF_FATAL);
	/* its document, not another file's */
	OK(ledger_file_state(l, file,
			     &(struct ledger_outcome){.state = LEDGER_REFUSED,
						      .code = "unknown-column",
						      .text = "x",
						      .cleanup_due = true,
						      .now_ms = 4},
			     &err));
	int64_t elsewhere = add_file(l, "b.zip", SHA_B);
	OK(ledger_file_state(l, elsewhere,
			     &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 4}, &err));
	IS(ledger_reopen(l, elsewhere, both, 1, &err), DF_FATAL);
	expect_document(l, file, "done 10=7+3;refused 0=0+0;");
	ledger_close(l);
}

/* A document that was refused halfway, as its bytes were gone or hosts crashed, goes on there. */
static void test_reopen_in_between(void)
{
	static const char *const codes[] = {"lost-bytes", "keeps-crashing"};
	for (size_t i = 0; i < 2; i++) {
		struct ledger *l = fresh();
		uint64_t lanes[8];
		int64_t file = add_file(l, "a.csv", SHA_A), id = add_document(l, file, NULL);
		const struct ledger_outcome closed = {
		    .state = LEDGER_REFUSED, .code = codes[i], .text = "x", .now_ms = 9};
		const struct ledger_taking taking = {
		    .batch_format = 1, .version = "1", .target = "t", .settings = "s", .now_ms = 7};
		OK(checked(l, id, 10, 0));
		OK(ledger_document_taken(l, id, &taking, &err));
		OK(ledger_lanes_settled(l, id, &(struct ledger_settled){0, 3, 5, NULL, 0}, 1,
					&err));
		OK(ledger_file_lost(l, file, &closed, &err));
		OK(ledger_reopen(l, file, &(struct ledger_reopen){.document = id}, 1, &err));
		expect_document(l, file, "sending 10=5+0;");
		OK(ledger_lanes(l, id, lanes, 8, &err));
		CU_ASSERT_EQUAL(lanes[0], 3);
		ledger_close(l);
	}
}

static size_t unknown_rows(struct ledger *l, int64_t id)
{
	struct ledger_again_rows rows = {0};
	OK(ledger_again(l, id, true, &rows, &err));
	size_t n = rows.n;
	ledger_again_rows_free(&rows);
	return n;
}

/* Of a row that was taken in part the rest is kept, whatever comes of it; that of an earlier
 * version, which did not note it, is not sent again. */
static void test_rest(void)
{
	struct ledger *l = fresh();
	int64_t file = add_file(l, "a.csv", SHA_A), id = add_document(l, file, NULL);
	struct ledger_reject rejects[] = {{3, 4, 30, 10, "no", NULL, .partly = true, .rest = "0,2"},
					  {7, 8, 70, 10, "no", NULL, .partly = true},
					  {8, 9, 80, 10, "no", NULL}};
	struct ledger_reject again = {3, 4, 30, 10, "no", NULL, .rest = "2"};
	struct ledger_reopen reopen = {.document = id};
	const struct ledger_outcome done = {.state = LEDGER_DONE, .now_ms = 1};
	struct ledger_again_rows rows = {0};
	OK(checked(l, id, 10, 0));
	OK(ledger_lanes_settled(l, id, &(struct ledger_settled){0, 2, 7, rejects, 3}, 1, &err));
	for (int i = 0; i < 2; i++) {
		OK(ledger_document_state(l, id, &done, &err));
		OK(ledger_file_state(l, file, &done, &err));
		OK(ledger_reopen(l, file, &reopen, 1, &err));
		OK(ledger_again(l, id, false, &rows, &err));
		CU_ASSERT_EQUAL_FATAL(rows.n, 2);
		CU_ASSERT(rows.v[0].row == 3 && rows.v[1].row == 8);
		TEXT_IS(rows.v[0].rest, i == 0 ? "0,2" : "2");
		TEXT_IS(rows.v[1].rest, "");
		ledger_again_rows_free(&rows);
		OK(ledger_again_settled(l, id, &(struct ledger_again){NULL, 0, &again, 1}, &err));
	}
	ledger_close(l);
}

/* What must not be sent twice: batches of a lane, and rows that are sent again. */
static void test_sending(void)
{
	struct ledger *l = fresh();
	int64_t file = add_file(l, "a.csv", SHA_A), id = add_document(l, file, NULL);
	struct ledger_reject rejects[] = {{3, 4, 30, 10, "no", NULL},
					  {7, 8, 70, 10, "lost", "delivery-unknown"},
					  {8, 9, 80, 10, "no", NULL, .partly = true}};
	struct ledger_reopen again = {.document = id};
	uint64_t upto[2] = {9, 9}, rows[] = {3, 7};
	OK(checked(l, id, 10, 0));
	OK(ledger_lanes_sent(l, id, upto, 2, &err));
	CU_ASSERT(upto[0] == 0 && upto[1] == 0);
	OK(ledger_lane_sending(l, id, &(struct ledger_sending){1, 5, true}, &err));
	OK(ledger_lanes_sent(l, id, upto, 2, &err));
	CU_ASSERT(upto[0] == 0 && upto[1] == 5);
	OK(ledger_lane_sending(l, id, &(struct ledger_sending){1, 2, false}, &err)); /* came back */
	OK(ledger_lanes_settled(l, id, &(struct ledger_settled){1, 2, 7, rejects, 3}, 1, &err));
	OK(ledger_lanes_sent(l, id, upto, 2, &err));
	CU_ASSERT(upto[0] == 0 && upto[1] == 2);

	OK(ledger_document_state(l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
				 &err));
	OK(ledger_file_state(l, file, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
			     &err));
	OK(ledger_reopen(l, file, &again, 1, &err));
	/* neither what may have arrived, nor what arrived in part */
	CU_ASSERT(again_rows(l, id) == 1 && unknown_rows(l, id) == 0);
	OK(ledger_again_sending(l, id, rows, 1, false, &err));
	OK(ledger_again_sending(l, id, rows, 1, true, &err));
	struct df_err why = {0};
	IS(ledger_again_sending(l, id, &rows[1], 1, false, &why), DF_FATAL); /* is not marked */
	OK(ledger_again_doubt(l, id, "lost", &err));
	CU_ASSERT_EQUAL(again_rows(l, id), 1); /* it came back */
	OK(ledger_again_sending(l, id, rows, 1, false, &err));
	OK(ledger_again_doubt(l, id, "lost", &err));
	CU_ASSERT_EQUAL(again_rows(l, id), 0);
	struct df_buf codes = {0};
	OK(ledger_rejects(l, id, 0, keep_reject, &codes, &err));
	TEXT_IS(df_buf_cstr(&codes), "3/4/30/10/lost/delivery-unknown;7/8/70/10/lost/"
				     "delivery-unknown;8/9/80/10/no/api-rejected;");
	df_buf_free(&codes);

	OK(ledger_document_state(l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 2},
				 &err));
	OK(ledger_file_state(l, file, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 2},
			     &err));
	again.unknown = true;
	OK(ledger_reopen(l, file, &again, 1, &err));
	CU_ASSERT(again_rows(l, id) == 0 && unknown_rows(l, id) == 2);
	OK(ledger_again_settled(l, id, &(struct ledger_again){rows, 2, NULL, 0}, &err));
	expect_document(l, file, "sending 10=9+1;");
	ledger_close(l);
}

static void test_lanes(void)
{
	struct ledger *l = fresh();
	int64_t file = add_file(l, "a.csv", SHA_A), id = add_document(l, file, NULL);
	uint64_t done[4] = {9, 9, 9, 9};
	struct ledger_reject bad = {5, 6, 50, 10, "no", NULL};
	OK(checked(l, id, 10, 0));
	OK(ledger_lanes(l, id, done, 4, &err));
	CU_ASSERT(done[0] == 0 && done[1] == 0 && done[2] == 0 && done[3] == 0);
	IS(ledger_lanes_settled(l, id, &(struct ledger_settled){2, 0, 1, NULL, 0}, 1, &err),
	   DF_FATAL); /* nothing was done */
	OK(ledger_lanes_settled(l, id, &(struct ledger_settled){2, 3, 3, NULL, 0}, 1, &err));
	/* the same step again, or an earlier one, is a bug: nothing of it is kept */
	IS(ledger_lanes_settled(l, id, &(struct ledger_settled){2, 3, 3, &bad, 1}, 1, &err),
	   DF_FATAL);
	IS(ledger_lanes_settled(l, id, &(struct ledger_settled){2, 2, 3, NULL, 0}, 1, &err),
	   DF_FATAL);
	OK(ledger_lanes_settled(
	    l, id,
	    &(struct ledger_settled){
		.lane = 2, .done = 4, .rejects = &bad, .n_rejects = 1, .was = 3},
	    1, &err));
	/* not from where it is */
	for (uint64_t was = 0; was < 4; was += 3)
		IS(ledger_lanes_settled(l, id,
					&(struct ledger_settled){
					    .lane = 2, .done = 5, .rows_delivered = 1, .was = was},
					1, &err),
		   DF_FATAL);
	/* a row is rejected once: the lane does not move either */
	IS(ledger_lanes_settled(l, id, &(struct ledger_settled){3, 1, 1, &bad, 1}, 1, &err),
	   DF_FATAL);
	IS(ledger_lanes_settled(l, 999, &(struct ledger_settled){0, 1, 1, NULL, 0}, 1, &err),
	   DF_FATAL);
	/* of several steps all are kept, or none */
	const struct ledger_settled wrong[] = {{0, 1, 1, NULL, 0}, {2, 4, 1, NULL, 0}},
				    right[] = {{.done = 1}, {.lane = 2, .done = 5, .was = 4}};
	IS(ledger_lanes_settled(l, id, wrong, 2, &err), DF_FATAL);
	OK(ledger_lanes(l, id, done, 4, &err));
	CU_ASSERT(done[0] == 0 && done[1] == 0 && done[2] == 4 && done[3] == 0);
	OK(ledger_lanes_settled(l, id, right, 2, &err));
	OK(ledger_lanes(l, id, done, 4, &err));
	CU_ASSERT(done[0] == 1 && done[1] == 0 && done[2] == 5 && done[3] == 0);
	IS(ledger_lanes(l, id, done, 2, &err), DF_FATAL);
	expect_document(l, file, "checked 10=3+1;");
	ledger_close(l);
}

static void test_api(void)
{
	const struct ledger_where at = where();
	struct ledger *l = fresh();
	struct ledger_api got = {7, 7};
	OK(ledger_api_known(l, "one", &got, &err));
	CU_ASSERT(got.success_ms == 0 && got.not_before_ms == 0);
	OK(ledger_api_note(l, "one", &(struct ledger_api){.success_ms = 100}, &err));
	OK(ledger_api_note(l, "two", &(struct ledger_api){.success_ms = 5}, &err));
	OK(ledger_api_note(l, "one", &(struct ledger_api){.not_before_ms = 300}, &err));
	ledger_close(l);
	OK(ledger_open_at(&at, &l, &err));
	OK(ledger_api_known(l, "one", &got, &err));
	CU_ASSERT(got.success_ms == 100 && got.not_before_ms == 300);
	OK(ledger_api_note(l, "one", &(struct ledger_api){.success_ms = 200}, &err));
	OK(ledger_api_known(l, "one", &got, &err));
	CU_ASSERT(got.success_ms == 200 && got.not_before_ms == 0);
	OK(ledger_api_known(l, "two", &got, &err));
	CU_ASSERT(got.success_ms == 5 && got.not_before_ms == 0);

	char *text = NULL;
	OK(ledger_api_suspects(l, "one", &text, &err));
	CU_ASSERT_PTR_NULL(text);
	OK(ledger_api_suspect(l, "one", "3 id\n", &err));
	OK(ledger_api_suspect(l, "three", "4 id\n", &err));
	OK(ledger_api_suspects(l, "one", &text, &err));
	CU_ASSERT_STRING_EQUAL(text, "3 id\n");
	free(text);
	OK(ledger_api_known(l, "one", &got, &err));
	CU_ASSERT(got.success_ms == 200);
	ledger_close(l);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"a closed file is opened again", test_reopen},
	    {"one that was closed in between", test_reopen_in_between},
	    {"the rest of a row", test_rest},
	    {"what must not be sent twice", test_sending},
	    {"lanes only go forward", test_lanes},
	    {"endpoints and keys", test_api},
	    CU_TEST_INFO_NULL,
	};
	return test_main("ledger lanes", setup, teardown, tests);
}
