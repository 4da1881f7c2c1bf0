/* SPDX-License-Identifier: MIT */
/* How the ledger is opened, written and read: on a disk that is full, by two threads, in a process
 * that is killed. */
#include "ledger_world.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* The first test: once SQLite is in use it counts on. */
static void test_memory_uncounted(void)
{
	struct ledger *l = fresh();
	CU_ASSERT_EQUAL(sqlite3_memory_used(), 0);
	ledger_close(l);
}

static void test_private(void)
{
	if (!in_sqlite())
		return;
	mode_t was = umask(0);
	struct ledger *l = fresh();
	(void)umask(was);
	add_file(l, "a.csv", SHA_A);
	static const char *const names[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm"};
	for (size_t i = 0; i < 3; i++) {
		char path[300];
		struct stat s = {0};
		path_in(path, sizeof(path), names[i]);
		CU_ASSERT_EQUAL(stat(path, &s), 0);
		CU_ASSERT_EQUAL(s.st_mode & 0777, 0600);
	}
	ledger_close(l);
}

/* No memory may come back: nothing is broken. */
static void test_no_memory(void)
{
	struct ledger_file f = {0};
	if (!in_sqlite())
		return;
	struct ledger *l = fresh();
	int64_t id = add_file(l, "a.csv", SHA_A);
	no_memory = true;
	IS(same(l, SHA_A, "", 0, &f), DF_RETRY);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "run again"));
	no_memory = false;
	OK(same(l, SHA_A, "", 0, &f));
	CU_ASSERT_EQUAL(f.id, id);
	ledger_file_free(&f);
	ledger_close(l);
}

/* A child settles steps and reports each by a pipe; it is killed at an arbitrary one and never
 * closes the ledger. */
static void test_crash(void)
{
	const struct ledger_where at = where();
	struct ledger *l = fresh();
	int64_t file = add_file(l, "a.csv", SHA_A), id = add_document(l, file, NULL);
	OK(checked(l, id, 100000, 0));
	ledger_close(l);
	int report[2];
	CU_ASSERT_EQUAL_FATAL(pipe(report), 0);
	pid_t child = fork();
	CU_ASSERT_FATAL(child >= 0);
	if (child == 0) {
		struct ledger *mine = NULL;
		if (ledger_open_at(&at, &mine, &err) != DF_OK)
			_exit(1);
		for (uint64_t step = 1;; step++)
			if (ledger_lanes_settled(mine, id,
						 &(struct ledger_settled){.done = step,
									  .rows_delivered = 1,
									  .was = step - 1},
						 1, &err) != DF_OK ||
			    write(report[1], &step, sizeof(step)) != sizeof(step))
				_exit(1);
	}
	close(report[1]);
	uint64_t step = 0;
	while (step < 50 && read(report[0], &step, sizeof(step)) == sizeof(step))
		;
	kill(child, SIGKILL);
	while (read(report[0], &step, sizeof(step)) == sizeof(step))
		; /* the last one it reported */
	close(report[0]);
	int how = 0;
	waitpid(child, &how, 0);
	CU_ASSERT(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
	CU_ASSERT(step >= 50);
	uint64_t done = 0;
	OK(ledger_open_at(&at, &l, &err));
	OK(ledger_lanes(l, id, &done, 1, &err));
	/* committed, and killed before it could report */
	CU_ASSERT(done == step || done == step + 1);
	char want[64];
	snprintf(want, sizeof(want), "checked 100000=%d+0;", (int)done);
	expect_document(l, file, want);
	ledger_close(l);
}

static void test_readonly(void)
{
	if (!in_sqlite())
		return;
	struct ledger *l = NULL, *reader = NULL;
	wipe();
	IS(ledger_open_readonly(dir, &reader, &err), DF_END);
	IS(ledger_open_readonly("/nonexistent/folder", &reader, &err), DF_END);
	char path[300];
	path_in(path, sizeof(path), "ledger.db");
	CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0); /* looking made nothing */
	l = fresh();
	int64_t file = add_file(l, "a.csv", SHA_A);
	OK(ledger_open_readonly(dir, &reader, &err)); /* beside a run */
	CU_ASSERT_EQUAL(count_files(reader, NULL, false), 1);
	IS(ledger_file_cleaned(reader, file, NULL, &err), DF_FATAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "may not be used"));
	add_file(l, "b.csv", SHA_B);
	CU_ASSERT_EQUAL(count_files(reader, NULL, false), 2);
	ledger_close(reader);
	ledger_close(l);
	OK(ledger_open_readonly(dir, &reader, &err)); /* after a run */
	CU_ASSERT_EQUAL(count_files(reader, NULL, false), 2);
	ledger_close(reader);
}

static void test_unusable_folder(void)
{
	if (!in_sqlite())
		return;
	struct ledger *l = NULL;
	IS(ledger_open("/dev/null/x", &l, &err), DF_FATAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/dev/null"));
	IS(ledger_open("/proc/self", &l, &err), DF_FATAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/proc/self/ledger.db"));
	CU_ASSERT_PTR_NULL(l);
}

/* A limit on the size of files replaces the disk's: writes fail in the middle. */
static void test_full_disk(void)
{
	if (!in_sqlite())
		return;
	char path[300];
	struct ledger *l = fresh();
	int64_t file = add_file(l, "a.csv", SHA_A), id = add_document(l, file, NULL);
	OK(checked(l, id, 10, 0));
	ledger_close(l);
	path_in(path, sizeof(path), "ledger.db");
	struct sigaction was, ignore = {.sa_handler = SIG_IGN};
	sigaction(SIGXFSZ, &ignore, &was);
	pid_t child = fork(); /* the limit on file sizes must not hit the reports of this process */
	if (child == 0) {
		struct ledger *mine = NULL;
		if (ledger_open(dir, &mine, &err) != DF_OK)
			_exit(1);
		char *big = df_alloc(3 << 20);
		memset(big, 'x', (3 << 20) - 1);
		struct ledger_reject r = {1, 2, 3, 4, big, NULL};
		struct rlimit limit = {1 << 20, 1 << 20};
		if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
			_exit(2);
		enum df_status st = ledger_lanes_settled(
		    mine, id, &(struct ledger_settled){0, 1, 0, &r, 1}, 1, &err);
		bool said = strstr(err.text, path) != NULL && strstr(err.text, "disk") != NULL;
		free(big);
		_exit(st == DF_RETRY && said ? 0 : 3);
	}
	int how = 0;
	waitpid(child, &how, 0);
	sigaction(SIGXFSZ, &was, NULL);
	CU_ASSERT(WIFEXITED(how));
	CU_ASSERT_EQUAL(WEXITSTATUS(how), 0);
	uint64_t done = 9;
	OK(ledger_open(dir, &l, &err));
	OK(ledger_lanes(l, id, &done, 1, &err));
	CU_ASSERT_EQUAL(done, 0); /* nothing of the step */
	expect_document(l, file, "checked 10=0+0;");
	ledger_close(l);
}

struct worker {
	struct ledger *l;
	int64_t id;
	uint32_t lane;
	int failed;
};

static void *settle_many(void *ctx)
{
	struct worker *w = ctx;
	struct df_err mine = {0};
	for (uint64_t step = 1; step <= 300; step++) {
		int64_t first = 0;
		struct ledger_reject r = {w->lane * 1000 + step, step, 0, 0, "no", NULL};
		if (ledger_lanes_settled(w->l, w->id,
					 &(struct ledger_settled){.lane = w->lane,
								  .done = step,
								  .rows_delivered = 2,
								  .rejects = &r,
								  .n_rejects = 1,
								  .was = step - 1},
					 1, &mine) != DF_OK)
			w->failed++;
		if (step % 50 == 0 &&
		    ledger_seen(w->l, &(struct ledger_key){"f", "s", "a.csv", step, 1}, 1, &first,
				&mine) != DF_OK)
			w->failed++;
	}
	return NULL;
}

static void test_threads(void)
{
	struct ledger *l = fresh();
	int64_t file = add_file(l, "a.csv", SHA_A), id = add_document(l, file, NULL);
	struct worker w[2] = {{l, id, 0, 0}, {l, id, 1, 0}};
	pthread_t t[2];
	OK(checked(l, id, 1800, 0));
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&t[i], NULL, settle_many, &w[i]), 0);
	for (int i = 0; i < 2; i++) {
		pthread_join(t[i], NULL);
		CU_ASSERT_EQUAL(w[i].failed, 0);
	}
	OK(ledger_document_state(l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
				 &err)); /* 1800 = 1200 + 600 */
	expect_document(l, file, "done 1800=1200+600;");
	ledger_close(l);
}

/* status walks documents within files; a run may enter something while it walks */
static enum df_status nested(void *ctx, const struct ledger_file *f, struct df_err *e)
{
	struct ledger *l = ctx;
	struct df_buf got = {0};
	enum df_status st = ledger_documents(l, f->id, keep_document, &got, e);
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&got), "pulled 0=0+0;");
	df_buf_free(&got);
	return st == DF_OK
		   ? ledger_file_state(
			 l, f->id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1}, e)
		   : st;
}

static void test_nested(void)
{
	struct ledger *l = fresh();
	add_document(l, add_file(l, "a.csv", SHA_A), NULL);
	add_document(l, add_file(l, "b.csv", SHA_B), NULL);
	OK(ledger_files(l, NULL, true, nested, l, &err));
	CU_ASSERT_EQUAL(count_files(l, NULL, true), 0);
	ledger_close(l);
}

/* Several changes are one: all of them are there, or none. */
static void test_together(void)
{
	struct ledger *l = fresh();
	int64_t file = add_file(l, "a.csv", SHA_A), first = 0;
	OK(ledger_enter(l, false, &err));
	int64_t id = add_document(l, file, NULL);
	OK(checked(l, id, 10, 2));
	OK(seen(l, "f", 10, 1, 1000, &first));
	IS(ledger_leave(l, DF_RETRY, &err), DF_RETRY); /* what came after it failed */
	expect_document(l, file, "");
	OK(seen(l, "f", 10, 1, 2000, &first));
	CU_ASSERT_EQUAL(first, 2000);

	OK(ledger_enter(l, false, &err));
	id = add_document(l, file, NULL);
	OK(checked(l, id, 10, 10));
	OK(ledger_document_state(l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
				 &err));
	/* a file's end has to be synced, and this transaction will not be */
	IS(ledger_file_state(l, file, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
			     &err),
	   DF_FATAL);
	OK(ledger_leave(l, DF_OK, &err));
	expect_document(l, file, "done 10=0+10;");
	CU_ASSERT_EQUAL(count_files(l, NULL, true), 1);

	OK(ledger_enter(l, true, &err));
	OK(ledger_file_state(l, file, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
			     &err));
	OK(ledger_leave(l, DF_OK, &err));
	CU_ASSERT_EQUAL(count_files(l, NULL, true), 0);
	ledger_close(l);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"memory is not counted", test_memory_uncounted},
	    {"the ledger is private", test_private},
	    {"a killed process loses nothing", test_crash},
	    {"no memory", test_no_memory},
	    {"reading without writing", test_readonly},
	    {"a folder that cannot be used", test_unusable_folder},
	    {"a full disk", test_full_disk},
	    {"two threads", test_threads},
	    {"walks nest", test_nested},
	    {"several changes in one transaction", test_together},
	    CU_TEST_INFO_NULL,
	};
	return test_main("ledger", setup, teardown, tests);
}
