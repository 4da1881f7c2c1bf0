/* SPDX-License-Identifier: MIT */
/*
 * resolve.h - host names become addresses, and a resolver that hangs keeps nobody waiting
 *
 *	struct df_lookup *l = df_lookup_start("api.example.com", 443);
 *	const struct addrinfo *found = NULL;
 *	st = df_lookup_wait(l, 30000, &found, &err);
 *	    or df_lookup_poll, for a thread that has other work
 *	... use found ...
 *	df_lookup_free(l);				also while it is under way
 *
 * getaddrinfo cannot be interrupted. It runs in a detached thread, which shares the lookup with the
 * caller: whoever lets go of it last frees it. So a lookup may be given up at any time, however
 * long the resolver takes.
 */
#ifndef DROPFEED_RESOLVE_H
#define DROPFEED_RESOLVE_H

#include "dropfeed/err.h"

#include <netdb.h>

struct df_lookup;

/* Looks for stream sockets' addresses of `host`, a name or an IPv4 or IPv6 address (without
 * brackets). Never NULL. */
struct df_lookup *df_lookup_start(const char *host, uint16_t port);

/* DF_END: still under way. DF_OK: *found is borrowed until df_lookup_free. DF_RETRY: err has the
 * system's words. */
enum df_status df_lookup_poll(struct df_lookup *l, const struct addrinfo **found,
			      struct df_err *err) DF_CHECK;

/* Waits for the end of it, for at most timeout_ms, and no longer than until the run is asked to
 * stop: DF_RETRY then. May be called again. */
enum df_status df_lookup_wait(struct df_lookup *l, int64_t timeout_ms,
			      const struct addrinfo **found, struct df_err *err) DF_CHECK;

void df_lookup_free(struct df_lookup *l); /* gives it up where it is under way; NULL is legal */

/* Is the host this machine: 127/8, ::1 (without brackets), localhost and names below it? */
bool df_is_loopback(const char *host);

#endif
