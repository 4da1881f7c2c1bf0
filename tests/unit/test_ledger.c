/* SPDX-License-Identifier: MIT */
#include "dropfeed/ledger.h"

#include <CUnit/Basic.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
/* Shows what went wrong beside the assertion that tells where. */
#define OK(call)                                                                                                       \
	do {                                                                                                           \
		memset(&err, 0, sizeof(err));                                                                          \
		enum df_status ok_st = (call);                                                                         \
		CU_ASSERT_EQUAL(ok_st, DF_OK);                                                                         \
		if (ok_st != DF_OK)                                                                                    \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, err.text);                                  \
	} while (0)
#define IS(call, want)                                                                                                 \
	do {                                                                                                           \
		memset(&err, 0, sizeof(err));                                                                          \
		CU_ASSERT_EQUAL((call), (want));                                                                       \
	} while (0)

static char dir[64];
static struct df_err err;

static void path_in(char *out, size_t size, const char *name)
{
	snprintf(out, size, "%s/%s", dir, name);
}

static int setup(void)
{
	const char *tmp = getenv("TMPDIR");
	snprintf(dir, sizeof(dir), "%.30s/df-ledger-XXXXXX", tmp != NULL ? tmp : "/tmp");
	return mkdtemp(dir) == NULL;
}

static void wipe(void)
{
	static const char *const names[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm"};
	for (size_t i = 0; i < 3; i++) {
		char path[128];
		path_in(path, sizeof(path), names[i]);
		unlink(path);
	}
}

static int teardown(void)
{
	wipe();
	return rmdir(dir);
}

static struct ledger *fresh(void)
{
	struct ledger *l = NULL;
	wipe();
	OK(ledger_open(dir, &l, &err));
	if (l == NULL)
		abort();
	return l;
}

static int64_t add_file(struct ledger *l, const char *name, const char *sha)
{
	int64_t id = 0;
	OK(ledger_file_add(l, "orders", name, 100, 1700000000, sha, 5000, &id, &err));
	return id;
}

static int64_t add_document(struct ledger *l, int64_t file, const char *name)
{
	struct ledger_document d = {0};
	OK(ledger_document_begin(l, file, name, "custom_event", "lanes = 8\n", NULL, 6000, &d, &err));
	int64_t id = d.id;
	ledger_document_free(&d);
	return id;
}

static void test_private(void)
{
	mode_t was = umask(0);
	struct ledger *l = fresh();
	(void)umask(was);
	add_file(l, "a.csv", SHA_A);
	static const char *const names[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm"};
	for (size_t i = 0; i < 3; i++) {
		char path[128];
		struct stat s = {0};
		path_in(path, sizeof(path), names[i]);
		CU_ASSERT_EQUAL(stat(path, &s), 0);
		CU_ASSERT_EQUAL(s.st_mode & 0777, 0600);
	}
	ledger_close(l);
}

static void test_file_round_trip(void)
{
	static const char name[] = "it's \"größe\"; DROP TABLE file;--\xe2\x82\xac.csv";
	struct ledger *l = fresh();
	struct ledger_file f = {0};
	int64_t id = 0, second = 0;
	OK(ledger_file_add(l, "orders", name, UINT64_C(5000000000), 1700000000, SHA_A, 1234567890123, &id, &err));
	ledger_close(l);
	OK(ledger_open(dir, &l, &err));
	OK(ledger_file_known(l, "orders", name, UINT64_C(5000000000), 1700000000, &f, &err));
	CU_ASSERT_EQUAL(f.id, id);
	CU_ASSERT_STRING_EQUAL(f.feed, "orders");
	CU_ASSERT_STRING_EQUAL(f.name, name);
	CU_ASSERT_EQUAL(f.size, UINT64_C(5000000000));
	CU_ASSERT_STRING_EQUAL(f.sha256, SHA_A);
	CU_ASSERT_EQUAL(f.state, LEDGER_PULLED);
	CU_ASSERT_EQUAL(f.pulled_ms, 1234567890123);
	CU_ASSERT_EQUAL(f.closed_ms, 0);
	CU_ASSERT_PTR_NULL(f.code);
	CU_ASSERT_FALSE(f.cleanup_due);
	ledger_file_free(&f);
	/* any other size, time, name or feed is another file */
	IS(ledger_file_known(l, "orders", name, 1, 1700000000, &f, &err), DF_END);
	IS(ledger_file_known(l, "orders", name, UINT64_C(5000000000), 1, &f, &err), DF_END);
	IS(ledger_file_known(l, "other", name, UINT64_C(5000000000), 1700000000, &f, &err), DF_END);
	CU_ASSERT_STRING_EQUAL(err.text, ""); /* DF_END is no error */
	/* the last one under the same name counts */
	OK(ledger_file_add(l, "orders", name, UINT64_C(5000000000), 1700000000, SHA_B, 2, &second, &err));
	OK(ledger_file_known(l, "orders", name, UINT64_C(5000000000), 1700000000, &f, &err));
	CU_ASSERT_EQUAL(f.id, second);
	CU_ASSERT_STRING_EQUAL(f.sha256, SHA_B);
	ledger_file_free(&f);
	ledger_close(l);
}

static void test_same_bytes(void)
{
	struct ledger *l = fresh();
	struct ledger_file f = {0};
	int64_t id = add_file(l, "a.csv", SHA_A);
	OK(ledger_file_same(l, "orders", SHA_A, "", 0, &f, &err)); /* still open: it goes first */
	CU_ASSERT_EQUAL(f.closed_ms, 0);
	ledger_file_free(&f);
	IS(ledger_file_same(l, "orders", SHA_A, "", id, &f, &err), DF_END); /* it is not before itself */
	OK(ledger_file_state(l, id, LEDGER_REFUSED, "malformed-csv", "line 3", false, 7000, &err));
	IS(ledger_file_same(l, "orders", SHA_A, "", 0, &f, &err), DF_END); /* refused: may be tried again */
	int64_t again = add_file(l, "b.csv", SHA_A);
	OK(ledger_file_state(l, again, LEDGER_DONE, NULL, NULL, true, 8000, &err));
	add_file(l, "c.csv", SHA_A); /* open, and entered later, but one that is done goes before it */
	OK(ledger_file_same(l, "orders", SHA_A, "", 0, &f, &err));
	CU_ASSERT_EQUAL(f.id, again);
	CU_ASSERT_EQUAL(f.closed_ms, 8000);
	CU_ASSERT_TRUE(f.cleanup_due);
	ledger_file_free(&f);
	IS(ledger_file_same(l, "orders", SHA_B, "", 0, &f, &err), DF_END);
	IS(ledger_file_same(l, "other", SHA_A, "", 0, &f, &err), DF_END);
	/* other names may make other things of the same bytes */
	uint64_t n = 0, others = 0;
	int64_t start = add_file(l, "x-session_start.csv", SHA_B), end = add_file(l, "x-session_end.csv", SHA_B);
	OK(ledger_file_same(l, "orders", SHA_B, "-session_start.", end, &f, &err));
	CU_ASSERT_EQUAL(f.id, start);
	ledger_file_free(&f);
	IS(ledger_file_same(l, "orders", SHA_B, "-session_end.", end, &f, &err), DF_END);
	OK(ledger_file_copies(l, "orders", SHA_B, "-session_end.", end, &n, &others, &err));
	CU_ASSERT_TRUE(n == 1 && others == 1);
	OK(ledger_file_copies(l, "orders", SHA_B, "-session_end.", end + 1, &n, &others, &err));
	CU_ASSERT_TRUE(n == 2 && others == 1);
	OK(ledger_file_copies(l, "orders", SHA_B, "", end + 1, &n, &others, &err));
	CU_ASSERT_TRUE(n == 2 && others == 0);
	IS(ledger_file_state(l, 999, LEDGER_DONE, NULL, NULL, true, 8000, &err), DF_FATAL);
	IS(ledger_file_cleaned(l, 999, &err), DF_FATAL);
	ledger_close(l);
}

static void test_seen(void)
{
	struct ledger *l = fresh();
	int64_t first = 0;
	OK(ledger_seen(l, "f", "a.csv", 10, 1, 1000, &first, &err));
	CU_ASSERT_EQUAL(first, 1000);
	OK(ledger_seen(l, "f", "a.csv", 10, 1, 2000, &first, &err));
	CU_ASSERT_EQUAL(first, 1000);
	OK(ledger_seen(l, "f", "a.csv", 11, 1, 3000, &first, &err)); /* it grew */
	CU_ASSERT_EQUAL(first, 3000);
	OK(ledger_seen(l, "f", "a.csv", 11, 2, 4000, &first, &err)); /* it was touched */
	CU_ASSERT_EQUAL(first, 4000);
	OK(ledger_seen(l, "g", "a.csv", 11, 2, 4500, &first, &err)); /* another feed */
	CU_ASSERT_EQUAL(first, 4500);
	OK(ledger_seen(l, "f", "a.csv", 11, 2, 3500, &first, &err)); /* the clock was set back */
	CU_ASSERT_EQUAL(first, 3500);
	ledger_close(l);
	OK(ledger_open(dir, &l, &err));
	OK(ledger_seen(l, "f", "a.csv", 11, 2, 9000, &first, &err)); /* the next run */
	CU_ASSERT_EQUAL(first, 3500);
	OK(ledger_seen_forget(l, "f", 9000, &err)); /* listed at 9000: stays */
	OK(ledger_seen(l, "f", "a.csv", 11, 2, 9500, &first, &err));
	CU_ASSERT_EQUAL(first, 3500);
	OK(ledger_seen_forget(l, "f", 9501, &err));
	OK(ledger_seen(l, "f", "a.csv", 11, 2, 9900, &first, &err));
	CU_ASSERT_EQUAL(first, 9900);
	OK(ledger_seen(l, "g", "a.csv", 11, 2, 9999, &first, &err)); /* other feeds were not forgotten */
	CU_ASSERT_EQUAL(first, 4500);
	ledger_close(l);
}

struct counted {
	int n;
	int64_t last;
	enum df_status answer;
};

static enum df_status count_file(void *ctx, const struct ledger_file *f, struct df_err *e)
{
	struct counted *c = ctx;
	(void)e;
	c->n++;
	CU_ASSERT(f->id > c->last);
	c->last = f->id;
	return c->answer;
}

static int count_files(struct ledger *l, const char *feed, bool open_only)
{
	struct counted c = {0};
	OK(ledger_files(l, feed, open_only, count_file, &c, &err));
	return c.n;
}

static void test_cleanup_due(void)
{
	struct ledger *l = fresh();
	int64_t a = add_file(l, "a.csv", SHA_A), b = add_file(l, "b.csv", SHA_B);
	CU_ASSERT_EQUAL(count_files(l, NULL, true), 2);
	OK(ledger_file_state(l, a, LEDGER_DONE, NULL, NULL, true, 1, &err));
	OK(ledger_file_state(l, b, LEDGER_REFUSED, "empty-file", "it is empty", false, 1, &err));
	CU_ASSERT_EQUAL(count_files(l, NULL, true), 1); /* a is done, but still lies on the source */
	CU_ASSERT_EQUAL(count_files(l, "orders", true), 1);
	CU_ASSERT_EQUAL(count_files(l, "other", true), 0);
	CU_ASSERT_EQUAL(count_files(l, "orders", false), 2);
	OK(ledger_file_cleaned(l, a, &err));
	CU_ASSERT_EQUAL(count_files(l, NULL, true), 0);
	CU_ASSERT_EQUAL(count_files(l, NULL, false), 2);
	/* a callback's status ends the walk and comes back */
	struct counted stop = {.answer = DF_RETRY};
	IS(ledger_files(l, NULL, false, count_file, &stop, &err), DF_RETRY);
	CU_ASSERT_EQUAL(stop.n, 1);
	stop = (struct counted){.answer = DF_END};
	IS(ledger_files(l, NULL, false, count_file, &stop, &err), DF_END);
	CU_ASSERT_EQUAL(stop.n, 1);
	ledger_close(l);
}

static void test_document_resumes(void)
{
	struct ledger *l = fresh();
	struct ledger_document d = {0};
	int64_t file = add_file(l, "a.zip", SHA_A), id = 0;
	OK(ledger_document_begin(l, file, "x.csv", "custom_event", "lanes = 8\n", "{\"a\":1}", 6000, &d, &err));
	id = d.id;
	CU_ASSERT_EQUAL(d.state, LEDGER_PULLED);
	ledger_document_free(&d);
	/* the next run has other settings: the stored ones hold */
	OK(ledger_document_begin(l, file, "x.csv", "screen_view", "lanes = 1\n", NULL, 9000, &d, &err));
	CU_ASSERT_EQUAL(d.id, id);
	CU_ASSERT_EQUAL(d.begun_ms, 6000);
	CU_ASSERT_STRING_EQUAL(d.name, "x.csv");
	CU_ASSERT_STRING_EQUAL(d.event_type, "custom_event");
	CU_ASSERT_STRING_EQUAL(d.settings, "lanes = 8\n");
	CU_ASSERT_STRING_EQUAL(d.manifest, "{\"a\":1}");
	ledger_document_free(&d);
	CU_ASSERT_NOT_EQUAL(add_document(l, file, "y.csv"), id);
	/* without a name there is one per file */
	int64_t plain = add_file(l, "b.csv", SHA_B);
	CU_ASSERT_EQUAL(add_document(l, plain, NULL), add_document(l, plain, NULL));
	/* a document belongs to a file */
	IS(ledger_document_begin(l, 999, NULL, "custom_event", "", NULL, 1, &d, &err), DF_FATAL);
	ledger_close(l);
}

static enum df_status keep_reject(void *ctx, const struct ledger_reject *r, struct df_err *e)
{
	struct df_buf *out = ctx;
	(void)e;
	df_buf_addf(out, "%d/%d/%d/%d/%s/%s;", (int)r->row, (int)r->line, (int)r->offset, (int)r->length, r->message,
		    r->code);
	return DF_OK;
}

static enum df_status keep_document(void *ctx, const struct ledger_document *d, struct df_err *e)
{
	struct df_buf *out = ctx;
	(void)e;
	df_buf_addf(out, "%s %d=%d+%d;", ledger_state_name(d->state), (int)d->rows, (int)d->delivered,
		    (int)d->rejected);
	return DF_OK;
}

static void expect_document(struct ledger *l, int64_t file, const char *want)
{
	struct df_buf got = {0};
	OK(ledger_documents(l, file, keep_document, &got, &err));
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&got), want);
	df_buf_free(&got);
}

static void test_document_balance(void)
{
	struct ledger *l = fresh();
	int64_t file = add_file(l, "a.csv", SHA_A), id = add_document(l, file, NULL);
	IS(ledger_document_state(l, id, LEDGER_SENDING, NULL, NULL, 1, &err), DF_FATAL); /* never checked */
	IS(ledger_document_state(l, id, LEDGER_DONE, NULL, NULL, 1, &err), DF_FATAL);
	OK(ledger_document_checked(l, id, 10, 2, 4, 8, &err));
	expect_document(l, file, "checked 10=0+2;");
	OK(ledger_document_state(l, id, LEDGER_SENDING, NULL, NULL, 1, &err));
	struct ledger_reject rejects[] = {{7, 8, 70, 10, "it's \"bad\"", NULL}, {3, 4, 30, 10, "€", "api-unavailable"}};
	OK(ledger_lane_settled(l, id, 0, 1, 5, NULL, 0, &err));
	OK(ledger_lane_settled(l, id, 1, 2, 0, rejects, 2, &err));
	IS(ledger_document_state(l, id, LEDGER_DONE, NULL, NULL, 1, &err), DF_FATAL); /* 10 != 5 + 4 */
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "does not balance"));
	expect_document(l, file, "sending 10=5+4;");
	/* the next run checks it again: what the API rejected is not forgotten */
	OK(ledger_document_checked(l, id, 10, 2, 4, 8, &err));
	expect_document(l, file, "checked 10=5+4;");
	OK(ledger_document_state(l, id, LEDGER_SENDING, NULL, NULL, 1, &err));
	OK(ledger_lane_settled(l, id, 0, 2, 1, NULL, 0, &err));
	OK(ledger_document_state(l, id, LEDGER_DONE, NULL, NULL, 99, &err));
	expect_document(l, file, "done 10=6+4;");
	struct df_buf got = {0};
	OK(ledger_rejects(l, id, 0, keep_reject, &got, &err));
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&got), "3/4/30/10/€/api-unavailable;7/8/70/10/it's \"bad\"/api-rejected;");
	df_buf_free(&got);
	/* what is done stays done */
	IS(ledger_document_state(l, id, LEDGER_REFUSED, "x", "y", 1, &err), DF_FATAL);
	IS(ledger_document_checked(l, id, 1, 0, 1, 1, &err), DF_FATAL);
	IS(ledger_lane_settled(l, id, 0, 3, 1, NULL, 0, &err), DF_FATAL);
	expect_document(l, file, "done 10=6+4;");
	IS(ledger_document_state(l, 999, LEDGER_REFUSED, "x", "y", 1, &err), DF_FATAL);
	ledger_close(l);
}

static size_t again_rows(struct ledger *l, int64_t id)
{
	uint64_t *rows = NULL;
	size_t n = 0;
	OK(ledger_again(l, id, &rows, &n, &err));
	free(rows);
	return n;
}

static void test_reopen(void)
{
	struct ledger *l = fresh();
	int64_t file = add_file(l, "a.zip", SHA_A), done = add_document(l, file, "one"),
		refused = add_document(l, file, "two"), other = add_document(l, file, "three");
	struct ledger_reject rejects[] = {
	    {3, 4, 30, 10, "no", NULL}, {7, 8, 70, 10, "no", NULL}, {8, 9, 80, 10, "no", NULL}};
	struct ledger_reopen both[] = {{.document = done}, {.document = refused}};
	OK(ledger_document_checked(l, done, 10, 2, 4, 8, &err));
	OK(ledger_lane_settled(l, done, 0, 3, 5, rejects, 3, &err));
	OK(ledger_document_state(l, done, LEDGER_DONE, NULL, "/rejects/one.csv", 1, &err));
	OK(ledger_document_state(l, refused, LEDGER_REFUSED, "unknown-column", "x", 1, &err));
	OK(ledger_document_state(l, other, LEDGER_REFUSED, "unknown-column", "x", 1, &err));
	IS(ledger_reopen(l, file, both, 2, &err), DF_FATAL); /* the file is not closed */
	OK(ledger_file_state(l, file, LEDGER_REFUSED, "unknown-column", "x", true, 2, &err));
	CU_ASSERT_EQUAL(again_rows(l, done), 0);
	const struct ledger_facts facts = {"{\"a\":5}", "first", "last", 7, 6}, none = {0};
	OK(ledger_document_facts(l, done, &facts, &err));
	OK(ledger_reopen(l, file, both, 2, &err));
	/* one is sent again in part, one forgotten, one stays as it was */
	expect_document(l, file, "sending 10=5+5;refused 0=0+0;");
	CU_ASSERT_EQUAL(again_rows(l, done), 3);
	uint64_t delivered[] = {3, 8};
	rejects[1].code = "api-unavailable"; /* the second time for another reason */
	OK(ledger_again_settled(l, done, delivered, 1, &rejects[1], 1, &err));
	expect_document(l, file, "sending 10=6+4;refused 0=0+0;");
	CU_ASSERT_EQUAL(again_rows(l, done), 1);
	struct df_buf codes = {0};
	OK(ledger_rejects(l, done, 0, keep_reject, &codes, &err));
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&codes), "7/8/70/10/no/api-unavailable;8/9/80/10/no/api-rejected;");
	df_buf_free(&codes);
	/* what is settled is not settled twice, and a step that fails leaves nothing behind */
	IS(ledger_again_settled(l, done, delivered, 1, NULL, 0, &err), DF_FATAL);
	IS(ledger_again_settled(l, done, NULL, 0, &rejects[1], 1, &err), DF_FATAL);
	uint64_t second[] = {8, 3};
	IS(ledger_again_settled(l, done, second, 2, NULL, 0, &err), DF_FATAL);
	expect_document(l, file, "sending 10=6+4;refused 0=0+0;");
	OK(ledger_again_settled(l, done, &delivered[1], 1, NULL, 0, &err));
	/* the reasons are today's, also when there is none any more; the batches are what they were */
	struct ledger_document now = {0};
	OK(ledger_document_facts(l, done, &none, &err));
	OK(ledger_document_known(l, file, "one", &now, &err));
	CU_ASSERT_PTR_NULL(now.reasons);
	CU_ASSERT_FATAL(now.first_batch != NULL && now.last_batch != NULL);
	CU_ASSERT(now.batches == 7 && now.events == 6);
	CU_ASSERT_STRING_EQUAL(now.first_batch, "first");
	CU_ASSERT_STRING_EQUAL(now.last_batch, "last");
	ledger_document_free(&now);
	OK(ledger_document_state(l, done, LEDGER_DONE, NULL, "/rejects/one.csv", 3, &err));
	expect_document(l, file, "done 10=7+3;refused 0=0+0;");
	IS(ledger_again_settled(l, done, &delivered[1], 1, NULL, 0, &err), DF_FATAL);
	/* its document, not another file's */
	OK(ledger_file_state(l, file, LEDGER_REFUSED, "unknown-column", "x", true, 4, &err));
	int64_t elsewhere = add_file(l, "b.zip", SHA_B);
	OK(ledger_file_state(l, elsewhere, LEDGER_DONE, NULL, NULL, false, 4, &err));
	IS(ledger_reopen(l, elsewhere, both, 1, &err), DF_FATAL);
	expect_document(l, file, "done 10=7+3;refused 0=0+0;");
	ledger_close(l);
}

static void test_lanes(void)
{
	struct ledger *l = fresh();
	int64_t file = add_file(l, "a.csv", SHA_A), id = add_document(l, file, NULL);
	uint64_t done[4] = {9, 9, 9, 9};
	struct ledger_reject bad = {5, 6, 50, 10, "no", NULL};
	OK(ledger_document_checked(l, id, 10, 0, 4, 8, &err));
	OK(ledger_lanes(l, id, done, 4, &err));
	CU_ASSERT(done[0] == 0 && done[1] == 0 && done[2] == 0 && done[3] == 0);
	IS(ledger_lane_settled(l, id, 2, 0, 1, NULL, 0, &err), DF_FATAL); /* nothing was done */
	OK(ledger_lane_settled(l, id, 2, 3, 3, NULL, 0, &err));
	/* the same step again, or an earlier one, is a bug: nothing of it is kept */
	IS(ledger_lane_settled(l, id, 2, 3, 3, &bad, 1, &err), DF_FATAL);
	IS(ledger_lane_settled(l, id, 2, 2, 3, NULL, 0, &err), DF_FATAL);
	OK(ledger_lane_settled(l, id, 2, 4, 0, &bad, 1, &err));
	/* a row is rejected once: the lane does not move either */
	IS(ledger_lane_settled(l, id, 3, 1, 1, &bad, 1, &err), DF_FATAL);
	IS(ledger_lane_settled(l, 999, 0, 1, 1, NULL, 0, &err), DF_FATAL);
	OK(ledger_lanes(l, id, done, 4, &err));
	CU_ASSERT(done[0] == 0 && done[1] == 0 && done[2] == 4 && done[3] == 0);
	IS(ledger_lanes(l, id, done, 2, &err), DF_FATAL);
	expect_document(l, file, "checked 10=3+1;");
	ledger_close(l);
}

/* A child settles steps and tells of each by a pipe; it is killed at an arbitrary one and never closes the ledger. */
static void test_crash(void)
{
	struct ledger *l = fresh();
	int64_t file = add_file(l, "a.csv", SHA_A), id = add_document(l, file, NULL);
	OK(ledger_document_checked(l, id, 100000, 0, 4, 8, &err));
	ledger_close(l);
	int told[2];
	CU_ASSERT_EQUAL_FATAL(pipe(told), 0);
	pid_t child = fork();
	CU_ASSERT_FATAL(child >= 0);
	if (child == 0) {
		struct ledger *mine = NULL;
		if (ledger_open(dir, &mine, &err) != DF_OK)
			_exit(1);
		for (uint64_t step = 1;; step++)
			if (ledger_lane_settled(mine, id, 0, step, 1, NULL, 0, &err) != DF_OK ||
			    write(told[1], &step, sizeof(step)) != sizeof(step))
				_exit(1);
	}
	close(told[1]);
	uint64_t step = 0;
	while (step < 50 && read(told[0], &step, sizeof(step)) == sizeof(step))
		;
	kill(child, SIGKILL);
	while (read(told[0], &step, sizeof(step)) == sizeof(step))
		; /* the last one it told of */
	close(told[0]);
	int how = 0;
	waitpid(child, &how, 0);
	CU_ASSERT(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
	CU_ASSERT(step >= 50);
	uint64_t done = 0;
	OK(ledger_open(dir, &l, &err));
	OK(ledger_lanes(l, id, &done, 1, &err));
	CU_ASSERT(done == step || done == step + 1); /* committed, and killed before it could tell */
	char want[64];
	snprintf(want, sizeof(want), "checked 100000=%d+0;", (int)done);
	expect_document(l, file, want);
	ledger_close(l);
}

/* A ledger as version 1 left it, with a rejected row in it. */
static void test_migration(void)
{
	char path[128];
	sqlite3 *db = NULL;
	struct ledger *l = fresh();
	struct ledger_reject reject = {3, 4, 30, 10, "no", NULL};
	int64_t file = add_file(l, "a.csv", SHA_A), id = add_document(l, file, NULL);
	OK(ledger_document_checked(l, id, 1, 0, 1, 1, &err));
	OK(ledger_lane_settled(l, id, 0, 1, 0, &reject, 1, &err));
	ledger_close(l);
	path_in(path, sizeof(path), "ledger.db");
	CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
	CU_ASSERT_EQUAL(sqlite3_exec(db,
				     "ALTER TABLE reject DROP COLUMN again; ALTER TABLE reject DROP COLUMN code; ALTER "
				     "TABLE document DROP COLUMN reasons;"
				     "ALTER TABLE document DROP COLUMN first_batch;"
				     "ALTER TABLE document DROP COLUMN last_batch; PRAGMA user_version = 1",
				     NULL, NULL, NULL),
			SQLITE_OK);
	sqlite3_close(db);
	l = NULL;
	IS(ledger_open_readonly(dir, &l, &err), DF_FATAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "older dropfeed"));
	OK(ledger_open(dir, &l, &err));
	CU_ASSERT_EQUAL(again_rows(l, id), 0);
	struct df_buf got = {0};
	OK(ledger_rejects(l, id, 0, keep_reject, &got, &err));
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&got), "3/4/30/10/no/api-rejected;");
	df_buf_free(&got);
	OK(ledger_document_facts(l, id, &(struct ledger_facts){"{}", "first", "last", 0, 0}, &err));
	expect_document(l, file, "checked 1=0+1;");
	ledger_close(l);
}

static void test_versions(void)
{
	char path[128];
	sqlite3 *db = NULL;
	struct ledger *l = fresh();
	ledger_close(l);
	path_in(path, sizeof(path), "ledger.db");
	CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
	CU_ASSERT_EQUAL(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	l = NULL;
	IS(ledger_open(dir, &l, &err), DF_FATAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "newer dropfeed"));
	CU_ASSERT_PTR_NULL(l);
	IS(ledger_open_readonly(dir, &l, &err), DF_FATAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "newer dropfeed"));
	wipe();
	FILE *f = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs("this is a text file, certainly long enough to be no database header at all, is it?\n", f);
	for (int i = 0; i < 100; i++)
		fputs("more of the same\n", f);
	fclose(f);
	IS(ledger_open(dir, &l, &err), DF_FATAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "damaged"));
}

static void test_readonly(void)
{
	struct ledger *l = NULL, *reader = NULL;
	wipe();
	IS(ledger_open_readonly(dir, &reader, &err), DF_END);
	IS(ledger_open_readonly("/nonexistent/folder", &reader, &err), DF_END);
	char path[128];
	path_in(path, sizeof(path), "ledger.db");
	CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0); /* looking made nothing */
	l = fresh();
	int64_t file = add_file(l, "a.csv", SHA_A);
	OK(ledger_open_readonly(dir, &reader, &err)); /* beside a run */
	CU_ASSERT_EQUAL(count_files(reader, NULL, false), 1);
	IS(ledger_file_cleaned(reader, file, &err), DF_FATAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "may not be written"));
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
	struct ledger *l = NULL;
	IS(ledger_open("/dev/null/x", &l, &err), DF_FATAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/dev/null"));
	IS(ledger_open("/proc/self", &l, &err), DF_FATAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/proc/self/ledger.db"));
	CU_ASSERT_PTR_NULL(l);
}

/* A limit on the size of files stands in for the disk's: writes fail in the middle. */
static void test_full_disk(void)
{
	char path[128];
	struct ledger *l = fresh();
	int64_t file = add_file(l, "a.csv", SHA_A), id = add_document(l, file, NULL);
	OK(ledger_document_checked(l, id, 10, 0, 4, 8, &err));
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
		enum df_status st = ledger_lane_settled(mine, id, 0, 1, 0, &r, 1, &err);
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
		if (ledger_lane_settled(w->l, w->id, w->lane, step, 2, &r, 1, &mine) != DF_OK)
			w->failed++;
		if (step % 50 == 0 && ledger_seen(w->l, "f", "a.csv", step, 1, 1, &first, &mine) != DF_OK)
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
	OK(ledger_document_checked(l, id, 1800, 0, 4, 8, &err));
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&t[i], NULL, settle_many, &w[i]), 0);
	for (int i = 0; i < 2; i++) {
		pthread_join(t[i], NULL);
		CU_ASSERT_EQUAL(w[i].failed, 0);
	}
	OK(ledger_document_state(l, id, LEDGER_DONE, NULL, NULL, 1, &err)); /* 1800 = 1200 + 600 */
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
	return st == DF_OK ? ledger_file_state(l, f->id, LEDGER_DONE, NULL, NULL, false, 1, e) : st;
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

int main(void)
{
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	CU_pSuite s = CU_add_suite("ledger", setup, teardown);
	CU_add_test(s, "the ledger is private", test_private);
	CU_add_test(s, "a file comes back as it was", test_file_round_trip);
	CU_add_test(s, "the same bytes are known once done", test_same_bytes);
	CU_add_test(s, "listings", test_seen);
	CU_add_test(s, "cleanup stays due until done", test_cleanup_due);
	CU_add_test(s, "a document resumes with its settings", test_document_resumes);
	CU_add_test(s, "a document balances", test_document_balance);
	CU_add_test(s, "a closed file is opened again", test_reopen);
	CU_add_test(s, "lanes only go forward", test_lanes);
	CU_add_test(s, "a killed process loses nothing", test_crash);
	CU_add_test(s, "an older ledger is brought up to date", test_migration);
	CU_add_test(s, "newer and damaged ledgers", test_versions);
	CU_add_test(s, "reading without writing", test_readonly);
	CU_add_test(s, "a folder that cannot be used", test_unusable_folder);
	CU_add_test(s, "a full disk", test_full_disk);
	CU_add_test(s, "two threads", test_threads);
	CU_add_test(s, "walks nest", test_nested);
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	unsigned failed = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failed != 0;
}
