/* SPDX-License-Identifier: MIT */
/* How much of an SQLite ledger is written for a file: with ten thousand small ones, that decides
 * how long a run takes. */
#include "dropfeed/ledger.h"

#include "test.h"

#include <sys/stat.h>

enum {
	FILES = 32,
	FRAME = 24 + 4096, /* of SQLite's log, which has one for each page that is written */
	HEADER = 32,       /* of the log */
};

static char dir[100];
static struct df_err err;
static struct ledger *ledger;

static int setup(void)
{
	return test_folder_make(dir, sizeof(dir));
}

static int teardown(void)
{
	return test_folder_remove(dir);
}

static long frames(void)
{
	struct stat info;
	char *log = df_format("%s/ledger.db-wal", dir);
	CU_ASSERT_EQUAL_FATAL(stat(log, &info), 0);
	free(log);
	return (long)(info.st_size - HEADER) / FRAME;
}

/* ---- the steps of a run ---- */

static int64_t add(int n)
{
	char name[32], sha256[DF_SHA256_HEX];
	int64_t id = 0;
	snprintf(name, sizeof(name), "f%d-custom_event.csv", n);
	snprintf(sha256, sizeof(sha256), "%064d", n * 7919 % FILES);
	const struct ledger_new_file f = {.key = {"shop", "/in", name, 4000, 1768206600},
					  .sha256 = sha256,
					  .event_type = "custom_event",
					  .place = "spool/shop/x.drop",
					  .now_ms = 1};
	OK(ledger_file_add(ledger, &f, &id, &err));
	return id;
}

static int64_t check(int64_t file)
{
	const struct ledger_new_document new = {.file_id = file,
						.event_type = "custom_event",
						.settings = "timezone = UTC\n",
						.version = "1",
						.now_ms = 2};
	const struct ledger_checked found = {.rows = 20, .batches = 20, .events = 20};
	struct ledger_document d = {0};
	uint64_t copy = 0;
	OK(ledger_enter(ledger, false, &err));
	OK(ledger_document_begin(ledger, &new, &d, &err));
	OK(ledger_document_checked(ledger, d.id, &found, &err));
	OK(ledger_file_copy(ledger, file, false, &copy, &err));
	OK(ledger_leave(ledger, DF_OK, &err));
	int64_t id = d.id;
	ledger_document_free(&d);
	return id;
}

static void take(int64_t file, int64_t document)
{
	const struct ledger_taking taking = {
	    .batch_format = 2, .version = "1", .target = "t", .settings = "timezone = UTC\n"};
	const struct ledger_outcome sending = {.state = LEDGER_SENDING};
	OK(ledger_enter(ledger, true, &err));
	OK(ledger_document_taken(ledger, document, &taking, &err));
	OK(ledger_file_state(ledger, file, &sending, &err));
	OK(ledger_leave(ledger, DF_OK, &err));
}

static void settle(int64_t document)
{
	const struct ledger_settled step = {.lane = 3, .done = 20, .rows_delivered = 20};
	OK(ledger_lanes_settled(ledger, document, &step, 1, &err));
}

static void close_both(int64_t file, int64_t document)
{
	const struct ledger_facts facts = {.batches = 20, .events = 20, .sending_ms = 3};
	const struct ledger_outcome done = {.state = LEDGER_DONE, .later = true, .now_ms = 3};
	OK(ledger_enter(ledger, false, &err));
	OK(ledger_document_facts(ledger, document, &facts, &err));
	OK(ledger_document_state(ledger, document, &done, &err));
	OK(ledger_file_state(ledger, file, &done, &err));
	OK(ledger_leave(ledger, DF_OK, &err));
}

/* ---- the pages ---- */

/* A step's frames for a file, where others were there before. */
#define WRITES(step, most)                                                                         \
	do {                                                                                       \
		long before = frames();                                                            \
		step;                                                                              \
		CU_ASSERT(frames() - before <= (most));                                            \
		if (frames() - before > (most))                                                    \
			fprintf(stderr, "%s: %ld pages\n", #step, frames() - before);              \
	} while (0)

static void test_pages(void)
{
	int64_t file[FILES], document[FILES];
	OK(ledger_open(dir, &ledger, &err));
	for (int i = 0; i < FILES; i++)
		file[i] = add(i);
	for (int i = 0; i < FILES - 1; i++) {
		document[i] = check(file[i]);
		take(file[i], document[i]);
		settle(document[i]);
		close_both(file[i], document[i]);
	}

	int last = FILES - 1;
	WRITES(document[last] = check(file[last]), 4);
	WRITES(take(file[last], document[last]), 2);
	WRITES(settle(document[last]), 3);
	WRITES(close_both(file[last], document[last]), 7);
	ledger_close(ledger);
}

int main(void)
{
	static const CU_TestInfo tests[] = {{"a file's way writes few pages", test_pages},
					    CU_TEST_INFO_NULL};
	return test_main("ledger_pages", setup, teardown, tests);
}
