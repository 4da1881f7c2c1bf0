/* SPDX-License-Identifier: MIT */
/* Ledgers of other versions. */
#include "../../src/ledger/ledger_postgres_sql.h"
#include "ledger_world.h"

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

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"an older ledger is brought up to date", test_migration},
	    {"the ledger of 0.1 is brought up to date", test_migration_of_0_1},
	    {"a migration is whole, or was not", test_migration_whole},
	    {"newer and damaged ledgers", test_versions},
	    {"SQL that old libraries know", test_old_sqlite},
	    CU_TEST_INFO_NULL,
	};
	return test_main("ledger migrations", setup, teardown, tests);
}
