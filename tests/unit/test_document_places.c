/* SPDX-License-Identifier: MIT */
/* Which places are kept, and for how long. */
#include "places_world.h"

/* ---- how documents are written ---- */

/* Rows that are too large to be in memory. */
static void test_large(void)
{
	struct conf_feed *feed = feed_with(NULL, NULL);
	struct df_buf text = {0};
	const size_t sizes[] = {ROWS_MAX_ROW - 3, ROWS_MAX_ROW + 9, 3 * (size_t)ROWS_MAX_ROW};
	df_buf_adds(&text, "mpid,user_attributes.Note\n");
	for (size_t i = 0; i < 3; i++) {
		df_buf_adds(&text, "1,fine\n2,");
		for (size_t k = 0; k < sizes[i]; k++)
			df_buf_addc(&text, 'w');
		df_buf_adds(&text, "\r\n");
	}
	both_ways((struct sample){
	    .feed = feed, .text = df_buf_cstr(&text), .len = text.len, .n_rejected = 3});
	df_buf_free(&text);
	conf_feed_free(feed);
}

static void add_rows(struct df_buf *text, unsigned n)
{
	df_buf_adds(text, "mpid,user_attributes.Note\n");
	for (unsigned i = 0; i < n; i++)
		df_buf_addf(text, "%s%u,\"row\n%u\"\n", i % 3 == 0 ? "x" : "", i + 1, i);
}

/* Parts that several threads read. */
static void test_parts(void)
{
	struct conf_feed *feed = feed_with(NULL, NULL);
	struct df_buf text = {0};
	add_rows(&text, 600);
	both_ways((struct sample){.feed = feed,
				  .text = df_buf_cstr(&text),
				  .jobs = 3,
				  .part_size = 64,
				  .n_rejected = 200});
	df_buf_free(&text);
	conf_feed_free(feed);
}

/* ---- when they are not enough ---- */

static void read_again(const struct sample *s)
{
	struct written a = {0}, b = {0};
	write_both(s, &a, &b);
	same(&a, &b, s->text);
	CU_ASSERT_EQUAL(a.passes, 1);
	written_free(&a);
	written_free(&b);
}

/* More than there is room for: the bytes of rows, or those of their reasons. */
static void test_bound(void)
{
	struct conf_feed *feed = feed_with(NULL, NULL);
	struct df_buf text = {0};
	add_rows(&text, 600);
	const char *rows = df_buf_cstr(&text);
	read_again(&(struct sample){.feed = feed, .text = rows, .every = 50, .max = 1 << 10});
	read_again(&(struct sample){.feed = feed, .text = rows, .every = 50, .max = 1 << 15});
	both_ways((struct sample){.feed = feed, .text = rows, .max = 1 << 17});
	df_buf_reset(&text);
	add_rows(&text, 60000);
	read_again(&(struct sample){
	    .feed = feed, .text = df_buf_cstr(&text), .every = 5000, .n_rejected = 20000});
	df_buf_free(&text);
	conf_feed_free(feed);
}

/* Rows of which the number alone is known. */
static void test_unplaced(void)
{
	struct conf_feed *feed = feed_with(NULL, NULL);
	read_again(&(struct sample){.feed = feed, .text = ROWS, .every = 2, .unplaced = true});
	conf_feed_free(feed);
}

static void put_reject(struct document_places *p, uint64_t row, size_t bytes)
{
	struct map_fault faults[2] = {{.code = "not-a-number", .name = "Price"},
				      {.code = "missing-value", .name = NULL}};
	const struct document_pass_reject r = {
	    .where = {.number = row, .line = row + 1, .offset = 10 * row, .length = 10},
	    .faults = faults,
	    .n_faults = 2};
	memset(faults[0].text, 'w', bytes);
	snprintf(faults[1].text, sizeof(faults[1].text), "fill it in");
	document_places_add(p, &r);
}

/* What they keep, in how much memory; and nothing before the first row. */
static void test_kept(void)
{
	struct document_places *p = document_places_new();
	document_places_begin(p);
	CU_ASSERT(!document_places_are_whole(p));
	CU_ASSERT(p->v == NULL && p->texts.data == NULL);
	put_reject(p, 7, 3);
	put_reject(p, 8, 0);
	CU_ASSERT(!document_places_are_whole(p));
	document_places_end(p);
	CU_ASSERT(document_places_are_whole(p));
	CU_ASSERT_EQUAL_FATAL(p->n, 2);
	CU_ASSERT(p->v[0].where.number == 7 && p->v[1].where.offset == 80);
	TEXT_IS(p->v[1].code, "not-a-number");
	TEXT_IS(p->texts.data + p->v[1].name, "Price");
	TEXT_IS(p->texts.data + p->v[0].reason,
		"not-a-number in Price: www; missing-value: fill it in");

	document_places_begin(p);
	CU_ASSERT(p->n == 0 && !document_places_are_whole(p));
	for (uint64_t i = 1; i < 40000 && !p->full; i++) {
		put_reject(p, i, i % 200);
		CU_ASSERT(p->cap * sizeof(*p->v) + p->texts.cap <= DOCUMENT_PLACES_MAX);
	}
	CU_ASSERT(p->full && p->v == NULL && p->texts.data == NULL);
	put_reject(p, 50000, 1);
	document_places_end(p);
	CU_ASSERT(p->n == 0 && !document_places_are_whole(p));

	document_places_begin(p); /* for the next document */
	put_reject(p, 1, 1);
	document_places_end(p);
	CU_ASSERT(p->n == 1 && document_places_are_whole(p));
	document_places_free(p);
	document_places_free(NULL);
	CU_ASSERT(!document_places_are_whole(NULL));
}

static enum df_status no_more(void *ctx, const struct map_record *record,
			      const struct batch_row *where, struct df_err *err)
{
	(void)ctx;
	(void)record;
	return where->number < 3 ? DF_OK : df_fail(DF_RETRY, err, NULL, "enough");
}

/* A pass that did not come to its end says nothing of the rows after that. */
static void test_stopped(void)
{
	static const char text[] = "mpid\nx\n1\n2\ny\n";
	static const struct document_pass_handlers handlers = {.record = no_more}, all = {0};
	struct df_err err = {0};
	struct conf_feed *feed = feed_with(NULL, NULL);
	struct decode_doc doc = {.event_type = "eventless", .length = sizeof(text) - 1};
	struct document_pass pass = {
	    .feed = feed, .file = "a-eventless.csv", .doc = &doc, .jobs = 1, .handlers = &handlers};
	pass.places = document_places_new();
	OK(df_unnamed_open(dir, &doc.fd, &err));
	OK(df_write_all(doc.fd, text, sizeof(text) - 1, &err));
	IS(document_pass(&pass, &err), DF_RETRY);
	document_pass_end(&pass);
	CU_ASSERT(!document_places_are_whole(pass.places));

	pass.handlers = &all;
	OK(document_pass(&pass, &err));
	document_pass_end(&pass);
	CU_ASSERT(document_places_are_whole(pass.places));
	CU_ASSERT_EQUAL(pass.places->n, 2);
	document_places_free(pass.places);
	close(doc.fd);
	conf_feed_free(feed);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"large rows", test_large},  {"parts", test_parts},
	    {"too many", test_bound},    {"places that are not known", test_unplaced},
	    {"what is kept", test_kept}, {"a pass that was stopped", test_stopped},
	    CU_TEST_INFO_NULL,
	};
	return test_main("document_places", begin_folder, end_folder, tests);
}
