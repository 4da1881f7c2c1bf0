/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "dropfeed/thread.h"

#include <signal.h>

struct seen {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool there;
	int blocked; /* of SIGTERM, SIGINT and SIGUSR1 */
};

static void *look(void *arg)
{
	struct seen *s = arg;
	sigset_t now;
	pthread_sigmask(SIG_BLOCK, NULL, &now);
	pthread_mutex_lock(&s->lock);
	s->blocked =
	    sigismember(&now, SIGTERM) + sigismember(&now, SIGINT) + sigismember(&now, SIGUSR1);
	s->there = true;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static void test_thread(void)
{
	struct seen s = {.lock = PTHREAD_MUTEX_INITIALIZER};
	sigset_t before, after;
	pthread_t thread;
	df_cond_init(&s.changed);
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	CU_ASSERT_EQUAL_FATAL(df_thread_start(&thread, look, &s), 0);
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	CU_ASSERT_EQUAL(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));

	pthread_mutex_lock(&s.lock);
	while (!s.there) /* an hour would be seen */
		df_cond_wait(&s.changed, &s.lock, 3600000);
	pthread_mutex_unlock(&s.lock);
	pthread_join(thread, NULL);
	pthread_cond_destroy(&s.changed);
	CU_ASSERT_EQUAL(s.blocked, 3);
}

static void test_wait(void)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t never;
	df_cond_init(&never);
	pthread_mutex_lock(&lock);
	df_cond_wait(&never, &lock, -1);
	df_cond_wait(&never, &lock, 0);
	/* over the end of a second, and awake before its time at most for nothing */
	int64_t until = df_monotonic_ms() + 1001, left;
	for (int turns = 0; (left = until - df_monotonic_ms()) > 0 && turns < 1000; turns++)
		df_cond_wait(&never, &lock, left);
	pthread_mutex_unlock(&lock);
	pthread_cond_destroy(&never);
	CU_ASSERT(df_monotonic_ms() >= until);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"a thread leaves the signals to others, and its word wakes", test_thread},
	    {"a wait ends after its time", test_wait},
	    CU_TEST_INFO_NULL,
	};
	return test_main("thread", NULL, NULL, tests);
}
