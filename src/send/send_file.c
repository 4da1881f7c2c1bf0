/* SPDX-License-Identifier: MIT */
/*
 * The NDJSON sinks: one batch a line, in the order they were put.
 *
 * Standard output settles what a successful write has handed over. A file settles when it has its
 * name: before that a crash leaves nothing but a temporary, and the next run begins again.
 */
#include "send_append.h"
#include "send_priv.h"

#include "dropfeed/step.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLUSH_AT 262144u

struct file_lane {
	uint64_t done, rows; /* rows: since the last settled() */
	bool moved;
};

struct file_stream {
	int fd;
	char *temporary;         /* own; NULL for standard output */
	bool complete;           /* an earlier run renamed the file: nothing is left to write */
	bool any;                /* something was put */
	struct df_buf buf;       /* whole lines */
	uint64_t written, begun; /* bytes; begun: of them, what df_write_behind saw to */
	size_t batches, events;  /* in buf */
	struct file_lane *lanes;
	enum df_status status; /* of the first failure: nothing more is accepted */
};

/* Beside the file, under a name that fits into a folder, however long the file's own is. */
static char *temporary_of(const char *path, const char *tail)
{
	const char *base = df_base_name(path);
	char *leaf = df_file_name(base, strlen(base), tail);
	char *temporary = df_format("%.*s%s", (int)(base - path), path, leaf);
	free(leaf);
	return temporary;
}

static struct file_stream *file_new(struct send_stream *st)
{
	struct file_stream *f = df_alloc(sizeof(*f));
	f->fd = -1;
	f->lanes = df_alloc(st->n_lanes * sizeof(*f->lanes));
	st->own = f;
	return f;
}

static void file_free(struct send_stream *st)
{
	struct file_stream *f = st->own;
	df_buf_free(&f->buf);
	free(f->temporary);
	free(f->lanes);
	free(f);
	st->own = NULL;
}

static enum df_status sink_open(struct send_stream *st, struct df_err *err)
{
	const char *path = st->feed->send.sink_path;
	if (path == NULL || *path == '\0')
		return df_fail(DF_USAGE, err, NULL, "the file sink has no path");
	struct stat have;
	bool slash = df_ends_with_slash(path);
	bool there = !slash && stat(path, &have) == 0;
	if (slash || (there && !S_ISREG(have.st_mode)))
		return df_fail(DF_USAGE, err, NULL,
			       "%s is not a regular file: name a file for the batches", path);
	struct file_stream *f = file_new(st);
	/* A file that is one document's gets its name when it has all of what was left. Progress
	 * without it was made with another sink: the rest of the document is still to be
	 * written. */
	f->complete = st->resumed && there && !st->feed->send.sink_append;
	if (f->complete)
		return DF_OK;
	if (st->feed->send.sink_append) {
		char *folder = df_dirname(path);
		enum df_status status = df_unnamed_open(folder, &f->fd, err);
		free(folder);
		if (status != DF_OK)
			file_free(st);
		return status;
	}
	f->temporary = temporary_of(path, ".dropfeed-tmp");
	enum df_status status = send_temporary_open(f->temporary, path, &f->fd, err);
	if (status != DF_OK)
		file_free(st);
	return status;
}

static enum df_status stdout_open(struct send_stream *st, struct df_err *err)
{
	(void)err;
	file_new(st)->fd = STDOUT_FILENO;
	return DF_OK;
}

/* A reader that goes away is an error to report, not a signal to die of. */
static enum df_status write_without_sigpipe(int fd, const struct df_buf *b, struct df_err *err)
{
	sigset_t pipe_set, before, pending;
	sigemptyset(&pipe_set);
	sigaddset(&pipe_set, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &pipe_set, &before);
	errno = 0;
	enum df_status status = df_write_all(fd, b->data, b->len, NULL);
	int why = errno;
	struct timespec now = {0};
	if (status != DF_OK && why == EPIPE && !sigismember(&pending, SIGPIPE))
		while (sigtimedwait(&pipe_set, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (status == DF_OK)
		return DF_OK;
	if (why == EPIPE)
		return df_fail(status, err, NULL, "the reader of standard output has closed it");
	return df_fail(status, err, NULL, "cannot write batches: %s", df_strerror(why));
}

static enum df_status file_settle(struct send_stream *st, struct df_err *err)
{
	struct file_stream *f = st->own;
	uint32_t moved = 0;
	for (uint32_t i = 0; i < st->n_lanes; i++)
		moved += f->lanes[i].moved;
	for (uint32_t i = 0; i < st->n_lanes; i++) {
		struct file_lane *lane = &f->lanes[i];
		if (!lane->moved)
			continue;
		const struct send_settled step = {.lane = i,
						  .done = lane->done,
						  .rows_delivered = lane->rows,
						  .more = --moved > 0};
		enum df_status status = st->events->settled(st->ctx, &step, err);
		if (status != DF_OK)
			return status;
		lane->rows = 0;
		lane->moved = false;
	}
	return DF_OK;
}

static enum df_status file_write(struct send_stream *st, struct df_err *err)
{
	struct file_stream *f = st->own;
	enum df_status status = DF_OK;
	if (f->buf.over)
		return df_fail(DF_FATAL, err, NULL, "a batch is too large to be written");
	if (f->buf.len > 0) {
		if (st->driver == &send_driver_stdout)
			send_touched(st);
		pthread_mutex_lock(&st->sender->out);
		status = write_without_sigpipe(f->fd, &f->buf, err);
		pthread_mutex_unlock(&st->sender->out);
	}
	if (status != DF_OK)
		return status;

	f->written += f->buf.len;
	if (f->temporary != NULL)
		df_write_behind(f->fd, &f->begun, f->written);
	pthread_mutex_lock(&st->sender->lock);
	st->sender->stats.batches += f->batches;
	st->sender->stats.events += f->events;
	st->sender->stats.bytes += f->buf.len;
	pthread_mutex_unlock(&st->sender->lock);
	return st->driver == &send_driver_stdout ? file_settle(st, err) : DF_OK;
}

static enum df_status file_flush(struct send_stream *st, struct df_err *err)
{
	struct file_stream *f = st->own;
	enum df_status status = file_write(st, err);
	df_buf_reset(&f->buf);
	f->batches = f->events = 0;
	return status;
}

static enum df_status file_put(struct send_stream *st, struct batch *b, struct df_err *err)
{
	struct file_stream *f = st->own;
	if (df_stop_requested && f->status == DF_OK)
		f->status = DF_RETRY;
	if (f->status != DF_OK) {
		batch_free(b);
		return df_fail(f->status, err, NULL,
			       df_stop_requested ? "stopped" : "an earlier write has failed");
	}
	if (!f->complete) {
		df_buf_add(&f->buf, b->json, b->json_len);
		df_buf_addc(&f->buf, '\n');
		f->batches++;
		f->events += b->n_events;
	}
	f->any = true;
	f->lanes[b->lane].done = b->lane_position + 1;
	f->lanes[b->lane].rows += b->n_rows;
	f->lanes[b->lane].moved = true;
	batch_free(b);
	if (f->buf.len >= FLUSH_AT || f->buf.over)
		f->status = file_flush(st, err);
	return f->status;
}

static enum df_status stdout_close(struct send_stream *st, bool abandon, struct df_err *err)
{
	struct file_stream *f = st->own;
	enum df_status status = f->status;
	if (status != DF_OK)
		df_fail(status, err, NULL, "not everything was written to standard output");
	else if (!abandon)
		status = file_flush(st, err);
	file_free(st);
	return status;
}

/* The file's name goes to one that has this document's lines after what the file has. */
static enum df_status append_after(struct file_stream *f, int have, const char *path,
				   struct df_err *err)
{
	f->temporary = temporary_of(path, ".dropfeed-add");
	unlink(f->temporary); /* one that a crash left: whoever adds to it has locked the file */
	int out = open(f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot create %s: %s", f->temporary,
			       df_strerror(errno));
	enum df_status status = send_append_copy(have, out, err);
	if (status == DF_OK)
		status = send_append_begin(have, out, err);
	if (status == DF_OK)
		status = send_append_copy(f->fd, out, err);
	df_before("name the file with more batches");
	if (status == DF_OK && (fsync(out) != 0 || rename(f->temporary, path) != 0))
		status =
		    df_fail(DF_RETRY, err, NULL, "cannot finish %s: %s", path, df_strerror(errno));
	df_after("name the file with more batches");
	close(out);
	if (status != DF_OK)
		return status;
	free(f->temporary);
	f->temporary = NULL;
	return df_sync_folder_of(path, err);
}

/* Gives the name to the document's own file, if no file has it yet; sets *done if it did so. */
static enum df_status append_first(const struct file_stream *f, const char *path, bool *done,
				   struct df_err *err)
{
	if (fsync(f->fd) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot write %s: %s", path,
			       df_strerror(errno));
	df_before("name the file with more batches");
	*done = send_append_name(f->fd, path);
	if (!*done && access(path, F_OK) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot create %s: %s", path,
			       df_strerror(errno));
	df_after("name the file with more batches");
	return *done ? df_sync_folder_of(path, err) : DF_OK;
}

/* The file with this document's lines after what it has, under its name at once. Lines that it
 * has already were written by a run that was killed before the ledger had it: ids make them this
 * document's and no other's. Others may have come after them since: nothing says that a run
 * takes up this document first. */
static enum df_status file_append(struct send_stream *st, struct df_err *err)
{
	struct file_stream *f = st->own;
	const char *path = st->feed->send.sink_path;
	int have = -1;
	bool done = false;
	enum df_status status = send_append_open(path, &have, err);
	while (status == DF_OK && have < 0 && !done) {
		status = append_first(f, path, &done, err);
		if (status == DF_OK && !done) /* somebody was quicker */
			status = send_append_open(path, &have, err);
	}
	if (status == DF_OK && !done && !send_append_holds(have, f->fd, err, &status) &&
	    status == DF_OK)
		status = append_after(f, have, path, err);
	if (have >= 0)
		close(have);
	return status;
}

static enum df_status file_publish(struct send_stream *st, struct df_err *err)
{
	struct file_stream *f = st->own;
	const char *path = st->feed->send.sink_path;
	if (st->feed->send.sink_append)
		return file_append(st, err);
	if (fsync(f->fd) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot write %s: %s", f->temporary,
			       df_strerror(errno));
	df_before("name the file of batches");
	/* open until then: without the lock somebody else would take the name for left over */
	if (rename(f->temporary, path) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot finish %s: %s", path,
			       df_strerror(errno));
	df_after("name the file of batches");
	free(f->temporary);
	f->temporary = NULL;
	return df_sync_folder_of(path, err);
}

/* One document after the other: each replaces the file by a longer one. */
static enum df_status sink_publish(struct send_stream *st, struct df_err *err)
{
	const struct file_stream *f = st->own;
	enum df_status status = DF_OK;
	pthread_mutex_lock(&st->sender->out);
	send_touched(st);
	/* All lanes of a file are settled at once: whoever reads it may have taken it away since,
	 * when nothing is left. */
	if (!f->complete && (f->any || !st->resumed))
		status = file_publish(st, err);
	status = status == DF_OK ? file_settle(st, err) : status;
	pthread_mutex_unlock(&st->sender->out);
	return status;
}

static enum df_status sink_finish(struct send_stream *st, struct df_err *err)
{
	if (df_stop_requested)
		return df_fail(DF_RETRY, err, NULL, "stopped before %s was complete",
			       st->feed->send.sink_path);
	enum df_status status = file_flush(st, err);
	return status == DF_OK ? sink_publish(st, err) : status;
}

static enum df_status sink_close(struct send_stream *st, bool abandon, struct df_err *err)
{
	struct file_stream *f = st->own;
	enum df_status status = f->status;
	if (status != DF_OK)
		df_fail(status, err, NULL, "%s was not written", st->feed->send.sink_path);
	else if (!abandon)
		status = sink_finish(st, err);
	if (f->temporary != NULL)
		unlink(f->temporary); /* while it is locked */
	if (f->fd >= 0)
		close(f->fd);
	file_free(st);
	return status;
}

const struct send_driver send_driver_file = {sink_open, file_put, sink_close};
const struct send_driver send_driver_stdout = {stdout_open, file_put, stdout_close};
