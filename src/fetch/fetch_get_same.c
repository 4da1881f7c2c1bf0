/* SPDX-License-Identifier: MIT */
/* Whether a file changed while it was downloaded: what one and the same request says before and
 * after is compared. */
#include "fetch_get.h"

#include <stdlib.h>

enum df_status fetch_get_changed(struct get_job *job, const char *how, struct df_err *err)
{
	job->discard = true;
	job->source->fate.changed = true;
	return df_fail(DF_RETRY, err, NULL,
		       "%s %s while it was downloaded: it is taken again once it has come to rest",
		       job->entry->name, how);
}

enum df_status fetch_get_stopped(struct df_err *err)
{
	return df_fail(DF_RETRY, err, NULL,
		       "stopped: the download goes on where it is with the next run");
}

static enum df_status same_stat(struct get_job *job, struct fetch_stat *now, struct df_err *err)
{
	return job->source->driver->stat(job->source->state, job->path, false, now, err);
}

static bool same_as_listed(const struct get_job *job, const struct fetch_stat *now)
{
	return now->size == job->entry->size && now->mtime == job->entry->mtime;
}

/* ---- before ---- */

/* Lets min_age pass. */
static enum df_status same_wait(const struct get_job *job, struct df_err *err)
{
	return df_rest(job->source->feed->fetch.min_age_ms) ? DF_OK : fetch_get_stopped(err);
}

/* A listing may say another size than the file has. When it says so still, and the file does not
 * change for min_age, what a look says is right; what the listing said when it came to rest
 * proves nothing then. */
static enum df_status same_rest(struct get_job *job, struct df_err *err)
{
	struct fetch *source = job->source;
	struct fetch_stat now = {0};
	if (!source->driver->listing_differs)
		return fetch_get_changed(job, "changed", err);
	enum df_status st = fetch_list_stat(source, job->entry->name, &now, err);
	if (st == DF_END)
		return fetch_get_changed(job, "changed", err);
	if (st != DF_OK)
		return st;
	if (!same_as_listed(job, &now))
		return fetch_get_changed(job, "changed", err);

	st = same_wait(job, err);
	if (st != DF_OK)
		return st;
	st = same_stat(job, &now, err);
	if (st == DF_END)
		return fetch_get_changed(job, "went away", err);
	if (st != DF_OK)
		return st;
	if (now.size != job->before.size || now.mtime != job->before.mtime)
		return fetch_get_changed(job, "changed", err);
	job->size = job->before.size;
	return DF_OK;
}

enum df_status fetch_get_before(struct get_job *job, struct df_err *err)
{
	struct df_err said = {0};
	enum df_status st = same_stat(job, &job->before, &said);
	job->size = job->entry->size;
	job->blind = st == DF_REJECT; /* what may be listed may be read */
	if (job->blind)
		return DF_OK;
	if (st == DF_END)
		return st;
	if (st != DF_OK)
		return df_fail(st, err, NULL, "%s", said.text);
	if (!fetch_is_file(&job->before))
		return fetch_get_changed(job, "changed", err);
	return job->before.size == job->size || job->before.partial ? DF_OK : same_rest(job, err);
}

/* ---- after ---- */

enum df_status fetch_get_as_listed(struct get_job *job, struct df_err *err)
{
	struct fetch_stat now = {0};
	struct df_err said = {0};
	enum df_status st = same_stat(job, &now, &said);
	job->gone = st == DF_END;
	if (st == DF_END)
		return DF_OK;
	if (st != DF_OK && st != DF_REJECT)
		return df_fail(st, err, NULL, "%s", said.text);
	job->doubtful =
	    st == DF_REJECT || now.partial || !fetch_is_file(&now) || !same_as_listed(job, &now);
	return DF_OK;
}

/* Reads all of the file once more, into a hash alone. */
static enum df_status same_read(struct get_job *job, struct df_sha256 *hash, uint64_t *have,
				struct df_err *err)
{
	const struct fetch_driver *driver = job->source->driver;
	void *state = job->source->state;
	enum df_status st = driver->read_open(state, job->path, 0, err);
	for (size_t n = 1; st == DF_OK && n > 0;) {
		if (df_stop_requested)
			return fetch_get_stopped(err);
		st = driver->read(state, job->chunk, job->ahead, &n, err);
		if (st != DF_OK)
			return st;
		df_sha256_add(hash, job->chunk, n);
		*have += n;
	}
	return st;
}

/* DF_END: what is read now is not what was read before. */
static enum df_status same_again_read(struct get_job *job, struct df_err *err)
{
	struct df_sha256 *hash = df_sha256_new();
	char again[DF_SHA256_HEX];
	uint64_t have = 0;
	enum df_status st = same_read(job, hash, &have, err);
	job->source->driver->read_close(job->source->state);
	df_sha256_end(hash, again);
	df_sha256_free(hash);
	if (st != DF_OK)
		return st;
	return have == job->size && strcmp(again, job->hex) == 0 ? DF_OK : DF_END;
}

/* The time changed while the file was read, and nothing else that can be seen. There are servers
 * that set it when a file is read: bytes that are the same when they are read again did not
 * change. */
static enum df_status same_again(struct get_job *job, struct df_err *err)
{
	struct fetch_stat now = {0};
	enum df_status st = same_again_read(job, err);
	if (st == DF_END)
		return fetch_get_changed(job, "changed", err);
	if (st != DF_OK)
		return st;

	st = same_stat(job, &now, err);
	job->gone = st == DF_END;
	if (st != DF_OK)
		return st == DF_END ? DF_OK : st;
	if (now.size != job->size || !fetch_is_file(&now))
		return fetch_get_changed(job, "changed", err);
	job->source->fate.mtime = now.mtime;
	return DF_OK;
}

/* The listing said another time than a look does. When it says so still, it is the server's way,
 * and no change. When it says a third one, the time may always be now, or the file changed since it
 * was listed, which min_age = 0 takes as well. */
static enum df_status same_listed(struct get_job *job, struct df_err *err)
{
	struct fetch_stat now = {0};
	if (!job->source->driver->listing_differs)
		return fetch_get_changed(job, "changed", err);
	enum df_status st = fetch_list_stat(job->source, job->entry->name, &now, err);
	if (st == DF_OK && same_as_listed(job, &now))
		return DF_OK;
	bool at_once = job->source->feed->fetch.min_age_ms == 0;
	if (st == DF_OK && at_once && now.size == job->entry->size)
		return same_again(job, err);
	return st == DF_OK || st == DF_END ? fetch_get_changed(job, "changed", err) : st;
}

enum df_status fetch_get_after(struct get_job *job, struct df_err *err)
{
	struct fetch_stat now = {0};
	struct df_err said = {0};
	enum df_status st = same_stat(job, &now, &said);
	job->gone = st == DF_END;
	if (st == DF_END || (st == DF_REJECT && job->blind))
		return DF_OK;
	if (st != DF_OK)
		return df_fail(st, err, NULL, "%s", said.text);
	if (!fetch_is_file(&now) || (now.size != job->size && !now.partial))
		return fetch_get_changed(job, "changed", err);
	if (now.mtime != job->before.mtime && !job->blind)
		return job->source->driver->listing_differs
			   ? same_again(job, err)
			   : fetch_get_changed(job, "changed", err);
	if (now.mtime != job->entry->mtime && !now.partial)
		return same_listed(job, err);
	job->source->lists_right = !job->blind && !now.partial && now.size == job->entry->size;
	return DF_OK;
}
