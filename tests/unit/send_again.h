/* SPDX-License-Identifier: MIT */
/*
 * send_again.h - the next stream of a run, the next run, and another feed of one sender
 */
#ifndef SEND_AGAIN_H
#define SEND_AGAIN_H

#include "send_world.h"

/* What a run leaves for the next one. */
struct memory {
	char fingerprint[DF_SHA256_HEX];
	struct send_past past;
	int remembered;
	char *suspects; /* own */
};

TEST_UNUSED static enum df_status on_recall(void *ctx, const char *fingerprint,
					    struct send_past *out, struct df_err *err)
{
	const struct memory *m = ctx;
	(void)err;
	if (strcmp(m->fingerprint, fingerprint) == 0)
		*out = m->past;
	return DF_OK;
}

TEST_UNUSED static enum df_status on_remember(void *ctx, const char *fingerprint,
					      const struct send_past *past, struct df_err *err)
{
	struct memory *m = ctx;
	(void)err;
	m->remembered++;
	snprintf(m->fingerprint, sizeof(m->fingerprint), "%s", fingerprint);
	if (past->success_ms > 0)
		m->past.success_ms = past->success_ms;
	m->past.not_before_ms = past->not_before_ms;
	return DF_OK;
}

TEST_UNUSED static enum df_status on_suspects(void *ctx, const char *fingerprint, char **out,
					      struct df_err *err)
{
	const struct memory *m = ctx;
	(void)fingerprint;
	(void)err;
	*out = m->suspects != NULL ? df_strdup(m->suspects) : NULL;
	return DF_OK;
}

TEST_UNUSED static enum df_status on_suspect(void *ctx, const char *fingerprint, const char *text,
					     struct df_err *err)
{
	struct memory *m = ctx;
	(void)fingerprint;
	(void)err;
	free(m->suspects);
	m->suspects = df_strdup(text);
	return DF_OK;
}

TEST_UNUSED static void memory_end(struct memory *m)
{
	free(m->suspects);
	*m = (struct memory){0};
}

/* The next run: a sender of its own, and nothing reported yet. */
TEST_UNUSED static void run_again(struct world *w, struct memory *m)
{
	struct send_tuning tuning = w->sender->tuning;
	sender_free(w->sender);
	w->sender = sender_new();
	w->sender->tuning = tuning;
	w->err = (struct df_err){0};
	memset(w->next, 0, sizeof(w->next));
	memset(w->done, 0, sizeof(w->done));
	w->rows = w->calls = w->n_rejects = 0;
	sender_memory(w->sender, &(struct send_memory){.ctx = m,
						       .recall = on_recall,
						       .remember = on_remember,
						       .suspects = on_suspects,
						       .suspect = on_suspect});
}

/* The next stream of the same run, with the same batches. */
TEST_UNUSED static void open_again(struct world *w)
{
	w->err = (struct df_err){0};
	memset(w->next, 0, sizeof(w->next));
	memset(w->done, 0, sizeof(w->done));
	open_stream(w, NULL);
}

/* A feed of its own on the same sender and receiver. */
TEST_UNUSED static void share(struct world *other, struct world *w)
{
	world_prepare(other);
	sender_free(other->sender);
	other->sender = w->sender;
	other->feed.send.endpoint = w->endpoint;
}

TEST_UNUSED static void share_end(struct world *other)
{
	other->sender = NULL;
	world_end(other);
}

TEST_UNUSED static size_t count_requests(struct world *w, const char *what)
{
	size_t n = 0;
	char *text = get_file(w, "requests.ndjson");
	for (const char *p = text; p != NULL && (p = strstr(p, what)) != NULL; p++)
		n++;
	free(text);
	return n;
}

TEST_UNUSED static void wait_for_batches(struct world *w, uint64_t n)
{
	struct send_stats stats = {0};
	for (int i = 0; i < ATTEMPTS && stats.batches < n; i++) {
		usleep(1000);
		sender_stats(w->sender, &stats);
	}
	CU_ASSERT(stats.batches >= n);
}

TEST_UNUSED static void put_script(struct world *w, const char *line, int n)
{
	struct df_buf script = {0};
	for (int i = 0; i < n; i++)
		df_buf_addf(&script, "%s\n", line);
	put_file(w, "script", df_buf_cstr(&script));
	df_buf_free(&script);
}

TEST_UNUSED static void health_is(struct world *w, enum send_health health)
{
	int64_t probe_ms = -1;
	CU_ASSERT_EQUAL(sender_health(w->sender, &w->feed, &probe_ms), health);
	CU_ASSERT(probe_ms >= 0 && (probe_ms == 0 || health == SEND_UNWELL));
}

#endif
