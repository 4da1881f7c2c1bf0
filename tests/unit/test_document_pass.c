/* SPDX-License-Identifier: MIT */
/* A pass over a document: what its handlers get, in which order, and what ends it. */
#include "document_world.h"

#define OTHER "mpid,user_attributes.a\n"

static struct {
	struct df_buf log; /* own: what was handed on */
	const char *stop;  /* the handler that fails */
	enum df_status st;
	struct df_err err;
	struct document_pass pass;
	uint64_t rows, rejected, skipped; /* of it, before its end */
	struct df_buf notes;
} p;

static enum df_status handed(const char *what, struct df_err *err)
{
	return p.stop != NULL && strcmp(what, p.stop) == 0
		   ? df_fail(DF_RETRY, err, NULL, "the %s is not taken", what)
		   : DF_OK;
}

static enum df_status on_header(void *ctx, const struct rows_row *header, struct df_err *err)
{
	CU_ASSERT_PTR_EQUAL(ctx, &p);
	df_buf_addf(&p.log, "header %zu;", header->n_cells);
	return handed("header", err);
}

static enum df_status on_record(void *ctx, const struct map_record *record,
				const struct batch_row *where, struct df_err *err)
{
	CU_ASSERT_PTR_EQUAL(ctx, &p);
	CU_ASSERT_PTR_NOT_NULL(record);
	df_buf_addf(&p.log, "row %llu line %llu;", (unsigned long long)where->number,
		    (unsigned long long)where->line);
	return handed("record", err);
}

static enum df_status on_reject(void *ctx, const struct document_pass_reject *r, struct df_err *err)
{
	CU_ASSERT_PTR_EQUAL(ctx, &p);
	CU_ASSERT(r->n_faults > 0);
	df_buf_addf(&p.log, "reject %llu line %llu %s;", (unsigned long long)r->where.number,
		    (unsigned long long)r->where.line, r->faults[0].code);
	return handed("reject", err);
}

/* jobs: threads; each is handed the same. */
static void pass(struct conf_feed *feed, const char *text, uint32_t jobs)
{
	static const struct document_pass_handlers handlers = {
	    .header = on_header, .record = on_record, .reject = on_reject};
	struct df_err err = {0};
	struct decode_doc doc = {.event_type = "eventless", .length = strlen(text)};
	df_buf_reset(&p.log);
	df_buf_reset(&p.notes);
	p.err = (struct df_err){0};
	p.pass = (struct document_pass){.feed = feed,
					.file = "a-eventless.csv",
					.doc = &doc,
					.jobs = jobs,
					.part_size = 1,
					.handlers = &handlers,
					.ctx = &p};
	OK(df_unnamed_open("/tmp", &doc.fd, &err));
	OK(df_write_all(doc.fd, text, strlen(text), &err));
	p.st = document_pass(&p.pass, &p.err);
	p.rows = p.pass.rows;
	p.rejected = p.pass.rejected;
	p.skipped = p.pass.skipped;
	size_t n = 0;
	struct map_warning *warnings = document_pass_warnings(&p.pass, &n);
	for (size_t i = 0; i < n; i++)
		df_buf_addf(&p.notes, "%s: %s\n", warnings[i].code, warnings[i].text);
	free(warnings);
	document_pass_end(&p.pass);
	CU_ASSERT_PTR_NULL(p.pass.map);
	CU_ASSERT_EQUAL(p.pass.rows + p.pass.rejected + p.pass.n_notes, 0);
	close(doc.fd);
}

static void handed_is(const char *wanted)
{
	TEXT_IS(df_buf_cstr(&p.log), wanted);
}

static void test_order(void)
{
	struct conf_feed *feed = conf_feed_default("f");
	for (uint32_t jobs = 0; jobs <= 3; jobs++) {
		pass(feed, OTHER "1,\"a\nb\"\n\nx,2\n3,c\n4,d,e\n5,f\n", jobs);
		CU_ASSERT_EQUAL(p.st, DF_OK);
		handed_is("header 2;row 1 line 2;reject 2 line 5 not-an-integer;row 3 line 6;"
			  "reject 4 line 7 wrong-field-count;row 5 line 8;");
		CU_ASSERT_EQUAL(p.rows, 5);
		CU_ASSERT_EQUAL(p.rejected, 2);
	}
	conf_feed_free(feed);
}

/* Whoever takes nothing more ends the pass, with its own words. */
static void test_stopped(void)
{
	static const struct {
		const char *stop, *handed;
	} cases[] = {
	    {"header", "header 2;"},
	    {"record", "header 2;row 1 line 2;"},
	    {"reject", "header 2;row 1 line 2;reject 2 line 3 not-an-integer;"},
	};
	struct conf_feed *feed = conf_feed_default("f");
	for (size_t i = 0; i < 3; i++) {
		p.stop = cases[i].stop;
		pass(feed, OTHER "1,a\nx,b\n3,c\n", 1);
		CU_ASSERT_EQUAL(p.st, DF_RETRY);
		TEXT_HAS(p.err.text, "is not taken");
		TEXT_HAS(p.err.text, cases[i].stop);
		handed_is(cases[i].handed);
	}
	p.stop = NULL;
	conf_feed_free(feed);
}

/* Nothing is handed on of a document whose header is not understood. */
static void test_header(void)
{
	static const struct {
		const char *text, *code;
		uint64_t line;
	} cases[] = {
	    {"mpid,user_attributs.a\n1,2\n", "unknown-column", 1},
	    {"\n\nmpid,mpid\n1,2\n", "duplicate-column", 3},
	    {"mpid,\"user\"_attributes.a\n1,2\n", "malformed-csv", 1},
	    {"mpid,user_attributes.\377\n1,2\n", "not-utf8", 1},
	    {"user_attributes.a\n1\n", "no-identity-column", 1},
	};
	struct conf_feed *feed = conf_feed_default("f");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		pass(feed, cases[i].text, 1);
		CU_ASSERT_EQUAL(p.st, DF_REJECT);
		TEXT_IS(p.err.code, cases[i].code);
		CU_ASSERT_EQUAL(p.err.line, cases[i].line);
		handed_is("");
	}
	pass(feed, OTHER, 1); /* without rows there is nothing wrong with it */
	CU_ASSERT_EQUAL(p.st, DF_OK);
	handed_is("header 2;");
	conf_feed_free(feed);
}

static struct conf_feed *feed_headerless(char dir[200])
{
	struct conf_feed *feed = conf_feed_default("f");
	CU_ASSERT_EQUAL_FATAL(test_folder_make(dir, 200), 0);
	test_file_put(
	    dir, "m.json",
	    "{\"hasHeaderRow\": false, \"columns\": ["
	    "{\"column\": \"1\", \"action\": \"keep\", \"field\": \"mpid\"}, "
	    "{\"column\": \"2\", \"action\": \"keep\", \"field\": \"user_attributes.a\"}]}");
	char *path = df_format("%s/m.json", dir);
	set(feed, "manifest", path);
	free(path);
	return feed;
}

/* Without a header the first row is data, and the first good one gives the columns. A reject file
 * of such a document has a header all the same. */
static void test_no_header(void)
{
	char dir[200];
	struct conf_feed *feed = feed_headerless(dir);
	pass(feed, "1,a\n2,b\n", 1);
	CU_ASSERT_EQUAL(p.st, DF_OK);
	handed_is("row 1 line 1;row 2 line 2;");
	pass(feed, "1,a \"x\" y\n2,b\n", 1);
	CU_ASSERT_EQUAL(p.st, DF_OK);
	handed_is("reject 1 line 1 malformed-quote;row 2 line 2;");
	pass(feed, "1,a,b\n2,b\n", 1);
	CU_ASSERT_EQUAL(p.st, DF_REJECT);
	TEXT_IS(p.err.code, "manifest-mismatch");
	pass(feed, "dropfeed.column1,dropfeed.column2,dropfeed.line,dropfeed.reason\n1,a,7,no\n",
	     1);
	CU_ASSERT_EQUAL(p.st, DF_OK);
	handed_is("header 4;row 1 line 2;");
	pass(feed, "\n", 1); /* no rows, which is not nothing */
	CU_ASSERT_EQUAL(p.st, DF_OK);
	handed_is("");
	pass(feed, "", 1);
	TEXT_IS(p.err.code, "empty-file");
	conf_feed_free(feed);
	CU_ASSERT_EQUAL(test_folder_remove(dir), 0);
}

/* One of other columns, or in another order, refuses the document, whoever reads it: the rows after
 * it are not what they seem. */
static void test_other_header(void)
{
	static const char *const texts[] = {OTHER "1,a\n\nuser_attributes.a,mpid\nb,2\n",
					    OTHER
					    "1,a\n\n\xef\xbb\xbfuser_attributes.a,\"mpid\"\nb,2\n",
					    OTHER "1,a\n\n\fmpid,user_attributes.b\n2,b\n"};
	struct conf_feed *feed = conf_feed_default("f");
	for (size_t i = 0; i < 3; i++)
		for (uint32_t jobs = 1; jobs < 4; jobs += 2) {
			pass(feed, texts[i], jobs);
			CU_ASSERT_EQUAL(p.st, DF_REJECT);
			TEXT_IS(p.err.code, "malformed-csv");
			CU_ASSERT_EQUAL(p.err.line, 4);
			CU_ASSERT_EQUAL(p.rows, 1);
			handed_is("header 2;row 1 line 2;");
		}
	pass(feed, "mpid\n1\nip\n", 1); /* one cell may be anything */
	CU_ASSERT_EQUAL(p.st, DF_OK);
	handed_is("header 1;row 1 line 2;reject 2 line 3 not-an-integer;");
	pass(feed, OTHER "1,a\nmpid,\n,ip\nmpid,Ip\n", 1);
	CU_ASSERT_EQUAL(p.st, DF_OK);
	CU_ASSERT_EQUAL(p.rejected, 3);
	conf_feed_free(feed);
}

/* A header in the middle, as of files that were put together, is not a row. */
static void test_repeated_header(void)
{
	struct conf_feed *feed = conf_feed_default("f");
	pass(feed, OTHER "1,a\n" OTHER "2,b\n", 1);
	handed_is("header 2;row 1 line 2;reject 2 line 3 repeated-header;row 3 line 4;");
	conf_feed_free(feed);
}

static void test_guidelines(void)
{
	struct df_buf text = {0};
	df_buf_adds(&text, "mpid");
	for (int i = 1; i < 50; i++)
		df_buf_addf(&text, ",user_attributes.a%d", i);
	df_buf_adds(&text, "\n");
	struct conf_feed *feed = conf_feed_default("f");
	pass(feed, df_buf_cstr(&text), 1);
	CU_ASSERT_EQUAL(p.st, DF_OK);
	TEXT_HAS(df_buf_cstr(&p.notes), "guideline: the hosted feed wants fewer than 50 columns");
	set(feed, "guidelines", "off");
	pass(feed, df_buf_cstr(&text), 1);
	TEXT_IS(df_buf_cstr(&p.notes), "");
	conf_feed_free(feed);
	df_buf_free(&text);
}

/* "Later than allowed" is measured when the document was begun, whenever a pass goes over it. */
static void test_begun(void)
{
	struct conf_feed *feed = conf_feed_default("f");
	struct df_err err = {0};
	struct decode_doc doc = {.event_type = "screen_view"};
	static const char rows[] = "mpid,events.data.timestamp_unixtime_ms\n1,1700000000000\n";
	for (int i = 0; i < 2; i++) {
		struct document_pass w = {.feed = feed,
					  .file = "a-screen_view.csv",
					  .doc = &doc,
					  .jobs = 1,
					  .handlers = &(struct document_pass_handlers){0},
					  .begun_ms = i == 0 ? INT64_C(1700000000000)
							     : INT64_C(1600000000000)};
		doc.length = sizeof(rows) - 1;
		OK(df_unnamed_open("/tmp", &doc.fd, &err));
		OK(df_write_all(doc.fd, rows, sizeof(rows) - 1, &err));
		OK(document_pass(&w, &err));
		CU_ASSERT_EQUAL(w.rejected, (uint64_t)i);
		CU_ASSERT_EQUAL(w.late, (uint64_t)i);
		document_pass_end(&w);
		close(doc.fd);
	}
	conf_feed_free(feed);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"what is handed on, and when", test_order},
	    {"a handler that takes no more", test_stopped},
	    {"headers that refuse it", test_header},
	    {"no header", test_no_header},
	    {"a header once more", test_repeated_header},
	    {"another header in the middle", test_other_header},
	    {"guidelines", test_guidelines},
	    {"when it was begun", test_begun},
	    CU_TEST_INFO_NULL,
	};
	int failed = test_main("document_pass", NULL, NULL, tests);
	df_buf_free(&p.log);
	df_buf_free(&p.notes);
	return failed;
}
