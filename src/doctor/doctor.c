/* SPDX-License-Identifier: MIT */
/* What a run needs, tried one after the other: the order of the ticks, and those of [dropfeed]. */
#include "doctor_tick.h"

#include "dropfeed/send.h"
#include "dropfeed/setup.h"
#include "dropfeed/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MIB           (UINT64_C(1) << 20)
#define SPACE_LITTLE  (1024 * MIB)
#define SPACE_NONE    (64 * MIB)
#define LOCK_LONG_S   86400
#define ANY_TIME_ZONE "Europe/London"

/* ---- what the offline check finds ---- */

static void keep_finding(void *ctx, const struct setup_finding *f)
{
	struct doctor *d = ctx;
	d->findings = df_realloc(d->findings, (d->n_findings + 1) * sizeof(*d->findings));
	d->findings[d->n_findings++] =
	    (struct doctor_finding){.feed = f->feed != NULL ? df_strdup(f->feed) : NULL,
				    .key = df_strdup(f->key),
				    .text = df_strdup(f->text),
				    .warning = f->warning};
}

/* Settings whose ticks try more than can be seen without a connection, or show what was found. */
static bool has_tick(const struct doctor *d, const char *key)
{
	static const char *const keys[] = {"state_dir", "known_hosts", "identity_file", "ca_file",
					   "sink"};
	static const char *const of_openpgp[] = {"gnupg_home", "signed_by", "rejects_recipient"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	bool encrypted = d->feed != NULL && d->feed->decode.encrypted;
	for (size_t i = 0; encrypted && i < sizeof(of_openpgp) / sizeof(*of_openpgp); i++)
		if (strcmp(key, of_openpgp[i]) == 0)
			return true;
	return false;
}

/* ---- [dropfeed] ---- */

static void fail_at(struct doctor *d, const char *tick, const struct setup_finding *f)
{
	struct df_err why = {0};
	(void)df_fail(DF_USAGE, &why, NULL, "%s", f->text);
	if (f->line != 0)
		df_err_place(&why, d->options->path, (uint64_t)f->line, NULL);
	doctor_fails(d, tick, DF_USAGE, &why);
}

static void mistake(void *ctx, const struct setup_finding *f)
{
	fail_at(ctx, "configuration", f);
}

static void secret_mistake(void *ctx, const struct setup_finding *f)
{
	fail_at(ctx, "secrets", f);
}

static void check_configuration(struct doctor *d)
{
	size_t shown = 0;
	setup_check(d->conf, keep_finding, d);
	for (size_t i = 0; i < d->n_findings; i++) {
		struct doctor_finding *f = &d->findings[i];
		d->feed = f->feed != NULL ? setup_feed(d->conf, f->feed) : NULL;
		if (has_tick(d, f->key) ||
		    (d->feed != NULL &&
		     !setup_feed_chosen(d->feed, d->options->feeds, d->options->n_feeds)))
			continue;
		doctor_shows(d, "configuration", f);
		shown++;
	}
	d->feed = NULL;
	if (d->conf->n_feeds == 0) {
		struct df_err why = {0};
		(void)df_fail(DF_USAGE, &why, NULL,
			      "%s has no [feed NAME] section: there is nothing to run",
			      d->options->path);
		doctor_fails(d, "configuration", DF_USAGE, &why);
	} else if (shown == 0) {
		doctor_ok(d, "configuration", "%s, %zu feed%s", d->options->path, d->conf->n_feeds,
			  df_plural(d->conf->n_feeds));
	}
}

/* False: there is none to look at. */
static bool check_state_dir(struct doctor *d)
{
	static const char *const keys[] = {"state_dir", NULL};
	const char *dir = d->conf->state_dir;
	if (doctor_found(d, "state_dir", keys))
		return access(dir, R_OK | X_OK) == 0;
	if (access(dir, F_OK) != 0) {
		doctor_ok(d, "state_dir", "%s: the first run makes it", dir);
		return false;
	}
	doctor_ok(d, "state_dir", "%s", dir);
	return true;
}

static void check_space(struct doctor *d)
{
	struct statvfs fs;
	struct df_err why = {0};
	const char *dir = d->conf->state_dir;
	if (statvfs(dir, &fs) != 0) {
		enum df_status st =
		    df_fail(DF_RETRY, &why, NULL, "cannot read how much room %s has: %s", dir,
			    strerror(errno));
		doctor_fails(d, "space", st, &why);
		return;
	}

	uint64_t bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	unsigned long long mib = bytes / MIB;
	bool nodes = fs.f_files > 0 && fs.f_favail < 1000;
	if (bytes < SPACE_NONE || nodes) {
		enum df_status st =
		    df_fail(DF_RETRY, &why, NULL,
			    "%s has %llu MiB and %llu files left: make room, or run "
			    "`dropfeed prune --older-than 400d`",
			    dir, mib, (unsigned long long)fs.f_favail);
		doctor_fails(d, "space", st, &why);
	} else if (bytes < SPACE_LITTLE) {
		doctor_warns(d, "space",
			     "%s has %llu MiB left; the largest file and what is decrypted of it "
			     "have to fit",
			     dir, mib);
	} else {
		doctor_ok(d, "space", "%llu MiB left", mib);
	}
}

/* It is looked at, not taken: a run that begins now must not be refused for that. */
static void check_lock(struct doctor *d)
{
	struct df_err why = {0};
	int64_t since_s = 0;
	struct stat info;
	char *path = df_format("%s/lock", d->conf->state_dir);
	long pid = df_lock_owner(path, &since_s);
	int64_t held_s = df_now_ms() / 1000 - since_s;
	if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
		enum df_status st =
		    df_fail(DF_USAGE, &why, NULL, "%s is not a regular file: move it away", path);
		doctor_fails(d, "lock", st, &why);
	} else if (access(path, R_OK | W_OK) != 0 && errno != ENOENT) {
		const char *owner =
		    errno == EACCES
			? "; it is another user's: run as that user, or chown -R the folder"
			: "";
		enum df_status st = df_fail(DF_USAGE, &why, NULL, "cannot open %s: %s%s", path,
					    df_strerror(errno), owner);
		doctor_fails(d, "lock", st, &why);
	} else if (pid == 0) {
		doctor_ok(d, "lock", "free: no run is under way");
	} else if (held_s > LOCK_LONG_S) {
		doctor_warns(
		    d, "lock",
		    "held by process %ld for %lld hours: `dropfeed status` shows whether it "
		    "makes progress; else end it (kill %ld)",
		    pid, (long long)(held_s / 3600), pid);
	} else {
		doctor_ok(d, "lock", "held by process %ld: a run is under way", pid);
	}
	free(path);
}

static enum df_status pass_tally(void *ctx, const struct ledger_tally *t, struct df_err *err)
{
	(void)ctx;
	(void)t;
	(void)err;
	return DF_OK;
}

/* A ledger that opens may be damaged all the same: what every run asks shows it. */
static enum df_status read_ledger(struct ledger *l, struct df_err *err)
{
	enum df_status st = ledger_open_files(l, pass_tally, NULL, err);
	return st == DF_OK ? ledger_tallies(l, pass_tally, NULL, err) : st;
}

static void check_ledger(struct doctor *d)
{
	struct ledger *l = NULL;
	struct df_err why = {0};
	const struct ledger_where where = setup_ledger(d->conf);
	char *name = ledger_where_name(&where);
	enum df_status st = ledger_open_at_readonly(&where, &l, &why);
	if (st == DF_OK)
		st = read_ledger(l, &why);
	ledger_close(l);
	if (st == DF_END)
		doctor_ok(d, "ledger", "%s: there is none yet", name);
	else if (st == DF_OK)
		doctor_ok(d, "ledger", "%s: it can be read", name);
	else
		doctor_fails(d, "ledger", st, &why);
	free(name);
}

/* A feed with a time zone of its own would not have loaded without them. */
static void check_time_zones(struct doctor *d)
{
	struct time_format t = {0};
	struct df_err why = {0};
	if (time_open(&t, "auto", ANY_TIME_ZONE, &why) == DF_OK)
		doctor_ok(d, "time_zones", "they are there");
	else
		doctor_warns(d, "time_zones", "%s; feeds in UTC need none", why.text);
	time_close(&t);
}

static void check_program(struct doctor *d)
{
	if (d->conf->state_dir == NULL) {
		doctor_skips(d, "state_dir", "the configuration names none");
	} else {
		bool there = check_state_dir(d);
		if (there) {
			check_space(d);
			check_lock(d);
		} else {
			doctor_skips(d, "space", "not checked without the folder");
			doctor_skips(d, "lock", "not checked without the folder");
		}
		if (there || d->conf->ledger.url != NULL)
			check_ledger(d);
		else
			doctor_skips(d, "ledger", "not checked without the folder");
	}
	check_time_zones(d);
}

/* ---- all of it ---- */

static void check_everything(struct doctor *d)
{
	check_configuration(d);
	doctor_ok(d, "secrets", "readable, and by nobody else");
	check_program(d);
	for (size_t i = 0; i < d->conf->n_feeds && !df_stop_requested; i++) {
		d->feed = &d->conf->feeds[i];
		if (!setup_feed_chosen(d->feed, d->options->feeds, d->options->n_feeds))
			continue;
		doctor_source(d);
		doctor_keys(d);
		doctor_sink(d);
	}
}

static void findings_free(struct doctor *d)
{
	for (size_t i = 0; i < d->n_findings; i++) {
		free(d->findings[i].feed);
		free(d->findings[i].key);
		free(d->findings[i].text);
	}
	free(d->findings);
}

/* A mistake that is there without the secrets is the configuration's. */
void doctor_run(const struct doctor_options *options, struct run_result *result)
{
	struct doctor d = {.options = options, .result = result, .sender = sender_new()};
	struct conf *conf = NULL, *public = NULL;
	enum df_status st = setup_load(options->path, false, mistake, &d, &public);
	for (size_t i = 0; st == DF_OK && i < options->n_feeds; i++)
		if (setup_feed(public, options->feeds[i]) == NULL) {
			df_log(DF_LOG_ERROR, "no feed '%s' in %s", options->feeds[i],
			       options->path);
			st = DF_USAGE;
		}
	if (st != DF_OK)
		goto cleanup;

	st = setup_load(options->path, true, secret_mistake, &d, &conf);
	if (st != DF_OK)
		goto cleanup;
	d.conf = conf;
	check_everything(&d);
cleanup:
	run_note_status(result, st);
	findings_free(&d);
	sender_free(d.sender);
	conf_free(conf);
	conf_free(public);
}
