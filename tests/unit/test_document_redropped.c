/* SPDX-License-Identifier: MIT */
/* The rows of a reject file that is dropped again: all of them are noted, or none. */
#include "document_world.h"

#include <stdlib.h>

#define OURS "user_identities.customerid,dropfeed.line,dropfeed.reason\n"

/* The document is checked, and then a signal comes, or none. */
static enum df_status redropped(const char *text, bool stopped, struct document_marks *out,
				struct df_err *why)
{
	struct df_err err = {0};
	struct document_forecast found = {0};
	struct conf_feed *feed = conf_feed_default("f");
	struct decode_texts *texts = decode_texts_new("/tmp", 1 << 20);
	struct decode_doc doc = {
	    .event_type = "eventless", .length = strlen(text), .text = decode_text_new(texts)};
	struct document_pass pass = {
	    .feed = feed, .file = "a-eventless.csv", .doc = &doc, .jobs = 1};
	OK(df_unnamed_open("/tmp", &doc.fd, &err));
	OK(df_write_all(doc.fd, text, strlen(text), &err));
	OK(document_preflight(&pass, NULL, NULL, NULL, &found, &err));
	df_stop_requested = stopped;
	enum df_status st = document_redropped(&pass, out, why);
	df_stop_requested = 0;
	document_pass_end(&pass);
	close(doc.fd);
	decode_text_free(doc.text);
	decode_texts_free(texts);
	conf_feed_free(feed);
	return st;
}

static void test_marks(void)
{
	struct df_err err = {0};
	struct document_marks marks = {0};
	OK(redropped(OURS "a,2,too-long: x\nb,3,too-long: x\n", false, &marks, &err));
	CU_ASSERT_EQUAL(marks.n, 2);
	CU_ASSERT_EQUAL(marks.v[1], document_reject_mark("eventless", 3, "too-long: x", 11));
	free(marks.v);
	OK(redropped(HEADER "a,7,x\n", false, &marks, &err)); /* it is not one */
	CU_ASSERT_EQUAL(marks.n, 0);
	free(marks.v);
}

/* What is missing of them is noted by no other run: the document is to be checked again. */
static void test_stopped(void)
{
	struct df_err err = {0};
	struct document_marks marks = {0};
	IS(redropped(OURS "a,2,too-long: x\nb,3,too-long: x\n", true, &marks, &err), DF_RETRY);
	TEXT_HAS(err.text, "stopped by a signal");
	free(marks.v);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"marks", test_marks}, {"stopped", test_stopped}, CU_TEST_INFO_NULL};
	return test_main("document_redropped", NULL, NULL, tests);
}
