/* SPDX-License-Identifier: MIT */
/* A reject file that is written by the places of its rows alone is the one that a whole pass over
 * the document writes, byte for byte. */
#include "../../src/document/document_places.h"
#include "document_world.h"

static char dir[200];

static int begin_folder(void)
{
	return test_folder_make(dir, sizeof(dir));
}

static int end_folder(void)
{
	return test_folder_remove(dir);
}

/* ---- passes are counted ---- */

static unsigned passes;

enum df_status __real_document_pass(struct document_pass *w, struct df_err *err);
enum df_status __wrap_document_pass(struct document_pass *w, struct df_err *err);
enum df_status __wrap_document_pass(struct document_pass *w, struct df_err *err)
{
	passes++;
	return __real_document_pass(w, err);
}

/* ---- a document, and which of its sound rows are rejected later ---- */

enum { LATER_MAX = 64 };

struct sample {
	struct conf_feed *feed;
	const char *text;
	size_t len;        /* 0: strlen */
	uint64_t every;    /* of the sound rows each so many-th is rejected later; 0: none */
	uint32_t jobs;     /* 0: 1 */
	size_t part_size;  /* with jobs */
	size_t max;        /* of the places; 0: as it is */
	bool unplaced;     /* of later ones the row's number alone is known */
	size_t n_rejected; /* checked, where it is not 0 */
};

struct later {
	uint64_t every, sound;
	struct ledger_reject v[LATER_MAX];
	size_t n;
};

static enum df_status on_record(void *ctx, const struct map_record *record,
				const struct batch_row *where, struct df_err *err)
{
	struct later *l = ctx;
	(void)record;
	(void)err;
	if (l->every == 0 || ++l->sound % l->every != 0 || l->n == LATER_MAX)
		return DF_OK;
	l->v[l->n++] = (struct ledger_reject){.row = where->number,
					      .line = where->line,
					      .offset = where->offset,
					      .length = where->length,
					      .code = "api-rejected",
					      .message = "too, \"old\"",
					      .partly = l->n % 3 == 2};
	return DF_OK;
}

static enum df_status next(void *ctx, uint64_t after, struct ledger_reject *out, struct df_err *err)
{
	const struct later *l = ctx;
	(void)err;
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].row <= after)
			continue;
		*out = l->v[i];
		return DF_OK;
	}
	return DF_END;
}

struct written {
	struct df_buf bytes;   /* own: of the reject file */
	struct df_buf reasons; /* own */
	unsigned passes;       /* that writing it took */
};

static void written_free(struct written *w)
{
	df_buf_free(&w->bytes);
	df_buf_free(&w->reasons);
}

static void read_file(const char *path, struct df_buf *out)
{
	char piece[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	for (ssize_t n = 0; (n = read(fd, piece, sizeof(piece))) > 0;)
		df_buf_add(out, piece, (size_t)n);
	close(fd);
}

static void list_reasons(const struct document_reasons *list, struct df_buf *out)
{
	for (size_t i = 0; i < list->n; i++)
		df_buf_addf(out, "%s in %s: %llu from %llu, %llu\n", list->v[i].code,
			    list->v[i].column, (unsigned long long)list->v[i].rows,
			    (unsigned long long)list->v[i].lines[0],
			    (unsigned long long)list->v[i].lines[1]);
}

static struct written export(struct document_pass *pass, const struct document_later *later)
{
	struct df_err err = {0};
	struct written w = {0};
	struct document_rejects out = {0};
	char *path = df_format("%s/rejects.csv", dir);
	passes = 0;
	OK(document_rejects_export(pass, later, path, &out, &err));
	w.passes = passes;
	document_pass_end(pass);
	read_file(path, &w.bytes);
	list_reasons(&out.reasons, &w.reasons);
	document_rejects_free(&out);
	unlink(path);
	free(path);
	return w;
}

/* The document is in the middle of a file, as an entry of a zip is. */
static void put_text(struct decode_doc *doc, const struct sample *s)
{
	struct df_err err = {0};
	static const char before[] = "mpid\nnot the document's\n";
	doc->offset = sizeof(before) - 1;
	doc->length = s->len > 0 ? s->len : strlen(s->text);
	OK(df_unnamed_open(dir, &doc->fd, &err));
	OK(df_write_all(doc->fd, before, sizeof(before) - 1, &err));
	OK(df_write_all(doc->fd, s->text, doc->length, &err));
	OK(df_write_all(doc->fd, before, sizeof(before) - 1, &err));
}

/* Both ways: by the places of a pass, and by a pass of its own. */
static void write_both(const struct sample *s, struct written *by_places, struct written *by_pass)
{
	static const struct document_pass_handlers handlers = {.record = on_record};
	struct df_err err = {0};
	struct decode_texts *texts = decode_texts_new(dir, 1 << 24);
	struct decode_doc doc = {.event_type = "eventless", .text = decode_text_new(texts)};
	struct later rows = {.every = s->every};
	struct document_places *places = document_places_new();
	struct document_pass pass = {.feed = s->feed,
				     .file = "a-eventless.csv",
				     .doc = &doc,
				     .jobs = s->jobs > 0 ? s->jobs : 1,
				     .part_size = s->part_size,
				     .handlers = &handlers,
				     .ctx = &rows,
				     .places = places};
	const struct document_later later = {.next = next, .ctx = &rows, .placed = !s->unplaced};
	put_text(&doc, s);
	places->max = s->max > 0 ? s->max : places->max;
	OK(document_pass(&pass, &err));
	if (s->n_rejected > 0)
		CU_ASSERT_EQUAL(pass.rejected, s->n_rejected);
	document_pass_end(&pass);

	*by_places = export(&pass, &later);
	pass.places = NULL;
	*by_pass = export(&pass, &later);
	document_places_free(places);
	close(doc.fd);
	decode_text_free(doc.text);
	decode_texts_free(texts);
}

static void same(const struct written *a, const struct written *b, const char *text)
{
	bool is = a->bytes.len == b->bytes.len && a->bytes.len > 0 &&
		  memcmp(a->bytes.data, b->bytes.data, a->bytes.len) == 0;
	CU_ASSERT(is);
	if (!is)
		fprintf(stderr, "\n%.200s\nby places:\n%.*s\nby a pass:\n%.*s\n", text,
			(int)a->bytes.len, a->bytes.len > 0 ? a->bytes.data : "", (int)b->bytes.len,
			b->bytes.len > 0 ? b->bytes.data : "");
	CU_ASSERT(a->reasons.len == b->reasons.len);
	if (a->reasons.len > 0 && b->reasons.len > 0)
		CU_ASSERT(memcmp(a->reasons.data, b->reasons.data, a->reasons.len) == 0);
}

/* ...with none, some and all of its sound rows rejected later. */
static void both_ways(struct sample s)
{
	const uint64_t every[] = {0, 3, 1};
	for (size_t i = 0; i < sizeof(every) / sizeof(*every); i++) {
		struct written a = {0}, b = {0};
		s.every = every[i];
		write_both(&s, &a, &b);
		same(&a, &b, s.text);
		CU_ASSERT_EQUAL(a.passes, 0);
		CU_ASSERT_EQUAL(b.passes, 1);
		written_free(&a);
		written_free(&b);
	}
}

static struct conf_feed *feed_with(const char *key, const char *value)
{
	struct conf_feed *feed = conf_feed_default("f");
	if (key != NULL)
		set(feed, key, value);
	return feed;
}

/* ---- how documents are written ---- */

#define ROWS                                                                                       \
	"mpid,user_attributes.Note,user_attributes.$Age\n"                                         \
	"1,fine,3\nx,bad,4\n2,\"two\nlines, \"\"quoted\"\"\",5\n\n,none,\n3,fine,6\n"              \
	"y,\"two\nbad\",7\n4,fine,8\n5,short\n6,fine,9\n7,st\"ray,1\n8,last,2"

static void test_plain(void)
{
	struct conf_feed *feed = feed_with(NULL, NULL);
	both_ways((struct sample){.feed = feed, .text = ROWS, .n_rejected = 5});
	both_ways((struct sample){.feed = feed, .text = ROWS "\n"});
	both_ways((struct sample){.feed = feed, .text = ROWS "\nz,no line end"});
	both_ways((struct sample){.feed = feed, .text = "\xef\xbb\xbf" ROWS});
	both_ways((struct sample){.feed = feed, .text = "mpid,ip\r\nx,\r\n1,\r\n\r\ny,\r\n"});
	both_ways((struct sample){.feed = feed, .text = "mpid\nx"});
	both_ways((struct sample){.feed = feed,
				  .text = ROWS "\nz,,\n\0\0\0\0",
				  .len = sizeof(ROWS "\nz,,\n\0\0\0\0") - 1});
	both_ways((struct sample){.feed = feed, .text = ROWS "\nz,,\n\x1a\x1a"});
	conf_feed_free(feed);
}

/* A row with several faults, and reasons that repeat. */
static void test_reasons(void)
{
	struct conf_feed *feed = feed_with(NULL, NULL);
	struct written a = {0}, b = {0};
	const struct sample s = {.feed = feed,
				 .text = "mpid,environment,device_info.platform\n"
					 "x,nowhere,web\n1,development,web\n,,\ny,moon,\n",
				 .every = 1,
				 .n_rejected = 3};
	write_both(&s, &a, &b);
	same(&a, &b, s.text);
	TEXT_HAS(df_buf_cstr(&a.bytes), "\nx,nowhere,web,2,\"not-allowed in environment: ");
	TEXT_HAS(df_buf_cstr(&a.bytes), "; not-an-integer in mpid: ");
	TEXT_HAS(df_buf_cstr(&a.bytes), "\n1,development,web,3,\"api-rejected: too, \"\"old\"\"");
	TEXT_IS(df_buf_cstr(&a.reasons), "not-allowed in environment: 2 from 2, 5\n"
					 "api-rejected in : 1 from 3, 0\n"
					 "missing-identity in : 1 from 4, 0\n");
	written_free(&a);
	written_free(&b);
	conf_feed_free(feed);
}

static void test_dialects(void)
{
	static const struct {
		const char *key, *value, *text;
	} all[] = {
	    {"delimiter", ";", "mpid;user_attributes.Ort\nx;a,b\n1;c\ny;\"d;\n\"\n"},
	    {"delimiter", "tab", "mpid\tuser_attributes.Ort\r\nx\ta\r\n1\tc\r\n2\r\n"},
	    {"quote", "none", "mpid,user_attributes.Ort\nx,\"a\n1,c\ny,d\"\n"},
	    {"quote", "'", "mpid,user_attributes.Ort\nx,'a,\nb'\n1,c\ny,'it''s'\n"},
	    {"escape", "backslash", "mpid,user_attributes.Ort\nx,\"a\\\"\n,\"\n1,c\n,\"d\\\\\"\n"},
	    {"trim", "yes", "mpid,user_attributes.Ort\nx  , \"a\" \n1,c\n y ,d\n"},
	    {"comment", "#", "# about\nmpid,ip\n# 1\nx,\n1,\n# 2\ny,\n# end\n"},
	    {"skip_lines", "2", "A report\n\nmpid,ip\nx,\n1,\ny,\n"},
	    {"skip_last_lines", "1", "mpid,ip\nx,\n1,\ny,\n3 rows\n"},
	    {"null", "\\N", "mpid,ip\n\\N,\n1,\ny,\\N\n"},
	    {"unknown_columns", "warn", "mpid,ip,\nx,,\n1,,\ny,,\n"},
	    {"unknown_columns", "warn", "mpid,ip\nx,,\n1,,\ny,,\n2,,3\n"},
	    {"row_count", "^# ([0-9]+)", "mpid\nx\n1\ny\n# 3\n"},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct conf_feed *feed = feed_with(all[i].key, all[i].value);
		if (strcmp(all[i].key, "row_count") == 0)
			set(feed, "skip_last_lines", "1");
		both_ways((struct sample){.feed = feed, .text = all[i].text});
		conf_feed_free(feed);
	}
}

static void test_encodings(void)
{
	struct conf_feed *feed = feed_with("encoding", "iso-8859-1");
	both_ways((struct sample){.feed = feed,
				  .text = "mpid,user_attributes.Ort\nx,Z\xfcrich\n1,K\xf6ln\n"
					  "y,\"Li\xe8ge\n\"\n"});
	conf_feed_free(feed);

	static const char text[] = "m\0p\0i\0d\0\n\0x\0\xfc\0\n\0001\0\n\0y\0\xac\x20\n\0";
	feed = feed_with("encoding", "utf-16le");
	both_ways((struct sample){.feed = feed, .text = text, .len = sizeof(text) - 1});
	conf_feed_free(feed);
}

static void manifest(struct conf_feed *feed, const char *text)
{
	struct df_err err = {0};
	char *path = df_format("%s/manifest.json", dir);
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	OK(df_write_all(fd, text, strlen(text), &err));
	close(fd);
	set(feed, "manifest", path);
	free(path);
}

/* Without a header the reject file gets one of places, which ends as its first row does. */
static void test_no_header(void)
{
	struct conf_feed *feed = feed_with(NULL, NULL);
	manifest(feed, "{\"hasHeaderRow\": false, \"columns\": ["
		       "{\"column\": \"Who\", \"action\": \"keep\", \"field\": \"mpid\"},"
		       "{\"column\": \"What\", \"action\": \"keep\", \"field\": "
		       "\"user_attributes.a\"}]}");
	both_ways((struct sample){.feed = feed, .text = "1,a\nx,b\n2,c\ny,\"d\ne\"\n"});
	both_ways((struct sample){.feed = feed, .text = "x,b\r\n2,c\r\ny,d\r\n"});
	both_ways((struct sample){.feed = feed, .text = "x\"y,b\n2,c\ny,d"});
	both_ways((struct sample){.feed = feed,
				  .text = "dropfeed.column1,dropfeed.column2,dropfeed.line,"
					  "dropfeed.reason\nx,b,7,why\n2,c,8,\"why, \"\"so\"\"\"\n"
					  "y,d,9,\n"});
	conf_feed_free(feed);
}

/* A reject file that was dropped again, as it is and requoted. */
static void test_again(void)
{
	struct conf_feed *feed = feed_with(NULL, NULL);
	struct written a = {0}, b = {0};
	const struct sample s = {.feed = feed, .text = ROWS, .every = 2};
	write_both(&s, &a, &b);
	same(&a, &b, ROWS);
	both_ways((struct sample){.feed = feed, .text = df_buf_cstr(&a.bytes), .len = a.bytes.len});
	written_free(&a);
	written_free(&b);
	both_ways((struct sample){
	    .feed = feed,
	    .text = "\"dropfeed.reason\",\"mpid\",\"dropfeed.line\",\"ip\"\n"
		    "\"wrong, \"\"so\"\"\",\"x\",\"7\",\"\"\n\"\",\"1\",\"8\",\"\"\n"
		    "\"w\nw\",\"y\",\"9\",\"\"\n"});
	conf_feed_free(feed);
}

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
	    {"rows as they are", test_plain},
	    {"reasons", test_reasons},
	    {"dialects", test_dialects},
	    {"encodings", test_encodings},
	    {"no header", test_no_header},
	    {"dropped again", test_again},
	    {"large rows", test_large},
	    {"parts", test_parts},
	    {"too many", test_bound},
	    {"places that are not known", test_unplaced},
	    {"what is kept", test_kept},
	    {"a pass that was stopped", test_stopped},
	    CU_TEST_INFO_NULL,
	};
	return test_main("document_places", begin_folder, end_folder, tests);
}
