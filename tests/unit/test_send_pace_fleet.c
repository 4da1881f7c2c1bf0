/* SPDX-License-Identifier: MIT */
/* Hosts that share a limit, and whose files come one after another: the limit is used all the same.
 */
#include "../../src/ledger/ledger_pace.h"

#include "pace_world.h"
#include "test.h"

enum {
	FLEET_HOSTS = 4,
	FLEET_FEEDS = 4,
	FLEET_FILE = 300,
	FLEET_CHANGE_MS = 100,
	FLEET_MS = 120000
};

struct sim_host {
	struct send_pace pace;
	struct sim_lane lanes[SIM_LANES];
	struct pace_host row; /* as the ledger has it */
	double sent, others;
	int64_t sent_at, looks_at;
	bool asked;  /* what it said last */
	size_t left; /* batches of its files */
};

static void host_look(struct sim_host *hosts, struct sim_host *me, int64_t now)
{
	struct pace_host v[FLEET_HOSTS];
	size_t n = 1;
	me->asked = me->left > 0;
	me->row.wants = me->asked ? send_pace_wants(&me->pace, now) : 0;
	me->sent = (double)send_pace_recent(&me->pace, now);
	me->sent_at = now;
	me->others = 0;
	for (size_t i = 0; i < FLEET_HOSTS; i++) {
		const struct sim_host *h = &hosts[i];
		double over = h->row.granted > 0 ? 0 : fmin((double)(now - h->sent_at) / 1000, 1);
		if (h == me)
			continue;
		v[n++] = h->row;
		me->others += h->sent * (1 - over);
	}
	v[0] = me->row;
	me->row.granted = ledger_pace_grant(v, n);
	me->looks_at = now + ledger_pace_looks_in(v, n);
	send_pace_share(&me->pace, me->row.granted, me->others, now);
}

static void host_turn(struct sim_host *hosts, struct sim_host *me, struct sim_api *api,
		      struct sim_sum *sum, int64_t now, int64_t delay)
{
	double before = sum->batches;
	if (now >= me->looks_at || me->asked != (me->left > 0))
		host_look(hosts, me, now);
	for (size_t i = 0; i < SIM_LANES; i++) {
		struct sim_lane *l = &me->lanes[i];
		bool idle = l->n == 0 && me->left == 0;
		if (!idle)
			lane_turn(l, &me->pace, api, sum, now, delay);
	}
	double done = sum->batches - before;
	me->left -= done < (double)me->left ? (size_t)done : me->left;
}

/* Milliseconds there, and back; with stalls, all that takes part is busy. */
static int64_t trip_of(bool stalls, unsigned *seed)
{
	bool busy = stalls && rand_r(seed) % 10 < BUSY_OF_10;
	return 3 + rand_r(seed) % (busy ? BUSY_MS : 3);
}

static double simulate_fleet(unsigned limit, bool stalls, double *refused)
{
	static struct sim_host hosts[FLEET_HOSTS];
	struct sim_api api = {.sliding = true, .limit = limit, .stalls = stalls};
	struct sim_sum sum = {0};
	int64_t next_at[FLEET_FEEDS] = {0};
	size_t turn = 0, at[FLEET_FEEDS] = {0};
	unsigned seed = 7;
	memset(hosts, 0, sizeof(hosts));
	for (size_t i = 0; i < FLEET_HOSTS; i++)
		send_pace_init(&hosts[i].pace, 100, 0);
	for (int64_t now = 0; now < FLEET_MS; now++) {
		api_tick(&api, now);
		/* a feed's next file is another host's, which sees late that it is its turn */
		for (size_t f = 0; f < FLEET_FEEDS; f++) {
			if (hosts[at[f]].left > 0)
				next_at[f] = now + FLEET_CHANGE_MS;
			else if (now >= next_at[f])
				hosts[at[f] = turn++ % FLEET_HOSTS].left = FLEET_FILE;
		}
		for (size_t i = 0; i < FLEET_HOSTS; i++)
			host_turn(hosts, &hosts[i], &api, &sum, now, trip_of(stalls, &seed));
	}
	*refused = sum.throttled * 100.0 / sum.requests;
	return sum.batches * 100 / (FLEET_MS / 1000.0 * limit);
}

static void test_fleet(void)
{
	double refused = 0, used = simulate_fleet(100, false, &refused);
	if (getenv("PACE_SHOW") != NULL)
		printf("    fleet: %.1f %% used, %.2f %% throttled\n", used, refused);
	CU_ASSERT(used >= 97);
	CU_ASSERT(refused < 0.01);
	/* what the API allows is less than was configured */
	used = simulate_fleet(60, false, &refused);
	if (getenv("PACE_SHOW") != NULL)
		printf("    fleet, lower: %.1f %% used, %.2f %% throttled\n", used, refused);
	CU_ASSERT(used >= 80);
	CU_ASSERT(refused <= 2);
	/* what it takes late counts late */
	used = simulate_fleet(100, true, &refused);
	if (getenv("PACE_SHOW") != NULL)
		printf("    fleet, stalls: %.1f %% used, %.2f %% throttled\n", used, refused);
	CU_ASSERT(used >= 88);
	CU_ASSERT(refused < 0.1);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"hosts whose files come one after another", test_fleet},
	    CU_TEST_INFO_NULL,
	};
	return test_main("send_pace_fleet", NULL, NULL, tests);
}
