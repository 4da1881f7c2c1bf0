/* SPDX-License-Identifier: MIT */
/*
 * Notices are delivered by a thread of their own, from the ledger, while the run goes on. What a
 * run does not get through to is still in the ledger for the next one. A command is started once
 * for each notice, whatever comes of it; a webhook gets it until it has taken it, but nothing
 * more in a run in which it failed.
 */
#include "run_notices.h"

#include "dropfeed/http.h"
#include "dropfeed/report.h"
#include "dropfeed/thread.h"

#include <stdlib.h>

enum {
	LOOK_EVERY_MS = 500,
	COMMAND_MS = 60000,
	WEBHOOK_MS = 10000,
	LAST_MS = 60000,        /* after the run's work */
	LAST_STOPPED_MS = 3000, /* after a signal */
};
#define KEPT_MS (3 * DF_DAY_MS) /* a webhook that was down for longer gets the rest */

struct run_notices {
	const struct conf *conf;
	struct ledger *ledger;
	int64_t started_ms;
	const char **secrets; /* own; what it points to is the configuration's */
	size_t n_secrets;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	bool quit;
	int64_t until; /* monotonic, once quit is set */
	/* the thread's: */
	int64_t after;     /* notices up to this one were looked at */
	const char **down; /* own: webhooks that failed in this run, borrowed */
	size_t n_down;
};

/* ---- who wants it ---- */

static const char *const events[CONF_EVENTS] = {
    [CONF_EVENT_DONE] = "done",
    [CONF_EVENT_REFUSED] = "refused",
    [CONF_EVENT_REJECTS] = "rejects",
    [CONF_EVENT_MISSING] = "missing",
    [CONF_EVENT_UNFINISHED] = "unfinished",
    [CONF_EVENT_RECOVERED] = "recovered",
    [CONF_EVENT_DENIED] = "denied",
};

static bool wants(const struct conf_notify *to, const char *event)
{
	for (size_t i = 0; i < CONF_EVENTS; i++)
		if (strcmp(events[i], event) == 0)
			return (to->events & (1u << i)) != 0;
	return false;
}

static unsigned ways_of(const struct conf_notify *to)
{
	return (to->on_event != NULL ? LEDGER_BY_COMMAND : 0u) |
	       (to->webhook != NULL ? LEDGER_BY_WEBHOOK : 0u);
}

/* Who wants to hear of each file that is done wants to hear of those with rejects, too. */
static unsigned ways_wanted(const struct conf_notify *to, struct ledger_notice *n)
{
	if (strcmp(n->event, "rejects") == 0 && !wants(to, "rejects") && wants(to, "done")) {
		free(n->event);
		n->event = df_strdup("done");
	}
	return wants(to, n->event) ? ways_of(to) : 0;
}

static const struct conf_notify *notify_of(const struct conf *conf, const char *name)
{
	const struct conf_feed *feed = conf_feed_find(conf, name);
	return feed != NULL ? &feed->notify : &conf->operate.notify;
}

/* ---- delivering ---- */

static void call_command(const struct run_notices *s, const char *command,
			 const struct ledger_notice *n, const struct df_buf *json)
{
	struct df_err err = {0};
	const struct report_command c = {.command = command,
					 .event = n->event,
					 .feed = n->feed,
					 .file = n->file,
					 .input = json->data,
					 .len = json->len,
					 .secrets = s->secrets,
					 .n_secrets = s->n_secrets,
					 .timeout_ms = COMMAND_MS};
	if (report_command_run(&c, &err) != DF_OK)
		df_log(DF_LOG_WARN, "%s: on_event (%s): %s", n->feed, n->event, err.text);
	else
		df_log(DF_LOG_DEBUG, "%s: on_event (%s): done", n->feed, n->event);
}

static bool is_down(const struct run_notices *s, const char *url)
{
	for (size_t i = 0; i < s->n_down; i++)
		if (strcmp(s->down[i], url) == 0)
			return true;
	return false;
}

static bool call_webhook(struct run_notices *s, const char *url, const struct ledger_notice *n,
			 const struct df_buf *json)
{
	struct df_err err = {0};
	if (is_down(s, url))
		return false;
	const struct report_message m = {
	    .url = url, .body = json->data, .len = json->len, .json = true};
	struct report_post *post = report_post_start(&m, WEBHOOK_MS);
	enum df_status st = report_post_wait(post, WEBHOOK_MS, &err);
	report_post_free(post);
	if (st == DF_OK)
		return true;
	/* of an older notice a run before this one has said it: not with every mail of cron */
	df_log(n->made_ms >= s->started_ms ? DF_LOG_WARN : DF_LOG_INFO,
	       "%s: webhook (%s): %s; the next run tries again", n->feed, n->event, err.text);
	s->down = df_realloc((void *)s->down, (s->n_down + 1) * sizeof(*s->down));
	s->down[s->n_down++] = url;
	return false;
}

static unsigned deliver(struct run_notices *s, struct ledger_notice *n)
{
	const struct conf_notify *to = notify_of(s->conf, n->feed);
	unsigned ways = ways_wanted(to, n) & n->due, had = n->due & ~ways;
	struct df_buf json = {0};
	if (ways == 0)
		return had;
	report_notice_json(n, &json);
	if ((ways & LEDGER_BY_COMMAND) != 0) {
		call_command(s, to->on_event, n, &json);
		had |= LEDGER_BY_COMMAND;
	}
	if ((ways & LEDGER_BY_WEBHOOK) != 0 && call_webhook(s, to->webhook, n, &json))
		had |= LEDGER_BY_WEBHOOK;
	if (had != n->due && df_now_ms() - n->made_ms > KEPT_MS) {
		df_log(DF_LOG_WARN, "%s: webhook (%s): given up after three days", n->feed,
		       n->event);
		had = n->due;
	}
	df_buf_free(&json);
	return had;
}

/* ---- the thread ---- */

static bool notices_are_over(struct run_notices *s)
{
	pthread_mutex_lock(&s->lock);
	int64_t until = df_stop_requested ? s->until - (LAST_MS - LAST_STOPPED_MS) : s->until;
	bool over = s->quit && df_monotonic_ms() >= until;
	pthread_mutex_unlock(&s->lock);
	return over;
}

/* All that is there now. */
static enum df_status deliver_all(struct run_notices *s, struct df_err *err)
{
	for (;;) {
		struct ledger_notice n = {0};
		if (notices_are_over(s))
			return DF_OK;
		enum df_status st = ledger_notice_next(s->ledger, s->after, &n, err);
		if (st != DF_OK)
			return st == DF_END ? DF_OK : st;
		s->after = n.id;
		unsigned had = deliver(s, &n);
		st = ledger_notice_done(s->ledger, n.id, had, err);
		ledger_notice_free(&n);
		if (st != DF_OK)
			return st;
	}
}

static void *notices_main(void *arg)
{
	struct run_notices *s = arg;
	struct df_err err = {0};
	enum df_status st;
	bool quit = false;
	do {
		pthread_mutex_lock(&s->lock);
		if (!s->quit)
			df_cond_wait(&s->changed, &s->lock, LOOK_EVERY_MS);
		quit = s->quit;
		pthread_mutex_unlock(&s->lock);
		st = deliver_all(s, &err);
	} while (st == DF_OK && !quit);
	if (st != DF_OK)
		df_log_err(DF_LOG_WARN, &err);
	return NULL;
}

/* ---- its life ---- */

static bool anybody(const struct conf *conf)
{
	bool any = ways_of(&conf->operate.notify) != 0;
	for (size_t i = 0; i < conf->n_feeds; i++)
		any = any || ways_of(&conf->feeds[i].notify) != 0;
	return any;
}

static void add_secret(struct run_notices *s, const char *secret)
{
	if (secret == NULL || secret[0] == '\0')
		return;
	s->secrets = df_realloc((void *)s->secrets, (s->n_secrets + 1) * sizeof(*s->secrets));
	s->secrets[s->n_secrets++] = secret;
}

static void add_secrets(struct run_notices *s)
{
	add_secret(s, s->conf->ledger.password);
	for (size_t i = 0; i < s->conf->n_feeds; i++) {
		const struct conf_feed *f = &s->conf->feeds[i];
		add_secret(s, f->fetch.password);
		add_secret(s, f->fetch.passphrase);
		add_secret(s, f->decode.gnupg_passphrase);
		add_secret(s, f->send.api_secret);
		add_secret(s, f->send.proxy_password);
	}
}

static void notices_free(struct run_notices *s)
{
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free((void *)s->secrets);
	free((void *)s->down);
	free(s);
}

struct run_notices *run_notices_start(const struct conf *conf, struct ledger *ledger)
{
	if (!anybody(conf))
		return NULL;
	http_prepare();
	struct run_notices *s = df_alloc(sizeof(*s));
	*s = (struct run_notices){.conf = conf, .ledger = ledger, .started_ms = df_now_ms()};
	add_secrets(s);
	pthread_mutex_init(&s->lock, NULL);
	df_cond_init(&s->changed);

	int failed = df_thread_start(&s->thread, notices_main, s);
	if (failed == 0)
		return s;
	df_log(DF_LOG_WARN, "no notices in this run: %s", strerror(failed));
	notices_free(s);
	return NULL;
}

void run_notices_end(struct run_notices *s, const struct conf *conf, struct ledger *ledger)
{
	struct df_err err = {0};
	if (s == NULL) {
		if (!anybody(conf) && !ledger_shared(ledger) &&
		    ledger_notices_forget(ledger, &err) != DF_OK)
			df_log_err(DF_LOG_WARN, &err);
		return;
	}
	pthread_mutex_lock(&s->lock);
	s->quit = true;
	s->until = df_monotonic_ms() + LAST_MS;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	notices_free(s);
}
