/* SPDX-License-Identifier: MIT */
/*
 * send_world.h - a receiver (tests/peers/receiver, found below $BUILD), a sender, and what the
 * sender reported
 */
#ifndef SEND_WORLD_H
#define SEND_WORLD_H

#include "../../src/send/send_priv.h"

#include "test.h"

#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <sys/wait.h>

#define LANES    4
#define ATTEMPTS 3000 /* of 10 ms: waiting for something that must come */

static char receiver[4096]; /* the program */

/* ---- a receiver, a sender, and what the sender reported ---- */

struct world {
	char dir[100];
	pid_t pid;
	char endpoint[64];
	struct conf_feed feed;
	struct sender *sender;
	struct send_stream *stream;
	struct df_err err;
	uint64_t next[LANES]; /* lane_position of the next batch */
	/* by settled(): */
	uint64_t done[LANES];
	uint64_t rows, calls, n_rejects;
	char words[2048], rejected[2048];
	const char *code;         /* of the latest reject */
	atomic_size_t n_rejected; /* for a test that looks while streams are open */
	enum df_status answer;
};

__attribute__((unused)) static enum df_status on_settled(void *ctx, const struct send_settled *step,
							 struct df_err *err)
{
	struct world *w = ctx;
	CU_ASSERT(step->done > w->done[step->lane]);
	w->calls++;
	if (w->answer != DF_OK)
		return df_fail(w->answer, err, NULL, "the ledger is full");
	w->done[step->lane] = step->done;
	w->rows += step->rows_delivered;
	w->n_rejects += step->n_rejects;
	w->n_rejected += step->n_rejects;
	for (size_t i = 0; i < step->n_rejects; i++) {
		const struct send_reject *r = &step->rejects[i];
		CU_ASSERT(r->batch->lane_position < step->done);
		size_t have = strlen(w->rejected);
		snprintf(w->rejected + have, sizeof(w->rejected) - have, "%llu ",
			 (unsigned long long)r->batch->lane_position);
		snprintf(w->words, sizeof(w->words), "%s", r->message);
		w->code = r->code;
	}
	return DF_OK;
}

static const struct send_events events = {on_settled};

__attribute__((unused)) static void put_file(const struct world *w, const char *name,
					     const char *text)
{
	char path[256], temporary[256];
	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	snprintf(temporary, sizeof(temporary), "%s/%s.new", w->dir, name);
	FILE *f = fopen(temporary, "w");
	fputs(text, f);
	fclose(f);
	rename(temporary, path);
}

__attribute__((unused)) static char *get_file(const struct world *w, const char *name)
{
	char path[256], *text = NULL;
	struct df_err err = {0};
	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	if (df_read_file(path, 64 << 20, &text, NULL, &err) != DF_OK)
		return NULL;
	return text;
}

__attribute__((unused)) static void receiver_start(struct world *w, const char *cert,
						   const char *key)
{
	char *text = NULL;
	w->pid = fork();
	if (w->pid == 0) {
		execl(receiver, receiver, w->dir, "--key", "the-key", "--secret", "the-secret",
		      cert != NULL ? "--cert" : NULL, cert, "--tlskey", key, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < ATTEMPTS && (text = get_file(w, "port")) == NULL; i++)
		usleep(10000);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	snprintf(w->endpoint, sizeof(w->endpoint), "http%s://127.0.0.1:%d", cert != NULL ? "s" : "",
		 atoi(text));
	free(text);
}

__attribute__((unused)) static void receiver_stop(struct world *w)
{
	int status = 0;
	if (w->pid <= 0)
		return;
	kill(w->pid, SIGTERM);
	waitpid(w->pid, &status, 0);
	CU_ASSERT_EQUAL(status, 0);
	w->pid = 0;
}

__attribute__((unused)) static void world_prepare(struct world *w)
{
	*w = (struct world){0};
	CU_ASSERT_EQUAL_FATAL(test_folder_make(w->dir, sizeof(w->dir)), 0);
	w->feed = (struct conf_feed){.name = (char *)"orders",
				     .batch.lanes = LANES,
				     .send.sink = CONF_SINK_EVENTS_API,
				     .send.endpoint = w->endpoint,
				     .send.api_key = (char *)"the-key",
				     .send.api_secret = (char *)"the-secret",
				     .send.batches_per_second = 1e6,
				     .send.give_up_after_ms = 60000};
	w->sender = sender_new();
	w->sender->tuning.backoff_base = 1;
	w->sender->tuning.backoff_cap = 20;
	/* Nothing goes before a request is full or the stream is closed: so a test knows what is
	 * in a request. */
	w->sender->tuning.gather = 3600000;
}

__attribute__((unused)) static void world_begin(struct world *w)
{
	world_prepare(w);
	receiver_start(w, NULL, NULL);
}

__attribute__((unused)) static void world_end(struct world *w)
{
	static const char *const files[] = {
	    "accepted.ndjson", "requests.ndjson", "script", "rules", "port", "ca.pem", "ca.key"};
	sender_free(w->sender);
	receiver_stop(w);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[256];
		snprintf(path, sizeof(path), "%s/%s", w->dir, files[i]);
		unlink(path);
	}
	CU_ASSERT_EQUAL(rmdir(w->dir), 0);
	df_stop_requested = 0;
}

__attribute__((unused)) static void open_stream(struct world *w, const uint64_t *done)
{
	const struct send_order order = {
	    .feed = &w->feed, .done = done, .events = &events, .ctx = w};
	CU_ASSERT_EQUAL_FATAL(sender_open(w->sender, &order, &w->stream, &w->err), DF_OK);
}

__attribute__((unused)) static enum df_status close_stream(struct world *w, bool abandon)
{
	return send_close(w->stream, abandon, &w->err);
}

struct shape {
	const char *name; /* of its events */
	uint32_t lane, events;
	bool historical;
	size_t padding; /* bytes */
	uint64_t user;  /* 0: not known */
};

__attribute__((unused)) static struct batch *make_batch(struct world *w, struct shape shape)
{
	struct df_buf json = {0};
	df_buf_adds(&json, "{\"events\":[");
	for (uint32_t i = 0; i < shape.events; i++)
		df_buf_addf(&json,
			    "%s{\"data\":{\"event_name\":\"%s\"},\"event_type\":\"custom_event\"}",
			    i > 0 ? "," : "", shape.name);
	df_buf_addf(&json, "],\"source_request_id\":\"%u-%llu\",\"padding\":\"", shape.lane,
		    (unsigned long long)w->next[shape.lane]);
	for (size_t i = 0; i < shape.padding; i++)
		df_buf_addc(&json, 'x');
	df_buf_adds(&json, "\"}");
	df_buf_cstr(&json);
	struct batch *b = df_alloc(sizeof(*b));
	*b = (struct batch){.json = json.data,
			    .json_len = json.len,
			    .n_events = shape.events,
			    .lane = shape.lane,
			    .user = shape.user,
			    .historical = shape.historical,
			    .lane_position = w->next[shape.lane]++,
			    .n_rows = 1};
	b->rows = df_alloc(sizeof(*b->rows));
	b->id = strstr(b->json, "\"source_request_id\":\"") + 21;
	b->id_len = strcspn(b->id, "\"");
	return b;
}

__attribute__((unused)) static enum df_status put(struct world *w, struct shape shape)
{
	return send_put(w->stream, make_batch(w, shape), &w->err);
}

__attribute__((unused)) static void put_many(struct world *w, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		CU_ASSERT_EQUAL(put(w, (struct shape){.name = name, .events = 1}), DF_OK);
}

/* Every line of requests.ndjson as "STATUS:BATCHES", blank-separated. No request may be over a
 * limit. */
__attribute__((unused)) static void requests_are(struct world *w, const char *expected)
{
	struct df_buf got = {0};
	char *text = get_file(w, "requests.ndjson"), *save = NULL;
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		struct json_object *o = json_tokener_parse(line), *v[4] = {0};
		json_object_object_get_ex(o, "status", &v[0]);
		json_object_object_get_ex(o, "batches", &v[1]);
		json_object_object_get_ex(o, "events", &v[2]);
		json_object_object_get_ex(o, "bytes", &v[3]);
		df_buf_addf(&got, "%s%d:%d", got.len > 0 ? " " : "", json_object_get_int(v[0]),
			    json_object_get_int(v[1]));
		CU_ASSERT(json_object_get_int(v[1]) <= 100);
		CU_ASSERT(json_object_get_int(v[2]) <= 100 || json_object_get_int(v[1]) <= 1);
		CU_ASSERT(json_object_get_int(v[3]) <= 256000 || json_object_get_int(v[1]) <= 1);
		json_object_put(o);
	}
	if (expected != NULL)
		CU_ASSERT_STRING_EQUAL(df_buf_cstr(&got), expected);
	if (expected != NULL && strcmp(df_buf_cstr(&got), expected) != 0)
		fprintf(stderr, "requests: %s, not %s\n", df_buf_cstr(&got), expected);
	df_buf_free(&got);
	free(text);
}

enum may { IN_ORDER_ONCE = 0, MAY_REPEAT = 1, MAY_BE_LATE = 2 };

/* How many different batches were accepted. In every lane each must come once, and none after
 * one that follows it, unless the test says that it may. */
__attribute__((unused)) static size_t accepted(struct world *w, unsigned may)
{
	static bool seen[LANES][4096];
	size_t n = 0, next[LANES] = {0};
	char *text = get_file(w, "accepted.ndjson"), *save = NULL;
	memset(seen, 0, sizeof(seen));
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		unsigned lane = 0, position = 0;
		const char *id = strstr(line, "\"source_request_id\":\"");
		CU_ASSERT_PTR_NOT_NULL_FATAL(id);
		CU_ASSERT_EQUAL(sscanf(id + 21, "%u-%u", &lane, &position), 2);
		CU_ASSERT_FATAL(lane < LANES && position < 4096);
		if (seen[lane][position]) {
			CU_ASSERT((may & MAY_REPEAT) != 0);
			continue;
		}
		seen[lane][position] = true;
		n++;
		CU_ASSERT(position >= next[lane] || (may & MAY_BE_LATE) != 0);
		if (position >= next[lane])
			next[lane] = position + 1;
	}
	free(text);
	return n;
}

/* A receiver that is asleep accepts connections, as the kernel does that for it, and answers
 * nothing. */
__attribute__((unused)) static void receiver_sleeps(struct world *w, bool asleep)
{
	int status = 0;
	CU_ASSERT_EQUAL(kill(w->pid, asleep ? SIGSTOP : SIGCONT), 0);
	if (!asleep)
		return;
	/* all its threads have stopped */
	CU_ASSERT_EQUAL(waitpid(w->pid, &status, WUNTRACED), w->pid);
	CU_ASSERT_TRUE(WIFSTOPPED(status));
}

__attribute__((unused)) static void wait_for_stats(struct world *w, uint64_t requests,
						   uint64_t retries)
{
	struct send_stats stats = {0};
	for (int i = 0; i < ATTEMPTS && (stats.requests < requests || stats.retries < retries);
	     i++) {
		usleep(10000);
		sender_stats(w->sender, &stats);
	}
	CU_ASSERT(stats.requests >= requests && stats.retries >= retries);
}

/* False when the receiver is missing. */
static bool world_find(void)
{
	const char *build = getenv("BUILD");
	snprintf(receiver, sizeof(receiver), "%s/tests/peers/receiver",
		 build != NULL ? build : "build");
	if (access(receiver, X_OK) == 0)
		return true;
	fprintf(stderr, "%s is missing\n", receiver);
	return false;
}

#endif
