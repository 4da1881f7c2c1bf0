/* SPDX-License-Identifier: MIT */
/* places_world.h - a reject file written by places, and by a pass */
#ifndef PLACES_WORLD_H
#define PLACES_WORLD_H

#include "../../src/document/document_places.h"
#include "document_world.h"

static TEST_UNUSED char dir[200];

static TEST_UNUSED int begin_folder(void)
{
	return test_folder_make(dir, sizeof(dir));
}

static TEST_UNUSED int end_folder(void)
{
	return test_folder_remove(dir);
}

static TEST_UNUSED unsigned passes;

enum df_status __real_document_pass(struct document_pass *w, struct df_err *err);
enum df_status __wrap_document_pass(struct document_pass *w, struct df_err *err);
enum df_status __wrap_document_pass(struct document_pass *w, struct df_err *err)
{
	passes++;
	return __real_document_pass(w, err);
}

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

static TEST_UNUSED enum df_status on_record(void *ctx, const struct map_record *record,
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

static TEST_UNUSED enum df_status next(void *ctx, uint64_t after, struct ledger_reject *out,
				       struct df_err *err)
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

static TEST_UNUSED void written_free(struct written *w)
{
	df_buf_free(&w->bytes);
	df_buf_free(&w->reasons);
}

static TEST_UNUSED void read_file(const char *path, struct df_buf *out)
{
	char piece[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	for (ssize_t n = 0; (n = read(fd, piece, sizeof(piece))) > 0;)
		df_buf_add(out, piece, (size_t)n);
	close(fd);
}

static TEST_UNUSED void list_reasons(const struct document_reasons *list, struct df_buf *out)
{
	for (size_t i = 0; i < list->n; i++)
		df_buf_addf(out, "%s in %s: %llu from %llu, %llu\n", list->v[i].code,
			    list->v[i].column, (unsigned long long)list->v[i].rows,
			    (unsigned long long)list->v[i].lines[0],
			    (unsigned long long)list->v[i].lines[1]);
}

static TEST_UNUSED struct written export(struct document_pass *pass,
					 const struct document_later *later)
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
static TEST_UNUSED void put_text(struct decode_doc *doc, const struct sample *s)
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
static TEST_UNUSED void write_both(const struct sample *s, struct written *by_places,
				   struct written *by_pass)
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

static TEST_UNUSED void same(const struct written *a, const struct written *b, const char *text)
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
static TEST_UNUSED void both_ways(struct sample s)
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

static TEST_UNUSED struct conf_feed *feed_with(const char *key, const char *value)
{
	struct conf_feed *feed = conf_feed_default("f");
	if (key != NULL)
		set(feed, key, value);
	return feed;
}

#define ROWS                                                                                       \
	"mpid,user_attributes.Note,user_attributes.$Age\n"                                         \
	"1,fine,3\nx,bad,4\n2,\"two\nlines, \"\"quoted\"\"\",5\n\n,none,\n3,fine,6\n"              \
	"y,\"two\nbad\",7\n4,fine,8\n5,short\n6,fine,9\n7,st\"ray,1\n8,last,2"

#endif
