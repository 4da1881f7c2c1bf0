/* SPDX-License-Identifier: MIT */
/* Columns that came and went since the feed's last document. */
#include "run_world.h"

#include "../../src/run/run_document.h"

static const char *const *header;
static size_t n_header;
static bool headerless;
static int fake;

size_t __wrap_map_columns(const struct map *map);
size_t __wrap_map_columns(const struct map *map)
{
	(void)map;
	return n_header;
}

const char *__wrap_map_column_name(const struct map *map, size_t column);
const char *__wrap_map_column_name(const struct map *map, size_t column)
{
	(void)map;
	return header[column - 1];
}

bool __wrap_map_has_header(const struct map *map);
bool __wrap_map_has_header(const struct map *map)
{
	(void)map;
	return !headerless;
}

/* What is logged of a document with these columns: NULL where nothing is. The caller's. */
static char *came(const char *name, const char *const *names, size_t n)
{
	const struct run_columns what = {.feed = "f",
					 .event_type = "eventless",
					 .name = name,
					 .label = name,
					 .map = (const struct map *)(const void *)&fake};
	df_log_setup(DF_LOG_ERROR, false); /* forgets what was logged before */
	df_log_setup(DF_LOG_WARN, false);
	char *before = world_log();
	header = names;
	n_header = n;
	run_drift(&world.run, &what);
	char *after = world_log();
	char *new = strlen(after) > strlen(before) ? df_strdup(after + strlen(before)) : NULL;
	free(before);
	free(after);
	return new;
}

static void says(const char *name, const char *const *names, size_t n, const char *wanted)
{
	char *log = came(name, names, n);
	if (wanted == NULL)
		CU_ASSERT_PTR_NULL(log);
	if (wanted != NULL)
		TEXT_HAS(log, wanted);
	free(log);
}

static void test_drift(void)
{
	static const char *const first[] = {"mpid", "user_attributes.a"},
				 *const turned[] = {"user_attributes.a", "mpid"},
				 *const more[] = {"mpid", "user_attributes.a", "user_attributes.b"},
				 *const other[] = {"mpid", "user_attributes.c"},
				 *const again[] = {"mpid", "user_attributes.c", "dropfeed.line",
						   "dropfeed.reason"};
	world_begin();
	says("u-20260101-eventless.csv", first, 2, NULL);  /* nothing to compare it with */
	says("u-20260102-eventless.csv", turned, 2, NULL); /* in another order */
	says("u-20260103-eventless.csv", more, 3, "new: 'user_attributes.b'");
	says("u-20260104-eventless.csv", more, 3, NULL); /* reported once */
	says("u-20260105-eventless.csv", other, 2,
	     "new: 'user_attributes.c'; gone: 'user_attributes.a', 'user_attributes.b'");
	says("u-20260106-eventless.csv", again, 4, NULL); /* a corrected reject file */
	headerless = true;
	says("u-20260107-eventless.csv", first, 2, NULL);
	headerless = false;
	world_end();
}

/* However many came, and whatever is in their names, it stays one line. */
static void test_many(void)
{
	static const char *const one[] = {"mpid"}, *many[20];
	for (size_t i = 0; i < 20; i++)
		many[i] = i == 0 ? "a\nb\033[2J" : df_format("c%02zu", i);
	world_begin();
	says("u-eventless.csv", one, 1, NULL);
	char *log = came("u-eventless.csv", many, 20);
	TEXT_HAS(log, " and 12 more; gone: 'mpid'");
	if (log != NULL) {
		CU_ASSERT_PTR_NULL(strchr(log, '\033'));
		CU_ASSERT_PTR_EQUAL(strchr(log, '\n'), strrchr(log, '\n'));
	}
	free(log);
	for (size_t i = 1; i < 20; i++)
		free((void *)(uintptr_t)many[i]);
	world_end();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"what came and what went", test_drift},
	    {"many, and odd ones", test_many},
	    CU_TEST_INFO_NULL,
	};
	return test_main("run_drift", NULL, NULL, tests);
}
