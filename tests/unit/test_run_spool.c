/* SPDX-License-Identifier: MIT */
/* Places in the spool, and what is swept from it. */
#include "../../src/run/run_session.h"

#include "test.h"

#define SHA "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static char dir[200], spool[240];
static struct conf conf = {.state_dir = dir};

static int begin(void)
{
	struct df_err err = {0};
	if (test_folder_make(dir, sizeof(dir)) != 0)
		return 1;
	snprintf(spool, sizeof(spool), "%s/spool/f", dir);
	return df_mkdirs(spool, &err) != DF_OK;
}

static int end(void)
{
	return test_folder_remove(dir);
}

static bool is_there(const char *name)
{
	char *path = df_format("%s/%s", spool, name);
	bool there = access(path, F_OK) == 0;
	free(path);
	return there;
}

/* Where it arrives depends on all by which the source knows it. */
static void test_arrival(void)
{
	const struct ledger_key a = {"f", "sftp://u@h:22/in", "a.csv", 1, 2};
	struct ledger_key others[] = {a, a, a, a};
	others[0].source = "sftp://u@h:22/out";
	others[1].name = "b.csv";
	others[2].size = 3;
	others[3].mtime = 3;
	char *at = run_spool_arrival(&conf, &a), *again = run_spool_arrival(&conf, &a);
	TEXT_IS(again, at);
	CU_ASSERT_EQUAL(strncmp(at, spool, strlen(spool)), 0);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		char *other = run_spool_arrival(&conf, &others[i]);
		CU_ASSERT_STRING_NOT_EQUAL(other, at);
		free(other);
	}
	free(at);
	free(again);
}

/* The same bytes twice have two places, and each is known by its arrival. */
static void test_places(void)
{
	struct df_err err = {0};
	const struct ledger_key key = {"f", "local", "a.csv", 1, 2},
				other = {"f", "local", "b", 1, 2};
	char *arrival = run_spool_arrival(&conf, &key), *not_its = run_spool_arrival(&conf, &other);
	char *places[2] = {NULL};
	for (size_t i = 0; i < 2; i++) {
		test_file_put(spool, "download", "x");
		places[i] = df_format("%s/download", spool);
		OK(run_spool_keep(arrival, SHA, &places[i], &err));
		CU_ASSERT_EQUAL(access(places[i], F_OK), 0);
		CU_ASSERT(run_spool_is_of(df_base_name(places[i]), arrival));
		CU_ASSERT_FALSE(run_spool_is_of(df_base_name(places[i]), not_its));
	}
	CU_ASSERT_FALSE(is_there("download"));
	CU_ASSERT_STRING_NOT_EQUAL(places[0], places[1]);
	for (size_t i = 0; i < 2; i++) {
		unlink(places[i]);
		free(places[i]);
	}
	free(arrival);
	free(not_its);
}

/* What an unfinished file needs, and a download that may go on, are kept. */
static void test_sweep(void)
{
	struct df_err err = {0};
	struct ledger *l = NULL;
	int64_t id = 0;
	char *place = df_format("%s/kept.drop", spool);
	OK(ledger_open(dir, &l, &err));
	OK(ledger_file_add(l,
			   &(struct ledger_new_file){.key = {"f", "local", "a.csv", 1, 2},
						     .sha256 = SHA,
						     .event_type = "",
						     .place = place},
			   &id, &err));
	static const char *const names[] = {"kept.drop", "closed.drop", "begun.part", "import-x",
					    "notes.txt"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		test_file_put(spool, names[i], "x");
	struct run run = {.conf = &conf, .env = {.ledger = l}};
	OK(run_spool_sweep(&run, "f", &err));
	CU_ASSERT(is_there("kept.drop"));
	CU_ASSERT(is_there("begun.part"));
	CU_ASSERT(is_there("notes.txt")); /* somebody else's */
	CU_ASSERT_FALSE(is_there("closed.drop"));
	CU_ASSERT_FALSE(is_there("import-x"));
	ledger_close(l);
	free(place);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"arrivals", test_arrival},
	    {"places", test_places},
	    {"left-overs", test_sweep},
	    CU_TEST_INFO_NULL,
	};
	return test_main("run_spool", begin, end, tests);
}
