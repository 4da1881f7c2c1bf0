/* SPDX-License-Identifier: MIT */
/* Who gets which notices, and how often: with a command and a webhook of the test's own. */
#include "run_world.h"

#define NOW INT64_C(1768206600000)

static struct {
	pthread_mutex_t lock;
	unsigned commands, posts;
	char said[1024];   /* "event feed file;" of each command, in order */
	char posted[1024]; /* the URLs */
	char input[2048];  /* of the latest command */
	enum df_status command, post;
	const char *const *secrets;
	size_t n_secrets;
} w = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void add(char *to, size_t size, const char *text)
{
	size_t have = strlen(to);
	snprintf(to + have, size - have, "%s;", text);
}

enum df_status __wrap_report_command_run(const struct report_command *c, struct df_err *err);
enum df_status __wrap_report_command_run(const struct report_command *c, struct df_err *err)
{
	pthread_mutex_lock(&w.lock);
	char *text = df_format("%s %s %s %s", c->command, c->event, c->feed,
			       c->file != NULL ? c->file : "-");
	w.commands++;
	add(w.said, sizeof(w.said), text);
	snprintf(w.input, sizeof(w.input), "%.*s", (int)c->len, c->input);
	w.secrets = c->secrets;
	w.n_secrets = c->n_secrets;
	free(text);
	pthread_mutex_unlock(&w.lock);
	return w.command == DF_OK ? DF_OK : df_fail(w.command, err, NULL, "it exited with 1");
}

struct report_post *__wrap_report_post_start(const struct report_message *m, int64_t timeout_ms);
struct report_post *__wrap_report_post_start(const struct report_message *m, int64_t timeout_ms)
{
	(void)timeout_ms;
	CU_ASSERT(m->json);
	pthread_mutex_lock(&w.lock);
	w.posts++;
	add(w.posted, sizeof(w.posted), m->url);
	pthread_mutex_unlock(&w.lock);
	return (struct report_post *)(void *)&w;
}

enum df_status __wrap_report_post_wait(struct report_post *p, int64_t ms, struct df_err *err);
enum df_status __wrap_report_post_wait(struct report_post *p, int64_t ms, struct df_err *err)
{
	(void)p;
	(void)ms;
	return w.post == DF_OK ? DF_OK : df_fail(w.post, err, NULL, "it answered with 503");
}

void __wrap_report_post_free(struct report_post *p);
void __wrap_report_post_free(struct report_post *p)
{
	CU_ASSERT_PTR_EQUAL(p, &w);
}

static const unsigned all = (1u << CONF_EVENTS) - 1;

static void begin(void)
{
	world_begin();
	w.commands = w.posts = 0;
	w.said[0] = w.posted[0] = w.input[0] = '\0';
	w.command = w.post = DF_OK;
}

/* A run, at the end of which all that can be delivered is. True: somebody is to get notices. */
static bool deliver(void)
{
	struct run_notices *n = run_notices_start(&world.conf, world.run.env.ledger);
	bool any = n != NULL;
	run_notices_end(n, &world.conf, world.run.env.ledger);
	return any;
}

static unsigned left(void)
{
	struct df_err err = {0};
	unsigned n = 0;
	int64_t after = 0;
	struct ledger_notice notice = {0};
	while (ledger_notice_next(world.run.env.ledger, after, &notice, &err) == DF_OK) {
		after = notice.id;
		n++;
		ledger_notice_free(&notice);
	}
	return n;
}

static void raise_unfinished(const char *feed, int64_t now_ms)
{
	struct df_err err = {0};
	bool changed = false;
	const struct ledger_condition c = {.feed = feed,
					   .name = "unfinished",
					   .subject = "",
					   .text = "the source is away",
					   .now_ms = now_ms};
	OK(ledger_condition_raise(world.run.env.ledger, &c, &changed, &err));
	CU_ASSERT(changed);
}

static void test_command(void)
{
	begin();
	world.feed.notify = (struct conf_notify){.on_event = (char *)"mail", .events = all};
	world_done(world_file("a-eventless.csv", SHA_A, NOW), 10, 0, NULL, NOW);
	raise_unfinished("f", NOW);
	CU_ASSERT(deliver());
	TEXT_IS(w.said, "mail done f a-eventless.csv;mail unfinished f -;");
	TEXT_HAS(w.input, "\"event\":\"unfinished\"");
	TEXT_HAS(w.input, "the source is away");
	CU_ASSERT_EQUAL(w.posts, 0);
	CU_ASSERT_EQUAL(left(), 0);
	CU_ASSERT(deliver()); /* each once */
	CU_ASSERT_EQUAL(w.commands, 2);

	w.command = DF_RETRY; /* whatever comes of it */
	world_done(world_file("b-eventless.csv", SHA_B, NOW), 10, 0, NULL, NOW);
	deliver();
	CU_ASSERT_EQUAL(w.commands, 3);
	world_logged("f: on_event (done): it exited with 1");
	deliver();
	CU_ASSERT_EQUAL(w.commands, 3);
	world_end();
}

static void test_wanted(void)
{
	begin();
	world.feed.notify =
	    (struct conf_notify){.on_event = (char *)"mail", .events = 1u << CONF_EVENT_UNFINISHED};
	world_done(world_file("a-eventless.csv", SHA_A, NOW), 10, 0, NULL, NOW);
	world_done(world_file("b-eventless.csv", SHA_B, NOW), 10, 2, NULL, NOW);
	raise_unfinished("f", NOW);
	deliver();
	TEXT_IS(w.said, "mail unfinished f -;");
	CU_ASSERT_EQUAL(left(), 0); /* what nobody wants is not kept for later */
	world_end();

	begin(); /* who hears of each file that is done hears of those with rejects, too */
	world.feed.notify =
	    (struct conf_notify){.on_event = (char *)"mail", .events = 1u << CONF_EVENT_DONE};
	world_done(world_file("b-eventless.csv", SHA_B, NOW), 10, 2, NULL, NOW);
	deliver();
	TEXT_IS(w.said, "mail done f b-eventless.csv;");
	world_end();
}

/* What is of no feed of the configuration goes to whom [dropfeed] names. */
static void test_operator(void)
{
	begin();
	world.feed.notify = (struct conf_notify){.on_event = (char *)"mail", .events = all};
	world.conf.operate.notify = (struct conf_notify){.on_event = (char *)"page", .events = all};
	raise_unfinished("gone", NOW);
	raise_unfinished("f", NOW);
	deliver();
	TEXT_IS(w.said, "page unfinished gone -;mail unfinished f -;");
	world_end();
}

/* It gets each until it has taken it, but is asked no more in a run in which it failed. */
static void test_webhook(void)
{
	begin();
	int64_t now = df_now_ms() + 1000; /* in this run: a warning */
	world.feed.notify = (struct conf_notify){
	    .webhook = (char *)"https://h/", .on_event = (char *)"mail", .events = all};
	world.conf.operate.notify =
	    (struct conf_notify){.webhook = (char *)"https://other/", .events = all};
	raise_unfinished("f", now);
	raise_unfinished("gone", now);
	world_done(world_file("a-eventless.csv", SHA_A, now), 10, 0, NULL, now);
	w.post = DF_RETRY;
	deliver();
	TEXT_IS(w.posted, "https://h/;https://other/;");
	CU_ASSERT_EQUAL(w.commands, 2); /* which have it, and do not get it again */
	CU_ASSERT_EQUAL(left(), 3);
	world_logged("f: webhook (unfinished): it answered with 503; the next run tries again");

	w.post = DF_OK;
	w.posted[0] = '\0';
	deliver();
	TEXT_IS(w.posted, "https://h/;https://other/;https://h/;");
	CU_ASSERT_EQUAL(w.commands, 2);
	CU_ASSERT_EQUAL(left(), 0);
	world_end();
}

/* One that was away for three days does not get what is older. */
static void test_given_up(void)
{
	begin();
	world.feed.notify = (struct conf_notify){.webhook = (char *)"https://h/", .events = all};
	raise_unfinished("f", df_now_ms() - 4 * DF_DAY_MS);
	w.post = DF_RETRY;
	deliver();
	CU_ASSERT_EQUAL(left(), 0);
	world_logged("f: webhook (unfinished): given up after three days");
	world_end();
}

/* Nobody is to get any: they are forgotten, so that who is named later does not get old ones. */
static void test_nobody(void)
{
	begin();
	raise_unfinished("f", NOW);
	CU_ASSERT_EQUAL(left(), 1);
	CU_ASSERT_FALSE(deliver());
	CU_ASSERT_EQUAL(left(), 0);
	world_end();
}

/* Variables that hold one of the feeds' secrets are not passed on to commands. */
static void test_secrets(void)
{
	static const char *const wanted[] = {"sftp", "key", "pgp", "api", "proxy", "ledger"};
	begin();
	world.feed.notify = (struct conf_notify){.on_event = (char *)"mail", .events = all};
	world.feed.fetch.password = (char *)"sftp";
	world.feed.fetch.passphrase = (char *)"key";
	world.feed.decode.gnupg_passphrase = (char *)"pgp";
	world.feed.send.api_secret = (char *)"api";
	world.feed.send.proxy_password = (char *)"proxy";
	world.conf.ledger.password = (char *)"ledger";
	raise_unfinished("f", NOW);
	struct run_notices *n = run_notices_start(&world.conf, world.run.env.ledger);
	CU_ASSERT_PTR_NOT_NULL_FATAL(n);
	for (bool came = false; !came; usleep(1000)) { /* while it lives */
		pthread_mutex_lock(&w.lock);
		came = w.commands > 0;
		for (size_t i = 0; came && i < sizeof(wanted) / sizeof(*wanted); i++) {
			bool has = false;
			for (size_t k = 0; k < w.n_secrets; k++)
				has = has || strcmp(w.secrets[k], wanted[i]) == 0;
			CU_ASSERT(has);
		}
		CU_ASSERT(!came || w.n_secrets == 6);
		pthread_mutex_unlock(&w.lock);
	}
	run_notices_end(n, &world.conf, world.run.env.ledger);
	world_end();
}

/* What is there already is delivered although the run is to stop. */
static void test_stop(void)
{
	begin();
	world.feed.notify = (struct conf_notify){.on_event = (char *)"mail", .events = all};
	raise_unfinished("f", NOW);
	df_stop_requested = 1;
	deliver();
	df_stop_requested = 0;
	CU_ASSERT_EQUAL(w.commands, 1);
	world_end();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"a command", test_command},
	    {"events that are wanted", test_wanted},
	    {"the operator's", test_operator},
	    {"a webhook that fails", test_webhook},
	    {"a webhook that was away", test_given_up},
	    {"nobody", test_nobody},
	    {"secrets", test_secrets},
	    {"a run that stops", test_stop},
	    CU_TEST_INFO_NULL,
	};
	df_log_setup(DF_LOG_WARN, false);
	return test_main("run_notices", NULL, NULL, tests);
}
