/* SPDX-License-Identifier: MIT */
/* Which proxy a connection goes through. */
#include "../../src/send/send_proxy.h"

#include "test.h"

static void test_proxies(void)
{
	static const struct {
		const char *https, *all, *none, *wished, *scheme, *host, *name;
	} t[] = {
	    {"http://p:1", NULL, NULL, NULL, "https", "api.example.com", "p:1"},
	    {"http://p:1", "http://a:2", NULL, "http://w:3", "https", "api.example.com", "w:3"},
	    {NULL, "a:2", NULL, NULL, "https", "api.example.com", "a:2"},
	    {NULL, "http://a", NULL, NULL, "https", "api.example.com", "a:1080"},
	    {"http://u:secret@p:1", NULL, NULL, NULL, "https", "api.example.com", "p:1"},
	    {"http://p:1", NULL, "*", NULL, "https", "api.example.com", NULL},
	    {"http://p:1", NULL, "example.com", NULL, "https", "api.example.com", NULL},
	    {"http://p:1", NULL, "x.y, .Example.com", NULL, "https", "api.example.com", NULL},
	    {"http://p:1", NULL, "ample.com", NULL, "https", "api.example.com", "p:1"},
	    {"http://p:1", NULL, "10.0.0.0/8", NULL, "https", "10.1.2.3", NULL},
	    {"http://p:1", NULL, "10.0.0.0/8", NULL, "https", "11.1.2.3", "p:1"},
	    {"http://p:1", NULL, "192.168.4.0/23", NULL, "https", "192.168.5.1", NULL},
	    {"http://p:1", NULL, "[2001:db8::1]", NULL, "https", "2001:db8::1", NULL},
	    {"http://p:1", NULL, "2001:db8::/32", NULL, "https", "2001:db8:7::1", NULL},
	    {"http://p:1", NULL, "*", "http://w:3", "https", "api.example.com", "w:3"},
	    {"http://p:1", NULL, NULL, "http://w:3", "https", "127.0.0.1", NULL},
	    {"http://p:1", NULL, NULL, "http://w:3", "https", "127.9.9.9", NULL},
	    {"http://p:1", NULL, NULL, NULL, "https", "::1", NULL},
	    {"http://p:1", NULL, NULL, NULL, "https", "LocalHost", NULL},
	    {"http://p:1", NULL, NULL, NULL, "https", "127.example.com", "p:1"},
	    {"http://p:1", "http://a:2", NULL, NULL, "http", "127.0.0.1", NULL},
	};
	static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
					    "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			unsetenv(names[k]);
		if (t[i].https != NULL)
			setenv("HTTPS_PROXY", t[i].https, 1);
		if (t[i].all != NULL)
			setenv("all_proxy", t[i].all, 1);
		if (t[i].none != NULL)
			setenv("no_proxy", t[i].none, 1);
		struct send_proxy p = {0};
		struct df_err err = {0};
		const struct send_proxy_wish wish = {
		    .scheme = t[i].scheme, .host = t[i].host, .url = t[i].wished, .user = "joe"};
		CU_ASSERT_EQUAL(send_proxy_choose(&p, &wish, &err), DF_OK);
		bool right = t[i].name == NULL ? p.url == NULL
					       : p.url != NULL && strcmp(p.name, t[i].name) == 0;
		CU_ASSERT(right);
		CU_ASSERT_EQUAL(p.user != NULL, p.url != NULL && t[i].wished != NULL);
		if (!right)
			fprintf(stderr, "proxy %zu: %s\n", i, p.url != NULL ? p.name : "none");
		send_proxy_free(&p);
	}

	/* Whatever is wrong with it is not quoted. */
	struct send_proxy p = {0};
	struct df_err err = {0};
	setenv("https_proxy", "http://joe:hunter 22@proxy", 1);
	const struct send_proxy_wish wish = {.scheme = "https", .host = "api.example.com"};
	CU_ASSERT_EQUAL(send_proxy_choose(&p, &wish, &err), DF_USAGE);
	CU_ASSERT_PTR_NULL(strstr(err.text, "hunter"));
	send_proxy_free(&p);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"proxies", test_proxies},
	    CU_TEST_INFO_NULL,
	};
	return test_main("send_proxy", NULL, NULL, tests);
}