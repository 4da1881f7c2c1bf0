/* SPDX-License-Identifier: MIT */
/* Which option would help a document that fails, named once: and none where nothing explains it. */
#include "document_world.h"

static struct conf_feed *feed_with(const char *const *settings)
{
	struct conf_feed *feed = conf_feed_default("f");
	for (; *settings != NULL; settings += 2)
		set(feed, settings[0], settings[1]);
	return feed;
}

static unsigned count(const char *text, const char *part)
{
	unsigned n = 0;
	for (; (text = strstr(text, part)) != NULL; text++)
		n++;
	return n;
}

/* A warning names the option, once. */
static void test_notes(void)
{
	static const struct {
		const char *settings[5];
		const char *text, *option;
	} cases[] = {
	    {{NULL}, HEADER "a,7,\"x\\\"y\"\nb,8,\"x\\\"y\"\nc,9,z\n", "escape = backslash"},
	    {{NULL}, HEADER "a,7,x\nb,8,M\374nchen\nc,8,M\374nchen\n", "encoding"},
	    {{NULL}, HEADER "a,7,x,\nb,8,y,\n", "unknown_columns = warn"},
	    {{NULL}, HEADER "a,7,x\nb,8,y\n(2 rows)\n", "skip_last_lines = 1"},
	    {{NULL}, HEADER "a,7,x\nb,8,y\n(2\nrows)", "skip_last_lines = 2"},
	    {{"encoding", "windows-1252", NULL},
	     HEADER "a,7,M\303\274nchen\nb,8,y\n",
	     "encoding = utf-8"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf_feed *feed = feed_with(cases[i].settings);
		struct checked c = check(feed, cases[i].text);
		CU_ASSERT_EQUAL(c.st, DF_OK);
		TEXT_HAS(df_buf_cstr(&c.notes), cases[i].option);
		CU_ASSERT_EQUAL(count(df_buf_cstr(&c.notes), cases[i].option), 1);
		end(&c, feed);
	}
}

/* The message that refuses the document names it. */
static void test_refusals(void)
{
	static const struct {
		const char *settings[5];
		const char *text, *code, *option;
	} cases[] = {
	    {{NULL}, "user_identities.email;mpid\na@b.c;1\n", "", "delimiter = ;"},
	    {{NULL}, "Report of today\n\nuser_identities.email,mpid\na@b.c,1\n", "", "skip_lines"},
	    {{"delimiter", "tab", NULL},
	     "mpid\tuser_attributes.a\n1\t\"x\n",
	     "malformed-csv",
	     "quote = none"},
	    {{NULL}, " user_identities.customerid , mpid\na,1\n", "unknown-column", "trim = yes"},
	    {{NULL}, "<html><body>\nno\n</body></html>\n", "malformed-csv", "look into it"},
	    {{NULL}, "{\"a\": 1,\n \"b\": 2}\n", "malformed-csv", "look into it"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf_feed *feed = feed_with(cases[i].settings);
		struct checked c = check(feed, cases[i].text);
		CU_ASSERT_EQUAL(c.st, DF_REJECT);
		TEXT_HAS(c.err.text, cases[i].option);
		if (cases[i].code[0] != '\0')
			TEXT_IS(c.err.code, cases[i].code);
		end(&c, feed);
	}
}

/* What explains nothing is not named. */
static void test_silence(void)
{
	static const struct {
		const char *settings[5];
		const char *text, *option;
	} cases[] = {
	    {{NULL}, HEADER "a,7,x\nb,8,y\n", "set `"},
	    /* rows after it are good, or too many rows are short, or all of them are */
	    {{NULL}, HEADER "a,7,x\n(2 rows)\nb,8,y\n", "skip_last_lines"},
	    {{NULL}, HEADER "a,7,x\n1\n2\n3\n4\n5\n6\n", "skip_last_lines"},
	    {{NULL}, HEADER "1\n2\n", "skip_last_lines"},
	    /* the last row has more cells, not fewer */
	    {{NULL}, HEADER "a,7,x\nb,8,y\nc,9,z,1,2\n", "skip_last_lines"},
	    /* the option is set already */
	    {{"skip_last_lines", "1", NULL}, HEADER "a,7,x\nb\n(1 row)\n", "skip_last_lines"},
	    {{"encoding", "windows-1252", NULL}, HEADER "a,7,M\374nchen\n", "encoding"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf_feed *feed = feed_with(cases[i].settings);
		struct checked c = check(feed, cases[i].text);
		CU_ASSERT_EQUAL(c.st, DF_OK);
		CU_ASSERT_PTR_NULL(strstr(df_buf_cstr(&c.notes), cases[i].option));
		if (strstr(df_buf_cstr(&c.notes), cases[i].option) != NULL)
			fprintf(stderr, "\n%zu: %s\n", i, df_buf_cstr(&c.notes));
		end(&c, feed);
	}
}

/* A row beyond the first twenty of a kind is not looked at, so that a bad document costs no more
 * than a good one. */
static void test_tries(void)
{
	static const char *const none[] = {NULL};
	for (unsigned before = 19; before <= 20; before++) {
		struct conf_feed *feed = feed_with(none);
		struct df_buf text = {0};
		df_buf_adds(&text, HEADER);
		for (unsigned i = 0; i < before; i++)
			df_buf_adds(&text, "a,7,x \"y\" z\n"); /* which no option explains */
		df_buf_adds(&text, "a,7,\"x\\\"y\"\n");
		struct checked c = check(feed, df_buf_cstr(&text));
		CU_ASSERT_EQUAL(count(df_buf_cstr(&c.notes), "escape = backslash"), before < 20);
		df_buf_free(&text);
		end(&c, feed);
	}
}

/* Characters that nobody sees are shown in the name that is not known. */
static void test_invisible(void)
{
	static const char *const none[] = {NULL};
	struct conf_feed *feed = feed_with(none);
	struct checked c = check(feed, "user_identities.customerid,us\xe2\x80\x8b\x65r\na,1\n");
	CU_ASSERT_EQUAL(c.st, DF_REJECT);
	TEXT_IS(c.err.code, "unknown-column");
	CU_ASSERT_PTR_NULL(strstr(c.err.text, "\xe2\x80\x8b"));
	CU_ASSERT_PTR_NULL(strstr(c.err.column, "\xe2\x80\x8b"));
	TEXT_HAS(c.err.text, "200B");
	end(&c, feed);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"an option that would help", test_notes},
	    {"a document that is refused", test_refusals},
	    {"nothing would help", test_silence},
	    {"twenty rows are looked at", test_tries},
	    {"invisible characters", test_invisible},
	    CU_TEST_INFO_NULL,
	};
	return test_main("document_hint", NULL, NULL, tests);
}
