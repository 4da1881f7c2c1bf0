/* SPDX-License-Identifier: MIT */
/* Statements and transactions, whatever the database is. */
#include "ledger_priv.h"
#include "ledger_sql.h"

#include "dropfeed/step.h"

void ledger_lock(struct ledger *l)
{
	pthread_mutex_lock(&l->lock);
}

void ledger_unlock(struct ledger *l)
{
	pthread_mutex_unlock(&l->lock);
}

enum df_status ledger_sync(struct ledger *l, bool each, struct df_err *err)
{
	if (l->driver->in_transaction(l)) /* it is the commit that syncs, or not */
		return !each || l->syncing ? DF_OK
					   : df_fail(DF_FATAL, err, NULL,
						     "a change that has to be synced is part of a "
						     "transaction that is not");
	l->syncing = each;
	return DF_OK;
}

/* Once a sync has failed, what it should have written may be lost, and a later one says nothing of
 * that. */
static enum df_status flush_upto(struct ledger *l, uint64_t commit, struct df_err *err)
{
	pthread_mutex_lock(&l->flushing);
	enum df_status st = l->flush_status;
	if (st != DF_OK) {
		df_fail(st, err, NULL, "the log of the ledger %s could not be synced before",
			l->path);
	} else if (l->flushed < commit) {
		uint64_t made = atomic_load(&l->commits);
		st = l->flush_status = l->driver->flush(l, err);
		l->flushed = made;
	}
	pthread_mutex_unlock(&l->flushing);
	return st;
}

enum df_status ledger_unlock_synced(struct ledger *l, enum df_status st, struct df_err *err)
{
	bool wanted =
	    st == DF_OK && l->syncing && l->driver->flush != NULL && !l->driver->in_transaction(l);
	uint64_t commit = wanted ? atomic_fetch_add(&l->commits, 1) + 1 : 0;
	ledger_unlock(l);
	return wanted ? flush_upto(l, commit, err) : st;
}

uint64_t ledger_mark(struct ledger *l)
{
	return l->driver->flush != NULL ? atomic_fetch_add(&l->commits, 1) + 1 : 0;
}

bool ledger_reached(struct ledger *l, uint64_t mark)
{
	if (pthread_mutex_trylock(&l->flushing) != 0)
		return mark == 0;
	bool reached = l->flush_status == DF_OK && l->flushed >= mark;
	pthread_mutex_unlock(&l->flushing);
	return reached;
}

enum df_status ledger_reach(struct ledger *l, uint64_t mark, struct df_err *err)
{
	return mark > 0 ? flush_upto(l, mark, err) : DF_OK;
}

enum df_status ledger_exec(struct ledger *l, const char *sql, const char *what, struct df_err *err)
{
	return l->driver->exec(l, sql, what, err);
}

enum df_status ledger_bind_values(struct ledger *l, struct ledger_stmt *s, struct df_err *err,
				  const char *format, va_list values)
{
	bool good = true;
	for (int i = 0; format[i] != '\0' && good; i++) {
		if (format[i] == 't')
			good = l->driver->bind_text(s, i + 1, va_arg(values, const char *));
		else
			good =
			    l->driver->bind_integer(s, i + 1, format[i], va_arg(values, int64_t));
	}
	return good ? DF_OK : l->driver->failed(l, "prepare a statement", err);
}

enum df_status ledger_bind_list(struct ledger *l, int which, struct ledger_stmt **out,
				struct df_err *err, const char *format, va_list values)
{
	struct ledger_stmt **kept = &l->statements[which];
	if (*kept == NULL) {
		enum df_status st =
		    l->driver->prepare(l, ledger_statements[which], which, kept, err);
		if (st != DF_OK)
			return st;
	}
	l->driver->reset(*kept);
	l->driver->clear(*kept);
	*out = *kept;
	return ledger_bind_values(l, *kept, err, format, values);
}

enum df_status ledger_bind(struct ledger *l, int which, struct ledger_stmt **out,
			   struct df_err *err, const char *format, ...)
{
	va_list values;
	va_start(values, format);
	enum df_status st = ledger_bind_list(l, which, out, err, format, values);
	va_end(values);
	return st;
}

enum df_status ledger_step(struct ledger *l, struct ledger_stmt *s, const char *what,
			   struct df_err *err)
{
	enum df_status st = l->driver->step(l, s, what, err);
	if (st != DF_OK)
		ledger_reset(s);
	return st;
}

enum df_status ledger_run(struct ledger *l, struct ledger_stmt *s, const char *what,
			  struct df_err *err)
{
	df_before(what);
	enum df_status st = ledger_step(l, s, what, err);
	df_after(what);
	return st == DF_END ? DF_OK : st;
}

static enum df_status change_list(struct ledger *l, const struct ledger_change *c,
				  struct df_err *err, const char *format, va_list values)
{
	struct ledger_stmt *s = NULL;
	enum df_status st = ledger_sync(l, c->sync, err);
	if (st != DF_OK)
		return st;
	st = ledger_bind_list(l, c->which, &s, err, format, values);
	if (st != DF_OK)
		return st;
	st = ledger_run(l, s, c->what, err);
	if (st != DF_OK || !c->one || ledger_changes(l) == 1)
		return st;
	return df_fail(DF_FATAL, err, NULL,
		       "cannot %s: the ledger %s does not have it, or not in that state", c->what,
		       l->path);
}

static int64_t first_value(va_list values)
{
	va_list copy;
	va_copy(copy, values);
	int64_t id = va_arg(copy, int64_t);
	va_end(copy);
	return id;
}

enum df_status ledger_change(struct ledger *l, const struct ledger_change *c, struct df_err *err,
			     const char *format, ...)
{
	enum df_status st = DF_OK;
	va_list values;
	ledger_lock(l);
	bool fenced = l->claims != NULL && c->of != LEDGER_OF_NOTHING && l->fenced == 0;
	va_start(values, format);
	if (fenced)
		st = ledger_enter_on(l, c->sync, c->of, first_value(values), err);
	if (st != DF_OK)
		goto cleanup;
	st = change_list(l, c, err, format, values);
	st = fenced ? ledger_leave(l, st, err) : st;
cleanup:
	va_end(values);
	return ledger_unlock_synced(l, st, err);
}

static enum df_status first_row(struct ledger *l, const struct ledger_lookup *q, struct df_err *err,
				const char *format, va_list values)
{
	struct ledger_stmt *s = NULL;
	enum df_status st = ledger_bind_list(l, q->which, &s, err, format, values);
	if (st != DF_OK)
		return st;
	st = ledger_step(l, s, q->what, err);
	if (st != DF_OK)
		return st;
	if (q->row != NULL)
		q->row(q->out, l, s);
	ledger_reset(s);
	return DF_OK;
}

enum df_status ledger_first(struct ledger *l, const struct ledger_lookup *q, struct df_err *err,
			    const char *format, ...)
{
	va_list values;
	ledger_lock(l);
	va_start(values, format);
	enum df_status st = first_row(l, q, err, format, values);
	va_end(values);
	ledger_unlock(l);
	return st;
}

void ledger_row_int(void *out, const struct ledger *l, struct ledger_stmt *s)
{
	(void)l;
	*(int64_t *)out = ledger_int(s, 0);
}

enum df_status ledger_begin(struct ledger *l, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	enum df_status st = ledger_bind(l, ST_BEGIN, &s, err, "");
	return st == DF_OK ? ledger_run(l, s, "begin a transaction", err) : st;
}

enum df_status ledger_enter(struct ledger *l, bool sync, struct df_err *err)
{
	ledger_lock(l);
	enum df_status st = ledger_sync(l, sync, err);
	if (st != DF_OK)
		goto cleanup;
	st = l->nested == 0 ? ledger_begin(l, err) : DF_OK;
	if (st != DF_OK)
		goto cleanup;
	l->nested++;
	return DF_OK; /* ledger_leave unlocks */
cleanup:
	ledger_unlock(l);
	return st;
}

enum df_status ledger_enter_on(struct ledger *l, bool sync, enum ledger_of of, int64_t id,
			       struct df_err *err)
{
	if (l->claims == NULL)
		return ledger_enter(l, sync, err);
	ledger_lock(l);
	enum df_status st = l->fenced != 0 ? DF_OK : l->ensure(l, of, id, err);
	if (st == DF_OK)
		st = ledger_enter(l, sync, err);
	ledger_unlock(l); /* ledger_enter has it once more */
	if (st != DF_OK || l->fenced != 0)
		return st;
	st = l->fence(l, of, id, err);
	return st == DF_OK ? DF_OK : ledger_leave(l, st, err);
}

static enum df_status commit(struct ledger *l, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	enum df_status st = ledger_bind(l, ST_COMMIT, &s, err, "");
	return st == DF_OK ? ledger_run(l, s, "commit", err) : st;
}

enum df_status ledger_end(struct ledger *l, enum df_status st, struct df_err *err)
{
	struct df_err ignored = {0};
	st = st == DF_OK ? commit(l, err) : st;
	if (st != DF_OK && l->driver->in_transaction(l) &&
	    ledger_exec(l, SQL_ROLLBACK, "roll back", &ignored) != DF_OK)
		df_log(DF_LOG_DEBUG, "%s", ignored.text);
	return st;
}

enum df_status ledger_leave(struct ledger *l, enum df_status st, struct df_err *err)
{
	l->nested--;
	if (l->nested == 0) {
		st = ledger_end(l, st, err);
		l->fenced = 0;
	}
	return ledger_unlock_synced(l, st, err);
}
