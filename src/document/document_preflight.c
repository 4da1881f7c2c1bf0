/* SPDX-License-Identifier: MIT */
#include "document_pass.h"

#include <stdio.h>
#include <stdlib.h>

struct preflight_pass {
	const struct batch_form *form;
	struct document_forecast *out;
	document_reject_handler reject;
	void *ctx;
	/* per lane, the request that is being filled: a forecast, because pace and answers decide
	 * where requests really end */
	struct forecast {
		uint32_t batches, events;
		uint64_t bytes;
		bool historical;
	} * lanes; /* own */
	/* The same of all lanes: what does not fill a request is sent as one. */
	struct forecast whole;
	bool several; /* it does, or is sent lane by lane because nothing may be sent twice */
};

/* False: the batch begins another request. */
static bool forecast_add(struct forecast *f, const struct batch_form *form, const struct batch *b)
{
	bool fits = f->batches > 0 && f->historical == b->historical &&
		    f->batches < form->max_batches && f->events + b->n_events <= form->max_events &&
		    f->bytes + b->json_len + 1 <= form->max_bytes;
	if (!fits)
		*f = (struct forecast){.bytes = 2, .historical = b->historical};
	f->batches++;
	f->events += b->n_events;
	f->bytes += b->json_len + 1;
	return fits;
}

static enum df_status count_batch(void *ctx, struct batch *b, struct df_err *err)
{
	(void)err;
	struct preflight_pass *p = ctx;
	const struct batch_form *form = p->form;
	const struct forecast *whole = &p->whole;
	bool another = !forecast_add(&p->whole, form, b) && p->out->batches > 0;
	p->several = p->several || another || whole->batches == form->max_batches ||
		     whole->events >= form->max_events || whole->bytes >= form->max_bytes;
	p->out->requests += !forecast_add(&p->lanes[b->lane], form, b);
	if (b->n_events > form->max_events) /* it takes several */
		p->out->requests += (b->n_events - 1) / form->max_events;
	p->out->cut += b->cut;
	p->out->points += b->points;
	p->out->batches++;
	p->out->events += b->n_events;
	batch_free(b);
	return DF_OK;
}

static enum df_status preflight_reject(void *ctx, const struct document_pass_reject *r,
				       struct df_err *err)
{
	struct preflight_pass *p = ctx;
	return p->reject != NULL ? p->reject(p->ctx, r, err) : DF_OK;
}

static enum df_status check_rejects(const struct document_pass *w, struct df_err *err)
{
	const struct conf_feed *feed = w->feed;
	unsigned long long rejected = w->rejected, rows = w->rows, max = feed->map.max_rejects;
	if (!feed->map.max_rejects_percent) {
		if (rejected <= max)
			return DF_OK;
		return df_fail(DF_REJECT, err, "too-many-rejects",
			       "%llu of %llu rows are rejected, max_rejects = %llu: nothing was "
			       "sent; see `dropfeed "
			       "validate`",
			       rejected, rows, max);
	}
	/* max is in thousandths of a percent. */
	if (rejected * 100000 <= max * rows)
		return DF_OK;
	return df_fail(DF_REJECT, err, "too-many-rejects",
		       "%llu of %llu rows are rejected, max_rejects = %g%%: nothing was sent; see "
		       "`dropfeed validate`",
		       rejected, rows, (double)max / 1000);
}

/* What of the document does not go out as it is. */
static void note_losses(struct document_pass *pass, const struct batch_settings *settings,
			const struct document_forecast *found)
{
	char text[200];
	if (settings->form != NULL && settings->form->drops_events != NULL &&
	    settings->form->drops_events(settings)) {
		snprintf(text, sizeof(text),
			 "%s documents make no events at the feed's sink: only the attributes of "
			 "their users are sent",
			 settings->event_type);
		document_pass_note(pass, "not-forwarded", text);
	}
	if (found->cut == 0)
		return;
	snprintf(text, sizeof(text),
		 "%llu names, values and lists are over the limits of the feed's sink: a part of "
		 "each is sent",
		 (unsigned long long)found->cut);
	document_pass_note(pass, "cut", text);
}

/* Rows that would have been folded with rejected ones are sent without them: such a line, dropped
 * again, makes an event of its own, with all that its order has in common. */
static void note_rejected_lines(struct document_pass *pass, const struct batch_settings *settings)
{
	char text[sizeof(pass->notes->text)];
	const unsigned long long n = pass->rejected;
	if (!settings->fold_products || strcmp(settings->event_type, "commerce_event") != 0 ||
	    n == 0 || n + pass->skipped == pass->rows)
		return;
	snprintf(
	    text, sizeof(text),
	    "%llu row%s rejected: where other lines of the same order are folded, the order is "
	    "sent without it, and the line, corrected and dropped again, makes a second event "
	    "with the order's whole total; empty the order's amounts (total, tax, shipping, "
	    "...) in it before that, or set max_rejects = 0, which sends nothing of such a "
	    "document",
	    n, n == 1 ? " is" : "s are");
	document_pass_note(pass, "order-line-rejected", text);
}

/* Rows that state an order's total each count it as often, unless they are folded. Where rows of an
 * order mostly state different totals, these are the lines' own. */
static void note_orders(struct document_pass *pass, const struct batch_settings *settings,
			const struct batch_orders *orders)
{
	char text[sizeof(pass->notes->text)];
	const unsigned long long n = orders->again;
	if (n == 0 || n <= orders->others)
		return;
	snprintf(text, sizeof(text),
		 "%llu purchase%s the order and the total of an earlier one, the first on line "
		 "%llu: the order counts more than once; %s",
		 n, n == 1 ? " repeats" : "s repeat", (unsigned long long)orders->line,
		 settings->fold_products
		     ? "fold_products makes one event of rows that are adjacent and differ in "
		       "their products alone: sort the file by order, fill_down what is on the "
		       "first line alone, leave out what differs from line to line"
		     : "where the rows are lines of one order, set fold_products = yes");
	document_pass_note(pass, "order-repeated", text);
}

enum df_status document_preflight(struct document_pass *pass, const struct batch_settings *settings,
				  document_reject_handler reject, void *ctx,
				  struct document_forecast *out, struct df_err *err)
{
	*out = (struct document_forecast){0};
	static const struct document_pass_handlers rows_alone = {.reject = preflight_reject};
	struct preflight_pass p = {.out = out, .reject = reject, .ctx = ctx};
	struct batch_orders orders = {0};
	enum df_status st;
	if (settings != NULL) {
		struct batch_settings counting = *settings;
		counting.count_only = true;
		if (strcmp(settings->event_type, "commerce_event") == 0) {
			batch_orders_begin(&orders);
			counting.orders = &orders;
		}
		p.form = settings->form != NULL ? settings->form : &batch_form_events;
		p.lanes = df_alloc(settings->lanes * sizeof(*p.lanes));
		p.several = p.form->write != NULL; /* of objects, some count twice */
		st = document_batches(pass, &counting, count_batch, preflight_reject, &p, err);
	} else {
		pass->handlers = &rows_alone;
		pass->ctx = &p;
		st = document_pass(pass, err);
	}
	if (!p.several && out->requests > 0)
		out->requests = 1;
	out->rows = pass->rows;
	out->rejected = pass->rejected;
	out->skipped = pass->skipped;
	out->late = pass->late;
	out->redropped = pass->map != NULL && document_is_rejects(pass->map);
	if (st != DF_OK)
		goto cleanup;
	document_twice_note(pass);
	if (settings != NULL) {
		note_losses(pass, settings, out);
		note_rejected_lines(pass, settings);
		note_orders(pass, settings, &orders);
	}
	st = check_rejects(pass, err);
cleanup:
	batch_orders_end(&orders);
	free(p.lanes);
	return st;
}

struct batch_settings document_batch_settings(const struct conf_feed *feed, const char *sha256,
					      const struct decode_doc *doc, int64_t begun_ms)
{
	return (struct batch_settings){
	    .form = batch_form_for(feed, doc->event_type),
	    .options = feed,
	    .feed = feed->name,
	    .sha256 = sha256,
	    .document = doc->name != NULL ? doc->name : "",
	    .event_type = doc->event_type,
	    .format = BATCH_FORMAT,
	    .lanes = feed->batch.lanes,
	    .window = feed->batch.group_window,
	    .historical = feed->batch.historical,
	    .most = feed->requests.on ? feed->requests.max : 0,
	    .fold_products = feed->map.fold_products,
	    .begun_ms = begun_ms,
	};
}
