/* SPDX-License-Identifier: MIT */
/*
 * run_gate.h - how many connections a run has open at the same time
 *
 * All feeds are listed and pulled at once. A server takes a few connections of one login, and
 * refuses more (sshd: MaxStartups), so that those of one login are bounded, and all of them
 * together. A connection that a feed is through with goes to one that waits for the same server:
 * most of what a listing takes is the login. Who waits for a server that does not answer holds a
 * place of that server's login only.
 */
#ifndef DROPFEED_RUN_GATE_H
#define DROPFEED_RUN_GATE_H

#include "dropfeed/conf.h"
#include "dropfeed/fetch.h"

struct run_gate;

struct run_gate *run_gate_new(void);
/* Waits for a place. False: the run is to stop. Local folders need none. */
bool run_gate_enter(struct run_gate *gate, const struct conf_source *source);
void run_gate_leave(struct run_gate *gate, const struct conf_source *source);
/* Before the place is left: where others wait for one of this login, the connection is kept for
 * them. False: nobody wants it, or it is broken, and it stays the caller's. */
bool run_gate_keep(struct run_gate *gate, const struct conf_source *source, struct fetch *fetch);
/* With a place: a connection that serves the feed (see fetch_reopen), the caller's, or NULL. */
struct fetch *run_gate_take(struct run_gate *gate, const struct conf_feed *feed);
void run_gate_free(struct run_gate *gate);

#endif
