/* SPDX-License-Identifier: MIT */
/* A document that several threads read in parts comes out as it does in one piece: rows, faults,
 * lines, warnings, refusals. */
#include "../../src/document/document_pass.h"

#include "test.h"

/* Everything a pass hands on, as text. */
struct report {
	struct df_buf text;
	uint64_t stop_at; /* row at which the handler fails, 0: none */
	bool lengths;     /* of records' data no more is looked at */
};

static enum df_status on_record(void *ctx, const struct map_record *r,
				const struct batch_row *where, struct df_err *err)
{
	struct report *t = ctx;
	df_buf_addf(&t->text, "%llu line %llu at %llu+%llu ids %.*s batch %.*s data %zu",
		    (unsigned long long)where->number, (unsigned long long)where->line,
		    (unsigned long long)where->offset, (unsigned long long)where->length,
		    (int)r->ids_len, r->ids, (int)r->batch_len, r->batch, r->data_len);
	if (!t->lengths)
		df_buf_addf(&t->text, " %.*s fold %zu-%zu %zu", (int)r->data_len, r->data,
			    r->fold_from, r->fold_to, r->fold_items);
	df_buf_addf(&t->text, " request %.*s%s message %.*s%s time %d %lld\n",
		    (int)r->request_id_len, r->request_id != NULL ? r->request_id : "",
		    r->request_id != NULL ? "." : "", (int)r->message_id_len,
		    r->message_id != NULL ? r->message_id : "", r->message_id != NULL ? "." : "",
		    r->has_timestamp, (long long)r->timestamp_ms);
	if (where->number == t->stop_at)
		return df_fail(DF_RETRY, err, NULL, "enough");
	return DF_OK;
}

static enum df_status on_reject(void *ctx, const struct document_pass_reject *r, struct df_err *err)
{
	struct report *t = ctx;
	(void)err;
	df_buf_addf(&t->text, "%llu line %llu at %llu+%llu rejected",
		    (unsigned long long)r->where.number, (unsigned long long)r->where.line,
		    (unsigned long long)r->where.offset, (unsigned long long)r->where.length);
	for (size_t i = 0; i < r->n_faults; i++)
		df_buf_addf(&t->text, "; %s %zu '%s' %s", r->faults[i].code, r->faults[i].column,
			    r->faults[i].name, r->faults[i].text);
	df_buf_addc(&t->text, '\n');
	return DF_OK;
}

struct sample {
	struct conf_feed *feed;
	struct df_buf text;
	int fd;
	bool rejects_alone;
	uint64_t stop_at;
	bool lengths; /* what is wanted of data, in parts */
};

/* jobs 1, part_size 0: in one piece, and all of each record. */
static void pass_it(const struct sample *s, uint32_t jobs, size_t part_size, struct df_buf *out)
{
	static const struct document_pass_handlers both = {.record = on_record,
							   .reject = on_reject};
	static const struct document_pass_handlers rejects = {.reject = on_reject};
	struct decode_doc doc = {
	    .event_type = "commerce_event", .fd = s->fd, .length = s->text.len};
	struct report report = {.stop_at = s->stop_at, .lengths = s->lengths};
	struct document_pass w = {.feed = s->feed,
				  .file = "a-commerce_event.csv",
				  .doc = &doc,
				  .jobs = jobs,
				  .part_size = part_size,
				  .lengths = s->lengths && part_size > 0};
	struct df_err err = {0};
	w.handlers = s->rejects_alone ? &rejects : &both;
	w.ctx = &report;
	enum df_status st = document_pass(&w, &err);
	size_t n = 0;
	struct map_warning *warnings = document_pass_warnings(&w, &n);
	df_buf_addf(&report.text, "%d [%s] %s line %llu; %llu rows, %llu rejected\n", st, err.code,
		    err.text, (unsigned long long)err.line, (unsigned long long)w.rows,
		    (unsigned long long)w.rejected);
	for (size_t i = 0; i < n; i++)
		df_buf_addf(&report.text, "%s: %s\n", warnings[i].code, warnings[i].text);
	free(warnings);
	document_pass_end(&w);
	*out = report.text;
}

/* ---- documents ---- */

static uint64_t dice_state;

static unsigned dice(unsigned n)
{
	dice_state = dice_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)((dice_state >> 33) % n);
}

static const char header[] =
    "environment,mpid,user_attributes.Tier,events.data.timestamp_unixtime_ms,source_request_id,"
    "events.data.product_action.action,events.data.product_action.products[0].id,"
    "events.data.custom_attributes.Note";

static void add_note(struct df_buf *b, unsigned trouble)
{
	static const char *const notes[] = {"plain",
					    "\"quoted, and \"\"doubled\"\"\"",
					    "\"two\nlines\"",
					    "Z\xc3\xbcrich",
					    "",
					    "\"\"",
					    "\"\r\n\"",
					    "\"a\n\n,b\n\"",
					    "\"back q\"slashed qq\nq, q\n q\"\"",
					    " \"padded \" "};
	static const char *const bad[] = {"a \" stray one", "\"closed\" too early",
					  "\xff\xfe",       "extra,cell",
					  "\"open",         "x\"y\"z"};
	if (dice(100) < trouble)
		df_buf_adds(b, bad[dice(6)]);
	else
		df_buf_adds(b, notes[dice(10)]);
	if (dice(60) == 0)
		/* over the limit of a value, now and then */
		for (unsigned i = dice(6000); i > 0; i--)
			df_buf_addc(b, 'w');
}

static void add_row(struct df_buf *b, unsigned trouble, const char *end)
{
	unsigned user = dice(5);
	df_buf_addf(b, "development,%u,t%u,%u000,", user + 1, dice(3), 1700000000 + dice(1000));
	if (dice(4) == 0)
		df_buf_addf(b, "own-%u", dice(9));
	df_buf_addf(b, ",%s,p%u,", dice(100) < trouble ? "steal" : "purchase", dice(9));
	size_t at = b->len;
	add_note(b, trouble);
	/* quoted or not, the tail of w's came after: only plain cells may be so long */
	if (b->len > at + 1000)
		for (size_t i = at; i < b->len; i++)
			b->data[i] = b->data[i] == '"' || b->data[i] == '\n' || b->data[i] == '\r'
					 ? 'q'
					 : b->data[i];
	df_buf_adds(b, end);
	if (dice(12) == 0)
		df_buf_adds(b, dice(2) ? "\n\n" : "\r\n");
}

static void sample_make(struct sample *s, uint64_t seed)
{
	static const char *const ends[] = {"\n", "\r\n", "\r"};
	dice_state = seed * 77 + 1;
	unsigned trouble = (const unsigned[]){0, 0, 3, 40}[dice(4)];
	const char *end = ends[dice(10) < 8 ? dice(2) : 2];
	if (dice(3) == 0)
		df_buf_adds(&s->text, "\xef\xbb\xbf");
	df_buf_adds(&s->text, header);
	df_buf_adds(&s->text, end);
	for (unsigned i = dice(120); i > 0; i--)
		add_row(&s->text, trouble, end);
	if (dice(6) == 0)
		df_buf_adds(&s->text, "development,1,,,,purchase,\"never closed\n");
	else if (dice(4) == 0)
		df_buf_adds(&s->text, "development,1,,1,,purchase,last,without an end");
	s->rejects_alone = dice(4) == 0;
	s->stop_at = dice(5) == 0 ? dice(60) : 0;
	s->lengths = dice(4) == 0;
}

static void sample_open(struct sample *s)
{
	struct df_err err = {0};
	CU_ASSERT_EQUAL_FATAL(df_unnamed_open("/tmp", &s->fd, &err), DF_OK);
	CU_ASSERT_EQUAL_FATAL(df_write_all(s->fd, s->text.data, s->text.len, &err), DF_OK);
}

static void sample_end(struct sample *s)
{
	close(s->fd);
	df_buf_free(&s->text);
}

static struct conf_feed *feed_make(bool truncate, const char *guidelines)
{
	struct df_err err = {0};
	struct conf_feed *feed = conf_feed_default("f");
	CU_ASSERT_EQUAL_FATAL(conf_feed_set(feed, "limits", truncate ? "truncate" : "reject", &err),
			      DF_OK);
	CU_ASSERT_EQUAL_FATAL(conf_feed_set(feed, "guidelines", guidelines, &err), DF_OK);
	CU_ASSERT_EQUAL_FATAL(conf_feed_set(feed, "fold_products", "yes", &err), DF_OK);
	return feed;
}

/* ---- dialects ---- */

static const char *const dialects[][9] = {
    {NULL},
    {"delimiter", ";", NULL},
    {"delimiter", "tab", "quote", "'", NULL},
    {"delimiter", "|", "quote", "none", NULL},
    {"escape", "backslash", NULL},
    {"delimiter", ";", "escape", "backslash", "trim", "yes", "null", "plain t1 \"two words\""},
    {"skip_lines", "3", "skip_last_lines", "2", "comment", "#", NULL},
    {"skip_lines", "1", "row_count", "rows ([0-9]+)", "trim", "yes", NULL},
    {"comment", "#", "row_count", "rows ([0-9]+)", NULL},
    {"delimiter", "|", "quote", "none", "escape", "backslash", NULL},
};
#define DIALECTS (sizeof(dialects) / sizeof(*dialects))

static void dialect_set(struct conf_feed *feed, size_t d)
{
	struct df_err err = {0};
	for (size_t i = 0; i + 1 < 9 && dialects[d][i] != NULL && dialects[d][i + 1] != NULL;
	     i += 2)
		CU_ASSERT_EQUAL_FATAL(conf_feed_set(feed, dialects[d][i], dialects[d][i + 1], &err),
				      DF_OK);
}

/* Lines that are skipped, where the dialect has them. Comments are put between lines: within
 * quotes as well. */
static void dialect_lines(struct sample *s, const struct conf_rows *c)
{
	static const char *const junk[] = {"a \"preamble\n", "\n", "says: rows 7, \"\"\n"};
	struct df_buf out = {0};
	for (uint64_t i = 0; i < c->skip_lines; i++)
		df_buf_adds(&out, junk[c->skip_lines == 1 ? 2 : i % 3]);
	for (size_t i = 0; i < s->text.len; i++) {
		df_buf_addc(&out, s->text.data[i]);
		if (c->comment != '\0' && s->text.data[i] == '\n' && dice(9) == 0)
			df_buf_adds(&out, dice(3) == 0 ? "#\n" : "# rows 7, \"said, \"\"\n");
	}
	for (uint64_t i = 0; i < c->skip_last_lines; i++)
		df_buf_adds(&out, i == 0 ? "\ntrailer \"\n" : "end");
	df_buf_free(&s->text);
	s->text = out;
}

static void dialect_apply(struct sample *s, size_t d)
{
	const struct conf_rows *c = &s->feed->rows;
	dialect_set(s->feed, d);
	char delimiter = (char)c->delimiter, quote = (char)c->quote; /* ASCII, all of them */
	for (size_t i = 0; i < s->text.len; i++) {
		char *p = &s->text.data[i];
		if (*p == ',' || *p == delimiter)
			*p = *p == ',' ? delimiter : ',';
		else if (quote != '\0' && (*p == '"' || *p == quote))
			*p = *p == '"' ? quote : '"';
		else if (c->backslash && *p == 'q')
			*p = '\\';
	}
	dialect_lines(s, c);
}

static bool same(const struct sample *s, uint32_t jobs, size_t part_size,
		 const struct df_buf *wanted)
{
	struct df_buf got = {0};
	pass_it(s, jobs, part_size, &got);
	bool equal = got.len == wanted->len && memcmp(got.data, wanted->data, got.len) == 0;
	size_t at = 0;
	while (!equal && at < got.len && at < wanted->len && got.data[at] == wanted->data[at])
		at++;
	if (!equal)
		printf("\n%u jobs, parts of %zu: at %zu of %zu and %zu: got '%.200s', wanted "
		       "'%.200s'\n",
		       jobs, part_size, at, got.len, wanted->len, df_buf_cstr(&got) + at,
		       wanted->data + at);
	df_buf_free(&got);
	return equal;
}

/* ---- tests ---- */

static void test_random(void)
{
	static const char *const guidelines[] = {"warn", "off", "enforce"};
	unsigned rows = 0, rejected = 0, refused = 0;
	for (uint64_t seed = 1; seed <= 800; seed++) {
		struct sample s = {
		    .feed = feed_make(seed % 3 != 0, guidelines[seed % 20 < 18 ? seed % 2 : 2])};
		struct df_buf wanted = {0};
		sample_make(&s, seed);
		dialect_apply(&s, seed / 2 % (2 * DIALECTS) < DIALECTS ? 0 : seed / 2 % DIALECTS);
		sample_open(&s);
		pass_it(&s, 1, 0, &wanted);
		rows += strstr(df_buf_cstr(&wanted), " ids ") != NULL;
		rejected += strstr(wanted.data, " rejected;") != NULL;
		refused += strstr(wanted.data, "malformed-csv") != NULL;
		for (unsigned k = 0; k < 4; k++) {
			dice_state = seed * 4 + k;
			size_t part = 1 + dice((const unsigned[]){40, 400, 4000, 20000}[k]);
			CU_ASSERT_TRUE(
			    same(&s, (const unsigned[]){2, 3, 5}[dice(3)], part, &wanted));
		}
		df_buf_free(&wanted);
		sample_end(&s);
		conf_feed_free(s.feed);
	}
	CU_ASSERT(rows > 400 && rejected > 200 && refused > 40);
}

/* More than a part keeps, and rows that are longer than parts. */
static void test_large(void)
{
	struct sample s = {.feed = feed_make(false, "warn")};
	struct df_buf wanted = {0};
	df_buf_adds(&s.text, header);
	df_buf_adds(&s.text, "\n");
	for (int i = 0; i < 40000; i++) /* a part of 1 MiB has more of these than it keeps */
		df_buf_adds(&s.text, "x\n");
	for (int i = 0; i < 3; i++) {
		df_buf_adds(&s.text, "development,1,,,,purchase,p,\"");
		for (int k = 0; k < (i == 1 ? 1100000 : 90000); k++)
			df_buf_addc(&s.text, k % 50 == 0 ? '\n' : 'l');
		df_buf_adds(&s.text, "\"\n");
	}
	for (int i = 0; i < 2000; i++)
		df_buf_adds(&s.text, "development,1,,1700000000001,,purchase,p,n\n");
	sample_open(&s);
	pass_it(&s, 1, 0, &wanted);
	CU_ASSERT_PTR_NOT_NULL(strstr(df_buf_cstr(&wanted), "row-too-large"));
	CU_ASSERT_PTR_NOT_NULL(strstr(wanted.data, "42003 rows, 40003 rejected"));
	CU_ASSERT_PTR_NOT_NULL(strstr(wanted.data, "less than 80 KB"));
	for (size_t part = 1000; part <= ROWS_MAX_ROW; part *= 4)
		CU_ASSERT_TRUE(same(&s, 3, part, &wanted));
	CU_ASSERT_TRUE(same(&s, 2, 0, &wanted));
	df_buf_free(&wanted);
	sample_end(&s);
	conf_feed_free(s.feed);
}

/* A part begins with a row of data: its null words are empty cells. */
static void test_null(void)
{
	struct sample s = {.feed = feed_make(false, "off")};
	struct df_buf wanted = {0};
	s.feed->rows.null.v = df_alloc(sizeof(char *));
	s.feed->rows.null.v[s.feed->rows.null.n++] = df_strdup("\\N");
	df_buf_adds(&s.text, header);
	df_buf_adds(&s.text, "\n");
	for (int i = 0; i < 500; i++)
		df_buf_addf(&s.text, "%s,1,\\N,1700000000001,,purchase,p,\\N\n",
			    i % 3 == 0 ? "\\N" : "development");
	sample_open(&s);
	pass_it(&s, 1, 0, &wanted);
	CU_ASSERT_PTR_NULL(strstr(df_buf_cstr(&wanted), "\\N"));
	for (size_t part = 60; part < 20000; part = part * 3 / 2)
		CU_ASSERT_TRUE(same(&s, 3, part, &wanted));
	df_buf_free(&wanted);
	sample_end(&s);
	conf_feed_free(s.feed);
}

/* A signal's request to stop is heard between parts. */
static void test_stopped(void)
{
	struct sample s = {.feed = feed_make(false, "off")};
	struct df_buf got = {0};
	df_buf_adds(&s.text, header);
	df_buf_adds(&s.text, "\n");
	for (int i = 0; i < 2000; i++)
		df_buf_adds(&s.text, "development,1,,1,,purchase,p,n\n");
	sample_open(&s);
	df_stop_requested = 1;
	pass_it(&s, 2, 1000, &got);
	df_stop_requested = 0;
	CU_ASSERT_PTR_NOT_NULL(strstr(df_buf_cstr(&got), "stopped by a signal"));
	df_buf_free(&got);
	sample_end(&s);
	conf_feed_free(s.feed);
}

/* The file gets shorter while it is read. */
static void test_unreadable(void)
{
	struct sample s = {.feed = feed_make(false, "off")};
	struct df_buf got = {0};
	df_buf_adds(&s.text, header);
	df_buf_adds(&s.text, "\n");
	for (int i = 0; i < 20000; i++)
		df_buf_adds(&s.text, "development,1,,1,,purchase,p,n\n");
	sample_open(&s);
	CU_ASSERT_EQUAL(ftruncate(s.fd, 400000), 0);
	pass_it(&s, 3, 1000, &got);
	CU_ASSERT_PTR_NOT_NULL(strstr(df_buf_cstr(&got), "shorter while it was read"));
	df_buf_free(&got);
	sample_end(&s);
	conf_feed_free(s.feed);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"words for nothing", test_null},     {"random documents", test_random},
	    {"large rows, and many", test_large}, {"stopped", test_stopped},
	    {"unreadable", test_unreadable},      CU_TEST_INFO_NULL,
	};
	return test_main("document_parts", NULL, NULL, tests);
}
