/* SPDX-License-Identifier: MIT */
/* Opening and closing the ledger. */
#include "ledger_postgres.h"
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
	case LEDGER_LISTED:
		return "listed";
	}
	return "unknown";
}

/* ---- opening and closing ---- */

static struct ledger *ledger_new(const struct ledger_where *where)
{
	struct ledger *l = df_alloc(sizeof(*l));
	pthread_mutexattr_t attr;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&l->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	pthread_mutex_init(&l->flushing, NULL);
	size_t n = strlen(where->state_dir);
	while (n > 1 && where->state_dir[n - 1] == '/')
		n--;
	l->dir = df_strndup(where->state_dir, n);
	l->path = ledger_where_name(where);
	l->node = ledger_where_node(where);
	l->driver = &ledger_sqlite;
#ifdef HAVE_LIBPQ
	if (where->url != NULL)
		l->driver = &ledger_postgres;
#endif
	l->statements = df_alloc(ST_COUNT * sizeof(struct ledger_stmt *));
	return l;
}

void ledger_close(struct ledger *l)
{
	if (l == NULL)
		return;
	ledger_part(l);
	for (int i = 0; i < ST_COUNT; i++)
		ledger_finalize(l->statements[i]);
	ledger_finalize(l->documents);
	l->driver->close(l);
	pthread_mutex_destroy(&l->flushing);
	pthread_mutex_destroy(&l->lock);
	free((void *)l->statements);
	free(l->node);
	free(l->path);
	free(l->dir);
	free(l);
}

#ifndef HAVE_LIBPQ
static enum df_status no_libpq(const struct ledger *l, struct df_err *err)
{
	return df_fail(DF_USAGE, err, NULL, "this build has no libpq: it cannot use the ledger %s",
		       l->path);
}
#endif

static enum df_status open_by_driver(struct ledger *l, const struct ledger_where *where,
				     struct df_err *err)
{
	if (where->url == NULL)
		return ledger_sqlite_open(l, err);
#ifdef HAVE_LIBPQ
	return ledger_postgres_open(l, where, err);
#else
	return no_libpq(l, err);
#endif
}

static enum df_status read_by_driver(struct ledger *l, const struct ledger_where *where,
				     int64_t *version, struct df_err *err)
{
	if (where->url == NULL)
		return ledger_sqlite_readonly(l, version, err);
#ifdef HAVE_LIBPQ
	return ledger_postgres_readonly(l, where, version, err);
#else
	return no_libpq(l, err);
#endif
}

static enum df_status open_readonly(struct ledger *l, const struct ledger_where *where,
				    struct df_err *err)
{
	int64_t version = 0;
	enum df_status st = read_by_driver(l, where, &version, err);
	if (st != DF_OK || version >= LEDGER_VERSION)
		return st;
	return df_fail(DF_FATAL, err, NULL,
		       "the ledger %s was made by an older dropfeed: 'dropfeed run' brings it up "
		       "to date",
		       l->path);
}

enum df_status ledger_open_at(const struct ledger_where *where, struct ledger **out,
			      struct df_err *err)
{
	enum df_status st = df_mkdirs(where->state_dir, err);
	if (st != DF_OK)
		return st;
	struct ledger *l = ledger_new(where);
	st = open_by_driver(l, where, err);
	if (st != DF_OK) {
		ledger_close(l);
		return st;
	}
	*out = l;
	return DF_OK;
}

enum df_status ledger_open_at_readonly(const struct ledger_where *where, struct ledger **out,
				       struct df_err *err)
{
	struct ledger *l = ledger_new(where);
	enum df_status st = open_readonly(l, where, err);
	if (st != DF_OK) {
		ledger_close(l);
		return st;
	}
	*out = l;
	return DF_OK;
}

enum df_status ledger_open(const char *state_dir, struct ledger **out, struct df_err *err)
{
	return ledger_open_at(&(struct ledger_where){.state_dir = state_dir}, out, err);
}

enum df_status ledger_open_readonly(const char *state_dir, struct ledger **out, struct df_err *err)
{
	return ledger_open_at_readonly(&(struct ledger_where){.state_dir = state_dir}, out, err);
}
