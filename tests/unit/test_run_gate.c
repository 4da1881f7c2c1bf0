/* SPDX-License-Identifier: MIT */
/* Connections of one login are bounded, and those of all. */
#include "../../src/run/run_gate.h"

#include "test.h"

#include <pthread.h>

enum { PER_LOGIN = 8, IN_ALL = 64 };

static struct conf_source login(const char *user)
{
	return (struct conf_source){.kind = CONF_SOURCE_SFTP,
				    .user = (char *)(uintptr_t)user,
				    .host = (char *)"h",
				    .port = 22};
}

struct waiter {
	struct run_gate *gate;
	struct conf_source source;
	atomic_bool in;
};

static void *wait_for_place(void *arg)
{
	struct waiter *w = arg;
	w->in = run_gate_enter(w->gate, &w->source);
	return NULL;
}

/* The one after the last place gets in when somebody leaves. */
static void test_login(void)
{
	struct waiter w = {.gate = run_gate_new(), .source = login("u")};
	struct conf_source same = login("u"), other = login("v");
	pthread_t thread;
	for (int i = 0; i < PER_LOGIN; i++)
		CU_ASSERT(run_gate_enter(w.gate, &same));
	CU_ASSERT(run_gate_enter(w.gate, &other));
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, wait_for_place, &w), 0);
	CU_ASSERT_FALSE(w.in);
	run_gate_leave(w.gate, &same);
	pthread_join(thread, NULL);
	CU_ASSERT(w.in);
	run_gate_free(w.gate);
}

/* A run that is to stop keeps nobody waiting, and lets nobody in. */
static void test_stop(void)
{
	struct waiter w = {.gate = run_gate_new(), .source = login("u")};
	pthread_t thread;
	for (int i = 0; i < PER_LOGIN; i++)
		CU_ASSERT(run_gate_enter(w.gate, &w.source));
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, wait_for_place, &w), 0);
	df_stop_requested = 1;
	pthread_join(thread, NULL);
	CU_ASSERT_FALSE(w.in);
	struct conf_source other = login("v");
	CU_ASSERT_FALSE(run_gate_enter(w.gate, &other));
	df_stop_requested = 0;
	run_gate_free(w.gate);
}

static void test_all(void)
{
	static const char *const users[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
	struct waiter w = {.gate = run_gate_new(), .source = login("i")};
	struct conf_source sources[IN_ALL / PER_LOGIN];
	pthread_t thread;
	for (size_t i = 0; i < IN_ALL; i++) {
		sources[i / PER_LOGIN] = login(users[i / PER_LOGIN]);
		CU_ASSERT(run_gate_enter(w.gate, &sources[i / PER_LOGIN]));
	}
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, wait_for_place, &w), 0);
	CU_ASSERT_FALSE(w.in);
	run_gate_leave(w.gate, &sources[3]);
	pthread_join(thread, NULL);
	CU_ASSERT(w.in);
	run_gate_free(w.gate);
}

/* Local folders need no place. */
static void test_local(void)
{
	struct run_gate *gate = run_gate_new();
	struct conf_source local = {.kind = CONF_SOURCE_FILE};
	for (int i = 0; i < 2 * IN_ALL; i++)
		CU_ASSERT(run_gate_enter(gate, &local));
	run_gate_leave(gate, &local);
	CU_ASSERT(run_gate_enter(NULL, &local));
	run_gate_free(gate);
	run_gate_free(NULL);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"of one login", test_login},
	    {"a run that stops", test_stop},
	    {"of all logins", test_all},
	    {"local folders", test_local},
	    CU_TEST_INFO_NULL,
	};
	return test_main("run_gate", NULL, NULL, tests);
}
