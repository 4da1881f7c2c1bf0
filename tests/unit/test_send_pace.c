/* SPDX-License-Identifier: MIT */
/* Pace and backoff, on a clock that the test turns. */
#include "../../src/send/send_priv.h"

#include <CUnit/Basic.h>

/* Only so that the room links without the room that makes batches. */
__attribute__((weak)) void batch_free(struct batch *b)
{
	(void)b;
}

static void test_bucket(void)
{
	struct send_pace p = {0};
	send_pace_init(&p, 270, 1000);
	CU_ASSERT_EQUAL(send_pace_take(&p, 100, 1000), 0); /* a whole request goes at once */
	int64_t wait = send_pace_take(&p, 100, 1000);
	CU_ASSERT_EQUAL(wait, 371); /* 100 / 270 s, rounded up */
	CU_ASSERT(send_pace_take(&p, 100, 1000 + wait - 2) > 0);
	CU_ASSERT_EQUAL(send_pace_take(&p, 100, 1000 + wait), 0);
	/* A long silence saves up one second's worth, not more. */
	CU_ASSERT_EQUAL(send_pace_take(&p, 100, 900000), 0);
	CU_ASSERT_EQUAL(send_pace_take(&p, 100, 900000), 0);
	CU_ASSERT(send_pace_take(&p, 100, 900000) > 0);
	CU_ASSERT_EQUAL(send_pace_take(&p, 70, 900000), 0);
}

static void test_bucket_slow(void)
{
	/* Below 100 a second a full request must still be possible. */
	struct send_pace p = {0};
	send_pace_init(&p, 0.5, 0);
	CU_ASSERT_EQUAL(send_pace_take(&p, 100, 0), 0);
	CU_ASSERT_EQUAL(send_pace_take(&p, 1, 0), 2001);
	CU_ASSERT(send_pace_take(&p, 100, 199000) > 0);
	CU_ASSERT_EQUAL(send_pace_take(&p, 100, 200001), 0);
}

static void test_rate_holds(void)
{
	/* Whoever asks whenever he is told to gets what is configured, over ten minutes. */
	struct send_pace p = {0};
	send_pace_init(&p, 270, 0);
	uint64_t taken = 0;
	for (int64_t now = 0; now < 600000;) {
		int64_t wait = send_pace_take(&p, 7, now);
		if (wait == 0)
			taken += 7;
		now += wait;
	}
	CU_ASSERT(taken <= 600 * 270 + 100);
	CU_ASSERT(taken >= 600 * 270 - 7);
}

static void test_steering(void)
{
	struct send_pace p = {0};
	send_pace_init(&p, 100, 0);
	send_pace_calm(&p, 99, 500);
	CU_ASSERT_EQUAL(p.rate, 100); /* at most once a second */
	send_pace_calm(&p, 99, 1000);
	CU_ASSERT_DOUBLE_EQUAL(p.rate, 95, 1e-9);
	send_pace_calm(&p, 94, 2000);
	CU_ASSERT_DOUBLE_EQUAL(p.rate, 95, 1e-9); /* just below 100: stay */
	send_pace_calm(&p, 50, 3000);
	CU_ASSERT_DOUBLE_EQUAL(p.rate, 100, 1e-9);
	send_pace_calm(&p, -1, 4000);
	CU_ASSERT_DOUBLE_EQUAL(p.rate, 100, 1e-9); /* never above what is configured */
}

static void test_throttle(void)
{
	struct send_pace p = {0};
	send_pace_init(&p, 100, 0);
	send_pace_throttled(&p, 3000, false, 10000);
	CU_ASSERT_EQUAL(p.rate, 50);
	send_pace_throttled(&p, 3000, false, 10001); /* another lane's answer of the same moment */
	CU_ASSERT_EQUAL(p.rate, 50);
	CU_ASSERT_EQUAL(send_pace_take(&p, 1, 10000), 3001);
	CU_ASSERT_EQUAL(send_pace_take(&p, 1, 13000), 1);
	CU_ASSERT_EQUAL(send_pace_take(&p, 1, 13041), 0);
	send_pace_calm(&p, -1, 14000);
	CU_ASSERT_DOUBLE_EQUAL(p.rate, 55, 1e-9); /* it comes back, 5 % of the limit a second */
	send_pace_throttled(&p, 0, true, 20000);
	send_pace_calm(&p, -1, 21000);
	CU_ASSERT_DOUBLE_EQUAL(p.rate, 28.5, 1e-9); /* "acceleration": 1 % a second */
	for (int64_t t = 30000; t < 60000; t += 1000)
		send_pace_throttled(&p, 0, false, t);
	CU_ASSERT(p.rate > 1); /* it never comes to a halt */
}

static void test_limit_shared(void)
{
	struct send_pace p = {0};
	send_pace_init(&p, 100, 0);
	send_pace_limit(&p, 200);
	CU_ASSERT_EQUAL(p.limit, 100);
	send_pace_limit(&p, 20);
	CU_ASSERT_EQUAL(p.limit, 20);
	CU_ASSERT_EQUAL(p.rate, 20);
}

static void test_backoff(void)
{
	CU_ASSERT_EQUAL(send_backoff(0, 500, 60000, 0), 0);
	CU_ASSERT_EQUAL(send_backoff(0, 500, 60000, 0.5), 250);
	CU_ASSERT_EQUAL(send_backoff(3, 500, 60000, 0.5), 2000);
	CU_ASSERT_EQUAL(send_backoff(7, 500, 60000, 0.5), 30000);
	CU_ASSERT_EQUAL(send_backoff(4000000000u, 500, 60000, 0.5), 30000);
}

int main(void)
{
	CU_initialize_registry();
	CU_pSuite suite = CU_add_suite("send_pace", NULL, NULL);
	CU_add_test(suite, "a bucket holds a second", test_bucket);
	CU_add_test(suite, "a slow bucket holds a request", test_bucket_slow);
	CU_add_test(suite, "the rate holds", test_rate_holds);
	CU_add_test(suite, "percentage used steers", test_steering);
	CU_add_test(suite, "429 slows", test_throttle);
	CU_add_test(suite, "feeds share a key's limit", test_limit_shared);
	CU_add_test(suite, "backoff", test_backoff);
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	unsigned failed = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failed > 0;
}
