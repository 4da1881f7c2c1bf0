/* SPDX-License-Identifier: MIT */
/*
 * Local files by hand. With a configuration they go the way of every drop file: spool, ledger, delivery, and a run goes on
 * with what an import did not finish. With a sink of their own they leave no trace: read, checked, written.
 */
#include "run_priv.h"
#include "run_session.h"

#include "dropfeed/step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_CHUNK     (1u << 20)
#define REJECTS_LOGGED 1000 /* of a stateless import, which writes no reject file */

const char *run_scratch(void)
{
	const char *tmp = getenv("TMPDIR");
	return tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp";
}

enum df_status run_open(const char *path, int *fd_out, struct df_err *err)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return df_fail(DF_USAGE, err, NULL, "cannot read %s: %s", path, strerror(errno));
	if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
		close(fd);
		return df_fail(DF_USAGE, err, NULL, "%s is a folder; name the files in it", path);
	}
	*fd_out = fd;
	return DF_OK;
}

enum df_status run_copy(int fd_in, int fd_out, char hex[DF_SHA256_HEX], struct df_err *err)
{
	struct df_sha256 *h = df_sha256_new();
	char *chunk = df_alloc(COPY_CHUNK);
	enum df_status st = DF_OK;
	while (st == DF_OK) {
		ssize_t n = read(fd_in, chunk, COPY_CHUNK);
		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			st = df_fail(DF_RETRY, err, NULL, "cannot read: %s", strerror(errno));
		if (n > 0)
			df_sha256_add(h, chunk, (size_t)n);
		if (n > 0 && fd_out >= 0)
			st = df_write_all(fd_out, chunk, (size_t)n, err);
		if (st == DF_OK && df_stop_requested)
			st = df_fail(DF_RETRY, err, NULL, "stopped by a signal");
	}
	df_sha256_end(h, hex);
	df_sha256_free(h);
	free(chunk);
	return st;
}

static const char *base_name(const struct run_import_options *o, const char *file)
{
	if (strcmp(file, "-") == 0)
		return o->stdin_name;
	return df_base_name(file);
}

static enum df_status open_input(const char *file, int *fd, struct df_err *err)
{
	if (strcmp(file, "-") != 0)
		return run_open(file, fd, err);
	*fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	return *fd >= 0 ? DF_OK : df_fail(DF_USAGE, err, NULL, "cannot read standard input: %s", strerror(errno));
}

/* ---- without a trace ---- */

struct hashing { /* of the input, while it is decoded and checked: nothing needs the hash before batches are made */
	pthread_t thread;
	bool running;
	int in, out; /* out: -1, or where the input is copied to */
	char sha256[DF_SHA256_HEX];
	enum df_status st;
	struct df_err err;
};

static void *hash_all(void *ctx)
{
	struct hashing *h = ctx;
	h->st = run_copy(h->in, h->out, h->sha256, &h->err);
	return NULL;
}

/* A pipe is waited for as long as it takes, and a signal to stop wakes none but the thread that gets it, this one. */
static void hashing_begin(struct hashing *h)
{
	bool pipe = h->out >= 0;
	h->running = !pipe && pthread_create(&h->thread, NULL, hash_all, h) == 0;
	if (!h->running)
		hash_all(h);
}

static enum df_status hashing_end(struct hashing *h, struct df_err *err)
{
	if (h->running)
		pthread_join(h->thread, NULL);
	h->running = false;
	if (h->st != DF_OK)
		*err = h->err;
	return h->st;
}

struct plain_import {
	const struct run_import_options *options;
	struct run *run;
	struct conf_feed feed;      /* a view of the options' feed */
	const char *name;           /* of the file at hand */
	struct send_stream *stream; /* own: one for all documents */
	uint64_t *lane_next;        /* own: a lane goes on from document to document */
	uint64_t delivered, logged;
	uint64_t batches, events; /* of the document at hand */
};

static enum df_status plain_settled(void *ctx, uint32_t lane, uint64_t done, uint64_t rows_delivered,
				    const struct send_reject *rejects, size_t n_rejects, struct df_err *err)
{
	struct plain_import *p = ctx;
	(void)lane, (void)done, (void)rejects, (void)n_rejects, (void)err;
	p->delivered += rows_delivered;
	return DF_OK;
}

static enum df_status plain_reject(void *ctx, const struct document_walk_reject *r, struct df_err *err)
{
	struct plain_import *p = ctx;
	(void)err;
	for (size_t i = 0; i < r->n_faults; i++) {
		if (p->logged++ == REJECTS_LOGGED)
			df_log(DF_LOG_WARN, "%s: more rows are rejected; see `dropfeed validate --max-errors N`",
			       p->name);
		if (p->logged > REJECTS_LOGGED)
			break;
		const struct map_fault *f = &r->faults[i];
		const char *column = f->name != NULL ? f->name : "";
		df_log(DF_LOG_WARN, "%s: line %llu, row %llu%s%s%s: rejected: %s [%s]", p->name,
		       (unsigned long long)r->where.line, (unsigned long long)r->where.number,
		       column[0] != '\0' ? ", column '" : "", column, column[0] != '\0' ? "'" : "", f->text, f->code);
	}
	return DF_OK;
}

static enum df_status plain_batch(void *ctx, struct batch *b, struct df_err *err)
{
	struct plain_import *p = ctx;
	b->lane_position = p->lane_next[b->lane]++;
	p->batches++;
	p->events += b->n_events;
	return send_put(p->stream, b, err);
}

static enum df_status plain_send(struct plain_import *p, struct document_walk *walk,
				 const struct batch_settings *settings, struct df_err *err)
{
	static const struct send_events events = {.settled = plain_settled};
	enum df_status st = DF_OK;
	if (p->stream == NULL)
		st = sender_open(p->run->env.sender, &p->feed, NULL, &events, p, &p->stream, err);
	if (st == DF_OK)
		st = document_batches(walk, settings, plain_batch, NULL, p, err);
	return st;
}

static void plain_log(const struct plain_import *p, const struct decode_doc *doc, const struct document_forecast *found)
{
	df_log(found->rejected > 0 ? DF_LOG_WARN : DF_LOG_INFO,
	       "%s%s%s: %llu rows, %llu rejected, %llu events in %llu batches", p->name, doc->name != NULL ? ", " : "",
	       doc->name != NULL ? doc->name : "", (unsigned long long)found->rows, (unsigned long long)found->rejected,
	       (unsigned long long)found->events, (unsigned long long)found->batches);
}

/* Checks the document and writes its batches. DF_REJECT: refused. */
static enum df_status plain_document(struct plain_import *p, struct hashing *hash, const struct decode_doc *doc,
				     struct df_err *err)
{
	struct run_result *result = p->run->result;
	struct document_walk walk = {.feed = &p->feed, .file = p->name, .doc = doc, .jobs = p->options->jobs};
	struct batch_settings settings = document_batch_settings(&p->feed, "", doc, df_now_ms());
	struct document_forecast found = {0};
	bool dry = p->options->dry_run; /* else the batches are counted as they are made */
	enum df_status st = document_preflight(&walk, dry ? &settings : NULL, plain_reject, p, &found, err);
	document_walk_end(&walk);
	if (st == DF_OK && !dry)
		st = hashing_end(hash, err);
	if (st == DF_OK && !dry) {
		settings.sha256 = hash->sha256;
		p->batches = p->events = 0;
		st = plain_send(p, &walk, &settings, err);
		st = st == DF_REJECT ? DF_FATAL : st; /* the preflight read the same bytes */
		document_walk_end(&walk);
		found.batches = p->batches;
		found.events = p->events;
	}
	if (st != DF_OK)
		return st;
	plain_log(p, doc, &found);
	result->documents++;
	result->rows += found.rows;
	result->rejected += found.rejected;
	result->batches += found.batches;
	result->events += found.events;
	result->requests_forecast += found.requests;
	return DF_OK;
}

/* The file first: where in it the fault is comes with the error's own text. */
static void log_refusal(const struct plain_import *p, const struct decode_doc *doc, const struct df_err *why)
{
	char text[sizeof(struct df_err) + 128];
	df_err_render(why, text, sizeof(text));
	df_log(DF_LOG_ERROR, "%s%s%s: refused, nothing of it was sent: %s", p->name, doc->name != NULL ? ", " : "",
	       doc->name != NULL ? doc->name : "", text);
}

static enum df_status plain_decoded(struct plain_import *p, int fd, struct hashing *hash, struct df_err *err)
{
	struct decode *d = NULL;
	size_t refused = 0;
	enum df_status st = decode_open(&p->feed, p->name, fd, p->run->scratch, &d, err);
	for (size_t i = 0; st == DF_OK && i < decode_count(d); i++) {
		const struct decode_doc *doc = decode_doc(d, i);
		struct df_err one = {0};
		st = plain_document(p, hash, doc, &one);
		if (st == DF_REJECT) { /* the archive's other documents are fine for all that */
			log_refusal(p, doc, &one);
			refused++;
			st = DF_OK;
		} else if (st != DF_OK) {
			*err = one;
		}
	}
	decode_close(d);
	p->run->result->files_refused += refused > 0;
	p->run->result->files_done += st == DF_OK && refused == 0;
	return st;
}

static enum df_status plain_file(struct plain_import *p, const char *file, struct df_err *err)
{
	struct name parsed;
	struct df_err ignored = {0};
	int in = -1, fd = -1;
	p->name = base_name(p->options, file);
	p->logged = 0;
	p->feed.encrypted = p->options->feed->encrypted;
	if (p->options->encryption_by_name && name_parse(p->name, &parsed, &ignored) == DF_OK)
		p->feed.encrypted = parsed.encrypted;
	enum df_status st = open_input(file, &in, err);
	/* Decoding seeks: what cannot be is copied to an unnamed file first. */
	bool seekable = st == DF_OK && lseek(in, 0, SEEK_CUR) == 0;
	if (st == DF_OK && !seekable)
		st = df_unnamed_open(p->run->scratch, &fd, err);
	if (st == DF_OK) {
		struct hashing hash = {.in = in, .out = fd};
		hashing_begin(&hash);
		if (!seekable)
			st = hashing_end(&hash, err);
		if (st == DF_OK)
			st = plain_decoded(p, seekable ? in : fd, &hash, err);
		(void)hashing_end(&hash, &ignored);
	}
	if (in >= 0)
		close(in);
	if (fd >= 0)
		close(fd);
	return st;
}

static void import_plain(const struct run_import_options *o, struct run_result *result)
{
	struct run run = {.scratch = run_scratch(), .result = result};
	struct plain_import p = {.options = o, .run = &run, .feed = *o->feed};
	struct df_err err = {0};
	enum df_status st = DF_OK;
	p.lane_next = df_alloc(o->feed->lanes * sizeof(*p.lane_next));
	pthread_mutex_init(&run.lock, NULL);
	run.env.sender = sender_new();
	for (size_t i = 0; i < o->n_files && st == DF_OK; i++) {
		struct df_err one = {0};
		st = plain_file(&p, o->files[i], &one);
		if (st == DF_OK)
			continue;
		df_err_context(&one, "%s", o->files[i]);
		df_log_err(DF_LOG_ERROR, &one);
		if (st == DF_REJECT) {
			result->files_refused++;
			st = DF_OK;
		}
	}
	if (p.stream != NULL) {
		enum df_status closed = send_close(p.stream, st != DF_OK, &err);
		if (closed != DF_OK && st == DF_OK) {
			df_log_err(DF_LOG_ERROR, &err);
			st = closed;
		}
	}
	result->delivered += p.delivered;
	run_note_status(result, st);
	sender_free(run.env.sender);
	pthread_mutex_destroy(&run.lock);
	free(p.lane_next);
}

/* ---- through the ledger ---- */

struct kept_import {
	const struct run_import_options *options;
	struct run_session session;
	struct run_pool *pool;
};

/* Copies the input into the spool, to a place of its own. key: name is set, size and mtime are filled in. */
static enum df_status spool_input(struct kept_import *k, const char *file, struct ledger_key *key,
				  char sha256[DF_SHA256_HEX], char **spool, struct df_err *err)
{
	const struct conf *conf = k->session.run.conf;
	struct stat info = {0};
	int in = -1, out = -1;
	char *part = df_format("%s/spool/%s/import-%ld.part", conf->state_dir, k->options->feed->name, (long)getpid());
	enum df_status st = open_input(file, &in, err);
	if (st == DF_OK) {
		out = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (out < 0)
			st = df_fail(DF_RETRY, err, NULL, "cannot write %s: %s", part, df_disk_words(errno));
	}
	if (st == DF_OK)
		st = run_copy(in, out, sha256, err);
	if (st == DF_OK && (fsync(out) != 0 || fstat(out, &info) != 0))
		st = df_fail(DF_RETRY, err, NULL, "cannot sync %s: %s", part, df_disk_words(errno));
	if (st == DF_OK) {
		struct stat source = {0};
		bool regular = fstat(in, &source) == 0 && S_ISREG(source.st_mode);
		key->size = (uint64_t)info.st_size;
		key->mtime = regular ? (int64_t)source.st_mtime : df_now_ms() / 1000;
		*spool = part;
		st = run_spool_keep(conf, key->feed, sha256, spool, err);
		part = st == DF_OK ? NULL : *spool;
		*spool = st == DF_OK ? *spool : NULL;
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

/* The input is what an earlier import, or a run, did not finish: it goes where the spool has that, had it another time. */
static enum df_status take_place(struct kept_import *k, const struct ledger_file *f, char **spool, struct df_err *err)
{
	char *path = run_spool_of(k->session.run.conf, f);
	enum df_status st = DF_OK;
	if (rename(*spool, path) != 0)
		st = df_fail(DF_RETRY, err, NULL, "cannot rename %s: %s", *spool, strerror(errno));
	free(*spool);
	*spool = path;
	return st;
}

/* DF_OK: *id is to be delivered, an old one where an earlier import did not finish. DF_END: delivered before. */
static enum df_status enter_input(struct kept_import *k, const struct ledger_new_file *new, char **spool, int64_t *id,
				  struct df_err *err)
{
	struct ledger *ledger = k->session.run.env.ledger;
	const struct conf_feed *feed = k->options->feed;
	const struct ledger_key *e = &new->key;
	struct ledger_file f = {0};
	enum df_status st = run_same_bytes(&k->session.run, k->pool, feed, e->name, new->sha256, 0, &f, err);
	if (st == DF_RETRY && f.id != 0) {
		*id = f.id;
		st = strcmp(f.name, e->name) == 0
			 ? take_place(k, &f, spool, err)
			 : df_fail(DF_RETRY, err, NULL, "same bytes as %s, which is not finished: `dropfeed run` first",
				   f.name);
		ledger_file_free(&f);
		return st;
	}
	if (st == DF_OK) {
		df_log(DF_LOG_INFO, "%s: %s: skipped: same bytes as %s, which was delivered before", feed->name,
		       e->name, f.name);
		ledger_file_free(&f);
		return DF_END;
	}
	if (st != DF_END)
		return st;
	st = ledger_file_known(ledger, e, &f, err);
	if (st == DF_OK && !ledger_closes(f.state)) { /* named twice: a worker may have the first one */
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
	char *name = df_strdup(base_name(k->options, file)), *spool = NULL;
	struct ledger_new_file new = {.sha256 = sha256, .event_type = event_type, .now_ms = df_now_ms()};
	int64_t id = 0;
	new.key = (struct ledger_key){.feed = k->options->feed->name, .source = LEDGER_SOURCE_LOCAL, .name = name};
	enum df_status st = name_parse(name, &parsed, err);
	run_event_type(name, event_type);
	if (st == DF_OK)
		st = spool_input(k, file, &new.key, sha256, &spool, err);
	new.place = spool;
	if (st == DF_OK)
		st = enter_input(k, &new, &spool, &id, err);
	if (st == DF_OK) {
		struct run_file *f = df_alloc(sizeof(*f));
		*f = (struct run_file){.feed = k->options->feed, .name = df_strdup(name), .spool = spool, .fd = -1};
		memcpy(f->sha256, sha256, DF_SHA256_HEX);
		f->ledger_id = id;
		f->local = true;
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

static void import_kept(const struct conf *conf, const struct run_import_options *o, struct run_result *result)
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

void run_import(const struct conf *conf, const struct run_import_options *options, struct run_result *result)
{
	if (conf == NULL || options->stateless || options->dry_run)
		import_plain(options, result);
	else
		import_kept(conf, options, result);
}
