/* SPDX-License-Identifier: MIT */
/* ledger_world.h - a ledger of its own for each test, in SQLite or PostgreSQL */
#ifndef LEDGER_WORLD_H
#define LEDGER_WORLD_H

#include "dropfeed/ledger.h"

#include "test.h"

#include <sqlite3.h>

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_D "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define SHA_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static TEST_UNUSED char dir[100];
static TEST_UNUSED struct df_err err;

static TEST_UNUSED void path_in(char *out, size_t size, const char *name)
{
	snprintf(out, size, "%s/%s", dir, name);
}

/* SQLite's memory, which may be refused; its own limit works where it counts what it takes. */
static TEST_UNUSED sqlite3_mem_methods memory;
static TEST_UNUSED bool no_memory;

static TEST_UNUSED void *scarce_malloc(int n)
{
	return no_memory ? NULL : memory.xMalloc(n);
}

static TEST_UNUSED void *scarce_realloc(void *p, int n)
{
	return no_memory ? NULL : memory.xRealloc(p, n);
}

static TEST_UNUSED int setup(void)
{
	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory) != SQLITE_OK)
		return 1;
	sqlite3_mem_methods scarce = memory;
	scarce.xMalloc = scarce_malloc;
	scarce.xRealloc = scarce_realloc;
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &scarce) != SQLITE_OK)
		return 1;
	return test_folder_make(dir, sizeof(dir));
}

static TEST_UNUSED void wipe(void)
{
	static const char *const names[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm",
					    "ledger.session"};
	for (size_t i = 0; i < 4; i++) {
		char path[300];
		path_in(path, sizeof(path), names[i]);
		unlink(path);
	}
}

static TEST_UNUSED int teardown(void)
{
	wipe();
	return rmdir(dir);
}

/* tests/with-postgres says where; else the ledger is SQLite's. */
static TEST_UNUSED struct ledger_where where(void)
{
	return (struct ledger_where){.state_dir = dir, .url = getenv("DROPFEED_TEST_LEDGER")};
}

static TEST_UNUSED bool in_sqlite(void)
{
	return where().url == NULL;
}

static TEST_UNUSED void wipe_postgres(void)
{
	char *command = df_format("psql -X -q -d '%s' -c 'SET client_min_messages = error' "
				  "-c 'DROP SCHEMA public CASCADE' -c 'CREATE SCHEMA public'",
				  where().url);
	CU_ASSERT_EQUAL(system(command), 0);
	free(command);
}

static TEST_UNUSED struct ledger *fresh(void)
{
	struct ledger *l = NULL;
	const struct ledger_where at = where();
	wipe();
	if (!in_sqlite())
		wipe_postgres();
	OK(ledger_open_at(&at, &l, &err));
	if (l == NULL)
		abort();
	return l;
}

#define SOURCE "sftp://u@h:22/in"

static TEST_UNUSED enum df_status enter(struct ledger *l, const char *feed, const char *name,
					uint64_t size, int64_t mtime, const char *sha,
					int64_t now_ms, int64_t *id)
{
	const char *dash = strrchr(name, '-');
	struct ledger_new_file f = {
	    .key = {feed, SOURCE, name, size, mtime}, .sha256 = sha, .now_ms = now_ms};
	f.event_type = dash != NULL ? dash + 1 : "";
	return ledger_file_add(l, &f, id, &err);
}

static TEST_UNUSED enum df_status known(struct ledger *l, const char *feed, const char *name,
					uint64_t size, int64_t mtime, struct ledger_file *f)
{
	return ledger_file_known(l, &(struct ledger_key){feed, SOURCE, name, size, mtime}, f, &err);
}

static TEST_UNUSED enum df_status seen(struct ledger *l, const char *feed, uint64_t size,
				       int64_t mtime, int64_t now_ms, int64_t *first)
{
	return ledger_seen(l, &(struct ledger_key){feed, SOURCE, "a.csv", size, mtime}, now_ms,
			   first, &err);
}

static TEST_UNUSED enum df_status begin(struct ledger *l, int64_t file, const char *name,
					const char *event_type, const char *settings,
					const char *manifest, int64_t now_ms,
					struct ledger_document *d)
{
	return ledger_document_begin(l,
				     &(struct ledger_new_document){file, name, event_type, settings,
								   manifest, NULL, "1", now_ms},
				     d, &err);
}

static TEST_UNUSED enum df_status checked(struct ledger *l, int64_t id, uint64_t rows,
					  uint64_t rejected)
{
	return ledger_document_checked(
	    l, id,
	    &(struct ledger_checked){.rows = rows, .rejected = rejected, .batches = 4, .events = 8},
	    &err);
}

static TEST_UNUSED int64_t add_file(struct ledger *l, const char *name, const char *sha)
{
	int64_t id = 0;
	OK(enter(l, "orders", name, 100, 1700000000, sha, 5000, &id));
	return id;
}

static TEST_UNUSED int64_t add_document(struct ledger *l, int64_t file, const char *name)
{
	struct ledger_document d = {0};
	OK(begin(l, file, name, "custom_event", "lanes = 8\n", NULL, 6000, &d));
	int64_t id = d.id;
	ledger_document_free(&d);
	return id;
}

static TEST_UNUSED enum df_status same(struct ledger *l, const char *sha, const char *event_type,
				       int64_t before, struct ledger_file *f)
{
	return ledger_file_same(l, &(struct ledger_bytes){"orders", sha, event_type, before}, f,
				&err);
}

/* A document of the file, with one row that is delivered or rejected. */
static TEST_UNUSED int64_t finish(struct ledger *l, int64_t file, const char *name, bool delivered)
{
	struct ledger_reject rejects[] = {{1, 2, 30, 10, "no", NULL}};
	int64_t id = add_document(l, file, name);
	OK(checked(l, id, 1, 0));
	OK(ledger_lanes_settled(
	    l, id, &(struct ledger_settled){0, 1, delivered, rejects, !delivered}, 1, &err));
	OK(ledger_document_state(l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
				 &err));
	return id;
}

struct counted {
	int n;
	int64_t last;
	enum df_status answer;
};

static TEST_UNUSED enum df_status count_file(void *ctx, const struct ledger_file *f,
					     struct df_err *e)
{
	struct counted *c = ctx;
	(void)e;
	c->n++;
	CU_ASSERT(f->id > c->last);
	c->last = f->id;
	return c->answer;
}

static TEST_UNUSED int count_files(struct ledger *l, const char *feed, bool open_only)
{
	struct counted c = {0};
	OK(ledger_files(l, feed, open_only, count_file, &c, &err));
	return c.n;
}

static TEST_UNUSED enum df_status keep_reject(void *ctx, const struct ledger_reject *r,
					      struct df_err *e)
{
	struct df_buf *out = ctx;
	(void)e;
	df_buf_addf(out, "%d/%d/%d/%d/%s/%s;", (int)r->row, (int)r->line, (int)r->offset,
		    (int)r->length, r->message, r->code);
	return DF_OK;
}

static TEST_UNUSED enum df_status keep_document(void *ctx, const struct ledger_document *d,
						struct df_err *e)
{
	struct df_buf *out = ctx;
	(void)e;
	df_buf_addf(out, "%s %d=%d+%d;", ledger_state_name(d->state), (int)d->rows,
		    (int)d->delivered, (int)d->rejected);
	return DF_OK;
}

static TEST_UNUSED void expect_document(struct ledger *l, int64_t file, const char *want)
{
	struct df_buf got = {0};
	OK(ledger_documents(l, file, keep_document, &got, &err));
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&got), want);
	df_buf_free(&got);
}

static TEST_UNUSED size_t again_rows(struct ledger *l, int64_t id)
{
	struct ledger_again_rows rows = {0};
	OK(ledger_again(l, id, false, &rows, &err));
	size_t n = rows.n;
	ledger_again_rows_free(&rows);
	return n;
}

#endif
