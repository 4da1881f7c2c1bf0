/* SPDX-License-Identifier: MIT */
#include "test.h"

static void test_first_stays(void)
{
	struct df_err err = {0};
	CU_ASSERT_EQUAL(df_fail(DF_REJECT, &err, "bad-name", "the %s", "first"), DF_REJECT);
	CU_ASSERT_EQUAL(df_fail(DF_FATAL, &err, "other", "the second"), DF_FATAL);
	TEXT_IS(err.code, "bad-name");
	TEXT_IS(err.text, "the first");
	CU_ASSERT_EQUAL(df_fail(DF_RETRY, NULL, "code", "nobody asks"), DF_RETRY);
}

static void test_context(void)
{
	struct df_err err = {0};
	df_err_context(&err, "in vain");
	TEXT_IS(err.text, "");
	(void)df_fail(DF_RETRY, &err, NULL, "cannot read");
	df_err_context(&err, "while %s", "listing");
	TEXT_IS(err.text, "while listing: cannot read");
	df_err_context(NULL, "nothing");
}

/* What is quoted of others is cut to its room, and stays UTF-8. */
static void test_long_text(void)
{
	struct df_err err = {0};
	char text[sizeof(err.text) + 10];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text + sizeof(err.text) - 2, "\xc3\xbc", 2);
	(void)df_fail(DF_RETRY, &err, NULL, "%s", text);
	CU_ASSERT_EQUAL(strlen(err.text), sizeof(err.text) - 1);
	CU_ASSERT_EQUAL(err.text[sizeof(err.text) - 2], '?');
	CU_ASSERT_EQUAL(df_utf8_valid(err.text, strlen(err.text)), strlen(err.text));

	/* the context is kept, and what it is about is cut */
	df_err_context(&err, "the context");
	CU_ASSERT_EQUAL(strncmp(err.text, "the context: xxx", 16), 0);
	CU_ASSERT_EQUAL(strlen(err.text), sizeof(err.text) - 1);
}

static void test_render(void)
{
	struct df_err err = {0};
	char out[256], small[8];
	(void)df_fail(DF_REJECT, &err, "bad-timestamp", "not a time");
	df_err_render(&err, out, sizeof(out));
	TEXT_IS(out, "not a time [bad-timestamp]");

	df_err_place(&err, NULL, 7, "events.data.x");
	df_err_render(&err, out, sizeof(out));
	TEXT_IS(out, "line 7: column 'events.data.x': not a time [bad-timestamp]");

	df_err_place(&err, "a.csv", 8, "other"); /* what is known already stays */
	df_err_render(&err, out, sizeof(out));
	TEXT_IS(out, "a.csv, line 7: column 'events.data.x': not a time [bad-timestamp]");

	df_err_render(&err, small, sizeof(small));
	TEXT_IS(small, "a.csv, ");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"the first error stays", test_first_stays},
	    {"context", test_context},
	    {"long text", test_long_text},
	    {"rendered", test_render},
	    CU_TEST_INFO_NULL,
	};
	return test_main("base_err", NULL, NULL, tests);
}
