/* SPDX-License-Identifier: MIT */
/* send_proxy.h - which proxy a connection goes through */
#ifndef DROPFEED_SEND_PROXY_H
#define DROPFEED_SEND_PROXY_H

#include "dropfeed/base.h"

struct send_proxy {
	char *url, *user, *password; /* own; url NULL: none. It may hold a password: never logged */
	/* own; what connections go to; name: with its port, for logs */
	char *host, *name;
	uint16_t port;
};
struct send_proxy_wish {
	/* what is to be reached; an IPv6 address without brackets */
	const char *scheme, *host;
	const char *url, *user, *password; /* of the feed, or NULL */
};
/* DF_USAGE: the proxy is not a URL. */
enum df_status send_proxy_choose(struct send_proxy *p, const struct send_proxy_wish *wish,
				 struct df_err *err) DF_CHECK;
void send_proxy_free(struct send_proxy *p);

#endif
