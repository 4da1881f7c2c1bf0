/* SPDX-License-Identifier: MIT */
/* Pace and backoff, on a clock that the test turns. */
#include "../../src/ledger/ledger_pace.h"

#include "pace_world.h"
#include "test.h"

#include <math.h>

/* Takes when it may; returns how long it has to wait. */
static int64_t take(struct send_pace *p, size_t want, size_t *n, int64_t now)
{
	int64_t wait = 0;
	*n = send_pace_take(p, want, now, &wait);
	CU_ASSERT(*n <= want && (*n > 0) == (wait == 0) && wait >= 0);
	return wait;
}

static void calm(struct send_pace *p, double percent, size_t in_second, int64_t now)
{
	const struct send_paced r = {.in_second = in_second};
	send_pace_calm(p, percent, &r, now);
}

static void test_pieces(void)
{
	struct send_pace p = {0};
	size_t n = 0;
	send_pace_init(&p, 270, 1000);
	CU_ASSERT_EQUAL(take(&p, 100, &n, 1000), 0);
	/* 270 / 90: a second's batches are spread over it */
	CU_ASSERT_EQUAL(n, 3);
	CU_ASSERT_EQUAL(take(&p, 100, &n, 1000), 12); /* 3 / 270 s, rounded up */
	CU_ASSERT_EQUAL(take(&p, 1, &n, 1000), 4);
	CU_ASSERT_EQUAL(take(&p, 100, &n, 1012), 0);
	CU_ASSERT_EQUAL(n, 3);
	/* Whoever had to wait for answers may catch up on a quarter of a second. */
	CU_ASSERT_EQUAL(take(&p, 100, &n, 900000), 0);
	CU_ASSERT_EQUAL(n, 67);
	CU_ASSERT(take(&p, 100, &n, 900000) > 0);
}

static void test_slow(void)
{
	struct send_pace p = {0};
	size_t n = 0;
	send_pace_init(&p, 0.5, 0);
	CU_ASSERT_EQUAL(take(&p, 100, &n, 0), 0);
	CU_ASSERT_EQUAL(n, 1);
	CU_ASSERT_EQUAL(take(&p, 100, &n, 1500), 501);
	CU_ASSERT_EQUAL(take(&p, 100, &n, 2001), 0);
	CU_ASSERT_EQUAL(n, 1);
}

static void test_rate_holds(void)
{
	/* Whoever asks as often as is allowed gets what is configured, over ten minutes, and
	 * never more in any second. */
	static size_t at[600000];
	struct send_pace p = {0};
	size_t n = 0, taken = 0, second = 0, most = 0;
	send_pace_init(&p, 270, 0);
	for (int64_t now = 0; now < 600000;) {
		bool idle = now % 7000 < 1500; /* saves up */
		int64_t wait = idle ? 1500 - now % 7000 : take(&p, 7, &n, now);
		if (wait == 0) {
			taken += n;
			at[now] += n;
		}
		now += wait;
	}
	for (size_t i = 0; i < 600000; i++) {
		second += at[i];
		second -= i >= 1000 ? at[i - 1000] : 0;
		most = second > most ? second : most;
	}
	CU_ASSERT(most <= 270);
	CU_ASSERT(taken >= 600 * 270 * 55 / 70 * 99 / 100);
}

static void test_steering(void)
{
	struct send_pace p = {0};
	send_pace_init(&p, 100, 0);
	calm(&p, 50, 90, 100);
	CU_ASSERT_EQUAL(p.rate, 100); /* it allows 180: nothing to do */
	calm(&p, 90, 81, 200);
	CU_ASSERT_DOUBLE_EQUAL(p.rate, 89.1, 1e-9); /* 81 are 90 %: it allows 90 */
	for (int64_t t = 300; t < 1200; t += 100)
		calm(&p, 33, 66, t);
	/* more, say later ones: but not yet for a second */
	CU_ASSERT_DOUBLE_EQUAL(p.rate, 89.1, 1e-9);
	for (int64_t t = 1200; t < 2000; t += 100)
		calm(&p, 33, 66, t);
	CU_ASSERT_EQUAL(p.rate, 100); /* never above what is configured */
	calm(&p, 12, 1, 3000);
	CU_ASSERT_EQUAL(p.rate, 100); /* too little to judge by */
	calm(&p, 1e300, 100, 3100);
	CU_ASSERT(p.rate >= 100.0 / 64); /* it never comes to a halt */
}

static void test_throttle(void)
{
	struct send_pace p = {0};
	size_t n = 0;
	send_pace_init(&p, 100, 0);
	send_pace_throttled(&p, 3000, false, 10000);
	CU_ASSERT_EQUAL(p.rate, 50);
	send_pace_throttled(&p, 3000, false, 10001); /* another lane's answer of the same moment */
	CU_ASSERT_EQUAL(p.rate, 50);
	CU_ASSERT_EQUAL(take(&p, 1, &n, 10000), 3001);
	CU_ASSERT_EQUAL(take(&p, 1, &n, 13000), 1);
	CU_ASSERT_EQUAL(take(&p, 1, &n, 13021), 0);
	calm(&p, -1, 1, 14000);
	/* without the header it comes back, 5 % of the limit a second */
	CU_ASSERT_DOUBLE_EQUAL(p.rate, 55, 1e-9);
	send_pace_throttled(&p, 0, true, 20000);
	calm(&p, -1, 1, 21000);
	CU_ASSERT_DOUBLE_EQUAL(p.rate, 28.5, 1e-9); /* "acceleration": 1 % a second */
	calm(&p, 30, 30, 22000);
	CU_ASSERT_DOUBLE_EQUAL(p.rate, 28.7, 1e-9); /* with the header, too */
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

/* ---- the controller against an API with a limit, on a clock of its own ---- */

/* A minute at each limit. The first, the last and the lower one between them must all be made
 * use of. */
static void simulate(bool sliding, int64_t delay, int64_t jitter, double least)
{
	static const unsigned limits[] = {270, 90, 270};
	struct sim_api api = {.sliding = sliding};
	struct sim_lane lanes[SIM_LANES] = {0};
	struct send_pace p = {0};
	unsigned seed = 5;
	send_pace_init(&p, 270, 0);
	for (int64_t now = 0, phase = 0; phase < 3; phase++) {
		struct sim_sum sum = {0};
		api.limit = limits[phase];
		for (int64_t end = now + 60000; now < end; now++) {
			api_tick(&api, now);
			for (size_t i = 0; i < SIM_LANES; i++)
				lane_turn(&lanes[i], &p, &api, &sum, now,
					  delay + rand_r(&seed) % (jitter + 1));
		}
		double percent = sum.batches * 100 / (60.0 * limits[phase]);
		double refused = sum.throttled * 100.0 / sum.requests;
		if (getenv("PACE_SHOW") != NULL)
			printf("    %s, %d+%d ms, limit %u: %.1f %% used, %.2f %% of %u requests "
			       "throttled\n",
			       sliding ? "sliding" : "clock", (int)delay, (int)jitter,
			       limits[phase], percent, refused, sum.requests);
		/* finding the limit costs seconds */
		CU_ASSERT(percent >= (phase == 0 ? least : least - 5));
		CU_ASSERT(refused <= (least > 90 ? 1 : 2));
	}
}

static void test_simulated(void)
{
	for (int sliding = 0; sliding < 2; sliding++) {
		/* milliseconds there and back, and their jitter; percent to be used */
		simulate(sliding, 1, 0, 98);
		simulate(sliding, 5, 3, 97);
		simulate(sliding, 20, 5, 97);
		/* the fewer and larger the requests, the more room jitter takes */
		simulate(sliding, 100, 10, 85);
	}
}

/* Batches that a host of this share takes in ten seconds, whose lanes are always full. */
static size_t of_share(double share, double others)
{
	struct send_pace p = {0};
	size_t n = 0, sum = 0;
	send_pace_init(&p, 270, 0);
	send_pace_share(&p, share, others, 0);
	for (int64_t now = 0; now < 10000;) {
		int64_t wait = take(&p, 7, &n, now);
		sum += n;
		if (n > 0) /* the API says what all hosts have used of 270 */
			calm(&p, ((double)p.in_second + others) * 100 / 270, p.in_second, now);
		now += wait > 0 ? wait : 1;
	}
	return sum;
}

static void test_share(void)
{
	size_t alone = of_share(1, 0), half = of_share(0.5, 135), third = of_share(1.0 / 3, 180);
	CU_ASSERT(alone > 2600 && alone <= 2710);
	CU_ASSERT(half > 1280 && half <= 1360);
	CU_ASSERT(third > 850 && third <= 910);
	CU_ASSERT_EQUAL(of_share(0, 270), 0);
	/* a share that shrinks does so at once, and one that grows is used */
	struct send_pace p = {0};
	size_t n = 0;
	send_pace_init(&p, 270, 0);
	send_pace_share(&p, 0.5, 0, 0);
	CU_ASSERT(p.rate <= 135);
	send_pace_share(&p, 0, 0, 0);
	CU_ASSERT(take(&p, 1, &n, 10) > 0);
	send_pace_share(&p, 1, 0, 10);
	CU_ASSERT_EQUAL(p.rate, 270);
}

/* Batches of a host's part of 100 from `from` on, for so long; the API allows 100. */
static size_t of_part(struct send_pace *p, double share, int64_t from, int64_t ms)
{
	size_t n = 0, sum = 0;
	double others = 100 * (1 - share);
	for (int64_t now = from; now < from + ms;) {
		send_pace_share(p, share, others, now);
		int64_t wait = take(p, 7, &n, now);
		sum += n;
		if (n > 0)
			calm(p, (double)p->in_second + others, p->in_second, now);
		now += wait > 0 ? wait : 1;
	}
	return sum;
}

/* One refusal says little about a limit that hosts share, a second one that the aim is too high;
 * a part with a fraction is used all the same. */
static void test_share_throttled(void)
{
	struct send_pace p = {0};
	send_pace_init(&p, 100, 0);
	(void)of_part(&p, 1.0 / 3, 0, 3000);
	send_pace_throttled(&p, 0, false, 3000);
	(void)of_part(&p, 1.0 / 3, 3000, 3000);
	CU_ASSERT_DOUBLE_EQUAL(p.rate, 33, 0.01);
	send_pace_throttled(&p, 0, false, 6000);
	(void)of_part(&p, 1.0 / 3, 6000, 3000);
	CU_ASSERT_DOUBLE_EQUAL(p.rate, 98.0 / 3, 0.01);
	size_t n = of_part(&p, 1.0 / 3, 9000, 10000);
	CU_ASSERT(n >= 322 && n <= 327);
}

static void check_grant(double expected, const struct pace_host *v, size_t n)
{
	double got = ledger_pace_grant(v, n);
	CU_ASSERT_DOUBLE_EQUAL(got, expected, 1e-9);
}

static void test_grants(void)
{
	const struct pace_host alone[] = {{.wants = 0.2}};
	const struct pace_host new[] = {{.wants = 1}, {.wants = 1, .granted = 1}};
	const struct pace_host old[] = {{.wants = 1, .granted = 1}, {.wants = 1}};
	const struct pace_host three[] = {{.wants = 1}, {.wants = 0.1}, {.wants = 1}};
	const struct pace_host idle[] = {{.wants = 0}, {.wants = 1}};
	const struct pace_host standby[] = {{.wants = 1}, {.wants = 0}};
	const struct pace_host little[] = {{.wants = 0.1}, {.wants = 0.3}};
	check_grant(1, alone, 1);
	/* nothing is granted that another one has not handed back */
	check_grant(0, new, 2);
	check_grant(0.5, old, 2);
	check_grant(0.45, three, 3);
	check_grant(0, idle, 2);
	check_grant(1, standby, 2);
	/* and nothing is left unused */
	check_grant(0.4, little, 2);
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
	static const CU_TestInfo tests[] = {
	    {"a second's batches are spread", test_pieces},
	    {"a slow pace", test_slow},
	    {"the rate holds", test_rate_holds},
	    {"percentage used steers", test_steering},
	    {"429 slows", test_throttle},
	    {"feeds share a key's limit", test_limit_shared},
	    {"an API's limit is made use of", test_simulated},
	    {"hosts that share a key", test_share},
	    {"a part of a limit, and refusals", test_share_throttled},
	    {"parts of a limit", test_grants},
	    {"backoff", test_backoff},
	    CU_TEST_INFO_NULL,
	};
	return test_main("send_pace", NULL, NULL, tests);
}
