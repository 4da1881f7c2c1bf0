/* SPDX-License-Identifier: MIT */
#include "send_quota.h"

#include <stdio.h>

bool http_quota_take(struct http_lane *lane, int64_t now)
{
	struct http_stream *st = lane->stream;
	struct sender *sender = st->base->sender;
	const struct http_service *service = st->service;
	struct http_route *route = st->route;
	struct df_err err = {0};
	int64_t wait = 0;
	size_t limit = 0;
	if (service->n_limits == 0 || sender->memory.spend == NULL)
		return true;

	const struct send_spending one = {.fingerprint = route->fingerprint,
					  .calls = 1,
					  .made = 1,
					  .limits = service->limits,
					  .n_limits = service->n_limits};
	/* what waits for the ledger keeps no producer waiting */
	pthread_mutex_unlock(&sender->lock);
	enum df_status status = sender->memory.spend(sender->memory.ctx, &one, &wait, &limit, &err);
	pthread_mutex_lock(&sender->lock);
	if (status != DF_OK) {
		http_stream_stop(st, status, &err);
		return false;
	}
	if (wait == 0)
		return true;
	route->not_before = now + wait;
	snprintf(route->trouble, sizeof(route->trouble), "its limit of %s is used up",
		 service->limits[limit].name);
	http_route_log(route, route->trouble, wait, now);
	return false;
}
