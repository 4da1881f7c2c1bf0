/* SPDX-License-Identifier: MIT */
/*
 * send_objects.h - batches of which a service takes some objects and refuses others
 *
 * A batch that has objects (batch.h) is settled object by object: each is sent until an answer
 * takes or refuses it. One that must not be sent twice and whose answer was lost stays unknown.
 * When none is left to be sent, the batch has its fate, and each row that of its objects.
 */
#ifndef DROPFEED_SEND_OBJECTS_H
#define DROPFEED_SEND_OBJECTS_H

#include "send_request.h"

#include "dropfeed/send.h"

enum send_object_state {
	SEND_OBJECT_PENDING,
	SEND_OBJECT_WIRE, /* in the request that is on its way */
	SEND_OBJECT_TAKEN,
	SEND_OBJECT_REFUSED,
	SEND_OBJECT_UNKNOWN,
};

struct send_object {
	enum send_object_state state;
	char *words; /* own; why it was refused */
};

struct send_verdict;

/* Of a batch that was put into a request; one without objects has none. */
void send_objects_begin(struct send_item *item);
void send_objects_free(struct send_item *item);

/* Puts the first pending objects of the current part on the wire: as many as the form lets into a
 * request, which leaves room for what is around them. */
void send_objects_wire(struct send_request *r, const struct batch_form *form);
/* Some object on the wire must not be sent twice. */
bool send_objects_once(const struct send_request *r);
/* The answer says something about them; what it does not refuse is taken, or, with a verdict that
 * is not SEND_ACCEPT, pending again. False: it refuses something, and does not say what. */
bool send_objects_apply(struct send_request *r, const struct send_verdict *v);
/* The batch of the part, which is alone, is refused as far as it was on the wire. */
void send_objects_refuse(struct send_request *r, const char *words);
/* Of those of which nothing is left to be sent, the fate is sealed. */
void send_objects_close(struct send_request *r);
/* No answer says anything about them: they are pending again, but for those that must not be sent
 * twice, when it is not certain that nothing was taken. */
void send_objects_back(struct send_request *r, bool certain);
/* Something of it that must not be sent twice is on the wire, or was taken, or may have been. */
bool send_objects_doubtful(const struct send_item *item);

/* The rows of the item that were not delivered; which objects were taken is noted at them. The list
 * is the caller's, its words are borrowed. Rows of one reject follow one another. code: of those
 * that were refused. */
struct send_reject *send_objects_rejects(const struct send_item *item, const char *code, size_t *n);

#endif
