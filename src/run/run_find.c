/* SPDX-License-Identifier: MIT */
/* The bytes of a file that was pulled before: that they are the same its SHA-256 says, wherever
 * they lie now. */
#include "run_feed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Brings it to the disk under its name: a run that was killed may not have done so. */
static enum df_status keep_part(const char *part, int fd, const char *spool, struct df_err *err)
{
	if (fsync(fd) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot sync %s: %s", part, df_strerror(errno));
	if (rename(part, spool) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot rename %s: %s", part,
			       df_strerror(errno));
	return df_sync_folder_of(spool, err);
}

/* A download that was read to its end, of which the source may have nothing any more. */
static enum df_status keep_whole_part(const char *spool, const char *sha256, struct df_err *err)
{
	char hex[DF_SHA256_HEX];
	struct df_err ignored = {0};
	char *part = df_format("%s.part", spool);
	int fd = open(part, O_RDONLY | O_CLOEXEC);
	bool same = fd >= 0 && df_copy(fd, -1, hex, &ignored) == DF_OK && strcmp(hex, sha256) == 0;
	enum df_status st = same ? keep_part(part, fd, spool, err) : DF_OK;
	if (fd >= 0)
		close(fd);
	free(part);
	return st;
}

enum df_status run_feed_spooled(const struct feed_work *w, const char *spool, const char *sha256,
				struct df_err *err)
{
	char hex[DF_SHA256_HEX];
	enum df_status st = access(spool, F_OK) != 0 ? keep_whole_part(spool, sha256, err) : DF_OK;
	if (st != DF_OK)
		return st;
	int fd = open(spool, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return DF_END;
	if (fd < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot open %s: %s", spool, strerror(errno));
	st = df_copy(fd, -1, hex, err);
	close(fd);
	if (st != DF_OK || strcmp(hex, sha256) == 0)
		return st;

	df_log(DF_LOG_WARN, "%s: %s does not hold the bytes that were pulled: they are taken again",
	       w->feed->name, spool);
	unlink(spool);
	return DF_END;
}

/* ---- at the source ---- */

struct wanted {
	const struct fetch_entry *entry;
	const char *sha256, *spool;
};

/* A folder of the source, which a new connection has to enter anew. */
struct lookup {
	const char *dir; /* NULL: the feed's own */
	const struct wanted *wanted;
	struct fetch_entry there;
	struct fetch_list moved; /* own */
	char sha256[DF_SHA256_HEX];
};

static enum df_status stat_step(struct fetch *fetch, void *ctx, struct df_err *err)
{
	struct lookup *l = ctx;
	fetch_enter(fetch, l->dir);
	return fetch_stat_file(fetch, l->there.name, &l->there, err);
}

static enum df_status moved_step(struct fetch *fetch, void *ctx, struct df_err *err)
{
	struct lookup *l = ctx;
	fetch_enter(fetch, l->dir);
	return fetch_list_moved(fetch, l->wanted->entry, &l->moved, err);
}

static enum df_status find_get_step(struct fetch *fetch, void *ctx, struct df_err *err)
{
	struct lookup *l = ctx;
	fetch_enter(fetch, l->dir);
	return fetch_get_known(fetch, &l->there, l->wanted->spool, l->sha256, err);
}

/* DF_OK: the bytes of l->there are the wanted ones, and in the spool. DF_END: they are others. */
static enum df_status find_get(struct run_source *s, struct lookup *l, struct df_err *err)
{
	const struct wanted *wanted = l->wanted;
	char *part = df_format("%s.part", wanted->spool);
	unlink(part); /* of whatever it is a part, its time may be another one */
	free(part);
	enum df_status st = run_source_do(s, find_get_step, l, err);
	if (st == DF_OK && strcmp(l->sha256, wanted->sha256) == 0)
		return df_sync_folder_of(wanted->spool, err);
	unlink(wanted->spool);
	return st == DF_OK ? DF_END : st;
}

/* timed: what has another time is not looked into. */
static enum df_status find_named(struct run_source *s, struct lookup *l, const char *name,
				 bool timed, struct df_err *err)
{
	const struct fetch_entry *e = l->wanted->entry;
	l->there = (struct fetch_entry){.name = (char *)(uintptr_t)name};
	enum df_status st = run_source_do(s, stat_step, l, err);
	if (st != DF_OK)
		return st;
	bool may_be = l->there.size == e->size && (!timed || l->there.mtime == e->mtime);
	return may_be ? find_get(s, l, err) : DF_END;
}

/* In a folder that files are moved to, which keeps their time, and numbers those of one name.
 * Mostly there is one of the name. */
static enum df_status find_moved(struct run_source *s, const char *dir, const struct wanted *wanted,
				 struct df_err *err)
{
	struct lookup l = {.dir = dir, .wanted = wanted};
	enum df_status st = find_named(s, &l, wanted->entry->name, true, err);
	if (st != DF_END)
		return st;
	st = run_source_do(s, moved_step, &l, err);
	if (st == DF_REJECT)
		df_err_context(err, "cannot list %s on the source", dir);
	if (st != DF_OK)
		return st == DF_REJECT ? DF_RETRY : st;

	st = DF_END;
	for (size_t i = 0; st == DF_END && i < l.moved.n; i++) {
		l.there = l.moved.v[i];
		st = find_get(s, &l, err);
	}
	fetch_list_free(&l.moved);
	return st;
}

/* A file of a sub-folder may be in the folder that was named itself. */
static enum df_status find_locally(const struct feed_work *w, const struct wanted *wanted,
				   struct df_err *err)
{
	struct conf_feed view = *w->feed;
	struct run_source folder = {.feed = &view};
	struct lookup l = {.wanted = wanted};
	const char *name = wanted->entry->name, *leaf = df_base_name(name);
	view.fetch.source =
	    (struct conf_source){.kind = CONF_SOURCE_FILE, .path = (char *)(uintptr_t)w->from};
	enum df_status st = find_named(&folder, &l, name, false, err);
	if (st == DF_END && leaf != name)
		st = find_named(&folder, &l, leaf, false, err);
	run_source_close(&folder);
	return st;
}

enum df_status run_feed_find(struct feed_work *w, const struct fetch_entry *e, const char *sha256,
			     const char *spool, struct df_err *err)
{
	const struct conf_after_action *actions[] = {&w->feed->fetch.after_done,
						     &w->feed->fetch.after_refused};
	const struct wanted wanted = {.entry = e, .sha256 = sha256, .spool = spool};
	enum df_status st = DF_END;
	if (w->from != NULL)
		st = find_locally(w, &wanted, err);
	if (st != DF_END || w->feed->fetch.source.kind == CONF_SOURCE_NONE)
		return st;
	struct lookup own = {.wanted = &wanted};
	st = find_named(&w->source, &own, e->name, false, err);
	for (size_t i = 0; st == DF_END && i < sizeof(actions) / sizeof(*actions); i++) {
		if (actions[i]->what == CONF_MOVE)
			st = find_moved(&w->source, actions[i]->dir, &wanted, err);
	}
	if (w->source.fetch != NULL)
		fetch_enter(w->source.fetch, NULL);
	return st;
}
