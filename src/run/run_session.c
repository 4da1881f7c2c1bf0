/* SPDX-License-Identifier: MIT */
#include "run_session.h"

#include <stdlib.h>
#include <unistd.h>

enum df_status run_session_open(struct run_session *s, const struct conf *conf, struct run_result *result,
				struct df_err *err)
{
	*s = (struct run_session){.lock_fd = -1};
	s->run.conf = conf;
	s->run.result = result;
	s->scratch = df_format("%s/spool", conf->state_dir);
	s->run.scratch = s->scratch;
	pthread_mutex_init(&s->run.lock, NULL);
	char *lock = df_format("%s/lock", conf->state_dir);
	enum df_status st = df_mkdirs(s->scratch, err);
	if (st == DF_OK) {
		st = df_lock_take(lock, &s->lock_fd, &result->busy, err);
	}
	if (st == DF_OK)
		st = ledger_open(conf->state_dir, &s->run.ledger, err);
	if (st == DF_OK)
		s->run.sender = sender_new();
	else
		run_session_close(s);
	free(lock);
	return st;
}

void run_session_close(struct run_session *s)
{
	sender_free(s->run.sender);
	ledger_close(s->run.ledger);
	if (s->lock_fd >= 0)
		close(s->lock_fd); /* and the kernel lets go of the lock */
	pthread_mutex_destroy(&s->run.lock);
	free(s->scratch);
	*s = (struct run_session){.lock_fd = -1};
}

char *run_spool_path(const struct conf *conf, const char *feed, const struct fetch_entry *e)
{
	char hex[DF_SHA256_HEX];
	char *key = df_format("%s\n%llu\n%lld", e->name, (unsigned long long)e->size, (long long)e->mtime);
	struct df_sha256 *h = df_sha256_new();
	df_sha256_add(h, key, strlen(key));
	df_sha256_end(h, hex);
	df_sha256_free(h);
	free(key);
	return df_format("%s/spool/%s/%.32s.drop", conf->state_dir, feed, hex);
}
