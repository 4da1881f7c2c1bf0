/* SPDX-License-Identifier: MIT */
/*
 * anew_world.h - `restart` and `resend` of one file, and what they find in the ledger
 */
#ifndef ANEW_WORLD_H
#define ANEW_WORLD_H

#include "feed_world.h"

#define NAME  "a-eventless.csv"
#define OTHER "b-eventless.csv"

static TEST_UNUSED const struct ledger_reject rejected = {.message = "no", .code = "api-rejected"};

static TEST_UNUSED void anew(bool resend, struct run_files_options o, const char *name)
{
	o.files = &name;
	o.n_files = 1;
	memset(&world.result, 0, sizeof(world.result));
	fw.handed = 0;
	(resend ? run_resend : run_restart)(&world.conf, &o, &world.result);
}

static TEST_UNUSED void restart(const char *name, unsigned handed, int exit_code)
{
	anew(false, (struct run_files_options){0}, name);
	CU_ASSERT_EQUAL(fw.handed, handed);
	CU_ASSERT_EQUAL(run_exit_code(&world.result), exit_code);
}

static TEST_UNUSED void resend(const char *name, unsigned handed, int exit_code)
{
	anew(true, (struct run_files_options){0}, name);
	CU_ASSERT_EQUAL(fw.handed, handed);
	CU_ASSERT_EQUAL(run_exit_code(&world.result), exit_code);
}

static TEST_UNUSED void resend_anew(const char *name, unsigned handed)
{
	anew(true, (struct run_files_options){.new_ids = true}, name);
	CU_ASSERT_EQUAL(fw.handed, handed);
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 0);
}

static TEST_UNUSED uint64_t copy_of(int64_t id)
{
	struct df_err err = {0};
	uint64_t copy = 0;
	OK(ledger_file_copy(world.run.env.ledger, id, false, &copy, &err));
	return copy;
}

static char *rejects; /* the path of the reject file; own */

/* A file that was delivered, but for two rows; its reject file is there. */
static TEST_UNUSED int64_t add_done(int64_t closed_ms)
{
	int64_t id = feed_enter(NAME, 1000, true), document = feed_document(id, &rejected);
	free(rejects);
	rejects = df_format("%s/r-eventless.csv", world.dir);
	test_file_put(world.dir, "r-eventless.csv", "id\n1\n2\n");
	feed_done(id, document, rejects, closed_ms);
	return id;
}

/* A document of it whose first row is about to be sent. */
static TEST_UNUSED int64_t begin_document(int64_t file, const char *type)
{
	struct df_err err = {0};
	struct ledger *l = world.run.env.ledger;
	struct ledger_document d = {0};
	const struct ledger_new_document begun = {.file_id = file,
						  .event_type = type,
						  .settings = "lanes=1",
						  .version = "0",
						  .now_ms = 1};
	const struct ledger_taking taking = {.version = "0", .settings = "lanes=1", .now_ms = 1};
	OK(ledger_document_begin(l, &begun, &d, &err));
	OK(ledger_document_checked(l, d.id, &(struct ledger_checked){.rows = 10}, &err));
	OK(ledger_document_taken(l, d.id, &taking, &err));
	int64_t id = d.id;
	ledger_document_free(&d);
	return id;
}

static TEST_UNUSED enum df_status on_id(void *ctx, const struct ledger_document *d,
					struct df_err *err)
{
	(void)err;
	*(int64_t *)ctx = d->id;
	return DF_OK;
}

static TEST_UNUSED int64_t document_of(int64_t file)
{
	struct df_err err = {0};
	int64_t id = 0;
	OK(ledger_documents(world.run.env.ledger, file, on_id, &id, &err));
	return id;
}

static TEST_UNUSED int64_t soon(void)
{
	return df_now_ms() + 5000; /* so that the reject file was not edited after that */
}

/* Events were noted before they were sent, and a batch of them is settled. */
static TEST_UNUSED void to_braze(int64_t document, bool events)
{
	struct df_err err = {0};
	const struct ledger_sending note = {.upto = 1, .sync = true};
	world.feed.send.sink = CONF_SINK_BRAZE;
	if (events)
		OK(ledger_lane_sending(world.run.env.ledger, document, &note, &err));
}

#endif
