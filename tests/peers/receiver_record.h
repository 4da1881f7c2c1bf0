/* SPDX-License-Identifier: MIT */
/* receiver_record.h - what the receiver leaves in its folder: accepted.ndjson, requests.ndjson */
#ifndef RECEIVER_RECORD_H
#define RECEIVER_RECORD_H

#include "receiver_reply.h"

#include <stdio.h>

struct record {
	FILE *accepted, *requests;
	struct json_object *seen; /* ids that were accepted */
	unsigned long n;
};

/* In the current folder; what an earlier receiver accepted in it counts as seen. */
void record_open(struct record *rec);
void record_add(struct record *rec, const struct request *r, const struct reply *a);
void record_close(struct record *rec);

#endif
