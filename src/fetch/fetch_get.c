/* SPDX-License-Identifier: MIT */
#include "fetch_get.h"

#include "dropfeed/step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* libssh2 asks for GET_REQUEST bytes at a time, and for four times as much ahead as the buffer
 * that it is given has room for. A far source needs that; with a near one, what waits to be read
 * only gets cold. Opening a file is a round trip, which measures it. */
enum {
	GET_REQUEST = 30000,
	GET_NEAR = 1 << 20,
	GET_FAR = 2 << 20,
	GET_FAR_MS = 5,
	GET_ALONE = GET_REQUEST / 4,
	GET_LARGE = 8 << 20, /* what is hashed beside */
	GET_SMALL = 64 << 10 /* what is sooner read twice than looked at twice */
};

static enum df_status get_sync(const struct get_job *job, struct df_err *err)
{
	if (fsync(job->fd) == 0)
		return DF_OK;
	return df_fail(DF_RETRY, err, NULL, "cannot sync %s: %s", job->part, df_strerror(errno));
}

/* Gone before it was opened: what an earlier attempt read to its end is all there was to read, and
 * that attempt may have been killed before it was on the disk. */
static enum df_status get_gone(struct get_job *job, struct df_err *err)
{
	job->gone = job->have == job->size && job->have > 0;
	if (job->gone)
		return get_sync(job, err);
	job->discard = true;
	if (job->have == 0)
		return DF_END;
	return df_fail(DF_RETRY, err, NULL,
		       "%s went away from the source when %llu of its %llu bytes had come",
		       job->entry->name, (unsigned long long)job->have,
		       (unsigned long long)job->size);
}

/* ---- the bytes ---- */

static void get_hash(struct get_job *job, size_t n)
{
	df_sha256_add(job->hash, job->chunk, n);
	fetch_checksum_add(job->checksum, job->chunk, n);
}

/* Opens the part and hashes what an earlier attempt left in it. That these bytes are of the same
 * file is the caller's promise: the spool path has to be another one for another name, size or
 * mtime. */
static enum df_status get_part_open(struct get_job *job, struct df_err *err)
{
	job->fd = open(job->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st = {0};
	if (job->fd < 0 || fchmod(job->fd, 0600) != 0 || fstat(job->fd, &st) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot open %s: %s", job->part,
			       df_strerror(errno));
	if ((uint64_t)st.st_size > job->size) {
		if (ftruncate(job->fd, 0) != 0)
			return df_fail(DF_RETRY, err, NULL, "cannot empty %s: %s", job->part,
				       strerror(errno));
		return DF_OK;
	}
	for (;;) {
		if (df_stop_requested)
			return fetch_get_stopped(err);
		ssize_t n = read(job->fd, job->chunk, GET_NEAR);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return df_fail(DF_RETRY, err, NULL, "cannot read %s: %s", job->part,
				       strerror(errno));
		if (n == 0)
			return DF_OK;
		get_hash(job, (size_t)n);
		job->have += (uint64_t)n;
	}
}

/* Requests past the end are wasted, and with a small file they would be most of the traffic; one
 * has to be under way, though: its answer says that this is the end. So what is asked for ahead,
 * four times the room, is one request more than what is left. */
static size_t get_room(const struct get_job *job)
{
	if (job->at_once)
		return GET_ALONE;
	uint64_t room = (job->size - job->have) / 4 + GET_REQUEST / 4;
	return room < job->ahead ? (size_t)room : job->ahead;
}

static enum df_status get_open(struct get_job *job, struct df_err *err)
{
	return job->source->driver->read_open(job->source->state, job->path, job->have, err);
}

/* A server may answer with less than it was asked for. libssh2 loses its place then, as it has
 * asked for what follows already, and reports an error, or an end that is not the file's: such a
 * server is asked for one piece at a time. Some report a failure where the file ends. */
static enum df_status get_read(struct get_job *job, size_t *n, struct df_err *err)
{
	const struct fetch_driver *driver = job->source->driver;
	void *state = job->source->state;
	enum df_status st = driver->read(state, job->chunk, get_room(job), n, err);
	if (st != DF_REJECT && (st != DF_OK || *n > 0))
		return st;
	bool complete = job->have == job->size;
	if (!complete && job->ahead == GET_ALONE)
		return st;

	*n = 0;
	*err = (struct df_err){0};
	if (complete)
		return DF_OK;
	job->ahead = GET_ALONE;
	driver->read_close(state);
	st = get_open(job, err);
	if (st == DF_END)
		return get_gone(job, err);
	return st == DF_OK ? driver->read(state, job->chunk, get_room(job), n, err) : st;
}

static enum df_status get_piece(struct get_job *job, size_t n, struct df_err *err)
{
	if (n > job->size - job->have)
		return fetch_get_changed(job, "grew", err);
	enum df_status st = df_write_all(job->fd, job->chunk, n, err);
	if (st != DF_OK) {
		df_err_context(err, "%s", job->part);
		return st;
	}
	job->have += n;
	if (job->hasher.runs)
		fetch_hasher_note(&job->hasher, job->have);
	else
		get_hash(job, n);
	job->source->received += n;
	df_write_behind(job->fd, &job->begun, job->have);
	df_after("write a piece of the download");
	return DF_OK;
}

/* Reads until the source says that this is the end. */
static enum df_status get_pieces(struct get_job *job, struct df_err *err)
{
	for (;;) {
		size_t n = 0;
		if (df_stop_requested)
			return fetch_get_stopped(err);
		enum df_status st = get_read(job, &n, err);
		if (st != DF_OK || n == 0)
			return st;
		st = get_piece(job, n, err);
		if (st != DF_OK || (job->at_once && job->have == job->size))
			return st;
	}
}

static void get_hash_beside(struct get_job *job)
{
	if (job->size - job->have < GET_LARGE)
		return;
	job->hasher.fd = job->fd;
	job->hasher.hash = job->hash;
	job->hasher.checksum = job->checksum;
	(void)fetch_hasher_start(&job->hasher, job->have); /* else it is done here */
}

static enum df_status get_bytes(struct get_job *job, struct df_err *err)
{
	int64_t start = df_monotonic_ms();
	enum df_status st = get_open(job, err);
	if (st != DF_OK)
		return st == DF_END ? get_gone(job, err) : st;
	job->ahead = df_monotonic_ms() - start < GET_FAR_MS ? GET_NEAR : GET_FAR;
	get_hash_beside(job);
	st = get_pieces(job, err);
	/* A server that removes what was read does so when it is closed: all of it is on our
	 * disk by then. */
	if (st == DF_OK && job->have == job->size)
		st = get_sync(job, err);
	job->source->driver->read_close(job->source->state);

	struct df_err unread = {0};
	enum df_status hashed = fetch_hasher_end(&job->hasher, &unread);
	if (st != DF_OK)
		return st;
	if (hashed != DF_OK)
		return df_fail(hashed, err, NULL, "%s: %s", job->part, unread.text);
	return job->have < job->size ? fetch_get_changed(job, "shrank", err) : DF_OK;
}

/* ---- all of it ---- */

static enum df_status get_keep(struct get_job *job, const char *spool_path, struct df_err *err)
{
	df_before("rename the download");
	if (rename(job->part, spool_path) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot rename %s: %s", job->part,
			       df_strerror(errno));
	df_after("rename the download");
	return DF_OK;
}

/* From the checksum file to the last byte. */
static enum df_status get_read_all(struct get_job *job, struct df_err *err)
{
	const char *name = job->entry->name;
	enum df_status st =
	    job->known ? DF_OK : fetch_checksum_open(job->source, name, &job->checksum, err);
	if (st == DF_END)
		return df_fail(DF_RETRY, err, NULL,
			       "the checksum file of %s went away: it is left alone", name);
	if (st != DF_OK)
		return st;
	st = get_part_open(job, err);
	job->kept = job->have;
	return st == DF_OK ? get_bytes(job, err) : st;
}

/* The file was gone before it was looked at: the part of an earlier attempt decides. */
static enum df_status get_read_part(struct get_job *job, struct df_err *err)
{
	enum df_status st = get_part_open(job, err);
	return st == DF_OK ? get_gone(job, err) : st;
}

/* Looks at it before and after. */
static enum df_status get_between_looks(struct get_job *job, struct df_err *err)
{
	enum df_status st = fetch_get_before(job, err);
	if (st != DF_OK && st != DF_END)
		return st;
	st = st == DF_OK ? get_read_all(job, err) : get_read_part(job, err);
	if (st != DF_OK)
		return st;

	df_sha256_end(job->hash, job->hex);
	return job->gone ? DF_OK : fetch_get_after(job, err);
}

/* A file that is as it was listed after it was read, was so before: one look is enough. Not where
 * reading may remove it: what is not as listed then has to be seen before. */
static enum df_status get_as_listed(struct get_job *job, struct df_err *err)
{
	job->size = job->entry->size;
	job->at_once = job->size < GET_REQUEST;
	enum df_status st = get_read_all(job, err);
	job->doubtful = job->source->fate.changed;
	if (st != DF_OK)
		return st;

	df_sha256_end(job->hash, job->hex);
	return job->gone ? DF_OK : fetch_get_as_listed(job, err);
}

/* To read it from its beginning. */
static void get_begin(struct get_job *job)
{
	const struct get_job fresh = {.source = job->source,
				      .entry = job->entry,
				      .known = job->known,
				      .path = job->path,
				      .part = job->part,
				      .chunk = job->chunk,
				      .fd = -1,
				      .hash = df_sha256_new()};
	if (job->fd >= 0)
		close(job->fd);
	df_sha256_free(job->hash);
	fetch_checksum_free(job->checksum);
	*job = fresh;
	job->source->fate = (struct fetch_fate){.mtime = job->entry->mtime};
}

static enum df_status get_once_more(struct get_job *job, struct df_err *err)
{
	*err = (struct df_err){0};
	unlink(job->part);
	get_begin(job);
	return get_between_looks(job, err);
}

static enum df_status get_small(struct get_job *job, struct df_err *err)
{
	enum df_status st = get_as_listed(job, err);
	if (!job->doubtful)
		return st;
	job->source->lists_right = false;
	return get_once_more(job, err);
}

/* There are servers that read a file from its beginning alone: what another attempt left would fail
 * for ever. */
static bool get_cannot_go_on(const struct get_job *job, enum df_status st)
{
	return st == DF_REJECT && job->kept > 0 && job->have == job->kept;
}

static enum df_status get_all(struct get_job *job, const char *spool_path, struct df_err *err)
{
	bool small = job->entry->size <= GET_SMALL && job->source->lists_right;
	enum df_status st = small ? get_small(job, err) : get_between_looks(job, err);
	if (get_cannot_go_on(job, st))
		st = get_once_more(job, err);
	if (st != DF_OK)
		return st;
	st = fetch_checksum_compare(job->checksum, job->entry->name, err);
	job->discard = st != DF_OK;
	return st == DF_OK ? get_keep(job, spool_path, err) : st;
}

static enum df_status get_into(const struct get_job *what, const char *spool_path,
			       char hex[DF_SHA256_HEX], struct df_err *err)
{
	struct fetch *source = what->source;
	const struct fetch_entry *entry = what->entry;
	struct get_job job = *what;
	if (!fetch_name_below(entry->name))
		return df_fail(DF_FATAL, err, NULL, "'%s' is not the name of a file", entry->name);
	job.path = fetch_path_join(source->root, entry->name);
	job.part = df_format("%s.part", spool_path);
	get_begin(&job);
	/* not zeroed: for a small file, that would be most of the work */
	job.chunk = df_realloc(NULL, GET_FAR);

	enum df_status st = get_all(&job, spool_path, err);
	source->fate.gone = job.gone;
	if (st == DF_OK)
		memcpy(hex, job.hex, DF_SHA256_HEX);
	if (st == DF_REJECT) {
		df_err_context(err, "cannot read %s on the source", entry->name);
		st = DF_RETRY;
	}
	if (job.discard)
		unlink(job.part);
	if (job.fd >= 0)
		close(job.fd);
	free(job.chunk);
	fetch_checksum_free(job.checksum);
	df_sha256_free(job.hash);
	free(job.part);
	free(job.path);
	return st;
}

enum df_status fetch_get(struct fetch *source, const struct fetch_entry *entry,
			 const char *spool_path, char hex[DF_SHA256_HEX], struct df_err *err)
{
	const struct get_job job = {.source = source, .entry = entry, .fd = -1};
	return get_into(&job, spool_path, hex, err);
}

enum df_status fetch_get_known(struct fetch *source, const struct fetch_entry *entry,
			       const char *spool_path, char hex[DF_SHA256_HEX], struct df_err *err)
{
	const struct get_job job = {.source = source, .entry = entry, .known = true, .fd = -1};
	return get_into(&job, spool_path, hex, err);
}
