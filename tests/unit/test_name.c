/* SPDX-License-Identifier: MIT */
/* What a file's name says. */
#include "dropfeed/name.h"

#include "test.h"

static void expect_name(const char *name, enum name_pack pack, bool encrypted,
			const char *event_type, const char *stem)
{
	struct name n = {0};
	struct df_err err = {0};
	CU_ASSERT_EQUAL(name_parse(name, &n, &err), DF_OK);
	CU_ASSERT_EQUAL(n.pack, pack);
	CU_ASSERT_EQUAL(n.encrypted, encrypted);
	CU_ASSERT_STRING_EQUAL(n.event_type, event_type);
	CU_ASSERT_STRING_EQUAL(n.stem, stem);
}

static void test_names(void)
{
	expect_name("orders-custom_event.csv", NAME_PLAIN, false, "custom_event", "orders");
	expect_name("orders-custom_event.CSV", NAME_PLAIN, false, "custom_event", "orders");
	expect_name("a-b.c-screen_view.csv.gz", NAME_GZIP, false, "screen_view", "a-b.c");
	expect_name("a-eventless.csv.gpg", NAME_PLAIN, true, "eventless", "a");
	expect_name("a-eventless.csv.Gz.PGP", NAME_GZIP, true, "eventless", "a");
	expect_name("a-session_start.csv.asc", NAME_PLAIN, true, "session_start", "a");
	expect_name("a-eventless.csv.ZST", NAME_ZSTD, false, "eventless", "a");
	expect_name("a-eventless.csv.bz2.gpg", NAME_BZIP2, true, "eventless", "a");
	expect_name("a-eventless.csv.xz", NAME_XZ, false, "eventless", "a");
	expect_name("users-eventless-20260112.csv", NAME_PLAIN, false, "eventless", "users");
	expect_name("orders-commerce_event_2026-01-12T03.csv.gz", NAME_GZIP, false,
		    "commerce_event", "orders");
	expect_name("orders-commerce_event.2026-01-12T03:04:05Z.csv", NAME_PLAIN, false,
		    "commerce_event", "orders");
	expect_name("a-b-eventless-0001.zip", NAME_ZIP, false, "eventless", "a-b");
	expect_name("a-eventless (2).csv", NAME_PLAIN, false, "eventless", "a");
	expect_name("a-eventless-custom_event-1.csv", NAME_PLAIN, false, "custom_event",
		    "a-eventless");
	expect_name("orders.zip", NAME_ZIP, false, "", "orders");
	expect_name("a-eventless.csv.zip", NAME_ZIP, false, "eventless", "a");
	expect_name("orders-eventless_20260112.CSV.zip.gpg", NAME_ZIP, true, "eventless", "orders");
	expect_name("orders-2026.zip.gpg", NAME_ZIP, true, "", "orders-2026");
	expect_name("orders-commerce_event.Zip", NAME_ZIP, false, "commerce_event", "orders");
}

/* A feed's document_type is for names that have none, and for no others. */
static void test_document_type(void)
{
	static const char *const names[] = {"loyalty_members_20261101.csv",
					    "part-00000-3f2b-c000.csv.gz", "data_0_0_0.csv.zst",
					    "a.zip", "a-custom_evnt.csv"};
	struct name n = {0};
	struct df_err err = {0};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		CU_ASSERT_EQUAL(name_parse_as(names[i], "eventless", &n, &err), DF_OK);
		CU_ASSERT_STRING_EQUAL(n.event_type, "eventless");
	}
	CU_ASSERT_EQUAL(name_parse_as("a-screen_view-7.csv", "eventless", &n, &err), DF_OK);
	CU_ASSERT_STRING_EQUAL(n.event_type, "screen_view");
	CU_ASSERT_STRING_EQUAL(n.number, "-7");
	CU_ASSERT_EQUAL(name_parse_as("USERS-EVENTLESS-7.CSV", "custom_event", &n, &err),
			DF_REJECT);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "not in lower case"));
	CU_ASSERT_EQUAL(name_parse_as("a-EVENTLESS.zip", "custom_event", &n, &err), DF_REJECT);
	CU_ASSERT_EQUAL(name_parse_as("a-EVENTLESS.zip", NULL, &n, &err), DF_OK);
	CU_ASSERT_EQUAL(name_parse_as("MY-EVENTS.CSV", "custom_event", &n, &err), DF_OK);
	CU_ASSERT_EQUAL(name_parse_as("a.txt", "eventless", &n, &err), DF_REJECT);
	CU_ASSERT_EQUAL(name_parse_as("../a.csv", "eventless", &n, &err), DF_REJECT);
}

/* What is not a drop file, but was meant as one, is reported with what to do. */
static void test_advice(void)
{
	static const char *const with[] = {"a.7z",
					   "a.tar",
					   "a-eventless.tar.gz",
					   "a.TGZ",
					   "a.xlsx",
					   "a.xlsx.gpg",
					   "a.tsv",
					   "a-eventless.csv.Z",
					   "a-eventless.csv.snappy",
					   "a.parquet",
					   "a-eventless.csv.gzip",
					   "a-eventless.csv.enc"};
	static const char *const meant[] = {"a-eventless.txt",
					    "a-custom_event_2026-01-12.dat",
					    "a.csv",
					    "a.gpg",
					    "a-eventless.csv.txt",
					    "a.CSV.TXT",
					    "a-eventless.csv ",
					    "a-eventless.csv.gz\r",
					    "a-eventless.csv.",
					    "a-eventless.csv.20261101",
					    "a.csv_2026-11-01",
					    "a-eventless.csv.gz.1",
					    "a-eventless.zip.001",
					    "a-eventless.csv.gpg-20261101T0300",
					    "a-eventless.csv (2)",
					    "A.CSV;1",
					    "a-custom_event",
					    "a-eventless_20261101"};
	static const char *const beside[] = {"a.txt",
					     "a-eventless.csv.sha256",
					     "_SUCCESS",
					     "a-eventless.csv.receipt.json",
					     "a-eventless.csv~",
					     "manifest.json",
					     "app.log.gz.1",
					     "log.20261101",
					     "user-profile",
					     "web-access",
					     "a-eventless.csv.md5.1",
					     "a-eventless.csv.done"};
	static const char *const without[] = {"a.csv", "a.zip", "tar", "a.txt", "a.csv.gz"};
	for (size_t i = 0; i < sizeof(with) / sizeof(*with); i++)
		CU_ASSERT_TRUE(name_advice(with[i]) != NULL && name_meant(with[i]));
	for (size_t i = 0; i < sizeof(meant) / sizeof(*meant); i++)
		CU_ASSERT_TRUE(name_meant(meant[i]));
	for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++)
		CU_ASSERT_FALSE(name_meant(beside[i]));
	for (size_t i = 0; i < sizeof(without) / sizeof(*without); i++)
		CU_ASSERT_PTR_NULL(name_advice(without[i]));
}

static void test_bad_names(void)
{
	static const char *const bad[] = {
	    "orders.csv",
	    "orders-Custom_Event.csv",
	    "orders-custom_event",
	    "orders-custom_event.txt",
	    "custom_event.csv",
	    "-custom_event.csv",
	    "-custom_event.zip",
	    ".zip",
	    "orders-.csv",
	    "a-custom_event.gz",
	    "a-custom_event.csv.zip.gz",
	    "a-custom_event.csv.lz4",
	    "a-custom_event.csv.bz2.gz",
	    "a-custom_event.bz2",
	    "a-custom_event-2026x.csv",
	    "a-custom_event-.csv",
	    "a-custom_event2026.csv",
	    "a-custom_event-T03.csv",
	    "custom_event-2026.csv",
	    "a-custom_event.gpg",
	    "a-custom_event.csv.gpg.gz",
	    "a-custom_event.csv.gpg.gpg",
	    "a-custom_event-x.csv",
	    "a-custom_event .csv",
	    "a-custom_event.csv ",
	    "a-custom_event.csv\r",
	    "",
	    "a-custom_event.csv.gz.gz",
	    "../a-custom_event.csv",
	    "/a-custom_event.csv",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct name n = {0};
		struct df_err err = {0};
		CU_ASSERT_EQUAL(name_parse(bad[i], &n, &err), DF_REJECT);
		CU_ASSERT_STRING_EQUAL(err.code, "bad-name");
		CU_ASSERT_TRUE(strstr(err.text, "NAME") != NULL || name_advice(bad[i]) != NULL ||
			       strstr(err.text, "ends with a blank, a dot or a line end") != NULL);
	}
	char name[300];
	struct name n = {0};
	for (size_t len = 254; len <= 256; len++) { /* 255 bytes is the longest */
		memset(name, 'x', sizeof(name));
		memcpy(name + len - 17, "-custom_event.csv", 18);
		CU_ASSERT_EQUAL(name_parse(name, &n, NULL), len <= 255 ? DF_OK : DF_REJECT);
	}
}

/* What is wrong with a name is said in the words of the feed that it came to. */
static void test_names_of_feeds(void)
{
	static const struct {
		struct name_feed feed;
		const char *name, *text; /* NULL: it is good */
	} cases[] = {
	    {{NULL, true}, "people-erasure.csv", NULL},
	    {{"access", true}, "people.csv", NULL},
	    {{NULL, true},
	     "people.csv",
	     "NAME-erasure.csv, NAME-access.csv or NAME-portability.csv"},
	    {{NULL, true}, "people-eventless.csv", "kind = subject_requests takes"},
	    {{NULL, false}, "people.csv", "such as orders-custom_event.csv"},
	    {{NULL, false}, "people-erasure.csv", "need a feed of their own"},
	    {{NULL, false}, "people-eventless.csv", NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct name n = {0};
		struct df_err err = {0};
		IS(name_parse_for(&cases[i].feed, cases[i].name, &n, &err),
		   cases[i].text == NULL ? DF_OK : DF_REJECT);
		if (cases[i].text != NULL)
			TEXT_HAS(err.text, cases[i].text);
		if (cases[i].feed.requests)
			CU_ASSERT_PTR_NULL(strstr(err.text, "custom_event"));
	}
}

static void test_ignored_names(void)
{
	static const char *const yes[] = {".a-custom_event.csv", "a.csv.tmp",      "a.part",
					  "a.PARTIAL",           "a.csv.filepart", "."};
	static const char *const no[] = {"a-custom_event.csv", "a.parts", "tmp", "a.tmp.csv"};
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		CU_ASSERT_TRUE(name_ignored(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		CU_ASSERT_FALSE(name_ignored(no[i]));
}

static void test_meant_names(void)
{
	static const char *const yes[] = {"a.csv",     "a-custom_evnt.CSV", "a.csv.gz",
					  "a.zip.PGP", "-custom_event.csv", "a.csv.zst"};
	static const char *const no[] = {"a.txt", "csv", "a-profile", "a-custom_event.csv.md5", ""};
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		CU_ASSERT_TRUE(name_meant(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		CU_ASSERT_FALSE(name_meant(no[i]));
}

/* Skipped entries that hold rows by their names, and those that nobody misses. */
static void test_missed_entries(void)
{
	static const char *const yes[] = {"sub/a.csv",
					  "2026/a-eventless.csv.gz",
					  "sub/a.CSV.ZST.GPG",
					  "sub/a.csv.gz.gz",
					  "sub/a.csv.asc",
					  "sub/a.csv.gpg.gz",
					  "a-eventless.csv ",
					  "sub\\a.csv.gz \t",
					  "sub/all.zip",
					  "sub/all.zip.pgp",
					  "a-eventless.txt",
					  "a-custom_event_2026-01-12.dat.gz",
					  "sub/a.csv.Z",
					  "a.csv.7z",
					  "a.tsv",
					  "a-eventless.xlsx",
					  "a-eventless.tar.gz",
					  "../a.csv.bz2"};
	static const char *const no[] = {"readme.txt",
					 "sub/readme.txt.gz",
					 "logo.png",
					 "sub/",
					 "sub.csv/",
					 "sub.zip/",
					 ".hidden.csv.gz",
					 ".git/a.zip",
					 "__MACOSX/._a-eventless.csv.gz",
					 "sub/__MACOSX/a.zip",
					 "notes.xlsx",
					 "sub-eventless/notes.txt",
					 "a-eventless.csv.sha256",
					 "csv",
					 " ",
					 ""};
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		CU_ASSERT_TRUE(name_entry_missed(yes[i]));
		if (!name_entry_missed(yes[i]))
			printf("'%s' is not missed\n", yes[i]);
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++) {
		CU_ASSERT_FALSE(name_entry_missed(no[i]));
		if (name_entry_missed(no[i]))
			printf("'%s' is missed\n", no[i]);
	}
}

static void test_blank_at_the_end(void)
{
	char event_type[48];
	const char *why = NULL;
	CU_ASSERT_EQUAL(name_entry("a-eventless.csv ", event_type, &why), NAME_ENTRY_SKIP);
	TEXT_IS(why, "a blank ends its name");
	CU_ASSERT_EQUAL(name_entry("readme ", event_type, &why), NAME_ENTRY_SKIP);
	TEXT_IS(why, "not CSV");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"names", test_names},
	    {"document_type", test_document_type},
	    {"advice", test_advice},
	    {"bad names", test_bad_names},
	    {"names in feeds of either kind", test_names_of_feeds},
	    {"ignored names", test_ignored_names},
	    {"meant names", test_meant_names},
	    {"missed entries", test_missed_entries},
	    {"a blank at an entry's end", test_blank_at_the_end},
	    CU_TEST_INFO_NULL,
	};
	return test_main("name", NULL, NULL, tests);
}
