/* SPDX-License-Identifier: MIT */
/* A map's life, and the header: which column goes where. */
#include "map_bindings.h"
#include "map_compile.h"
#include "map_derive.h"
#include "map_heading.h"
#include "map_manifest.h"
#include "map_own.h"
#include "map_placeholder.h"
#include "map_planned.h"
#include "map_program.h"
#include "map_rows.h"
#include "map_settings.h"
#include "map_state.h"
#include "map_tree.h"
#include "map_warn.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static const char *range_of(const struct conf_feed *feed)
{
	return feed->map.timestamp_range != NULL ? feed->map.timestamp_range : TIME_RANGE_DEFAULT;
}

/* Of requests, ISO 8601 is always taken but where there is a pattern. */
static const char *timestamps_of(const struct conf_feed *feed, const struct schema_event *event)
{
	const char *set = feed->map.timestamps;
	bool plain = set == NULL || strcmp(set, "ms") == 0;
	return plain && schema_event_requests(event) ? "auto" : set;
}

void map_begun(struct map *m, int64_t begun_ms)
{
	struct df_err ignored = {0};
	enum df_status st = time_range_parse(range_of(m->feed), begun_ms, &m->time.range, &ignored);
	/* map_open has read it; where it is empty now, the range stays that of map_open */
	(void)st;
}

static enum df_status open_manifest(struct map *m, struct df_err *err)
{
	const char *text = m->feed->map.manifest_text;
	if (text == NULL)
		return DF_OK;
	enum df_status st = map_manifest_parse(text, m->event, &m->manifest, err);
	if (st == DF_OK)
		st = map_static_check(m, err);
	if (st != DF_OK)
		df_err_place(err, m->feed->map.manifest, 0, NULL);
	return st;
}

static enum df_status open_settings(struct map *m, struct df_err *err)
{
	const struct conf_feed *feed = m->feed;
	enum df_status st =
	    time_open(&m->time, timestamps_of(feed, m->event), feed->map.timezone, err);
	if (st != DF_OK)
		return st;
	st = time_range_parse(range_of(feed), df_now_ms(), &m->time.range, err);
	if (st != DF_OK)
		return st;
	st = map_settings_check(m, err);
	return st == DF_OK ? open_manifest(m, err) : st;
}

enum df_status map_open(const struct conf_feed *feed, const char *event_type, struct map **out,
			struct df_err *err)
{
	*out = NULL;
	const struct schema_event *event = schema_event_find(event_type, strlen(event_type));
	if (event == NULL)
		return df_fail(DF_USAGE, err, NULL, "'%s' is not an event type of the Events API",
			       event_type);
	struct map *m = df_alloc(sizeof(*m));
	m->feed = feed;
	m->event = event;
	/* a request about nobody must not be about somebody else */
	m->placeholder_ids =
	    schema_event_requests(event) ? CONF_PLACEHOLDER_REJECT : feed->map.placeholder_ids;
	m->guards_ids = m->placeholder_ids != CONF_PLACEHOLDER_KEEP;
	map_placeholder_init(m->placeholders);
	m->request_column = m->message_column = m->time_column = MAP_NONE;
	m->ids.max = m->batch_out.max = m->data_out.max = m->deleted.max = MAP_MAX_OUTPUT;
	m->request_out.max = m->message_out.max = m->rendered.max = MAP_MAX_OUTPUT;
	m->warnings = df_alloc(MAP_MAX_WARNINGS * sizeof(*m->warnings));
	enum df_status st = open_settings(m, err);
	if (st != DF_OK) {
		map_close(m);
		return st;
	}
	*out = m;
	return DF_OK;
}

void map_want(struct map *m, enum map_want want)
{
	m->want = want;
}

bool map_has_header(const struct map *m)
{
	return m->manifest == NULL || m->manifest->has_header || m->places != NULL || m->native;
}

static void forget_document(struct map *m)
{
	for (size_t i = 0; i < m->n_names; i++)
		free(m->names[i]);
	free(m->names);
	m->names = NULL;
	m->n_names = 0;
	df_index_free(m->by_name);
	m->by_name = NULL;
	map_node_free(m->batch);
	map_node_free(m->data);
	m->batch = m->data = NULL;
	map_program_free(&m->batch_program);
	map_program_free(&m->data_program);
	map_bindings_free(&m->bindings);
	map_derived_free(m);
	map_rows_end(m);
	free(m->done);
	free(m->own);
	free(m->places);
	m->done = m->own = NULL;
	m->places = NULL;
	m->has_own = m->trailing = m->native = false;
	m->n_warnings = m->n_notes = 0;
}

void map_close(struct map *m)
{
	if (m == NULL)
		return;
	forget_document(m);
	map_manifest_free(m->manifest);
	time_close(&m->time);
	free(m->frames);
	free(m->warnings);
	free(m->notes);
	map_planned_end(m);
	df_buf_free(&m->ids);
	df_buf_free(&m->batch_out);
	df_buf_free(&m->data_out);
	df_buf_free(&m->request_out);
	df_buf_free(&m->message_out);
	df_buf_free(&m->deleted);
	df_buf_free(&m->rendered);
	liquid_arena_free(&m->arena);
	free(m);
}

static enum df_status too_many(size_t n, struct df_err *err)
{
	return df_fail(DF_REJECT, err, "guideline",
		       "the document has %zu columns; at most %u are read", n, MAP_MAX_COLUMNS);
}

enum df_status map_clone(const struct map *m, struct map **out, struct df_err *err)
{
	struct map *clone = NULL;
	enum df_status st = map_open(m->feed, m->event->name, &clone, err);
	if (clone == NULL)
		return st;
	clone->names = df_alloc(m->n_names * sizeof(*clone->names));
	for (size_t i = 0; i < m->n_names; i++)
		clone->names[clone->n_names++] = df_strdup(m->names[i]);
	map_own_copy(clone, m);
	clone->time.range = m->time.range;
	clone->trailing = m->trailing;
	clone->native = m->native;
	clone->want = m->want;
	st = map_compile(clone, err);
	if (st != DF_OK) {
		map_close(clone);
		return st;
	}
	*out = clone;
	return DF_OK;
}

enum df_status map_header(struct map *m, const struct rows_cell *cells, size_t n,
			  struct df_err *err)
{
	forget_document(m);
	if (n > MAP_MAX_COLUMNS)
		return too_many(n, err);
	m->names = df_alloc(n * sizeof(*m->names));
	for (size_t i = 0; i < n; i++)
		m->names[m->n_names++] =
		    df_strndup(cells[i].p != NULL ? cells[i].p : "", cells[i].len);
	map_own_find(m);
	m->native = !map_has_header(m) && map_heading_native(m, cells, n);

	enum df_status st = map_has_header(m) ? DF_OK : map_places_find(m, err);
	if (st != DF_OK)
		return st;
	st = map_names_check(m->names, m->n_names, m->manifest, err);
	return st == DF_OK ? map_compile(m, err) : st;
}

void map_trailing(struct map *m)
{
	m->trailing = true;
}

enum df_status map_no_header(struct map *m, const struct rows_cell *first, size_t n_cells,
			     struct df_err *err)
{
	forget_document(m);
	size_t listed = m->manifest != NULL ? m->manifest->n : 0;
	if (listed == 0 || n_cells != listed || map_places_joined(first))
		return map_places_mismatch(m, first, n_cells, err);

	m->names = df_alloc(n_cells * sizeof(*m->names));
	for (size_t i = 0; i < listed; i++)
		m->names[m->n_names++] = map_place_name(m, i);
	m->own = df_alloc(n_cells * sizeof(*m->own));
	return map_compile(m, err);
}
