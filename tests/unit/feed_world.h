/* SPDX-License-Identifier: MIT */
/* feed_world.h - a feed's part of a run, with a local folder as its source; what is handed to the
 * workers is written down */
#ifndef FEED_WORLD_H
#define FEED_WORLD_H

#include "run_world.h"

#include "../../src/run/run_feed.h"

#include <utime.h>

/* Of "hello\n". */
#define SHA_HELLO "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"

static struct {
	char in[240], spool[240]; /* the source; where downloads are */
	struct feed_work w;
	/* the files that were handed over: how many, and of the latest: */
	unsigned handed;
	char name[64], sha256[DF_SHA256_HEX], place[512];
	int64_t id;
	uint64_t idle;
} fw;

bool __wrap_run_feed_hand_over(struct feed_work *w, const struct feed_file *file, char *spool);
bool __wrap_run_feed_hand_over(struct feed_work *w, const struct feed_file *file, char *spool)
{
	CU_ASSERT_PTR_EQUAL(w->feed, &world.feed);
	fw.handed++;
	snprintf(fw.name, sizeof(fw.name), "%s", file->entry->name);
	snprintf(fw.place, sizeof(fw.place), "%s", spool);
	memcpy(fw.sha256, file->sha256, DF_SHA256_HEX);
	fw.id = file->id;
	fw.idle = file->idle;
	free(spool);
	return true;
}

static TEST_UNUSED void feed_begin(void)
{
	struct df_err err = {0};
	world_begin();
	memset(&fw, 0, sizeof(fw));
	snprintf(fw.in, sizeof(fw.in), "%s/in", world.dir);
	snprintf(fw.spool, sizeof(fw.spool), "%s/spool/f", world.dir);
	OK(df_mkdirs(fw.in, &err));
	OK(df_mkdirs(fw.spool, &err));
	world.feed.fetch.source = (struct conf_source){.kind = CONF_SOURCE_FILE, .path = fw.in};
	world.conf.jobs = 1;
	fw.w = (struct feed_work){.run = &world.run,
				  .feed = &world.feed,
				  .spool = fw.spool,
				  .source = {.feed = &world.feed}};
}

static TEST_UNUSED void feed_end(void)
{
	free(fw.w.stuck.name);
	run_source_close(&fw.w.source);
	world_end();
}

/* A file of a folder, of that time. */
static TEST_UNUSED void feed_put(const char *folder, const char *name, const char *text,
				 time_t mtime)
{
	const struct utimbuf times = {mtime, mtime};
	char *path = df_format("%s/%s", folder, name);
	test_file_put(folder, name, text);
	CU_ASSERT_EQUAL(utime(path, &times), 0);
	free(path);
}

static TEST_UNUSED void feed_remove(const char *folder, const char *name)
{
	char *path = df_format("%s/%s", folder, name);
	CU_ASSERT_EQUAL(unlink(path), 0);
	free(path);
}

static TEST_UNUSED bool feed_has(const char *folder, const char *name)
{
	char *path = df_format("%s/%s", folder, name);
	bool has = access(path, F_OK) == 0;
	free(path);
	return has;
}

/* The file as the ledger has it. Texts: "" where there is none. */
struct feed_looked {
	int64_t id;
	enum ledger_state state, document; /* document: of its latest one; 0: it has none */
	bool cleanup_due;
	char code[32], text[256], documents_text[512];
};

static enum df_status feed_look_document(void *ctx, const struct ledger_document *d,
					 struct df_err *err)
{
	struct feed_looked *l = ctx;
	(void)err;
	l->document = d->state;
	snprintf(l->documents_text, sizeof(l->documents_text), "%s",
		 d->text != NULL ? d->text : "");
	return DF_OK;
}

static enum df_status feed_look_file(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct feed_looked *l = ctx;
	(void)err;
	if (f->id != l->id)
		return DF_OK;
	l->state = f->state;
	l->cleanup_due = f->cleanup_due;
	snprintf(l->code, sizeof(l->code), "%s", f->code != NULL ? f->code : "");
	snprintf(l->text, sizeof(l->text), "%s", f->text != NULL ? f->text : "");
	return DF_OK;
}

static TEST_UNUSED struct feed_looked feed_file_of(int64_t id)
{
	struct df_err err = {0};
	struct feed_looked l = {.id = id};
	OK(ledger_files(world.run.env.ledger, NULL, false, feed_look_file, &l, &err));
	OK(ledger_documents(world.run.env.ledger, id, feed_look_document, &l, &err));
	return l;
}

/* A file of "hello\n" that was entered. spooled: its bytes are in the spool. */
static TEST_UNUSED int64_t feed_enter(const char *name, int64_t mtime, bool spooled)
{
	struct df_err err = {0};
	int64_t id = 0;
	char *file = df_format("place-%s-%lld.drop", name, (long long)mtime);
	char *place = df_format("%s/%s", fw.spool, file);
	const struct ledger_new_file f = {.key = {"f", "local", name, 6, mtime},
					  .sha256 = SHA_HELLO,
					  .event_type = "eventless",
					  .place = place,
					  .now_ms = 1};
	OK(ledger_file_add(world.run.env.ledger, &f, &id, &err));
	if (spooled)
		test_file_put(fw.spool, file, "hello\n");
	free(file);
	free(place);
	return id;
}

static TEST_UNUSED void feed_close(int64_t id, enum ledger_state state, const char *code)
{
	struct df_err err = {0};
	const struct ledger_outcome to = {
	    .state = state, .code = code, .text = code != NULL ? "because" : NULL, .now_ms = 2};
	OK(ledger_file_state(world.run.env.ledger, id, &to, &err));
}

/* A document of it, as far as it got: its ten rows were checked, eight of them delivered, two
 * rejected by the API for that reason. */
static TEST_UNUSED int64_t feed_document(int64_t file, const struct ledger_reject *why)
{
	struct df_err err = {0};
	struct ledger *l = world.run.env.ledger;
	struct ledger_document d = {0};
	const struct ledger_new_document begun = {.file_id = file,
						  .event_type = "eventless",
						  .settings = "lanes=1",
						  .version = "0",
						  .now_ms = 1};
	const struct ledger_taking taking = {.version = "0", .settings = "lanes=1", .now_ms = 1};
	struct ledger_reject rows[] = {*why, *why};
	rows[0].row = 2;
	rows[0].line = 3;
	rows[1].row = 4;
	rows[1].line = 5;
	const struct ledger_settled step = {
	    .done = 1, .rows_delivered = 8, .rejects = rows, .n_rejects = 2};
	OK(ledger_document_begin(l, &begun, &d, &err));
	OK(ledger_document_checked(l, d.id, &(struct ledger_checked){.rows = 10}, &err));
	OK(ledger_document_taken(l, d.id, &taking, &err));
	OK(ledger_lanes_settled(l, d.id, &step, 1, &err));
	int64_t id = d.id;
	ledger_document_free(&d);
	return id;
}

/* It, and its file, are done. rejects: its reject file. closed_ms: wall clock. */
static TEST_UNUSED void feed_done(int64_t file, int64_t document, const char *rejects,
				  int64_t closed_ms)
{
	struct df_err err = {0};
	const struct ledger_outcome done = {
	    .state = LEDGER_DONE, .text = rejects, .now_ms = closed_ms};
	const struct ledger_outcome file_done = {.state = LEDGER_DONE, .now_ms = closed_ms};
	OK(ledger_document_state(world.run.env.ledger, document, &done, &err));
	OK(ledger_file_state(world.run.env.ledger, file, &file_done, &err));
}

#endif
