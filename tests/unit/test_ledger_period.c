/* SPDX-License-Identifier: MIT */
/* What the ledger says of what was closed in a period. */
#include "dropfeed/ledger.h"

#include "test.h"

#define SHA "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static char dir[100];
static struct df_err err;

static int setup(void)
{
	return test_folder_make(dir, sizeof(dir));
}

static int teardown(void)
{
	return test_folder_remove(dir);
}

static struct ledger *opened(void)
{
	struct ledger *l = NULL;
	/* tests/with-postgres says where; else the ledger is SQLite's */
	const struct ledger_where where = {.state_dir = dir, .url = getenv("DROPFEED_TEST_LEDGER")};
	OK(ledger_open_at(&where, &l, &err));
	if (l == NULL)
		abort();
	return l;
}

/* A file with one document, of 10 rows, of which 2 were rejected. */
struct made {
	int64_t file, document;
};

static struct made make(struct ledger *l, const char *feed, const char *name, int64_t now_ms)
{
	struct made m = {0};
	struct ledger_document d = {0};
	const struct ledger_new_file f = {
	    .key = {feed, "file:///in", name, 100, 1700000000}, .sha256 = SHA, .now_ms = now_ms};
	OK(ledger_file_add(l, &f, &m.file, &err));
	OK(ledger_document_begin(l,
				 &(struct ledger_new_document){.file_id = m.file,
							       .event_type = "custom_event",
							       .settings = "lanes = 8\n",
							       .version = "1",
							       .now_ms = now_ms},
				 &d, &err));
	m.document = d.id;
	ledger_document_free(&d);
	OK(ledger_document_checked(
	    l, m.document,
	    &(struct ledger_checked){.rows = 10, .rejected = 2, .batches = 8, .events = 8}, &err));
	OK(ledger_lanes_settled(l, m.document,
				&(struct ledger_settled){.done = 8, .rows_delivered = 8}, 1, &err));
	return m;
}

static void close_both(struct ledger *l, const struct made *m, int64_t now_ms)
{
	const struct ledger_outcome done = {.state = LEDGER_DONE, .now_ms = now_ms};
	OK(ledger_document_state(l, m->document, &done, &err));
	OK(ledger_file_state(l, m->file, &done, &err));
}

static enum df_status show_closed(void *ctx, const struct ledger_closed *c, struct df_err *e)
{
	struct df_buf *b = ctx;
	(void)e;
	df_buf_addf(b, "%s %s %s %llu=%llu+%llu+%llu", c->feed, c->file,
		    ledger_state_name(c->file_state), (unsigned long long)c->rows,
		    (unsigned long long)c->delivered, (unsigned long long)c->rejected,
		    (unsigned long long)c->skipped);
	if (c->times.any)
		df_buf_addf(b, " %lld..%lld", (long long)c->times.first_ms,
			    (long long)c->times.last_ms);
	df_buf_addf(b, " %lldms %g/s;", (long long)c->sending_ms, c->pace);
	return DF_OK;
}

static enum df_status show_cause(void *ctx, const struct ledger_cause *c, struct df_err *e)
{
	(void)e;
	df_buf_addf(ctx, "%s %s '%s' %llu in %llu;", c->feed, c->code, c->where,
		    (unsigned long long)c->rows, (unsigned long long)c->documents);
	return DF_OK;
}

static void expect_closed(struct ledger *l, const char *feed, int64_t since_ms, const char *want)
{
	struct df_buf b = {0};
	const struct ledger_period p = {.feed = feed, .since_ms = since_ms};
	OK(ledger_period_files(l, &p, show_closed, &b, &err));
	TEXT_IS(df_buf_cstr(&b), want);
	df_buf_free(&b);
}

static void test_closed(void)
{
	struct ledger *l = opened();
	struct made a = make(l, "orders", "a.csv", 5000), b = make(l, "orders", "b.csv", 6000);
	struct made c = make(l, "users", "c.csv", 7000);
	struct ledger_facts facts = {
	    .batches = 8, .events = 8, .times = {true, -5, 99}, .sending_ms = 1500, .pace = 270.5};
	OK(ledger_document_facts(l, a.document, &facts, &err));
	/* a later run, that made no batch: times stay, and sending adds up */
	facts = (struct ledger_facts){.sending_ms = 500, .pace = 100};
	OK(ledger_document_facts(l, a.document, &facts, &err));
	OK(ledger_document_facts(l, a.document, &(struct ledger_facts){0}, &err));
	close_both(l, &a, 8000);
	close_both(l, &c, 9000);
	expect_closed(l, NULL, 1,
		      "orders a.csv done 10=8+2+0 -5..99 2000ms 100/s;"
		      "users c.csv done 10=8+2+0 0ms 0/s;");
	expect_closed(l, "users", 1, "users c.csv done 10=8+2+0 0ms 0/s;");
	expect_closed(l, NULL, 8001, "users c.csv done 10=8+2+0 0ms 0/s;");
	close_both(l, &b, 9500);
	expect_closed(l, "orders", 9000, "orders b.csv done 10=8+2+0 0ms 0/s;");
	ledger_close(l);
}

static void test_causes(void)
{
	const struct ledger_reason reasons[] = {
	    {.code = "bad-number", .column = "price", .rows = 1, .lines = {4}},
	    {.code = "missing-identity", .column = "", .rows = 1, .lines = {5}}};
	const struct ledger_finding findings[] = {{"unplanned", "#/shoe: it is not planned", 7},
						  {"plan-invalid", "#/size: an integer", 1}};
	const struct ledger_period all = {.since_ms = 1};
	struct df_buf b = {0};
	struct ledger *l = opened();
	struct made d = make(l, "shoes", "d.csv", 20000), e = make(l, "shoes", "e.csv", 21000);
	OK(ledger_document_reasons(l, d.document, reasons, 2, &err));
	OK(ledger_document_reasons(l, e.document, reasons, 1, &err));
	const struct ledger_facts facts = {.findings = findings, .n_findings = 2};
	OK(ledger_document_facts(l, d.document, &facts, &err));
	OK(ledger_document_facts(l, d.document, &facts, &err)); /* in place of those before */
	OK(ledger_period_reasons(l, &all, show_cause, &b, &err));
	TEXT_IS(df_buf_cstr(&b), ""); /* nothing is closed yet */
	close_both(l, &d, 22000);
	close_both(l, &e, 23000);
	OK(ledger_period_reasons(l, &all, show_cause, &b, &err));
	TEXT_IS(df_buf_cstr(&b), "shoes bad-number 'price' 2 in 2;"
				 "shoes missing-identity '' 1 in 1;");
	df_buf_reset(&b);
	OK(ledger_period_findings(l, &all, show_cause, &b, &err));
	TEXT_IS(df_buf_cstr(&b), "shoes unplanned '#/shoe: it is not planned' 7 in 1;"
				 "shoes plan-invalid '#/size: an integer' 1 in 1;");
	df_buf_reset(&b);
	OK(ledger_prune(l, d.file, &err));
	OK(ledger_period_findings(l, &all, show_cause, &b, &err));
	TEXT_IS(df_buf_cstr(&b), "");
	df_buf_free(&b);
	ledger_close(l);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"what was closed, with its times", test_closed},
	    {"why rows were rejected, and what a plan does not allow", test_causes},
	    CU_TEST_INFO_NULL,
	};
	return test_main("ledger, periods", setup, teardown, tests);
}
