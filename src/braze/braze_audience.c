/* SPDX-License-Identifier: MIT */
/*
 * A user's audiences: the batch holds all of them, each as an event, so that what is written is the
 * whole membership. Of two rows about one audience the later counts.
 */
#include "braze_priv.h"

#include <stdlib.h>

struct audience {
	struct json_text id, name; /* without quotes */
	bool member;
};

struct audiences {
	struct audience *v; /* own */
	size_t n;
};

static void add(struct audiences *a, struct json_walk data)
{
	const struct audience one = {.id = json_string(json_find(data, "id")),
				     .name = json_string(json_find(data, "name")),
				     .member = json_text_is(json_find(data, "member"), "true")};
	size_t i = 0;
	while (i < a->n &&
	       (a->v[i].id.len != one.id.len || memcmp(a->v[i].id.p, one.id.p, one.id.len) != 0))
		i++;
	if (i == a->n)
		a->v = df_realloc(a->v, ++a->n * sizeof(*a->v));
	a->v[i] = one;
}

/* '13053','13052': as many as a text may hold. */
static void put_string(struct braze_writer *w, const struct audiences *a)
{
	size_t used = 0, n = 0;
	if (!braze_name_own(w, "SegmentMembership"))
		return;
	df_buf_addc(w->text, '"');
	for (size_t i = 0; i < a->n; i++) {
		/* bytes are never fewer than characters */
		size_t more = a->v[i].id.len + 2 + (n > 0);
		if (!a->v[i].member)
			continue;
		if (used + more > BRAZE_MAX_TEXT) {
			w->out->cut++;
			break;
		}
		used += more;
		df_buf_adds(w->text, n++ > 0 ? ",'" : "'");
		df_buf_add(w->text, a->v[i].id.p, a->v[i].id.len);
		df_buf_addc(w->text, '\'');
	}
	df_buf_addc(w->text, '"');
}

static void put_array(struct braze_writer *w, const struct audiences *a)
{
	size_t n = 0;
	if (!braze_name_own(w, "SegmentMembershipArray"))
		return;
	df_buf_addc(w->text, '[');
	for (size_t i = 0; i < a->n; i++) {
		if (!a->v[i].member)
			continue;
		if (n == BRAZE_MAX_ITEMS) {
			w->out->cut++;
			break;
		}
		df_buf_adds(w->text, n++ > 0 ? ",\"" : "\"");
		df_buf_add(w->text, a->v[i].id.p, a->v[i].id.len);
		df_buf_addc(w->text, '"');
	}
	df_buf_addc(w->text, ']');
}

/* "In <name>" of each; where two audiences have one name, being in one of them is enough. */
static void put_names(struct braze_writer *w, const struct audiences *a, struct df_buf *names)
{
	for (int member = 1; member >= 0; member--)
		for (size_t i = 0; i < a->n; i++) {
			if (a->v[i].member != (member == 1))
				continue;
			size_t from = names->len;
			df_buf_adds(names, "In ");
			df_buf_add(names, a->v[i].name.p, a->v[i].name.len);
			struct json_text name = {names->data + from, names->len - from};
			if (braze_name(w, name))
				df_buf_adds(w->text, member == 1 ? "true" : "false");
		}
}

static void check(struct braze_writer *w, const struct audiences *a)
{
	for (size_t i = 0; i < a->n; i++) {
		if (braze_cut(a->v[i].id, BRAZE_MAX_TEXT) < a->v[i].id.len)
			braze_fail(w, "too-long", "audience.id has more than %u characters",
				   BRAZE_MAX_TEXT);
		if ((w->b->set->audiences & CONF_BRAZE_AUDIENCE_ATTRIBUTE) && a->v[i].name.len == 0)
			braze_fail(w, "missing-value",
				   "audience.name is empty, and audiences = attribute makes an "
				   "attribute of it");
	}
}

void braze_put_audiences(struct braze_writer *w, struct json_walk events)
{
	uint32_t how = w->b->set->audiences;
	struct audiences a = {0};
	struct df_buf names = {0};
	struct json_text ignored, event;
	size_t room = 0;
	while (json_walk_next(&events, &ignored, &event)) {
		add(&a, json_walk_into(json_find(json_walk_into(event), "data")));
		room += event.len + 3;
	}
	df_buf_first(&names, room); /* what points into it stays */
	check(w, &a);
	w->event = BRAZE_NO_EVENT;
	braze_begin(w, BRAZE_ATTRIBUTES);
	braze_put(w, "external_id", w->external_id);
	if (how & CONF_BRAZE_AUDIENCE_STRING)
		put_string(w, &a);
	if (how & CONF_BRAZE_AUDIENCE_ARRAY)
		put_array(w, &a);
	if (how & CONF_BRAZE_AUDIENCE_ATTRIBUTE)
		put_names(w, &a, &names);
	braze_end(w);
	df_buf_free(&names);
	free(a.v);
}
