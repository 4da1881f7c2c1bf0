/* SPDX-License-Identifier: MIT */
/* receiver_reply.h - what a request is answered with: by the script, else by the rules, else as
 * its batches are */
#ifndef RECEIVER_REPLY_H
#define RECEIVER_REPLY_H

#include "receiver_lines.h"
#include "receiver_rate.h"
#include "receiver_request.h"

struct judge {
	struct lines script, rules;
	struct rate rate;
};

struct reply {
	unsigned status; /* 0: close the connection */
	struct text body;
	char retry_after[32], exceeded[64];
	bool accept; /* the batches that are not bad */
	bool html, hangs;
};

void reply_decide(struct reply *a, struct request *r, struct judge *j);

/* The errors of the batches that are bad; NOWHERE: one that names no batch. */
enum place { BY_PATH, BY_POSITION, NOWHERE };
void reply_errors(struct reply *a, const struct request *r, enum place place);

/* As the line of the script says. */
void reply_by_script(struct reply *a, struct request *r, const char *line);

/* What the checks found decides. */
void reply_usual(struct reply *a, struct request *r);

#endif
