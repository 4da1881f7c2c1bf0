/* SPDX-License-Identifier: MIT */
/* Hosts that share a ledger. */
#include "../../src/ledger/ledger_postgres.h"
#include "../../src/ledger/ledger_postgres_sql.h"
#include "ledger_world.h"

#include <stdio.h>

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
	const uint64_t row = 1;
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
	/* what b reads now, a does not send */
	IS(ledger_again_sending(a, id, &row, 1, false, &why), DF_RETRY);
	IS(ledger_again_doubt(a, id, "lost", &why), DF_RETRY);
	CU_ASSERT_TRUE(ledger_is_lost(a, file));
	OK(settle_first(b, id, &why));
	/* b has both; the first one's bytes are not there yet */
	OK(ledger_file_waits(b, second, &waits, &err));
	CU_ASSERT_TRUE(waits);
	ledger_taken(b, file);
	OK(ledger_file_waits(b, second, &waits, &err));
	CU_ASSERT_FALSE(waits);
	/* given up for now */
	ledger_release(b, file, false);
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

/* A file that is released while the database is away stays the host's own there. It is claimed once
 * more, and what comes after it waits. */
static void test_released_in_vain(void)
{
	struct ledger_claimed claimed;
	bool waits = false;
	ledger_close(fresh());
	if (in_sqlite())
		return;
	struct ledger *a = host("a");
	int64_t file = add_file(a, "a.csv", SHA_A), second = add_file(a, "b.csv", SHA_B);
	char *holder = df_format("psql -X -q -d '%s' -c \"UPDATE file SET holder = o.holder,"
				 " lease_until = o.lease_until FROM file o WHERE o.id = %lld AND"
				 " file.id = %lld\"",
				 where().url, (long long)second, (long long)file);
	ledger_release(a, file, true);
	OK(ledger_file_waits(a, second, &waits, &err));
	CU_ASSERT_TRUE(waits); /* nobody has it */
	CU_ASSERT_EQUAL(system(holder), 0);
	waits = false;
	OK(ledger_file_waits(a, second, &waits, &err));
	CU_ASSERT_TRUE(waits);
	OK(ledger_claim(a, file, &claimed, &err));
	ledger_taken(a, file);
	OK(ledger_file_waits(a, second, &waits, &err));
	CU_ASSERT_FALSE(waits);
	free(holder);
	host_end(a, "a");
}

/* The source has it no more: no other host can bring its bytes. Once it is closed anybody may do
 * what is left to do, and who opens it again has them. */
static void test_only_here(void)
{
	const struct ledger_new_file f = {.key = {"orders", SOURCE, "a.csv", 100, 1700000000},
					  .sha256 = SHA_A,
					  .event_type = "",
					  .only_here = true,
					  .now_ms = 3};
	const struct ledger_outcome lost = {
	    .state = LEDGER_REFUSED, .code = "lost-bytes", .text = "x", .now_ms = 9};
	struct ledger_claimed claimed;
	struct ledger_file known = {0};
	bool waits = false;
	ledger_close(fresh());
	if (in_sqlite())
		return;
	struct ledger *a = host("a"), *b = host("b");
	OK(ledger_file_list(a, &f, &err));
	OK(ledger_file_known(a, &f.key, &known, &err));
	int64_t file = known.id;
	ledger_file_free(&known);
	OK(ledger_claim(a, file, &claimed, &err));
	OK(ledger_file_pulled(a, file, &f, &err));
	ledger_release(a, file, false);
	IS(ledger_claim(b, file, &claimed, &err), DF_END);
	/* later ones wait while its host is about */
	int64_t second = add_file(b, "b.csv", SHA_B);
	OK(ledger_file_waits(b, second, &waits, &err));
	CU_ASSERT_TRUE(waits);
	char *away = df_format("psql -X -q -d '%s' -c \"UPDATE node SET seen = 'epoch'"
			       " WHERE name = 'a'\"",
			       where().url);
	CU_ASSERT_EQUAL(system(away), 0);
	free(away);
	OK(ledger_file_waits(b, second, &waits, &err));
	CU_ASSERT_FALSE(waits);

	OK(ledger_file_lost(a, file, &lost, &err));
	ledger_release(a, file, true);
	OK(ledger_reopen(b, file, NULL, 0, &err));
	ledger_release(b, file, false);
	IS(ledger_claim(a, file, &claimed, &err), DF_END);
	host_end(a, "a");
	host_end(b, "b");
}

static int64_t number(const char *sql, int64_t id)
{
	char *command =
	    df_format("psql -X -q -t -A -d '%s' -c \"%s %lld\"", where().url, sql, (long long)id);
	long long n = -1;
	FILE *psql = popen(command, "re");
	CU_ASSERT_PTR_NOT_NULL_FATAL(psql);
	CU_ASSERT_EQUAL(fscanf(psql, "%lld", &n), 1);
	pclose(psql);
	free(command);
	return n;
}

/* What hosts went down with is tried by as many once more when somebody opens it again. */
static void test_crashes_forgotten(void)
{
	const struct ledger_outcome crashing = {
	    .state = LEDGER_REFUSED, .code = "keeps-crashing", .text = "x", .now_ms = 9};
	struct ledger_claimed claimed;
	ledger_close(fresh());
	if (in_sqlite())
		return;
	struct ledger *a = host("a");
	int64_t file = add_file(a, "a.csv", SHA_A), id = add_document(a, file, NULL);
	char *crashed =
	    df_format("psql -X -q -d '%s' -c 'UPDATE file SET crashes = 5'", where().url);
	for (int anew = 0; anew < 2; anew++) {
		CU_ASSERT_EQUAL(system(crashed), 0);
		OK(ledger_file_lost(a, file, &crashing, &err));
		OK(anew ? ledger_anew(a, file, false, &err)
			: ledger_reopen(a, file, &(struct ledger_reopen){.document = id}, 1, &err));
		ledger_release(a, file, true);
		OK(ledger_claim(a, file, &claimed, &err));
		CU_ASSERT_EQUAL(claimed.crashes, 0);
	}
	free(crashed);
	host_end(a, "a");
}

/* The bytes of reject files go with the rest of what is old. */
static void test_prune(void)
{
	char path[200];
	ledger_close(fresh());
	if (in_sqlite())
		return;
	struct ledger *a = host("a");
	int64_t file = add_file(a, "a.csv", SHA_A), id = finish(a, file, NULL, false);
	path_in(path, sizeof(path), "rejects.csv");
	FILE *rejects = fopen(path, "we");
	CU_ASSERT_PTR_NOT_NULL_FATAL(rejects);
	fputs("rows\n", rejects);
	fclose(rejects);
	OK(ledger_reject_file_keep(a, id, path, &err));
	unlink(path);
	OK(ledger_file_state(a, file, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 9},
			     &err));
	CU_ASSERT_EQUAL(number("SELECT count(*) FROM reject_file WHERE document_id =", id), 1);
	OK(ledger_prune(a, file, &err));
	CU_ASSERT_EQUAL(number("SELECT count(*) FROM reject_file WHERE document_id =", id), 0);
	host_end(a, "a");
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

/* It is asked of no server. */
static void test_wrong_url(void)
{
	struct ledger *l = NULL;
	struct df_err why = {0};
	const struct ledger_where at = {.state_dir = dir,
					.url = "postgresql://u@127.0.0.1:1/d?ssl=require"};
	if (ledger_libpq() == NULL)
		return;
	IS(ledger_open_at(&at, &l, &why), DF_USAGE);
	TEXT_HAS(why.text, "the URL of the ledger postgresql://u@127.0.0.1:1/d is wrong: ");
	TEXT_HAS(why.text, "ssl");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"hosts claim files", test_claims},
	    {"a release that the database did not hear of", test_released_in_vain},
	    {"bytes that one host has", test_only_here},
	    {"crashes, and a file that is opened again", test_crashes_forgotten},
	    {"prune, and reject files", test_prune},
	    {"SQL that PostgreSQL knows", test_postgres_words},
	    {"a URL that libpq does not understand", test_wrong_url},
	    CU_TEST_INFO_NULL,
	};
	return test_main("ledger hosts", setup, teardown, tests);
}
