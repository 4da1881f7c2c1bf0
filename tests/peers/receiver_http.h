/* SPDX-License-Identifier: MIT */
/* receiver_http.h - the connections: requests come in, are judged and recorded, and are answered */
#ifndef RECEIVER_HTTP_H
#define RECEIVER_HTTP_H

#include "receiver_record.h"
#include "receiver_reply.h"

#include <pthread.h>

struct MHD_Connection;
struct MHD_Daemon;

struct server {
	const char *key, *secret; /* NULL: every caller may in */
	char *cert, *tlskey;      /* PEM; NULL: plain http */
	const char *port;         /* "0": a free one */
	/* of the server's thread */
	struct judge judge;
	struct record record;
	struct MHD_Daemon *daemon;
	/* of both threads */
	pthread_mutex_t lock;
	struct MHD_Connection **hung; /* by rule "hang-name" */
	size_t n_hung;
	bool ends;
};

/* Listens, in a thread of its own; the port's number is in the file "port" when it does. */
void server_start(struct server *s);
void server_stop(struct server *s);

#endif
