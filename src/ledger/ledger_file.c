/* SPDX-License-Identifier: MIT */
/* Listings and files. */
#include "ledger_claim.h"
#include "ledger_sql.h"

#include <stdlib.h>

enum df_status ledger_seen(struct ledger *l, const struct ledger_key *key, int64_t now_ms,
			   int64_t *first_ms, struct df_err *err)
{
	/* not synced: a lost listing costs a file one more wait, no more */
	const struct ledger_change seen = {.which = ST_SEEN, .what = "note a listed file"};
	const struct ledger_lookup first = {ST_SEEN_FIRST, "look up a listed file", ledger_row_int,
					    first_ms};
	enum df_status st = ledger_change(l, &seen, err, "ttiii", key->feed, key->name,
					  (int64_t)key->size, key->mtime, now_ms);
	return st == DF_OK ? ledger_first(l, &first, err, "tt", key->feed, key->name) : st;
}

enum df_status ledger_seen_forget(struct ledger *l, const char *feed, int64_t since_ms,
				  struct df_err *err)
{
	const struct ledger_change c = {.which = ST_SEEN_FORGET, .what = "forget listed files"};
	return ledger_change(l, &c, err, "ti", feed, since_ms);
}

static void file_row(void *out, const struct ledger *l, struct ledger_stmt *s)
{
	ledger_file_read(l, s, out);
}

enum df_status ledger_file_known(struct ledger *l, const struct ledger_key *key,
				 struct ledger_file *out, struct df_err *err)
{
	const struct ledger_lookup q = {ST_FILE_KNOWN, "look up a file", file_row, out};
	return ledger_first(l, &q, err, "ttiit", key->feed, key->name, (int64_t)key->size,
			    key->mtime, key->source);
}

static enum df_status state_known(struct ledger *l, const struct ledger_key *key,
				  enum ledger_state *state, struct df_err *err)
{
	int64_t known = 0;
	const struct ledger_lookup q = {ST_FILE_KNOWN_STATE, "look up a file", ledger_row_int,
					&known};
	enum df_status st = ledger_first(l, &q, err, "ttiit", key->feed, key->name,
					 (int64_t)key->size, key->mtime, key->source);
	*state = (enum ledger_state)known;
	return st == DF_END ? DF_OK : st;
}

/* In one transaction, as each would lock and unlock the ledger's file several times. */
enum df_status ledger_files_known(struct ledger *l, const struct ledger_key *keys, size_t n,
				  enum ledger_state *states, struct df_err *err)
{
	ledger_lock(l);
	bool own = l->nested == 0;
	struct df_err ignored = {0};
	enum df_status st = own ? ledger_exec(l, SQL_BEGIN_READ, "look up files", err) : DF_OK;
	for (size_t i = 0; i < n && st == DF_OK; i++)
		st = state_known(l, &keys[i], &states[i], err);
	if (own && l->driver->in_transaction(l) &&
	    ledger_exec(l, SQL_ROLLBACK, "look up files", &ignored) != DF_OK)
		df_log(DF_LOG_DEBUG, "%s", ignored.text);
	ledger_unlock(l);
	return st;
}

/* A pattern of stored settings with this environment. The caller's. */
static char *settings_of(const char *environment)
{
	return environment != NULL ? df_format("%%environment = %s\n%%", environment)
				   : df_strdup("%");
}

enum df_status ledger_file_same(struct ledger *l, const struct ledger_bytes *bytes,
				struct ledger_file *out, struct df_err *err)
{
	const struct ledger_lookup q = {ST_FILE_SAME, "look up a file", file_row, out};
	char *where = settings_of(bytes->environment);
	enum df_status st =
	    ledger_first(l, &q, err, "tttiit", bytes->feed, bytes->sha256, bytes->event_type,
			 bytes->before, (int64_t)LEDGER_DONE, where);
	free(where);
	return st;
}

enum df_status ledger_file_before(struct ledger *l, const char *feed, const char *name, int64_t but,
				  struct ledger_file *out, struct df_err *err)
{
	const struct ledger_lookup q = {ST_FILE_BEFORE, "look up a file", file_row, out};
	return ledger_first(l, &q, err, "ttii", feed, name, but, (int64_t)LEDGER_DONE);
}

enum df_status ledger_bytes_known(struct ledger *l, const char *feed, const char *sha256,
				  bool *known, struct df_err *err)
{
	const struct ledger_lookup q = {ST_BYTES_KNOWN, "look up a file", NULL, NULL};
	enum df_status st = ledger_first(l, &q, err, "tt", feed, sha256);
	*known = st == DF_OK;
	return st == DF_END ? DF_OK : st;
}

static enum df_status redropped_steps(struct ledger *l, const char *feed, const uint64_t *marks,
				      size_t n, struct df_err *err)
{
	const struct ledger_change add = {.which = ST_REDROPPED_ADD,
					  .what = "note a row that was dropped again"};
	enum df_status st = DF_OK;
	for (size_t i = 0; st == DF_OK && i < n; i++)
		st = ledger_change(l, &add, err, "ti", feed, (int64_t)marks[i]);
	return st;
}

enum df_status ledger_redropped_add(struct ledger *l, const char *feed, const uint64_t *marks,
				    size_t n, struct df_err *err)
{
	enum df_status st =
	    ledger_enter(l, false, err); /* the document, which follows, is synced */
	return st == DF_OK ? ledger_leave(l, redropped_steps(l, feed, marks, n, err), err) : st;
}

enum df_status ledger_redropped(struct ledger *l, const char *feed, uint64_t mark, bool *known,
				struct df_err *err)
{
	const struct ledger_lookup q = {ST_REDROPPED, "look up a rejected row", NULL, NULL};
	enum df_status st = ledger_first(l, &q, err, "ti", feed, (int64_t)mark);
	*known = st == DF_OK;
	return st == DF_END ? DF_OK : st;
}

enum df_status ledger_document_done_before(struct ledger *l, const struct ledger_new_document *d,
					   struct ledger_file *file, struct df_err *err)
{
	const struct ledger_lookup by_bytes = {ST_DOCUMENT_DONE_BEFORE, "look up a file", file_row,
					       file};
	const struct ledger_lookup by_content = {ST_DOCUMENT_SAME_CONTENT, "look up a file",
						 file_row, file};
	char *where = settings_of(d->environment);
	enum df_status st = ledger_first(l, &by_bytes, err, "ittit", d->file_id, d->name,
					 d->event_type, (int64_t)LEDGER_DONE, where);
	if (st == DF_END && d->content != NULL)
		st = ledger_first(l, &by_content, err, "ittitt", d->file_id, d->name, d->event_type,
				  (int64_t)LEDGER_DONE, d->content, where);
	free(where);
	return st;
}

enum df_status ledger_document_alike(struct ledger *l, const struct ledger_new_document *d,
				     struct ledger_file *file, struct df_err *err)
{
	const struct ledger_lookup q = {ST_DOCUMENT_ALIKE, "look up a file", file_row, file};
	if (d->content == NULL)
		return DF_END;
	char *where = settings_of(d->environment);
	enum df_status st = ledger_first(l, &q, err, "ititt", d->file_id, d->event_type,
					 (int64_t)LEDGER_DONE, d->content, where);
	free(where);
	return st;
}

static enum df_status file_add(struct ledger *l, const struct ledger_new_file *f, int64_t *id,
			       struct df_err *err)
{
	const struct ledger_change add = {.which = ST_FILE_ADD, .what = "enter a file"};
	const struct ledger_key *k = &f->key;
	enum df_status st =
	    ledger_change(l, &add, err, "ttiittttii", k->feed, k->name, (int64_t)k->size, k->mtime,
			  k->source, f->sha256, f->event_type, ledger_path_stored(l, f->place),
			  (int64_t)LEDGER_PULLED, f->now_ms);
	if (st != DF_OK)
		return st;
	*id = ledger_inserted(l);
	if (l->claims != NULL)
		st = ledger_claim_new(
		    l, *id, f->only_here || strcmp(k->source, LEDGER_SOURCE_LOCAL) == 0, err);
	if (st != DF_OK)
		return st;
	return f->arrival != NULL ? ledger_pull_end(l, k->feed, f->arrival, err) : DF_OK;
}

enum df_status ledger_file_add(struct ledger *l, const struct ledger_new_file *f, int64_t *id,
			       struct df_err *err)
{
	/* a lost one is pulled again, or its download is still noted */
	enum df_status st = ledger_enter(l, false, err);
	return st == DF_OK ? ledger_leave(l, file_add(l, f, id, err), err) : st;
}

static enum df_status file_under_way(struct ledger *l, int64_t id, const struct ledger_outcome *to,
				     struct df_err *err)
{
	const struct ledger_change c = {
	    .which = ST_FILE_UNDER_WAY, .of = LEDGER_OF_FILE, .one = true, .what = "update a file"};
	return ledger_change(l, &c, err, "iitt", id, (int64_t)to->state, to->code, to->text);
}

enum df_status ledger_file_state(struct ledger *l, int64_t id, const struct ledger_outcome *to,
				 struct df_err *err)
{
	const struct ledger_change c = {.which = ST_FILE_STATE,
					.of = LEDGER_OF_FILE,
					.sync = !to->later,
					.one = true,
					.what = "update a file"};
	if (!ledger_closes(to->state))
		return file_under_way(l, id, to, err);
	return ledger_change(l, &c, err, "iittbi", id, (int64_t)to->state, to->code, to->text,
			     (int64_t)to->cleanup_due, to->now_ms);
}

static enum df_status file_refused(struct ledger *l, int64_t id, const struct ledger_outcome *to,
				   struct df_err *err)
{
	const struct ledger_change documents = {.which = ST_DOCUMENTS_UNSENT,
						.what = "forget a file's documents"};
	enum df_status st = ledger_change(l, &documents, err, "i", id);
	return st == DF_OK ? ledger_file_state(l, id, to, err) : st;
}

enum df_status ledger_file_refused(struct ledger *l, int64_t id, const struct ledger_outcome *to,
				   struct df_err *err)
{
	enum df_status st = ledger_enter_on(l, true, LEDGER_OF_FILE, id, err);
	return st == DF_OK ? ledger_leave(l, file_refused(l, id, to, err), err) : st;
}

static enum df_status file_lost(struct ledger *l, int64_t id, const struct ledger_outcome *to,
				struct df_err *err)
{
	const struct ledger_change documents = {.which = ST_DOCUMENTS_LOST,
						.what = "close a file's documents"};
	enum df_status st = ledger_change(l, &documents, err, "iitti", id, (int64_t)to->state,
					  to->code, to->text, to->now_ms);
	return st == DF_OK ? ledger_file_state(l, id, to, err) : st;
}

enum df_status ledger_file_lost(struct ledger *l, int64_t id, const struct ledger_outcome *to,
				struct df_err *err)
{
	enum df_status st = ledger_enter_on(l, true, LEDGER_OF_FILE, id, err);
	return st == DF_OK ? ledger_leave(l, file_lost(l, id, to, err), err) : st;
}

static enum df_status file_given_up(struct ledger *l, const struct ledger_file *f,
				    const struct ledger_outcome *to, struct df_err *err)
{
	enum df_status st = ledger_file_state(l, f->id, to, err);
	return st == DF_OK ? ledger_tally_add(l, f->feed, "files_abandoned", 1, err) : st;
}

enum df_status ledger_file_given_up(struct ledger *l, const struct ledger_file *f,
				    const struct ledger_outcome *to, struct df_err *err)
{
	enum df_status st = ledger_enter_on(l, true, LEDGER_OF_FILE, f->id, err);
	return st == DF_OK ? ledger_leave(l, file_given_up(l, f, to, err), err) : st;
}

enum df_status ledger_file_cleaned(struct ledger *l, int64_t id, const char *given_up,
				   struct df_err *err)
{
	const struct ledger_change c = {.which = ST_FILE_CLEANED,
					.of = LEDGER_OF_FILE,
					.sync = true,
					.one = true,
					.what = "update a file"};
	return ledger_change(l, &c, err, "it", id, given_up);
}

enum df_status ledger_file_tried(struct ledger *l, int64_t id, unsigned idle, struct df_err *err)
{
	const struct ledger_change c = {
	    .which = ST_FILE_TRIED, .of = LEDGER_OF_FILE, .one = true, .what = "count an attempt"};
	return ledger_change(l, &c, err, "ii", id, (int64_t)idle);
}

static enum df_status skips_steps(struct ledger *l, int64_t id,
				  const struct ledger_skipped *entries, size_t n,
				  struct df_err *err)
{
	const struct ledger_change clear = {.which = ST_SKIPS_CLEAR,
					    .what = "note skipped entries"};
	const struct ledger_change add = {
	    .which = ST_SKIPS_ADD, .one = true, .what = "note skipped entries"};
	enum df_status st = ledger_change(l, &clear, err, "i", id);
	for (size_t i = 0; i < n && st == DF_OK; i++)
		st = ledger_change(l, &add, err, "ittb", id, entries[i].name, entries[i].why,
				   (int64_t)entries[i].csv);
	return st;
}

enum df_status ledger_file_skips(struct ledger *l, int64_t id, const struct ledger_skipped *entries,
				 size_t n, struct df_err *err)
{
	enum df_status st = ledger_enter_on(l, false, LEDGER_OF_FILE, id, err);
	return st == DF_OK ? ledger_leave(l, skips_steps(l, id, entries, n, err), err) : st;
}

/* ---- the number among files of the same bytes ---- */

struct copy_number {
	bool drawn;
	uint64_t n;
};

static void copy_row(void *out, const struct ledger *l, struct ledger_stmt *s)
{
	struct copy_number *c = out;
	(void)l;
	c->drawn = !ledger_is_null(s, 0);
	c->n = ledger_u64(s, 0);
}

/* DF_END: none was drawn yet. */
static enum df_status copy_read(struct ledger *l, int64_t id, uint64_t *copy, struct df_err *err)
{
	struct copy_number c = {0};
	const struct ledger_lookup q = {ST_FILE_COPY, "look up a file", copy_row, &c};
	enum df_status st = ledger_first(l, &q, err, "i", id);
	if (st != DF_OK)
		return st;
	if (!c.drawn)
		return DF_END;
	*copy = c.n;
	return DF_OK;
}

/* Two hosts that draw for the same bytes do so one after the other. */
static enum df_status copy_draw(struct ledger *l, int64_t id, bool counts_again, struct df_err *err)
{
	const struct ledger_change draw = {
	    .which = ST_FILE_COPY_DRAW, .one = true, .what = "number a file"};
	enum df_status st =
	    l->claims != NULL ? ledger_once_run(l, SQL_COPY_LOCK, err, "i", id) : DF_OK;
	return st == DF_OK ? ledger_change(l, &draw, err, "ib", id, (int64_t)counts_again) : st;
}

enum df_status ledger_file_copy(struct ledger *l, int64_t id, bool counts_again, uint64_t *copy,
				struct df_err *err)
{
	ledger_lock(l);
	enum df_status st = copy_read(l, id, copy, err);
	if (st != DF_END)
		goto cleanup;
	/* what is taken under it is synced after it */
	st = ledger_enter_on(l, false, LEDGER_OF_FILE, id, err);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_leave(l, copy_draw(l, id, counts_again, err), err);
	if (st != DF_OK)
		goto cleanup;
	st = copy_read(l, id, copy, err);
cleanup:
	ledger_unlock(l);
	return st;
}
