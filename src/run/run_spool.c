/* SPDX-License-Identifier: MIT */
/* Where drop files are in the spool, and what crashes leave there: a file that the ledger has
 * closed but that was not yet removed, a download of which nothing came. Nothing that an
 * unfinished file needs is touched. */
#include "run_session.h"

#include "dropfeed/step.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PART_KEPT_S 86400 /* a cut download may be resumed for this long */

/* ---- places ---- */

struct ledger_key run_feed_key(const struct conf_feed *feed, const struct fetch_entry *e)
{
	const char *source =
	    feed->fetch.source.key != NULL ? feed->fetch.source.key : LEDGER_SOURCE_LOCAL;
	return (struct ledger_key){feed->name, source, e->name, e->size, e->mtime};
}

static char *place_of_text(const struct conf *conf, const char *feed, char *text)
{
	char hex[DF_SHA256_HEX];
	struct df_sha256 *h = df_sha256_new();
	df_sha256_add(h, text, strlen(text));
	df_sha256_end(h, hex);
	df_sha256_free(h);
	free(text);
	return df_format("%s/spool/%s/%.32s.drop", conf->state_dir, feed, hex);
}

char *run_spool_arrival(const struct conf *conf, const struct ledger_key *key)
{
	return place_of_text(conf, key->feed,
			     df_format("%s\n%s\n%" PRIu64 "\n%" PRId64, key->source, key->name,
				       key->size, key->mtime));
}

char *run_spool_of(const struct conf *conf, const struct ledger_file *f)
{
	if (f->place != NULL)
		return df_strdup(f->place);
	/* entered by 0.1, which named the place by name, size and time */
	return place_of_text(conf, f->feed,
			     df_format("%s\n%" PRIu64 "\n%" PRId64, f->name, f->size, f->mtime));
}

/* A place is named by its content, by a part of the arrival's name, and by chance. */
enum { SHA_PART = 32, ARRIVAL_PART = 16 };

static int arrival_part(const char *arrival)
{
	size_t n = strcspn(df_base_name(arrival), ".");
	return n < ARRIVAL_PART ? (int)n : ARRIVAL_PART;
}

bool run_spool_is_of(const char *name, const char *arrival)
{
	size_t n = (size_t)arrival_part(arrival);
	return strlen(name) > SHA_PART + 1 + n && name[SHA_PART] == '-' &&
	       strncmp(name + SHA_PART + 1, df_base_name(arrival), n) == 0;
}

enum df_status run_spool_place(const char *arrival, const char *sha256, char **path,
			       struct df_err *err)
{
	/* the same bytes may be there twice, and each copy goes when its file is done */
	uint32_t own = 0;
	if (getrandom(&own, sizeof(own), 0) != (ssize_t)sizeof(own))
		return df_fail(DF_FATAL, err, NULL, "cannot get random bytes: %s", strerror(errno));
	char *folder = df_dirname(arrival);
	char *place = df_format("%s/%.*s-%.*s-%08" PRIx32 ".drop", folder, SHA_PART, sha256,
				arrival_part(arrival), df_base_name(arrival), own);
	enum df_status st = DF_OK;
	df_before("give a file its place");
	if (rename(*path, place) != 0) {
		st =
		    df_fail(DF_RETRY, err, NULL, "cannot rename %s: %s", *path, df_strerror(errno));
		free(place);
		free(folder);
		return st;
	}
	df_after("give a file its place");
	free(*path);
	*path = place;
	free(folder);
	return DF_OK;
}

enum df_status run_spool_sync(const char *folder, struct df_err *err)
{
	enum df_status st = df_sync_folder(folder, err);
	df_after("sync the spool");
	return st;
}

enum df_status run_spool_keep(const char *arrival, const char *sha256, char **path,
			      struct df_err *err)
{
	enum df_status st = run_spool_place(arrival, sha256, path, err);
	if (st != DF_OK)
		return st;
	char *folder = df_dirname(arrival);
	st = run_spool_sync(folder, err);
	free(folder);
	return st;
}

/* ---- left-overs ---- */

struct sweep {
	const struct run *run;
	char **keep; /* own; paths of unfinished files */
	size_t n;
	char **arrivals; /* own; of downloads that are noted in the ledger */
	size_t n_arrivals;
	bool lost; /* keep has files that were closed as lost-bytes, too */
};

static void sweep_keep(struct sweep *s, const struct ledger_file *f)
{
	s->keep = df_realloc(s->keep, (s->n + 1) * sizeof(*s->keep));
	s->keep[s->n++] = run_spool_of(s->run->conf, f);
}

static enum df_status keep_open(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	(void)err;
	if (!ledger_closes(f->state))
		sweep_keep(ctx, f);
	return DF_OK;
}

static enum df_status keep_lost(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	(void)err;
	if (f->state == LEDGER_REFUSED && f->code != NULL && strcmp(f->code, "lost-bytes") == 0)
		sweep_keep(ctx, f);
	return DF_OK;
}

static enum df_status keep_arrival(void *ctx, const struct ledger_pull *p, struct df_err *err)
{
	(void)err;
	struct sweep *s = ctx;
	s->arrivals = df_realloc(s->arrivals, (s->n_arrivals + 1) * sizeof(*s->arrivals));
	s->arrivals[s->n_arrivals++] = df_strdup(p->arrival);
	return DF_OK;
}

/* Whether a noted download, maybe all there is of a file, has its bytes there. */
static bool is_noted(const struct sweep *s, const char *path)
{
	for (size_t i = 0; i < s->n_arrivals; i++) {
		size_t n = strlen(s->arrivals[i]);
		if (strncmp(path, s->arrivals[i], n) == 0 ||
		    run_spool_is_of(df_base_name(path), s->arrivals[i]))
			return true;
	}
	return false;
}

static bool is_kept(const struct sweep *s, const char *path)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->keep[i], path) == 0)
			return true;
	return false;
}

static bool is_left_over(const struct sweep *s, const char *path)
{
	struct stat info;
	/* the holder of the lock imports nothing else */
	if (strncmp(df_base_name(path), "import-", 7) == 0)
		return true;
	if (is_noted(s, path))
		return false;
	if (df_ends_with(path, ".part"))
		return stat(path, &info) == 0 && time(NULL) - info.st_mtime > PART_KEPT_S;
	return df_ends_with(path, ".drop") && !is_kept(s, path);
}

/* Another host did not find the bytes of a file and closed it, and they are here: `retry` goes on
 * with it. Closed files are looked through when there is something to be removed, which is after a
 * crash. */
static bool is_lost(struct sweep *s, const char *feed, const char *path)
{
	struct df_err err = {0};
	enum df_status st = DF_OK;
	if (!df_ends_with(path, ".drop"))
		return false;
	if (!s->lost)
		st = ledger_files(s->run->env.ledger, feed, false, keep_lost, s, &err);
	s->lost = st == DF_OK;
	return !s->lost || is_kept(s, path);
}

static void sweep_folder(struct sweep *s, const char *feed)
{
	char *dir = df_format("%s/spool/%s", s->run->conf->state_dir, feed);
	DIR *d = opendir(dir);
	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
		char *path = df_format("%s/%s", dir, e->d_name);
		/* a worker may be about to remove a file that it has closed */
		if (is_left_over(s, path) && !is_lost(s, feed, path) && unlink(path) != 0 &&
		    errno != ENOENT)
			df_log(DF_LOG_WARN, "cannot remove %s: %s", path, strerror(errno));
		free(path);
	}
	if (d != NULL)
		closedir(d);
	free(dir);
}

enum df_status run_spool_sweep(const struct run *run, const char *feed, struct df_err *err)
{
	struct sweep s = {.run = run};
	enum df_status st = ledger_files(run->env.ledger, feed, true, keep_open, &s, err);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_pulls(run->env.ledger, feed, keep_arrival, &s, err);
	if (st != DF_OK)
		goto cleanup;
	sweep_folder(&s, feed);
cleanup:
	for (size_t i = 0; i < s.n; i++)
		free(s.keep[i]);
	for (size_t i = 0; i < s.n_arrivals; i++)
		free(s.arrivals[i]);
	free(s.arrivals);
	free(s.keep);
	return st;
}
