/* SPDX-License-Identifier: MIT */
/* A tick of `doctor`: what it says, and which exit code it makes. */
#include "../../src/doctor/doctor_tick.h"

#include "test.h"

static struct {
	unsigned n;
	enum doctor_tick_state state;
	char feed[32], name[32], text[2048];
	int exit_code;
} last; /* the latest tick */

static struct run_result result;
static struct conf_feed feed = {.name = (char *)"f"};

static void on_tick(void *ctx, const struct doctor_tick *t)
{
	CU_ASSERT_PTR_EQUAL(ctx, &last);
	last.n++;
	last.state = t->state;
	last.exit_code = t->exit_code;
	snprintf(last.feed, sizeof(last.feed), "%s", t->feed != NULL ? t->feed : "");
	snprintf(last.name, sizeof(last.name), "%s", t->name);
	snprintf(last.text, sizeof(last.text), "%s", t->text);
}

static struct doctor begin(void)
{
	static const struct doctor_options options = {.tick = on_tick, .ctx = &last};
	memset(&last, 0, sizeof(last));
	memset(&result, 0, sizeof(result));
	return (struct doctor){.options = &options, .result = &result, .feed = &feed};
}

static void fail(struct doctor *d, const char *name, enum df_status st, const char *text)
{
	struct df_err why = {0};
	CU_ASSERT_EQUAL(df_fail(st, &why, "a-code", "%s", text), st);
	doctor_fails(d, name, st, &why);
}

static void test_good(void)
{
	struct doctor d = begin();
	doctor_ok(&d, "login", "as %s\xff", "shop");
	CU_ASSERT_EQUAL(last.state, DOCTOR_TICK_OK);
	TEXT_IS(last.feed, "f");
	TEXT_IS(last.name, "login");
	TEXT_HAS(last.text, "as shop");
	CU_ASSERT_PTR_NULL(strchr(last.text, '\xff')); /* what a server says may be no text */
	doctor_warns(&d, "clock", "%d s", 7);
	CU_ASSERT_EQUAL(last.state, DOCTOR_TICK_WARNING);
	TEXT_IS(last.text, "7 s");
	d.feed = NULL;
	doctor_skips(&d, "listing", "without a login");
	CU_ASSERT_EQUAL(last.state, DOCTOR_TICK_SKIPPED);
	TEXT_IS(last.feed, "");
	CU_ASSERT_EQUAL(last.n, 3);
	CU_ASSERT_EQUAL(last.exit_code, 0);
	CU_ASSERT_EQUAL(run_exit_code(&result), 0);
}

/* Each has the code of a run for that reason; the result has the worst. */
static void test_exit_codes(void)
{
	static const struct {
		enum df_status st;
		int exit_code, worst;
	} cases[] = {
	    {DF_RETRY, 3, 3}, {DF_DENIED, 4, 4},
	    {DF_RETRY, 3, 4}, {DF_REJECT, 4, 4}, /* a file's fault elsewhere */
	    {DF_FATAL, 5, 5},
	};
	struct doctor d = begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		fail(&d, "login", cases[i].st, "no");
		CU_ASSERT_EQUAL(last.state, DOCTOR_TICK_FAILED);
		CU_ASSERT_EQUAL(last.exit_code, cases[i].exit_code);
		CU_ASSERT_EQUAL(run_exit_code(&result), cases[i].worst);
		TEXT_IS(last.text, "no"); /* without its code */
	}
	d = begin();
	fail(&d, "login", DF_USAGE, "no");
	CU_ASSERT_EQUAL(last.exit_code, 2);
}

/* What to do is added where the words of the room that failed do not say it. */
static void test_remedies(void)
{
	struct doctor d = begin();
	fail(&d, "connection", DF_RETRY, "refused");
	TEXT_IS(last.text, "refused; check host and port in source, and the way there (firewall, "
			   "proxy_command)");
	fail(&d, "connection", DF_DENIED, "refused"); /* for another reason */
	TEXT_IS(last.text, "refused");
	doctor_warns(&d, "connection", "slow");
	TEXT_IS(last.text, "slow");
}

static void test_passwords(void)
{
	struct doctor d = begin();
	fail(&d, "endpoint", DF_DENIED, "cannot reach https://user:s3cret@example.com/v2");
	CU_ASSERT_PTR_NULL(strstr(last.text, "s3cret"));
	TEXT_HAS(last.text, "example.com/v2");
}

/* What the offline check found is shown where it belongs, once. */
static void test_findings(void)
{
	struct doctor_finding findings[] = {
	    {.feed = (char *)"g", .key = (char *)"known_hosts", .text = (char *)"of another feed"},
	    {.key = (char *)"known_hosts", .text = (char *)"of none"},
	    {.feed = (char *)"f", .key = (char *)"known_hosts", .text = (char *)"is missing"},
	    {.feed = (char *)"f",
	     .key = (char *)"host_key",
	     .text = (char *)"may be right",
	     .warning = true},
	};
	static const char *const keys[] = {"host_key", "known_hosts", NULL};
	static const char *const others[] = {"identity_file", NULL};
	struct doctor d = begin();
	d.findings = findings;
	d.n_findings = 4;
	CU_ASSERT_FALSE(doctor_found(&d, "login", others));
	CU_ASSERT_EQUAL(last.n, 0);
	CU_ASSERT(doctor_found(&d, "host_key", keys));
	TEXT_IS(last.name, "host_key");
	TEXT_IS(last.text, "is missing");
	CU_ASSERT_EQUAL(last.state, DOCTOR_TICK_FAILED);
	CU_ASSERT_EQUAL(last.exit_code, 2);
	CU_ASSERT(doctor_found(&d, "host_key", keys));
	TEXT_IS(last.text, "may be right");
	CU_ASSERT_EQUAL(last.state, DOCTOR_TICK_WARNING);
	CU_ASSERT_EQUAL(last.exit_code, 0);
	CU_ASSERT_FALSE(doctor_found(&d, "host_key", keys));
	CU_ASSERT_EQUAL(last.n, 2);
	d.feed = NULL;
	CU_ASSERT(doctor_found(&d, "host_key", keys));
	TEXT_IS(last.text, "of none");
	CU_ASSERT_FALSE(findings[0].shown);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"nothing failed", test_good},
	    {"exit codes", test_exit_codes},
	    {"what to do", test_remedies},
	    {"no passwords", test_passwords},
	    {"what the offline check found", test_findings},
	    CU_TEST_INFO_NULL,
	};
	return test_main("doctor_tick", NULL, NULL, tests);
}
