/* SPDX-License-Identifier: MIT */
/* Opening and closing the ledger. */
#include "ledger_priv.h"
#include "ledger_sql.h"
#include "ledger_sqlite.h"

#include <stdlib.h>

const char *ledger_state_name(enum ledger_state s)
{
	switch (s) {
	case LEDGER_PULLED:
		return "pulled";
	case LEDGER_CHECKED:
		return "checked";
	case LEDGER_SENDING:
		return "sending";
	case LEDGER_DONE:
		return "done";
	case LEDGER_REFUSED:
		return "refused";
	case LEDGER_ABANDONED:
		return "abandoned";
	}
	return "unknown";
}

static struct ledger *ledger_new(const char *state_dir)
{
	struct ledger *l = df_alloc(sizeof(*l));
	pthread_mutexattr_t attr;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&l->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	size_t n = strlen(state_dir);
	while (n > 1 && state_dir[n - 1] == '/')
		n--;
	l->dir = df_strndup(state_dir, n);
	l->path = df_format("%s/ledger.db", l->dir);
	l->driver = &ledger_sqlite;
	l->statements = df_alloc(ST_COUNT * sizeof(struct ledger_stmt *));
	return l;
}

void ledger_close(struct ledger *l)
{
	if (l == NULL)
		return;
	for (int i = 0; i < ST_COUNT; i++)
		ledger_finalize(l->statements[i]);
	ledger_finalize(l->documents);
	l->driver->close(l);
	pthread_mutex_destroy(&l->lock);
	free((void *)l->statements);
	free(l->path);
	free(l->dir);
	free(l);
}

enum df_status ledger_open(const char *state_dir, struct ledger **out, struct df_err *err)
{
	enum df_status st = df_mkdirs(state_dir, err);
	if (st != DF_OK)
		return st;
	struct ledger *l = ledger_new(state_dir);
	st = ledger_sqlite_open(l, err);
	if (st == DF_OK)
		*out = l;
	else
		ledger_close(l);
	return st;
}

enum df_status ledger_open_readonly(const char *state_dir, struct ledger **out, struct df_err *err)
{
	struct ledger *l = ledger_new(state_dir);
	enum df_status st = ledger_sqlite_readonly(l, err);
	if (st == DF_OK)
		*out = l;
	else
		ledger_close(l);
	return st;
}
