/* SPDX-License-Identifier: MIT */
/*
 * Downloads of runs that were killed. A file that the source still lists is pulled again, from
 * where its part ends. One that it does not list any more, because it was removed once it was read,
 * has its only copy in the spool: a whole one is taken from there, and what cannot be taken is
 * reported.
 */
#include "run_adopt.h"

#include "run_session.h"

#include "dropfeed/shell.h"
#include "dropfeed/step.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum came {
	CAME_NOTHING,
	CAME_PART,
	CAME_WHOLE,   /* as many bytes as were listed; not looked at the source again after that */
	CAME_CHECKED, /* and checked against the source */
};

struct download {
	struct ledger_key key; /* what it points to is own */
	char *arrival;         /* own */
	enum came came;
	char *path; /* own: of what came, or NULL */
	uint64_t have;
	bool there; /* the source has something under its name */
	struct fetch_entry now;
};

struct downloads {
	struct download *v; /* own */
	size_t n;
};

/* ---- which there are ---- */

static enum df_status adopt_collect(void *ctx, const struct ledger_pull *p, struct df_err *err)
{
	struct downloads *all = ctx;
	const struct ledger_key *k = &p->key;
	(void)err;
	all->v = df_realloc(all->v, (all->n + 1) * sizeof(*all->v));
	all->v[all->n++] = (struct download){
	    .key = {k->feed, df_strdup(k->source), df_strdup(k->name), k->size, k->mtime},
	    .arrival = df_strdup(p->arrival),
	};
	return DF_OK;
}

static void downloads_free(struct downloads *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free((char *)(uintptr_t)all->v[i].key.source);
		free((char *)(uintptr_t)all->v[i].key.name);
		free(all->v[i].arrival);
		free(all->v[i].path);
	}
	free(all->v);
}

static int adopt_name_order(const void *name, const void *entry)
{
	return strcmp(name, ((const struct fetch_entry *)entry)->name);
}

static bool is_listed(const struct fetch_list *list, const struct download *d)
{
	const struct fetch_entry *e = list->n == 0 ? NULL
						   : bsearch(d->key.name, list->v, list->n,
							     sizeof(*list->v), adopt_name_order);
	return e != NULL && e->size == d->key.size && e->mtime == d->key.mtime;
}

/* ---- results ---- */

static bool has_bytes(struct download *d, char *path)
{
	struct stat info;
	bool there = stat(path, &info) == 0 && S_ISREG(info.st_mode);
	free(d->path);
	d->path = path;
	d->have = there ? (uint64_t)info.st_size : 0;
	return there;
}

static void find_bytes(const struct feed_work *w, struct download *d)
{
	DIR *dir = opendir(w->spool);
	for (struct dirent *e;
	     dir != NULL && d->came == CAME_NOTHING && (e = readdir(dir)) != NULL;)
		if (run_spool_is_of(e->d_name, d->arrival) &&
		    has_bytes(d, df_format("%s/%s", w->spool, e->d_name)))
			d->came = CAME_CHECKED;
	if (dir != NULL)
		closedir(dir);
	if (d->came == CAME_NOTHING && has_bytes(d, df_strdup(d->arrival)))
		d->came = CAME_CHECKED;
	if (d->came == CAME_NOTHING && has_bytes(d, df_format("%s.part", d->arrival)) &&
	    d->have > 0)
		d->came = d->have == d->key.size ? CAME_WHOLE : CAME_PART;
}

static enum df_status adopt_stat_step(struct fetch *fetch, void *ctx, struct df_err *err)
{
	struct download *d = ctx;
	d->now = (struct fetch_entry){.name = (char *)(uintptr_t)d->key.name};
	return fetch_stat_file(fetch, d->key.name, &d->now, err);
}

/* A file that is there as it was is only not taken for now: its ready_marker is missing, say. */
static bool is_there_still(const struct download *d)
{
	return d->there && d->now.size == d->key.size && d->now.mtime == d->key.mtime;
}

/* What was not checked may be a mixture, when another file has its name now. What was checked
 * may be the file that is there, under a new time: then the rows would count twice, unless the
 * same bytes are delivered once. */
static bool adopt_may(const struct feed_work *w, const struct download *d)
{
	if (d->came == CAME_CHECKED)
		return !d->there || !w->feed->send.duplicates_import || d->now.size != d->key.size;
	return d->came == CAME_WHOLE && !d->there && w->feed->fetch.checksum == NULL;
}

/* ---- what is done with it ---- */

/* There is no other copy of it, and the run that made it may have been killed before it was on the
 * disk. */
static enum df_status adopt_sync(const struct download *d, struct df_err *err)
{
	int fd = open(d->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot open %s: %s", d->path, strerror(errno));
	enum df_status st = fsync(fd) == 0 ? DF_OK
					   : df_fail(DF_RETRY, err, NULL, "cannot sync %s: %s",
						     d->path, df_strerror(errno));
	close(fd);
	return st;
}

/* In a fleet it is listed already. */
static enum df_status adopt_enter(struct feed_work *w, const struct ledger_new_file *new,
				  int64_t *id, struct df_err *err)
{
	struct ledger *l = w->run->env.ledger;
	struct ledger_file f = {0};
	struct ledger_claimed claimed;
	*id = 0;
	enum df_status st = ledger_shared(l) ? ledger_file_known(l, &new->key, &f, err) : DF_END;
	if (st == DF_END)
		return ledger_file_add(l, new, id, err);
	if (st != DF_OK)
		return st;

	*id = f.id;
	ledger_file_free(&f);
	st = ledger_claim(l, *id, &claimed, err);
	if (st == DF_END)
		return df_fail(DF_RETRY, err, NULL, "another host works on it");
	return st == DF_OK ? ledger_file_pulled(l, *id, new, err) : st;
}

static enum df_status adopt_take(struct feed_work *w, struct download *d, struct df_err *err)
{
	char sha256[DF_SHA256_HEX], event_type[RUN_EVENT_TYPE_SIZE];
	struct fetch_entry e = {
	    .name = (char *)(uintptr_t)d->key.name, .size = d->key.size, .mtime = d->key.mtime};
	struct feed_file file = {.entry = &e, .sha256 = sha256};
	struct ledger_new_file new = {.key = d->key,
				      .sha256 = sha256,
				      .event_type = event_type,
				      .arrival = d->arrival,
				      .only_here = true,
				      .now_ms = df_now_ms()};
	int fd = open(d->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot open %s: %s", d->path, strerror(errno));
	enum df_status st = df_copy(fd, -1, sha256, err);
	close(fd);
	if (st != DF_OK)
		return st;
	st = run_spool_keep(d->arrival, sha256, &d->path, err);
	if (st != DF_OK)
		return st;

	run_event_type(w->feed, d->key.name, event_type);
	new.place = d->path;
	st = adopt_enter(w, &new, &file.id, err);
	if (st != DF_OK)
		return st;
	df_log(DF_LOG_INFO, "%s: %s: the source has it no more; all of it came with an earlier run",
	       w->feed->name, d->key.name);
	(void)run_feed_hand_over(w, &file, df_strdup(d->path));
	return DF_OK;
}

static void count_gone(struct feed_work *w)
{
	pthread_mutex_lock(&w->run->lock);
	w->run->result->files_gone++;
	pthread_mutex_unlock(&w->run->lock);
}

/* Out of the spool's way, to be looked at by somebody. */
static enum df_status set_aside(struct feed_work *w, const struct download *d, struct df_err *err)
{
	char *dir = df_format("%s/kept-%.16s", w->spool, df_base_name(d->arrival));
	char *kept = df_format("%s/%s", dir, df_base_name(d->key.name));
	enum df_status st = df_mkdirs(dir, err);
	if (st != DF_OK)
		goto cleanup;
	df_before("set a download aside");
	if (rename(d->path, kept) != 0)
		st = df_fail(DF_RETRY, err, NULL, "cannot rename %s: %s", d->path,
			     df_strerror(errno));
	df_after("set a download aside");
	if (st != DF_OK)
		goto cleanup;
	st = df_sync_folder(dir, err);
	if (st != DF_OK)
		goto cleanup;
	df_log(DF_LOG_ERROR,
	       "%s: %s: it was read to its end by a run that was killed, and cannot be compared "
	       "with the source any more: nothing of it was sent. It is kept as %s: if it is "
	       "whole, deliver it with `dropfeed import --feed %s %s`",
	       w->feed->name, d->key.name, kept, w->feed->name, df_shell_word(kept).text);
	count_gone(w);
cleanup:
	free(kept);
	free(dir);
	return st;
}

static void drop_part(struct feed_work *w, const struct download *d)
{
	if (d->there) { /* which is pulled by itself */
		df_log(DF_LOG_DEBUG, "%s: %s: changed since a part of it came", w->feed->name,
		       d->key.name);
	} else {
		df_log(DF_LOG_ERROR,
		       "%s: %s: went away from the source when %llu of its %llu bytes had come: "
		       "nothing of it was "
		       "sent; it has to be dropped again",
		       w->feed->name, d->key.name, (unsigned long long)d->have,
		       (unsigned long long)d->key.size);
		count_gone(w);
	}
	if (unlink(d->path) != 0)
		df_log(DF_LOG_WARN, "cannot remove %s: %s", d->path, strerror(errno));
}

/* In a fleet: another host has pulled it since. */
static enum df_status is_entered(struct feed_work *w, const struct download *d, struct df_err *err)
{
	struct ledger_file f = {0};
	if (!ledger_shared(w->run->env.ledger))
		return DF_END;
	enum df_status st = ledger_file_known(w->run->env.ledger, &d->key, &f, err);
	bool listed = st == DF_OK && f.state == LEDGER_LISTED;
	ledger_file_free(&f);
	return listed ? DF_END : st;
}

static enum df_status adopt_settle(struct feed_work *w, struct download *d, struct df_err *err)
{
	find_bytes(w, d);
	enum df_status st = is_entered(w, d, err);
	if (st == DF_OK) {
		if (d->path != NULL)
			unlink(d->path);
		return ledger_pull_end(w->run->env.ledger, w->feed->name, d->arrival, err);
	}
	if (st != DF_END)
		return st;
	if (d->came != CAME_NOTHING) {
		st = run_source_do(&w->source, adopt_stat_step, d, err);
		d->there = st == DF_OK;
		if (st != DF_OK && st != DF_END)
			return st;
	}
	if (d->came != CAME_NOTHING && is_there_still(d))
		return DF_OK;
	if (d->came >= CAME_WHOLE) {
		st = adopt_sync(d, err);
		if (st != DF_OK)
			return st;
	}
	if (adopt_may(w, d))
		return adopt_take(w, d, err);
	if (d->came >= CAME_WHOLE) {
		st = set_aside(w, d, err);
		if (st != DF_OK)
			return st;
	} else if (d->came == CAME_PART) {
		drop_part(w, d);
	}
	return ledger_pull_end(w->run->env.ledger, w->feed->name, d->arrival, err);
}

enum df_status run_adopt(struct feed_work *w, const struct fetch_list *list, struct df_err *err)
{
	struct downloads all = {0};
	enum df_status st = DF_OK;
	if (list->shortage != NULL) /* what is not seen may be there */
		return DF_OK;
	st = ledger_pulls(w->run->env.ledger, w->feed->name, adopt_collect, &all, err);
	for (size_t i = 0; st == DF_OK && i < all.n && !df_stop_requested; i++) {
		struct df_err one = {0};
		struct download *d = &all.v[i];
		if (is_listed(list, d))
			continue;
		enum df_status got = adopt_settle(w, d, &one);
		if (got == DF_OK)
			continue;
		df_err_context(&one, "%s: %s", w->feed->name, d->key.name);
		df_log_err(DF_LOG_ERROR, &one);
		run_note(w->run, w->feed, got, &one);
		if (w->source.unreachable)
			break;
	}
	downloads_free(&all);
	return st;
}

enum df_status run_adopt_note(struct feed_work *w, const struct fetch_entry *const *due, size_t n,
			      struct df_err *err)
{
	struct ledger_pull *pulls = df_alloc((n + 1) * sizeof(*pulls));
	for (size_t i = 0; i < n; i++) {
		pulls[i].key = run_feed_key(w->feed, due[i]);
		pulls[i].arrival = run_spool_arrival(w->run->conf, &pulls[i].key);
	}
	enum df_status st = ledger_pulls_begin(w->run->env.ledger, pulls, n, err);
	for (size_t i = 0; i < n; i++)
		free((char *)(uintptr_t)pulls[i].arrival);
	free(pulls);
	return st;
}
