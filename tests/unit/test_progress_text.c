/* SPDX-License-Identifier: MIT */
/* The words of progress: one line that fits the terminal, or a whole one. */
#include "../../src/progress/progress_text.h"

#include "test.h"

static struct progress_view sent(void)
{
	return (struct progress_view){.what = PROGRESS_SENT,
				      .at = {.feed = "shop", .file = "orders-commerce_event.csv"},
				      .rows = 250000,
				      .rows_done = 50000,
				      .percent = 20,
				      .rate = 135,
				      .limit = 270,
				      .seconds = 90,
				      .any = true};
}

static void is_short(const struct progress_view *v, size_t width, const char *wanted)
{
	struct df_buf out = {0};
	progress_text_short(v, width, &out);
	TEXT_IS(df_buf_cstr(&out), wanted);
	df_buf_free(&out);
}

static void is_long(const struct progress_view *v, const char *wanted)
{
	struct df_buf out = {0};
	progress_text_long(v, &out);
	TEXT_IS(df_buf_cstr(&out), wanted);
	df_buf_free(&out);
}

static void test_long(void)
{
	struct progress_view v = sent();
	is_long(&v, "shop: orders-commerce_event.csv: 50000 of 250000 rows (20%), 135 batches/s "
		    "(50% of the limit), 90s left");
	v.more = 3;
	v.seconds = -1;
	v.rate = 0;
	v.at.document = "a.csv";
	is_long(&v, "shop: orders-commerce_event.csv, a.csv: 50000 of 250000 rows (20%); 3 more "
		    "under way");
	v.what = PROGRESS_PULLED;
	v.more = 0;
	v.at.document = NULL;
	is_long(&v, "shop: orders-commerce_event.csv: is pulled");
	v.what = PROGRESS_CHECKED;
	is_long(&v, "shop: orders-commerce_event.csv: is checked, 20%");
	v.any = false;
	is_long(&v, "nothing is under way");
}

/* Of the parts those stay that matter most, and the name is cut last. */
static void test_width(void)
{
	struct progress_view v = sent();
	is_short(&v, 100,
		 "shop: orders-commerce_event.csv  50000/250k rows 20%  135 batches/s (50% of "
		 "limit)  90s left");
	is_short(
	    &v, 80,
	    "shop: orders-commerce_even...  50000/250k rows 20%  135 batches/s (50% of limit)");
	is_short(&v, 70, "shop: orders-commerce_event.csv  50000/250k rows 20%  90s left");
	is_short(&v, 40, "shop: orders-com...  50000/250k rows 20%");
	for (size_t width = 10; width < 120; width++) {
		struct df_buf out = {0};
		progress_text_short(&v, width, &out);
		CU_ASSERT(out.len <= width);
		df_buf_free(&out);
	}
	v.any = false;
	is_short(&v, 80, "");
}

static void test_times(void)
{
	struct progress_view v = sent();
	v.rate = 0;
	v.rows = 12345678;
	v.seconds = 99;
	is_short(&v, 200, "shop: orders-commerce_event.csv  50000/12.3M rows 20%  99s left");
	v.seconds = 5999;
	is_short(&v, 200, "shop: orders-commerce_event.csv  50000/12.3M rows 20%  100m left");
	v.seconds = 9000;
	is_short(&v, 200, "shop: orders-commerce_event.csv  50000/12.3M rows 20%  2.5h left");
}

/* A name from a server neither moves the cursor nor counts by its bytes. */
static void test_name(void)
{
	struct progress_view v = sent();
	v.what = PROGRESS_PULLED;
	v.rate = 0;
	v.seconds = -1;
	v.at.file = "k\xc3\xa4se\033[2J-eventless.csv";
	struct df_buf out = {0};
	progress_text_short(&v, 80, &out);
	CU_ASSERT_PTR_NULL(strchr(df_buf_cstr(&out), '\033'));
	TEXT_HAS(out.data, "k\xc3\xa4se");
	df_buf_free(&out);
	v.at.file = "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"; /* 10 columns with "shop: " */
	is_short(&v, 18, "shop: \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4  pulled");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"a whole line", test_long},
	    {"a line that fits", test_width},
	    {"times and numbers get shorter", test_times},
	    {"names from outside", test_name},
	    CU_TEST_INFO_NULL,
	};
	return test_main("progress_text", NULL, NULL, tests);
}
