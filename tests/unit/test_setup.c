/* SPDX-License-Identifier: MIT */
/* A feed's settings, changed for one call. */
#include "dropfeed/setup.h"

#include "test.h"

static enum df_status viewed(const struct conf_feed *feed, const char *one, const char *two,
			     struct conf_feed **out, struct df_err *err)
{
	const char *const set[] = {one, two};
	const struct setup_changes changes = {.set = set,
					      .n_set = (size_t)(one != NULL) + (two != NULL)};
	return setup_feed_view(feed, &changes, out, err);
}

/* Without a feed it is one of defaults, under the name that ids of imports hold. */
static void test_defaults(void)
{
	struct df_err err = {0};
	struct conf_feed *view = NULL;
	OK(viewed(NULL, NULL, NULL, &view, &err));
	TEXT_IS(view->name, "import");
	CU_ASSERT_EQUAL(view->rows.skip_lines, 0);
	conf_feed_free(view);
}

/* The copy is changed, the feed is not. */
static void test_copy(void)
{
	struct df_err err = {0};
	struct conf_feed *feed = conf_feed_default("f"), *view = NULL;
	OK(conf_feed_set(feed, "skip_lines", "2", &err));
	OK(viewed(feed, "skip_lines=3", "timezone=Etc/UTC", &view, &err));
	TEXT_IS(view->name, "f");
	CU_ASSERT_EQUAL(view->rows.skip_lines, 3);
	CU_ASSERT_EQUAL(feed->rows.skip_lines, 2);
	conf_feed_free(view);
	OK(viewed(feed, NULL, NULL, &view, &err));
	CU_ASSERT_EQUAL(view->rows.skip_lines, 2);
	conf_feed_free(view);
	conf_feed_free(feed);
}

static void test_mistakes(void)
{
	static const struct {
		const char *one, *two, *says;
	} cases[] = {
	    {"skip_lines", NULL, "--set wants KEY=VALUE, not 'skip_lines'"},
	    {"skip_lines=many", NULL, "many"},
	    {"skip_line=3", NULL, "did you mean 'skip_lines'?"},
	    {"delimiter=;", "quote=;", "the same character"}, /* each alone is right */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct df_err err = {0};
		struct conf_feed *view = (struct conf_feed *)(void *)&err;
		IS(viewed(NULL, cases[i].one, cases[i].two, &view, &err), DF_USAGE);
		TEXT_HAS(err.text, cases[i].says);
		CU_ASSERT_PTR_NULL(view);
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"without a feed", test_defaults},
	    {"a copy with changes", test_copy},
	    {"mistakes", test_mistakes},
	    CU_TEST_INFO_NULL,
	};
	return test_main("setup", NULL, NULL, tests);
}
