/* SPDX-License-Identifier: MIT */
/* Identities that many share: what is counted, what is not, and how a long document is sampled. */
#include "dropfeed/document.h"

#include "test.h"

static void add(struct document_shared *s, const char *ids)
{
	struct map_record record = {.ids = ids, .ids_len = strlen(ids)};
	document_shared_row(s, &record);
}

static void add_user(struct document_shared *s, const char *store, unsigned user)
{
	char ids[128];
	snprintf(ids, sizeof(ids), "\"other\":\"%s\",\"customer_id\":\"C-%u\"", store, user);
	add(s, ids);
}

/* The only warning has this text in it; "" when there is to be none. */
static void check(struct document_shared *s, const char *part)
{
	struct map_warning *list = NULL;
	size_t n = document_shared_warnings(s, &list);
	CU_ASSERT_EQUAL(n, part[0] != '\0');
	for (size_t i = 0; i < n; i++) {
		CU_ASSERT_PTR_NOT_NULL(strstr(list[i].text, part));
		if (strstr(list[i].text, part) == NULL)
			printf("\n  %s\n", list[i].text);
	}
	free(list);
	document_shared_free(s);
}

static void test_shared(void)
{
	struct document_shared *s = document_shared_new();
	for (unsigned i = 0; i < 30; i++)
		add_user(s, "store 1", i);
	check(s, "other: one value (its SHA-256 begins with 339639533b74) is in 30 rows, with ");
}

static void test_own(void)
{
	struct document_shared *s = document_shared_new();
	for (unsigned i = 0; i < 30; i++) {
		char store[16];
		snprintf(store, sizeof(store), "%u", i);
		add_user(s, store, i);
		add_user(s, store, i);
	}
	check(s, "");
}

/* Rows of equal identities are counted, whether one follows the other or not. */
static void test_repeated(void)
{
	struct document_shared *s = document_shared_new();
	for (unsigned i = 0; i < 60; i++)
		add_user(s, "x", i % 30 / 3);
	check(s, "is in 60 rows, with 10 ");
}

/* One row of many identities is one person. */
static void test_one_row(void)
{
	struct document_shared *s = document_shared_new();
	add(s, "\"other\":\"a\",\"email\":\"b\",\"customer_id\":\"c\",\"facebook\":\"d\","
	       "\"google\":\"e\"");
	check(s, "");
}

/* Commas and quotes in a value are its own, and a number has no quotes. */
static void test_values(void)
{
	struct document_shared *s = document_shared_new();
	for (unsigned i = 0; i < 30; i++) {
		char ids[128];
		snprintf(ids, sizeof(ids), "\"mpid\":7,\"other\":\"%u\\\\\\\",\\\"mpid\\\":\"", i);
		add(s, ids);
	}
	check(s, "mpid: one value (its SHA-256 begins with 7902699be42c) is in 30 rows, with ");
}

/* What only the end of a long document has is found, in the sample of its rows. */
static void test_long(void)
{
	struct document_shared *s = document_shared_new();
	for (unsigned i = 0; i < 100000; i++)
		add_user(s, "a", 1);
	for (unsigned i = 0; i < 32000; i++)
		add_user(s, "b", i % 100);
	check(s, "is in about ");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"one value of many", test_shared},
	    {"each their own", test_own},
	    {"repeated rows", test_repeated},
	    {"one row", test_one_row},
	    {"values as they are written", test_values},
	    {"a long document", test_long},
	    CU_TEST_INFO_NULL,
	};
	return test_main("shared identities", NULL, NULL, tests);
}
