/* SPDX-License-Identifier: MIT */
/* receiver_request.c - see receiver_request.h */
#include "receiver_request.h"

#include <ctype.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SEEN 100000u /* batches looked at in one request, however wrong */

struct request *request_new(const char *url)
{
	struct request *r = calloc(1, sizeof(*r));
	if (r == NULL)
		die("out of memory");

	/* It becomes part of a JSON line as it is: only what cannot end a string. */
	for (size_t i = 0; url[i] != '\0' && i < sizeof(r->path) - 1; i++) {
		bool plain = isalnum((unsigned char)url[i]) || strchr("/-_.", url[i]) != NULL;
		r->path[i] = plain ? url[i] : '?';
	}
	return r;
}

void request_free(struct request *r)
{
	if (r == NULL)
		return;
	json_object_put(r->json);
	free(r->batch);
	free(r->body.s);
	free(r);
}

/* Cuts the array, which is known to be JSON, into its elements. */
static void request_slice(struct request *r)
{
	const char *p = r->body.s, *end = p + r->body.len, *from = NULL;
	int depth = 0;
	bool quoted = false;

	for (size_t n = 0; p < end; p++) {
		if (quoted) {
			if (*p == '\\')
				p++;
			else if (*p == '"')
				quoted = false;
			continue;
		}

		if (depth == 1 && from == NULL && !isspace((unsigned char)*p))
			from = p;
		if (*p == '"')
			quoted = true;
		if (depth == 1 && (*p == ',' || *p == ']')) {
			if (p > from && n < r->n) {
				r->batch[n].s = from;
				r->batch[n++].len = (size_t)(p - from);
			}
			from = NULL;
		}

		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
	}
}

void request_batch_bad(struct request *r, struct slice *b, const char *why)
{
	if (b->bad)
		return;
	b->bad = true;
	r->n_bad++;
	snprintf(b->why, sizeof(b->why), "%s", why);
}

static size_t array_length(const struct json_object *o)
{
	return json_object_is_type(o, json_type_array) ? json_object_array_length(o) : 0;
}

static bool batch_has_name(struct json_object *batch, const char *name)
{
	struct json_object *events = NULL, *data = NULL, *have = NULL;

	json_object_object_get_ex(batch, "events", &events);
	for (size_t i = 0, n = array_length(events); i < n; i++) {
		struct json_object *event = json_object_array_get_idx(events, i);
		if (json_object_object_get_ex(event, "data", &data) &&
		    json_object_object_get_ex(data, "event_name", &have) &&
		    strcmp(json_object_get_string(have), name) == 0)
			return true;
	}
	return false;
}

static void batch_check_events(struct request *r, struct slice *b, struct json_object *events)
{
	struct json_object *v = NULL;

	b->events = array_length(events);
	r->events += b->events;
	for (size_t i = 0; i < b->events; i++) {
		struct json_object *event = json_object_array_get_idx(events, i);
		if (!json_object_object_get_ex(event, "event_type", &v) ||
		    !json_object_object_get_ex(event, "data", &v))
			request_batch_bad(r, b,
					  "Required property &#39;event_type&#39; or "
					  "&#39;data&#39; not found in JSON");
	}
}

static void batch_check(struct request *r, struct slice *b, const struct lines *rules,
			struct json_object *o)
{
	struct json_object *events = NULL, *id = NULL;

	if (!json_object_is_type(o, json_type_object)) {
		request_batch_bad(r, b, "Error converting value to type &#39;Batch&#39;");
		return;
	}
	if (b->len > MAX_BATCH)
		request_batch_bad(r, b, "Batch is too large");
	if (json_object_object_get_ex(o, "source_request_id", &id))
		b->id = json_object_get_string(id);
	if (json_object_object_get_ex(o, "events", &events) &&
	    !json_object_is_type(events, json_type_array))
		request_batch_bad(r, b, "Cannot deserialize &#39;events&#39;");
	batch_check_events(r, b, events);

	size_t i = 0;
	for (const char *name; (name = lines_value(rules, "reject-name", &i)) != NULL;)
		if (batch_has_name(o, name))
			request_batch_bad(r, b, "Invalid event name &quot;refused by rule&quot;");
}

bool request_read(struct request *r, const struct lines *rules)
{
	enum json_tokener_error why = json_tokener_success;

	r->json = r->body.s != NULL ? json_tokener_parse_verbose(r->body.s, &why) : NULL;
	size_t n = array_length(r->json);
	if (n == 0 || n > MAX_SEEN)
		return false;
	r->n = n;
	r->batch = calloc(r->n, sizeof(*r->batch));
	if (r->batch == NULL)
		die("out of memory");

	request_slice(r);
	for (size_t i = 0; i < r->n; i++)
		batch_check(r, &r->batch[i], rules, json_object_array_get_idx(r->json, i));
	return true;
}

bool request_has_name(const struct request *r, const char *name)
{
	for (size_t k = 0; k < r->n; k++)
		if (batch_has_name(json_object_array_get_idx(r->json, k), name))
			return true;
	return false;
}

static size_t utf16(const char *s, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		n += (c & 0xc0) != 0x80;
		n += c >= 0xf0;
	}
	return n;
}

size_t request_position(const struct request *r, size_t batch)
{
	const struct slice *b = &r->batch[batch];
	return utf16(r->body.s, (size_t)(b->s - r->body.s)) + utf16(b->s, b->len / 2) + 1;
}
