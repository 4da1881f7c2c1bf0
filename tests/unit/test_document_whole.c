/* SPDX-License-Identifier: MIT */
/* A document of audiences is the whole membership of its users: where a row is rejected, all rows
 * of its user are. */
#include "document_world.h"

#define COLUMNS                                                                                    \
	"user_identities.customerid,user_identities.email,audience.id,audience.name,audience."     \
	"member\n"

static struct conf_feed *feed_new(void)
{
	struct conf_feed *feed = conf_feed_default("f");
	set(feed, "sink", "braze");
	set(feed, "audiences", "attribute");
	return feed;
}

static enum df_status on_reject(void *ctx, const struct document_pass_reject *r, struct df_err *err)
{
	(void)err;
	df_buf_addf(ctx, "%llu %s;", (unsigned long long)r->where.line, r->faults[0].code);
	return DF_OK;
}

/* The lines that are rejected, and why, or why the document is refused. */
static const char *rejected(struct conf_feed *feed, const char *text, bool counts)
{
	static struct df_buf out;
	struct df_err err = {0};
	struct decode_texts *texts = decode_texts_new("/tmp", 1 << 20);
	struct decode_doc doc = {
	    .event_type = "audience", .length = strlen(text), .text = decode_text_new(texts)};
	struct document_pass pass = {
	    .feed = feed, .file = "a-audience.csv", .doc = &doc, .jobs = 2, .part_size = 64};
	struct document_forecast found = {0};
	OK(df_unnamed_open("/tmp", &doc.fd, &err));
	OK(df_write_all(doc.fd, text, strlen(text), &err));
	struct batch_settings settings = document_batch_settings(feed, "", &doc, 1);
	df_buf_reset(&out);
	enum df_status st =
	    document_preflight(&pass, counts ? &settings : NULL, on_reject, &out, &found, &err);
	if (st != DF_OK)
		df_buf_addf(&out, "%s: %s", err.code, err.text);
	document_pass_end(&pass);
	close(doc.fd);
	decode_text_free(doc.text);
	decode_texts_free(texts);
	return df_buf_cstr(&out);
}

static void test_users(void)
{
	static const struct {
		const char *rows, *wanted;
	} cases[] = {
	    {"a,,1,A,true\na,,2,B,true\nb,,1,A,false\n", ""},
	    /* before it and after it, and of nobody else */
	    {"a,,1,A,true\nb,,1,A,true\na,,2,B,yes\na,,3,C,true\n",
	     "2 audience-incomplete;4 not-a-boolean;5 audience-incomplete;"},
	    /* what the sink alone rejects */
	    {"a,,1,A,true\na,,2,,true\n", "2 audience-incomplete;3 missing-value;"},
	    /* the sink knows users by one id */
	    {"a,x@example.com,1,A,true\na,,2,B,no\nb,x@example.com,1,A,true\n",
	     "2 audience-incomplete;3 not-a-boolean;"},
	    /* of whom these are nobody knows */
	    {"a,,1,A,true\n,x@example.com,2,B,no\na,,3,C,true,more\n",
	     "3 not-a-boolean;4 wrong-field-count;"},
	    {"a,,1,A,true\nb,,2,B,yes\nb,,3,C,no\n", "3 not-a-boolean;4 not-a-boolean;"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (int counts = 0; counts < 2; counts++) {
			struct conf_feed *feed = feed_new();
			char *text = df_format(COLUMNS "%s", cases[i].rows);
			TEXT_IS(rejected(feed, text, counts), cases[i].wanted);
			free(text);
			conf_feed_free(feed);
		}
}

/* Other documents are judged row by row. */
static void test_others(void)
{
	struct conf_feed *feed = conf_feed_default("f");
	struct checked c = check(feed, HEADER "a,7,x\na,8,\"x\"y\"\n");
	CU_ASSERT_EQUAL(c.st, DF_OK);
	CU_ASSERT_EQUAL(c.found.rejected, 1);
	end(&c, feed);
}

/* Each of many users has a row that is rejected and a sound one: memory is given for so many. */
static void test_many(void)
{
	static const struct {
		const char *window;
		const char *wanted;
	} cases[] = {
	    {"64KiB", ";1001 audience-incomplete;1002 not-a-boolean;"},
	    {"32KiB", "too-many-rejects: rows of more than 513 users are rejected"},
	};
	struct df_buf text = {0};
	df_buf_adds(&text, COLUMNS);
	for (int i = 0; i < 2000; i++)
		df_buf_addf(&text, "u%d,,1,A,%s\n", i % 1000, i < 1000 ? "true" : "yes");
	for (size_t i = 0; i < 2; i++) {
		struct conf_feed *feed = feed_new();
		set(feed, "group_window", cases[i].window);
		const char *got = rejected(feed, df_buf_cstr(&text), true);
		TEXT_HAS(got, cases[i].wanted);
		conf_feed_free(feed);
	}
	df_buf_free(&text);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"users", test_users},
	    {"other documents", test_others},
	    {"many users", test_many},
	    CU_TEST_INFO_NULL,
	};
	return test_main("document_whole", NULL, NULL, tests);
}
