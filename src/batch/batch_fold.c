/* SPDX-License-Identifier: MIT */
/* Lines of one order become one event: rows that differ in their products alone. A line without a
 * product, such as one of text or of the order as a whole, is one of them. */
#include "batch_maker.h"

#define PRODUCTS "\"products\":["

struct span { /* of an event's data */
	size_t from, to;
};

static const char *last_data(const struct batch_made *made)
{
	return made->events.data + made->last.data;
}

static bool same_id(const struct batch_made *made, const struct map_record *rec)
{
	const struct batch_last *l = &made->last;
	const bool own = rec->message_id != NULL;
	return own == l->own_id && (!own || (rec->message_id_len == l->id_end - l->id &&
					     memcmp(rec->message_id, made->events.data + l->id,
						    l->id_end - l->id) == 0));
}

/* Both have products. */
static bool same_around(const struct batch_made *made, const struct map_record *rec)
{
	const struct batch_last *l = &made->last;
	const size_t before = rec->fold_from, after = rec->data_len - rec->fold_to;
	return before == l->fold_from - l->data && after == l->data_end - l->fold_to &&
	       memcmp(rec->data, last_data(made), before) == 0 &&
	       memcmp(rec->data + rec->fold_to, made->events.data + l->fold_to, after) == 0;
}

/* The member around the products, and the comma that goes with it. */
static bool find_member(const char *data, size_t len, const struct span *products, struct span *out)
{
	const size_t head = sizeof(PRODUCTS) - 1;
	if (products->from < head || products->to >= len ||
	    memcmp(data + products->from - head, PRODUCTS, head) != 0)
		return false;
	*out = (struct span){products->from - head, products->to + 1};
	if (out->from > 0 && data[out->from - 1] == ',')
		out->from--;
	else if (out->to < len && data[out->to] == ',')
		out->to++;
	return true;
}

/* Is the one that has products the other one but for these? */
static bool same_without(const char *data, size_t len, const struct span *products,
			 const char *other, size_t other_len)
{
	struct span gone;
	return find_member(data, len, products, &gone) &&
	       other_len + (gone.to - gone.from) == len && memcmp(data, other, gone.from) == 0 &&
	       memcmp(data + gone.to, other + gone.from, len - gone.to) == 0;
}

/* The bytes that the row adds to the event, but for a comma. */
static size_t bytes_more(const struct batch_last *l, const struct map_record *rec)
{
	if (rec->fold_to == 0)
		return 0;
	return l->fold_to == 0 ? rec->data_len - (l->data_end - l->data)
			       : rec->fold_to - rec->fold_from;
}

/* But for the products, which one of them has at least. */
static bool same_event(const struct batch_made *made, const struct map_record *rec)
{
	const struct batch_last *l = &made->last;
	const size_t last_len = l->data_end - l->data;
	if (rec->fold_to != 0 && l->fold_to != 0)
		return same_around(made, rec);
	if (rec->fold_to != 0) {
		const struct span own = {rec->fold_from, rec->fold_to};
		return same_without(rec->data, rec->data_len, &own, last_data(made), last_len);
	}
	const struct span last = {l->fold_from - l->data, l->fold_to - l->data};
	return same_without(last_data(made), last_len, &last, rec->data, rec->data_len);
}

bool batch_fold_fits(const struct batch_maker *mk, struct batch_open *o,
		     const struct map_record *rec)
{
	const struct batch_made *made = batch_made(o);
	const struct batch_last *l = &made->last;
	if (mk->previous != o || rec->no_event || (rec->fold_to == 0 && l->fold_to == 0) ||
	    !same_id(made, rec))
		return false;
	return same_event(made, rec) && l->products + rec->fold_items <= BATCH_MAX_FOLDED &&
	       batch_maker_has_room(mk, o, bytes_more(l, rec));
}

/* Puts text in place of bytes of the last event. */
static void replace(struct batch_table *t, struct batch_open *o, const struct span *gone,
		    const char *text, size_t len)
{
	struct batch_made *made = batch_made(o);
	struct batch_events *e = &made->events;
	const size_t more = len - (gone->to - gone->from);
	batch_table_grow_events(t, made, more);
	memmove(e->data + gone->to + more, e->data + gone->to, e->len - gone->to);
	memcpy(e->data + gone->from, text, len);
	e->len += more;
	o->events_len = e->len;
	made->last.data_end += more;
}

void batch_fold_put(struct batch_table *t, struct batch_open *o, const struct map_record *rec)
{
	struct batch_made *made = batch_made(o);
	struct batch_last *l = &made->last;
	if (rec->fold_to == 0)
		return;
	if (l->fold_to == 0) {
		replace(t, o, &(struct span){l->data, l->data_end}, rec->data, rec->data_len);
		l->fold_from = l->data + rec->fold_from;
		l->fold_to = l->data + rec->fold_to;
	} else {
		const size_t at = l->fold_to, len = rec->fold_to - rec->fold_from;
		replace(t, o, &(struct span){at, at}, ",", 1);
		replace(t, o, &(struct span){at + 1, at + 1}, rec->data + rec->fold_from, len);
		l->fold_to += len + 1;
	}
	l->products += rec->fold_items;
}
