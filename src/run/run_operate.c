/* SPDX-License-Identifier: MIT */
/* What is done on every exit, whatever came before. Nothing here changes the exit code. */
#include "run_priv.h"

#include "dropfeed/report.h"

#include <stdlib.h>

static void write_metrics(const struct conf *conf, const struct report_run *run)
{
	struct df_err err = {0};
	const char **feeds = df_alloc((conf->n_feeds + 1) * sizeof(*feeds));
	for (size_t i = 0; i < conf->n_feeds; i++)
		feeds[i] = conf->feeds[i].name;
	const struct ledger_where where = setup_ledger(conf);
	/* a mistake in these lines must not look like a ledger that was never written to */
	bool known =
	    conf->state_dir != NULL && (conf->ledger.url != NULL || conf_line(conf, "ledger") == 0);
	const struct report_metrics what = {.path = conf->operate.metrics_file,
					    .ledger = known ? &where : NULL,
					    .feeds = feeds,
					    .n_feeds = conf->n_feeds,
					    .run = run};
	if (report_metrics_write(&what, &err) != DF_OK) {
		df_err_context(&err, "metrics_file");
		df_log_err(DF_LOG_WARN, &err);
	}
	free((void *)feeds);
}

/* ---- ping_url ---- */

#define PING_MS 10000

/* The address with one more part of its path, before a query. The caller's. */
static char *ping_address(const char *url, const char *more)
{
	size_t path = strcspn(url, "?#"), len = path;
	while (len > 0 && url[len - 1] == '/' && more[0] != '\0')
		len--;
	return df_format("%.*s%s%.*s", (int)len, url, more, (int)strcspn(url + path, "#"),
			 url + path);
}

static struct report_post *ping(const char *url, const char *more, const struct df_buf *body)
{
	char *address = ping_address(url, more);
	const struct report_message m = {
	    .url = address, .body = body->data != NULL ? body->data : "", .len = body->len};
	struct report_post *post = report_post_start(&m, PING_MS);
	free(address);
	return post;
}

void run_ping_start(const struct conf *conf, struct run_result *result)
{
	const struct df_buf nothing = {0};
	if (conf->operate.ping_url != NULL)
		result->ping = ping(conf->operate.ping_url, "/start", &nothing);
}

/* said: what the log says of it already, which is not said twice in a run. */
static void ping_wait(struct report_post *post, struct df_err *said)
{
	struct df_err err = {0};
	if (report_post_wait(post, PING_MS, &err) != DF_OK && strcmp(err.text, said->text) != 0) {
		df_log(DF_LOG_WARN, "ping_url: %s", err.text);
		*said = err;
	}
	report_post_free(post);
}

/* Nothing where another run is under way, which reports its own end. */
static void ping_end(const char *url, const struct run_end *end)
{
	struct df_buf body = {0};
	struct df_err said = {0};
	if (end->ping != NULL) /* in their order */
		ping_wait(end->ping, &said);
	if (end->exit_code == 75)
		return;
	df_log_tail(&body);
	df_buf_addf(&body, "exit code %d\n", end->exit_code);
	ping_wait(ping(url, end->exit_code == 0 ? "" : "/fail", &body), &said);
	df_buf_free(&body);
}

void run_ended(const char *conf_path, const struct run_end *end)
{
	struct conf *conf = conf_load_leniently(conf_path);
	if (conf == NULL)
		return;

	const struct report_run run = {.ended_ms = df_now_ms(),
				       .duration_ms = df_monotonic_ms() - end->started_ms,
				       .exit_code = end->exit_code};
	if (conf->operate.metrics_file != NULL)
		write_metrics(conf, end->is_run ? &run : NULL);
	if (conf->operate.ping_url != NULL && end->is_run)
		ping_end(conf->operate.ping_url, end);
	conf_free(conf);
}

void run_remember(const struct run *run, int64_t started_ms)
{
	const int code = run_exit_code(run->result);
	const int64_t now = df_now_ms();
	const struct {
		const char *name;
		int64_t value;
	} facts[] = {{LEDGER_RUN_MS, now},
		     {LEDGER_RUN_EXIT, code},
		     {LEDGER_RUN_DURATION, df_monotonic_ms() - started_ms},
		     {LEDGER_RUN_SUCCESS, now}};
	const size_t n = sizeof(facts) / sizeof(*facts) - (code == 0 ? 0 : 1);
	for (size_t i = 0; i < n; i++) {
		struct df_err err = {0};
		if (ledger_tally_set(run->env.ledger, "", facts[i].name, facts[i].value, &err) ==
		    DF_OK)
			continue;
		df_log_err(DF_LOG_WARN, &err);
		return;
	}
}
