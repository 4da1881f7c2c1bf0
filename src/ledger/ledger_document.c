/* SPDX-License-Identifier: MIT */
/* Documents and the progress of their lanes. */
#include "ledger_claim.h"
#include "ledger_sql.h"

#include <inttypes.h>

/* Equal manifests and data plans are stored once. hash: "" when there is none. */
static enum df_status text_add(struct ledger *l, const char *text, char hash[DF_SHA256_HEX],
			       struct df_err *err)
{
	const struct ledger_change c = {.which = ST_MANIFEST_ADD, .what = "store a manifest"};
	hash[0] = '\0';
	if (text == NULL)
		return DF_OK;
	struct df_sha256 *h = df_sha256_new();
	df_sha256_add(h, text, strlen(text));
	df_sha256_end(h, hash);
	df_sha256_free(h);
	return ledger_change(l, &c, err, "tt", hash, text);
}

static const char *or_null(const char *hash)
{
	return hash[0] != '\0' ? hash : NULL;
}

static void document_row(void *out, const struct ledger *l, struct ledger_stmt *s)
{
	ledger_document_read(l, s, out);
}

static enum df_status begin_steps(struct ledger *l, const struct ledger_new_document *d,
				  struct df_err *err)
{
	const struct ledger_change add = {.which = ST_DOCUMENT_ADD, .what = "enter a document"};
	const struct ledger_change set = {.which = ST_DOCUMENT_SETTINGS,
					  .what = "note a document's settings"};
	char hash[DF_SHA256_HEX], plan[DF_SHA256_HEX];
	enum df_status st = text_add(l, d->manifest, hash, err);
	if (st != DF_OK)
		return st;
	st = text_add(l, d->plan, plan, err);
	if (st != DF_OK)
		return st;
	st = ledger_change(l, &add, err, "ittiittttt", d->file_id, d->name, d->event_type,
			   (int64_t)LEDGER_PULLED, d->now_ms, d->settings, or_null(hash),
			   d->version, or_null(plan), d->content);
	if (st != DF_OK || ledger_changes(l) != 0)
		return st;
	return ledger_change(l, &set, err, "itttttit", d->file_id, d->name, d->settings,
			     or_null(hash), d->event_type, d->version, d->now_ms, or_null(plan));
}

enum df_status ledger_document_begin(struct ledger *l, const struct ledger_new_document *d,
				     struct ledger_document *out, struct df_err *err)
{
	/* not synced: that it is taken is, before anything leaves */
	enum df_status st = ledger_enter_on(l, false, LEDGER_OF_FILE, d->file_id, err);
	if (st != DF_OK)
		return st;
	st = ledger_leave(l, begin_steps(l, d, err), err);
	if (st != DF_OK)
		return st;
	st = ledger_document_known(l, d->file_id, d->name, out, err);
	return st != DF_END ? st
			    : df_fail(DF_FATAL, err, NULL,
				      "the ledger %s lost the document it was just given", l->path);
}

enum df_status ledger_document_known(struct ledger *l, int64_t file_id, const char *name,
				     struct ledger_document *out, struct df_err *err)
{
	const struct ledger_lookup q = {ST_DOCUMENT_FIND, "look up a document", document_row, out};
	return ledger_first(l, &q, err, "it", file_id, name);
}

enum df_status ledger_document_checked(struct ledger *l, int64_t id,
				       const struct ledger_checked *found, struct df_err *err)
{
	const struct ledger_change c = {.which = ST_DOCUMENT_CHECKED,
					.of = LEDGER_OF_DOCUMENT,
					.one = true,
					.what = "note a checked document"};
	return ledger_change(l, &c, err, "iiiiiiii", id, (int64_t)found->rows,
			     (int64_t)found->rejected, (int64_t)found->batches,
			     (int64_t)found->events, (int64_t)LEDGER_CHECKED,
			     (int64_t)found->skipped, (int64_t)found->redropped);
}

static enum df_status document_taken(struct ledger *l, int64_t id, const struct ledger_taking *t,
				     struct df_err *err)
{
	const struct ledger_change c = {
	    .which = ST_DOCUMENT_TAKEN, .one = true, .what = "note that a document is taken"};
	char hash[DF_SHA256_HEX], plan[DF_SHA256_HEX];
	enum df_status st = text_add(l, t->manifest, hash, err);
	if (st != DF_OK)
		return st;
	st = text_add(l, t->plan, plan, err);
	if (st != DF_OK)
		return st;
	return ledger_change(l, &c, err, "iittttiiit", id, (int64_t)t->batch_format, t->version,
			     t->target, t->settings, or_null(hash), t->now_ms,
			     (int64_t)LEDGER_SENDING, (int64_t)LEDGER_PULLED, or_null(plan));
}

enum df_status ledger_document_taken(struct ledger *l, int64_t id, const struct ledger_taking *t,
				     struct df_err *err)
{
	enum df_status st = ledger_enter_on(l, true, LEDGER_OF_DOCUMENT, id, err);
	return st == DF_OK ? ledger_leave(l, document_taken(l, id, t, err), err) : st;
}

enum df_status ledger_document_untaken(struct ledger *l, int64_t id, struct df_err *err)
{
	const struct ledger_change c = {.which = ST_DOCUMENT_UNTAKEN,
					.of = LEDGER_OF_DOCUMENT,
					.what = "note that nothing was taken"};
	return ledger_change(l, &c, err, "i", id);
}

enum df_status ledger_document_resumed(struct ledger *l, int64_t id, const char *target,
				       int64_t now_ms, struct df_err *err)
{
	const struct ledger_change c = {.which = ST_DOCUMENT_RESUMED,
					.of = LEDGER_OF_DOCUMENT,
					.sync = true,
					.one = true,
					.what = "note that a document goes on"};
	return ledger_change(l, &c, err, "iti", id, target, now_ms);
}

struct balance {
	enum ledger_state state;
	bool closed;
	int64_t rows, delivered, rejected, skipped;
};

static void balance_row(void *out, const struct ledger *l, struct ledger_stmt *s)
{
	struct balance *b = out;
	(void)l;
	b->state = (enum ledger_state)ledger_int(s, 0);
	b->closed = ledger_int(s, 1) != 0 || ledger_closes(b->state);
	b->rows = ledger_int(s, 2);
	b->delivered = ledger_int(s, 3);
	b->rejected = ledger_int(s, 4);
	b->skipped = ledger_int(s, 5);
}

/* Whether the document may go to `state`: it is open, was checked before it is sent or done, and
 * when done it balances. */
static enum df_status document_may(struct ledger *l, int64_t id, enum ledger_state state,
				   struct df_err *err)
{
	struct balance b = {0};
	const struct ledger_lookup q = {ST_DOCUMENT_BALANCE, "look up a document", balance_row, &b};
	enum df_status st = ledger_first(l, &q, err, "i", id);
	if (st == DF_END)
		return df_fail(DF_FATAL, err, NULL, "the ledger %s has no document %" PRId64,
			       l->path, id);
	if (st != DF_OK)
		return st;
	bool unchecked = b.state == LEDGER_PULLED;
	if (b.closed || (unchecked && (state == LEDGER_SENDING || state == LEDGER_DONE)))
		return df_fail(DF_FATAL, err, NULL,
			       "document %" PRId64 " is %s and cannot become %s", id,
			       ledger_state_name(b.state), ledger_state_name(state));
	bool balances = b.rows == b.delivered + b.rejected + b.skipped;
	if ((state == LEDGER_DONE || state == LEDGER_ABANDONED) && !balances)
		return df_fail(DF_FATAL, err, NULL,
			       "document %" PRId64 " does not balance: %" PRId64
			       " rows, but %" PRId64 " delivered, %" PRId64 " rejected and %" PRId64
			       " skipped; it stays open",
			       id, b.rows, b.delivered, b.rejected, b.skipped);
	return DF_OK;
}

static enum df_status state_steps(struct ledger *l, int64_t id, const struct ledger_outcome *to,
				  struct df_err *err)
{
	const struct ledger_change c = {
	    .which = ST_DOCUMENT_STATE, .one = true, .what = "update a document"};
	bool path = to->state != LEDGER_REFUSED;
	enum df_status st = document_may(l, id, to->state, err);
	if (st != DF_OK)
		return st;
	return ledger_change(l, &c, err, "iitti", id, (int64_t)to->state, to->code,
			     path ? ledger_path_stored(l, to->text) : to->text,
			     ledger_closes(to->state) ? to->now_ms : (int64_t)0);
}

enum df_status ledger_document_state(struct ledger *l, int64_t id, const struct ledger_outcome *to,
				     struct df_err *err)
{
	bool sync = to->state != LEDGER_DONE; /* the file's DONE is synced */
	enum df_status st = ledger_enter_on(l, sync, LEDGER_OF_DOCUMENT, id, err);
	return st == DF_OK ? ledger_leave(l, state_steps(l, id, to, err), err) : st;
}

static enum df_status facts_findings(struct ledger *l, int64_t id, const struct ledger_facts *facts,
				     struct df_err *err)
{
	const struct ledger_change clear = {.which = ST_FINDING_CLEAR,
					    .what = "forget older findings"};
	const struct ledger_change add = {.which = ST_FINDING_ADD, .what = "note a finding"};
	enum df_status st = ledger_change(l, &clear, err, "i", id);
	for (size_t i = 0; i < facts->n_findings && st == DF_OK; i++) {
		const struct ledger_finding *f = &facts->findings[i];
		st = ledger_change(l, &add, err, "iitti", id, (int64_t)i, f->code, f->text,
				   (int64_t)f->rows);
	}
	return st;
}

static enum df_status facts_steps(struct ledger *l, int64_t id, const struct ledger_facts *facts,
				  struct df_err *err)
{
	const struct ledger_change c = {.which = ST_DOCUMENT_FACTS, .what = "update a document"};
	enum df_status st =
	    ledger_change(l, &c, err, "ittiiiiiii", id, facts->first_batch, facts->last_batch,
			  (int64_t)facts->batches, (int64_t)facts->events,
			  (int64_t)facts->times.any, facts->times.first_ms, facts->times.last_ms,
			  facts->sending_ms, (int64_t)(facts->pace * 1000));
	return st == DF_OK && facts->findings != NULL ? facts_findings(l, id, facts, err) : st;
}

enum df_status ledger_document_facts(struct ledger *l, int64_t id, const struct ledger_facts *facts,
				     struct df_err *err)
{
	enum df_status st = ledger_enter_on(l, false, LEDGER_OF_DOCUMENT, id,
					    err); /* DONE, which follows, is synced */
	return st == DF_OK ? ledger_leave(l, facts_steps(l, id, facts, err), err) : st;
}

/* ---- lanes ---- */

#define SETTLE_AGAIN 2 /* where hosts share the ledger, and the database went away */

/* From what the caller read, or wrote last, and from nothing else: counting the same step twice
 * would unbalance the document for good. */
static enum df_status lane_forward(struct ledger *l, int64_t id, const struct ledger_settled *step,
				   struct df_err *err)
{
	const struct ledger_change c = {.which = step->was == 0 ? ST_LANE_FIRST : ST_LANE_FORWARD,
					.what = "note a lane's progress"};
	enum df_status st = ledger_change(l, &c, err, "iiii", id, (int64_t)step->lane,
					  (int64_t)step->done, (int64_t)step->was);
	if (st != DF_OK || (step->done > step->was && ledger_changes(l) == 1))
		return st;
	/* a COMMIT whose answer was lost: the file is taken up again, and read anew */
	bool shared = l->claims != NULL;
	return df_fail(shared ? DF_RETRY : DF_FATAL, err, shared ? LEDGER_UNREACHABLE : NULL,
		       "lane %" PRIu32 " of document %" PRId64 " cannot go from %" PRIu64
		       " to %" PRIu64 ": it is there or farther already",
		       step->lane, id, step->was, step->done);
}

static enum df_status count_rows(struct ledger *l, int64_t id, uint64_t delivered, size_t rejected,
				 struct df_err *err)
{
	const struct ledger_change c = {
	    .which = ST_LANE_ROWS, .one = true, .what = "count a lane's rows"};
	if (delivered == 0 && rejected == 0)
		return DF_OK;
	return ledger_change(l, &c, err, "iii", id, (int64_t)delivered, (int64_t)rejected);
}

static enum df_status reject_add(struct ledger *l, int64_t id, const struct ledger_reject *r,
				 struct df_err *err)
{
	const struct ledger_change c = {.which = ST_REJECT_ADD, .what = "note a rejected row"};
	return ledger_change(l, &c, err, "iiiiittit", id, (int64_t)r->row, (int64_t)r->line,
			     (int64_t)r->offset, (int64_t)r->length,
			     r->message != NULL ? r->message : "", ledger_reject_code(r),
			     (int64_t)r->partly, r->rest != NULL ? r->rest : "");
}

static enum df_status lane_settled(struct ledger *l, int64_t id, const struct ledger_settled *step,
				   struct df_err *err)
{
	enum df_status st = lane_forward(l, id, step, err);
	for (size_t i = 0; i < step->n_rejects && st == DF_OK; i++)
		st = reject_add(l, id, &step->rejects[i], err);
	if (st != DF_OK || step->n_requests == 0)
		return st;
	return ledger_requests_put(l, id, step->requests, step->n_requests, err);
}

static enum df_status lanes_settled(struct ledger *l, int64_t id,
				    const struct ledger_settled *steps, size_t n,
				    struct df_err *err)
{
	enum df_status st = DF_OK;
	uint64_t delivered = 0;
	size_t rejected = 0;
	for (size_t i = 0; i < n && st == DF_OK; i++) {
		st = lane_settled(l, id, &steps[i], err);
		delivered += steps[i].rows_delivered;
		rejected += steps[i].n_rejects;
	}
	if (st != DF_OK)
		return st;
	st = count_rows(l, id, delivered, rejected, err);
	return st == DF_OK && l->claims != NULL ? ledger_claim_progress(l, err) : st;
}

static enum df_status settle_once(struct ledger *l, int64_t id, const struct ledger_settled *steps,
				  size_t n, struct df_err *err)
{
	ledger_lock(l);
	enum df_status st = ledger_settle_at_once(l, id, steps, n, err);
	ledger_unlock(l);
	if (st != DF_END)
		return st;
	st = ledger_enter_on(l, false, LEDGER_OF_DOCUMENT, id, err);
	return st == DF_OK ? ledger_leave(l, lanes_settled(l, id, steps, n, err), err) : st;
}

/* The database went away: what became of the step is seen when it is back. */
static bool is_settled(struct ledger *l, int64_t id, const struct ledger_settled *steps, size_t n)
{
	struct df_err ignored = {0};
	ledger_lock(l);
	enum df_status st = ledger_settle_seen(l, id, steps, n, &ignored);
	ledger_unlock(l);
	return st == DF_OK;
}

enum df_status ledger_lanes_settled(struct ledger *l, int64_t id,
				    const struct ledger_settled *steps, size_t n,
				    struct df_err *err)
{
	struct df_err why = {0};
	enum df_status st = settle_once(l, id, steps, n, &why);
	for (int i = 0; i < SETTLE_AGAIN && l->claims != NULL && st == DF_RETRY &&
			strcmp(why.code, LEDGER_UNREACHABLE) == 0;
	     i++) {
		if (is_settled(l, id, steps, n))
			return DF_OK;
		why = (struct df_err){0};
		st = settle_once(l, id, steps, n, &why);
	}
	if (st != DF_OK)
		*err = why;
	return st;
}

enum df_status ledger_lanes(struct ledger *l, int64_t id, uint64_t *done, uint32_t lanes,
			    struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	memset(done, 0, lanes * sizeof(*done));
	ledger_lock(l);
	enum df_status st = ledger_bind(l, ST_LANES, &s, err, "i", id);
	while (st == DF_OK && (st = ledger_step(l, s, "read the lanes", err)) == DF_OK) {
		int64_t lane = ledger_int(s, 0);
		if (lane >= 0 && lane < (int64_t)lanes) {
			done[lane] = ledger_u64(s, 1);
			continue;
		}
		/* Fewer lanes than the document was begun with would put users into other lanes. */
		ledger_reset(s);
		st = df_fail(DF_FATAL, err, NULL,
			     "document %" PRId64 " was begun with more than %" PRIu32 " lanes", id,
			     lanes);
	}
	ledger_unlock(l);
	return st == DF_END ? DF_OK : st;
}
