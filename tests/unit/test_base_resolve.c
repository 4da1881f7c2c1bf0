/* SPDX-License-Identifier: MIT */
/* Look-ups, with a resolver of our own in place of the C library's. */
#include "dropfeed/resolve.h"

#include "dropfeed/base.h"
#include "test.h"

#include <arpa/inet.h>

static atomic_int let_go, hanging;

int __real_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		       struct addrinfo **found);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		       struct addrinfo **found);

/* "hang" answers when let_go is set, "gone" is unknown. */
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		       struct addrinfo **found)
{
	if (strcmp(host, "gone") == 0)
		return EAI_NONAME;
	if (strcmp(host, "hang") != 0)
		return __real_getaddrinfo(host, port, hints, found);

	hanging++;
	while (!let_go)
		usleep(1000);
	hanging--;
	return __real_getaddrinfo("127.0.0.1", port, hints, found);
}

static void test_found(void)
{
	struct df_err err = {0};
	const struct addrinfo *found = NULL;
	struct df_lookup *l = df_lookup_start("127.0.0.1", 443);
	CU_ASSERT_EQUAL_FATAL(df_lookup_wait(l, 30000, &found, &err), DF_OK);
	CU_ASSERT_EQUAL_FATAL(found->ai_family, AF_INET);
	const struct sockaddr_in *at = (const void *)found->ai_addr;
	CU_ASSERT_EQUAL(ntohs(at->sin_port), 443);
	CU_ASSERT_EQUAL(ntohl(at->sin_addr.s_addr), INADDR_LOOPBACK);
	CU_ASSERT_EQUAL(df_lookup_poll(l, &found, &err), DF_OK); /* any number of times */
	df_lookup_free(l);
}

static void test_unknown(void)
{
	struct df_err err = {0};
	const struct addrinfo *found = NULL;
	struct df_lookup *l = df_lookup_start("gone", 443);
	CU_ASSERT_EQUAL(df_lookup_wait(l, 30000, &found, &err), DF_RETRY);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "cannot resolve gone: "));
	df_lookup_free(l);
}

static void test_hanging(void)
{
	struct df_err err = {0};
	const struct addrinfo *found = NULL;
	struct df_lookup *l = df_lookup_start("hang", 443), *other = df_lookup_start("hang", 443);
	CU_ASSERT_EQUAL(df_lookup_poll(l, &found, &err), DF_END);
	CU_ASSERT_EQUAL(df_lookup_wait(l, 20, &found, &err), DF_RETRY);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "no answer from the resolver"));

	/* A stop is not kept waiting, whatever the time limit is. */
	err = (struct df_err){0};
	df_stop_requested = 1;
	CU_ASSERT_EQUAL(df_lookup_wait(l, 3600000, &found, &err), DF_RETRY);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "stopped"));
	df_stop_requested = 0;
	df_lookup_free(l); /* while it hangs */

	/* The resolver comes back: who still waits gets the answer, and what was given up is
	 * freed. */
	let_go = 1;
	CU_ASSERT_EQUAL(df_lookup_wait(other, 3600000, &found, &err), DF_OK);
	df_lookup_free(other);
	while (hanging > 0)
		usleep(1000);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"a name that is found", test_found},
	    {"a name that is unknown", test_unknown},
	    {"a resolver that hangs", test_hanging},
	    CU_TEST_INFO_NULL,
	};
	return test_main("base_resolve", NULL, NULL, tests);
}
