/* SPDX-License-Identifier: MIT */
/* The settings with which a document was begun are stored, and count until it is done. */
#include "dropfeed/conf.h"
#include "test.h"

/* Sets every frozen key to something else than its default. */
static struct conf_feed *unusual_feed(void)
{
	static const char *const set[][2] = {
	    {"guidelines", "off"},
	    {"environment", "development"},
	    {"event_name", " 50% \"off\"\n= next line\t"},
	    {"event_type", "media"},
	    {"screen_name", "Größe"},
	    {"data_plan", "p:2"},
	    {"timestamps", "%d.%m.%Y %H"},
	    {"timezone", "Europe/Berlin"},
	    {"empty_attributes", "delete"},
	    {"unknown_columns", "warn"},
	    {"limits", "truncate"},
	    {"fold_products", "yes"},
	    {"max_rejects", "0.125%"},
	    {"group_window", "3MiB"},
	    {"historical", "always"},
	    {"lanes", "3"},
	};
	struct conf_feed *feed = conf_feed_default("x");
	struct df_err err = {0};
	for (size_t i = 0; i < sizeof(set) / sizeof(*set); i++)
		if (conf_feed_set(feed, set[i][0], set[i][1], &err) != DF_OK)
			CU_FAIL("a good value was refused");
	feed->fetch.passphrase = df_strdup("SECRET1");
	feed->fetch.password = df_strdup("SECRET2");
	feed->send.api_secret = df_strdup("SECRET3");
	feed->send.api_key = df_strdup("SECRET4");
	return feed;
}

static enum df_status thaw(const struct conf_feed *live, const char *settings, const char *manifest,
			   struct conf_feed **out, struct df_err *err)
{
	const struct conf_frozen stored = {.settings = settings, .manifest = manifest};
	return conf_feed_thaw(live, &stored, out, err);
}

/* Where nothing has changed since, the text need not be read: what comes of it is the same. */
static void test_thaw_today(void)
{
	struct conf_feed *feed = unusual_feed(), *thawed = NULL;
	struct df_buf frozen = {0}, again = {0};
	struct df_err err = {0};
	conf_feed_freeze(feed, &frozen);
	feed->map.manifest = df_strdup("/m.json");
	feed->map.manifest_text = df_strdup("{}");
	struct conf_frozen stored = {.settings = df_buf_cstr(&frozen), .manifest = "{}"};
	stored.today = df_buf_cstr(&frozen);
	CU_ASSERT_EQUAL(conf_feed_thaw(feed, &stored, &thawed, &err), DF_OK);
	CU_ASSERT_PTR_NOT_EQUAL_FATAL(thawed, feed);
	conf_feed_freeze(thawed, &again);
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&again), frozen.data);
	CU_ASSERT_STRING_EQUAL(thawed->map.manifest, "/m.json");
	conf_feed_free(thawed);

	stored.manifest = NULL; /* of then */
	CU_ASSERT_EQUAL(conf_feed_thaw(feed, &stored, &thawed, &err), DF_OK);
	CU_ASSERT_PTR_NULL(thawed->map.manifest_text);
	conf_feed_free(thawed);
	stored.settings = "lanes = 4\n";
	CU_ASSERT_EQUAL(conf_feed_thaw(feed, &stored, &thawed, &err), DF_OK);
	CU_ASSERT_EQUAL(thawed->batch.lanes, 4);
	conf_feed_free(thawed);
	conf_feed_free(feed);
	df_buf_free(&frozen);
	df_buf_free(&again);
}

static void test_freeze(void)
{
	struct conf_feed *then = unusual_feed(), *now = conf_feed_default("x"), *thawed = NULL;
	struct df_buf frozen = {0}, again = {0};
	struct df_err err = {0};
	conf_feed_freeze(then, &frozen);
	CU_ASSERT_PTR_NULL(strstr(df_buf_cstr(&frozen), "SECRET"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(frozen.data, "event_name =  50%25 \"off\"%0A= next line%09\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(frozen.data, "max_rejects = 0.125%25\n"));
	/* today's key, pace and source count, and the settings of then */
	CU_ASSERT_EQUAL(conf_feed_set(now, "endpoint", "eu1", &err), DF_OK);
	CU_ASSERT_EQUAL(conf_feed_set(now, "include", "a b", &err), DF_OK);
	now->send.api_secret = df_strdup("today");
	CU_ASSERT_EQUAL(thaw(now, frozen.data, "{}", &thawed, &err), DF_OK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(thawed);
	conf_feed_freeze(thawed, &again);
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&again), frozen.data);
	CU_ASSERT_STRING_EQUAL(thawed->map.event_name, " 50% \"off\"\n= next line\t");
	CU_ASSERT_STRING_EQUAL(thawed->map.manifest_text, "{}");
	CU_ASSERT_PTR_NOT_NULL(thawed->map.manifest);
	CU_ASSERT_STRING_EQUAL(thawed->send.api_secret, "today");
	CU_ASSERT_PTR_NOT_EQUAL(thawed->send.api_secret, now->send.api_secret); /* a copy */
	CU_ASSERT_EQUAL(thawed->fetch.include.n, 2);
	CU_ASSERT(thawed->batch.lanes == 3 && thawed->map.max_rejects == 125 &&
		  thawed->batch.historical == CONF_HIST_ALWAYS);
	conf_feed_free(thawed);
	/* what was unset then is unset, whatever is set today; so is the manifest */
	df_buf_reset(&again);
	conf_feed_freeze(now, &again);
	then->map.manifest = df_strdup("/m.json");
	then->map.manifest_text = df_strdup("{}");
	CU_ASSERT_EQUAL(thaw(then, df_buf_cstr(&again), NULL, &thawed, &err), DF_OK);
	CU_ASSERT_PTR_NULL(thawed->map.event_name);
	CU_ASSERT_PTR_NULL(thawed->map.manifest);
	CU_ASSERT_PTR_NULL(thawed->map.manifest_text);
	CU_ASSERT_STRING_EQUAL(thawed->map.screen_name, "");
	CU_ASSERT_EQUAL(thawed->batch.lanes, 8);
	conf_feed_free(thawed);
	/* the sink is never stored, though 0.1 did: today's counts */
	CU_ASSERT_EQUAL(conf_feed_set(now, "sink", "file:/out/x", &err), DF_OK);
	CU_ASSERT_EQUAL(
	    thaw(now, "lanes = 3\nsink = file:/then\nduplicates = import\n", NULL, &thawed, &err),
	    DF_OK);
	CU_ASSERT_STRING_EQUAL(thawed->send.sink_path, "/out/x");
	CU_ASSERT_FALSE(thawed->send.duplicates_import);
	/* what 0.1 did not know it did not do, and the document is finished in that way */
	CU_ASSERT_EQUAL(thawed->map.placeholder_ids, CONF_PLACEHOLDER_KEEP);
	CU_ASSERT_STRING_EQUAL(thawed->map.timestamp_range, "1970-01-01 .. 2199-12-31");
	/* which settings differ */
	df_buf_reset(&again);
	conf_feed_differences(thawed, now, &again);
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&again), "timestamp_range, placeholder_ids, lanes");
	now->map.manifest_text = df_strdup("{}");
	CU_ASSERT_EQUAL(conf_feed_set(now, "event_name", "e", &err), DF_OK);
	df_buf_reset(&again);
	conf_feed_differences(thawed, now, &again);
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&again),
			       "event_name, timestamp_range, placeholder_ids, lanes, manifest");
	conf_feed_free(thawed);
	conf_feed_free(then);
	conf_feed_free(now);
	df_buf_free(&frozen);
	df_buf_free(&again);
}

/* How a document is written is stored with it: characters that are not seen, and words that hold
 * blanks and quotes. */
static void test_freeze_rows(void)
{
	static const char *const set[][2] = {
	    {"delimiter", "tab"},     {"quote", "none"},
	    {"comment", "U+2502"},    {"encoding", "windows-1252"},
	    {"skip_lines", "3"},      {"trim", "yes"},
	    {"skip_last_lines", "1"}, {"null", "\\N \"a \"\"b\"\"\" %"},
	    {"row_count", "a (.)"},
	};
	struct conf_feed *feed = conf_feed_default("x"), *live = conf_feed_default("x"),
			 *thawed = NULL;
	struct df_err err = {0};
	struct df_buf frozen = {0}, again = {0};
	for (size_t i = 0; i < sizeof(set) / sizeof(*set); i++)
		CU_ASSERT_EQUAL_FATAL(conf_feed_set(feed, set[i][0], set[i][1], &err), DF_OK);
	conf_feed_freeze(feed, &frozen);
	CU_ASSERT_EQUAL_FATAL(thaw(live, df_buf_cstr(&frozen), NULL, &thawed, &err), DF_OK);
	conf_feed_freeze(thawed, &again);
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&again), df_buf_cstr(&frozen));
	CU_ASSERT_EQUAL(thawed->rows.delimiter, '\t');
	CU_ASSERT_EQUAL(thawed->rows.quote, '\0');
	CU_ASSERT_EQUAL(thawed->rows.comment, 0x2502);
	CU_ASSERT_EQUAL_FATAL(thawed->rows.null.n, 3);
	CU_ASSERT_STRING_EQUAL(thawed->rows.null.v[1], "a \"b\"");
	CU_ASSERT_STRING_EQUAL(thawed->rows.encoding, "windows-1252");
	df_buf_free(&frozen);
	df_buf_free(&again);
	conf_feed_free(feed);
	conf_feed_free(live);
	conf_feed_free(thawed);
}

static void test_thaw_refuses(void)
{
	static const char *const bad[] = {
	    "",
	    "lanes = 8",
	    "lanes = 65\n",
	    "lanes=8\n",
	    "nonsense = 1\n",
	    "lanes = 8\nlanes = 8\n",
	    "api_key = stolen\n",
	    "source = file:///\n",
	    "event_name = %4\n",
	    "event_name = %zz\n",
	    "event_name = %00\n",
	    "\n",
	};
	struct conf_feed *live = conf_feed_default("x"), *thawed = NULL;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct df_err err = {0};
		enum df_status st = thaw(live, bad[i], NULL, &thawed, &err);
		CU_ASSERT_EQUAL(st, DF_FATAL);
		if (st != DF_FATAL)
			fprintf(stderr, "thawed: %s\n", bad[i]);
		CU_ASSERT_PTR_NULL(thawed);
		CU_ASSERT_TRUE(err.text[0] != 0);
	}
	conf_feed_free(live);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"freeze and thaw", test_freeze},
	    {"settings of today are not read again", test_thaw_today},
	    {"how documents are written is stored", test_freeze_rows},
	    {"thaw takes nothing else", test_thaw_refuses},
	    CU_TEST_INFO_NULL,
	};
	return test_main("conf_frozen", NULL, NULL, tests);
}
