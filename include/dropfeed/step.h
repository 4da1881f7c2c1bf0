/* SPDX-License-Identifier: MIT */
/*
 * step.h - the steps at which a crash is tried out
 *
 *	df_before("rename the download");
 *	if (rename(part, spool_path) != 0) ...
 *	df_after("rename the download");
 *
 * They are around whatever outlives the process: a write to the ledger, a request, a rename, link,
 * unlink or fsync. The normal program has none of it: they compile to nothing. In the one of `make
 * faults` they are counted over all threads, and DROPFEED_CRASH_AT kills the process (SIGKILL) at
 * one of them: a number, from 1, or the first of a name, such as "before request". DROPFEED_STEPS
 * names a file that gets a line "<number> <name>" for each step; DROPFEED_SYNCED one that gets a
 * line "<bytes>" for each sync of the ledger's log: so much of it a power cut leaves. See
 * tests/crash.
 *
 * Such a program also takes from its environment the ledger where the configuration names none
 * (DROPFEED_LEDGER, a URL), the length of a lease (DROPFEED_LEASE_MS), and the time until a source
 * is looked at again (DROPFEED_AGAIN_MS).
 */
#ifndef DROPFEED_STEP_H
#define DROPFEED_STEP_H

#include <stdint.h>

#ifdef DROPFEED_FAULTS
void df_step(const char *when, const char *what);
#define df_before(what) df_step("before", (what))
#define df_after(what)  df_step("after", (what))
/* Tests have less time: the milliseconds that the variable says, or the usual ones. */
int64_t df_faults_ms(const char *variable, int64_t usual);
#else
#define df_before(what)               ((void)0)
#define df_after(what)                ((void)0)
#define df_faults_ms(variable, usual) ((int64_t)(usual))
#endif

#endif
