/* SPDX-License-Identifier: MIT */
/* Limits of a service over a day of a clock that is set here, and requests with their states. */
#include "dropfeed/ledger.h"

#include "test.h"

#define SECOND_MS INT64_C(1000)
#define HOUR_MS   INT64_C(3600000)
#define BEGAN_MS  INT64_C(1768206600000)
#define WANTED    100000u
#define AT_A_TIME 17u

static char dir[100];
static struct df_err err;

static const struct ledger_limit limits[] = {
    {HOUR_MS / 60, 1000, false}, {8 * HOUR_MS, 26666, true}, {24 * HOUR_MS, 80000, true}};
#define N_LIMITS (sizeof(limits) / sizeof(*limits))

static int setup(void)
{
	return test_folder_make(dir, sizeof(dir));
}

static int teardown(void)
{
	return test_folder_remove(dir);
}

static struct ledger *opened(void)
{
	struct ledger *l = NULL;
	/* tests/with-postgres says where; else the ledger is SQLite's */
	const struct ledger_where where = {.state_dir = dir, .url = getenv("DROPFEED_TEST_LEDGER")};
	OK(ledger_open_at(&where, &l, &err));
	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	return l;
}

static int64_t spend(struct ledger *l, const char *who, uint64_t calls, uint64_t made, int64_t now)
{
	const struct ledger_spending s = {.fingerprint = who,
					  .calls = calls,
					  .made = made,
					  .limits = limits,
					  .n_limits = N_LIMITS,
					  .now_ms = now};
	int64_t wait = -1;
	size_t limit = 9;
	OK(ledger_spend(l, &s, &wait, &limit, &err));
	CU_ASSERT(limit < N_LIMITS);
	return wait;
}

struct sent {
	int64_t at[WANTED];
	size_t n;
};

/* The most that were sent within any span of that length. */
static size_t most_within(const struct sent *s, int64_t span_ms)
{
	size_t most = 0;
	for (size_t first = 0, i = 0; i < s->n; i++) {
		while (s->at[i] - s->at[first] >= span_ms)
			first++;
		most = i + 1 - first > most ? i + 1 - first : most;
	}
	return most;
}

/* 100,000 rows, as fast as they may go, by a run that ends whenever it would have to wait long. */
static void test_a_day(void)
{
	static struct sent sent;
	struct ledger *l = opened();
	int64_t now = BEGAN_MS, end = BEGAN_MS + 24 * HOUR_MS;
	size_t runs = 1, in_day = 0;
	while (sent.n + AT_A_TIME <= WANTED) {
		int64_t wait = spend(l, "a", AT_A_TIME, AT_A_TIME, now);
		if (wait > HOUR_MS / 60) {
			ledger_close(l);
			l = opened();
			runs++;
		}
		if (wait > 0) {
			now += wait;
			CU_ASSERT_EQUAL(spend(l, "a", AT_A_TIME, AT_A_TIME, now), 0);
		}
		for (size_t i = 0; i < AT_A_TIME; i++)
			sent.at[sent.n++] = now;
		in_day += now < end ? AT_A_TIME : 0;
		now += SECOND_MS / 4;
	}
	ledger_close(l);
	CU_ASSERT(runs > 3);
	for (size_t i = 0; i < N_LIMITS; i++)
		CU_ASSERT(most_within(&sent, limits[i].span_ms) <= limits[i].most);
	/* nor is much less sent than may be */
	CU_ASSERT(most_within(&sent, HOUR_MS / 60) > 900);
	CU_ASSERT(most_within(&sent, 8 * HOUR_MS) > 26600);
	CU_ASSERT(in_day > 79000 && in_day <= 80000);
}

static void test_apart(void)
{
	struct ledger *l = opened();
	CU_ASSERT_EQUAL(spend(l, "b", 990, 0, BEGAN_MS), 0);
	CU_ASSERT_EQUAL(spend(l, "b", 10, 10, BEGAN_MS), 0);
	/* calls that make nothing count for the minute alone, and each key for itself */
	int64_t wait = spend(l, "b", 1, 0, BEGAN_MS + 1);
	CU_ASSERT(wait > 0 && wait <= 70 * SECOND_MS);
	CU_ASSERT_EQUAL(spend(l, "c", 1, 1, BEGAN_MS + 1), 0);
	CU_ASSERT_EQUAL(spend(l, "b", 1, 0, BEGAN_MS + 1 + wait), 0);
	/* a clock that went back forgets nothing */
	CU_ASSERT_EQUAL(spend(l, "d", 1000, 1000, BEGAN_MS), 0);
	CU_ASSERT(spend(l, "d", 1, 1, BEGAN_MS - 10 * SECOND_MS) > 0);
	ledger_close(l);
}

/* ---- requests ---- */

static int64_t document(struct ledger *l, int64_t *file)
{
	const struct ledger_new_file f = {
	    .key = {"erasures", "local", "a-erasure.csv", 1, 2},
	    .sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    .event_type = "erasure",
	    .now_ms = BEGAN_MS};
	struct ledger_document d = {0};
	OK(ledger_file_add(l, &f, file, &err));
	OK(ledger_document_begin(l,
				 &(struct ledger_new_document){.file_id = *file,
							       .event_type = "erasure",
							       .settings = "lanes = 8\n",
							       .version = "1",
							       .now_ms = BEGAN_MS},
				 &d, &err));
	int64_t id = d.id;
	ledger_document_free(&d);
	return id;
}

static void settle(struct ledger *l, int64_t id, const struct ledger_request *v, size_t n)
{
	uint64_t was = 0;
	OK(ledger_lanes(l, id, &was, 1, &err));
	const struct ledger_settled step = {
	    .done = was + n, .was = was, .rows_delivered = n, .requests = v, .n_requests = n};
	OK(ledger_lanes_settled(l, id, &step, 1, &err));
}

struct walked {
	struct df_buf text;
	size_t n;
};

static enum df_status walk(void *ctx, const struct ledger_request *r, struct df_err *e)
{
	struct walked *w = ctx;
	(void)e;
	w->n++;
	df_buf_addf(&w->text, "%llu %s %s%s %s;", (unsigned long long)r->row, r->id, r->state,
		    r->known ? " known" : "", r->due != NULL ? r->due : "-");
	return DF_OK;
}

static void test_states(void)
{
	struct ledger *l = opened();
	int64_t file = 0, id = document(l, &file);
	const struct ledger_request taken[] = {{1, 2, "x", false, NULL, "soon", 1},
					       {2, 3, "y", true, NULL, NULL, 1},
					       {5, 9, "x", false, NULL, "soon", 1}};
	settle(l, id, taken, 3);
	OK(ledger_request_state(
	    l, id, &(struct ledger_request){.id = "x", .state = "completed", .at_ms = 2}, &err));

	struct walked w = {0};
	OK(ledger_requests(l, id, walk, &w, &err));
	TEXT_IS(df_buf_cstr(&w.text), "1 x completed soon;2 y pending known -;5 x completed soon;");
	df_buf_free(&w.text);

	struct ledger_request_count c[4];
	size_t n = 4;
	OK(ledger_request_counts(l, id, c, &n, &err));
	CU_ASSERT_EQUAL_FATAL(n, 2);
	TEXT_IS(c[0].state, "completed");
	CU_ASSERT(c[0].requests == 1 && c[0].known == 0);
	TEXT_IS(c[1].state, "pending");
	CU_ASSERT(c[1].requests == 1 && c[1].known == 1);

	/* made once more, it is what it was; begun anew, they are forgotten with their document */
	settle(l, id, taken, 1);
	w = (struct walked){0};
	OK(ledger_requests(l, id, walk, &w, &err));
	CU_ASSERT_EQUAL(w.n, 3);
	CU_ASSERT_PTR_NOT_NULL(strstr(df_buf_cstr(&w.text), "1 x completed soon;"));
	df_buf_free(&w.text);
	OK(ledger_anew(l, file, true, &err));
	w = (struct walked){0};
	OK(ledger_requests(l, id, walk, &w, &err));
	CU_ASSERT_EQUAL(w.n, 0);
	ledger_close(l);
}

static void test_many(void)
{
	struct ledger *l = opened();
	struct ledger_request many[1000];
	int64_t file = 0, id = document(l, &file);
	for (size_t i = 0; i < 1000; i++)
		many[i] = (struct ledger_request){.row = i + 1, .line = i + 2, .id = "z"};
	settle(l, id, many, 1000);
	struct walked w = {0};
	OK(ledger_requests(l, id, walk, &w, &err));
	CU_ASSERT_EQUAL(w.n, 1000);
	df_buf_free(&w.text);
	ledger_close(l);
}

/* A clock that was ahead, and is right again, or was set back a little. */
static void test_ahead(void)
{
	struct ledger *l = opened();
	const int64_t day = 24 * HOUR_MS;
	CU_ASSERT_EQUAL(spend(l, "ahead", 1000, 1000, BEGAN_MS + 40 * day), 0);
	CU_ASSERT_EQUAL(spend(l, "ahead", 1000, 1000, BEGAN_MS), 0);
	CU_ASSERT(spend(l, "ahead", 1, 1, BEGAN_MS) > 0);
	int64_t wait = spend(l, "ahead", 1, 1, BEGAN_MS - 10 * SECOND_MS);
	CU_ASSERT(wait > HOUR_MS / 60 && wait < HOUR_MS / 30);
	ledger_close(l);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"100,000 rows keep to the limits", test_a_day},
	    {"what counts for which limit", test_apart},
	    {"a clock that was ahead", test_ahead},
	    {"states", test_states},
	    {"more than are read at a time", test_many},
	    CU_TEST_INFO_NULL,
	};
	return test_main("requests in the ledger", setup, teardown, tests);
}
