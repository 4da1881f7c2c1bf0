/* SPDX-License-Identifier: MIT */
/*
 * A user's audiences: the batch holds all of them, each as an event, so that what is written is the
 * whole membership. Of two rows about one audience the later counts.
 */
#include "braze_priv.h"

#include <stdlib.h>

#define PREFIX       "In " /* of the attribute that is named by an audience */
#define PREFIX_LEN   (sizeof(PREFIX) - 1)
#define NAME_MAX_LEN ((unsigned)(BRAZE_MAX_TEXT - PREFIX_LEN))

struct audience {
	struct json_text id, name; /* without quotes */
	bool member;
	size_t at; /* among the user's, in the order of rows */
};

struct audiences {
	struct audience *v; /* own, but for one that is alone */
	size_t n, cap;
};

static struct audience audience_read(struct json_walk data, size_t at)
{
	struct audience a = {.at = at};
	struct json_text name, value;
	while (json_walk_next(&data, &name, &value))
		if (json_text_is(name, "id"))
			a.id = json_string(value);
		else if (json_text_is(name, "name"))
			a.name = json_string(value);
		else if (json_text_is(name, "member"))
			a.member = json_text_is(value, "true");
	return a;
}

static void add(struct audiences *a, struct json_walk data)
{
	if (a->n == a->cap) {
		a->cap = a->cap > 0 ? a->cap * 2 : 32;
		a->v = df_realloc(a->v, a->cap * sizeof(*a->v));
	}
	a->v[a->n] = audience_read(data, a->n);
	a->n++;
}

/* ---- of several rows about one audience one is left ---- */

static int compare_text(struct json_text a, struct json_text b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len > 0 ? memcmp(a.p, b.p, len) : 0;
	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_place(const void *one, const void *other)
{
	const struct audience *a = one, *b = other;
	return (a->at > b->at) - (a->at < b->at);
}

static int by_id(const void *one, const void *other)
{
	const struct audience *a = one, *b = other;
	int order = compare_text(a->id, b->id);
	return order != 0 ? order : by_place(a, b);
}

static int by_name(const void *one, const void *other)
{
	const struct audience *a = one, *b = other;
	int order = compare_text(a->name, b->name);
	return order != 0 ? order : by_place(a, b);
}

/* Of one id: the place of the first row, all else of the last. */
static void keep_ids(struct audiences *a)
{
	size_t n = 0;
	qsort(a->v, a->n, sizeof(*a->v), by_id);
	for (size_t i = 0; i < a->n; i++) {
		struct audience one = a->v[i];
		bool known = n > 0 && braze_is(a->v[n - 1].id, one.id);
		if (known)
			one.at = a->v[--n].at;
		a->v[n++] = one;
	}
	a->n = n;
	qsort(a->v, a->n, sizeof(*a->v), by_place);
}

/* Where audiences have one name, being in one of them is enough. */
static void keep_names(struct audiences *a)
{
	size_t n = 0;
	qsort(a->v, a->n, sizeof(*a->v), by_name);
	for (size_t i = 0; i < a->n; i++) {
		if (n > 0 && braze_is(a->v[n - 1].name, a->v[i].name))
			a->v[n - 1].member |= a->v[i].member;
		else
			a->v[n++] = a->v[i];
	}
	a->n = n;
	qsort(a->v, a->n, sizeof(*a->v), by_place);
}

/* ---- what is written ---- */

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

static void put_id_list(struct braze_writer *w, const struct audiences *a)
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

static void object_begin(struct braze_writer *w)
{
	braze_begin(w, BRAZE_ATTRIBUTES);
	braze_put(w, "external_id", w->external_id);
}

/* "In <name>" of each, in as many objects as it takes. The names are kept in a buffer that does
 * not move. */
static void put_names(struct braze_writer *w, struct audiences *a)
{
	struct df_buf names = {0};
	size_t room = 0;
	keep_names(a);
	for (size_t i = 0; i < a->n; i++)
		room += PREFIX_LEN + a->v[i].name.len;
	df_buf_first(&names, room);
	for (size_t i = 0; i < a->n; i++) {
		size_t from = names.len;
		df_buf_add(&names, PREFIX, PREFIX_LEN);
		df_buf_add(&names, a->v[i].name.p, a->v[i].name.len);
		if (w->n_names == BRAZE_MAX_NAMES) {
			braze_end(w);
			object_begin(w);
		}
		if (braze_name(w, (struct json_text){names.data + from, names.len - from}))
			df_buf_adds(w->text, a->v[i].member ? "true" : "false");
	}
	df_buf_free(&names);
}

static void check_name(struct braze_writer *w, struct audience *a)
{
	size_t len = braze_cut(a->name, NAME_MAX_LEN);
	if (a->name.len == 0)
		braze_fail(w, "missing-value",
			   "audience.name is empty, and audiences = attribute makes an attribute "
			   "of it");
	if (len < a->name.len && !w->b->truncate)
		braze_fail(w, "too-long",
			   "audience.name has more than %u characters: the attribute of it would "
			   "be over Braze's limit (limits = truncate cuts it)",
			   NAME_MAX_LEN);
	w->out->cut += len < a->name.len;
	a->name.len = len;
}

static void put_audiences(struct braze_writer *w, struct audiences *a)
{
	uint32_t how = w->b->set->audiences;
	for (size_t i = 0; i < a->n; i++) {
		if (braze_cut(a->v[i].id, BRAZE_MAX_TEXT) < a->v[i].id.len)
			braze_fail(w, "too-long", "audience.id has more than %u characters",
				   BRAZE_MAX_TEXT);
		if (how & CONF_BRAZE_AUDIENCE_ATTRIBUTE)
			check_name(w, &a->v[i]);
	}

	w->event = BRAZE_NO_EVENT;
	object_begin(w);
	if (how & CONF_BRAZE_AUDIENCE_STRING)
		put_string(w, a);
	if (how & CONF_BRAZE_AUDIENCE_ARRAY)
		put_id_list(w, a);
	if (how & CONF_BRAZE_AUDIENCE_ATTRIBUTE)
		put_names(w, a);
	braze_end(w);
}

void braze_put_audience(struct braze_writer *w, struct json_walk data)
{
	struct audience one = audience_read(data, 0);
	put_audiences(w, &(struct audiences){.v = &one, .n = 1});
}

void braze_put_audiences(struct braze_writer *w, struct json_walk events)
{
	struct audiences a = {0};
	struct json_text ignored, event;
	while (json_walk_next(&events, &ignored, &event))
		add(&a, json_walk_into(json_find(json_walk_into(event), "data")));
	if (a.n > 0) {
		keep_ids(&a);
		put_audiences(w, &a);
	}
	free(a.v);
}
