/* SPDX-License-Identifier: MIT */
/* send_quota.h - limits of a service that hold across runs */
#ifndef DROPFEED_SEND_QUOTA_H
#define DROPFEED_SEND_QUOTA_H

#include "send_http.h"

/* Whether the lane's next request may go: it is entered where its service has such limits. Else
 * its route is silent until there is room again. The caller holds the lock, which is given up
 * meanwhile. */
bool http_quota_take(struct http_lane *lane, int64_t now);

#endif
