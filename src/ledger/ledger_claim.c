/* SPDX-License-Identifier: MIT */
/* Claims, leases and fences: the protocol is in ledger_claim.h. */
#include "ledger_claim.h"

#include "dropfeed/step.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

int64_t ledger_boot_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t ledger_lease_ms(void)
{
	return df_faults_ms("DROPFEED_LEASE_MS", LEASE_MS);
}

/* Stops in time, whatever the two clocks do to each other. */
static int64_t lease_left(const struct claim *c)
{
	return c->renewed_ms + ledger_lease_ms() * 3 / 4 - ledger_boot_ms();
}

/* ---- statements of PostgreSQL alone ---- */

static enum df_status once_list(struct ledger *l, const char *sql, struct ledger_stmt **out,
				struct df_err *err, const char *format, va_list values)
{
	enum df_status st = l->driver->prepare(l, sql, -1, out, err);
	return st == DF_OK ? ledger_bind_values(l, *out, err, format, values) : st;
}

enum df_status ledger_once(struct ledger *l, const char *sql, struct ledger_stmt **out,
			   struct df_err *err, const char *format, ...)
{
	va_list values;
	va_start(values, format);
	enum df_status st = once_list(l, sql, out, err, format, values);
	va_end(values);
	return st;
}

enum df_status ledger_once_run(struct ledger *l, const char *sql, struct df_err *err,
			       const char *format, ...)
{
	struct ledger_stmt *s = NULL;
	va_list values;
	ledger_lock(l);
	va_start(values, format);
	enum df_status st = once_list(l, sql, &s, err, format, values);
	va_end(values);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_step(l, s, "write the ledger", err);
cleanup:
	ledger_finalize(s);
	ledger_unlock(l);
	return st == DF_END ? DF_OK : st;
}

/* ---- what this process has ---- */

/* With c->lock. NULL: nothing is known of it. */
static struct claim *find(struct ledger_claims *c, int64_t file)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].file == file)
			return &c->v[i];
	return NULL;
}

static void note(struct ledger_claims *c, const struct claim *claim)
{
	pthread_mutex_lock(&c->lock);
	struct claim *there = find(c, claim->file);
	if (there == NULL) {
		if (c->n == c->room) {
			c->room = c->room > 0 ? 2 * c->room : 16;
			c->v = df_realloc(c->v, c->room * sizeof(*c->v));
		}
		there = &c->v[c->n++];
	}
	*there = *claim;
	pthread_mutex_unlock(&c->lock);
}

bool ledger_claim_look(struct ledger_claims *c, int64_t file, struct claim *out)
{
	pthread_mutex_lock(&c->lock);
	const struct claim *there = find(c, file);
	if (there != NULL)
		*out = *there;
	pthread_mutex_unlock(&c->lock);
	return there != NULL;
}

static void mark(struct ledger_claims *c, int64_t file, enum claim_state state)
{
	pthread_mutex_lock(&c->lock);
	struct claim *there = find(c, file);
	if (there != NULL)
		there->state = state;
	pthread_mutex_unlock(&c->lock);
}

static void mark_taking(struct ledger_claims *c, int64_t file, bool taking)
{
	pthread_mutex_lock(&c->lock);
	struct claim *there = find(c, file);
	if (there != NULL)
		there->taking = taking;
	pthread_mutex_unlock(&c->lock);
}

void ledger_taken(struct ledger *l, int64_t file)
{
	if (l->claims != NULL)
		mark_taking(l->claims, file, false);
}

/* "NODE/PLACE/PROCESS": the node, for messages. */
static int node_length(const char *holder)
{
	return (int)strcspn(holder, "/");
}

static enum df_status taken_over(struct ledger *l, int64_t file, const char *holder,
				 struct df_err *err)
{
	mark(l->claims, file, CLAIM_LOST);
	if (holder == NULL || holder[0] == '\0')
		return df_fail(DF_RETRY, err, "taken-over", "taken over by another host");
	return df_fail(DF_RETRY, err, "taken-over", "taken over by %.*s", node_length(holder),
		       holder);
}

/* ---- claim and release ---- */

static enum df_status claim_refused(struct ledger *l, int64_t file, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	enum df_status st = ledger_once(l, SQL_CLAIM_HOLDER, &s, err, "i", file);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_step(l, s, "read who holds a file", err);
	if (st != DF_OK)
		goto cleanup;
	const char *holder = ledger_text(s, 0), *origin = ledger_text(s, 1);
	if (origin != NULL && strcmp(origin, l->node) != 0)
		st = df_fail(DF_RETRY, err, "taken-over",
			     "its bytes are on %s only: no other host can go on with it", origin);
	else
		st = df_fail(DF_RETRY, err, "taken-over", "%.*s is working on it",
			     holder != NULL ? node_length(holder) : 12,
			     holder != NULL ? holder : "another host");
cleanup:
	ledger_finalize(s);
	return st == DF_END ? df_fail(DF_FATAL, err, NULL, "the ledger %s has no file %" PRId64,
				      l->path, file)
			    : st;
}

static enum df_status claim_now(struct ledger *l, int64_t file, struct df_err *err)
{
	struct ledger_claims *c = l->claims;
	struct ledger_stmt *s = NULL;
	struct claim claim = {.file = file, .renewed_ms = ledger_boot_ms()};
	enum df_status st = ledger_once(l, SQL_CLAIM, &s, err, "iittt", file, ledger_lease_ms(),
					c->me, c->place, l->node);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_step(l, s, "claim a file", err);
	if (st != DF_OK)
		goto cleanup;
	claim.epoch = ledger_int(s, 0);
	claim.crashes = ledger_int(s, 1);
	claim.file_state = ledger_int(s, 2);
	note(c, &claim);
cleanup:
	ledger_finalize(s);
	return st == DF_END ? claim_refused(l, file, err) : st;
}

enum df_status ledger_claim(struct ledger *l, int64_t file, struct ledger_claimed *out,
			    struct df_err *err)
{
	struct claim claim = {0};
	struct df_err why = {0};
	enum df_status st = DF_OK;
	*out = (struct ledger_claimed){0};
	if (l->claims == NULL)
		return DF_OK;
	ledger_lock(l);
	if (!ledger_claim_look(l->claims, file, &claim) || claim.state != CLAIM_HELD ||
	    lease_left(&claim) <= 0)
		st = claim_now(l, file, &why);
	ledger_unlock(l);
	if (st == DF_RETRY && strcmp(why.code, "taken-over") == 0) {
		df_log(DF_LOG_DEBUG, "file %" PRId64 ": %s", file, why.text);
		return DF_END;
	}
	if (st != DF_OK) {
		*err = why;
		return st;
	}
	mark_taking(l->claims, file, true);
	if (ledger_claim_look(l->claims, file, &claim))
		*out = (struct ledger_claimed){.state = (enum ledger_state)claim.file_state,
					       .crashes = (uint64_t)claim.crashes};
	return DF_OK;
}

/* With c->lock. */
static void claim_forget(struct ledger_claims *c, int64_t file)
{
	struct claim *there = find(c, file);
	if (there != NULL)
		*there = c->v[--c->n];
}

void ledger_release(struct ledger *l, int64_t file, bool again)
{
	struct claim claim = {0};
	struct df_err err = {0};
	if (l->claims == NULL || !ledger_claim_look(l->claims, file, &claim) ||
	    claim.state != CLAIM_HELD)
		return;
	mark(l->claims, file, CLAIM_LEFT);
	if (ledger_once_run(l, SQL_RELEASE, &err, "iti", file, l->claims->me, claim.epoch) != DF_OK)
		df_log(DF_LOG_DEBUG, "%s", err.text);
	if (!again)
		return;
	pthread_mutex_lock(&l->claims->lock);
	claim_forget(l->claims, file);
	pthread_mutex_unlock(&l->claims->lock);
}

bool ledger_is_lost(struct ledger *l, int64_t file)
{
	struct claim claim = {0};
	return l->claims != NULL && ledger_claim_look(l->claims, file, &claim) &&
	       claim.state == CLAIM_LOST;
}

enum df_status ledger_held(struct ledger *l, int64_t file, int64_t *left_ms, struct df_err *err)
{
	struct claim claim = {0};
	*left_ms = INT64_MAX;
	if (l->claims == NULL || !ledger_claim_look(l->claims, file, &claim))
		return DF_OK;
	*left_ms = lease_left(&claim);
	if (claim.state == CLAIM_LOST)
		return df_fail(DF_RETRY, err, "taken-over", "taken over by another host");
	if (*left_ms > 0)
		return DF_OK;
	return df_fail(DF_RETRY, err, LEDGER_UNREACHABLE,
		       "the lease on it ran out, as the ledger %s could not be reached", l->path);
}

/* ---- the fence ---- */

static int64_t file_known(struct ledger_claims *c, int64_t document)
{
	pthread_mutex_lock(&c->lock);
	struct claim_of of = c->of[(uint64_t)document % LEDGER_OF_FILES];
	pthread_mutex_unlock(&c->lock);
	return of.document == document ? of.file : 0;
}

static void file_note(struct ledger_claims *c, int64_t document, int64_t file)
{
	pthread_mutex_lock(&c->lock);
	c->of[(uint64_t)document % LEDGER_OF_FILES] =
	    (struct claim_of){.document = document, .file = file};
	pthread_mutex_unlock(&c->lock);
}

bool ledger_claim_of_document(struct ledger *l, int64_t document, struct claim *out)
{
	int64_t file = file_known(l->claims, document);
	return file != 0 && ledger_claim_look(l->claims, file, out);
}

static enum df_status file_of(struct ledger *l, enum ledger_of of, int64_t id, int64_t *file,
			      struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	*file = of == LEDGER_OF_FILE ? id : file_known(l->claims, id);
	if (*file != 0)
		return DF_OK;
	enum df_status st = ledger_once(l, SQL_FILE_OF_DOCUMENT, &s, err, "i", id);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_step(l, s, "look up a document", err);
	if (st != DF_OK)
		goto cleanup;
	file_note(l->claims, id, *file = ledger_int(s, 0));
cleanup:
	ledger_finalize(s);
	return st == DF_END ? df_fail(DF_FATAL, err, NULL, "the ledger %s has no document %" PRId64,
				      l->path, id)
			    : st;
}

/* Whoever changes a file has it. A command claims what it changes; a run has claimed it before. */
enum df_status ledger_claim_ensure(struct ledger *l, enum ledger_of of, int64_t id,
				   struct df_err *err)
{
	struct claim claim = {0};
	int64_t file = 0;
	enum df_status st = file_of(l, of, id, &file, err);
	if (st != DF_OK)
		return st;
	if (!ledger_claim_look(l->claims, file, &claim) || claim.state == CLAIM_LEFT)
		return claim_now(l, file, err);
	if (claim.state == CLAIM_LOST)
		return taken_over(l, file, NULL, err);
	return DF_OK;
}

enum df_status ledger_claim_fence(struct ledger *l, enum ledger_of of, int64_t id,
				  struct df_err *err)
{
	const char *sql = of == LEDGER_OF_FILE ? SQL_FENCE_FILE : SQL_FENCE_DOCUMENT;
	struct ledger_stmt *s = NULL;
	struct claim claim = {0};
	enum df_status st = ledger_once(l, sql, &s, err, "i", id);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_step(l, s, "look at a claim", err);
	if (st != DF_OK)
		goto cleanup;
	int64_t file = ledger_int(s, 0);
	if (!ledger_claim_look(l->claims, file, &claim) || claim.epoch != ledger_int(s, 1))
		st = taken_over(l, file, ledger_text(s, 2), err);
	else
		l->fenced = file;
cleanup:
	ledger_finalize(s);
	return st == DF_END ? taken_over(l, id, NULL, err) : st;
}

enum df_status ledger_claim_progress(struct ledger *l, struct df_err *err)
{
	struct claim claim = {0};
	if (l->claims == NULL || !ledger_claim_look(l->claims, l->fenced, &claim) ||
	    claim.progressed)
		return DF_OK;
	enum df_status st = ledger_once_run(l, SQL_PROGRESS, err, "i", claim.file);
	claim.progressed = st == DF_OK;
	if (st != DF_OK)
		return st;
	note(l->claims, &claim);
	return DF_OK;
}

enum df_status ledger_claim_new(struct ledger *l, int64_t file, bool local, struct df_err *err)
{
	enum df_status st = claim_now(l, file, err);
	return st == DF_OK && local ? ledger_once_run(l, SQL_ORIGIN, err, "it", file, l->node) : st;
}
