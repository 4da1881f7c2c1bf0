/* SPDX-License-Identifier: MIT */
/* A document is checked to its end before anything of it is sent: what is counted, what refuses
 * it, and which option would help. */
#include "document_world.h"

static void test_counts(void)
{
	struct conf_feed *feed = conf_feed_default("f");
	struct checked c = check(feed, HEADER "a,7,x\nb,8,y\n,9,z\n");
	CU_ASSERT_EQUAL(c.st, DF_OK);
	CU_ASSERT_EQUAL(c.found.rows, 3);
	CU_ASSERT_EQUAL(c.found.rejected, 1); /* nobody is identified */
	CU_ASSERT_EQUAL(c.found.requests, 0); /* no forecast was wanted */
	end(&c, feed);
}

/* What does not fill a request is sent as one; more is sent lane by lane. */
static void test_requests(void)
{
	static const struct {
		int users;
		uint64_t requests;
	} cases[] = {{0, 0}, {1, 1}, {99, 1}, {100, 8}, {300, 8}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf_feed *feed = conf_feed_default("f");
		struct df_buf text = {0};
		df_buf_adds(&text, HEADER);
		for (int user = 0; user < cases[i].users; user++)
			df_buf_addf(&text, "u%d,7,x\n", user);
		struct checked c = check_counting(feed, df_buf_cstr(&text), true);
		CU_ASSERT_EQUAL(c.st, DF_OK);
		CU_ASSERT_EQUAL(c.found.batches, (uint64_t)cases[i].users);
		CU_ASSERT_EQUAL(c.found.requests, cases[i].requests);
		df_buf_free(&text);
		end(&c, feed);
	}
}

/* A row more than allowed refuses the document; as many as allowed do not. */
static void test_max_rejects(void)
{
	static const struct {
		const char *max;
		enum df_status st;
	} cases[] = {{"1", DF_REJECT},       {"2", DF_OK},   {"49%", DF_REJECT},
		     {"49.999%", DF_REJECT}, {"50%", DF_OK}, {"100%", DF_OK}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf_feed *feed = conf_feed_default("f");
		set(feed, "max_rejects", cases[i].max);
		struct checked c = check(feed, HEADER "a,7,x\nb,8,y\n,9,z\n,9,z\n");
		CU_ASSERT_EQUAL(c.st, cases[i].st);
		if (cases[i].st != DF_OK)
			TEXT_IS(c.err.code, "too-many-rejects");
		end(&c, feed);
	}
}

/* What is broken at its end is refused, however good its beginning was. */
static void test_broken_end(void)
{
	struct conf_feed *feed = conf_feed_default("f");
	struct checked c = check(feed, HEADER "a,7,x\nb,8,\"y\nc,9,z\n");
	CU_ASSERT_EQUAL(c.st, DF_REJECT);
	TEXT_IS(c.err.code, "malformed-csv");
	end(&c, feed);
}

/* The option that would help is named: for a header in the message, for rows once. */
static void test_hints(void)
{
	struct conf_feed *feed = conf_feed_default("f");
	struct checked c = check(feed, "user_identities.email;user_attributes.a\na@b.c;1\n");
	CU_ASSERT_EQUAL(c.st, DF_REJECT);
	TEXT_HAS(c.err.text, "delimiter");
	end(&c, feed);

	feed = conf_feed_default("f");
	c = check(feed, HEADER "a,7,\"x\\\"y\"\nb,8,\"x\\\"y\"\nc,9,z\n");
	CU_ASSERT_EQUAL(c.st, DF_OK);
	CU_ASSERT_EQUAL(c.found.rejected, 2);
	TEXT_HAS(df_buf_cstr(&c.notes), "escape");
	const char *first = strstr(df_buf_cstr(&c.notes), "escape = backslash");
	CU_ASSERT(first != NULL && strstr(first + 1, "escape = backslash") == NULL);
	end(&c, feed);
}

/* A trailer that states another number of rows refuses the document. */
static void test_row_count(void)
{
	static const struct {
		const char *trailer;
		enum df_status st;
	} cases[] = {{"rows=2\n", DF_OK}, {"rows=3\n", DF_REJECT}, {"the end\n", DF_REJECT}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf_feed *feed = conf_feed_default("f");
		set(feed, "skip_last_lines", "1");
		set(feed, "row_count", "rows=(\\d+)");
		char *text = df_format(HEADER "a,7,x\nb,8,y\n%s", cases[i].trailer);
		struct checked c = check(feed, text);
		CU_ASSERT_EQUAL(c.st, cases[i].st);
		if (cases[i].st != DF_OK)
			TEXT_IS(c.err.code, "row-count");
		free(text);
		end(&c, feed);
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"counts", test_counts},
	    {"max_rejects", test_max_rejects},
	    {"requests", test_requests},
	    {"a broken end", test_broken_end},
	    {"options that would help", test_hints},
	    {"row_count", test_row_count},
	    CU_TEST_INFO_NULL,
	};
	return test_main("document_preflight", NULL, NULL, tests);
}
