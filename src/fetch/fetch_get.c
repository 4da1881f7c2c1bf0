/* SPDX-License-Identifier: MIT */
#include "fetch_priv.h"

#include "dropfeed/step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* libssh2 asks for GET_REQUEST bytes at a time, and for four times as much ahead as the buffer that it is given has room for. A far
 * source needs that; with a near one, what waits to be read only gets cold. Opening a file is a round trip, so it tells. */
enum { GET_REQUEST = 30000, GET_NEAR = 1 << 20, GET_FAR = 2 << 20, GET_FAR_MS = 5, GET_ALONE = GET_REQUEST / 4 };

struct get_job {
	struct fetch *source;
	const struct fetch_entry *entry;
	char *path; /* on the source */
	char *part; /* "<spool_path>.part" */
	int fd;
	uint64_t have;  /* bytes in the part, all of them in the hash */
	uint64_t begun; /* of them, what df_write_behind saw to */
	struct df_sha256 *hash;
	char *chunk;     /* GET_FAR bytes */
	size_t ahead;    /* GET_NEAR, GET_FAR or GET_ALONE */
	bool throw_away; /* the part is of no use any more */
};

static enum df_status get_changed(struct get_job *job, const char *how, struct df_err *err)
{
	job->throw_away = true;
	return df_fail(DF_RETRY, err, NULL, "%s %s while it was downloaded: it is taken again once it has come to rest",
		       job->entry->name, how);
}

static enum df_status get_stopped(struct df_err *err)
{
	return df_fail(DF_RETRY, err, NULL, "stopped: the download goes on where it is with the next run");
}

/* Opens the part and hashes what an earlier attempt left in it. That these bytes are of the same file is the caller's
 * promise: the spool path has to be another one for another name, size or mtime. */
static enum df_status get_part_open(struct get_job *job, struct df_err *err)
{
	job->fd = open(job->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st = {0};
	if (job->fd < 0 || fchmod(job->fd, 0600) != 0 || fstat(job->fd, &st) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot open %s: %s", job->part, df_disk_words(errno));
	if ((uint64_t)st.st_size > job->entry->size) {
		if (ftruncate(job->fd, 0) != 0)
			return df_fail(DF_RETRY, err, NULL, "cannot empty %s: %s", job->part, strerror(errno));
		return DF_OK;
	}
	for (;;) {
		if (df_stop_requested)
			return get_stopped(err);
		ssize_t n = read(job->fd, job->chunk, GET_NEAR);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return df_fail(DF_RETRY, err, NULL, "cannot read %s: %s", job->part, strerror(errno));
		if (n == 0)
			return DF_OK;
		df_sha256_add(job->hash, job->chunk, (size_t)n);
		job->have += (uint64_t)n;
	}
}

/* Requests behind the end are for nothing, and for a small file they would be most of the traffic; one has to be under way, though,
 * for its answer tells that this is the end. */
static size_t get_room(const struct get_job *job)
{
	uint64_t room = (job->entry->size - job->have) / 4 + GET_REQUEST;
	return room < job->ahead ? (size_t)room : job->ahead;
}

static enum df_status get_open(struct get_job *job, struct df_err *err)
{
	enum df_status st = job->source->driver->read_open(job->source->state, job->path, job->have, err);
	return st == DF_END ? get_changed(job, "went away", err) : st;
}

/* A server may answer with less than it was asked for. libssh2 loses its place then, for it has asked for what is behind that
 * already: such a server is asked for one piece at a time. */
static enum df_status get_read(struct get_job *job, size_t *n, struct df_err *err)
{
	const struct fetch_driver *driver = job->source->driver;
	void *state = job->source->state;
	enum df_status st = driver->read(state, job->chunk, get_room(job), n, err);
	if (st != DF_REJECT || job->ahead == GET_ALONE)
		return st;
	job->ahead = GET_ALONE;
	*err = (struct df_err){0};
	driver->read_close(state);
	st = get_open(job, err);
	return st == DF_OK ? driver->read(state, job->chunk, get_room(job), n, err) : st;
}

static enum df_status get_bytes(struct get_job *job, struct df_err *err)
{
	int64_t start = df_monotonic_ms();
	enum df_status st = get_open(job, err);
	job->ahead = df_monotonic_ms() - start < GET_FAR_MS ? GET_NEAR : GET_FAR;
	while (st == DF_OK) {
		size_t n = 0;
		if (df_stop_requested) {
			st = get_stopped(err);
			break;
		}
		st = get_read(job, &n, err);
		if (st != DF_OK || n == 0)
			break;
		if (n > job->entry->size - job->have) {
			st = get_changed(job, "grew", err);
			break;
		}
		st = df_write_all(job->fd, job->chunk, n, err);
		if (st != DF_OK) {
			df_err_context(err, "%s", job->part);
			break;
		}
		df_sha256_add(job->hash, job->chunk, n);
		job->have += n;
		job->source->received += n;
		df_write_behind(job->fd, &job->begun, job->have);
		df_after("write a piece of the download");
	}
	job->source->driver->read_close(job->source->state);
	if (st == DF_OK && job->have < job->entry->size)
		st = get_changed(job, "shrank", err);
	return st;
}

/* The same size and mtime as listed, still: what was read between the two looks is one state of the file. */
static enum df_status get_look_again(struct get_job *job, struct df_err *err)
{
	struct fetch_stat now = {0};
	enum df_status st = job->source->driver->look(job->source->state, job->path, false, &now, err);
	if (st == DF_END)
		return get_changed(job, "went away", err);
	if (st != DF_OK)
		return st;
	if (now.kind != FETCH_FILE || now.size != job->entry->size || now.mtime != job->entry->mtime)
		return get_changed(job, "changed", err);
	return DF_OK;
}

static enum df_status get_keep(struct get_job *job, const char *spool_path, struct df_err *err)
{
	if (fsync(job->fd) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot sync %s: %s", job->part, df_disk_words(errno));
	df_before("rename the download");
	if (rename(job->part, spool_path) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot rename %s: %s", job->part, df_disk_words(errno));
	df_after("rename the download");
	char *dir = df_folder_of(spool_path);
	enum df_status st = df_sync_folder(dir, err);
	df_after("sync the spool");
	free(dir);
	return st;
}

enum df_status fetch_get(struct fetch *source, const struct fetch_entry *entry, const char *spool_path,
			 char hex[DF_SHA256_HEX], struct df_err *err)
{
	if (!fetch_name_sound(entry->name, strlen(entry->name)))
		return df_fail(DF_FATAL, err, NULL, "'%s' is not the name of a file", entry->name);
	struct get_job job = {.source = source, .entry = entry, .fd = -1};
	job.path = fetch_path_join(source->root, entry->name);
	job.part = df_format("%s.part", spool_path);
	job.hash = df_sha256_new();
	job.chunk = df_realloc(NULL, GET_FAR); /* not zeroed: for a small file, that would be most of the work */
	enum df_status st = get_part_open(&job, err);
	if (st == DF_OK)
		st = get_bytes(&job, err);
	if (st == DF_OK)
		st = get_look_again(&job, err);
	if (st == DF_OK)
		st = get_keep(&job, spool_path, err);
	if (st == DF_OK)
		df_sha256_end(job.hash, hex);
	if (st == DF_REJECT) {
		df_err_context(err, "cannot read %s on the source", entry->name);
		st = DF_RETRY;
	}
	if (job.throw_away)
		unlink(job.part);
	if (job.fd >= 0)
		close(job.fd);
	free(job.chunk);
	df_sha256_free(job.hash);
	free(job.part);
	free(job.path);
	return st;
}
