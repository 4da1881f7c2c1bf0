/* SPDX-License-Identifier: MIT */
/* A document, from its beginning to its end. Every step is entered in the ledger before the next
 * one. */
#include "run_document.h"

#include <stdio.h>
#include <stdlib.h>

/* The file's hash; for the n-th copy of the same bytes "<hash>+<n>", with duplicates = import or
 * where those before it have another event type: under the ids of the first one the API would
 * drop it. */
static enum df_status choose_identity(struct run_delivery *v, struct df_err *err)
{
	const struct run_file *f = v->w->f;
	enum df_status st = run_document_number(v->w, err);
	if (f->copy > 0)
		snprintf(v->identity, sizeof(v->identity), "%s+%llu", f->sha256,
			 (unsigned long long)f->copy);
	else
		memcpy(v->identity, f->sha256, DF_SHA256_HEX);
	return st;
}

enum df_status run_document_prepare(struct run_delivery *v, struct df_err *err)
{
	struct run_file_work *w = v->w;
	const struct conf_frozen stored = {.settings = v->d->settings,
					   .manifest = v->d->manifest,
					   .plan = v->d->plan,
					   .today = run_frozen(w)};
	enum df_status st = conf_feed_thaw(w->f->feed, &stored, &v->feed, err);
	if (st != DF_OK)
		return st;
	st = choose_identity(v, err);
	if (st != DF_OK)
		return st;

	run_sink_choose(w->f->name, v->identity, &v->doc, v->feed);
	v->pass = (struct document_pass){.unsent = !v->d->taken,
					 .feed = v->feed,
					 .file = w->f->name,
					 .file_id = w->f->ledger_id,
					 .doc = &v->doc,
					 .jobs = 1 + atomic_load(&w->run->spare)};
	v->settings = document_batch_settings(v->feed, v->identity, &v->doc, v->d->begun_ms);
	v->pass.begun_ms = v->d->begun_ms;
	v->settings.most = 0; /* that was checked; a part of it may be sent */
	v->settings.scratch = w->run->scratch;
	v->settings.format = v->d->taken ? v->d->batch_format : BATCH_FORMAT;
	return DF_OK;
}

/* What the data plan does not allow is kept for the report: the map that knows it goes away. */
static void keep_findings(struct run_delivery *v)
{
	const struct map_note *notes = NULL;
	size_t n = v->pass.map != NULL ? map_notes(v->pass.map, &notes) : 0;
	for (size_t i = 0; i < n; i++) {
		if (notes[i].code == NULL || v->feed->requests.on)
			continue;
		v->findings = df_realloc(v->findings, (v->n_findings + 1) * sizeof(*v->findings));
		v->findings[v->n_findings++] =
		    (struct ledger_finding){.code = notes[i].code, /* static */
					    .text = df_strdup(notes[i].text),
					    .rows = notes[i].n};
	}
}

static struct run_delivery *delivery_new(struct run_file_work *w, const struct decode_doc *doc)
{
	struct run_delivery *v = df_alloc(sizeof(*v));
	v->w = w;
	v->doc = *doc;
	v->d = &v->own;
	return v;
}

void run_delivery_free(struct run_delivery *v)
{
	if (v == NULL)
		return;
	document_pass_end(&v->pass);
	document_places_free(v->pass.places);
	for (size_t i = 0; i < v->n_findings; i++)
		free((char *)(uintptr_t)v->findings[i].text);
	free(v->findings);
	conf_feed_free(v->feed);
	ledger_document_free(&v->own);
	free(v);
}

static enum df_status deliver_document(struct run_delivery *v, struct df_err *err)
{
	enum df_status st = run_document_prepare(v, err);
	if (st != DF_OK)
		return st;
	v->pass.places = document_places_new();
	st = run_document_send(v, err);
	keep_findings(v);
	document_pass_end(&v->pass);
	return st;
}

/* Closes it, or keeps it for another worker. */
static enum df_status settle_document(struct run_delivery **own, struct df_err *err)
{
	struct run_delivery *v = *own;
	if (!v->w->last || !v->w->later)
		return run_document_close(v, err);
	v->kept = *v->w;
	v->w = &v->kept;
	v->kept.f->delivery = v;
	*own = NULL;
	return DF_OK;
}

enum df_status run_document_work(struct run_file_work *w, const struct decode_doc *doc,
				 struct df_err *err)
{
	struct run_delivery *v = delivery_new(w, doc);
	const struct ledger_document *d = v->d;
	enum df_status st = run_document_begin(w, doc, &v->own, err);
	if (st != DF_OK)
		goto cleanup;

	run_file_sum_add(&w->sum, d); /* an earlier run may have closed it */
	if (ledger_closes(d->state))
		goto cleanup;
	v->doc.event_type = d->event_type;
	st = deliver_document(v, err);
	if (st == DF_OK)
		st = settle_document(&v, err);
cleanup:
	run_delivery_free(v);
	/* refused, entered and logged: the file's other documents go on */
	return st == DF_REJECT ? DF_OK : st;
}
