/* SPDX-License-Identifier: MIT */
#include "run_session.h"

#include "run_fleet.h"

#include "run_gate.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Is the file or folder there, and another user's? */
static bool is_others(const char *path, struct setup_user *owner)
{
	struct stat info;
	if (stat(path, &info) != 0 || info.st_uid == geteuid())
		return false;
	*owner = setup_user_name(info.st_uid);
	return true;
}

/* A run by hand as another user, root before all, is how a state folder comes to hold what
 * cron's user may not touch. */
static void explain_owner(const char *dir, const char *lock, enum df_status st, struct df_err *err)
{
	struct setup_user owner;
	if (st == DF_OK && geteuid() == 0 && is_others(dir, &owner))
		df_log(DF_LOG_WARN,
		       "%s belongs to %s, who cannot read what root leaves there: run as that user "
		       "(runuser -u %s -- "
		       "dropfeed ...)",
		       dir, owner.text, owner.text);
	const char *where = st != DF_FATAL            ? NULL
			    : is_others(dir, &owner)  ? dir
			    : is_others(lock, &owner) ? lock
						      : NULL;
	if (where != NULL)
		df_err_context(err,
			       "%s belongs to %s, and this runs as %s: run as that user, or chown "
			       "-R the folder",
			       where, owner.text, setup_user_name(geteuid()).text);
}

/* The run goes on: what does not need it is delivered. */
static void warn_of_others(const char *dir)
{
	char *text = setup_left_by_others(dir);
	if (text != NULL)
		df_log(DF_LOG_WARN, "%s", text);
	free(text);
}

static enum df_status on_recall(void *ctx, const char *fingerprint, struct send_past *out,
				struct df_err *err)
{
	struct ledger_api known = {0};
	enum df_status st = ledger_api_known(ctx, fingerprint, &known, err);
	*out = (struct send_past){.success_ms = known.success_ms,
				  .not_before_ms = known.not_before_ms};
	return st;
}

static enum df_status on_remember(void *ctx, const char *fingerprint, const struct send_past *past,
				  struct df_err *err)
{
	const struct ledger_api api = {.success_ms = past->success_ms,
				       .not_before_ms = past->not_before_ms};
	return ledger_api_note(ctx, fingerprint, &api, err);
}

static enum df_status on_suspects(void *ctx, const char *fingerprint, char **out,
				  struct df_err *err)
{
	return ledger_api_suspects(ctx, fingerprint, out, err);
}

static enum df_status on_suspect(void *ctx, const char *fingerprint, const char *text,
				 struct df_err *err)
{
	return ledger_api_suspect(ctx, fingerprint, text, err);
}

/* Before any feed is begun: whether `sink = file:PATH` is a folder is seen from the folder,
 * which another feed may name with a slash at its end. */
static void make_folders(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_feeds; i++) {
		const char *path = conf->feeds[i].send.sink_path;
		struct df_err ignored = {0};
		if (conf->feeds[i].send.sink != CONF_SINK_FILE || path == NULL || path[0] == '\0' ||
		    path[strlen(path) - 1] != '/')
			continue;
		if (df_mkdirs(path, &ignored) != DF_OK)
			/* opening a file in it fails, and says so */
			df_log(DF_LOG_DEBUG, "%s", ignored.text);
	}
}

static void on_throttled(void *ctx, const char *feed)
{
	struct df_err err = {0};
	if (ledger_tally_add(ctx, feed, LEDGER_THROTTLED, 1, &err) != DF_OK)
		df_log_err(DF_LOG_WARN, &err);
}

static enum df_status on_spend(void *ctx, const struct send_spending *s, int64_t *wait_ms,
			       size_t *limit, struct df_err *err)
{
	struct ledger_limit limits[SEND_LIMITS_MAX];
	for (size_t i = 0; i < s->n_limits; i++)
		limits[i] = (struct ledger_limit){.span_ms = s->limits[i].span_ms,
						  .most = s->limits[i].most,
						  .made = s->limits[i].made};
	const struct ledger_spending spending = {.fingerprint = s->fingerprint,
						 .calls = s->calls,
						 .made = s->made,
						 .limits = limits,
						 .n_limits = s->n_limits,
						 .now_ms = df_now_ms()};
	return ledger_spend(ctx, &spending, wait_ms, limit, err);
}

static void on_share(void *ctx, const char *key, struct send_share *s)
{
	struct ledger_pace pace;
	const struct ledger_paced mine = {key, s->sent, s->silence_ms, s->wants};
	ledger_paces(ctx, &mine, &pace);
	s->share = pace.share;
	s->others = pace.others;
	s->pause_ms = pace.pause_ms;
}

static struct sender *sender_of(struct ledger *ledger)
{
	const struct send_memory memory = {.ctx = ledger,
					   .recall = on_recall,
					   .remember = on_remember,
					   .suspects = on_suspects,
					   .suspect = on_suspect,
					   .spend = on_spend,
					   .throttled = on_throttled};
	struct send_memory of_fleet = memory;
	of_fleet.share = on_share;
	struct sender *s = sender_new();
	sender_memory(s, ledger_shared(ledger) ? &of_fleet : &memory);
	sender_parks(s, true);
	return s;
}

/* *busy: another run has the lock. */
static enum df_status session_lock(struct run_session *s, const char *lock, bool *busy,
				   struct df_err *err)
{
	char remote[64];
	if (df_is_remote(s->run.conf->state_dir, remote))
		return df_fail(DF_USAGE, err, NULL, "state_dir " SETUP_REMOTE_STATE,
			       s->run.conf->state_dir, remote);
	enum df_status st = df_mkdirs(s->scratch, err);
	return st == DF_OK ? df_lock_take(lock, &s->lock, busy, err) : st;
}

static enum df_status session_ledger(struct run_session *s, struct df_err *err)
{
	const struct ledger_where where = setup_ledger(s->run.conf);
	enum df_status st = ledger_open_at(&where, &s->run.env.ledger, err);
	return st == DF_OK ? run_fleet_join(s->run.conf, s->run.env.ledger, err) : st;
}

static void session_begin(struct run_session *s)
{
	const struct conf *conf = s->run.conf;
	s->run.env.sender = sender_of(s->run.env.ledger);
	s->run.gate = run_gate_new();
	s->run.outcomes = df_alloc((conf->n_feeds + 1) * sizeof(*s->run.outcomes));
	s->run.progress = progress_start(s->run.env.sender, conf->operate.progress_s);
	s->notices = run_notices_start(conf, s->run.env.ledger);
	make_folders(conf);
}

enum df_status run_session_open(struct run_session *s, const struct conf *conf,
				struct run_result *result, struct df_err *err)
{
	*s = (struct run_session){.lock = {-1, -1}};
	s->run.conf = conf;
	s->run.result = result;
	s->scratch = df_format("%s/spool", conf->state_dir);
	s->run.scratch = s->scratch;
	s->run.env.state_dir = conf->state_dir;
	pthread_mutex_init(&s->run.lock, NULL);
	char *lock = df_format("%s/lock", conf->state_dir);
	enum df_status st = session_lock(s, lock, &result->busy, err);
	if (!result->busy)
		explain_owner(conf->state_dir, lock, st, err);
	if (st != DF_OK)
		goto cleanup;
	warn_of_others(conf->state_dir);
	st = session_ledger(s, err);
	if (st != DF_OK)
		goto cleanup;
	session_begin(s);
cleanup:
	if (st != DF_OK)
		run_session_close(s);
	free(lock);
	return st;
}

void run_session_failed(struct run_result *result, enum df_status st, const struct df_err *err)
{
	df_log_err(result->busy ? DF_LOG_INFO : DF_LOG_ERROR, err);
	if (!result->busy)
		run_note_status(result, st);
}

static void log_traffic(struct sender *sender)
{
	struct send_stats sum;
	sender_stats(sender, &sum);
	if (sum.requests > 0)
		df_log(DF_LOG_DEBUG,
		       "%llu requests of %llu bytes in all; %llu were sent again, %llu of them for "
		       "the rate limit",
		       (unsigned long long)sum.requests, (unsigned long long)sum.bytes,
		       (unsigned long long)sum.retries, (unsigned long long)sum.throttled);
}

void run_session_close(struct run_session *s)
{
	progress_end(s->run.progress);
	if (s->run.env.sender != NULL)
		log_traffic(s->run.env.sender);
	sender_free(s->run.env.sender);
	run_gate_free(s->run.gate);
	if (s->run.env.ledger != NULL)
		run_notices_end(s->notices, s->run.conf, s->run.env.ledger);
	free(s->run.outcomes);
	ledger_close(s->run.env.ledger);
	df_lock_release(&s->lock);
	pthread_mutex_destroy(&s->run.lock);
	free(s->scratch);
	*s = (struct run_session){.lock = {-1, -1}};
}
