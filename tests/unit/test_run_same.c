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

/* A document of the file, of which a row was delivered under those settings, and it is done where
 * that is said. */
static void deliver(int64_t file, const char *settings, bool done)
{
	struct df_err err = {0};
	struct ledger *l = world.run.env.ledger;
	struct ledger_document d = {0};
	const struct ledger_new_document begun = {.file_id = file,
						  .event_type = "eventless",
						  .settings = settings,
						  .version = "0",
						  .now_ms = 1};
	const struct ledger_taking taking = {
	    .version = "0", .settings = settings, .target = "there", .now_ms = 1};
	const struct ledger_settled step = {.done = 1, .rows_delivered = 1};
	const struct ledger_outcome closed = {.state = LEDGER_DONE, .now_ms = 1};
	OK(ledger_document_begin(l, &begun, &d, &err));
	OK(ledger_document_checked(l, d.id, &(struct ledger_checked){.rows = 1}, &err));
	OK(ledger_document_taken(l, d.id, &taking, &err));
	OK(ledger_lanes_settled(l, d.id, &step, 1, &err));
	if (done) {
		OK(ledger_document_state(l, d.id, &closed, &err));
		OK(ledger_file_state(l, file, &closed, &err));
	}
	ledger_document_free(&d);
}

#define TESTED    "a = b\nenvironment = development\nlanes = 8\n"
#define DELIVERED "a = b\nenvironment = production\nlanes = 8\n"

/* What was tried in development is not what was delivered to production. */
static void test_environment(void)
{
	world_begin();
	int64_t tried = world_file("t-eventless.csv", SHA_A, 1);
	deliver(tried, TESTED, true);
	world.feed.map.environment = (char *)"production";
	same("a-eventless.csv", 0, DF_END, 0);
	world.feed.send.sink = CONF_SINK_BRAZE; /* which has one only */
	same("a-eventless.csv", 0, DF_OK, tried);
	world.feed.send.sink = CONF_SINK_EVENTS_API;
	int64_t id = world_file("a-eventless.csv", SHA_A, 2), later;
	deliver(id, DELIVERED, true);
	same("b-eventless.csv", 0, DF_OK, id);
	later = world_file("u-eventless.csv", SHA_A, 3);
	deliver(later, TESTED, true);
	same("b-eventless.csv", 0, DF_OK, id); /* not that one */
	world.feed.map.environment = (char *)"development";
	same("b-eventless.csv", 0, DF_OK, later);
	world_end();

	world_begin(); /* the same while it is under way */
	tried = world_file("t-eventless.csv", SHA_A, 1);
	deliver(tried, TESTED, false);
	world.feed.map.environment = (char *)"production";
	same("a-eventless.csv", 0, DF_END, 0);
	world.feed.map.environment = (char *)"development";
	same("a-eventless.csv", 0, DF_RETRY, tried);
	world_end();
}

/* It was delivered to another endpoint, or to a file: whether that counts nobody knows. */
static void test_target(void)
{
	struct ledger_file same = {.name = (char *)"a-eventless.csv"};
	world_begin();
	world.feed.send.endpoint = (char *)"https://here.example";
	world.feed.send.api_key = (char *)"k";
	same.id = world_file(same.name, SHA_A, 1);
	run_same_warn(world.run.env.ledger, &world.feed, "b-eventless.csv", &same);
	char *log = world_log();
	CU_ASSERT_PTR_NULL(strstr(log, "if its rows are missing there"));
	free(log);
	deliver(same.id, DELIVERED, true);
	run_same_warn(world.run.env.ledger, &world.feed, "b-eventless.csv", &same);
	world_logged("f: b-eventless.csv: a-eventless.csv was delivered to another endpoint, API "
		     "key or sink than the feed's of today: if its rows are missing there, "
		     "`dropfeed resend a-eventless.csv` delivers them");
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
	    {"another environment", test_environment},
	    {"another target", test_target},
	    {"what a name says", test_event_type},
	    CU_TEST_INFO_NULL,
	};
	return test_main("run_same", NULL, NULL, tests);
}
