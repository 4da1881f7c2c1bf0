/* SPDX-License-Identifier: MIT */
/* What the hosts of a fleet share besides claims: listings, the order of files, who there is. */
#include "ledger_claim.h"
#include "ledger_sql.h"

#include <stdio.h>
#include <stdlib.h>

bool ledger_shared(const struct ledger *l)
{
	return l->claims != NULL;
}

/* ---- listings ---- */

enum df_status ledger_scan_claim(struct ledger *l, const char *feed, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	if (l->claims == NULL)
		return DF_OK;
	ledger_lock(l);
	enum df_status st = ledger_once(l, SQL_SCAN_CLAIM, &s, err, "titt", feed, ledger_lease_ms(),
					l->claims->me, l->claims->place);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_step(l, s, "claim a listing", err);
	if (st == DF_END)
		st = ledger_changes(l) == 1 ? DF_OK : DF_END;
cleanup:
	ledger_finalize(s);
	ledger_unlock(l);
	return st;
}

void ledger_scan_release(struct ledger *l, const char *feed)
{
	struct df_err err = {0};
	if (l->claims != NULL &&
	    ledger_once_run(l, SQL_SCAN_RELEASE, &err, "tt", feed, l->claims->me) != DF_OK)
		df_log(DF_LOG_DEBUG, "%s", err.text);
}

enum df_status ledger_scan_state(struct ledger *l, const char *feed, enum ledger_scan *out,
				 struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	*out = LEDGER_SCAN_ENDED;
	ledger_lock(l);
	enum df_status st = ledger_once(l, SQL_SCAN_STATE, &s, err, "t", feed);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_step(l, s, "look at a listing", err);
	if (st != DF_OK)
		goto cleanup;
	if (ledger_int(s, 0) != 0)
		*out = ledger_int(s, 1) != 0 ? LEDGER_SCAN_HELD : LEDGER_SCAN_LOST;
cleanup:
	ledger_finalize(s);
	ledger_unlock(l);
	return st == DF_END ? DF_OK : st;
}

enum df_status ledger_file_list(struct ledger *l, const struct ledger_new_file *f,
				struct df_err *err)
{
	const struct ledger_key *k = &f->key;
	return ledger_once_run(l, SQL_LIST, err, "ttiittiitt", k->feed, k->name, (int64_t)k->size,
			       k->mtime, k->source, f->event_type, (int64_t)LEDGER_LISTED,
			       f->now_ms, l->claims->me, l->claims->place);
}

static enum df_status pulled_steps(struct ledger *l, int64_t id, const struct ledger_new_file *f,
				   struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	enum df_status st = ledger_once(l, SQL_PULLED, &s, err, "iitttii", id, f->key.mtime,
					f->sha256, f->event_type, ledger_path_stored(l, f->place),
					(int64_t)LEDGER_PULLED, (int64_t)LEDGER_LISTED);
	if (st == DF_OK)
		st = ledger_run(l, s, "enter a file", err);
	ledger_finalize(s);
	if (st != DF_OK)
		return st;

	if (ledger_changes(l) != 1)
		return df_fail(DF_FATAL, err, NULL, "the ledger %s has it in another state",
			       l->path);
	if (f->only_here)
		st = ledger_once_run(l, SQL_ORIGIN, err, "it", id, l->node);
	if (st != DF_OK)
		return st;
	return f->arrival != NULL ? ledger_pull_end(l, f->key.feed, f->arrival, err) : DF_OK;
}

enum df_status ledger_file_pulled(struct ledger *l, int64_t id, const struct ledger_new_file *f,
				  struct df_err *err)
{
	enum df_status st = ledger_enter_on(l, true, LEDGER_OF_FILE, id, err);
	return st == DF_OK ? ledger_leave(l, pulled_steps(l, id, f, err), err) : st;
}

enum df_status ledger_file_unlist(struct ledger *l, int64_t id, struct df_err *err)
{
	enum df_status st = ledger_enter_on(l, true, LEDGER_OF_FILE, id, err);
	if (st != DF_OK)
		return st;
	st = ledger_once_run(l, SQL_UNLIST, err, "ii", id, (int64_t)LEDGER_LISTED);
	return ledger_leave(l, st, err);
}

/* ---- whose turn it is ---- */

static size_t known_count(struct ledger_claims *c)
{
	pthread_mutex_lock(&c->lock);
	size_t n = c->n;
	pthread_mutex_unlock(&c->lock);
	return n;
}

enum df_status ledger_candidates(struct ledger *l, const char *feed, ledger_each_file each,
				 void *ctx, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	const struct ledger_claims *c = l->claims;
	/* those that this process knows are among them, and passed over */
	int64_t most = (int64_t)known_count(l->claims) + CANDIDATES_AT_ONCE;
	ledger_lock(l);
	enum df_status st =
	    ledger_once(l, SQL_CANDIDATES, &s, err, "ttttiii", feed, c->me, c->place, l->node,
			(int64_t)c->batch_format, (int64_t)c->older_format, most);
	while (st == DF_OK && (st = ledger_step(l, s, "look for files", err)) == DF_OK) {
		struct ledger_file f;
		struct claim known;
		if (ledger_claim_look(l->claims, ledger_int(s, 0), &known))
			continue;
		ledger_file_read(l, s, &f);
		st = each(ctx, &f, err);
		ledger_file_free(&f);
	}
	ledger_finalize(s);
	ledger_unlock(l);
	return st == DF_END ? DF_OK : st;
}

/* What this process has given up for now no longer holds up what comes after it; the order of
 * those that it has taken up is the caller's. One that it holds and knows nothing of was claimed,
 * or released, while the database was away: it will be claimed once more. */
static bool claim_holds_up(struct ledger_claims *c, int64_t file, bool mine)
{
	struct claim claim;
	if (!ledger_claim_look(c, file, &claim))
		return true;
	return mine ? claim.taking : claim.state != CLAIM_LEFT;
}

enum df_status ledger_file_waits(struct ledger *l, int64_t id, bool *waits, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	*waits = false;
	if (l->claims == NULL)
		return DF_OK;
	ledger_lock(l);
	enum df_status st =
	    ledger_once(l, SQL_WAITS, &s, err, "itii", id, l->claims->me,
			(int64_t)l->claims->batch_format, (int64_t)l->claims->older_format);
	while (st == DF_OK && !*waits &&
	       (st = ledger_step(l, s, "look at earlier files", err)) == DF_OK)
		*waits = claim_holds_up(l->claims, ledger_int(s, 0), ledger_int(s, 2) != 0);
	if (*waits)
		df_log(DF_LOG_DEBUG, "file %lld waits for %s", (long long)id, ledger_text(s, 1));
	ledger_finalize(s);
	ledger_unlock(l);
	return st == DF_END ? DF_OK : st;
}

enum df_status ledger_foreign(struct ledger *l, const char *feed, ledger_each_foreign each,
			      void *ctx, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	ledger_lock(l);
	enum df_status st =
	    ledger_once(l, SQL_FOREIGN, &s, err, "tiit", feed, (int64_t)l->claims->batch_format,
			(int64_t)l->claims->older_format, l->claims->place);
	while (st == DF_OK && (st = ledger_step(l, s, "look for files", err)) == DF_OK) {
		const struct ledger_foreign f = {.name = ledger_text(s, 0),
						 .version = ledger_text(s, 1),
						 .batch_format = (uint32_t)ledger_int(s, 2)};
		st = each(ctx, &f, err);
	}
	ledger_finalize(s);
	ledger_unlock(l);
	return st == DF_END ? DF_OK : st;
}

/* ---- who there is ---- */

enum df_status ledger_several_hosts(struct ledger *l, bool *several, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	*several = false;
	if (l->link == NULL)
		return DF_OK;
	ledger_lock(l);
	enum df_status st = ledger_once(l, SQL_NODES_ELSE, &s, err, "t", l->node);
	if (st == DF_OK)
		st = ledger_step(l, s, "read the nodes", err);
	*several = st == DF_OK;
	ledger_finalize(s);
	ledger_unlock(l);
	return st == DF_END ? DF_OK : st;
}

void ledger_configs_note(struct ledger_configs *c, const struct ledger_node *n)
{
	if (c->first[0] == '\0')
		snprintf(c->first, sizeof(c->first), "%s", n->config);
	c->differ = c->differ || strcmp(c->first, n->config) != 0;
}

enum df_status ledger_nodes(struct ledger *l, ledger_each_node each, void *ctx, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	if (l->link == NULL)
		return DF_OK;
	ledger_lock(l);
	enum df_status st = ledger_once(l, SQL_NODES, &s, err, "");
	while (st == DF_OK && (st = ledger_step(l, s, "read the nodes", err)) == DF_OK) {
		const struct ledger_node n = {.name = ledger_text(s, 0),
					      .version = ledger_text(s, 1),
					      .batch_format = (uint32_t)ledger_int(s, 2),
					      .config = ledger_text(s, 3),
					      .seen_ago_ms = ledger_int(s, 4),
					      .files = (uint64_t)ledger_int(s, 5)};
		st = each(ctx, &n, err);
	}
	ledger_finalize(s);
	ledger_unlock(l);
	return st == DF_END ? DF_OK : st;
}
