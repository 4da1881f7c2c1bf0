/* SPDX-License-Identifier: MIT */
/*
 * thread.h - threads that leave the signals to the main thread, and waits that go by a clock which
 * nobody sets
 */
#ifndef DROPFEED_THREAD_H
#define DROPFEED_THREAD_H

#include "dropfeed/base.h"

#include <pthread.h>
#include <stdint.h>

/* Returns 0, or an errno value: no thread was started. The caller joins or detaches it. */
int df_thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

/* For df_cond_wait; pthread_cond_destroy takes it back. */
void df_cond_init(pthread_cond_t *cond);

/* Waits until somebody signals, or for that many milliseconds of CLOCK_MONOTONIC. As any condition
 * it may wake for nothing: look whether what was waited for is there. */
void df_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t ms);

#endif
