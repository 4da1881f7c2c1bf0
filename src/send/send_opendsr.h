/* SPDX-License-Identifier: MIT */
/* send_opendsr.h - answers of the OpenDSR API about requests that were made */
#ifndef DROPFEED_SEND_OPENDSR_H
#define DROPFEED_SEND_OPENDSR_H

#include "send_verdict.h"

#include "dropfeed/send.h"

/* The state of that request. False: the answer is not about it. */
bool opendsr_read_state(const struct send_answer *a, const char *id, struct send_found *out);
/* The API's words when it refuses something; the caller's. NULL: it is not the API's form. */
char *opendsr_read_words(const struct send_answer *a);

#endif
