/* SPDX-License-Identifier: MIT */
/* The bytes of a file that was pulled before: found by their SHA-256, wherever they are now. */
#include "feed_world.h"
#include "synced.h"

#include <limits.h>

static char moved[260], spool[240];

static void begin(void)
{
	struct df_err err = {0};
	feed_begin();
	snprintf(moved, sizeof(moved), "%s/done", fw.in);
	snprintf(spool, sizeof(spool), "%s/spooled", world.dir);
	OK(df_mkdirs(moved, &err));
}

static void spooled(enum df_status wanted)
{
	struct df_err err = {0};
	IS(run_feed_spooled(&fw.w, spool, SHA_HELLO, &err), wanted);
}

static void find(const char *name, int64_t mtime, enum df_status wanted)
{
	struct df_err err = {0};
	const struct fetch_entry e = {.name = (char *)(uintptr_t)name, .size = 6, .mtime = mtime};
	IS(run_feed_find(&fw.w, &e, SHA_HELLO, spool, &err), wanted);
	CU_ASSERT_EQUAL(access(spool, F_OK) == 0, wanted == DF_OK);
	if (wanted == DF_OK)
		spooled(DF_OK);
	unlink(spool);
}

static void test_spooled(void)
{
	begin();
	spooled(DF_END); /* nothing is there */
	test_file_put(world.dir, "spooled.part", "hel");
	spooled(DF_END); /* a part only */
	test_file_put(world.dir, "spooled.part", "hello\n");
	synced_forget();
	spooled(DF_OK); /* all of it, which has its name now */
	CU_ASSERT_NOT_EQUAL(access(spool, F_OK), -1);
	CU_ASSERT(is_synced(spool) && is_synced(world.dir));
	test_file_put(world.dir, "spooled", "other\n");
	spooled(DF_END); /* damaged: removed */
	CU_ASSERT_EQUAL(access(spool, F_OK), -1);
	feed_end();
}

/* At the source under its name: the time may be another one, the bytes may not. */
static void test_source(void)
{
	begin();
	find("a.csv", 1, DF_END);
	test_file_put(fw.in, "a.csv", "other\n");
	find("a.csv", 1, DF_END);
	test_file_put(fw.in, "a.csv", "hello\n");
	find("a.csv", 1, DF_OK);
	feed_end();
}

/* Where it was moved to, it may have a number, and has its time. */
static void test_moved(void)
{
	static const char *const names[] = {"a.csv", "a.csv.1"};
	struct stat info;
	begin();
	for (size_t i = 0; i < 2; i++)
		test_file_put(moved, names[i], i == 0 ? "other\n" : "hello\n");
	char *path = df_format("%s/a.csv.1", moved);
	CU_ASSERT_EQUAL_FATAL(stat(path, &info), 0);
	find("a.csv", info.st_mtime, DF_END); /* nothing is moved by this feed */
	world.feed.fetch.after_refused =
	    (struct conf_after_action){.what = CONF_MOVE, .dir = (char *)"done"};
	find("a.csv", info.st_mtime, DF_OK);
	find("a.csv", info.st_mtime + 100, DF_END);
	free(path);
	feed_end();
}

/* Where those before it were removed, and where the name has no room for a number. */
static void test_moved_names(void)
{
	char leaf[NAME_MAX + 1], *deep = NULL;
	begin();
	world.feed.fetch.after_done =
	    (struct conf_after_action){.what = CONF_MOVE, .dir = (char *)"done"};
	feed_put(moved, "a.csv.7", "hello\n", 1);
	find("a.csv", 1, DF_OK);
	feed_put(moved, "a.csv.1", "other\n", 1);
	feed_put(moved, "a.csv.8", "hello\n", 2);
	find("a.csv", 1, DF_OK);
	feed_remove(moved, "a.csv.7");
	find("a.csv", 1, DF_END);
	feed_put(moved, "a.csv.07", "hello\n", 1); /* which no move makes */
	feed_put(moved, "a.csv.bak", "hello\n", 1);
	find("a.csv", 1, DF_END);

	struct df_err err = {0};
	deep = df_format("%s/north", moved);
	OK(df_mkdirs(deep, &err));
	memset(leaf, 'l', NAME_MAX);
	leaf[NAME_MAX] = '\0';
	char *name = df_format("north/%s", leaf);
	char *second = df_file_name(leaf, NAME_MAX, ".1");
	feed_put(deep, second, "hello\n", 1);
	find(name, 1, DF_OK);
	feed_remove(deep, second);
	feed_put(deep, leaf, "hello\n", 1);
	find(name, 1, DF_OK);
	free(second);
	free(name);
	free(deep);
	feed_end();
}

/* Its SHA-256 is what it has to have: no file beside it, which may be elsewhere by now, or have
 * another number. */
static void test_without_checksum(void)
{
	begin();
	world.feed.fetch.checksum = (char *)".sha256";
	world.feed.fetch.after_done =
	    (struct conf_after_action){.what = CONF_MOVE, .dir = (char *)"done"};
	feed_put(moved, "a.csv", "other\n", 1);
	feed_put(moved, "a.csv.sha256", "no checksum\n", 1);
	feed_put(moved, "a.csv.1", "hello\n", 1);
	feed_put(moved, "a.csv.sha256.1", SHA_HELLO "\n", 1);
	find("a.csv", 1, DF_OK);
	feed_put(fw.in, "a.csv", "hello\n", 1);
	find("a.csv", 1, DF_OK);
	feed_remove(fw.in, "a.csv");
	feed_remove(moved, "a.csv.1");
	test_file_put(world.dir, "a.csv", "hello\n");
	fw.w.from = world.dir;
	find("a.csv", 1, DF_OK);
	feed_end();
}

/* A folder that the operator names comes first, and is enough where there is no source. */
static void test_from(void)
{
	begin();
	test_file_put(moved, "a.csv", "hello\n");
	world.feed.fetch.source.kind = CONF_SOURCE_NONE;
	find("a.csv", 1, DF_END);
	fw.w.from = moved;
	find("a.csv", 1, DF_OK);
	find("north/a.csv", 1, DF_OK); /* of a sub-folder, which may be there as well */
	feed_end();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"in the spool", test_spooled},
	    {"at the source", test_source},
	    {"moved", test_moved},
	    {"moved: names", test_moved_names},
	    {"without its checksum file", test_without_checksum},
	    {"in a folder that was named", test_from},
	    CU_TEST_INFO_NULL,
	};
	return test_main("run_find", NULL, NULL, tests);
}
