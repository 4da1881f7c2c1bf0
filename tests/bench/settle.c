/* SPDX-License-Identifier: MIT */
/*
 * settle - how many batches a second a ledger settles, and what a claim costs
 *
 * Usage: settle FOLDER [URL]	an empty folder; URL: of a ledger in PostgreSQL, else SQLite
 *
 * One request of one batch after another, each in a transaction of its own, which is the most that
 * a ledger is asked for. Prints the settled batches a second, and, of a ledger that hosts share,
 * the milliseconds to claim a file and to release it.
 */
#include "dropfeed/ledger.h"

#include <stdio.h>
#include <stdlib.h>

enum { SETTLED = 2000, CLAIMED = 500 };

static struct df_err err;

static void ok(enum df_status st)
{
	if (st == DF_OK)
		return;
	fprintf(stderr, "settle: %s\n", err.text);
	exit(1);
}

static int64_t add(struct ledger *l, const char *name)
{
	int64_t id = 0;
	const struct ledger_new_file f = {.key = {"bench", "/in", name, 1, 1},
					  .sha256 = "a",
					  .event_type = "custom_event",
					  .now_ms = 1};
	ok(ledger_file_add(l, &f, &id, &err));
	return id;
}

static double settled_a_second(struct ledger *l)
{
	const struct ledger_new_document new = {.file_id = add(l, "settle-custom_event.csv"),
						.event_type = "custom_event",
						.settings = "x",
						.version = "1",
						.now_ms = 1};
	const struct ledger_checked checked = {.rows = SETTLED + 1, .batches = SETTLED + 1};
	struct ledger_document d = {0};
	int64_t from = 0;
	ok(ledger_document_begin(l, &new, &d, &err));
	ok(ledger_document_checked(l, d.id, &checked, &err));
	for (uint64_t i = 0; i <= SETTLED; i++) {
		const struct ledger_settled step = {.was = i, .done = i + 1, .rows_delivered = 1};
		if (i == 1) /* the first one asks for more than the others */
			from = df_monotonic_ms();
		ok(ledger_lanes_settled(l, d.id, &step, 1, &err));
	}
	ledger_document_free(&d);
	return SETTLED * 1000.0 / (double)(df_monotonic_ms() - from);
}

static double claim_ms(struct ledger *l)
{
	int64_t file = add(l, "claim-custom_event.csv");
	ledger_release(l, file, true);
	int64_t from = df_monotonic_ms();
	for (int i = 0; i < CLAIMED; i++) {
		struct ledger_claimed claimed;
		ok(ledger_claim(l, file, &claimed, &err));
		ledger_release(l, file, true);
	}
	return (double)(df_monotonic_ms() - from) / CLAIMED;
}

int main(int argc, char **argv)
{
	struct ledger *l = NULL;
	const struct ledger_host host = {
	    .version = "1", .batch_format = 2, .older_format = 1, .config = "c"};
	if (argc < 2)
		return 2;
	const struct ledger_where where = {
	    .state_dir = argv[1], .url = argc > 2 ? argv[2] : NULL, .node = "bench"};
	ok(ledger_open_at(&where, &l, &err));
	ok(ledger_join(l, &host, &err));
	printf("%.0f", settled_a_second(l));
	if (ledger_shared(l))
		printf(" %.2f", claim_ms(l));
	printf("\n");
	ledger_close(l);
	return 0;
}
