/* SPDX-License-Identifier: MIT */
/* Where batches are written to with sink = file:PATH: a folder gets a file for each document. */
#include "../../src/run/run_priv.h"

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

/* The path that is chosen; the caller's. */
static char *chosen(const char *sink, const char *identity, const char *entry, bool *append)
{
	struct conf_feed feed = {.name = (char *)"f",
				 .send = {.sink = CONF_SINK_FILE, .sink_path = df_strdup(sink)}};
	struct decode_doc doc = {.name = entry, .event_type = "eventless"};
	run_sink_choose("users-eventless.zip", identity, &doc, &feed);
	*append = feed.send.sink_append;
	return feed.send.sink_path;
}

static void test_file(void)
{
	bool append = false;
	char *sink = df_format("%s/out.ndjson", dir), *path = chosen(sink, "id", NULL, &append);
	TEXT_IS(path, sink);
	CU_ASSERT(append);
	free(path);
	free(sink);
}

static void test_folder(void)
{
	bool append = true;
	char *one = chosen(dir, "id", "a-eventless.csv", &append);
	CU_ASSERT_FALSE(append);
	CU_ASSERT_EQUAL(strncmp(one, dir, strlen(dir)), 0);
	CU_ASSERT_EQUAL(one[strlen(dir)], '/');
	char *same = chosen(dir, "id", "a-eventless.csv", &append);
	TEXT_IS(same, one);
	char *bytes = chosen(dir, "other", "a-eventless.csv", &append);
	CU_ASSERT_STRING_NOT_EQUAL(bytes, one);
	char *entry = chosen(dir, "id", "b-eventless.csv", &append);
	CU_ASSERT_STRING_NOT_EQUAL(entry, one);
	free(one);
	free(same);
	free(bytes);
	free(entry);
}

/* A path that ends with a slash is a folder, and made. */
static void test_new_folder(void)
{
	bool append = true;
	struct stat info;
	char *sink = df_format("%s/new/", dir), *path = chosen(sink, "id", NULL, &append);
	CU_ASSERT_FALSE(append);
	CU_ASSERT(stat(sink, &info) == 0 && S_ISDIR(info.st_mode));
	CU_ASSERT_EQUAL(strncmp(path, sink, strlen(sink)), 0);
	CU_ASSERT_PTR_NULL(strchr(path + strlen(sink), '/'));
	free(path);
	free(sink);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"a file gets all documents", test_file},
	    {"a folder, a file for each document", test_folder},
	    {"a folder that is not there yet", test_new_folder},
	    CU_TEST_INFO_NULL,
	};
	return test_main("run_sink", begin, end, tests);
}
