/* SPDX-License-Identifier: MIT */
/*
 * The wait for GnuPG. GPGME's own never ends: a GnuPG that waits for a stale lock, or for an agent
 * that hangs, would block this run, and every later one, until somebody intervenes. So the
 * descriptors are watched here ("Using External Event Loops" in GPGME's manual), and the wait ends
 * when nothing moves for stall_timeout, or when the run is to stop.
 */
#include "decode_gpg_priv.h"

#include <poll.h>
#include <string.h>

enum { WATCHED_MAX = 16, SLICE_MS = 200, STALL_DEFAULT_MS = 60000 };

/* One of the pipes to GnuPG: GPGME has about five. */
struct gpg_watch {
	int fd;
	short events;
	gpgme_io_cb_t call; /* NULL: the place is free */
	void *data;
};

struct gpg_loop {
	struct gpg_watch watched[WATCHED_MAX];
	bool done;
	gpgme_error_t e; /* what it came to */
};

static gpgme_error_t gpg_watch_add(void *loop, int fd, int reads, gpgme_io_cb_t call, void *data,
				   void **tag)
{
	struct gpg_loop *l = loop;
	for (size_t i = 0; i < WATCHED_MAX; i++) {
		if (l->watched[i].call != NULL)
			continue;
		l->watched[i] = (struct gpg_watch){fd, reads ? POLLIN : POLLOUT, call, data};
		*tag = &l->watched[i];
		return 0;
	}
	return gpgme_error(GPG_ERR_EMFILE);
}

static void gpg_watch_remove(void *tag)
{
	*(struct gpg_watch *)tag = (struct gpg_watch){.fd = -1};
}

static void gpg_event(void *loop, gpgme_event_io_t type, void *data)
{
	struct gpg_loop *l = loop;
	if (type != GPGME_EVENT_DONE)
		return;
	l->done = true;
	l->e = ((gpgme_io_event_done_data_t)data)->err;
}

/* Calls GPGME for each descriptor that something may be done with, and returns how many there
 * were. A call may remove others, and put new ones in their places. */
static int gpg_turn(struct gpg_loop *l)
{
	struct pollfd fds[WATCHED_MAX];
	struct gpg_watch seen[WATCHED_MAX];
	memcpy(seen, l->watched, sizeof(seen));
	for (size_t i = 0; i < WATCHED_MAX; i++)
		fds[i] = (struct pollfd){seen[i].call != NULL ? seen[i].fd : -1, seen[i].events, 0};
	int ready = poll(fds, WATCHED_MAX, SLICE_MS);
	for (size_t i = 0; i < WATCHED_MAX && ready > 0 && !l->done; i++) {
		const struct gpg_watch *w = &l->watched[i];
		if (fds[i].revents != 0 && w->fd == seen[i].fd && w->call == seen[i].call &&
		    w->data == seen[i].data)
			/* what it returns comes with GPGME_EVENT_DONE, too */
			(void)w->call(w->data, w->fd);
	}
	return ready;
}

static enum df_status gpg_stalled(const struct decode_gpg_run *run, int64_t stall)
{
	const char *home = run->feed->decode.gnupg_home;
	return df_fail(DF_RETRY, run->err, NULL,
		       "GnuPG did nothing for %g seconds (stall_timeout): see whether gpg-agent "
		       "answers, and whether a lock "
		       "(*.lock) was left in %s",
		       (double)stall / 1000, home != NULL ? home : "GnuPG's home");
}

gpgme_error_t decode_gpg_wait(struct decode_gpg_run *run, gpgme_ctx_t ctx,
			      const struct decode_gpg_job *job)
{
	struct gpg_loop l = {0};
	struct gpgme_io_cbs calls = {gpg_watch_add, &l, gpg_watch_remove, gpg_event, &l};
	int64_t stall = run->feed->fetch.stall_timeout_ms > 0 ? run->feed->fetch.stall_timeout_ms
							      : STALL_DEFAULT_MS;
	gpgme_set_io_cbs(ctx, &calls);
	gpgme_error_t e =
	    job->recipients == NULL
		? gpgme_op_decrypt_verify_start(ctx, job->in, job->out)
		: gpgme_op_encrypt_start(ctx, job->recipients, GPGME_ENCRYPT_ALWAYS_TRUST, job->in,
					 job->out);
	int64_t moved = df_monotonic_ms();
	while (e == 0 && !l.done) {
		int ready = gpg_turn(&l);
		int64_t now = df_monotonic_ms();
		if (ready > 0) {
			moved = now; /* what this side took for its part is not GnuPG's stall */
			continue;
		}
		if (run->st == DF_OK && df_stop_requested)
			run->st = decode_stopped(run->err);
		else if (run->st == DF_OK && now - moved >= stall)
			run->st = gpg_stalled(run, stall);
		if (run->st != DF_OK)
			e = gpgme_cancel(ctx);
	}

	/* later calls on the context, as for diagnostics, would find this frame gone */
	gpgme_set_io_cbs(ctx, NULL);
	return e != 0 ? e : l.e;
}
