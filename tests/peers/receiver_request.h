/* SPDX-License-Identifier: MIT */
/*
 * receiver_request.h - one request: its bytes, the batches that they hold, and what is wrong with
 * each
 */
#ifndef RECEIVER_REQUEST_H
#define RECEIVER_REQUEST_H

#include "receiver_lines.h"

#include <stdbool.h>

#define MAX_BATCHES 100u
#define MAX_EVENTS  100u
#define MAX_BYTES   256000u
#define MAX_BATCH   128000u

struct slice {
	const char *s; /* in the request's body */
	size_t len;
	const char *id; /* its source_request_id; borrowed from json */
	size_t events;
	bool bad;
	char why[160]; /* "...Path" is appended to it */
};

struct request {
	struct text body;
	char path[64];
	struct json_object *json;
	struct slice *batch;
	size_t n, events, n_bad;
	unsigned long used; /* percent of the rate, where there is one */
	bool rated;
};

struct request *request_new(const char *url);
void request_free(struct request *r);

/* Checks the batches, also by the rules "reject-name"; false when the body is not an array of
 * them. */
bool request_read(struct request *r, const struct lines *rules);
void request_batch_bad(struct request *r, struct slice *b, const char *why);

/* Whether one of its batches holds an event of this name. */
bool request_has_name(const struct request *r, const char *name);

/* Where the middle of that batch is in the body, in UTF-16 code units from 1. */
size_t request_position(const struct request *r, size_t batch);

#endif
