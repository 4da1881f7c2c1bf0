/* SPDX-License-Identifier: MIT */
#include "dropfeed/report.h"

#include "test.h"

#define SHA "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static char dir[100];
static struct df_err err;

static int setup(void)
{
	return test_folder_make(dir, sizeof(dir));
}

static int teardown(void)
{
	return test_folder_remove(dir);
}

/* ---- reject files ---- */

/* A document of the ledger that is open. */
static int64_t open_document(struct ledger *l, const char *name)
{
	struct ledger_document d = {0};
	int64_t file = 0;
	OK(ledger_file_add(l,
			   &(struct ledger_new_file){
			       .key = {"f", "local", name, 1, 1}, .sha256 = SHA, .event_type = ""},
			   &file, &err));
	OK(ledger_document_begin(l,
				 &(struct ledger_new_document){
				     .file_id = file, .event_type = "eventless", .settings = ""},
				 &d, &err));
	int64_t id = d.id;
	ledger_document_free(&d);
	return id;
}

/* The ledger has the name before the file is there, and no name twice: what a crash leaves under
 * it is this document's. */
static void test_rejects_named_first(void)
{
	struct ledger *l = NULL;
	char state[96], *path = NULL, *again = NULL;
	snprintf(state, sizeof(state), "%.60s/named", dir);
	OK(df_mkdirs(state, &err));
	OK(ledger_open(state, &l, &err));
	int64_t one = open_document(l, "a"), two = open_document(l, "b");
	char *taken = df_format("%s/rejects/x-eventless.csv", state);
	/* and then it was killed */
	CU_ASSERT_EQUAL(ledger_document_rejects(l, one, taken, &err), DF_OK);
	CU_ASSERT_EQUAL(ledger_document_rejects(l, two, taken, &err), DF_END);

	struct report_rejects_owner owner = {.ledger = l, .document = two};
	struct report_rejects *r = NULL;
	char *folder = df_format("%s/rejects", state);
	OK(report_rejects_open(folder, "x-eventless.csv", two, &r, &err));
	OK(report_rejects_close(r, &owner, &path, &err));
	CU_ASSERT_STRING_EQUAL(df_base_name(path), "x_2-eventless.csv");
	owner = (struct report_rejects_owner){.ledger = l, .document = one, .older = taken};
	OK(report_rejects_open(folder, "x-eventless.csv", one, &r, &err));
	OK(report_rejects_close(r, &owner, &again, &err));
	CU_ASSERT_STRING_EQUAL(again, taken);
	free(folder);
	free(taken);
	free(path);
	free(again);
	ledger_close(l);
}

/* The file holds what was added; a name that is taken stays, and gets another number. */
static void test_rejects(void)
{
	static const struct {
		const char *text, *name;
	} table[] = {{"a\n", "x-eventless.csv"}, {"b\n", "x_2-eventless.csv"}};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct report_rejects *r = NULL;
		char *path = NULL, *text = NULL;
		OK(report_rejects_open(dir, "x-eventless.csv", 1, &r, &err));
		report_rejects_add(r, table[i].text, strlen(table[i].text));
		OK(report_rejects_close(r, NULL, &path, &err));
		CU_ASSERT_STRING_EQUAL(df_base_name(path), table[i].name);
		OK(df_read_file(path, 1 << 20, &text, NULL, &err));
		CU_ASSERT_STRING_EQUAL(text, table[i].text);
		free(path);
		free(text);
	}
}

/* ---- status ---- */

/* A file's time is whatever somebody gave it; names may hold what a terminal would obey. */
static void test_odd_times(void)
{
	static const struct {
		int64_t mtime;
		const char *shown;
	} times[] = {{INT64_MAX, "null"},
		     {INT64_MIN, "null"},
		     {INT64_C(1) << 55, "\"1141709097-06-13T06:26:08Z\""},
		     {-1, "\"1969-12-31T23:59:59Z\""}};
	struct ledger *l = NULL;
	char *text = NULL, wanted[64];
	size_t len = 0, n = sizeof(times) / sizeof(times[0]);
	int64_t id = 0;
	OK(ledger_open(dir, &l, &err));
	for (size_t i = 0; i < n; i++)
		OK(ledger_file_add(l,
				   &(struct ledger_new_file){
				       .key = {"f", "s", "\033[2J\302\2331A", i, times[i].mtime},
				       .sha256 = SHA,
				       .now_ms = 1},
				   &id, &err));
	FILE *to = open_memstream(&text, &len);
	OK(report_status_json(l, &(struct report_status_filter){0}, to, &err));
	fclose(to);
	const char *at = text;
	for (size_t i = 0; i < n && at != NULL; i++) {
		/* the latest first */
		snprintf(wanted, sizeof(wanted), "\"modified\":%s,", times[n - 1 - i].shown);
		at = strstr(at, wanted);
		CU_ASSERT_PTR_NOT_NULL(at);
	}
	free(text);
	to = open_memstream(&text, &len);
	OK(report_status_text(l, &(struct report_status_filter){0}, to, &err));
	fclose(to);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "f: \\x1b[2J\\xc2\\x9b1A\n"));
	free(text);
	ledger_close(l);
}

/* A document whose rows do not add up, as 0.1 could leave one, is shown as what it is; so are
 * entries of a zip that were skipped. */
static void test_odd_sums(void)
{
	struct ledger *l = NULL;
	char state[96], *text = NULL;
	size_t len = 0;
	snprintf(state, sizeof(state), "%.60s/sums", dir);
	OK(df_mkdirs(state, &err));
	OK(ledger_open(state, &l, &err));
	int64_t id = open_document(l, "a.zip");
	const struct ledger_skipped skipped[] = {{"sub/b.csv", "in a sub-folder", true},
						 {"c.txt", "not CSV", false}};
	OK(ledger_document_checked(
	    l, id, &(struct ledger_checked){.rows = 10, .rejected = 2, .skipped = 1}, &err));
	OK(ledger_lanes_settled(l, id, &(struct ledger_settled){0, 1, 227, NULL, 0}, 1, &err));
	OK(ledger_file_skips(l, 1, skipped, 2, &err));

	FILE *to = open_memstream(&text, &len);
	OK(report_status_text(l, &(struct report_status_filter){0}, to, &err));
	fclose(to);
	CU_ASSERT_PTR_NULL(strstr(text, "1844674407370955"));
	CU_ASSERT_PTR_NOT_NULL(strstr(
	    text, "10 rows = 227 delivered + 2 rejected + 1 skipped: these are 220 too many, "));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "skipped  sub/b.csv: in a sub-folder\n"));
	CU_ASSERT_PTR_NULL(strstr(text, "c.txt"));
	free(text);
	to = open_memstream(&text, &len);
	OK(report_status_json(l, &(struct report_status_filter){0}, to, &err));
	fclose(to);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"skipped\":1,"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"balanced\":false,"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(text, "{\"entry\":\"c.txt\",\"why\":\"not CSV\",\"csv\":false"));
	free(text);
	ledger_close(l);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"rows of a reject file", test_rejects},
	    {"a reject file is named in the ledger first", test_rejects_named_first},
	    {"sums that do not add up", test_odd_sums},
	    {"times that no calendar has", test_odd_times},
	    CU_TEST_INFO_NULL,
	};
	return test_main("report", setup, teardown, tests);
}
