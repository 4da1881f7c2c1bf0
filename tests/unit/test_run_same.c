/* SPDX-License-Identifier: MIT */
/* The same bytes again in the same feed, and what event type a name says. */
#include "run_world.h"

static void same(const char *name, int64_t before, enum df_status wanted, int64_t wanted_id)
{
	struct df_err err = {0};
	struct ledger_file found = {0};
	const struct run_bytes of = {.name = name, .sha256 = SHA_A, .before = before};
	IS(run_same_bytes(world.run.env.ledger, &world.feed, &of, &found, &err), wanted);
	if (wanted != DF_END)
		CU_ASSERT_EQUAL(found.id, wanted_id);
	ledger_file_free(&found);
}

static void test_same(void)
{
	struct df_err err = {0};
	world_begin();
	same("a-eventless.csv", 0, DF_END, 0); /* nothing is known */
	int64_t id = world_file("a-eventless.csv", SHA_A, 1);
	same("b-eventless.csv", 0, DF_RETRY, id); /* it may yet be delivered */
	same("b-eventless.csv", id, DF_END, 0);   /* entered before it: none */
	same("b-screen_view.csv", 0, DF_END, 0);  /* other rows, of the same bytes */
	OK(ledger_file_state(
	    world.run.env.ledger, id,
	    &(struct ledger_outcome){.state = LEDGER_REFUSED, .code = "not-utf8", .text = "no"},
	    &err));
	same("b-eventless.csv", 0, DF_END, 0); /* no row of it was delivered */
	world_end();
}

static void test_delivered(void)
{
	world_begin();
	int64_t id = world_file("a-eventless.csv", SHA_A, 1);
	world_done(id, 10, 2, NULL, 1);
	same("b-eventless.csv", 0, DF_OK, id);
	world.feed.send.duplicates_import = true;
	same("b-eventless.csv", 0, DF_END, 0);
	world_end();
}

static void test_event_type(void)
{
	static const struct {
		const char *name, *document_type, *type;
	} cases[] = {
	    {"a-eventless.csv", NULL, "eventless"},
	    {"in/a-screen_view.csv.gz.gpg", NULL, "screen_view"},
	    {"a.csv", NULL, ""},
	    {"a.csv", "eventless", "eventless"},
	    {"a-screen_view.csv", "eventless", "screen_view"}, /* the name wins */
	    {"a.zip", NULL, ""},
	};
	char type[RUN_EVENT_TYPE_SIZE];
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf_feed feed = {0};
		feed.decode.document_type = (char *)(uintptr_t)cases[i].document_type;
		run_event_type(&feed, cases[i].name, type);
		TEXT_IS(type, cases[i].type);
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"unfinished, refused, of another type", test_same},
	    {"delivered", test_delivered},
	    {"what a name says", test_event_type},
	    CU_TEST_INFO_NULL,
	};
	return test_main("run_same", NULL, NULL, tests);
}
