/* SPDX-License-Identifier: MIT */
/* send_suspect.h - what failed while others succeeded */
#ifndef DROPFEED_SEND_SUSPECT_H
#define DROPFEED_SEND_SUSPECT_H

#include "send_request.h"
#include "send_route.h"

/* Parts that failed before, in this or in another stream, are parts again, and their failures are
 * counted on. */
void http_suspects_load(struct http_route *route, struct send_request *r);
/* Stores the current part, that begins with item `from` as it was when it failed. */
void http_suspect_store(struct http_route *route, const struct send_request *r, size_t from);
/* What the runs before this one know of batches that failed alone, and what the next one is to
 * know; both without the lock. */
void http_suspects_recall(struct http_route *route, const struct send_memory *memory);
void http_suspects_remember(const struct http_route *route, const struct send_memory *memory);

#endif
