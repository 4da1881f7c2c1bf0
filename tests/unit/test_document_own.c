/* SPDX-License-Identifier: MIT */
#include "../../src/document/document_own.h"

#include "test.h"

#define REASON "wrong-field-count: the row has 1 field where 2 are expected; a value"

struct strip_case {
	const char *header; /* cells apart by '|' */
	const char *raw, *expected;
};

static const struct strip_case table[] = {
    /* A document that is not a reject file is left alone, however its rows look. */
    {"mpid|ip", "x,3," REASON, "x,3," REASON},
    {"mpid|ip|note", "x,3,\"api-rejected: y\"", "x,3,\"api-rejected: y\""},
    /* Ours are found by name, wherever they are and however the cells are quoted. */
    {"mpid|ip|dropfeed.line|dropfeed.reason", "x,y,3,\"too-long: a, b\"", "x,y"},
    {"mpid|ip|dropfeed.line|dropfeed.reason", "\"x\",\"y\"\"\",\"3\",\"\"", "\"x\",\"y\"\"\""},
    {"mpid|ip|dropfeed.line|dropfeed.reason", "x,y,,", "x,y"},
    {"dropfeed.reason|mpid|dropfeed.line|ip", "\"a, b\",x,3,y", "x,y"},
    {"dropfeed.line|dropfeed.reason|mpid", "3,r,x", "x"},
    {"mpid|dropfeed.reason", "x,r", "x"},
    {"mpid|dropfeed.line|dropfeed.reason", ",3,r", ""},
    {"mpid|dropfeed.line|dropfeed.reason|dropfeed.line|dropfeed.reason", "x,3,r,4,s", "x"},
    /* A row with other cells than the header: its end is ours only where we wrote it. */
    {"mpid|ip|dropfeed.line|dropfeed.reason", "x,3," REASON, "x"},
    {"mpid|ip|dropfeed.line|dropfeed.reason", "x,\"3\",\"" REASON ", \"\"b\"\"\"", "x"},
    {"mpid|ip|dropfeed.line|dropfeed.reason", "x,y,z,3,\"" REASON "\"", "x,y,z"},
    {"mpid|ip|dropfeed.line|dropfeed.reason", "x,5,vip: yes", "x,5,vip: yes"},
    {"mpid|ip|dropfeed.line|dropfeed.reason", "x,5,too-long: yes", "x,5,too-long: yes"},
    {"mpid|ip|dropfeed.line|dropfeed.reason", "x,five," REASON, "x,five," REASON},
    {"mpid|ip|dropfeed.line|dropfeed.reason", "x", "x"},
    {"mpid|ip|dropfeed.line|dropfeed.reason", "", ""},
    {"dropfeed.line|dropfeed.reason|mpid|ip", "3," REASON ",x", "3," REASON ",x"},
    /* Broken quotes. */
    {"mpid|ip|dropfeed.line|dropfeed.reason", "x\"y,z,3,malformed-quote in ip: a quote", "x\"y,z"},
    {"mpid|ip|dropfeed.line|dropfeed.reason", "\"x\"y,z,3,\"malformed-quote: a, b\"", "\"x\"y,z"},
    {"mpid|ip|dropfeed.line|dropfeed.reason", "\"x,y", "\"x,y"},
    {"mpid|ip|dropfeed.line|dropfeed.reason", "x\"", "x\""},
};

static const char *strip(const struct strip_case *c, const struct document_dialect *dialect,
			 struct df_buf *out)
{
	struct document_own own = {0};
	struct rows_cell cells[8];
	size_t n = 0, len = strlen(c->raw);
	for (const char *p = c->header; n < 8; p = strchr(p, '|') + 1) {
		cells[n++] = (struct rows_cell){p, strcspn(p, "|")};
		if (strchr(p, '|') == NULL)
			break;
	}
	char *exact = df_realloc(NULL, len); /* memory that ends where the row does */
	memcpy(exact, c->raw, len);
	document_own_header(&own, dialect, cells, n);
	document_own_strip(&own, exact, len, out);
	document_own_free(&own);
	free(exact);
	return df_buf_cstr(out);
}

static void test_strip(void)
{
	static const struct document_dialect comma = {',', '"', '\0'};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct df_buf out = {0};
		const char *got = strip(&table[i], &comma, &out);
		CU_ASSERT_STRING_EQUAL(got, table[i].expected);
		if (strcmp(got, table[i].expected) != 0)
			fprintf(stderr, "%s: %s -> %s, not %s\n", table[i].header, table[i].raw,
				got, table[i].expected);
		df_buf_free(&out);
	}
}

static void test_dialects(void)
{
	static const struct {
		struct document_dialect dialect;
		struct strip_case c;
	} dialects[] = {
	    {{';', '"', '\0'}, {"mpid|dropfeed.line|dropfeed.reason", "a,b;3;\"x; y\"", "a,b"}},
	    {{',', '\'', '\0'},
	     {"mpid|dropfeed.line|dropfeed.reason", "'a,\"b',3,'x, y'", "'a,\"b'"}},
	    {{',', '\0', '\0'}, {"mpid|dropfeed.line|dropfeed.reason", "\"a,3,x y", "\"a"}},
	    {{',', '"', '\\'},
	     {"mpid|dropfeed.line|dropfeed.reason", "\"a\\\",b\",3,x", "\"a\\\",b\""}},
	};
	for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
		struct df_buf out = {0};
		CU_ASSERT_STRING_EQUAL(strip(&dialects[i].c, &dialects[i].dialect, &out),
				       dialects[i].c.expected);
		df_buf_free(&out);
	}
}

/* One cell, whatever is in it. */
static void test_add(void)
{
	static const struct {
		struct document_dialect dialect;
		const char *expected;
	} cells[] = {
	    {{',', '"', '\0'}, "\"a b, c\""},
	    {{',', '\0', '\0'}, "a b  c"},
	    {{' ', '"', '\0'}, "\"a b, c\""},
	    {{' ', '\0', '\0'}, "a_b,_c"},
	};
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		struct df_buf out = {0};
		document_own_add(&out, &cells[i].dialect, "a b, c");
		CU_ASSERT_STRING_EQUAL(df_buf_cstr(&out), cells[i].expected);
		df_buf_free(&out);
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"rows", test_strip},
	    {"dialects", test_dialects},
	    {"cells of our own", test_add},
	    CU_TEST_INFO_NULL,
	};
	return test_main("document_own", NULL, NULL, tests);
}
