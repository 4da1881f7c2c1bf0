/* SPDX-License-Identifier: MIT */
/* run_world.h - a run of one feed, with a real ledger in a folder of its own */
#ifndef RUN_WORLD_H
#define RUN_WORLD_H

#include "../../src/run/run_session.h"

#include "test.h"

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct {
	char dir[200];
	struct conf_feed feed;
	struct conf conf;
	struct run run;
	struct run_result result;
} world;

/* Each test begins with an empty ledger. */
static TEST_UNUSED void world_begin(void)
{
	struct df_err err = {0};
	memset(&world, 0, sizeof(world));
	CU_ASSERT_EQUAL_FATAL(test_folder_make(world.dir, sizeof(world.dir)), 0);
	world.feed.name = (char *)"f";
	world.conf = (struct conf){.state_dir = world.dir, .feeds = &world.feed, .n_feeds = 1};
	world.run = (struct run){.conf = &world.conf, .result = &world.result};
	pthread_mutex_init(&world.run.lock, NULL);
	OK(ledger_open(world.dir, &world.run.env.ledger, &err));
}

static TEST_UNUSED void world_end(void)
{
	ledger_close(world.run.env.ledger);
	pthread_mutex_destroy(&world.run.lock);
	CU_ASSERT_EQUAL(test_folder_remove(world.dir), 0);
}

static TEST_UNUSED int64_t world_file(const char *name, const char *sha256, int64_t now_ms)
{
	struct df_err err = {0};
	int64_t id = 0;
	const struct ledger_new_file f = {.key = {"f", "local", name, 1, 1},
					  .sha256 = sha256,
					  .event_type = "eventless",
					  .now_ms = now_ms};
	OK(ledger_file_add(world.run.env.ledger, &f, &id, &err));
	return id;
}

/* A document of the file, of which all rows but these were delivered, and the file are done. */
static TEST_UNUSED int64_t world_done(int64_t file, uint64_t rows, uint64_t rejected,
				      const char *rejects, int64_t now_ms)
{
	struct df_err err = {0};
	struct ledger *l = world.run.env.ledger;
	struct ledger_document d = {0};
	const struct ledger_new_document begun = {.file_id = file,
						  .event_type = "eventless",
						  .settings = "lanes=1",
						  .version = "0",
						  .now_ms = now_ms};
	const struct ledger_checked found = {.rows = rows, .rejected = rejected};
	const struct ledger_taking taking = {
	    .version = "0", .settings = "lanes=1", .now_ms = now_ms};
	const struct ledger_settled step = {.done = 1, .rows_delivered = rows - rejected};
	const struct ledger_outcome done = {
	    .state = LEDGER_DONE, .text = rejects, .now_ms = now_ms};
	OK(ledger_document_begin(l, &begun, &d, &err));
	OK(ledger_document_checked(l, d.id, &found, &err));
	OK(ledger_document_taken(l, d.id, &taking, &err));
	OK(ledger_lanes_settled(l, d.id, &step, 1, &err));
	OK(ledger_document_state(l, d.id, &done, &err));
	OK(ledger_file_state(
	    l, file, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = now_ms}, &err));
	int64_t id = d.id;
	ledger_document_free(&d);
	return id;
}

/* What was logged last. The caller's. */
static TEST_UNUSED char *world_log(void)
{
	struct df_buf out = {0};
	df_log_tail(&out);
	df_buf_cstr(&out);
	return out.data;
}

static TEST_UNUSED void world_logged(const char *part)
{
	char *log = world_log();
	TEXT_HAS(log, part);
	free(log);
}

/* Standard output, from here on, until world_printed. */
static struct {
	int before;
	FILE *to;
} world_out;

static TEST_UNUSED void world_print(void)
{
	fflush(stdout);
	world_out.before = dup(STDOUT_FILENO);
	world_out.to = tmpfile();
	CU_ASSERT_PTR_NOT_NULL_FATAL(world_out.to);
	CU_ASSERT(dup2(fileno(world_out.to), STDOUT_FILENO) >= 0);
}

/* What was printed; the caller's. */
static TEST_UNUSED char *world_printed(void)
{
	struct df_buf out = {0};
	char piece[4096];
	size_t n;
	fflush(stdout);
	CU_ASSERT(dup2(world_out.before, STDOUT_FILENO) >= 0);
	close(world_out.before);
	rewind(world_out.to);
	while ((n = fread(piece, 1, sizeof(piece), world_out.to)) > 0)
		df_buf_add(&out, piece, n);
	fclose(world_out.to);
	df_buf_cstr(&out);
	return out.data;
}

#endif
