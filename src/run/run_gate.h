/* SPDX-License-Identifier: MIT */
/*
 * run_gate.h - how many connections a run has open at the same time
 *
 * All feeds are listed and pulled at once. A server takes a few connections of one login, and
 * refuses more (sshd: MaxStartups), so that those of one login are bounded, and all of them
 * together. Who waits for a server that does not answer holds a place of that server's login only.
 */
#ifndef DROPFEED_RUN_GATE_H
#define DROPFEED_RUN_GATE_H

#include "dropfeed/conf.h"

struct run_gate;

struct run_gate *run_gate_new(void);
/* Waits for a place. False: the run is to stop. Local folders need none. */
bool run_gate_enter(struct run_gate *gate, const struct conf_source *source);
void run_gate_leave(struct run_gate *gate, const struct conf_source *source);
void run_gate_free(struct run_gate *gate);

#endif
