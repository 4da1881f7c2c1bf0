/* SPDX-License-Identifier: MIT */
/* A document's bytes as its feed says that they are written: settings, lines that are left out,
 * the count that one of them states. */
#include "document_world.h"

static void test_format(void)
{
	struct conf_feed *feed = conf_feed_default("f");
	struct rows_format f = document_rows_format(&feed->rows, true);
	CU_ASSERT_EQUAL(f.delimiter, ',');
	CU_ASSERT_EQUAL(f.quote, '"');
	CU_ASSERT_FALSE(f.no_quote || f.backslash || f.trim || f.no_header);
	CU_ASSERT_EQUAL(f.n_null, 0);
	set(feed, "delimiter", "tab");
	set(feed, "quote", "none");
	set(feed, "escape", "backslash");
	set(feed, "trim", "yes");
	set(feed, "comment", "#");
	set(feed, "null", "\\N NULL");
	set(feed, "skip_lines", "2");
	set(feed, "skip_last_lines", "3");
	f = document_rows_format(&feed->rows, false);
	CU_ASSERT_EQUAL(f.delimiter, '\t');
	CU_ASSERT(f.no_quote && f.backslash && f.trim && f.no_header);
	CU_ASSERT_EQUAL(f.comment, '#');
	CU_ASSERT_EQUAL(f.n_null, 2);
	TEXT_IS(f.null[0], "\\N");
	CU_ASSERT_EQUAL(f.skip_lines, 2);
	CU_ASSERT_EQUAL(f.skip_last_lines, 3);
	conf_feed_free(feed);
}

static void rows_are(struct conf_feed *feed, const char *text, uint64_t rows, uint64_t rejected)
{
	struct checked c = check(feed, text);
	CU_ASSERT_EQUAL(c.st, DF_OK);
	CU_ASSERT_EQUAL(c.found.rows, rows);
	CU_ASSERT_EQUAL(c.found.rejected, rejected);
	if (c.st != DF_OK || c.found.rows != rows)
		fprintf(stderr, "\n%s\n", c.err.text);
	df_buf_free(&c.notes);
}

static void is_refused(struct conf_feed *feed, const char *text, const char *code)
{
	struct checked c = check(feed, text);
	CU_ASSERT_EQUAL(c.st, DF_REJECT);
	TEXT_IS(c.err.code, code);
	df_buf_free(&c.notes);
}

/* The reject file of a document has no preamble and no trailer: none of its rows is left out. */
static void test_reject_file(void)
{
	struct conf_feed *feed = conf_feed_default("f");
	set(feed, "skip_lines", "2");
	set(feed, "skip_last_lines", "1");
	rows_are(feed, "A report\n\n" HEADER "a,7,x\nb,8,y\nc,9,z\nthe end\n", 3, 0);
	rows_are(feed,
		 "user_identities.customerid,user_attributes.$Age,dropfeed.line,dropfeed.reason\n"
		 "a,7,4,no\nb,8,5,no\n",
		 2, 0);
	set(feed, "row_count", "count ([0-9]+)");
	rows_are(feed,
		 "user_identities.customerid,user_attributes.$Age,dropfeed.line,dropfeed.reason\n"
		 "a,7,4,no\nb,8,5,no\n",
		 2, 0);
	is_refused(feed, "A report\n\n" HEADER "a,7,x\nthe end\n", "row-count");
	conf_feed_free(feed);
}

/* The count may be in the preamble, in the trailer or in a comment; rejected rows count. */
static void test_count(void)
{
	struct conf_feed *feed = conf_feed_default("f");
	set(feed, "skip_lines", "1");
	set(feed, "row_count", "count ([0-9]+)");
	rows_are(feed, "count 2\n" HEADER "a,7,x\n,8,y\n", 2, 1);
	is_refused(feed, "count 3\n" HEADER "a,7,x\n,8,y\n", "row-count");
	is_refused(feed, "counted: 2\n" HEADER "a,7,x\n,8,y\n", "row-count");
	set(feed, "skip_lines", "0");
	set(feed, "comment", "#");
	rows_are(feed, HEADER "a,7,x\n# count 2\nb,8,y\n", 2, 0);
	is_refused(feed, HEADER "a,7,x\n# count 1\nb,8,y\n", "row-count");
	conf_feed_free(feed);
}

/* Rows may end with a delimiter that the header does not have, where unknown columns may come. */
static void test_trailing(void)
{
	struct conf_feed *feed = conf_feed_default("f");
	rows_are(feed, HEADER "a,7,x,\nb,8,y,\n", 2, 2);
	set(feed, "unknown_columns", "warn");
	rows_are(feed, HEADER "a,7,x,\nb,8,y,\n", 2, 0);
	rows_are(feed, HEADER "a,7,x,1\nb,8,y,2\n", 2, 2); /* it holds something */
	rows_are(feed, HEADER "a,7,x,1\nb,8,y,\n", 2, 2);  /* the first row decides */
	rows_are(feed, HEADER "a,7,x,\nb,8,y,2\n", 2, 1);
	rows_are(feed, HEADER "a,7,x\nb,8,y\n", 2, 0);
	rows_are(feed, HEADER, 0, 0);
	struct checked c = check(feed, HEADER "a,7,x,\n");
	TEXT_HAS(df_buf_cstr(&c.notes), "column 4 is ignored: a column has no name");
	df_buf_free(&c.notes);
	conf_feed_free(feed);
}

static void test_empty(void)
{
	struct conf_feed *feed = conf_feed_default("f");
	is_refused(feed, "", "empty-file");
	is_refused(feed, "\n\n", "empty-file");
	set(feed, "comment", "#");
	struct checked c = check(feed, "# nothing\n");
	CU_ASSERT_EQUAL(c.st, DF_REJECT);
	TEXT_IS(c.err.code, "empty-file");
	TEXT_HAS(c.err.text, "but for lines that skip_lines");
	end(&c, feed);
}

static void test_encoding(void)
{
	struct conf_feed *feed = conf_feed_default("f");
	is_refused(feed, "user_identities.customerid,user_attributes.M\374\na,1\n", "not-utf8");
	set(feed, "encoding", "windows-1252");
	rows_are(feed, "user_identities.customerid,user_attributes.M\374\na,1\n", 1, 0);
	conf_feed_free(feed);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"the feed's settings", test_format},
	    {"a reject file", test_reject_file},
	    {"row_count", test_count},
	    {"rows that end with a delimiter", test_trailing},
	    {"nothing in it", test_empty},
	    {"encoding", test_encoding},
	    CU_TEST_INFO_NULL,
	};
	return test_main("document_open", NULL, NULL, tests);
}
