/* SPDX-License-Identifier: MIT */
/* The section that `init` proposes for a local folder, and the state folder that it makes. */
#include "dropfeed/setup.h"

#include "test.h"

static void test_init(void)
{
	char dir[200];
	struct df_err err = {0};
	struct df_buf out = {0};
	struct stat info = {0};
	CU_ASSERT_EQUAL_FATAL(test_folder_make(dir, sizeof(dir)), 0);
	char *state = df_format("%s/state", dir);
	struct setup_init what = {
	    .feed = "shop", .source = "file:///in", .state_dir = state, .whole = true};
	OK(setup_init(&what, &out, &err));
	df_buf_cstr(&out);
	TEXT_HAS(out.data, "[dropfeed]\n");
	TEXT_HAS(out.data, state);
	TEXT_HAS(out.data, "[feed shop]\nsource = file:///in\n");
	TEXT_HAS(out.data, "api_secret_file = shop.secret\n");
	CU_ASSERT_PTR_NULL(strstr(out.data, "host_key"));
	CU_ASSERT_EQUAL(stat(state, &info), 0);
	CU_ASSERT_EQUAL(info.st_mode & 0777, 0700);
	df_buf_free(&out);

	what.whole = false;
	OK(setup_init(&what, &out, &err));
	df_buf_cstr(&out);
	CU_ASSERT_PTR_NULL(strstr(out.data, "[dropfeed]"));
	df_buf_free(&out);

	CU_ASSERT_EQUAL(chmod(state, 0750), 0);
	IS(setup_init(&what, &out, &err), DF_USAGE); /* others may look into it */
	TEXT_HAS(err.text, "chmod 0700");
	CU_ASSERT_EQUAL(out.len, 0);
	df_buf_free(&out);
	free(state);
	CU_ASSERT_EQUAL(test_folder_remove(dir), 0);
}

int main(void)
{
	static const CU_TestInfo tests[] = {{"a section", test_init}, CU_TEST_INFO_NULL};
	return test_main("setup_init", NULL, NULL, tests);
}
