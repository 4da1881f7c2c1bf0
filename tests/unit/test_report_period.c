/* SPDX-License-Identifier: MIT */
/* A period summed up: in words, as text, as a page. */
#include "../../src/report/report_period.h"

#include "test.h"

#define SHA      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DAY      DF_DAY_MS
#define BEGIN    (INT64_C(20000) * DAY) /* 2024-10-04 */
#define ODD      "a<b>&\"c\"\n\xff-custom_event.csv"
#define YEAR     365
#define HTML_MAX 200000

static char dir[100];
static struct df_err err;
static struct ledger *ledger;

/* ---- a ledger ---- */

struct made {
	const char *feed, *name;
	int64_t pulled_ms, took_ms;
	uint64_t rows, rejected;
	const char *refused; /* a code, or NULL */
};

static void close_document(const struct made *m, int64_t document, int64_t now_ms)
{
	const struct ledger_reason why = {
	    .code = "bad-number", .column = "p<q>", .rows = m->rejected};
	const struct ledger_finding plan = {"unplanned", "data plan, user_attributes, #/x", 3};
	const struct ledger_facts facts = {.batches = m->rows,
					   .events = m->rows,
					   .times = {true, m->pulled_ms - DAY, m->pulled_ms},
					   .sending_ms = (int64_t)m->rows * 8,
					   .pace = 250,
					   .findings = &plan,
					   .n_findings = 1};
	OK(ledger_document_reasons(ledger, document, &why, m->rejected > 0, &err));
	OK(ledger_document_facts(ledger, document, &facts, &err));
	OK(ledger_document_state(ledger, document,
				 &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = now_ms},
				 &err));
}

static void make(const struct made *m)
{
	int64_t id = 0, now_ms = m->pulled_ms + m->took_ms;
	struct ledger_document d = {0};
	const struct ledger_new_file f = {.key = {m->feed, "file:///in", m->name, 2000, 1},
					  .sha256 = SHA,
					  .now_ms = m->pulled_ms};
	OK(ledger_file_add(ledger, &f, &id, &err));
	if (m->refused == NULL) {
		const struct ledger_new_document new = {.file_id = id,
							.event_type = "custom_event",
							.settings = "lanes = 8\n",
							.version = "1",
							.now_ms = m->pulled_ms};
		OK(ledger_document_begin(ledger, &new, &d, &err));
		OK(ledger_document_checked(
		    ledger, d.id,
		    &(struct ledger_checked){.rows = m->rows, .rejected = m->rejected}, &err));
		const struct ledger_settled all = {.done = 1,
						   .rows_delivered = m->rows - m->rejected};
		OK(ledger_lanes_settled(ledger, d.id, &all, 1, &err));
		close_document(m, d.id, now_ms);
	}
	const struct ledger_outcome end = {.state = m->refused ? LEDGER_REFUSED : LEDGER_DONE,
					   .code = m->refused,
					   .text = m->refused ? "a <b> in the header" : NULL,
					   .now_ms = now_ms};
	OK(ledger_file_state(ledger, id, &end, &err));
	ledger_document_free(&d);
}

static void begin(void)
{
	if (test_folder_make(dir, sizeof(dir)) != 0)
		abort();
	OK(ledger_open(dir, &ledger, &err));
}

static void end(void)
{
	ledger_close(ledger);
	test_folder_remove(dir);
}

static char *written(enum report_format format, const char *feed, int64_t until_ms)
{
	static const char *const feeds[] = {"silent", "orders"};
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	const struct report_span span = {.format = format,
					 .feed = feed,
					 .since_ms = BEGIN,
					 .now_ms = until_ms,
					 .feeds = feeds,
					 .n_feeds = 2};
	OK(report_period_write(ledger, &span, to, &err));
	fclose(to);
	return text;
}

/* ---- the tests ---- */

static void test_words(void)
{
	char out[PERIOD_WORDS];
	static const struct {
		uint64_t n;
		const char *words;
	} numbers[] = {{0, "0"}, {999, "999"}, {1000, "1,000"}, {1234567, "1,234,567"}};
	static const struct {
		double share;
		const char *words;
	} shares[] = {{0, "0 %"},
		      {1, "100 %"},
		      {0.5, "50.0 %"},
		      {0.99999, "99.9 %"},
		      {0.00001, "under 0.1 %"}};
	static const struct {
		int64_t ms;
		const char *words;
	} times[] = {{150, "0.1 s"},
		     {59999, "59 s"},
		     {61000, "1 min 1 s"},
		     {7500000, "2 h 5 min"},
		     {3 * DAY, "3 days"}};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		period_number(numbers[i].n, out);
		TEXT_IS(out, numbers[i].words);
	}
	for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++) {
		period_percent(shares[i].share, out);
		TEXT_IS(out, shares[i].words);
	}
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		period_duration(times[i].ms, out);
		TEXT_IS(out, times[i].words);
	}
	period_bytes(2100000000, out);
	TEXT_IS(out, "2.1 GB");
	period_minute(-1000, out);
	TEXT_IS(out, "1969-12-31 23:59");
}

static void test_text(void)
{
	begin();
	make(&(struct made){"orders", "a.csv", BEGIN + DAY, 60000, 10, 2, NULL});
	make(&(struct made){"orders", "b.csv", BEGIN + 2 * DAY, 120000, 30, 0, NULL});
	make(&(struct made){"orders", ODD, BEGIN + 2 * DAY, 1000, 0, 0, "unknown-column"});
	make(&(struct made){"orders", "before.csv", BEGIN - 2 * DAY, 1000, 500, 500, NULL});
	char *text = written(REPORT_TEXT, NULL, BEGIN + 3 * DAY);
	TEXT_HAS(text, "2024-10-04 00:00 to 2024-10-07 00:00 (UTC)\n");
	TEXT_HAS(text, "silent: no file was closed\n");
	TEXT_HAS(text, "orders: 3 files of 6.0 kB (1 refused)\n"
		       "  40 rows = 38 delivered + 2 rejected\n"
		       "  40 batches, 40 events from 2024-10-04 00:00 to 2024-10-06 00:00\n"
		       "  from arrival to completion: median 2 min 0 s, at most 2 min 0 s; "
		       "50.0 % of the limit while sending\n");
	TEXT_HAS(text,
		 "  2024-10-04            0\n"
		 "  2024-10-05           10 ##########xxx\n"
		 "  2024-10-06           30 ######################################## 1 refused\n");
	TEXT_HAS(text, "             2  bad-number          p<q>\n");
	TEXT_HAS(text, "             6  unplanned           user_attributes, #/x\n");
	TEXT_HAS(text, "unknown-column: a <b> in the header\n");
	free(text);
	end();
}

static void test_none(void)
{
	ledger = NULL; /* there was no run yet */
	char *text = written(REPORT_TEXT, NULL, BEGIN + DAY),
	     *html = written(REPORT_HTML, NULL, BEGIN);
	TEXT_HAS(text, "silent: no file was closed\n");
	TEXT_HAS(html, "<h1>Nothing came in this period</h1>");
	free(text);
	free(html);
}

static void test_page(void)
{
	begin();
	make(&(struct made){"orders", "a.csv", BEGIN + DAY, 60000, 10, 2, NULL});
	make(&(struct made){"orders", ODD, BEGIN + 2 * DAY, 1000, 0, 0, "unknown-column"});
	char *html = written(REPORT_HTML, "orders", BEGIN + 3 * DAY);
	TEXT_HAS(html, "<h1>8 of 10 rows were delivered, 2 rejected, 1 file refused</h1>");
	TEXT_HAS(html, "a&lt;b&gt;&amp;&quot;c&quot;");
	TEXT_HAS(html, "a &lt;b&gt; in the header");
	TEXT_HAS(html, "p&lt;q&gt;");
	TEXT_HAS(html, "<path class=\"ok\" d=\"M11 20.0h8v80.0h-8z\"/>");
	TEXT_HAS(html, "<path class=\"bad\" d=\"M11 0.0h8v20.0h-8z\"/>");
	TEXT_HAS(html, "<path class=\"refused\" d=\"M21 104.0h8v6.0h-8z\"/>");
	TEXT_HAS(html, "<title>2024-10-05: 1 file, 10 rows, 2 rejected</title>");
	CU_ASSERT(strstr(html, "<script") == NULL && strstr(html, "http") == NULL);
	CU_ASSERT(strstr(html, "silent") == NULL);
	free(html);
	end();
}

/* `make report-shots` looks at it. */
static void keep_page(const char *html)
{
	const char *path = getenv("REPORT_PAGE");
	FILE *to = path != NULL ? fopen(path, "w") : NULL;
	if (to == NULL)
		return;
	fputs(html, to);
	fclose(to);
}

/* A year of daily files of one feed, each with rejected rows. */
static void test_year(void)
{
	char name[40];
	begin();
	for (int i = 0; i < YEAR; i++) {
		snprintf(name, sizeof(name), "orders_%03d.csv", i);
		make(&(struct made){"orders", name, BEGIN + i * DAY, 60000, 1000 + (uint64_t)i, 7,
				    i % 20 == 0 ? "unknown-column" : NULL});
	}
	char *html = written(REPORT_HTML, NULL, BEGIN + YEAR * DAY);
	CU_ASSERT(strlen(html) < HTML_MAX);
	keep_page(html);
	TEXT_HAS(html, "<strong>365</strong>");
	TEXT_HAS(html, "2025-10-04");
	free(html);
	/* more days than bars: some of them share one, and none is lost */
	char *json = written(REPORT_JSON, NULL, BEGIN + 4 * YEAR * DAY);
	TEXT_HAS(json, "\"days_in_a_bar\":4");
	TEXT_HAS(json, "\"files\":{\"closed\":365,\"done\":346");
	free(json);
	end();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"numbers and times in words", test_words},
	    {"a page of text", test_text},
	    {"nothing to report", test_none},
	    {"a page escapes what others wrote", test_page},
	    {"a year is small", test_year},
	    CU_TEST_INFO_NULL,
	};
	return test_main("report, periods", NULL, NULL, tests);
}
