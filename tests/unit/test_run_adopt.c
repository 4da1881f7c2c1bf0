/* SPDX-License-Identifier: MIT */
/* What came of a download whose run was killed: taken, reported or set aside, by what the source
 * has and by how much of it came. */
#include "feed_world.h"
#include "synced.h"

#include "../../src/run/run_adopt.h"

#define NAME "a-eventless.csv"

static struct fetch_entry entry = {.name = (char *)NAME, .size = 6, .mtime = 1000};
static const struct fetch_list nothing = {0};

/* Notes the download of a file of 6 bytes, as a run does that is then killed. */
static void begin(void)
{
	struct df_err err = {0};
	const struct fetch_entry *due[] = {&entry};
	feed_begin();
	OK(run_adopt_note(&fw.w, due, 1, &err));
}

/* Where it arrives, without the folder. */
static const char *arrival(const char *suffix)
{
	static char name[128];
	const struct ledger_key key = run_feed_key(&world.feed, &entry);
	char *path = run_spool_arrival(&world.conf, &key);
	snprintf(name, sizeof(name), "%s%s", df_base_name(path), suffix);
	free(path);
	return name;
}

static enum df_status count(void *ctx, const struct ledger_pull *p, struct df_err *err)
{
	(void)err;
	TEXT_IS(p->key.name, NAME);
	(*(unsigned *)ctx)++;
	return DF_OK;
}

static void adopt(const struct fetch_list *list, unsigned handed, unsigned noted)
{
	struct df_err err = {0};
	unsigned n = 0;
	OK(run_adopt(&fw.w, list, &err));
	CU_ASSERT_EQUAL(fw.handed, handed);
	OK(ledger_pulls(world.run.env.ledger, "f", count, &n, &err));
	CU_ASSERT_EQUAL(n, noted);
	CU_ASSERT_EQUAL(run_exit_code(&world.result), world.result.files_gone > 0 ? 1 : 0);
}

/* As long as the file may be pulled from the source again, nothing is done. */
static void test_listed(void)
{
	begin();
	test_file_put(fw.spool, arrival(".part"), "hello\n");
	adopt(&(struct fetch_list){.v = &entry, .n = 1}, 0, 1);
	adopt(&(struct fetch_list){.shortage = "too many files"}, 0, 1);
	feed_put(fw.in, NAME, "hello\n", 1000); /* not taken for now: its marker is missing, say */
	adopt(&nothing, 0, 1);
	CU_ASSERT(feed_has(fw.spool, arrival(".part")));

	struct fetch_entry later = entry; /* of the same name: not that one */
	later.mtime = 2000;
	feed_remove(fw.in, NAME);
	adopt(&(struct fetch_list){.v = &later, .n = 1}, 1, 0);
	feed_end();
}

/* Nothing had come: it is forgotten. */
static void test_nothing(void)
{
	begin();
	test_file_put(fw.spool, arrival(".part"), "");
	adopt(&nothing, 0, 0);
	CU_ASSERT_EQUAL(world.result.files_gone, 0);
	feed_end();
}

static void test_part(void)
{
	begin();
	test_file_put(fw.spool, arrival(".part"), "hel");
	adopt(&nothing, 0, 0);
	CU_ASSERT_EQUAL(world.result.files_gone, 1);
	CU_ASSERT_FALSE(feed_has(fw.spool, arrival(".part")));
	world_logged(NAME ": went away from the source when 3 of its 6 bytes had come");
	feed_end();

	begin(); /* another file has its name, and is pulled by itself */
	test_file_put(fw.spool, arrival(".part"), "hel");
	feed_put(fw.in, NAME, "hello, world\n", 2000);
	adopt(&nothing, 0, 0);
	CU_ASSERT_EQUAL(world.result.files_gone, 0);
	CU_ASSERT_FALSE(feed_has(fw.spool, arrival(".part")));
	feed_end();
}

/* It was removed once it was read to its end: that is all there is of it. */
static void test_whole(void)
{
	static const char *const suffixes[] = {".part", ""};
	for (size_t i = 0; i < 2; i++) {
		struct df_err err = {0};
		struct ledger_file f = {0};
		begin();
		test_file_put(fw.spool, arrival(suffixes[i]), "hello\n");
		synced_forget();
		adopt(&nothing, 1, 0);
		TEXT_IS(fw.name, NAME);
		TEXT_IS(fw.sha256, SHA_HELLO);
		CU_ASSERT_EQUAL(access(fw.place, R_OK), 0);
		CU_ASSERT(is_synced(fw.place));
		const struct ledger_key key = run_feed_key(&world.feed, &entry);
		OK(ledger_file_known(world.run.env.ledger, &key, &f, &err));
		CU_ASSERT_EQUAL(f.id, fw.id);
		CU_ASSERT_EQUAL(f.state, LEDGER_PULLED);
		TEXT_IS(f.sha256, SHA_HELLO);
		TEXT_IS(f.event_type, "eventless");
		TEXT_IS(f.place, fw.place);
		ledger_file_free(&f);
		feed_end();
	}
}

/* The run was killed between giving it its place and entering it. */
static void test_placed(void)
{
	struct df_err err = {0};
	begin();
	char *at = df_format("%s/%s", fw.spool, arrival("")), *place = df_strdup(at);
	test_file_put(fw.spool, arrival(""), "hello\n");
	OK(run_spool_keep(at, SHA_HELLO, &place, &err));
	adopt(&nothing, 1, 0);
	TEXT_IS(fw.sha256, SHA_HELLO);
	CU_ASSERT_EQUAL(access(fw.place, R_OK), 0);
	free(at);
	free(place);
	feed_end();
}

/* As many bytes as were listed, which nothing vouches for: somebody has to look at them. */
static void aside(const char *suffix)
{
	test_file_put(fw.spool, arrival(suffix), "hello\n");
	synced_forget();
	adopt(&nothing, 0, 0);
	CU_ASSERT_EQUAL(world.result.files_gone, 1);
	CU_ASSERT_FALSE(feed_has(fw.spool, arrival(suffix)));
	char *kept = df_format("kept-%.16s/" NAME, arrival("")),
	     *text = test_file_get(fw.spool, kept);
	TEXT_IS(text, "hello\n");
	char *path = df_format("%s/%s", fw.spool, kept);
	CU_ASSERT(is_synced(path));
	free(path);
	world_logged("dropfeed import --feed f ");
	free(text);
	free(kept);
}

static void test_set_aside(void)
{
	begin(); /* it was to be compared with its checksum, and that was not done */
	world.feed.fetch.checksum = (char *)".sha256";
	aside(".part");
	feed_end();

	begin(); /* it may be a mixture of two files */
	feed_put(fw.in, NAME, "hello, world\n", 2000);
	aside(".part");
	feed_end();

	begin(); /* what is there may be the same file under a new time: it would count twice */
	world.feed.send.duplicates_import = true;
	feed_put(fw.in, NAME, "hello\n", 2000);
	aside("");
	feed_end();
}

/* Where the same bytes are delivered once, what was compared with the source is taken whatever
 * has its name now, and else if that has another size. */
static void test_replaced(void)
{
	begin();
	test_file_put(fw.spool, arrival(""), "hello\n");
	feed_put(fw.in, NAME, "hello\n", 2000);
	adopt(&nothing, 1, 0);
	feed_end();

	begin();
	world.feed.send.duplicates_import = true;
	test_file_put(fw.spool, arrival(""), "hello\n");
	feed_put(fw.in, NAME, "hello, world\n", 2000);
	adopt(&nothing, 1, 0);
	feed_end();
}

/* A source that is away is this feed's trouble: what came stays for the next run. */
static void test_unreachable(void)
{
	struct df_err err = {0};
	unsigned n = 0;
	begin();
	test_file_put(fw.spool, arrival(".part"), "hello\n");
	CU_ASSERT_EQUAL(rmdir(fw.in), 0);
	OK(run_adopt(&fw.w, &nothing, &err));
	CU_ASSERT_EQUAL(fw.handed, 0);
	CU_ASSERT_NOT_EQUAL(run_exit_code(&world.result), 0);
	OK(ledger_pulls(world.run.env.ledger, "f", count, &n, &err));
	CU_ASSERT_EQUAL(n, 1);
	CU_ASSERT(feed_has(fw.spool, arrival(".part")));
	feed_end();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"the source has it", test_listed},
	    {"nothing came", test_nothing},
	    {"a part came", test_part},
	    {"all of it came", test_whole},
	    {"it had its place", test_placed},
	    {"set aside", test_set_aside},
	    {"another file has its name", test_replaced},
	    {"the source is away", test_unreachable},
	    CU_TEST_INFO_NULL,
	};
	df_log_setup(DF_LOG_ERROR, false);
	return test_main("run_adopt", NULL, NULL, tests);
}
