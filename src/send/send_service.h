/* SPDX-License-Identifier: MIT */
/*
 * send_service.h - what differs between the services that requests go to
 *
 * Everything over HTTP shares the lanes, their settling, routes and their health, proxies, retries
 * and suspects (send_http.h). A service has its own addresses, credentials, form of a request, pace
 * and verdicts: one constant here, in a file send_NAME.c, found by the feed's sink. What the
 * batches are that it gets is the business of struct batch_form (batch.h).
 *
 * A verdict is in terms of batches: delivered, rejected (the service's words and its reject_code),
 * tried again, halved, or the feed stops. Whatever the answer, it consumes nothing unless it is in
 * the service's own form.
 */
#ifndef DROPFEED_SEND_SERVICE_H
#define DROPFEED_SEND_SERVICE_H

#include "dropfeed/send.h"
#include "send_verdict.h"

#include <curl/curl.h>

struct http_lane;

struct http_service {
	const char *name; /* what answers there, for messages: "Events API" */
	/* after the feed's endpoint; the latter for historical batches */
	const char *path, *path_historical;
	const char *reject_code; /* of rows that it rejects, such as "api-rejected" */
	/* the credentials' names, for messages */
	const char *credentials;

	/* How many batches a second it takes at most, or, with paces_requests, requests. */
	double (*rate)(const struct conf_feed *feed);
	bool paces_requests;
	/* Limits that hold across runs; a request counts for one call. */
	const struct send_limit *limits;
	size_t n_limits;
	bool says_more; /* of each batch it takes: see struct send_taken */
	/* What it takes twice counts twice: see send_objects.h. */
	bool once;

	/* Sets the credentials, where curl knows their kind. */
	void (*authorize)(CURL *easy, const struct conf_feed *feed);
	/* Headers of its own, such as those with a token, for all requests; NULL: none. The list
	 * gets longer, and is the caller's. */
	struct curl_slist *(*headers)(struct curl_slist *list, const struct conf_feed *feed);
	/* Fills r->body with the current part, r->item[from .. to); of objects those on the wire */
	void (*body)(struct send_request *r);
	/* One header line of an answer, of those that nobody else looks at; NULL: none matter. */
	void (*header)(struct http_lane *lane, const char *line, size_t len);
	/* Judges the answer to that part. */
	void (*read)(struct send_verdict *v, const struct send_request *r,
		     const struct send_answer *a);

	/* A request that shows whether the credentials are good and brings nothing: its path, and
	 * what is posted to it; access_body NULL: it is a GET. access_path NULL: nothing shows
	 * that. access_read judges the answer: SEND_ACCEPT where they are. */
	const char *access_path, *access_body;
	void (*access_read)(struct send_verdict *v, const struct send_answer *a);
};

/* By the feed's sink; a constant. NULL: the sink is not a service. */
const struct http_service *http_service_of(const struct conf_feed *feed);

extern const struct http_service http_service_events;   /* send_events.c */
extern const struct http_service http_service_requests; /* send_opendsr.c */
extern const struct http_service http_service_braze;    /* send_braze.c */

#endif
