/* SPDX-License-Identifier: MIT */
/* What each sink takes, and what a batch holds for it. */
#include "batch_priv.h"

#include <stdlib.h>

const struct batch_form batch_form_events = {.unit = "batch",
					     .max_batches = REQUEST_MAX_BATCHES,
					     .max_events = REQUEST_MAX_EVENTS,
					     .max_bytes = REQUEST_MAX_BYTES};

static const struct batch_form *const forms[] = {
    [CONF_SINK_EVENTS_API] = &batch_form_events,
    [CONF_SINK_FILE] = &batch_form_events,
    [CONF_SINK_STDOUT] = &batch_form_events,
    [CONF_SINK_BRAZE] = &batch_form_braze,
};

const struct batch_form *batch_form_of(const struct conf_feed *feed)
{
	return feed->requests.on ? &batch_form_requests : forms[feed->send.sink];
}

const struct batch_form *batch_form_for(const struct conf_feed *feed, const char *event_type)
{
	return schema_type_audience(event_type) ? &batch_form_audience : batch_form_of(feed);
}

void batch_free(struct batch *b)
{
	if (b == NULL || b->counted)
		return;
	if (!b->json_within)
		free(b->json);
	if (!b->rows_within)
		free(b->rows);
	free(b->objects);
	free(b);
}

void batch_replace(struct batch *b, struct df_buf *json, size_t id_at, size_t id_len)
{
	df_buf_cstr(json);
	if (!b->json_within)
		free(b->json);
	b->json_within = false;
	b->json = json->data;
	b->json_len = json->len;
	b->id = b->json + id_at;
	b->id_len = id_len;
	*json = (struct df_buf){0};
}
