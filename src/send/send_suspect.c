/* SPDX-License-Identifier: MIT */
/* Requests that failed while others succeeded, and what they were halved to: their documents may
 * be parked, or wait for the next run. */
#include "send_suspect.h"

#include "send_request.h"
#include "send_route.h"

#include <stdio.h>
#include <stdlib.h>

static struct http_suspect *suspect_find(struct http_route *route, const struct batch *b)
{
	if (b->id == NULL || b->id_len == 0 || b->id_len >= sizeof(route->suspects[0].id))
		return NULL;
	for (size_t i = 0; i < SUSPECTS_MAX; i++) {
		struct http_suspect *s = &route->suspects[i];
		if (strncmp(s->id, b->id, b->id_len) == 0 && s->id[b->id_len] == '\0')
			return s;
	}
	return NULL;
}

void http_suspects_load(struct http_route *route, struct send_request *r)
{
	for (size_t i = 0; route->next_suspect > 0 && i < r->n; i++) {
		struct send_item *item = &r->item[i];
		const struct http_suspect *s =
		    item->failures == 0 ? suspect_find(route, item->batch) : NULL;
		if (s == NULL || s->width == 0)
			continue;
		item->failures = s->failures;
		item->in_turn = s->in_turn;
		item->seen = s->seen;
		r->suspect = true;
		send_request_isolate(r, i, s->width);
	}
}

void http_suspect_store(struct http_route *route, const struct send_request *r, size_t from)
{
	const struct send_item *item = &r->item[from];
	const struct batch *b = item->batch;
	struct http_suspect *s = suspect_find(route, b);
	if (b->id == NULL || b->id_len == 0 || b->id_len >= sizeof(s->id))
		return;
	if (s == NULL) {
		s = &route->suspects[route->next_suspect++ % SUSPECTS_MAX];
		memcpy(s->id, b->id, b->id_len);
		s->id[b->id_len] = '\0';
	}
	s->width = item->fate == SEND_PENDING ? (uint32_t)(r->to - from) : 0;
	s->failures = item->failures;
	s->in_turn = item->in_turn;
	s->seen = item->seen;
}

/* ---- for the next run: a line each, "failures id" ---- */

static void read_line(struct http_route *route, const char *line, size_t len)
{
	char *id = NULL;
	unsigned long failures = strtoul(line, &id, 10);
	size_t id_len = *id == ' ' ? len - (size_t)(id + 1 - line) : 0;
	struct http_suspect *s = &route->suspects[route->next_suspect];
	if (failures == 0 || failures > 100 || id_len == 0 || id_len >= sizeof(s->id))
		return;
	*s = (struct http_suspect){.width = 1, .failures = (unsigned)failures};
	memcpy(s->id, id + 1, id_len);
	route->next_suspect++;
}

void http_suspects_recall(struct http_route *route, const struct send_memory *memory)
{
	struct df_err err = {0};
	char *text = NULL;
	if (memory->suspects == NULL)
		return;
	if (memory->suspects(memory->ctx, route->fingerprint, &text, &err) != DF_OK)
		df_log_err(DF_LOG_WARN, &err);
	for (const char *p = text; p != NULL && *p != '\0' && route->next_suspect < SUSPECTS_MAX;) {
		size_t len = strcspn(p, "\n");
		read_line(route, p, len);
		p += len + (p[len] == '\n');
	}
	free(text);
}

void http_suspects_remember(const struct http_route *route, const struct send_memory *memory)
{
	struct df_buf text = {0};
	struct df_err err = {0};
	if (memory->suspect == NULL)
		return;
	for (size_t i = 0; i < SUSPECTS_MAX; i++)
		if (route->suspects[i].width == 1)
			df_buf_addf(&text, "%u %s\n", route->suspects[i].failures,
				    route->suspects[i].id);
	if (memory->suspect(memory->ctx, route->fingerprint, df_buf_cstr(&text), &err) != DF_OK)
		df_log_err(DF_LOG_WARN, &err);
	df_buf_free(&text);
}
