/* SPDX-License-Identifier: MIT */
/* A closed file's bytes leave the spool when the disk knows that it is closed. To sync the ledger
 * for that alone would take longer than to deliver a small file: the next file that is begun does
 * it, a worker that has nothing else to do, or the run's end. To remove it takes as long where the
 * disk is writing: it is not done by the worker that sends, as the next file waits for that one. */
#include "run_priv.h"

#include "dropfeed/step.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct run_spent {
	char *path; /* own */
	uint64_t mark;
	struct run_spent *next;
};

static void spent_remove(const char *path)
{
	df_before("remove a file from the spool");
	if (unlink(path) != 0 && errno != ENOENT)
		df_log(DF_LOG_WARN, "cannot remove %s from the spool: %s", path, strerror(errno));
	df_after("remove a file from the spool");
}

/* Takes those out of the list that the disk knows of. */
static struct run_spent *spent_take(struct run *run)
{
	struct run_spent *taken = NULL;
	pthread_mutex_lock(&run->lock);
	for (struct run_spent **link = &run->spent; *link != NULL;) {
		struct run_spent *s = *link;
		if (!ledger_reached(run->env.ledger, s->mark)) {
			link = &s->next;
			continue;
		}
		*link = s->next;
		s->next = taken;
		taken = s;
	}
	pthread_mutex_unlock(&run->lock);
	return taken;
}

void run_spent_sweep(struct run *run)
{
	for (struct run_spent *s = spent_take(run), *next = NULL; s != NULL; s = next) {
		next = s->next;
		spent_remove(s->path);
		free(s->path);
		free(s);
	}
}

void run_spent_add(struct run *run, const char *spool)
{
	if (spool != NULL) {
		struct run_spent *s = df_alloc(sizeof(*s));
		*s = (struct run_spent){.path = df_strdup(spool),
					.mark = ledger_mark(run->env.ledger)};
		pthread_mutex_lock(&run->lock);
		s->next = run->spent;
		run->spent = s;
		pthread_mutex_unlock(&run->lock);
	}
	if (run->pool == NULL) /* nobody comes back to it */
		run_spent_free(run);
}

void run_spent_free(struct run *run)
{
	struct df_err err = {0};
	enum df_status st = run_spent_end(run, &err);
	if (st == DF_OK)
		return;
	df_log_err(DF_LOG_ERROR, &err);
	pthread_mutex_lock(&run->lock);
	run_note_status(run->result, st);
	struct run_spent *s = run->spent;
	run->spent = NULL;
	pthread_mutex_unlock(&run->lock);
	for (struct run_spent *next = NULL; s != NULL; s = next) {
		next = s->next;
		free(s->path);
		free(s);
	}
}

bool run_spent_any(struct run *run)
{
	pthread_mutex_lock(&run->lock);
	bool any = run->spent != NULL && !run->spent_stays;
	pthread_mutex_unlock(&run->lock);
	return any;
}

enum df_status run_spent_end(struct run *run, struct df_err *err)
{
	pthread_mutex_lock(&run->lock);
	bool any = run->spent != NULL;
	pthread_mutex_unlock(&run->lock);
	if (!any)
		return DF_OK;
	enum df_status st = ledger_reach(run->env.ledger, ledger_mark(run->env.ledger), err);
	pthread_mutex_lock(&run->lock);
	run->spent_stays = st != DF_OK;
	pthread_mutex_unlock(&run->lock);
	if (st != DF_OK)
		return st;
	run_spent_sweep(run);
	return DF_OK;
}
