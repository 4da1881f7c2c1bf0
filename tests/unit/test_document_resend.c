/* SPDX-License-Identifier: MIT */
/* Rows that the API rejected, once more: which batches are sent, and what the ledger gets to know
 * of them. The sender is the test's own. */
#include "document_world.h"
#include "run_world.h"

#define NAME "a-eventless.csv"
/* one user in each row, so that each row is a batch */
#define TEXT                                                                                       \
	"mpid,user_attributes.a\n"                                                                 \
	"1,a\n"                                                                                    \
	"2,b\n"                                                                                    \
	"3,c\n"                                                                                    \
	"4,d\n"

enum { PUT_MAX = 8 };

static struct {
	struct conf_feed *feed;
	int64_t document;
	const struct send_order *order;
	struct batch *put[PUT_MAX]; /* own */
	size_t n_put;
	bool closed, abandoned;
	/* what the sender is to answer: */
	size_t refused; /* row that is rejected again; 0: none */
	uint64_t lie;   /* rows more than were delivered */
	enum df_status close;
} w;

/* ---- the sender ---- */

static int stream; /* what is open */

enum df_status __wrap_sender_open(struct sender *s, const struct send_order *order,
				  struct send_stream **out, struct df_err *err);
enum df_status __wrap_sender_open(struct sender *s, const struct send_order *order,
				  struct send_stream **out, struct df_err *err)
{
	(void)s;
	(void)err;
	CU_ASSERT_PTR_NULL(order->done); /* a sequence of its own */
	CU_ASSERT_PTR_EQUAL(order->feed, w.feed);
	w.order = order;
	*out = (struct send_stream *)(void *)&stream;
	return DF_OK;
}

enum df_status __wrap_send_put(struct send_stream *s, struct batch *b, struct df_err *err);
enum df_status __wrap_send_put(struct send_stream *s, struct batch *b, struct df_err *err)
{
	(void)err;
	CU_ASSERT_PTR_EQUAL(s, &stream);
	CU_ASSERT_FATAL(w.n_put < PUT_MAX);
	w.put[w.n_put++] = b;
	return DF_OK;
}

/* Settles each lane up to its last batch. */
static enum df_status settle_lane(uint32_t lane, struct df_err *err)
{
	struct send_reject reject = {.code = "api-rejected", .message = "still not"};
	struct send_settled step = {.lane = lane, .rows_delivered = w.lie};
	for (size_t i = 0; i < w.n_put; i++) {
		struct batch *b = w.put[i];
		if (b->lane != lane)
			continue;
		CU_ASSERT_EQUAL(b->lane_position, step.done++);
		step.rows_delivered += b->rows[0].number != w.refused;
		if (b->rows[0].number != w.refused)
			continue;
		reject.batch = b;
		reject.rows = b->rows;
		reject.n_rows = b->n_rows;
		step.rejects = &reject;
		step.n_rejects = 1;
	}
	return step.done > 0 ? w.order->events->settled(w.order->ctx, &step, err) : DF_OK;
}

enum df_status __wrap_send_close(struct send_stream *s, bool abandon, struct df_err *err);
enum df_status __wrap_send_close(struct send_stream *s, bool abandon, struct df_err *err)
{
	enum df_status st = DF_OK;
	CU_ASSERT_PTR_EQUAL(s, &stream);
	w.closed = true;
	w.abandoned = abandon;
	for (uint32_t i = 0; st == DF_OK && !abandon && w.close == DF_OK && i < 64; i++)
		st = settle_lane(i, err);
	return w.close != DF_OK ? df_fail(w.close, err, NULL, "the API is away") : st;
}

/* ---- a document that was delivered, but for rows 2 and 3 ---- */

static void begin(void)
{
	struct df_err err = {0};
	memset(&w, 0, sizeof(w));
	world_begin();
	w.feed = conf_feed_default("f");
	set(w.feed, "lanes", "1");
	struct ledger *l = world.run.env.ledger;
	struct ledger_document d = {0};
	int64_t file = world_file(NAME, SHA_A, 1);
	const struct ledger_new_document begun = {.file_id = file,
						  .event_type = "eventless",
						  .settings = "lanes=1",
						  .version = "0",
						  .now_ms = 1};
	const struct ledger_taking taking = {.version = "0", .settings = "lanes=1", .now_ms = 1};
	const struct ledger_reject rows[] = {
	    {.row = 2, .line = 3, .message = "no", .code = "api-rejected"},
	    {.row = 3, .line = 4, .message = "no", .code = "api-rejected"}};
	const struct ledger_settled step = {
	    .done = 4, .rows_delivered = 2, .rejects = rows, .n_rejects = 2};
	const struct ledger_outcome done = {.state = LEDGER_DONE, .now_ms = 2};
	OK(ledger_document_begin(l, &begun, &d, &err));
	w.document = d.id;
	ledger_document_free(&d);
	OK(ledger_document_checked(l, w.document, &(struct ledger_checked){.rows = 4}, &err));
	OK(ledger_document_taken(l, w.document, &taking, &err));
	OK(ledger_lanes_settled(l, w.document, &step, 1, &err));
	OK(ledger_document_state(l, w.document, &done, &err));
	OK(ledger_file_state(l, file, &done, &err));
	OK(ledger_reopen(l, file, &(struct ledger_reopen){.document = w.document}, 1, &err));
}

static void end_resend(void)
{
	for (size_t i = 0; i < w.n_put; i++)
		batch_free(w.put[i]);
	conf_feed_free(w.feed);
	world_end();
}

static size_t left(uint64_t rows[PUT_MAX])
{
	struct df_err err = {0};
	struct ledger_again_rows marked = {0};
	OK(ledger_again(world.run.env.ledger, w.document, false, &marked, &err));
	size_t n = marked.n;
	for (size_t i = 0; i < n && i < PUT_MAX; i++)
		rows[i] = marked.v[i].row;
	ledger_again_rows_free(&marked);
	return n;
}

static enum df_status resend(const uint64_t *rows, size_t n, struct df_err *err)
{
	struct decode_doc doc = {.event_type = "eventless", .length = sizeof(TEXT) - 1};
	struct document_pass pass = {.feed = w.feed, .file = NAME, .doc = &doc, .jobs = 1};
	struct ledger_again_row marked[PUT_MAX] = {0};
	const struct ledger_again_rows again = {.v = marked, .n = n};
	for (size_t i = 0; i < n; i++)
		marked[i].row = rows[i];
	CU_ASSERT_EQUAL_FATAL(df_unnamed_open("/tmp", &doc.fd, err), DF_OK);
	CU_ASSERT_EQUAL_FATAL(df_write_all(doc.fd, TEXT, sizeof(TEXT) - 1, err), DF_OK);
	struct batch_settings settings = document_batch_settings(w.feed, SHA_A, &doc, 1);
	settings.scratch = world.dir;
	enum df_status st =
	    document_resend(&world.run.env, &pass, &settings, w.document, &again, err);
	document_pass_end(&pass);
	close(doc.fd);
	return st;
}

static const uint64_t both[] = {2, 3};

/* Those and no others, under the ids that they had: a batch's id is made of what it holds and of
 * its place in the whole document. */
static void test_delivered(void)
{
	struct df_err err = {0};
	uint64_t rows[PUT_MAX];
	begin();
	CU_ASSERT_EQUAL(left(rows), 2);
	OK(resend(both, 2, &err));
	CU_ASSERT(w.closed && !w.abandoned);
	CU_ASSERT_EQUAL_FATAL(w.n_put, 2);
	CU_ASSERT_EQUAL(w.put[0]->rows[0].number, 2);
	CU_ASSERT_EQUAL(w.put[1]->rows[0].number, 3);
	TEXT_HAS(w.put[0]->json, "\"mpid\":2");
	CU_ASSERT_EQUAL(left(rows), 0);

	char *id = df_format("%.*s", (int)w.put[1]->id_len, w.put[1]->id);
	end_resend();
	begin();
	OK(resend(both + 1, 1, &err)); /* alone, the other one has the same id */
	CU_ASSERT_EQUAL_FATAL(w.n_put, 1);
	CU_ASSERT_EQUAL(w.put[0]->lane_position, 0);
	TEXT_HAS(w.put[0]->id, id);
	free(id);
	end_resend();
}

/* One of them is rejected again, and is not sent a third time by itself. */
static void test_rejected(void)
{
	struct df_err err = {0};
	uint64_t rows[PUT_MAX];
	begin();
	w.refused = 3;
	OK(resend(both, 2, &err));
	CU_ASSERT_EQUAL(left(rows), 0);
	struct ledger_document d = {0};
	OK(ledger_document_known(world.run.env.ledger, 1, NULL, &d, &err));
	CU_ASSERT_EQUAL(d.delivered, 3);
	CU_ASSERT_EQUAL(d.rejected, 1);
	ledger_document_free(&d);
	end_resend();
}

/* What is not settled stays marked. */
static void test_unfinished(void)
{
	struct df_err err = {0};
	uint64_t rows[PUT_MAX];
	begin();
	w.close = DF_RETRY;
	IS(resend(both, 2, &err), DF_RETRY);
	CU_ASSERT_EQUAL(left(rows), 2);
	CU_ASSERT_EQUAL(rows[0], 2);
	end_resend();
}

/* More rows delivered than were sent: nothing is stored. */
static void test_defect(void)
{
	struct df_err err = {0};
	uint64_t rows[PUT_MAX];
	begin();
	w.lie = 1;
	IS(resend(both, 2, &err), DF_FATAL);
	TEXT_HAS(err.text, "delivered other rows than were sent");
	CU_ASSERT_EQUAL(left(rows), 2);
	end_resend();
}

/* Rows that the document does not have, or that are not batches of their own: nothing is sent in
 * another grouping than before. */
static void test_other_batches(void)
{
	static const uint64_t beyond[] = {2, 9};
	struct df_err err = {0};
	begin();
	IS(resend(beyond, 2, &err), DF_FATAL);
	TEXT_HAS(err.text, "not batches of their own any more");
	CU_ASSERT(w.abandoned);
	end_resend();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"delivered", test_delivered},         {"rejected again", test_rejected},
	    {"unfinished", test_unfinished},       {"an answer that cannot be", test_defect},
	    {"other batches", test_other_batches}, CU_TEST_INFO_NULL,
	};
	return test_main("document_resend", NULL, NULL, tests);
}
