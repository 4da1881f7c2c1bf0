/* SPDX-License-Identifier: MIT */
#include "send_objects.h"

#include "send_verdict.h"

#include <stdlib.h>

void send_objects_begin(struct send_item *item)
{
	const struct batch *b = item->batch;
	if (b->objects == NULL)
		return;
	item->objects = df_alloc(b->n_objects * sizeof(*item->objects));
	for (size_t i = 0; i < b->n_objects; i++)
		if (b->in_doubt && b->objects[i].once)
			item->objects[i].state = SEND_OBJECT_UNKNOWN;
}

void send_objects_free(struct send_item *item)
{
	for (size_t i = 0; item->objects != NULL && i < item->batch->n_objects; i++)
		free(item->objects[i].words);
	free(item->objects);
	item->objects = NULL;
}

/* ---- on their way ---- */

/* The first pending objects of an item that there is room for; at least one in a request. False:
 * there is no room for the next one. */
static bool wire_item(struct send_item *item, const struct batch_form *form, size_t *n,
		      size_t *bytes)
{
	for (size_t k = 0; k < item->batch->n_objects; k++) {
		size_t len = item->batch->objects[k].len + 1;
		if (item->objects[k].state != SEND_OBJECT_PENDING)
			continue;
		if (*n == form->max_events || (*n > 0 && *bytes + len > form->max_bytes))
			return false;
		item->objects[k].state = SEND_OBJECT_WIRE;
		*n += 1;
		*bytes += len;
	}
	return true;
}

void send_objects_wire(struct send_request *r, const struct batch_form *form)
{
	size_t n = 0, bytes = 0;
	for (size_t i = r->from; i < r->to; i++)
		if (!wire_item(&r->item[i], form, &n, &bytes))
			return;
}

bool send_objects_once(const struct send_request *r)
{
	for (size_t i = r->from; i < r->to; i++)
		for (size_t k = 0; k < r->item[i].batch->n_objects; k++)
			if (r->item[i].objects[k].state == SEND_OBJECT_WIRE &&
			    r->item[i].batch->objects[k].once)
				return true;
	return false;
}

/* A batch of which nothing is to be sent any more has its fate. */
void send_objects_close(struct send_request *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct send_item *item = &r->item[i];
		bool open = false;
		for (size_t k = 0; item->objects != NULL && k < item->batch->n_objects; k++)
			open |= item->objects[k].state == SEND_OBJECT_PENDING ||
				item->objects[k].state == SEND_OBJECT_WIRE;
		if (item->objects != NULL && item->fate == SEND_PENDING && !open)
			item->fate = SEND_DELIVERED;
	}
}

/* What is on the wire gets another state. once, twice: of objects that must not be sent twice, and
 * of others. */
static void leave_wire(struct send_request *r, enum send_object_state once,
		       enum send_object_state twice)
{
	for (size_t i = r->from; i < r->to; i++)
		for (size_t k = 0; k < r->item[i].batch->n_objects; k++)
			if (r->item[i].objects[k].state == SEND_OBJECT_WIRE)
				r->item[i].objects[k].state =
				    r->item[i].batch->objects[k].once ? once : twice;
	send_objects_close(r);
}

static void refuse(struct send_object *o, const char *words)
{
	o->state = SEND_OBJECT_REFUSED;
	free(o->words);
	o->words = df_strdup(words);
}

bool send_objects_apply(struct send_request *r, const struct send_verdict *v)
{
	bool taken = v->action == SEND_ACCEPT;
	enum send_object_state rest = taken ? SEND_OBJECT_TAKEN : SEND_OBJECT_PENDING;
	for (size_t i = 0; i < v->n_faults; i++) {
		const struct send_fault *f = &v->faults[i];
		refuse(&r->item[f->item].objects[f->object], f->words);
	}
	leave_wire(r, rest, rest);
	return taken || v->n_faults > 0;
}

void send_objects_refuse(struct send_request *r, const char *words)
{
	struct send_item *item = &r->item[r->from];
	for (size_t k = 0; k < item->batch->n_objects; k++)
		if (item->objects[k].state == SEND_OBJECT_PENDING ||
		    item->objects[k].state == SEND_OBJECT_WIRE)
			refuse(&item->objects[k], words);
	send_objects_close(r);
}

void send_objects_back(struct send_request *r, bool certain)
{
	leave_wire(r, certain ? SEND_OBJECT_PENDING : SEND_OBJECT_UNKNOWN, SEND_OBJECT_PENDING);
}

bool send_objects_doubtful(const struct send_item *item)
{
	for (size_t k = 0; k < item->batch->n_objects; k++) {
		enum send_object_state is = item->objects[k].state;
		if (item->batch->objects[k].once && is != SEND_OBJECT_PENDING &&
		    is != SEND_OBJECT_REFUSED)
			return true;
	}
	return false;
}

/* ---- what becomes of the rows ---- */

struct row_fate {
	const char *words;
	bool refused, unknown, open;
	bool taken; /* something that must not be sent twice */
};

static struct row_fate row_fate(const struct send_item *item, const struct batch_row *row)
{
	struct row_fate fate = {0};
	for (size_t k = 0; k < item->batch->n_objects; k++) {
		const struct batch_object *o = &item->batch->objects[k];
		const struct send_object *is = &item->objects[k];
		if (!batch_object_of(o, row))
			continue;
		if (is->state == SEND_OBJECT_REFUSED && fate.words == NULL)
			fate.words = is->words;
		fate.refused |= is->state == SEND_OBJECT_REFUSED;
		fate.unknown |= is->state == SEND_OBJECT_UNKNOWN;
		fate.open |= is->state == SEND_OBJECT_PENDING;
		fate.taken |= is->state == SEND_OBJECT_TAKEN && o->once;
	}
	return fate;
}

/* A row of which something was refused and something may have been taken counts as unknown: sent
 * again by itself it would arrive twice. Of a batch that is set aside some rows may be through. */
static struct send_reject row_reject(const struct send_item *item, const struct batch_row *row,
				     const char *code)
{
	struct row_fate fate = row_fate(item, row);
	struct send_reject reject = {.batch = item->batch, .rows = row, .n_rows = 1};
	if (fate.unknown) {
		reject.code = "delivery-unknown";
		reject.message = SEND_UNKNOWN_WORDS;
		return reject;
	}
	if (fate.open) {
		reject.code = "api-unavailable";
		reject.message = item->words;
	} else if (fate.refused) {
		reject.code = code;
		reject.message = fate.words;
	}
	reject.partly = reject.code != NULL && fate.taken;
	return reject;
}

struct send_reject *send_objects_rejects(const struct send_item *item, const char *code, size_t *n)
{
	const struct batch *b = item->batch;
	struct send_reject *list = df_alloc((b->n_rows + 1) * sizeof(*list));
	*n = 0;
	for (size_t k = 0; k < b->n_objects; k++)
		b->objects[k].taken = item->objects[k].state == SEND_OBJECT_TAKEN;
	for (size_t i = 0; i < b->n_rows; i++) {
		list[*n] = row_reject(item, &b->rows[i], code);
		*n += list[*n].code != NULL;
	}
	return list;
}
