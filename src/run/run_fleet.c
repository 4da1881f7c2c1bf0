/* SPDX-License-Identifier: MIT */
/*
 * A feed's part of a run where hosts share the ledger. Who lists the source enters what has
 * settled; whoever claims a file pulls it, or brings its bytes back from where they are, and works
 * on it. The lease on a file of which nothing is heard any more runs out, so that it is found
 * here by another host.
 */
#include "run_fleet.h"

#include "run_adopt.h"
#include "run_session.h"

#include "dropfeed/shell.h"

#include <stdlib.h>

/* ---- joining ---- */

/* Hosts differ in these. */
static bool is_own_key(const char *line)
{
	static const char *const keys[] = {"node", "state_dir", "ledger_password"};
	line += strspn(line, " \t");
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (strncmp(line, keys[i], strlen(keys[i])) == 0)
			return true;
	return false;
}

static void config_hash(const struct conf *conf, char hex[DF_SHA256_HEX])
{
	char *text = NULL;
	size_t len = 0;
	struct df_err ignored = {0};
	struct df_sha256 *h = df_sha256_new();
	if (df_read_file(conf->path, (size_t)16 << 20, &text, &len, &ignored) != DF_OK)
		text = df_strdup("");
	char *rest = NULL;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		if (!is_own_key(line))
			df_sha256_add(h, line, strlen(line) + 1);
	df_sha256_end(h, hex);
	df_sha256_free(h);
	free(text);
}

enum df_status run_fleet_join(const struct conf *conf, struct ledger *ledger, struct df_err *err)
{
	char hash[DF_SHA256_HEX];
	if (conf->ledger.url == NULL)
		return DF_OK;
	config_hash(conf, hash);
	const struct ledger_host host = {.version = DROPFEED_VERSION,
					 .batch_format = BATCH_FORMAT,
					 .older_format = BATCH_FORMAT_0_1,
					 .config = hash};
	return ledger_join(ledger, &host, err);
}

static enum df_status note_config(void *ctx, const struct ledger_node *n, struct df_err *err)
{
	(void)err;
	ledger_configs_note(ctx, n);
	return DF_OK;
}

enum df_status run_fleet_alike(struct ledger *ledger, bool *alike, struct df_err *err)
{
	struct ledger_configs seen = {.differ = false};
	enum df_status st = ledger_nodes(ledger, note_config, &seen, err);
	*alike = !seen.differ;
	return st;
}

/* ---- taking ---- */

#define ROOM_MS 1000 /* is waited for, and then it is looked anew */
#define REST_MS 1000 /* the same, without waiting for room */

struct found {
	struct ledger_file *v; /* own */
	size_t n;
};

static enum df_status collect(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct found *found = ctx;
	(void)err;
	found->v = df_realloc(found->v, (found->n + 1) * sizeof(*found->v));
	found->v[found->n++] = ledger_file_dup(f);
	return DF_OK;
}

static void found_free(struct found *found)
{
	for (size_t i = 0; i < found->n; i++)
		ledger_file_free(&found->v[i]);
	free(found->v);
}

/* Whoever takes it goes down: nobody is to take it once more. */
static enum df_status refuse_crashing(struct feed_work *w, const struct ledger_file *f,
				      uint64_t crashes, struct df_err *err)
{
	char *text = df_format("%llu hosts in a row failed while they worked on it",
			       (unsigned long long)crashes);
	const struct ledger_outcome refused = {
	    .state = LEDGER_REFUSED, .code = "keeps-crashing", .text = text, .now_ms = df_now_ms()};
	enum df_status st = ledger_file_lost(w->run->env.ledger, f->id, &refused, err);
	if (st != DF_OK)
		goto cleanup;
	df_log(DF_LOG_ERROR,
	       "%s: %s: refused: %s [keeps-crashing]: look at it, then `dropfeed retry %s`",
	       w->feed->name, f->name, text, df_shell_word(f->name).text);
	pthread_mutex_lock(&w->run->lock);
	w->run->result->files_refused++;
	pthread_mutex_unlock(&w->run->lock);
cleanup:
	free(text);
	return st;
}

/* The source does not have it any more as it was listed: the next listing decides. */
static enum df_status unlist(struct feed_work *w, const struct ledger_file *f,
			     const struct fetch_entry *entry, struct df_err *err)
{
	struct ledger *l = w->run->env.ledger;
	const struct ledger_key key = run_feed_key(w->feed, entry);
	char *arrival = run_spool_arrival(w->run->conf, &key);
	enum df_status st = ledger_pull_end(l, w->feed->name, arrival, err);
	free(arrival);
	return st == DF_OK ? ledger_file_unlist(l, f->id, err) : st;
}

static enum df_status pull_listed(struct feed_work *w, const struct ledger_file *f,
				  struct df_err *err)
{
	const struct fetch_entry entry = {.name = f->name, .size = f->size, .mtime = f->mtime};
	const struct fetch_entry *due = &entry;
	struct df_err other = {0};
	enum df_status st = run_adopt_note(w, &due, 1, err);
	if (st != DF_OK)
		return st;
	st = run_pull(w, &entry, f->id, err);
	if (st == DF_END)
		return unlist(w, f, &entry, err);
	if (st != DF_RETRY || w->source.fetch == NULL || !fetch_fate(w->source.fetch)->changed)
		return st;
	if (unlist(w, f, &entry, &other) != DF_OK)
		df_log_err(DF_LOG_WARN, &other);
	return st;
}

/* DF_END: it is another host's, or not what it was. */
static enum df_status take_file(struct feed_work *w, const struct ledger_file *f,
				struct df_err *err)
{
	struct ledger *l = w->run->env.ledger;
	struct ledger_claimed claimed;
	enum df_status st = ledger_claim(l, f->id, &claimed, err);
	if (st != DF_OK)
		return st;
	if (claimed.state != f->state) { /* another one was faster */
		ledger_release(l, f->id, true);
		return DF_END;
	}
	if (claimed.crashes >= LEDGER_CRASHES_MAX)
		return refuse_crashing(w, f, claimed.crashes, err);
	return f->state == LEDGER_LISTED ? pull_listed(w, f, err) : run_left_take(w, f, err);
}

static void take_failed(struct feed_work *w, const struct ledger_file *f, enum df_status st,
			struct df_err *err)
{
	const struct fetch_entry entry = {.name = f->name, .size = f->size, .mtime = f->mtime};
	df_log_err(st == DF_RETRY ? DF_LOG_WARN : DF_LOG_ERROR, err);
	run_note(w->run, w->feed, st, err);
	run_feed_stuck(w, &entry);
	ledger_release(w->run->env.ledger, f->id, false);
}

/* The database was away, which says nothing of the file: it keeps its place before later ones, and
 * is taken when the database is back. */
static enum run_took take_again(struct feed_work *w, const struct ledger_file *f,
				const struct df_err *err)
{
	df_log_err(DF_LOG_WARN, err);
	ledger_release(w->run->env.ledger, f->id, true);
	df_rest(REST_MS);
	return RUN_TOOK_LATER;
}

static enum df_status look_for_files(struct feed_work *w, struct found *found)
{
	struct df_err err = {0};
	enum df_status st =
	    ledger_candidates(w->run->env.ledger, w->feed->name, collect, found, &err);
	if (st != DF_OK) {
		df_err_context(&err, "%s", w->feed->name);
		df_log_err(DF_LOG_ERROR, &err);
		run_note(w->run, w->feed, st, &err);
	}
	return st;
}

/* Whether it may be claimed: later ones are ahead of their turn, and the first one that nobody has
 * may be. What is waited for may be free when it is looked for again. */
static bool may_claim(struct feed_work *w, const struct ledger_file *f, bool first)
{
	struct df_err err = {0};
	struct run_claim claim = {.name = f->name, .mtime = f->mtime, .first = first};
	if (w->feed->fetch.order_none)
		claim.ahead = false;
	else if (!first)
		claim.ahead = true;
	else if (ledger_file_waits(w->run->env.ledger, f->id, &claim.ahead, &err) != DF_OK)
		df_log(DF_LOG_DEBUG, "%s: %s: %s", w->feed->name, f->name, err.text);
	return run_pool_claim(w->pool, w->feed, &claim, first ? ROOM_MS : 0);
}

static enum run_took take_one(struct feed_work *w, const struct ledger_file *f, bool first)
{
	struct df_err err = {0};
	if (!may_claim(w, f, first))
		return RUN_TOOK_LATER;
	w->has_room = true;
	enum df_status st = take_file(w, f, &err);
	w->has_room = false;
	ledger_taken(w->run->env.ledger, f->id);
	run_pool_claimed(w->pool, w->feed);
	if (st == DF_OK || st == DF_END)
		return st == DF_OK ? RUN_TOOK_SOME : RUN_TOOK_NONE;
	df_err_context(&err, "%s: %s", w->feed->name, f->name);
	if (strcmp(err.code, LEDGER_UNREACHABLE) == 0)
		return take_again(w, f, &err);
	take_failed(w, f, st, &err);
	return RUN_TOOK_NONE;
}

static enum run_took take_some(struct feed_work *w)
{
	struct found found = {0};
	enum run_took took = RUN_TOOK_NONE;
	enum df_status st = look_for_files(w, &found);
	for (size_t i = 0; st == DF_OK && i < found.n && !df_stop_requested; i++) {
		if (w->source.unreachable || !run_pool_takes(w->pool, w->feed)) {
			run_note(w->run, w->feed, DF_RETRY, NULL);
			break;
		}
		enum run_took one = take_one(w, &found.v[i], i == 0);
		if (one == RUN_TOOK_LATER) {
			took = took == RUN_TOOK_SOME ? took : one;
			break;
		}
		took = one == RUN_TOOK_SOME ? one : took;
	}
	found_free(&found);
	return took;
}

enum run_took run_fleet_take(struct feed_work *w)
{
	enum run_took took = RUN_TOOK_NONE, one;
	while ((one = take_some(w)) == RUN_TOOK_SOME && !df_stop_requested)
		took = one;
	return one == RUN_TOOK_LATER ? one : took;
}

/* ---- left alone ---- */

static enum df_status log_foreign(void *ctx, const struct ledger_foreign *f, struct df_err *err)
{
	struct feed_work *w = ctx;
	(void)err;
	df_log(DF_LOG_WARN,
	       "%s: %s: begun by dropfeed %s, which lays batches out in another way (batch_format "
	       "%u, this one knows %u): nothing was sent; finish it with that version, or begin it "
	       "anew with `dropfeed restart %s`",
	       w->feed->name, f->name, f->version, f->batch_format, BATCH_FORMAT,
	       df_shell_word(f->name).text);
	run_note(w->run, w->feed, DF_RETRY, NULL);
	return DF_OK;
}

/* ---- a feed's part ---- */

/* Another host lists the source: what it enters is taken here as well, until it is through. DF_OK:
 * it went down with that, and this host lists from now on. */
static enum df_status share_listing(struct feed_work *w, struct df_err *err)
{
	struct ledger *l = w->run->env.ledger;
	enum ledger_scan scan = LEDGER_SCAN_HELD;
	enum df_status st = DF_OK;
	while (!df_stop_requested && !w->source.unreachable && run_pool_takes(w->pool, w->feed)) {
		(void)run_fleet_take(w);
		run_feed_closed(w);
		st = ledger_scan_state(l, w->feed->name, &scan, err);
		if (st == DF_OK && scan == LEDGER_SCAN_LOST)
			st = ledger_scan_claim(l, w->feed->name, err);
		else if (st == DF_OK)
			st = DF_END;
		if (st != DF_END || scan == LEDGER_SCAN_ENDED)
			return st;
		df_rest(REST_MS);
	}
	return DF_END;
}

enum df_status run_fleet_part(struct feed_work *w, struct df_err *err)
{
	struct ledger *l = w->run->env.ledger;
	enum df_status st = DF_END;
	if (w->feed->fetch.source.kind != CONF_SOURCE_NONE)
		st = ledger_scan_claim(l, w->feed->name, err);
	if (st == DF_END && w->feed->fetch.source.kind != CONF_SOURCE_NONE)
		st = share_listing(w, err);
	bool lists = st == DF_OK;
	if (lists)
		st = run_pull_listed(w, err);
	if (st == DF_OK || st == DF_END)
		w->later = run_fleet_take(w) == RUN_TOOK_LATER;
	if (lists && st == DF_OK && !df_stop_requested && !w->source.unreachable) {
		st = run_pull_settled(w, err);
		w->later = run_fleet_take(w) == RUN_TOOK_LATER;
	}
	if (lists)
		ledger_scan_release(l, w->feed->name);
	return st == DF_OK || st == DF_END ? ledger_foreign(l, w->feed->name, log_foreign, w, err)
					   : st;
}
