/* SPDX-License-Identifier: MIT */
#include "dropfeed/ledger.h"

#include "../../src/ledger/ledger_postgres.h"
#include "../../src/ledger/ledger_postgres_sql.h"
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_D "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define SHA_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static char dir[100];
static struct df_err err;

static void path_in(char *out, size_t size, const char *name)
{
	snprintf(out, size, "%s/%s", dir, name);
}

/* SQLite's memory, which may be refused; its own limit works where it counts what it takes. */
static sqlite3_mem_methods memory;
static bool no_memory;

static void *scarce_malloc(int n)
{
	return no_memory ? NULL : memory.xMalloc(n);
}

static void *scarce_realloc(void *p, int n)
{
	return no_memory ? NULL : memory.xRealloc(p, n);
}

static int setup(void)
{
	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory) != SQLITE_OK)
		return 1;
	sqlite3_mem_methods scarce = memory;
	scarce.xMalloc = scarce_malloc;
	scarce.xRealloc = scarce_realloc;
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &scarce) != SQLITE_OK)
		return 1;
	return test_folder_make(dir, sizeof(dir));
}

static void wipe(void)
{
	static const char *const names[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm",
					    "ledger.session"};
	for (size_t i = 0; i < 4; i++) {
		char path[300];
		path_in(path, sizeof(path), names[i]);
		unlink(path);
	}
}

static int teardown(void)
{
	wipe();
	return rmdir(dir);
}

/* tests/with-postgres says where; else the ledger is SQLite's. */
static struct ledger_where where(void)
{
	return (struct ledger_where){.state_dir = dir, .url = getenv("DROPFEED_TEST_LEDGER")};
}

static bool in_sqlite(void)
{
	return where().url == NULL;
}

static void wipe_postgres(void)
{
	char *command = df_format("psql -X -q -d '%s' -c 'SET client_min_messages = error' "
				  "-c 'DROP SCHEMA public CASCADE' -c 'CREATE SCHEMA public'",
				  where().url);
	CU_ASSERT_EQUAL(system(command), 0);
	free(command);
}

static struct ledger *fresh(void)
{
	struct ledger *l = NULL;
	const struct ledger_where at = where();
	wipe();
	if (!in_sqlite())
		wipe_postgres();
	OK(ledger_open_at(&at, &l, &err));
	if (l == NULL)
		abort();
	return l;
}

/* The first test: once SQLite is in use it counts on. */
static void test_memory_uncounted(void)
{
	struct ledger *l = fresh();
	CU_ASSERT_EQUAL(sqlite3_memory_used(), 0);
	ledger_close(l);
}

#define SOURCE "sftp://u@h:22/in"

static enum df_status enter(struct ledger *l, const char *feed, const char *name, uint64_t size,
			    int64_t mtime, const char *sha, int64_t now_ms, int64_t *id)
{
	const char *dash = strrchr(name, '-');
	struct ledger_new_file f = {
	    .key = {feed, SOURCE, name, size, mtime}, .sha256 = sha, .now_ms = now_ms};
	f.event_type = dash != NULL ? dash + 1 : "";
	return ledger_file_add(l, &f, id, &err);
}

static enum df_status known(struct ledger *l, const char *feed, const char *name, uint64_t size,
			    int64_t mtime, struct ledger_file *f)
{
	return ledger_file_known(l, &(struct ledger_key){feed, SOURCE, name, size, mtime}, f, &err);
}

static enum df_status seen(struct ledger *l, const char *feed, uint64_t size, int64_t mtime,
			   int64_t now_ms, int64_t *first)
{
	return ledger_seen(l, &(struct ledger_key){feed, SOURCE, "a.csv", size, mtime}, now_ms,
			   first, &err);
}

static enum df_status begin(struct ledger *l, int64_t file, const char *name,
			    const char *event_type, const char *settings, const char *manifest,
			    int64_t now_ms, struct ledger_document *d)
{
	return ledger_document_begin(l,
				     &(struct ledger_new_document){file, name, event_type, settings,
								   manifest, NULL, "1", now_ms},
				     d, &err);
}

static enum df_status checked(struct ledger *l, int64_t id, uint64_t rows, uint64_t rejected)
{
	return ledger_document_checked(
	    l, id,
	    &(struct ledger_checked){.rows = rows, .rejected = rejected, .batches = 4, .events = 8},
	    &err);
}

static int64_t add_file(struct ledger *l, const char *name, const char *sha)
{
	int64_t id = 0;
	OK(enter(l, "orders", name, 100, 1700000000, sha, 5000, &id));
	return id;
}

/* Made anew under its name: its time is another one. */
static int64_t add_version(struct ledger *l, const char *name, const char *sha, int64_t version)
{
	int64_t id = 0;
	OK(enter(l, "orders", name, 100, 1700000000 + version, sha, 5000, &id));
	return id;
}

static int64_t add_document(struct ledger *l, int64_t file, const char *name)
{
	struct ledger_document d = {0};
	OK(begin(l, file, name, "custom_event", "lanes = 8\n", NULL, 6000, &d));
	int64_t id = d.id;
	ledger_document_free(&d);
	return id;
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

static void test_file_round_trip(void)
{
	const struct ledger_where at = where();
	static const char name[] = "it's \"größe\"; DROP TABLE file;--\xe2\x82\xac.csv";
	struct ledger *l = fresh();
	struct ledger_file f = {0};
	int64_t id = 0, second = 0;
	OK(enter(l, "orders", name, UINT64_C(5000000000), 1700000000, SHA_A, 1234567890123, &id));
	ledger_close(l);
	OK(ledger_open_at(&at, &l, &err));
	OK(known(l, "orders", name, UINT64_C(5000000000), 1700000000, &f));
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
	IS(known(l, "orders", name, 1, 1700000000, &f), DF_END);
	IS(known(l, "orders", name, UINT64_C(5000000000), 1, &f), DF_END);
	IS(known(l, "other", name, UINT64_C(5000000000), 1700000000, &f), DF_END);
	CU_ASSERT_STRING_EQUAL(err.text, ""); /* DF_END is not an error */
	if (!in_sqlite()) {                   /* two hosts may not both enter it */
		struct df_err why = {0};
		IS(enter(l, "orders", name, UINT64_C(5000000000), 1700000000, SHA_B, 2, &second),
		   DF_FATAL);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "file_once"));
		err = why;
		ledger_close(l);
		return;
	}
	/* the last one under the same name counts */
	OK(enter(l, "orders", name, UINT64_C(5000000000), 1700000000, SHA_B, 2, &second));
	OK(known(l, "orders", name, UINT64_C(5000000000), 1700000000, &f));
	CU_ASSERT_EQUAL(f.id, second);
	CU_ASSERT_STRING_EQUAL(f.sha256, SHA_B);
	ledger_file_free(&f);
	ledger_close(l);
}

/* Any bytes, and the characters that PostgreSQL's driver makes of them. */
static void test_names_of_bytes(void)
{
	static const char *const names[] = {
	    "caf\xe9-eventless.csv",
	    "\xff\xc0\xaf\xed\xa0\x80.csv",
	    "caf\xc3\xa9\xc3",
	    "\xf4\x8f\xba\x80 \xf4\x8f\xbb\xbf.csv",
	    "\xf4\x8f\xbc\x80\xf4\x8f.csv",
	    "\x80\xf4\x8f\xba\xa9\xe9 \xe2\x82\xac.csv",
	};
	struct ledger *l = fresh();
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct ledger_file f = {0};
		int64_t id = 0;
		OK(enter(l, "f", names[i], 1, 2, SHA_A, 3, &id));
		OK(known(l, "f", names[i], 1, 2, &f));
		CU_ASSERT_EQUAL(f.id, id);
		CU_ASSERT_STRING_EQUAL(f.name, names[i]);
		ledger_file_free(&f);
	}
	ledger_close(l);
}

static enum df_status same(struct ledger *l, const char *sha, const char *event_type,
			   int64_t before, struct ledger_file *f)
{
	return ledger_file_same(l, &(struct ledger_bytes){"orders", sha, event_type, before}, f,
				&err);
}

/* A document of the file, with one row that is delivered or rejected. */
static int64_t finish(struct ledger *l, int64_t file, const char *name, bool delivered)
{
	struct ledger_reject rejects[] = {{1, 2, 30, 10, "no", NULL}};
	int64_t id = add_document(l, file, name);
	OK(checked(l, id, 1, 0));
	OK(ledger_lanes_settled(
	    l, id, &(struct ledger_settled){0, 1, delivered, rejects, !delivered}, 1, &err));
	OK(ledger_document_state(l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
				 &err));
	return id;
}

static void test_same_bytes(void)
{
	struct ledger *l = fresh();
	struct ledger_file f = {0};
	const struct ledger_outcome refused = {
	    .state = LEDGER_REFUSED, .code = "malformed-csv", .text = "line 3", .now_ms = 7000};
	const struct ledger_outcome done = {
	    .state = LEDGER_DONE, .cleanup_due = true, .now_ms = 8000};
	int64_t id = add_file(l, "a.csv", SHA_A);
	OK(same(l, SHA_A, "", 0, &f)); /* still open: it goes first */
	CU_ASSERT_EQUAL(f.closed_ms, 0);
	ledger_file_free(&f);
	IS(same(l, SHA_A, "", id, &f), DF_END); /* it is not before itself */
	OK(ledger_file_state(l, id, &refused, &err));
	IS(same(l, SHA_A, "", 0, &f), DF_END); /* refused: may be tried again */

	int64_t none = add_file(l, "none.csv", SHA_A);
	finish(l, none, NULL, false);
	OK(ledger_file_state(l, none, &done, &err));
	IS(same(l, SHA_A, "", 0, &f), DF_END); /* no row of it was delivered */
	int64_t again = add_file(l, "b.csv", SHA_A);
	finish(l, again, NULL, true);
	OK(ledger_file_state(l, again, &done, &err));
	/* open, and entered later, but one that is done goes before it */
	add_file(l, "c.csv", SHA_A);
	OK(same(l, SHA_A, "", 0, &f));
	CU_ASSERT_EQUAL(f.id, again);
	CU_ASSERT_EQUAL(f.closed_ms, 8000);
	CU_ASSERT_TRUE(f.cleanup_due);
	ledger_file_free(&f);
	IS(same(l, SHA_B, "", 0, &f), DF_END);
	IS(ledger_file_same(l, &(struct ledger_bytes){"other", SHA_A, "", 0}, &f, &err), DF_END);

	/* other names may make other things of the same bytes, and a part of a name is not its
	 * event type */
	int64_t start = add_file(l, "x-session_end.csv-session_start", SHA_B),
		end = add_file(l, "x-session_end", SHA_B);
	OK(same(l, SHA_B, "session_start", end, &f));
	CU_ASSERT_EQUAL(f.id, start);
	ledger_file_free(&f);
	IS(same(l, SHA_B, "session_end", end, &f), DF_END);
	IS(ledger_file_state(l, 999, &done, &err), DF_FATAL);
	IS(ledger_file_cleaned(l, 999, NULL, &err), DF_FATAL);
	ledger_close(l);
}

/* The number among files of the same bytes is drawn once, whatever comes later. */
static void test_copies(void)
{
	const struct ledger_where at = where();
	struct ledger *l = fresh();
	uint64_t n = 9;
	int64_t first = add_file(l, "x-a", SHA_A), second = add_file(l, "y-a", SHA_A),
		other = add_file(l, "x-b", SHA_A);
	OK(ledger_file_copy(l, second, false, &n, &err));
	CU_ASSERT_EQUAL(n, 0); /* whoever draws first is the first */
	OK(ledger_file_copy(l, other, false, &n, &err));
	CU_ASSERT_EQUAL(n, 1); /* another event type: other rows */
	OK(ledger_file_copy(l, first, true, &n, &err));
	CU_ASSERT_EQUAL(n, 2); /* duplicates = import: they count again */
	OK(ledger_file_copy(l, first, false, &n, &err));
	CU_ASSERT_EQUAL(n, 2);
	int64_t third = add_file(l, "z-a", SHA_A);
	OK(ledger_file_copy(l, third, false, &n, &err));
	CU_ASSERT_EQUAL(n, 0); /* the ids of the one before it: what it has the API ignores */
	ledger_close(l);
	OK(ledger_open_at(&at, &l, &err));
	OK(ledger_file_copy(l, first, false, &n, &err));
	CU_ASSERT_EQUAL(n, 2);
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

static enum df_status done_before(struct ledger *l, int64_t file, const char *name,
				  const char *event_type, const char *content,
				  struct ledger_file *f)
{
	const struct ledger_new_document d = {
	    .file_id = file, .name = name, .event_type = event_type, .content = content};
	return ledger_document_done_before(l, &d, f, &err);
}

/* A document that is done is found when its archive comes again. */
static void test_done_before(void)
{
	struct ledger *l = fresh();
	struct ledger_file f = {0};
	int64_t zip = add_file(l, "a.zip", SHA_A), later = add_file(l, "b.zip", SHA_A);
	finish(l, zip, "a.csv", true);
	finish(l, zip, "b.csv", false);
	OK(done_before(l, later, "a.csv", "custom_event", NULL, &f));
	CU_ASSERT_EQUAL(f.id, zip);
	ledger_file_free(&f);
	IS(done_before(l, later, "a.csv", "screen_view", NULL, &f), DF_END);
	IS(done_before(l, later, "b.csv", "custom_event", NULL, &f), DF_END);
	/* not by itself */
	IS(done_before(l, zip, "a.csv", "custom_event", NULL, &f), DF_END);
	ledger_close(l);
}

/* Entered with what it holds; delivered or not. */
static void finish_content(struct ledger *l, int64_t file, const char *content, bool delivered)
{
	const struct ledger_new_document new = {.file_id = file,
						.name = "a.csv",
						.event_type = "custom_event",
						.settings = "x",
						.version = "1",
						.now_ms = 5,
						.content = content};
	struct ledger_document d = {0};
	OK(ledger_document_begin(l, &new, &d, &err));
	ledger_document_free(&d);
	finish(l, file, "a.csv", delivered);
}

/* So it is when the archive was made anew, under its name, unless others came in between. */
static void test_same_content(void)
{
	struct ledger *l = fresh();
	struct ledger_file f = {0};
	int64_t first = add_file(l, "a.zip", SHA_A), again = add_version(l, "a.zip", SHA_B, 1);
	int64_t other = add_file(l, "b.zip", SHA_C);
	finish_content(l, first, "c1", true);
	OK(done_before(l, again, "a.csv", "custom_event", "c1", &f));
	CU_ASSERT_EQUAL(f.id, first);
	ledger_file_free(&f);
	IS(done_before(l, again, "a.csv", "custom_event", "c2", &f), DF_END);
	IS(done_before(l, again, "a.csv", "custom_event", NULL, &f), DF_END);
	IS(done_before(l, again, "a.csv", "screen_view", "c1", &f), DF_END);
	IS(done_before(l, again, "b.csv", "custom_event", "c1", &f), DF_END);
	IS(done_before(l, other, "a.csv", "custom_event", "c1", &f), DF_END);

	finish_content(l, again, "c2", true);
	int64_t third = add_version(l, "a.zip", SHA_C, 2);
	IS(done_before(l, third, "a.csv", "custom_event", "c1", &f), DF_END);
	finish_content(l, third, "c3", false); /* nothing of it was delivered */
	int64_t fourth = add_version(l, "a.zip", SHA_D, 3);
	OK(done_before(l, fourth, "a.csv", "custom_event", "c2", &f));
	CU_ASSERT_EQUAL(f.id, again);
	ledger_file_free(&f);
	ledger_close(l);
}

/* What was taken keeps its settings; before that, the latest count. */
static void test_taken(void)
{
	struct ledger *l = fresh();
	struct ledger_document d = {0};
	const struct ledger_taking taking = {2, "0.2.0", "t1", "lanes = 2\n", "{\"m\":1}", NULL, 7};
	int64_t file = add_file(l, "a.csv", SHA_A);
	OK(begin(l, file, NULL, "custom_event", "lanes = 8\n", NULL, 5, &d));
	CU_ASSERT_FALSE(d.taken);
	ledger_document_free(&d);
	OK(begin(l, file, NULL, "custom_event", "lanes = 2\n", "{\"m\":1}", 6, &d));
	CU_ASSERT_STRING_EQUAL(d.settings, "lanes = 2\n");
	CU_ASSERT_STRING_EQUAL(d.manifest, "{\"m\":1}");
	CU_ASSERT_EQUAL(d.begun_ms, 5);
	int64_t id = d.id;
	ledger_document_free(&d);
	OK(checked(l, id, 1, 0));
	OK(ledger_document_taken(l, id, &taking, &err));
	OK(begin(l, file, NULL, "custom_event", "lanes = 8\n", NULL, 9, &d));
	CU_ASSERT_TRUE(d.taken);
	CU_ASSERT_TRUE(d.batch_format == 2 && d.sent_ms == 7);
	CU_ASSERT_STRING_EQUAL(d.settings, "lanes = 2\n");
	CU_ASSERT_STRING_EQUAL(d.manifest, "{\"m\":1}");
	CU_ASSERT_STRING_EQUAL(d.version, "0.2.0");
	CU_ASSERT_STRING_EQUAL(d.target, "t1");
	ledger_document_free(&d);
	OK(ledger_document_resumed(l, id, "t2", 20, &err));
	OK(ledger_document_known(l, file, NULL, &d, &err));
	CU_ASSERT_STRING_EQUAL(d.target, "t2");
	CU_ASSERT_EQUAL(d.sent_ms, 20);
	ledger_document_free(&d);
	ledger_close(l);
}

static enum df_status keep_skip(void *ctx, const struct ledger_skipped *s, struct df_err *e)
{
	(void)e;
	struct df_buf *out = ctx;
	df_buf_addf(out, "%s (%s)%s;", s->name, s->why, s->csv ? " csv" : "");
	return DF_OK;
}

static void test_file_notes(void)
{
	struct ledger *l = fresh();
	struct ledger_file f = {0};
	struct df_buf text = {0};
	const struct ledger_skipped first[] = {{"x/a.csv", "in a sub-folder", true},
					       {"b.txt", "not CSV", false}};
	int64_t id = add_file(l, "a.zip", SHA_A);
	OK(ledger_file_skips(l, id, first, 2, &err));
	OK(ledger_file_skips(l, id, first, 1, &err)); /* once more, as after a crash */
	OK(ledger_skips(l, id, keep_skip, &text, &err));
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&text), "x/a.csv (in a sub-folder) csv;");
	df_buf_free(&text);
	OK(ledger_file_tried(l, id, 0, &err));
	OK(ledger_file_tried(l, id, 1, &err));
	OK(ledger_file_tried(l, id, 1, &err));
	OK(known(l, "orders", "a.zip", 100, 1700000000, &f));
	CU_ASSERT_TRUE(f.attempts == 3 && f.idle == 2);
	ledger_file_free(&f);
	OK(ledger_file_tried(l, id, 0, &err));
	OK(known(l, "orders", "a.zip", 100, 1700000000, &f));
	CU_ASSERT_TRUE(f.attempts == 4 && f.idle == 0);
	ledger_file_free(&f);
	/* the same file from another server is another one */
	const struct ledger_key elsewhere = {"orders", "sftp://u@other:22/in", "a.zip", 100,
					     1700000000};
	/* it is not through: the server has another address now */
	const struct ledger_key keys[] = {elsewhere, {elsewhere.feed, SOURCE, "none.csv", 1, 1}};
	enum ledger_state states[2] = {LEDGER_DONE, LEDGER_DONE};
	OK(ledger_file_known(l, &elsewhere, &f, &err));
	OK(ledger_files_known(l, keys, 2, states, &err));
	CU_ASSERT(states[0] == f.state && states[0] != 0 && states[1] == 0);
	ledger_file_free(&f);
	OK(ledger_file_state(l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
			     &err));
	IS(ledger_file_known(l, &elsewhere, &f, &err), DF_END);
	OK(ledger_files_known(l, keys, 1, states, &err));
	CU_ASSERT_EQUAL(states[0], 0);
	ledger_close(l);
}

/* The state folder may be moved: what lies in it is found where it is now. */
static void test_moved(void)
{
	if (!in_sqlite())
		return;
	struct ledger *l = fresh();
	struct ledger_file f = {0};
	struct ledger_document d = {0};
	char place[300], rejects[300], moved[300], path[400];
	path_in(place, sizeof(place), "spool/orders/x.drop");
	path_in(rejects, sizeof(rejects), "rejects/orders/a.csv");
	struct ledger_new_file new = {
	    .key = {"orders", SOURCE, "a.csv", 1, 2}, .sha256 = SHA_A, .event_type = ""};
	int64_t file = 0;
	new.place = place;
	OK(ledger_file_add(l, &new, &file, &err));
	int64_t id = add_document(l, file, NULL);
	OK(checked(l, id, 0, 0));
	OK(ledger_document_state(
	    l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .text = rejects, .now_ms = 1},
	    &err));
	OK(known(l, "orders", "a.csv", 1, 2, &f));
	CU_ASSERT_STRING_EQUAL(f.place, place);
	ledger_file_free(&f);
	ledger_close(l);

	snprintf(moved, sizeof(moved), "%s-moved", dir);
	CU_ASSERT_EQUAL_FATAL(rename(dir, moved), 0);
	OK(ledger_open(moved, &l, &err));
	OK(known(l, "orders", "a.csv", 1, 2, &f));
	snprintf(path, sizeof(path), "%s/spool/orders/x.drop", moved);
	CU_ASSERT_STRING_EQUAL(f.place, path);
	ledger_file_free(&f);
	OK(ledger_document_known(l, file, NULL, &d, &err));
	snprintf(path, sizeof(path), "%s/rejects/orders/a.csv", moved);
	CU_ASSERT_STRING_EQUAL(d.text, path);
	ledger_document_free(&d);
	ledger_close(l);
	CU_ASSERT_EQUAL_FATAL(rename(moved, dir), 0);
}

struct pulls_seen {
	size_t n;
	char arrival[160], name[32];
};

static enum df_status on_pull(void *ctx, const struct ledger_pull *p, struct df_err *e)
{
	struct pulls_seen *seen_pulls = ctx;
	(void)e;
	CU_ASSERT_STRING_EQUAL(p->key.source, SOURCE);
	CU_ASSERT_STRING_EQUAL(p->key.feed, "orders");
	if (seen_pulls->n++ == 0) {
		snprintf(seen_pulls->arrival, sizeof(seen_pulls->arrival), "%s", p->arrival);
		snprintf(seen_pulls->name, sizeof(seen_pulls->name), "%s", p->key.name);
	}
	return DF_OK;
}

static void test_pulls(void)
{
	struct ledger *l = fresh();
	struct pulls_seen found = {0};
	char first[128], second[128];
	int64_t id = 0;
	path_in(first, sizeof(first), "spool/orders/1.drop");
	path_in(second, sizeof(second), "spool/orders/2.drop");
	const struct ledger_pull pulls[] = {{{"orders", SOURCE, "new.csv", 5, 20}, first},
					    {{"orders", SOURCE, "old.csv", 5, 10}, second}};

	OK(ledger_pulls_begin(l, pulls, 2, &err));
	OK(ledger_pulls_begin(l, pulls, 2, &err)); /* by the next run */
	OK(ledger_pulls(l, "orders", on_pull, &found, &err));
	CU_ASSERT_EQUAL(found.n, 2);
	CU_ASSERT_STRING_EQUAL(found.name, "old.csv");
	CU_ASSERT_STRING_EQUAL(found.arrival, second); /* the whole path */

	struct ledger_new_file new = {
	    .key = pulls[1].key, .sha256 = SHA_A, .event_type = "", .arrival = second};
	OK(ledger_file_add(l, &new, &id, &err));
	found = (struct pulls_seen){0};
	OK(ledger_pulls(l, "orders", on_pull, &found, &err));
	CU_ASSERT_EQUAL(found.n, 1);
	CU_ASSERT_STRING_EQUAL(found.name, "new.csv");

	OK(ledger_pull_end(l, "orders", first, &err));
	found = (struct pulls_seen){0};
	OK(ledger_pulls(l, "orders", on_pull, &found, &err));
	CU_ASSERT_EQUAL(found.n, 0);
	ledger_close(l);
}

static enum df_status count_closed(void *ctx, const struct ledger_document *d, struct df_err *e)
{
	(void)e;
	if (d->state == LEDGER_REFUSED && d->code != NULL && strcmp(d->code, "lost-bytes") == 0)
		(*(unsigned *)ctx)++;
	return DF_OK;
}

static void test_redropped(void)
{
	struct ledger *l = fresh();
	const uint64_t marks[] = {1, UINT64_MAX, 1};
	bool known = true;
	OK(ledger_redropped(l, "f", 1, &known, &err));
	CU_ASSERT_FALSE(known);
	OK(ledger_redropped_add(l, "f", marks, 3, &err));
	OK(ledger_redropped_add(l, "f", marks, 2, &err));
	OK(ledger_redropped(l, "f", UINT64_MAX, &known, &err));
	CU_ASSERT_TRUE(known);
	OK(ledger_redropped(l, "f", 2, &known, &err));
	CU_ASSERT_FALSE(known);
	OK(ledger_redropped(l, "g", 1, &known, &err));
	CU_ASSERT_FALSE(known);
	ledger_close(l);
}

static void test_lost(void)
{
	struct ledger *l = fresh();
	struct ledger_document d = {0};
	struct ledger_file f = {0};
	int64_t file = 0;
	unsigned closed = 0;
	const struct ledger_outcome lost = {
	    .state = LEDGER_REFUSED, .code = "lost-bytes", .text = "gone", .now_ms = 9};
	OK(enter(l, "orders", "a.zip", 1, 2, SHA_A, 3, &file));
	for (int i = 0; i < 3; i++) {
		char name[] = {(char)('x' + i), '\0'};
		OK(begin(l, file, name, "eventless", "s", NULL, 4, &d));
		OK(checked(l, d.id, 10, i == 0 ? 10 : 0));
		if (i == 0)
			OK(ledger_document_state(
			    l, d.id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 5},
			    &err));
		ledger_document_free(&d);
	}
	OK(ledger_file_lost(l, file, &lost, &err));
	OK(ledger_documents(l, file, count_closed, &closed, &err));
	CU_ASSERT_EQUAL(closed, 2); /* what was done stays done */
	OK(known(l, "orders", "a.zip", 1, 2, &f));
	CU_ASSERT_EQUAL(f.state, LEDGER_REFUSED);
	CU_ASSERT_STRING_EQUAL(f.code, "lost-bytes");
	ledger_file_free(&f);
	ledger_close(l);
}

static void test_seen(void)
{
	const struct ledger_where at = where();
	struct ledger *l = fresh();
	int64_t first = 0;
	OK(seen(l, "f", 10, 1, 1000, &first));
	CU_ASSERT_EQUAL(first, 1000);
	OK(seen(l, "f", 10, 1, 2000, &first));
	CU_ASSERT_EQUAL(first, 1000);
	OK(seen(l, "f", 11, 1, 3000, &first)); /* it grew */
	CU_ASSERT_EQUAL(first, 3000);
	OK(seen(l, "f", 11, 2, 4000, &first)); /* it was touched */
	CU_ASSERT_EQUAL(first, 4000);
	OK(seen(l, "g", 11, 2, 4500, &first)); /* another feed */
	CU_ASSERT_EQUAL(first, 4500);
	OK(seen(l, "f", 11, 2, 3500, &first)); /* the clock was set back */
	CU_ASSERT_EQUAL(first, 3500);
	ledger_close(l);
	OK(ledger_open_at(&at, &l, &err));
	OK(seen(l, "f", 11, 2, 9000, &first)); /* the next run */
	CU_ASSERT_EQUAL(first, 3500);
	OK(ledger_seen_forget(l, "f", 9000, &err)); /* listed at 9000: stays */
	OK(seen(l, "f", 11, 2, 9500, &first));
	CU_ASSERT_EQUAL(first, 3500);
	OK(ledger_seen_forget(l, "f", 9501, &err));
	OK(seen(l, "f", 11, 2, 9900, &first));
	CU_ASSERT_EQUAL(first, 9900);
	OK(seen(l, "g", 11, 2, 9999, &first)); /* other feeds were not forgotten */
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
	OK(ledger_file_state(
	    l, a, &(struct ledger_outcome){.state = LEDGER_DONE, .cleanup_due = true, .now_ms = 1},
	    &err));
	OK(ledger_file_state(
	    l, b,
	    &(struct ledger_outcome){
		.state = LEDGER_REFUSED, .code = "empty-file", .text = "it is empty", .now_ms = 1},
	    &err));
	/* a is done, but still lies on the source */
	CU_ASSERT_EQUAL(count_files(l, NULL, true), 1);
	CU_ASSERT_EQUAL(count_files(l, "orders", true), 1);
	CU_ASSERT_EQUAL(count_files(l, "other", true), 0);
	CU_ASSERT_EQUAL(count_files(l, "orders", false), 2);
	OK(ledger_file_cleaned(l, a, NULL, &err));
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
	OK(begin(l, file, "x.csv", "custom_event", "lanes = 8\n", "{\"a\":1}", 6000, &d));
	id = d.id;
	CU_ASSERT_EQUAL(d.state, LEDGER_PULLED);
	ledger_document_free(&d);
	/* the next run has other settings: nothing of it was taken, so they count */
	OK(begin(l, file, "x.csv", "screen_view", "lanes = 1\n", NULL, 9000, &d));
	CU_ASSERT_EQUAL(d.id, id);
	CU_ASSERT_EQUAL(d.begun_ms, 6000);
	CU_ASSERT_STRING_EQUAL(d.name, "x.csv");
	CU_ASSERT_STRING_EQUAL(d.event_type, "screen_view");
	CU_ASSERT_STRING_EQUAL(d.settings, "lanes = 1\n");
	CU_ASSERT_PTR_NULL(d.manifest);
	ledger_document_free(&d);
	CU_ASSERT_NOT_EQUAL(add_document(l, file, "y.csv"), id);
	/* without a name there is one per file */
	int64_t plain = add_file(l, "b.csv", SHA_B);
	CU_ASSERT_EQUAL(add_document(l, plain, NULL), add_document(l, plain, NULL));
	/* a document belongs to a file */
	IS(begin(l, 999, NULL, "custom_event", "", NULL, 1, &d), DF_FATAL);
	ledger_close(l);
}

static enum df_status keep_reject(void *ctx, const struct ledger_reject *r, struct df_err *e)
{
	struct df_buf *out = ctx;
	(void)e;
	df_buf_addf(out, "%d/%d/%d/%d/%s/%s;", (int)r->row, (int)r->line, (int)r->offset,
		    (int)r->length, r->message, r->code);
	return DF_OK;
}

static enum df_status keep_document(void *ctx, const struct ledger_document *d, struct df_err *e)
{
	struct df_buf *out = ctx;
	(void)e;
	df_buf_addf(out, "%s %d=%d+%d;", ledger_state_name(d->state), (int)d->rows,
		    (int)d->delivered, (int)d->rejected);
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
	IS(ledger_document_state(
	       l, id, &(struct ledger_outcome){.state = LEDGER_SENDING, .now_ms = 1}, &err),
	   DF_FATAL); /* never checked */
	IS(ledger_document_state(l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
				 &err),
	   DF_FATAL);
	OK(checked(l, id, 10, 2));
	expect_document(l, file, "checked 10=0+2;");
	OK(ledger_document_state(
	    l, id, &(struct ledger_outcome){.state = LEDGER_SENDING, .now_ms = 1}, &err));
	struct ledger_reject rejects[] = {{7, 8, 70, 10, "it's \"bad\"", NULL},
					  {3, 4, 30, 10, "€", "api-unavailable"}};
	OK(ledger_lanes_settled(l, id, &(struct ledger_settled){0, 1, 5, NULL, 0}, 1, &err));
	OK(ledger_lanes_settled(l, id, &(struct ledger_settled){1, 2, 0, rejects, 2}, 1, &err));
	IS(ledger_document_state(l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
				 &err),
	   DF_FATAL); /* 10 != 5 + 4 */
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "does not balance"));
	expect_document(l, file, "sending 10=5+4;");
	/* the next run checks it again: what the API rejected is not forgotten */
	OK(checked(l, id, 10, 2));
	expect_document(l, file, "checked 10=5+4;");
	OK(ledger_document_state(
	    l, id, &(struct ledger_outcome){.state = LEDGER_SENDING, .now_ms = 1}, &err));
	OK(ledger_lanes_settled(
	    l, id, &(struct ledger_settled){.done = 2, .rows_delivered = 1, .was = 1}, 1, &err));
	OK(ledger_document_state(
	    l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 99}, &err));
	expect_document(l, file, "done 10=6+4;");
	struct df_buf got = {0};
	OK(ledger_rejects(l, id, 0, keep_reject, &got, &err));
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&got),
			       "3/4/30/10/€/api-unavailable;7/8/70/10/it's \"bad\"/api-rejected;");
	df_buf_free(&got);
	/* what is done stays done */
	IS(ledger_document_state(
	       l, id,
	       &(struct ledger_outcome){
		   .state = LEDGER_REFUSED, .code = "x", .text = "y", .now_ms = 1},
	       &err),
	   DF_FATAL);
	IS(checked(l, id, 1, 0), DF_FATAL);
	IS(ledger_lanes_settled(l, id, &(struct ledger_settled){0, 3, 1, NULL, 0}, 1, &err),
	   DF_FATAL);
	expect_document(l, file, "done 10=6+4;");
	IS(ledger_document_state(
	       l, 999,
	       &(struct ledger_outcome){
		   .state = LEDGER_REFUSED, .code = "x", .text = "y", .now_ms = 1},
	       &err),
	   DF_FATAL);
	ledger_close(l);
}

static size_t again_rows(struct ledger *l, int64_t id)
{
	struct ledger_again_rows rows = {0};
	OK(ledger_again(l, id, false, &rows, &err));
	size_t n = rows.n;
	ledger_again_rows_free(&rows);
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
	OK(checked(l, done, 10, 2));
	OK(ledger_lanes_settled(l, done, &(struct ledger_settled){0, 3, 5, rejects, 3}, 1, &err));
	OK(ledger_document_state(
	    l, done,
	    &(struct ledger_outcome){.state = LEDGER_DONE, .text = "/rejects/one.csv", .now_ms = 1},
	    &err));
	OK(ledger_document_state(
	    l, refused,
	    &(struct ledger_outcome){
		.state = LEDGER_REFUSED, .code = "unknown-column", .text = "x", .now_ms = 1},
	    &err));
	OK(ledger_document_state(
	    l, other,
	    &(struct ledger_outcome){
		.state = LEDGER_REFUSED, .code = "unknown-column", .text = "x", .now_ms = 1},
	    &err));
	IS(ledger_reopen(l, file, both, 2, &err), DF_FATAL); /* the file is not closed */
	OK(ledger_file_state(l, file,
			     &(struct ledger_outcome){.state = LEDGER_REFUSED,
						      .code = "unknown-column",
						      .text = "x",
						      .cleanup_due = true,
						      .now_ms = 2},
			     &err));
	CU_ASSERT_EQUAL(again_rows(l, done), 0);
	const struct ledger_facts facts = {"first", "last", 7, 6}, none = {0};
	OK(ledger_document_facts(l, done, &facts, &err));
	OK(ledger_reopen(l, file, both, 2, &err));
	/* one is sent again in part, one forgotten, one stays as it was */
	expect_document(l, file, "sending 10=5+5;refused 0=0+0;");
	CU_ASSERT_EQUAL(again_rows(l, done), 3);
	uint64_t delivered[] = {3, 8};
	rejects[1].code = "api-unavailable"; /* the second time for another reason */
	OK(ledger_again_settled(l, done, &(struct ledger_again){delivered, 1, &rejects[1], 1},
				&err));
	expect_document(l, file, "sending 10=6+4;refused 0=0+0;");
	CU_ASSERT_EQUAL(again_rows(l, done), 1);
	struct df_buf codes = {0};
	OK(ledger_rejects(l, done, 0, keep_reject, &codes, &err));
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&codes),
			       "7/8/70/10/no/api-unavailable;8/9/80/10/no/api-rejected;");
	df_buf_free(&codes);
	/* what is settled is not settled twice, and a step that fails leaves nothing */
	IS(ledger_again_settled(l, done, &(struct ledger_again){delivered, 1, NULL, 0}, &err),
	   DF_FATAL);
	IS(ledger_again_settled(l, done, &(struct ledger_again){NULL, 0, &rejects[1], 1}, &err),
	   DF_FATAL);
	uint64_t second[] = {8, 3};
	IS(ledger_again_settled(l, done, &(struct ledger_again){second, 2, NULL, 0}, &err),
	   DF_FATAL);
	expect_document(l, file, "sending 10=6+4;refused 0=0+0;");
	OK(ledger_again_settled(l, done, &(struct ledger_again){&delivered[1], 1, NULL, 0}, &err));
	/* the batches are what they were */
	struct ledger_document now = {0};
	OK(ledger_document_facts(l, done, &none, &err));
	OK(ledger_document_known(l, file, "one", &now, &err));
	CU_ASSERT_FATAL(now.first_batch != NULL && now.last_batch != NULL);
	CU_ASSERT(now.batches == 7 && now.events == 6);
	CU_ASSERT_STRING_EQUAL(now.first_batch, "first");
	CU_ASSERT_STRING_EQUAL(now.last_batch, "last");
	ledger_document_free(&now);
	OK(ledger_document_state(
	    l, done,
	    &(struct ledger_outcome){.state = LEDGER_DONE, .text = "/rejects/one.csv", .now_ms = 3},
	    &err));
	expect_document(l, file, "done 10=7+3;refused 0=0+0;");
	IS(ledger_again_settled(l, done, &(struct ledger_again){&delivered[1], 1, NULL, 0}, &err),
	   DF_FATAL);
	/* its document, not another file's */
	OK(ledger_file_state(l, file,
			     &(struct ledger_outcome){.state = LEDGER_REFUSED,
						      .code = "unknown-column",
						      .text = "x",
						      .cleanup_due = true,
						      .now_ms = 4},
			     &err));
	int64_t elsewhere = add_file(l, "b.zip", SHA_B);
	OK(ledger_file_state(l, elsewhere,
			     &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 4}, &err));
	IS(ledger_reopen(l, elsewhere, both, 1, &err), DF_FATAL);
	expect_document(l, file, "done 10=7+3;refused 0=0+0;");
	ledger_close(l);
}

static size_t unknown_rows(struct ledger *l, int64_t id)
{
	struct ledger_again_rows rows = {0};
	OK(ledger_again(l, id, true, &rows, &err));
	size_t n = rows.n;
	ledger_again_rows_free(&rows);
	return n;
}

/* Of a row that was taken in part the rest is kept, whatever comes of it; that of an earlier
 * version, which did not note it, is not sent again. */
static void test_rest(void)
{
	struct ledger *l = fresh();
	int64_t file = add_file(l, "a.csv", SHA_A), id = add_document(l, file, NULL);
	struct ledger_reject rejects[] = {{3, 4, 30, 10, "no", NULL, .partly = true, .rest = "0,2"},
					  {7, 8, 70, 10, "no", NULL, .partly = true},
					  {8, 9, 80, 10, "no", NULL}};
	struct ledger_reject again = {3, 4, 30, 10, "no", NULL, .rest = "2"};
	struct ledger_reopen reopen = {.document = id};
	const struct ledger_outcome done = {.state = LEDGER_DONE, .now_ms = 1};
	struct ledger_again_rows rows = {0};
	OK(checked(l, id, 10, 0));
	OK(ledger_lanes_settled(l, id, &(struct ledger_settled){0, 2, 7, rejects, 3}, 1, &err));
	for (int i = 0; i < 2; i++) {
		OK(ledger_document_state(l, id, &done, &err));
		OK(ledger_file_state(l, file, &done, &err));
		OK(ledger_reopen(l, file, &reopen, 1, &err));
		OK(ledger_again(l, id, false, &rows, &err));
		CU_ASSERT_EQUAL_FATAL(rows.n, 2);
		CU_ASSERT(rows.v[0].row == 3 && rows.v[1].row == 8);
		TEXT_IS(rows.v[0].rest, i == 0 ? "0,2" : "2");
		TEXT_IS(rows.v[1].rest, "");
		ledger_again_rows_free(&rows);
		OK(ledger_again_settled(l, id, &(struct ledger_again){NULL, 0, &again, 1}, &err));
	}
	ledger_close(l);
}

/* What must not be sent twice: batches of a lane, and rows that are sent again. */
static void test_sending(void)
{
	struct ledger *l = fresh();
	int64_t file = add_file(l, "a.csv", SHA_A), id = add_document(l, file, NULL);
	struct ledger_reject rejects[] = {{3, 4, 30, 10, "no", NULL},
					  {7, 8, 70, 10, "lost", "delivery-unknown"},
					  {8, 9, 80, 10, "no", NULL, .partly = true}};
	struct ledger_reopen again = {.document = id};
	uint64_t upto[2] = {9, 9}, rows[] = {3, 7};
	OK(checked(l, id, 10, 0));
	OK(ledger_lanes_sent(l, id, upto, 2, &err));
	CU_ASSERT(upto[0] == 0 && upto[1] == 0);
	OK(ledger_lane_sending(l, id, &(struct ledger_sending){1, 5, true}, &err));
	OK(ledger_lanes_sent(l, id, upto, 2, &err));
	CU_ASSERT(upto[0] == 0 && upto[1] == 5);
	OK(ledger_lane_sending(l, id, &(struct ledger_sending){1, 2, false}, &err)); /* came back */
	OK(ledger_lanes_settled(l, id, &(struct ledger_settled){1, 2, 7, rejects, 3}, 1, &err));
	OK(ledger_lanes_sent(l, id, upto, 2, &err));
	CU_ASSERT(upto[0] == 0 && upto[1] == 2);

	OK(ledger_document_state(l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
				 &err));
	OK(ledger_file_state(l, file, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
			     &err));
	OK(ledger_reopen(l, file, &again, 1, &err));
	/* neither what may have arrived, nor what arrived in part */
	CU_ASSERT(again_rows(l, id) == 1 && unknown_rows(l, id) == 0);
	OK(ledger_again_sending(l, id, rows, 1, false, &err));
	OK(ledger_again_sending(l, id, rows, 1, true, &err));
	OK(ledger_again_doubt(l, id, "lost", &err));
	CU_ASSERT_EQUAL(again_rows(l, id), 1); /* it came back */
	OK(ledger_again_sending(l, id, rows, 1, false, &err));
	OK(ledger_again_doubt(l, id, "lost", &err));
	CU_ASSERT_EQUAL(again_rows(l, id), 0);
	struct df_buf codes = {0};
	OK(ledger_rejects(l, id, 0, keep_reject, &codes, &err));
	TEXT_IS(df_buf_cstr(&codes), "3/4/30/10/lost/delivery-unknown;7/8/70/10/lost/"
				     "delivery-unknown;8/9/80/10/no/api-rejected;");
	df_buf_free(&codes);

	OK(ledger_document_state(l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 2},
				 &err));
	OK(ledger_file_state(l, file, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 2},
			     &err));
	again.unknown = true;
	OK(ledger_reopen(l, file, &again, 1, &err));
	CU_ASSERT(again_rows(l, id) == 0 && unknown_rows(l, id) == 2);
	OK(ledger_again_settled(l, id, &(struct ledger_again){rows, 2, NULL, 0}, &err));
	expect_document(l, file, "sending 10=9+1;");
	ledger_close(l);
}

static void test_lanes(void)
{
	struct ledger *l = fresh();
	int64_t file = add_file(l, "a.csv", SHA_A), id = add_document(l, file, NULL);
	uint64_t done[4] = {9, 9, 9, 9};
	struct ledger_reject bad = {5, 6, 50, 10, "no", NULL};
	OK(checked(l, id, 10, 0));
	OK(ledger_lanes(l, id, done, 4, &err));
	CU_ASSERT(done[0] == 0 && done[1] == 0 && done[2] == 0 && done[3] == 0);
	IS(ledger_lanes_settled(l, id, &(struct ledger_settled){2, 0, 1, NULL, 0}, 1, &err),
	   DF_FATAL); /* nothing was done */
	OK(ledger_lanes_settled(l, id, &(struct ledger_settled){2, 3, 3, NULL, 0}, 1, &err));
	/* the same step again, or an earlier one, is a bug: nothing of it is kept */
	IS(ledger_lanes_settled(l, id, &(struct ledger_settled){2, 3, 3, &bad, 1}, 1, &err),
	   DF_FATAL);
	IS(ledger_lanes_settled(l, id, &(struct ledger_settled){2, 2, 3, NULL, 0}, 1, &err),
	   DF_FATAL);
	OK(ledger_lanes_settled(
	    l, id,
	    &(struct ledger_settled){
		.lane = 2, .done = 4, .rejects = &bad, .n_rejects = 1, .was = 3},
	    1, &err));
	/* not from where it is */
	for (uint64_t was = 0; was < 4; was += 3)
		IS(ledger_lanes_settled(l, id,
					&(struct ledger_settled){
					    .lane = 2, .done = 5, .rows_delivered = 1, .was = was},
					1, &err),
		   DF_FATAL);
	/* a row is rejected once: the lane does not move either */
	IS(ledger_lanes_settled(l, id, &(struct ledger_settled){3, 1, 1, &bad, 1}, 1, &err),
	   DF_FATAL);
	IS(ledger_lanes_settled(l, 999, &(struct ledger_settled){0, 1, 1, NULL, 0}, 1, &err),
	   DF_FATAL);
	/* of several steps all are kept, or none */
	const struct ledger_settled wrong[] = {{0, 1, 1, NULL, 0}, {2, 4, 1, NULL, 0}},
				    right[] = {{.done = 1}, {.lane = 2, .done = 5, .was = 4}};
	IS(ledger_lanes_settled(l, id, wrong, 2, &err), DF_FATAL);
	OK(ledger_lanes(l, id, done, 4, &err));
	CU_ASSERT(done[0] == 0 && done[1] == 0 && done[2] == 4 && done[3] == 0);
	OK(ledger_lanes_settled(l, id, right, 2, &err));
	OK(ledger_lanes(l, id, done, 4, &err));
	CU_ASSERT(done[0] == 1 && done[1] == 0 && done[2] == 5 && done[3] == 0);
	IS(ledger_lanes(l, id, done, 2, &err), DF_FATAL);
	expect_document(l, file, "checked 10=3+1;");
	ledger_close(l);
}

static void test_api(void)
{
	const struct ledger_where at = where();
	struct ledger *l = fresh();
	struct ledger_api got = {7, 7};
	OK(ledger_api_known(l, "one", &got, &err));
	CU_ASSERT(got.success_ms == 0 && got.not_before_ms == 0);
	OK(ledger_api_note(l, "one", &(struct ledger_api){.success_ms = 100}, &err));
	OK(ledger_api_note(l, "two", &(struct ledger_api){.success_ms = 5}, &err));
	OK(ledger_api_note(l, "one", &(struct ledger_api){.not_before_ms = 300}, &err));
	ledger_close(l);
	OK(ledger_open_at(&at, &l, &err));
	OK(ledger_api_known(l, "one", &got, &err));
	CU_ASSERT(got.success_ms == 100 && got.not_before_ms == 300);
	OK(ledger_api_note(l, "one", &(struct ledger_api){.success_ms = 200}, &err));
	OK(ledger_api_known(l, "one", &got, &err));
	CU_ASSERT(got.success_ms == 200 && got.not_before_ms == 0);
	OK(ledger_api_known(l, "two", &got, &err));
	CU_ASSERT(got.success_ms == 5 && got.not_before_ms == 0);

	char *text = NULL;
	OK(ledger_api_suspects(l, "one", &text, &err));
	CU_ASSERT_PTR_NULL(text);
	OK(ledger_api_suspect(l, "one", "3 id\n", &err));
	OK(ledger_api_suspect(l, "three", "4 id\n", &err));
	OK(ledger_api_suspects(l, "one", &text, &err));
	CU_ASSERT_STRING_EQUAL(text, "3 id\n");
	free(text);
	OK(ledger_api_known(l, "one", &got, &err));
	CU_ASSERT(got.success_ms == 200);
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

/* Makes the ledger that the first `version` migrations make, and runs sql on it. */
static void older(int version, const char *sql)
{
	char path[300], set[64];
	sqlite3 *db = NULL;
	wipe();
	path_in(path, sizeof(path), "ledger.db");
	CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
	for (int i = 0; i < version; i++)
		CU_ASSERT_EQUAL(sqlite3_exec(db, ledger_migrations[i], NULL, NULL, NULL),
				SQLITE_OK);
	snprintf(set, sizeof(set), SQL_VERSION_SET, version);
	CU_ASSERT_EQUAL(sqlite3_exec(db, set, NULL, NULL, NULL), SQLITE_OK);
	CU_ASSERT_EQUAL(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* A ledger as version 1 left it, with a rejected row in it. */
static void test_migration(void)
{
	if (!in_sqlite())
		return;
	struct ledger *l = NULL;
	older(1, "INSERT INTO file(id, feed, name, size, mtime, sha256, state, pulled_ms)"
		 " VALUES(1, 'orders', 'a.csv', 1, 1, '" SHA_A "', 3, 1);"
		 "INSERT INTO document(id, file_id, event_type, state, begun_ms, rows, rejected, "
		 "settings)"
		 " VALUES(1, 1, 'custom_event', 2, 1, 1, 1, '');"
		 "INSERT INTO reject(document_id, row, line, offset, length, message) VALUES(1, 3, "
		 "4, 30, 10, 'no')");
	IS(ledger_open_readonly(dir, &l, &err), DF_FATAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "older dropfeed"));
	OK(ledger_open(dir, &l, &err));
	CU_ASSERT_EQUAL(again_rows(l, 1), 0);
	struct df_buf got = {0};
	OK(ledger_rejects(l, 1, 0, keep_reject, &got, &err));
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&got), "3/4/30/10/no/api-rejected;");
	df_buf_free(&got);
	OK(ledger_document_facts(l, 1, &(struct ledger_facts){"first", "last", 0, 0}, &err));
	expect_document(l, 1, "checked 1=0+1;");
	ledger_close(l);
}

/* A step that fails takes those before it back: nobody sees a ledger of some version in between. */
static void test_migration_whole(void)
{
	if (!in_sqlite())
		return;
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	struct ledger *l = NULL;
	char path[160];
	older(1, "CREATE TABLE finding(in_the_way INTEGER)");
	IS(ledger_open(dir, &l, &err), DF_FATAL);
	path_in(path, sizeof(path), "ledger.db");
	CU_ASSERT_EQUAL(sqlite3_open(path, &db), SQLITE_OK);
	CU_ASSERT_EQUAL(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL), SQLITE_OK);
	CU_ASSERT_EQUAL(sqlite3_step(s), SQLITE_ROW);
	CU_ASSERT_EQUAL(sqlite3_column_int(s, 0), 1);
	sqlite3_finalize(s);
	sqlite3_close(db);
}

static uint64_t copy_of(struct ledger *l, int64_t file)
{
	uint64_t n = 99;
	OK(ledger_file_copy(l, file, false, &n, &err));
	return n;
}

/* The ledger of 0.1: documents under way and done, copies of the same bytes, manifests, absolute
 * paths. */
static void test_migration_of_0_1(void)
{
	if (!in_sqlite())
		return;
	struct ledger *l = NULL;
	struct ledger_document d = {0};
	struct ledger_file f = {0};
	char path[160];
	older(3, "INSERT INTO file(id, feed, name, size, mtime, sha256, state, pulled_ms) VALUES"
		 "(1, 'orders', 'a-custom_event.csv', 1, 1, 'A', 4, 1), (2, 'orders', "
		 "'b-custom_event.csv', 1, 1, 'A', 3, "
		 "1),"
		 "(3, 'orders', 'b-screen_view.csv', 1, 1, 'A', 3, 1), (4, 'orders', "
		 "'c-custom_event.csv', 1, 1, 'A', 3, 1),"
		 "(5, 'orders', 'd-custom_event.csv', 1, 1, 'A', 1, 1);"
		 "INSERT INTO document(id, file_id, event_type, state, begun_ms, settings, "
		 "manifest, text) VALUES"
		 "(1, 1, 'custom_event', 4, 10, 'duplicates = skip\n', '{}', "
		 "'/old/state/rejects/orders/a.csv'),"
		 "(2, 2, 'custom_event', 3, 20, 'duplicates = skip\n', '{}', NULL),"
		 "(3, 3, 'screen_view', 3, 30, 'duplicates = skip\n', '{\"x\":1}', NULL),"
		 "(4, 4, 'custom_event', 3, 40, 'duplicates = import\n', NULL, NULL),"
		 "(5, 5, 'custom_event', 2, 50, 'duplicates = skip\n', NULL, NULL)");
	OK(ledger_open(dir, &l, &err));
	OK(ledger_document_known(l, 1, NULL, &d, &err));
	path_in(path, sizeof(path), "rejects/orders/a.csv");
	CU_ASSERT_STRING_EQUAL(d.text, path); /* of a state folder that was moved since */
	CU_ASSERT_STRING_EQUAL(d.manifest, "{}");
	CU_ASSERT_TRUE(d.taken && d.batch_format == 1 && d.sent_ms == 10);
	CU_ASSERT_PTR_NULL(d.version);
	ledger_document_free(&d);
	OK(ledger_document_known(l, 5, NULL, &d, &err));
	CU_ASSERT_FALSE(d.taken);
	ledger_document_free(&d);
	/* the numbers that 0.1 made the ids with */
	CU_ASSERT_EQUAL(copy_of(l, 1), 0);
	CU_ASSERT_EQUAL(copy_of(l, 2), 0);
	CU_ASSERT_EQUAL(copy_of(l, 3), 2);
	CU_ASSERT_EQUAL(copy_of(l, 4), 3);
	/* without a source it is known whatever the source */
	OK(known(l, "orders", "a-custom_event.csv", 1, 1, &f));
	CU_ASSERT_PTR_NULL(f.source);
	CU_ASSERT_PTR_NULL(f.place);
	CU_ASSERT_STRING_EQUAL(f.event_type, "custom_event");
	ledger_file_free(&f);
	ledger_close(l);
}

static void test_versions(void)
{
	if (!in_sqlite())
		return;
	char path[300];
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
	fputs(
	    "this is a text file, certainly long enough to be no database header at all, is it?\n",
	    f);
	for (int i = 0; i < 100; i++)
		fputs("more of the same\n", f);
	fclose(f);
	IS(ledger_open(dir, &l, &err), DF_FATAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "damaged"));
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

static void check_statement(const char *sql)
{
	bool old = strstr(sql, "ON CONFLICT DO UPDATE") == NULL && strstr(sql, "RETURNING") == NULL;
	CU_ASSERT(old);
	if (!old)
		fprintf(stderr, "\n%s\n", sql);
}

/* SQLite 3.34 (Debian 11) has neither RETURNING nor ON CONFLICT DO UPDATE without the columns. */
static void test_old_sqlite(void)
{
	if (!in_sqlite())
		return;
	for (size_t i = 0; i < sizeof(ledger_migrations) / sizeof(*ledger_migrations); i++)
		check_statement(ledger_migrations[i]);
	for (size_t i = 0; i < ST_COUNT; i++)
		check_statement(ledger_statements[i]);
}

/* ---- hosts that share it ---- */

static struct ledger *host(const char *node)
{
	struct ledger *l = NULL;
	const struct ledger_host about = {
	    .version = "1", .batch_format = 2, .older_format = 1, .config = "c"};
	char folder[200];
	path_in(folder, sizeof(folder), node);
	const struct ledger_where at = {.state_dir = folder, .url = where().url, .node = node};
	OK(ledger_open_at(&at, &l, &err));
	OK(ledger_join(l, &about, &err));
	return l;
}

static void host_end(struct ledger *l, const char *node)
{
	char *path = df_format("%s/%s/ledger.place", dir, node);
	ledger_close(l);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	free(path);
}

static enum df_status settle_first(struct ledger *l, int64_t document, struct df_err *why)
{
	*why = (struct df_err){0};
	const struct ledger_settled step = {.done = 1, .rows_delivered = 1};
	return ledger_lanes_settled(l, document, &step, 1, why);
}

static enum df_status count_candidate(void *ctx, const struct ledger_file *f, struct df_err *e)
{
	(void)f, (void)e;
	++*(int *)ctx;
	return DF_OK;
}

/* With SQLite there is one host, which has everything. */
static void test_claims(void)
{
	struct ledger_claimed claimed;
	struct df_err why;
	enum ledger_scan scan;
	bool waits = true;
	int n = 0;
	ledger_close(fresh());
	if (in_sqlite())
		return;
	struct ledger *a = host("a"), *b = host("b");
	int64_t file = add_file(a, "a.csv", SHA_A), second = add_file(a, "b.csv", SHA_B);
	int64_t id = add_document(a, file, NULL);
	OK(checked(a, id, 1, 0));
	/* a has them; b may not take, nor change, them */
	IS(ledger_claim(b, file, &claimed, &err), DF_END);
	OK(ledger_candidates(b, "orders", count_candidate, &n, &err));
	CU_ASSERT_EQUAL(n, 0);
	IS(settle_first(b, id, &why), DF_RETRY);
	CU_ASSERT_STRING_EQUAL(why.text, "a is working on it");
	/* what is released is anybody's, and a no longer counts anything of it */
	ledger_release(a, second, false);
	OK(ledger_claim(b, second, &claimed, &err));
	CU_ASSERT_EQUAL(claimed.state, LEDGER_PULLED);
	CU_ASSERT_EQUAL(claimed.crashes, 0);
	OK(ledger_file_waits(b, second, &waits, &err));
	CU_ASSERT_TRUE(waits); /* a.csv comes before it */
	/* a's lease runs out */
	char *late = df_format("psql -X -q -d '%s' -c \"UPDATE file SET lease_until = 'epoch'"
			       " WHERE id = %lld\"",
			       where().url, (long long)file);
	CU_ASSERT_EQUAL(system(late), 0);
	free(late);
	OK(ledger_claim(b, file, &claimed, &err));
	CU_ASSERT_EQUAL(claimed.crashes, 1);
	IS(settle_first(a, id, &why), DF_RETRY);
	CU_ASSERT_STRING_EQUAL(why.text, "taken over by b");
	CU_ASSERT_TRUE(ledger_is_lost(a, file));
	OK(settle_first(b, id, &why));
	/* b has both; the first one's bytes are not there yet */
	OK(ledger_file_waits(b, second, &waits, &err));
	CU_ASSERT_TRUE(waits);
	ledger_taken(b, file);
	OK(ledger_file_waits(b, second, &waits, &err));
	CU_ASSERT_FALSE(waits);
	/* one lists at a time */
	OK(ledger_scan_claim(a, "orders", &err));
	IS(ledger_scan_claim(b, "orders", &err), DF_END);
	OK(ledger_scan_state(b, "orders", &scan, &err));
	CU_ASSERT_EQUAL(scan, LEDGER_SCAN_HELD);
	ledger_scan_release(a, "orders");
	OK(ledger_scan_state(b, "orders", &scan, &err));
	CU_ASSERT_EQUAL(scan, LEDGER_SCAN_ENDED);
	OK(ledger_scan_claim(b, "orders", &err));
	host_end(a, "a");
	host_end(b, "b");
}

/* PREPARE does not see the types that values are sent with. */
static void prepare(FILE *psql, const char *sql)
{
	fputs("PREPARE s AS ", psql);
	for (; *sql != '\0'; sql++) {
		if (strncmp(sql, " IS NULL", 8) == 0 && sql[-2] == '$')
			fputs("::TEXT", psql);
		putc(*sql, psql);
	}
	fputs("; DEALLOCATE s;\n", psql);
}

/* Where PostgreSQL is: it has to understand each statement, whether or not a test runs it. */
static void test_postgres_words(void)
{
#ifdef HAVE_LIBPQ
	static const char *const walks[] = {SQL_FILES,
					    SQL_FILES_OPEN,
					    SQL_FILES_LATEST,
					    SQL_FILES_OLD,
					    SQL_FILES_LATEST_OPEN,
					    SQL_FILES_LATEST_SINCE,
					    SQL_DOCUMENTS,
					    SQL_FILES_LATEST_NAMED,
					    SQL_SKIPS,
					    SQL_PULLS,
					    SQL_REJECTS,
					    SQL_REASONS,
					    SQL_CONDITIONS,
					    SQL_TALLIES,
					    SQL_OPEN_FILES};
	if (in_sqlite())
		return;
	ledger_close(fresh());
	char *command = df_format("psql -X -q -v ON_ERROR_STOP=1 -d '%s'", where().url);
	FILE *psql = popen(command, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(psql);
	for (size_t i = 0; i < ST_COUNT + sizeof(walks) / sizeof(*walks); i++) {
		const char *own = i < ST_COUNT ? ledger_postgres_statements[i] : NULL;
		const char *lite = i < ST_COUNT ? ledger_statements[i] : walks[i - ST_COUNT];
		char *sql = ledger_postgres_sql(own != NULL ? own : lite);
		if (strcmp(sql, "BEGIN") != 0 && strcmp(sql, "COMMIT") != 0)
			prepare(psql, sql);
		free(sql);
	}
	CU_ASSERT_EQUAL(pclose(psql), 0);
	free(command);
#endif
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"memory is not counted", test_memory_uncounted},
	    {"the ledger is private", test_private},
	    {"a file comes back as it was", test_file_round_trip},
	    {"names of any bytes", test_names_of_bytes},
	    {"the same bytes are known once done", test_same_bytes},
	    {"listings", test_seen},
	    {"downloads are noted until they are entered", test_pulls},
	    {"rows that were dropped again", test_redropped},
	    {"bytes that are gone close all that is open", test_lost},
	    {"cleanup stays due until done", test_cleanup_due},
	    {"a document resumes with its settings", test_document_resumes},
	    {"a document balances", test_document_balance},
	    {"a closed file is opened again", test_reopen},
	    {"the rest of a row", test_rest},
	    {"what must not be sent twice", test_sending},
	    {"lanes only go forward", test_lanes},
	    {"endpoints and keys", test_api},
	    {"a killed process loses nothing", test_crash},
	    {"copies of the same bytes are numbered once", test_copies},
	    {"a document that is done is found again", test_done_before},
	    {"what was taken keeps its settings", test_taken},
	    {"skipped entries, attempts, sources", test_file_notes},
	    {"a state folder that was moved", test_moved},
	    {"an archive that was made anew", test_same_content},
	    {"no memory", test_no_memory},
	    {"an older ledger is brought up to date", test_migration},
	    {"the ledger of 0.1 is brought up to date", test_migration_of_0_1},
	    {"a migration is whole, or was not", test_migration_whole},
	    {"newer and damaged ledgers", test_versions},
	    {"reading without writing", test_readonly},
	    {"a folder that cannot be used", test_unusable_folder},
	    {"a full disk", test_full_disk},
	    {"two threads", test_threads},
	    {"walks nest", test_nested},
	    {"several changes in one transaction", test_together},
	    {"SQL that old libraries know", test_old_sqlite},
	    {"hosts claim files", test_claims},
	    {"SQL that PostgreSQL knows", test_postgres_words},
	    CU_TEST_INFO_NULL,
	};
	return test_main("ledger", setup, teardown, tests);
}
