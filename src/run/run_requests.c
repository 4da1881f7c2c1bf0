/* SPDX-License-Identifier: MIT */
/* `requests`: what became of subject requests that were made. */
#include "run_choose.h"
#include "run_named.h"
#include "run_session.h"
#include "run_source.h"

#include "dropfeed/index.h"
#include "dropfeed/shell.h"

#include <stdlib.h>

struct asking {
	struct run_choice choice;
	bool cancel;
};

/* A document's requests, each once. */
struct document_asked {
	struct run *run;
	const struct conf_feed *feed;
	int64_t document;
	bool cancel;
	struct df_index *seen; /* of ids */
	char **ids;            /* own: those that the index borrows */
	size_t n_ids;
	uint64_t changed;
	uint64_t late, later; /* too late to be cancelled; later: as an earlier poll found */
};

static bool is_new(struct document_asked *a, const char *id)
{
	char *own = df_strdup(id);
	if (!df_index_add(a->seen, own, strlen(own), a->n_ids)) {
		free(own);
		return false;
	}
	a->ids = df_realloc((void *)a->ids, (a->n_ids + 1) * sizeof(*a->ids));
	a->ids[a->n_ids++] = own;
	return true;
}

static enum df_status requests_enter(struct document_asked *a, const struct ledger_request *was,
				     const char *state, const char *due, struct df_err *err)
{
	const struct ledger_request now = {
	    .id = was->id, .state = state, .due = due, .at_ms = df_now_ms()};
	a->changed += strcmp(was->state, state) != 0;
	return ledger_request_state(a->run->env.ledger, a->document, &now, err);
}

static enum df_status poll_one(struct document_asked *a, const struct ledger_request *r,
			       struct df_err *err)
{
	struct send_found found;
	enum df_status st = sender_request_ask(a->run->env.sender, a->feed, r->id, &found, err);
	if (st == DF_END) /* it was made under another id, or is forgotten */
		return requests_enter(a, r, "unknown", NULL, err);
	if (st != DF_OK)
		return st;
	return requests_enter(a, r, found.state, found.due[0] != '\0' ? found.due : NULL, err);
}

static enum df_status cancel_one(struct document_asked *a, const struct ledger_request *r,
				 struct df_err *err)
{
	struct df_err why = {0};
	enum df_status st = sender_request_cancel(a->run->env.sender, a->feed, r->id, &why);
	if (st == DF_OK)
		return requests_enter(a, r, "cancelled", NULL, err);
	if (st == DF_REJECT || st == DF_END) {
		a->late++;
		df_log(DF_LOG_WARN, "%s: line %llu: request %s is not cancelled: %s", a->feed->name,
		       (unsigned long long)r->line, r->id,
		       st == DF_END ? "the service does not know it" : why.text);
		return poll_one(a, r, err);
	}
	*err = why;
	return st;
}

static enum df_status on_request(void *ctx, const struct ledger_request *r, struct df_err *err)
{
	struct document_asked *a = ctx;
	bool pending = strcmp(r->state, "pending") == 0;
	bool completed = strcmp(r->state, "completed") == 0;
	if (strcmp(r->state, "cancelled") == 0 || !is_new(a, r->id))
		return DF_OK;
	if (!a->cancel)
		return completed ? DF_OK : poll_one(a, r, err);
	a->later += !pending;
	return pending ? cancel_one(a, r, err) : DF_OK;
}

static void log_counts(const struct document_asked *a, const char *file)
{
	struct ledger_request_count counts[8];
	size_t n = sizeof(counts) / sizeof(*counts);
	struct df_err err = {0};
	struct df_buf text = {0};
	if (ledger_request_counts(a->run->env.ledger, a->document, counts, &n, &err) != DF_OK) {
		df_log_err(DF_LOG_WARN, &err);
		return;
	}
	for (size_t i = 0; i < n; i++)
		df_buf_addf(&text, "%s%llu %s", i > 0 ? ", " : "",
			    (unsigned long long)counts[i].requests, counts[i].state);
	if (n > 0)
		df_log(DF_LOG_INFO, "%s: %s: requests: %s", a->feed->name, file,
		       df_buf_cstr(&text));
	df_buf_free(&text);
}

struct ids { /* of a file's documents */
	int64_t *v;
	size_t n;
	bool open; /* rows of it are still to be sent */
};

static enum df_status requests_add_document(void *ctx, const struct ledger_document *d,
					    struct df_err *err)
{
	struct ids *ids = ctx;
	(void)err;
	ids->v = df_realloc(ids->v, (ids->n + 1) * sizeof(*ids->v));
	ids->v[ids->n++] = d->id;
	ids->open = ids->open || !ledger_closes(d->state);
	return DF_OK;
}

static enum df_status ask_document(struct feed_work *w, const struct asking *asking,
				   const struct ledger_file *f, int64_t document, bool *changed,
				   struct df_err *err)
{
	struct document_asked a = {.run = w->run,
				   .feed = w->feed,
				   .document = document,
				   .cancel = asking->cancel,
				   .seen = df_index_new()};
	enum df_status st = ledger_requests(w->run->env.ledger, document, on_request, &a, err);
	if (a.later > 0)
		df_log(DF_LOG_WARN,
		       "%s: %s: %llu request%s not cancelled: only what is pending can be, and "
		       "`requests poll` found more",
		       w->feed->name, f->name, (unsigned long long)a.later,
		       a.later == 1 ? " is" : "s are");
	log_counts(&a, f->name);
	*changed = *changed || a.changed > 0;
	if (a.late + a.later > 0) {
		pthread_mutex_lock(&w->run->lock);
		w->run->result->rejected += a.late + a.later;
		pthread_mutex_unlock(&w->run->lock);
	}
	df_index_free(a.seen);
	for (size_t i = 0; i < a.n_ids; i++)
		free(a.ids[i]);
	free((void *)a.ids);
	return st;
}

static enum df_status ask_file(struct feed_work *w, const struct asking *asking,
			       const struct ledger_file *f, struct df_err *err)
{
	struct ids ids = {0};
	bool changed = false;
	enum df_status st =
	    ledger_documents(w->run->env.ledger, f->id, requests_add_document, &ids, err);
	for (size_t i = 0; i < ids.n && st == DF_OK && !df_stop_requested; i++)
		st = ask_document(w, asking, f, ids.v[i], &changed, err);
	if (asking->cancel && ids.open)
		df_log(DF_LOG_WARN,
		       "%s: %s: rows of it are not sent yet: `dropfeed abandon %s` keeps them from "
		       "being sent",
		       w->feed->name, f->name, df_shell_word(f->name).text);
	free(ids.v);
	if (changed && ledger_closes(f->state))
		run_after_receipt(w->run, &w->source, f);
	return st;
}

static enum df_status ask_part(struct feed_work *w, void *ctx, struct df_err *err)
{
	const struct asking *asking = ctx;
	enum df_status st = DF_OK;
	for (size_t i = 0; i < asking->choice.n && st == DF_OK && !df_stop_requested; i++) {
		const struct run_chosen *c = &asking->choice.v[i];
		if (c->feed == w->feed && w->feed->requests.on)
			st = ask_file(w, asking, &c->file, err);
	}
	return st;
}

static bool takes_any(enum ledger_state state)
{
	return state != LEDGER_REFUSED;
}

static bool any_requests(const struct run_choice *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].feed->requests.on)
			return true;
	return false;
}

void run_requests(const struct conf *conf, const struct run_files_options *options, bool cancel,
		  struct run_result *result)
{
	static const struct run_choose_rule rule = {.takes = takes_any,
						    .idle = "no request of it was made"};
	struct run_session session;
	struct df_err err = {0};
	struct asking asking = {.cancel = cancel};
	enum df_status st = run_session_open(&session, conf, result, &err);
	if (st != DF_OK) {
		run_session_failed(result, st, &err);
		return;
	}
	st = run_choose(session.run.env.ledger, conf, options, &rule, &asking.choice, &err);
	if (st == DF_OK && !any_requests(&asking.choice))
		df_log(DF_LOG_INFO, "no subject requests were made yet (kind = subject_requests)");
	else if (st == DF_OK)
		run_choice_each(&session.run, &asking.choice, ask_part, &asking);
	else if (err.text[0] != '\0')
		df_log_err(DF_LOG_ERROR, &err);
	run_note_status(result, df_stop_requested ? DF_RETRY : st);
	run_choice_free(&asking.choice);
	run_session_close(&session);
}
