/* SPDX-License-Identifier: MIT */
/* Lines, quotes, comments and continued values, up to where the mistake is reported. */
#include "conf_fixture.h"

/* No line is too long for it, and nothing of a value is lost. */
static void test_long_lines(void)
{
	char pad[5000];
	memset(pad, 'x', sizeof(pad));
	pad[sizeof(pad) - 1] = '\0';
	char *text = df_format(HEAD "# %s\nevent_name = %s\nlanes = 0\n", pad, pad);
	EXPECT(text, "7: lanes: ");
	free(text);
	text = df_format(HEAD "event_name = %s\n", pad);
	struct conf *conf = load_good(text);
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].map.event_name, pad);
	conf_free(conf);
	free(text);
	/* five fingerprints on one line, and on five */
	text = df_format(HEAD "signed_by = %s",
			 "0123456789abcdef0123456789abcdef01234567, "
			 "1123456789abcdef0123456789abcdef01234567, "
			 "2123456789abcdef0123456789abcdef01234567,\n   "
			 "3123456789abcdef0123456789abcdef01234567,\n   "
			 "4123456789abcdef0123456789abcdef01234567\nlanes = 2\n");
	conf = load_good(text);
	CU_ASSERT_EQUAL_FATAL(conf->feeds[0].decode.signed_by.n, 5);
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].decode.signed_by.v[4],
			       "4123456789ABCDEF0123456789ABCDEF01234567");
	CU_ASSERT_EQUAL(conf->feeds[0].batch.lanes, 2);
	conf_free(conf);
	free(text);
}

/* A value that was written for another reader of INI files is never taken with its quotes or its
 * comment. */
static void test_quotes_and_comments(void)
{
	EXPECT("[dropfeed]\nstate_dir = \"/s\"\njobs = 3 # three\n[feed a]\nsink = - ; "
	       "out\nevent_name = 'a b' # c\n"
	       "source = \"sftp://u:secretword@h/p\"\nscreen_name = # x\nlanes = 0\n",
	       "2: state_dir: quotes are part of a value; write state_dir = /s\n",
	       "3: jobs: a comment has a line of its own; write jobs = 3 (a '#' that is part of "
	       "the value: \\#)\n",
	       "5: sink: a comment has a line of its own; write sink = - (a ';'",
	       "6: event_name: quotes are part of a value, and a comment has a line of its own; "
	       "write event_name = a b (",
	       "7: source: quotes are part of a value; write the value without them\n",
	       "8: screen_name: a comment has a line of its own; write the value alone (",
	       "9: lanes: ");
	struct conf *conf =
	    load_good(HEAD "event_name = Order \\#5 \\; a#b;c \\x\nscreen_name = \\\"Home\"\n");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].map.event_name, "Order #5 ; a#b;c \\x");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].map.screen_name, "\"Home\"");
	conf_free(conf);
	conf = load_good(HEAD "event_name = say \"yes\"\nscreen_name = #\n");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].map.event_name, "say \"yes\"");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].map.screen_name, "#");
	conf_free(conf);
}

/* An indented line continues a value, but a key of its own, even a misspelt one, does not
 * disappear in it. */
static void test_continued(void)
{
	struct conf *conf =
	    load_good("[dropfeed]\n  state_dir = /s\n[feed a]\n  sink = -\n    lanes = 3\n"
		      "include = *.csv\n  *.gz *.zip *.csv\n\n  event_name = x\n");
	CU_ASSERT_EQUAL(conf->feeds[0].batch.lanes, 3);
	CU_ASSERT_EQUAL(conf->feeds[0].fetch.include.n, 4);
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].map.event_name, "x");
	conf_free(conf);
	EXPECT(HEAD "include = *.csv\n   exlude = *.bak\n\n   *.gz\n",
	       "6: unknown key 'exlude'; did you mean 'exclude'?", "8: neither a section");
	EXPECT(HEAD "include = *.csv\n   *.gz\ninclude = x\n",
	       "7: 'include' is already set on line 5");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"long lines", test_long_lines},
	    {"quotes and trailing comments", test_quotes_and_comments},
	    {"values over several lines", test_continued},
	    CU_TEST_INFO_NULL,
	};
	return test_main("conf_text", setup, teardown, tests);
}
