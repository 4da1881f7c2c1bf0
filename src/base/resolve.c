/* SPDX-License-Identifier: MIT */
#include "dropfeed/resolve.h"

#include "dropfeed/base.h"
#include "dropfeed/thread.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define LOOK_EVERY_MS 100 /* at df_stop_requested */

struct df_lookup {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	unsigned owners; /* the caller, and the thread as long as it runs */
	bool done;
	char *host; /* own */
	char port[8];
	struct addrinfo *found; /* own */
	int failed;             /* getaddrinfo's result */
	int error;              /* errno, with EAI_SYSTEM */
};

static void lookup_release(struct df_lookup *l)
{
	pthread_mutex_lock(&l->lock);
	bool last = --l->owners == 0;
	pthread_mutex_unlock(&l->lock);
	if (!last)
		return;

	if (l->found != NULL)
		freeaddrinfo(l->found);
	pthread_cond_destroy(&l->ended);
	pthread_mutex_destroy(&l->lock);
	free(l->host);
	free(l);
}

static void lookup_end(struct df_lookup *l, struct addrinfo *found, int failed, int error)
{
	pthread_mutex_lock(&l->lock);
	l->found = found;
	l->failed = failed;
	l->error = error;
	l->done = true;
	pthread_cond_broadcast(&l->ended);
	pthread_mutex_unlock(&l->lock);
}

static void *lookup_run(void *own)
{
	struct df_lookup *l = own;
	const struct addrinfo hints = {
	    .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	int failed = getaddrinfo(l->host, l->port, &hints, &found);
	lookup_end(l, failed == 0 ? found : NULL, failed, errno);
	lookup_release(l);
	return NULL;
}

struct df_lookup *df_lookup_start(const char *host, uint16_t port)
{
	struct df_lookup *l = df_alloc(sizeof(*l));
	l->host = df_strdup(host);
	l->owners = 2;
	snprintf(l->port, sizeof(l->port), "%u", (unsigned)port);
	pthread_mutex_init(&l->lock, NULL);
	df_cond_init(&l->ended);

	pthread_t thread;
	int failed = df_thread_start(&thread, lookup_run, l);
	if (failed == 0) {
		pthread_detach(thread);
	} else {
		lookup_end(l, NULL, EAI_SYSTEM, failed);
		l->owners--; /* no thread was started */
	}
	return l;
}

static enum df_status lookup_result(const struct df_lookup *l, const struct addrinfo **found,
				    struct df_err *err)
{
	if (!l->done)
		return DF_END;
	if (l->found == NULL)
		return df_fail(DF_RETRY, err, NULL, "cannot resolve %s: %s", l->host,
			       l->failed == EAI_SYSTEM ? strerror(l->error)
						       : gai_strerror(l->failed));
	*found = l->found;
	return DF_OK;
}

enum df_status df_lookup_poll(struct df_lookup *l, const struct addrinfo **found,
			      struct df_err *err)
{
	pthread_mutex_lock(&l->lock);
	enum df_status st = lookup_result(l, found, err);
	pthread_mutex_unlock(&l->lock);
	return st;
}

enum df_status df_lookup_wait(struct df_lookup *l, int64_t timeout_ms,
			      const struct addrinfo **found, struct df_err *err)
{
	int64_t deadline = df_monotonic_ms() + timeout_ms;
	pthread_mutex_lock(&l->lock);
	for (int64_t left;
	     !l->done && !df_stop_requested && (left = deadline - df_monotonic_ms()) > 0;)
		df_cond_wait(&l->ended, &l->lock, left < LOOK_EVERY_MS ? left : LOOK_EVERY_MS);
	enum df_status st = lookup_result(l, found, err);
	pthread_mutex_unlock(&l->lock);
	if (st != DF_END)
		return st;

	if (df_stop_requested)
		return df_fail(DF_RETRY, err, NULL, "stopped while %s was being resolved", l->host);
	return df_fail(DF_RETRY, err, NULL,
		       "cannot resolve %s: no answer from the resolver for %lld s", l->host,
		       (long long)(timeout_ms / 1000));
}

void df_lookup_free(struct df_lookup *l)
{
	if (l != NULL)
		lookup_release(l);
}

bool df_is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;
	size_t len = strlen(host);
	if (len > 0 && host[len - 1] == '.')
		len--;
	if ((len == 9 && strncasecmp(host, "localhost", 9) == 0) ||
	    (len > 10 && strncasecmp(host + len - 10, ".localhost", 10) == 0))
		return true; /* RFC 6761 §6.3 */
	if (inet_pton(AF_INET, host, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 &&
	       (IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127));
}
