/* SPDX-License-Identifier: MIT */
/* The NDJSON sinks. */
#include "../../src/send/send_priv.h"

#include "test.h"

#define LANES 3

struct world {
	char dir[100], path[256], temporary[300];
	struct conf_feed feed;
	struct sender *sender;
	struct send_stream *stream;
	struct df_err err;
	uint64_t next[LANES], done[LANES], rows;
	unsigned calls;
	bool there_first; /* at the first settled() the file had its name */
	enum df_status answer;
};

static enum df_status on_settled(void *ctx, const struct send_settled *step, struct df_err *err)
{
	struct world *w = ctx;
	CU_ASSERT_EQUAL(step->n_rejects, 0);
	if (w->calls++ == 0)
		w->there_first = access(w->path, F_OK) == 0;
	if (w->answer != DF_OK)
		return df_fail(w->answer, err, NULL, "the ledger is full");
	CU_ASSERT(step->done > w->done[step->lane]);
	w->done[step->lane] = step->done;
	w->rows += step->rows_delivered;
	return DF_OK;
}

static const struct send_events events = {on_settled};

static void world_begin(struct world *w, enum conf_sink sink)
{
	*w = (struct world){0};
	CU_ASSERT_EQUAL_FATAL(test_folder_make(w->dir, sizeof(w->dir)), 0);
	snprintf(w->path, sizeof(w->path), "%s/out.ndjson", w->dir);
	snprintf(w->temporary, sizeof(w->temporary), "%s.dropfeed-tmp", w->path);
	w->feed = (struct conf_feed){.name = (char *)"orders",
				     .batch.lanes = LANES,
				     .send.sink = sink,
				     .send.sink_path = w->path};
	w->sender = sender_new();
}

static void world_end(struct world *w)
{
	sender_free(w->sender);
	unlink(w->path);
	CU_ASSERT_EQUAL(rmdir(w->dir), 0); /* no temporary is left over */
	df_stop_requested = 0;
}

static enum df_status put(struct world *w, uint32_t lane, const char *json)
{
	struct batch *b = df_alloc(sizeof(*b));
	*b = (struct batch){.json = df_strdup(json),
			    .json_len = strlen(json),
			    .n_events = 2,
			    .lane = lane,
			    .lane_position = w->next[lane]++,
			    .n_rows = 3};
	return send_put(w->stream, b, &w->err);
}

static void put_five(struct world *w)
{
	static const uint32_t lanes[] = {0, 2, 0, 0, 2};
	for (int i = 0; i < 5; i++) {
		char json[32];
		snprintf(json, sizeof(json), "{\"n\":%d}", i);
		CU_ASSERT_EQUAL(put(w, lanes[i], json), DF_OK);
	}
}

#define FIVE "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n"

static void open_stream(struct world *w, const uint64_t *done)
{
	const struct send_order order = {
	    .feed = &w->feed, .done = done, .events = &events, .ctx = w};
	CU_ASSERT_EQUAL_FATAL(sender_open(w->sender, &order, &w->stream, &w->err), DF_OK);
}

static void file_is(const char *path, const char *expected)
{
	char *text = NULL;
	struct df_err err = {0};
	CU_ASSERT_EQUAL_FATAL(df_read_file(path, 1 << 20, &text, NULL, &err), DF_OK);
	CU_ASSERT_STRING_EQUAL(text, expected);
	free(text);
}

static void write_old(const struct world *w)
{
	FILE *f = fopen(w->path, "w");
	fputs("old\n", f);
	fclose(f);
}

static void test_file(void)
{
	struct world w;
	world_begin(&w, CONF_SINK_FILE);
	FILE *stale = fopen(w.temporary, "w"); /* of a run that was killed */
	fputs("half a li", stale);
	fclose(stale);
	open_stream(&w, NULL);
	put_five(&w);
	CU_ASSERT_EQUAL(access(w.path, F_OK), -1);
	CU_ASSERT_EQUAL(w.calls, 0);
	CU_ASSERT_EQUAL(send_close(w.stream, false, &w.err), DF_OK);
	file_is(w.path, FIVE);
	struct stat st;
	CU_ASSERT_EQUAL(stat(w.path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	CU_ASSERT_EQUAL(w.calls, 2); /* once a lane */
	CU_ASSERT_TRUE(w.there_first);
	CU_ASSERT_EQUAL(w.done[0], 3);
	CU_ASSERT_EQUAL(w.done[1], 0);
	CU_ASSERT_EQUAL(w.done[2], 2);
	CU_ASSERT_EQUAL(w.rows, 15);
	struct send_stats stats = {0};
	sender_stats(w.sender, &stats);
	CU_ASSERT_EQUAL(stats.batches, 5);
	CU_ASSERT_EQUAL(stats.events, 10);
	CU_ASSERT_EQUAL(stats.bytes, strlen(FIVE));
	world_end(&w);
}

static void test_file_replaced(void)
{
	struct world w;
	world_begin(&w, CONF_SINK_FILE);
	write_old(&w);
	open_stream(&w, NULL);
	put_five(&w);
	file_is(w.path, "old\n");
	CU_ASSERT_EQUAL(send_close(w.stream, false, &w.err), DF_OK);
	file_is(w.path, FIVE);
	world_end(&w);
}

/* Two programs at the same file: neither may give the name to what the other has written so far. */
static void test_file_twice(void)
{
	struct world w, other;
	world_begin(&w, CONF_SINK_FILE);
	open_stream(&w, NULL);
	put_five(&w);
	const struct send_order order = {.feed = &w.feed, .events = &events, .ctx = &w};
	struct df_err err = {0};
	CU_ASSERT_EQUAL(sender_open(w.sender, &order, &other.stream, &err), DF_RETRY);
	TEXT_HAS(err.text, "another program is writing");
	CU_ASSERT_EQUAL(send_close(w.stream, false, &w.err), DF_OK);
	file_is(w.path, FIVE);
	world_end(&w);
}

static void test_file_empty(void)
{
	struct world w;
	world_begin(&w, CONF_SINK_FILE);
	open_stream(&w, NULL);
	CU_ASSERT_EQUAL(send_close(w.stream, false, &w.err), DF_OK);
	file_is(w.path, "");
	CU_ASSERT_EQUAL(w.calls, 0);
	world_end(&w);
}

static void test_file_abandoned(void)
{
	struct world w;
	world_begin(&w, CONF_SINK_FILE);
	write_old(&w);
	open_stream(&w, NULL);
	put_five(&w);
	CU_ASSERT_EQUAL(send_close(w.stream, true, &w.err), DF_OK);
	file_is(w.path, "old\n");
	CU_ASSERT_EQUAL(w.calls, 0);
	world_end(&w);
}

static void test_file_stopped(void)
{
	struct world w;
	world_begin(&w, CONF_SINK_FILE);
	open_stream(&w, NULL);
	put_five(&w);
	df_stop_requested = 1;
	CU_ASSERT_EQUAL(put(&w, 0, "{}"), DF_RETRY);
	CU_ASSERT_EQUAL(send_close(w.stream, false, &w.err), DF_RETRY);
	CU_ASSERT_EQUAL(access(w.path, F_OK), -1);
	CU_ASSERT_EQUAL(w.calls, 0);
	world_end(&w);
}

static void test_file_resumed(void)
{
	/* Killed between the rename and settled(): the file is complete and stays as it is. */
	struct world w;
	world_begin(&w, CONF_SINK_FILE);
	write_old(&w);
	const uint64_t done[LANES] = {3, 0, 0};
	w.next[0] = 3;
	open_stream(&w, done);
	CU_ASSERT_EQUAL(put(&w, 2, "{}"), DF_OK);
	CU_ASSERT_EQUAL(send_close(w.stream, false, &w.err), DF_OK);
	file_is(w.path, "old\n");
	CU_ASSERT_EQUAL(w.done[2], 1);
	/* Without the file the progress is that of another sink: what is left is written. */
	unlink(w.path);
	w.next[2] = 0;
	w.done[2] = 0;
	open_stream(&w, done);
	CU_ASSERT_EQUAL(put(&w, 2, "{\"a\":1}"), DF_OK);
	CU_ASSERT_EQUAL(send_close(w.stream, false, &w.err), DF_OK);
	file_is(w.path, "{\"a\":1}\n");
	CU_ASSERT_EQUAL(w.done[2], 1);
	/* Nothing is left, and whoever reads the file has taken it away: no empty one comes. */
	unlink(w.path);
	open_stream(&w, done);
	CU_ASSERT_EQUAL(send_close(w.stream, false, &w.err), DF_OK);
	CU_ASSERT_EQUAL(access(w.path, F_OK), -1);
	world_end(&w);
}

/* A document's stream: opened, filled and closed. */
static void add(struct world *w, const char *const *lines, size_t n)
{
	memset(w->next, 0, sizeof(w->next));
	memset(w->done, 0, sizeof(w->done));
	open_stream(w, NULL);
	for (size_t i = 0; i < n; i++)
		CU_ASSERT_EQUAL(put(w, 0, lines[i]), DF_OK);
	CU_ASSERT_EQUAL(send_close(w->stream, false, &w->err), DF_OK);
}

/* What a run wrote that was killed before the ledger had it is not written again, wherever in
 * the file it is by now. */
static void test_file_appended(void)
{
	static const char *const a[] = {"{\"id\":\"a\"}", "{\"id\":\"a2\"}"};
	static const char *const b[] = {"{\"id\":\"b\"}"};
	static const char *const other[] = {"{\"id\":\"a\"}", "{\"id\":\"x2\"}"}; /* begins alike */
	struct world w;
	world_begin(&w, CONF_SINK_FILE);
	w.feed.send.sink_append = true;
	write_old(&w);
	add(&w, a, 2);
	file_is(w.path, "old\n{\"id\":\"a\"}\n{\"id\":\"a2\"}\n");
	add(&w, a, 2);
	file_is(w.path, "old\n{\"id\":\"a\"}\n{\"id\":\"a2\"}\n");
	add(&w, b, 1);
	add(&w, a, 2);
	add(&w, b, 1);
	file_is(w.path, "old\n{\"id\":\"a\"}\n{\"id\":\"a2\"}\n{\"id\":\"b\"}\n");
	add(&w, other, 2);
	add(&w, other, 2);
	file_is(w.path, "old\n{\"id\":\"a\"}\n{\"id\":\"a2\"}\n{\"id\":\"b\"}\n{\"id\":\"a\"}\n{"
			"\"id\":\"x2\"}\n");
	add(&w, NULL, 0);
	file_is(w.path, "old\n{\"id\":\"a\"}\n{\"id\":\"a2\"}\n{\"id\":\"b\"}\n{\"id\":\"a\"}\n{"
			"\"id\":\"x2\"}\n");
	world_end(&w);
}

static void test_file_impossible(void)
{
	struct world w;
	world_begin(&w, CONF_SINK_FILE);
	w.feed.send.sink_path = w.dir;
	const struct send_order order = {.feed = &w.feed, .events = &events, .ctx = &w};
	CU_ASSERT_EQUAL(sender_open(w.sender, &order, &w.stream, &w.err), DF_USAGE);
	w.err = (struct df_err){0};
	w.feed.send.sink_path = (char *)"/nonexistent/x/out";
	CU_ASSERT_EQUAL(sender_open(w.sender, &order, &w.stream, &w.err), DF_RETRY);
	CU_ASSERT_PTR_NOT_NULL(strstr(w.err.text, "/nonexistent/x/out"));
	world_end(&w);
}

/* Runs with standard output going to fd. */
static int stdout_to(int fd)
{
	fflush(stdout);
	int saved = dup(STDOUT_FILENO);
	dup2(fd, STDOUT_FILENO);
	close(fd);
	return saved;
}

static void stdout_back(int saved)
{
	dup2(saved, STDOUT_FILENO);
	close(saved);
}

static void test_stdout(void)
{
	struct world w;
	world_begin(&w, CONF_SINK_STDOUT);
	int saved = stdout_to(open(w.path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
	open_stream(&w, NULL);
	put_five(&w);
	enum df_status st = send_close(w.stream, false, &w.err);
	stdout_back(saved);
	CU_ASSERT_EQUAL(st, DF_OK);
	file_is(w.path, FIVE);
	CU_ASSERT_EQUAL(w.done[0], 3);
	CU_ASSERT_EQUAL(w.done[2], 2);
	CU_ASSERT_EQUAL(w.rows, 15);
	world_end(&w);
}

static void test_stdout_reader_gone(void)
{
	struct world w;
	int ends[2];
	world_begin(&w, CONF_SINK_STDOUT);
	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	close(ends[0]);
	int saved = stdout_to(ends[1]);
	open_stream(&w, NULL);
	char *big = df_alloc(100001);
	memset(big, 'x', 100000);
	enum df_status st = DF_OK;
	int n = 0;
	for (; n < 100 && st == DF_OK; n++)
		st = put(&w, 0, big);
	enum df_status again = put(&w, 0, big);
	enum df_status end = send_close(w.stream, false, &w.err);
	stdout_back(saved);
	free(big);
	CU_ASSERT_EQUAL(n, 3); /* at the first flush */
	CU_ASSERT_EQUAL(st, DF_RETRY);
	CU_ASSERT_EQUAL(again, DF_RETRY);
	CU_ASSERT_EQUAL(end, DF_RETRY);
	CU_ASSERT_PTR_NOT_NULL(strstr(w.err.text, "closed it"));
	CU_ASSERT_EQUAL(w.calls, 0);
	world_end(&w);
}

static void test_ledger_fails(void)
{
	struct world w;
	world_begin(&w, CONF_SINK_FILE);
	w.answer = DF_FATAL;
	open_stream(&w, NULL);
	put_five(&w);
	CU_ASSERT_EQUAL(send_close(w.stream, false, &w.err), DF_FATAL);
	CU_ASSERT_EQUAL(w.calls, 1);
	world_end(&w);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"file", test_file},
	    {"file replaced", test_file_replaced},
	    {"two programs", test_file_twice},
	    {"file without batches", test_file_empty},
	    {"file abandoned", test_file_abandoned},
	    {"file, stopped", test_file_stopped},
	    {"file, resumed", test_file_resumed},
	    {"file, appended to", test_file_appended},
	    {"file that cannot be", test_file_impossible},
	    {"stdout", test_stdout},
	    {"stdout, reader gone", test_stdout_reader_gone},
	    {"the ledger fails", test_ledger_fails},
	    CU_TEST_INFO_NULL,
	};
	return test_main("send_file", NULL, NULL, tests);
}
