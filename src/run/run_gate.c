/* SPDX-License-Identifier: MIT */
#include "run_gate.h"

#include "dropfeed/thread.h"

#include <stdlib.h>

enum { PER_LOGIN = 8, IN_ALL = 64, LOOK_EVERY_MS = 200 };

struct login {
	/* borrowed: the first one with this user, host and port */
	const struct conf_source *source;
	unsigned inside, waiting;
	struct fetch *kept[PER_LOGIN]; /* own: connections for those who wait */
	unsigned n_kept;
	struct login *next;
};

struct run_gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct login *logins; /* own */
	unsigned inside;
};

struct run_gate *run_gate_new(void)
{
	struct run_gate *gate = df_alloc(sizeof(*gate));

	pthread_mutex_init(&gate->lock, NULL);
	df_cond_init(&gate->changed);
	return gate;
}

void run_gate_free(struct run_gate *gate)
{
	if (gate == NULL)
		return;
	for (struct login *l; (l = gate->logins) != NULL; free(l)) {
		gate->logins = l->next;
		for (unsigned i = 0; i < l->n_kept; i++)
			fetch_close(l->kept[i]);
	}
	pthread_mutex_destroy(&gate->lock);
	pthread_cond_destroy(&gate->changed);
	free(gate);
}

static struct login *login_of(struct run_gate *gate, const struct conf_source *source)
{
	for (struct login *l = gate->logins; l != NULL; l = l->next)
		if (strcmp(l->source->user, source->user) == 0 &&
		    strcmp(l->source->host, source->host) == 0 && l->source->port == source->port)
			return l;

	struct login *l = df_alloc(sizeof(*l));
	*l = (struct login){.source = source, .next = gate->logins};
	return gate->logins = l;
}

static bool is_needed(const struct run_gate *gate, const struct conf_source *source)
{
	return gate != NULL && source->kind == CONF_SOURCE_SFTP;
}

bool run_gate_enter(struct run_gate *gate, const struct conf_source *source)
{
	if (!is_needed(gate, source))
		return true;

	pthread_mutex_lock(&gate->lock);
	struct login *l = login_of(gate, source);
	l->waiting++;
	while (!df_stop_requested && (l->inside >= PER_LOGIN || gate->inside >= IN_ALL))
		df_cond_wait(&gate->changed, &gate->lock, LOOK_EVERY_MS);
	l->waiting--;
	bool in = !df_stop_requested;
	l->inside += in;
	gate->inside += in;
	pthread_mutex_unlock(&gate->lock);
	return in;
}

void run_gate_leave(struct run_gate *gate, const struct conf_source *source)
{
	if (!is_needed(gate, source))
		return;

	pthread_mutex_lock(&gate->lock);
	login_of(gate, source)->inside--;
	gate->inside--;
	pthread_cond_broadcast(&gate->changed);
	pthread_mutex_unlock(&gate->lock);
}

bool run_gate_keep(struct run_gate *gate, const struct conf_source *source, struct fetch *fetch)
{
	if (!is_needed(gate, source) || fetch_broken(fetch))
		return false;

	pthread_mutex_lock(&gate->lock);
	struct login *l = login_of(gate, source);
	bool wanted = l->n_kept < l->waiting && l->n_kept < PER_LOGIN && !df_stop_requested;
	if (wanted)
		l->kept[l->n_kept++] = fetch;
	pthread_mutex_unlock(&gate->lock);
	return wanted;
}

struct fetch *run_gate_take(struct run_gate *gate, const struct conf_feed *feed)
{
	if (!is_needed(gate, &feed->fetch.source))
		return NULL;

	pthread_mutex_lock(&gate->lock);
	struct login *l = login_of(gate, &feed->fetch.source);
	unsigned at = 0;
	while (at < l->n_kept && !fetch_serves(l->kept[at], feed))
		at++;
	bool serves = at < l->n_kept;
	if (!serves && l->n_kept > 0) /* another one is opened in its place */
		at = l->n_kept - 1;
	struct fetch *out = at < l->n_kept ? l->kept[at] : NULL;
	if (out != NULL)
		l->kept[at] = l->kept[--l->n_kept];
	pthread_mutex_unlock(&gate->lock);
	if (serves)
		return out;
	fetch_close(out);
	return NULL;
}
