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

/* A copy of the input, synced. key gets size and mtime. */
static enum df_status copy_input(int in, const char *part, struct ledger_key *key,
				 char sha256[DF_SHA256_HEX], struct df_err *err)
{
	struct stat info = {0}, source = {0};
	int out = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot write %s: %s", part,
			       df_strerror(errno));
	enum df_status st = df_copy(in, out, sha256, err);
	if (st != DF_OK)
		goto cleanup;
	if (fsync(out) != 0 || fstat(out, &info) != 0)
		st = df_fail(DF_RETRY, err, NULL, "cannot sync %s: %s", part, df_strerror(errno));
	bool regular = fstat(in, &source) == 0 && S_ISREG(source.st_mode);
	key->size = (uint64_t)info.st_size;
	key->mtime = regular ? (int64_t)source.st_mtime : df_now_ms() / 1000;
cleanup:
	close(out);
	return st;
}

static enum df_status keep_input(const char *part, const char *sha256, char **spool,
				 struct df_err *err)
{
	*spool = df_strdup(part);
	enum df_status st = run_spool_keep(part, sha256, spool, err);
	if (st != DF_OK) {
		unlink(*spool);
		free(*spool);
		*spool = NULL;
	}
	return st;
}

/* Copies the input into the spool, to a place of its own. key: name is set, size and mtime are
 * filled in. */
static enum df_status spool_input(struct kept_import *k, const char *file, struct ledger_key *key,
				  char sha256[DF_SHA256_HEX], char **spool, struct df_err *err)
{
	int in = -1;
	enum df_status st = run_import_open(file, &in, err);
	if (st != DF_OK)
		return st;
	char *part = df_format("%s/spool/%s/import-%ld.part", k->session.run.conf->state_dir,
			       k->options->feed->name, (long)getpid());
	st = copy_input(in, part, key, sha256, err);
	if (st != DF_OK)
		goto cleanup;
	st = keep_input(part, sha256, spool, err);
cleanup:
	if (st != DF_OK)
		unlink(part);
	close(in);
	free(part);
	return st;
}

/* The input is what an earlier import, or a run, did not finish: it goes where the spool has
 * that, had it another time. */
static enum df_status take_place(struct kept_import *k, const struct ledger_file *f, char **spool,
				 struct df_err *err)
{
	char *path = run_spool_of(k->session.run.conf, f);
	if (rename(*spool, path) != 0) {
		free(path);
		return df_fail(DF_RETRY, err, NULL, "cannot rename %s: %s", *spool,
			       strerror(errno));
	}
	free(*spool);
	*spool = path;
	return DF_OK;
}

/* The same bytes are under way: f. */
static enum df_status enter_unfinished(struct kept_import *k, const struct ledger_key *key,
				       const struct ledger_file *f, char **spool,
				       struct df_err *err)
{
	if (strcmp(f->name, key->name) == 0)
		return take_place(k, f, spool, err);
	return df_fail(DF_RETRY, err, NULL,
		       "same bytes as %s, which is not finished: `dropfeed run` first", f->name);
}

/* The file of that name, size and time; a worker may have it where it is named twice. DF_END: the
 * ledger has none. */
static enum df_status find_known(struct kept_import *k, const struct ledger_key *key,
				 struct ledger_file *f, struct df_err *err)
{
	struct ledger *ledger = k->session.run.env.ledger;
	enum df_status st = ledger_file_known(ledger, key, f, err);
	if (st != DF_OK || ledger_closes(f->state))
		return st;
	ledger_file_free(f);
	run_pool_wait(k->pool);
	return ledger_file_known(ledger, key, f, err);
}

/* Where the bytes are new: the file goes on where it is not closed, or is added. */
static enum df_status enter_new(struct kept_import *k, const struct ledger_new_file *new,
				char **spool, int64_t *id, struct df_err *err)
{
	struct ledger_file f = {0};
	enum df_status st = find_known(k, &new->key, &f, err);
	if (st != DF_OK && st != DF_END)
		return st;
	if (st == DF_END)
		return ledger_file_add(k->session.run.env.ledger, new, id, err);
	bool open = !ledger_closes(f.state) && strcmp(f.sha256, new->sha256) == 0;
	*id = f.id;
	st = open ? take_place(k, &f, spool, err)
		  : ledger_file_add(k->session.run.env.ledger, new, id, err);
	ledger_file_free(&f);
	return st;
}

/* See run_same_bytes: a worker may have it, and is waited for. */
static enum df_status find_same(struct kept_import *k, const struct run_bytes *of,
				struct ledger_file *same, struct df_err *err)
{
	struct ledger *ledger = k->session.run.env.ledger;
	const struct conf_feed *feed = k->options->feed;
	enum df_status st = run_same_bytes(ledger, feed, of, same, err);
	if (st != DF_RETRY || same->id == 0)
		return st;
	ledger_file_free(same);
	run_pool_wait(k->pool);
	return run_same_bytes(ledger, feed, of, same, err);
}

/* DF_OK: *id is to be delivered, an old one where an earlier import did not finish. DF_END:
 * delivered before. */
static enum df_status enter_input(struct kept_import *k, const struct ledger_new_file *new,
				  char **spool, int64_t *id, struct df_err *err)
{
	const struct conf_feed *feed = k->options->feed;
	const struct run_bytes bytes = {new->key.name, new->sha256, 0};
	struct ledger_file f = {0};
	enum df_status st = find_same(k, &bytes, &f, err);
	if (st == DF_END)
		return enter_new(k, new, spool, id, err);
	if (st == DF_OK) {
		df_log(DF_LOG_INFO, "%s: %s: skipped: same bytes as %s, which was delivered before",
		       feed->name, new->key.name, f.name);
		run_same_warn(k->session.run.env.ledger, feed, new->key.name, &f);
		ledger_file_free(&f);
		return DF_END;
	}
	if (st != DF_RETRY || f.id == 0)
		return st;
	*id = f.id;
	st = enter_unfinished(k, &new->key, &f, spool, err);
	ledger_file_free(&f);
	return st;
}

/* Hands the file to the pool, which has it and its place in the spool from now on. */
static void import_file(struct kept_import *k, const struct ledger_new_file *new, int64_t id,
			char *spool)
{
	struct run_file *f = df_alloc(sizeof(*f));
	*f = (struct run_file){.feed = k->options->feed,
			       .name = df_strdup(new->key.name),
			       .spool = spool,
			       .fd = -1,
			       .ledger_id = id,
			       .local = true};
	memcpy(f->sha256, new->sha256, DF_SHA256_HEX);
	while (!run_pool_room(k->pool, f->feed, ROOM_MS))
		;
	run_pool_put(k->pool, f);
}

static enum df_status enter_file(struct kept_import *k, const char *file,
				 struct ledger_new_file *new, char sha256[DF_SHA256_HEX],
				 struct df_err *err)
{
	char *spool = NULL;
	int64_t id = 0;
	enum df_status st = spool_input(k, file, &new->key, sha256, &spool, err);
	if (st != DF_OK)
		return st;
	new->place = spool;
	st = enter_input(k, new, &spool, &id, err);
	if (st == DF_OK) {
		import_file(k, new, id, spool);
		return DF_OK;
	}
	unlink(spool);
	free(spool);
	return st;
}

static enum df_status kept_file(struct kept_import *k, const char *file, struct df_err *err)
{
	const struct conf_feed *feed = k->options->feed;
	char sha256[DF_SHA256_HEX], event_type[RUN_EVENT_TYPE_SIZE];
	struct name parsed;
	char *name = df_strdup(run_import_name(k->options, file));
	struct ledger_new_file new = {
	    .key = {.feed = feed->name, .source = LEDGER_SOURCE_LOCAL, .name = name},
	    .sha256 = sha256,
	    .event_type = event_type,
	    .now_ms = df_now_ms(),
	};
	const struct name_feed of = {feed->decode.document_type, feed->requests.on};
	struct df_err why = {0};
	enum df_status st = name_parse_for(&of, name, &parsed, &why);
	if (st != DF_OK) {
		st = run_import_unnamed(file, &why, err);
		goto cleanup;
	}
	run_event_type(feed, name, event_type);
	st = enter_file(k, file, &new, sha256, err);
	if (st == DF_END) {
		k->session.run.result->files_skipped++;
		st = DF_OK;
	}
cleanup:
	free(name);
	return st;
}

static void note_failed(struct kept_import *k, const char *file, enum df_status st,
			struct df_err *err)
{
	struct run *run = &k->session.run;
	df_err_context(err, "%s: %s", k->options->feed->name, file);
	df_log_err(DF_LOG_ERROR, err);
	pthread_mutex_lock(&run->lock);
	run->result->files_refused += st == DF_REJECT;
	run_note_status(run->result, st);
	pthread_mutex_unlock(&run->lock);
}

static enum df_status import_files(struct kept_import *k, struct df_err *err)
{
	const struct conf *conf = k->session.run.conf;
	const struct run_import_options *o = k->options;
	char *spool = df_format("%s/spool/%s", conf->state_dir, o->feed->name);
	enum df_status st = df_mkdirs(spool, err);
	free(spool);
	if (st != DF_OK)
		return st;
	k->pool = run_pool_new(&k->session.run, conf->jobs);
	for (size_t i = 0; i < o->n_files; i++) {
		struct df_err one = {0};
		enum df_status got = kept_file(k, o->files[i], &one);
		if (got != DF_OK)
			note_failed(k, o->files[i], got, &one);
	}
	run_pool_free(k->pool);
	return DF_OK;
}

static void import_kept(const struct conf *conf, const struct run_import_options *o,
			struct run_result *result)
{
	struct kept_import k = {.options = o};
	struct df_err err = {0};
	bool read = false;
	enum df_status st = run_import_pipe(conf, o, &read, &result->busy, &err);
	if (st == DF_OK)
		st = run_import_session(&k.session, conf, read, result, &err);
	if (st != DF_OK) {
		run_session_failed(result, st, &err);
		return;
	}
	st = import_files(&k, &err);
	if (st != DF_OK)
		df_log_err(DF_LOG_ERROR, &err);
	run_note_status(result, st);
	run_session_close(&k.session);
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

/* The ledger is only read: it knows how many rows are usual. */
static void import_tried(const struct conf *conf, const struct run_import_options *options,
			 struct run_result *result)
{
	struct ledger *ledger = NULL;
	struct df_err err = {0};
	enum df_status st =
	    options->feed->expect.rows_most != 0 ? run_ledger_read(conf, &ledger, &err) : DF_OK;
	if (st == DF_OK)
		run_import_plain(options, ledger, result);
	else
		df_log_err(DF_LOG_ERROR, &err);
	run_note_status(result, st);
	ledger_close(ledger);
}

void run_import(const struct conf *conf, const struct run_import_options *options,
		struct run_result *result)
{
	struct df_err err = {0};
	bool stateless = conf == NULL || options->stateless;
	if ((!options->dry_run && requests_barred(options->feed, stateless, &err) != DF_OK) ||
	    run_import_keeps(options, &err) != DF_OK) {
		df_log_err(DF_LOG_ERROR, &err);
		run_note_status(result, DF_USAGE);
		return;
	}
	if (stateless)
		run_import_plain(options, NULL, result);
	else if (options->dry_run)
		import_tried(conf, options, result);
	else
		import_kept(conf, options, result);
}
