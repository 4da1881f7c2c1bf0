/* SPDX-License-Identifier: MIT */
#include "send_request.h"

#include "send_objects.h"
#include "send_verdict.h"

#include <stdlib.h>

#define HALVE_AFTER 3u /* failures while others succeed */
/* so many failures count until others succeed again: more of them may be the API's */
#define PER_SUCCESS 3u
#define SPARE       3u /* so few other batches are left to show that the API is well */

bool send_queue_fills(const struct send_queue *q, const struct batch_form *form)
{
	return q->n >= form->max_batches || q->events >= form->max_events ||
	       q->bytes >= form->max_bytes;
}

void send_queue_push(struct send_queue *q, struct batch *b)
{
	b->next = NULL;
	if (q->tail != NULL)
		q->tail->next = b;
	else
		q->head = b;
	q->tail = b;
	q->n++;
	q->bytes += b->json_len;
	q->events += b->n_events;
}

struct batch *send_queue_pop(struct send_queue *q)
{
	struct batch *b = q->head;
	if (b == NULL)
		return NULL;
	q->head = b->next;
	if (q->head == NULL)
		q->tail = NULL;
	b->next = NULL;
	q->n--;
	q->bytes -= b->json_len;
	q->events -= b->n_events;
	return b;
}

void send_queue_free(struct send_queue *q)
{
	for (struct batch *b; (b = send_queue_pop(q)) != NULL;)
		batch_free(b);
}

bool send_queue_has_room(const struct send_queue *q, const struct batch_form *form,
			 const struct batch *b)
{
	return q->n < form->max_batches && q->events + b->n_events <= form->max_events &&
	       1 + q->bytes + q->n + b->json_len + 1 <= form->max_bytes &&
	       (q->n == 0 || q->head->historical == b->historical);
}

/* The body is "[" batch ("," batch)* "]": every batch costs one byte more than itself, and there is
 * one byte left over.
 */
size_t send_request_measure(const struct batch_form *form, const struct batch *head, bool *full)
{
	size_t n = 0, bytes = 1, events = 0;
	for (const struct batch *b = head; b != NULL; b = b->next) {
		bool fits = n < form->max_batches && b->historical == head->historical &&
			    events + b->n_events <= form->max_events &&
			    bytes + b->json_len + 1 <= form->max_bytes;
		if (!fits && n > 0) {
			*full = true;
			return n;
		}
		n++;
		bytes += b->json_len + 1;
		events += b->n_events;
	}
	*full = n >= form->max_batches || events >= form->max_events || bytes + 3 > form->max_bytes;
	return n;
}

static void request_take(struct send_item *item, struct send_queue *q)
{
	*item = (struct send_item){.batch = send_queue_pop(q)};
	send_objects_begin(item);
}

void send_request_fill(struct send_request *r, struct send_queue *q, size_t n)
{
	r->settled = 0;
	r->suspect = false;
	for (r->n = 0; r->n < n && r->n < REQUEST_MAX_BATCHES; r->n++)
		request_take(&r->item[r->n], q);
	send_objects_close(r);
}

static size_t request_first(const struct send_request *r)
{
	size_t first = r->settled;
	while (first < r->n && r->item[first].fate != SEND_PENDING)
		first++;
	return first;
}

bool send_request_part(struct send_request *r)
{
	r->from = request_first(r);
	if (r->from == r->n)
		return false;
	for (r->to = r->from + 1; r->to < r->n; r->to++)
		if (r->item[r->to].fate != SEND_PENDING || r->item[r->to - 1].cut)
			break;
	return true;
}

static bool request_may_pass(const struct send_request *r, size_t first, size_t which)
{
	const struct batch *b = r->item[which].batch;
	if (r->item[which].fate != SEND_PENDING)
		return false;
	for (size_t i = first; i < which; i++) {
		const struct batch *before = r->item[i].batch;
		bool same = b->user == 0 || before->user == b->user;
		if (r->item[i].fate == SEND_PENDING && before->lane == b->lane && same)
			return false;
	}
	return true;
}

void send_request_pass(struct send_request *r)
{
	size_t first = request_first(r), next = r->from + 1;
	while (next < r->n && !request_may_pass(r, first, next))
		next++;
	if (next == r->n) {
		send_request_part(r);
		return;
	}
	r->item[next - 1].cut = true;
	r->item[next].cut = true;
	r->from = next;
	r->to = next + 1;
}

/* When few are left to pass it with, each of them is kept until the failures that its
 * predecessor made possible are counted. */
bool send_request_stays(const struct send_request *r, uint64_t successes)
{
	size_t pending = 0;
	for (size_t i = r->settled; i < r->n; i++)
		pending += r->item[i].fate == SEND_PENDING;
	return pending <= SPARE + 1 && send_request_counts(&r->item[r->from], successes);
}

void send_request_isolate(struct send_request *r, size_t first, size_t width)
{
	size_t last = first + width - 1;
	if (last < r->n)
		r->item[last].cut = true;
	if (first > 0)
		r->item[first - 1].cut = true;
}

void send_request_top_up(struct send_request *r, struct send_queue *q)
{
	size_t first = request_first(r);
	if (first == r->n || r->item[first].failures == 0 || !r->item[first].cut)
		return;
	for (size_t i = first + 1; i < r->n; i++)
		if (request_may_pass(r, first, i))
			return;
	while (q->n > 0 && r->n < REQUEST_MAX_BATCHES) {
		r->item[r->n - 1].cut = true;
		request_take(&r->item[r->n++], q);
	}
	send_objects_close(r);
}

void send_request_cut(struct send_request *r, size_t n)
{
	if (n >= r->to - r->from)
		return;
	r->to = r->from + n;
	r->item[r->to - 1].cut = true;
	r->item[r->from].failures = 0;
}

void send_request_body(struct send_request *r)
{
	df_buf_reset(&r->body);
	for (size_t i = r->from; i < r->to; i++) {
		df_buf_addc(&r->body, i == r->from ? '[' : ',');
		df_buf_add(&r->body, r->item[i].batch->json, r->item[i].batch->json_len);
	}
	df_buf_addc(&r->body, ']');
}

void send_request_clear(struct send_request *r)
{
	for (size_t i = 0; i < r->n; i++) {
		send_objects_free(&r->item[i]);
		batch_free(r->item[i].batch);
		free(r->item[i].words);
	}
	r->n = r->settled = r->from = r->to = 0;
}

static void request_mark(struct send_request *r, enum send_fate fate, const bool *except)
{
	for (size_t i = r->from; i < r->to; i++)
		if (except == NULL || !except[i - r->from])
			r->item[i].fate = fate;
}

static void request_halve(struct send_request *r)
{
	r->item[r->from + (r->to - r->from) / 2 - 1].cut = true;
}

/* An answer that refuses something without saying what: the parts get smaller, so that it ends
 * with a batch that is alone. */
static void request_apply_objects(struct send_request *r, const struct send_verdict *v)
{
	if (v->action == SEND_SPLIT && send_objects_apply(r, v))
		return;
	send_objects_back(r, true);
	if (r->to - r->from > 1)
		request_halve(r);
	else
		send_objects_refuse(r, v->words != NULL ? v->words : "rejected without a message");
}

/* Every split makes the parts smaller, so that it ends with batches that are alone. */
void send_request_apply(struct send_request *r, const struct send_verdict *v)
{
	if (v->action == SEND_ACCEPT && r->item[r->from].objects != NULL) {
		send_objects_apply(r, v);
		return;
	}
	if (v->action == SEND_ACCEPT) {
		request_mark(r, SEND_DELIVERED, NULL);
		if (v->due != NULL)
			r->item[r->from].words = df_strdup(v->due);
		r->item[r->from].before = v->before;
		return;
	}
	if (v->action != SEND_SPLIT && v->action != SEND_HALVE)
		return;
	if (r->item[r->from].objects != NULL) {
		request_apply_objects(r, v);
		return;
	}
	if (r->to - r->from == 1) {
		r->item[r->from].fate = SEND_REJECTED;
		r->item[r->from].words =
		    df_strdup(v->words != NULL ? v->words : "rejected without a message");
		return;
	}
	if (v->action == SEND_HALVE || v->n_located == 0) {
		request_halve(r);
		return;
	}
	if (v->rest_stands)
		request_mark(r, SEND_DELIVERED, v->located);
	for (size_t i = r->from; i < r->to; i++) {
		if (!v->located[i - r->from])
			continue;
		r->item[i].cut = true;
		if (i > r->from)
			r->item[i - 1].cut = true;
	}
}

void send_request_set_aside(struct send_request *r, const char *words)
{
	r->item[r->from].fate = SEND_SET_ASIDE;
	r->item[r->from].words = df_strdup(words);
}

bool send_request_counts(const struct send_item *item, uint64_t successes)
{
	if (item->failures == 0 || successes != item->seen)
		return true;
	return successes > 0 && item->in_turn < PER_SUCCESS;
}

enum send_blame send_request_blame(struct send_request *r, uint64_t successes, const char *words)
{
	bool alone = r->to - r->from == 1;
	struct send_item *item = &r->item[r->from];
	if (!send_request_counts(item, successes))
		return SEND_BLAME_NONE;
	item->in_turn = item->failures > 0 && successes == item->seen ? item->in_turn + 1 : 1;
	item->seen = successes;
	r->suspect = r->suspect || successes > 0;
	if (++item->failures < (alone ? SEND_SET_ASIDE_AFTER : HALVE_AFTER))
		return SEND_BLAME_NONE;

	if (alone) {
		send_request_set_aside(r, words);
		return SEND_BLAME_SET_ASIDE;
	}
	item->failures = 0;
	request_halve(r);
	send_request_part(r);
	return SEND_BLAME_HALVED;
}
