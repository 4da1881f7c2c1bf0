/* SPDX-License-Identifier: MIT */
/* What is synced of an SQLite ledger, and that nobody waits for the disk who need not. */
#include "dropfeed/ledger.h"

#include "test.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>

#define SHA        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define PATIENCE_S 60 /* only a failure waits for so long */

static char dir[100];
static struct df_err err;
static struct ledger *ledger;

/* ---- the log's syncs ---- */

static struct {
	unsigned n;  /* syncs of the log */
	bool fail;   /* the next one */
	bool others; /* during the next one, another thread reads the ledger ... */
	bool waited; /* ... and had to wait for it */
} syncs;

static void *read_ledger(void *done)
{
	struct ledger_file f = {0};
	struct df_err ignored = {0};
	const struct ledger_key key = {"f", "s", "x.csv", 1, 1};
	*(bool *)done = ledger_file_known(ledger, &key, &f, &ignored) == DF_END;
	return NULL;
}

static void let_others_read(void)
{
	static bool done;
	struct timespec until;
	pthread_t other;
	syncs.others = false;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&other, NULL, read_ledger, &done), 0);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	syncs.waited = pthread_timedjoin_np(other, NULL, &until) != 0 || !done;
}

/* Takes the C library's place, for SQLite. */
__attribute__((visibility("default"))) int fdatasync(int fd)
{
	char link[64], name[PATH_MAX];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, name, sizeof(name));
	if (len < 4 || memcmp(name + len - 4, "-wal", 4) != 0)
		return (int)syscall(SYS_fdatasync, fd);
	syncs.n++;
	if (syncs.others)
		let_others_read();
	if (!syncs.fail)
		return (int)syscall(SYS_fdatasync, fd);
	syncs.fail = false;
	errno = EIO;
	return -1;
}

/* ---- a ledger with a file ---- */

static int setup(void)
{
	return test_folder_make(dir, sizeof(dir));
}

static int teardown(void)
{
	return test_folder_remove(dir);
}

static int64_t add_file(const char *name)
{
	int64_t id = 0;
	const struct ledger_new_file f = {
	    .key = {"f", "s", name, 1, 1}, .sha256 = SHA, .event_type = "eventless", .now_ms = 1};
	OK(ledger_file_add(ledger, &f, &id, &err));
	return id;
}

static void open_fresh(void)
{
	OK(ledger_open(dir, &ledger, &err));
	CU_ASSERT_PTR_NOT_NULL_FATAL(ledger);
	static int n;
	char name[32];
	snprintf(name, sizeof(name), "first%d.csv", n++);
	add_file(name); /* with a log's first frame, SQLite syncs the log's header */
	memset(&syncs, 0, sizeof(syncs));
}

static const struct ledger_outcome done = {.state = LEDGER_DONE, .now_ms = 2};

static void test_which(void)
{
	open_fresh();
	int64_t id = add_file("a.csv");
	CU_ASSERT_EQUAL(syncs.n, 0); /* it would be pulled again */
	OK(ledger_file_state(ledger, id, &done, &err));
	CU_ASSERT_EQUAL(syncs.n, 1);

	OK(ledger_enter(ledger, true, &err));
	id = add_file("b.csv");
	OK(ledger_file_state(ledger, id, &done, &err));
	CU_ASSERT_EQUAL(syncs.n, 1); /* the whole is, at its end */
	OK(ledger_leave(ledger, DF_OK, &err));
	CU_ASSERT_EQUAL(syncs.n, 2);
	OK(ledger_enter(ledger, true, &err));
	IS(ledger_leave(ledger, DF_RETRY, &err), DF_RETRY);
	CU_ASSERT_EQUAL(syncs.n, 2); /* nothing was committed */
	ledger_close(ledger);
}

/* A file that is done may wait for the sync of another one. */
static void test_later(void)
{
	const struct ledger_outcome later = {.state = LEDGER_DONE, .later = true, .now_ms = 2};
	open_fresh();
	int64_t first = add_file("f.csv"), second = add_file("g.csv"), third = add_file("h.csv");
	OK(ledger_file_state(ledger, first, &later, &err));
	CU_ASSERT_EQUAL(syncs.n, 0);
	uint64_t mark = ledger_mark(ledger);
	CU_ASSERT_FALSE(ledger_reached(ledger, mark));
	OK(ledger_file_state(ledger, second, &done, &err));
	CU_ASSERT_EQUAL(syncs.n, 1);
	CU_ASSERT_TRUE(ledger_reached(ledger, mark));
	OK(ledger_reach(ledger, mark, &err));
	CU_ASSERT_EQUAL(syncs.n, 1); /* it is there already */

	OK(ledger_file_state(ledger, third, &later, &err));
	mark = ledger_mark(ledger);
	CU_ASSERT_FALSE(ledger_reached(ledger, mark));
	OK(ledger_reach(ledger, mark, &err));
	CU_ASSERT_EQUAL(syncs.n, 2);
	CU_ASSERT_TRUE(ledger_reached(ledger, mark));

	mark = ledger_mark(ledger);
	syncs.fail = true;
	IS(ledger_reach(ledger, mark, &err), DF_RETRY);
	CU_ASSERT_FALSE(ledger_reached(ledger, mark));
	ledger_close(ledger);
}

static void test_others_go_on(void)
{
	open_fresh();
	int64_t id = add_file("c.csv");
	syncs.others = true;
	OK(ledger_file_state(ledger, id, &done, &err));
	CU_ASSERT_EQUAL(syncs.n, 1);
	CU_ASSERT_FALSE(syncs.waited);
	ledger_close(ledger);
}

/* What the disk failed to take may be gone although a later sync succeeds. */
static void test_failed(void)
{
	open_fresh();
	int64_t first = add_file("d.csv"), second = add_file("e.csv");
	syncs.fail = true;
	IS(ledger_file_state(ledger, first, &done, &err), DF_RETRY);
	TEXT_HAS(err.text, "cannot sync the log of the ledger");
	IS(ledger_file_state(ledger, second, &done, &err), DF_RETRY);
	TEXT_HAS(err.text, "could not be synced before");
	ledger_close(ledger);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"what has to be on the disk is", test_which},
	    {"what may wait for another sync does", test_later},
	    {"others go on while the disk works", test_others_go_on},
	    {"no commit counts after a sync that failed", test_failed},
	    CU_TEST_INFO_NULL,
	};
	return test_main("ledger_sync", setup, teardown, tests);
}
