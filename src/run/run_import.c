/* SPDX-License-Identifier: MIT */
/*
 * Local files by hand. With a configuration they go the way of every drop file: spool, ledger,
 * delivery, and a run goes on with what an import did not finish. With a sink of their own they
 * leave no trace: read, checked, written.
 */
#include "run_import.h"
#include "run_session.h"

#include "dropfeed/step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM_MS 60000

/* ---- through the ledger ---- */

struct kept_import {
	const struct run_import_options *options;
	struct run_session session;
	struct run_pool *pool;
};

/* Copies the input into the spool, to a place of its own. key: name is set, size and mtime are
 * filled in. */
static enum df_status spool_input(struct kept_import *k, const char *file, struct ledger_key *key,
				  char sha256[DF_SHA256_HEX], char **spool, struct df_err *err)
{
	const struct conf *conf = k->session.run.conf;
	struct stat info = {0};
	int in = -1, out = -1;
	char *part = df_format("%s/spool/%s/import-%ld.part", conf->state_dir,
			       k->options->feed->name, (long)getpid());
	enum df_status st = run_import_open(file, &in, err);
	if (st == DF_OK) {
		out = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (out < 0)
			st = df_fail(DF_RETRY, err, NULL, "cannot write %s: %s", part,
				     df_strerror(errno));
	}
	if (st == DF_OK)
		st = run_copy(in, out, sha256, err);
	if (st == DF_OK && (fsync(out) != 0 || fstat(out, &info) != 0))
		st = df_fail(DF_RETRY, err, NULL, "cannot sync %s: %s", part, df_strerror(errno));
	if (st == DF_OK) {
		struct stat source = {0};
		bool regular = fstat(in, &source) == 0 && S_ISREG(source.st_mode);
		key->size = (uint64_t)info.st_size;
		key->mtime = regular ? (int64_t)source.st_mtime : df_now_ms() / 1000;
		*spool = df_strdup(part);
		st = run_spool_keep(part, sha256, spool, err);
		if (st != DF_OK) {
			unlink(*spool);
			free(*spool);
			*spool = NULL;
		}
	}
	if (st != DF_OK)
		unlink(part);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	free(part);
	return st;
}

/* The input is what an earlier import, or a run, did not finish: it goes where the spool has
 * that, had it another time. */
static enum df_status take_place(struct kept_import *k, const struct ledger_file *f, char **spool,
				 struct df_err *err)
{
	char *path = run_spool_of(k->session.run.conf, f);
	enum df_status st = DF_OK;
	if (rename(*spool, path) != 0)
		st = df_fail(DF_RETRY, err, NULL, "cannot rename %s: %s", *spool, strerror(errno));
	free(*spool);
	*spool = path;
	return st;
}

/* DF_OK: *id is to be delivered, an old one where an earlier import did not finish. DF_END:
 * delivered before. */
static enum df_status enter_input(struct kept_import *k, const struct ledger_new_file *new,
				  char **spool, int64_t *id, struct df_err *err)
{
	struct ledger *ledger = k->session.run.env.ledger;
	const struct conf_feed *feed = k->options->feed;
	const struct ledger_key *e = &new->key;
	struct ledger_file f = {0};
	const struct run_bytes bytes = {e->name, new->sha256, 0};
	enum df_status st = run_same_bytes(&k->session.run, k->pool, feed, &bytes, &f, err);
	if (st == DF_RETRY && f.id != 0) {
		*id = f.id;
		st = strcmp(f.name, e->name) == 0
			 ? take_place(k, &f, spool, err)
			 : df_fail(DF_RETRY, err, NULL,
				   "same bytes as %s, which is not finished: `dropfeed run` first",
				   f.name);
		ledger_file_free(&f);
		return st;
	}
	if (st == DF_OK) {
		df_log(DF_LOG_INFO, "%s: %s: skipped: same bytes as %s, which was delivered before",
		       feed->name, e->name, f.name);
		ledger_file_free(&f);
		return DF_END;
	}
	if (st != DF_END)
		return st;
	st = ledger_file_known(ledger, e, &f, err);
	/* named twice: a worker may have the first one */
	if (st == DF_OK && !ledger_closes(f.state)) {
		ledger_file_free(&f);
		run_pool_wait(k->pool);
		st = ledger_file_known(ledger, e, &f, err);
	}
	if (st == DF_OK) {
		bool open = !ledger_closes(f.state) && strcmp(f.sha256, new->sha256) == 0;
		*id = f.id;
		st = open ? take_place(k, &f, spool, err) : DF_END;
		ledger_file_free(&f);
	}
	return st == DF_END ? ledger_file_add(ledger, new, id, err) : st;
}

static enum df_status kept_file(struct kept_import *k, const char *file, struct df_err *err)
{
	char sha256[DF_SHA256_HEX];
	struct name parsed;
	char event_type[RUN_EVENT_TYPE_SIZE];
	char *name = df_strdup(run_import_name(k->options, file)), *spool = NULL;
	struct ledger_new_file new = {
	    .sha256 = sha256, .event_type = event_type, .now_ms = df_now_ms()};
	int64_t id = 0;
	new.key = (struct ledger_key){
	    .feed = k->options->feed->name, .source = LEDGER_SOURCE_LOCAL, .name = name};
	enum df_status st =
	    name_parse_as(name, k->options->feed->decode.document_type, &parsed, err);
	run_event_type(k->options->feed, name, event_type);
	if (st == DF_OK)
		st = spool_input(k, file, &new.key, sha256, &spool, err);
	new.place = spool;
	if (st == DF_OK)
		st = enter_input(k, &new, &spool, &id, err);
	if (st == DF_OK) {
		struct run_file *f = df_alloc(sizeof(*f));
		*f = (struct run_file){
		    .feed = k->options->feed, .name = df_strdup(name), .spool = spool, .fd = -1};
		memcpy(f->sha256, sha256, DF_SHA256_HEX);
		f->ledger_id = id;
		f->local = true;
		while (!run_pool_room(k->pool, f->feed, ROOM_MS))
			;
		run_pool_put(k->pool, f);
		spool = NULL;
	} else if (spool != NULL) {
		unlink(spool);
	}
	if (st == DF_END) {
		k->session.run.result->files_skipped++;
		st = DF_OK;
	}
	free(spool);
	free(name);
	return st;
}

static void import_kept(const struct conf *conf, const struct run_import_options *o,
			struct run_result *result)
{
	struct kept_import k = {.options = o};
	struct df_err err = {0};
	enum df_status st = run_session_open(&k.session, conf, result, &err);
	if (st != DF_OK) {
		run_session_failed(result, st, &err);
		return;
	}
	char *spool = df_format("%s/spool/%s", conf->state_dir, o->feed->name);
	st = df_mkdirs(spool, &err);
	k.pool = run_pool_new(&k.session.run, conf->jobs);
	for (size_t i = 0; i < o->n_files && st == DF_OK; i++) {
		struct df_err one = {0};
		enum df_status got = kept_file(&k, o->files[i], &one);
		if (got == DF_OK)
			continue;
		df_err_context(&one, "%s: %s", o->feed->name, o->files[i]);
		df_log_err(DF_LOG_ERROR, &one);
		pthread_mutex_lock(&k.session.run.lock);
		if (got == DF_REJECT)
			result->files_refused++;
		run_note_status(result, got);
		pthread_mutex_unlock(&k.session.run.lock);
	}
	if (st != DF_OK)
		df_log_err(DF_LOG_ERROR, &err);
	run_pool_free(k.pool);
	run_note_status(result, st);
	run_session_close(&k.session);
	free(spool);
}

/* Subject requests are sent once they are confirmed, and with a ledger, which has their ids and
 * their limits. */
static enum df_status requests_barred(const struct conf_feed *feed, bool stateless,
				      struct df_err *err)
{
	if (conf_feed_held(feed))
		return df_fail(DF_USAGE, err, NULL, "%s: nothing is imported: " CONF_HELD,
			       feed->name);
	if (stateless && feed->requests.on && conf_sink_answers(feed->send.sink))
		return df_fail(
		    DF_USAGE, err, NULL,
		    "subject requests are sent for a feed of the configuration alone, so "
		    "that the ledger has them: name it with --feed");
	return DF_OK;
}

void run_import(const struct conf *conf, const struct run_import_options *options,
		struct run_result *result)
{
	struct df_err err = {0};
	bool stateless = conf == NULL || options->stateless;
	if (!options->dry_run && requests_barred(options->feed, stateless, &err) != DF_OK) {
		df_log_err(DF_LOG_ERROR, &err);
		run_note_status(result, DF_USAGE);
		return;
	}
	if (conf == NULL || options->stateless || options->dry_run)
		run_import_plain(options, result);
	else
		import_kept(conf, options, result);
}
