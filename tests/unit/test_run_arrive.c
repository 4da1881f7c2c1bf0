/* SPDX-License-Identifier: MIT */
/* Files that were pulled are entered and handed over: small ones several at a time. */
#include "../../src/run/run_arrive.h"

#include "run_world.h"

enum { TOGETHER = 16, WAIT_MS = 50 };

static struct {
	int64_t now;        /* monotonic */
	unsigned syncs;     /* of the spool's folder */
	bool fail;          /* the next one */
	bool gone;          /* the source has removed what was read */
	char handed[20][8]; /* names, in their order */
	size_t n;
} heard;

static struct feed_work work;
static struct fetch_entry entries[20];
static struct df_err err;

/* ---- what is replaced ---- */

int64_t __wrap_df_monotonic_ms(void);
int64_t __wrap_df_monotonic_ms(void)
{
	return heard.now;
}

enum df_status __wrap_run_source_get(struct run_source *s, const struct fetch_entry *e,
				     const char *path, char sha256[DF_SHA256_HEX],
				     struct df_err *e_err);
enum df_status __wrap_run_source_get(struct run_source *s, const struct fetch_entry *e,
				     const char *path, char sha256[DF_SHA256_HEX],
				     struct df_err *e_err)
{
	(void)s;
	snprintf(sha256, DF_SHA256_HEX, "%s%s", e->name, SHA_A + strlen(e->name));
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	if (fd < 0)
		return df_fail(DF_FATAL, e_err, NULL, "cannot write %s", path);
	close(fd);
	return DF_OK;
}

const struct fetch_fate *__wrap_fetch_fate(const struct fetch *source);
const struct fetch_fate *__wrap_fetch_fate(const struct fetch *source)
{
	static struct fetch_fate fate;
	(void)source;
	fate = (struct fetch_fate){.gone = heard.gone, .mtime = 7};
	return &fate;
}

enum df_status __wrap_df_sync_folder(const char *path, struct df_err *s_err);
enum df_status __wrap_df_sync_folder(const char *path, struct df_err *s_err)
{
	if (work.spool != NULL && strcmp(path, work.spool) == 0)
		heard.syncs++;
	return heard.fail ? df_fail(DF_RETRY, s_err, NULL, "cannot sync") : DF_OK;
}

static bool is_entered(const struct fetch_entry *e)
{
	struct ledger_file f = {0};
	struct ledger_key key = run_feed_key(work.feed, e);
	key.mtime = 7;
	enum df_status st = ledger_file_known(world.run.env.ledger, &key, &f, &err);
	ledger_file_free(&f);
	return st == DF_OK;
}

bool __wrap_run_feed_hand_over(struct feed_work *w, const struct feed_file *file, char *spool);
bool __wrap_run_feed_hand_over(struct feed_work *w, const struct feed_file *file, char *spool)
{
	(void)w;
	CU_ASSERT(file->id > 0);
	CU_ASSERT(is_entered(file->entry));
	CU_ASSERT_EQUAL(access(spool, F_OK), 0);
	snprintf(heard.handed[heard.n++], sizeof(heard.handed[0]), "%s", file->entry->name);
	free(spool);
	return true;
}

/* ---- the tests ---- */

static void begin(void)
{
	world_begin();
	memset(&heard, 0, sizeof(heard));
	work = (struct feed_work){.run = &world.run, .feed = &world.feed};
	work.spool = df_format("%s/spool/f", world.dir);
	OK(df_mkdirs(work.spool, &err));
}

static void end(void)
{
	free(work.spool);
	work.spool = NULL;
	world_end();
}

static enum df_status pull(size_t i, uint64_t size)
{
	static char names[20][8];
	struct run_arrival a;
	snprintf(names[i], sizeof(names[i]), "%zu", i);
	entries[i] = (struct fetch_entry){.name = names[i], .size = size, .mtime = 5};
	OK(run_arrive(&work, &entries[i], &a, &err));
	return run_arrivals_add(&work, &a, &err);
}

static void handed_are(size_t n)
{
	CU_ASSERT_EQUAL(heard.n, n);
	for (size_t i = 0; i < heard.n; i++) {
		char name[24];
		snprintf(name, sizeof(name), "%zu", i);
		TEXT_IS(heard.handed[i], name);
	}
}

static void test_small(void)
{
	begin();
	for (size_t i = 0; i + 1 < TOGETHER; i++)
		OK(pull(i, 1000));
	handed_are(0);
	CU_ASSERT_FALSE(is_entered(&entries[0]));
	OK(pull(TOGETHER - 1, 1000));
	handed_are(TOGETHER);
	CU_ASSERT_EQUAL(heard.syncs, 1);

	OK(pull(TOGETHER, 1000)); /* the last ones, at the end of the listing */
	OK(run_arrivals_enter(&work, &err));
	handed_are(TOGETHER + 1);
	OK(run_arrivals_enter(&work, &err));
	CU_ASSERT_EQUAL(heard.syncs, 2);
	end();
}

/* A large one waits for nobody, and those before it come first. */
static void test_large(void)
{
	begin();
	heard.gone = true;
	OK(pull(0, 1000));
	OK(pull(1, RUN_SMALL + 1));
	handed_are(2);
	OK(pull(2, RUN_SMALL + 1));
	handed_are(3);
	CU_ASSERT_EQUAL(heard.syncs, 2);
	end();
}

static void test_slow(void)
{
	begin();
	OK(pull(0, 1000));
	heard.now += WAIT_MS - 1;
	OK(pull(1, 1000));
	handed_are(0);
	heard.now += 1;
	OK(pull(2, 1000));
	handed_are(3);
	end();
}

static void test_not_synced(void)
{
	begin();
	OK(pull(0, 1000));
	heard.fail = true;
	IS(run_arrivals_enter(&work, &err), DF_RETRY);
	handed_are(0);
	CU_ASSERT_FALSE(is_entered(&entries[0]));
	CU_ASSERT_PTR_NULL(work.arrivals);
	end();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"small files are entered together", test_small},
	    {"a large one waits for nobody", test_large},
	    {"none waits long for the next one", test_slow},
	    {"nothing is entered before it is on the disk", test_not_synced},
	    CU_TEST_INFO_NULL,
	};
	df_log_setup(DF_LOG_ERROR, false);
	return test_main("run_arrive", NULL, NULL, tests);
}
