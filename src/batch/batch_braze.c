/* SPDX-License-Identifier: MIT */
/* Batches as Braze takes them: the objects of a user. */
#include "dropfeed/batch.h"
#include "dropfeed/braze.h"
#include "dropfeed/json.h"
#include "dropfeed/schema.h"

#include <stdio.h>
#include <stdlib.h>

static struct braze mapping(const struct batch_settings *set)
{
	return (struct braze){.set = &set->options->braze,
			      .truncate = set->options->map.limits_truncate,
			      .audience = schema_type_audience(set->event_type),
			      .begun_ms = set->begun_ms};
}

/* Data points are what Braze bills: each attribute that is written, but for the user's id, each
 * event, each purchase. */
static void take_objects(struct batch *b, const struct braze_objects *o)
{
	uint32_t part = 0;
	b->n_objects = o->n;
	b->objects = df_realloc(NULL, o->n * sizeof(*b->objects));
	for (size_t i = 0; i < o->n; i++) {
		bool once = o->v[i].array != BRAZE_ATTRIBUTES;
		bool next = i > 0 && o->v[i - 1].event == o->v[i].event;
		part = !once ? 0 : next ? part + 1 : 1;
		b->objects[i] = (struct batch_object){.event = o->v[i].event,
						      .array = o->v[i].array,
						      .part = part,
						      .once = once,
						      .from = o->v[i].from,
						      .len = o->v[i].len};
		b->points += once ? 1 : o->v[i].members - 1;
	}
	b->n_events = (uint32_t)o->n;
}

/* The objects of this array, and where they are now. */
static void write_array(struct batch *b, uint32_t array, struct df_buf *out)
{
	bool any = false;
	for (size_t i = 0; i < b->n_objects; i++) {
		struct batch_object *o = &b->objects[i];
		if (o->array != array)
			continue;
		if (!any)
			df_buf_addf(out, "%s\"%s\":[", out->len > 1 ? "," : "",
				    braze_array_names[array]);
		else
			df_buf_addc(out, ',');
		any = true;
		size_t at = out->len;
		df_buf_add(out, b->json + o->from, o->len);
		o->from = at;
	}
	if (any)
		df_buf_addc(out, ']');
}

/* As a request of its own would have them. The id is known to this program alone: it comes after
 * that, where nobody sends it. */
static void write_objects(struct batch *b)
{
	struct df_buf out = {0};
	df_buf_first(&out, b->json_len + b->id_len + 64);
	df_buf_addc(&out, '{');
	for (uint32_t array = 0; array < BRAZE_ARRAYS; array++)
		write_array(b, array, &out);
	df_buf_addc(&out, '}');
	size_t len = out.len;
	df_buf_addc(&out, '\0');
	df_buf_add(&out, b->id, b->id_len);
	batch_replace(b, &out, len + 1, b->id_len);
	b->json_len = len;
}

static void convert(const struct batch_settings *set, struct batch *b)
{
	const struct braze map = mapping(set);
	struct braze_objects o = {0};
	struct braze_fault fault = {0};
	if (!braze_map(&map, b->json, b->json_len, &o, &fault))
		abort(); /* a defect: each of its rows was checked */
	take_objects(b, &o);
	b->cut = o.cut;
	size_t len = o.text.len, id_len = b->id_len;
	df_buf_add(&o.text, b->id, id_len);
	batch_replace(b, &o.text, len, id_len);
	b->json_len = len;
	write_objects(b);
	braze_objects_free(&o);
}

static bool check(const struct batch_settings *set, const struct map_record *rec,
		  struct map_fault *fault)
{
	bool eventless = strcmp(set->event_type, "eventless") == 0 || rec->no_event;
	const struct braze_row row = {.members = rec->batch,
				      .members_len = rec->batch_len,
				      .data = rec->data,
				      .data_len = rec->data_len,
				      .event_type = eventless ? NULL : set->event_type};
	const struct braze map = mapping(set);
	struct braze_objects o = {0};
	struct braze_fault why = {0};
	bool good = braze_map_row(&map, &row, &o, &why);
	if (!good) {
		*fault = (struct map_fault){.code = why.code, .name = ""};
		snprintf(fault->text, sizeof(fault->text), "%s", why.text);
	}
	braze_objects_free(&o);
	return good;
}

static bool drops_events(const struct batch_settings *set)
{
	const struct braze map = mapping(set);
	return !braze_forwards(&map, set->event_type);
}

/* By the id alone, as Braze does: rows with other identities beside it are the same user's. */
static struct json_text user(const struct batch_settings *set, const struct map_record *rec)
{
	struct json_walk ids = json_walk_members(rec->ids, rec->ids_len);
	struct json_text id = json_find(ids, set->options->braze.external_id);
	return json_string(id).len > 0 ? id : (struct json_text){0};
}

static uint64_t whole_user(const struct batch_settings *set, const struct map_record *rec)
{
	struct json_text id = user(set, rec);
	return id.len > 0 ? batch_hash(id.p, id.len) | 1 : 0;
}

/* A user's attributes are an object beside those of its events. */
const struct batch_form batch_form_braze = {.unit = "batch",
					    .max_batches = BRAZE_MAX_OBJECTS,
					    .max_events = BRAZE_MAX_OBJECTS,
					    .max_bytes = BRAZE_MAX_BYTES - 64,
					    .batch_events = BRAZE_MAX_OBJECTS - 1,
					    .convert = convert,
					    .write = write_objects,
					    .convert_counts = true,
					    .ageless = true,
					    .drops_events = drops_events,
					    .check = check,
					    .user = user};

/* A user's audiences are one object, and all of them. */
const struct batch_form batch_form_audience = {.unit = "batch",
					       .max_batches = BRAZE_MAX_OBJECTS,
					       .max_events = BRAZE_MAX_OBJECTS,
					       .max_bytes = BRAZE_MAX_BYTES - 64,
					       .batch_events = UINT32_MAX,
					       .one_for_user = true,
					       .unordered = true,
					       .convert = convert,
					       .write = write_objects,
					       .convert_counts = true,
					       .ageless = true,
					       .check = check,
					       .user = user,
					       .whole_user = whole_user};
