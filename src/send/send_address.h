/* SPDX-License-Identifier: MIT */
/* send_address.h - the addresses that a route's connections go to */
#ifndef DROPFEED_SEND_ADDRESS_H
#define DROPFEED_SEND_ADDRESS_H

#include "dropfeed/resolve.h"

#include <curl/curl.h>

struct http_known {              /* addresses, as curl takes them */
	struct curl_slist *list; /* own; "host:port:address,address" */
	struct http_known *next;
};

struct http_address {
	char *host; /* own; NULL: it is an address itself */
	uint16_t port;
	struct df_lookup *lookup; /* own; under way, or NULL */
	int64_t asked_at, known_at;
	/* own; the latest first: curl may still look at those before it */
	struct http_known *known;
};

void http_address_set(struct http_address *a, const char *host, uint16_t port);
/* DF_OK: connections may start, with *list (NULL: curl needs none). DF_END: not known yet.
 * DF_RETRY: err says why. */
enum df_status http_address_get(struct http_address *a, int64_t now, struct curl_slist **list,
				struct df_err *err) DF_CHECK;
void http_address_doubt(struct http_address *a); /* it did not work: look it up again */
void http_address_free(struct http_address *a);

#endif
