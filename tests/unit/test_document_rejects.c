/* SPDX-License-Identifier: MIT */
/* Reject files: the rows byte for byte, with their line and reason. */
#include "../../src/document/document_pass.h"

#include "test.h"

static char dir[200];

static int begin(void)
{
	return test_folder_make(dir, sizeof(dir));
}

static int end(void)
{
	return test_folder_remove(dir);
}

static enum df_status none(void *ctx, uint64_t after, struct ledger_reject *out, struct df_err *err)
{
	(void)ctx;
	(void)after;
	(void)out;
	(void)err;
	return DF_END;
}

/* The API rejected row 2. */
static enum df_status second(void *ctx, uint64_t after, struct ledger_reject *out,
			     struct df_err *err)
{
	(void)ctx;
	(void)err;
	if (after >= 2)
		return DF_END;
	*out = (struct ledger_reject){
	    .row = 2, .line = 3, .code = "api-rejected", .message = "too old"};
	return DF_OK;
}

/* What the reject file of the document holds; the caller's. */
static char *rejects(struct conf_feed *feed, const char *text,
		     enum df_status (*next)(void *, uint64_t, struct ledger_reject *,
					    struct df_err *))
{
	struct df_err err = {0};
	struct document_rejects out = {0};
	struct decode_doc doc = {.event_type = "eventless", .length = strlen(text)};
	struct document_pass pass = {
	    .feed = feed, .file = "a-eventless.csv", .doc = &doc, .jobs = 1};
	const struct document_later later = {.next = next};
	char *path = df_format("%s/rejects.csv", dir);
	OK(df_unnamed_open(dir, &doc.fd, &err));
	OK(df_write_all(doc.fd, text, strlen(text), &err));
	OK(document_rejects_export(&pass, &later, path, &out, &err));
	TEXT_IS(out.path, path);
	document_rejects_free(&out);
	document_pass_end(&pass);
	close(doc.fd);
	char *got = test_file_get(dir, "rejects.csv");
	unlink(path);
	free(path);
	return got;
}

static void test_rows(void)
{
	struct conf_feed *feed = conf_feed_default("f");
	char *got = rejects(
	    feed, "mpid,user_attributes.Note\n1,fine\n,\"nobody, \"\"here\"\"\"\nx,y\n", none);
	TEXT_IS(got, "mpid,user_attributes.Note,dropfeed.line,dropfeed.reason\n"
		     ",\"nobody, \"\"here\"\"\",3,missing-identity: every column that identifies "
		     "the user is empty; fill in one of them\n"
		     "x,y,4,not-an-integer in mpid: a whole number is expected: digits with an "
		     "optional sign\n");
	free(got);
	conf_feed_free(feed);
}

/* Those that the API rejected come in their places. */
static void test_later(void)
{
	struct conf_feed *feed = conf_feed_default("f");
	char *got = rejects(feed, "mpid\n1\n2\nx\n", second);
	TEXT_HAS(got, "mpid,dropfeed.line,dropfeed.reason\n2,3,api-rejected: too old\nx,4,");
	free(got);
	conf_feed_free(feed);
}

/* Dropped again, a row that is still wrong has one line and one reason. */
static void test_again(void)
{
	struct conf_feed *feed = conf_feed_default("f");
	char *once = rejects(feed, "mpid\nx\n1\n", none), *twice = rejects(feed, once, none);
	TEXT_IS(twice, once);
	free(once);
	free(twice);
	conf_feed_free(feed);
}

/* It is written as the feed's documents are, so that it may be dropped again. */
static void test_dialect(void)
{
	struct df_err err = {0};
	struct conf_feed *feed = conf_feed_default("f");
	OK(conf_feed_set(feed, "delimiter", ";", &err));
	char *got = rejects(feed, "mpid;user_attributes.Ort\r\nx;a,b\r\n", none);
	TEXT_HAS(got, "mpid;user_attributes.Ort;dropfeed.line;dropfeed.reason\r\nx;a,b;2;");
	free(got);
	conf_feed_free(feed);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"rows, lines, reasons", test_rows},
	    {"rows that the API rejected", test_later},
	    {"dropped again", test_again},
	    {"in the document's dialect", test_dialect},
	    CU_TEST_INFO_NULL,
	};
	return test_main("document_rejects", begin, end, tests);
}
