/* SPDX-License-Identifier: MIT */
/* The address of an Events API. */
#include "conf_value.h"

#include "dropfeed/resolve.h"

#include <stdlib.h>
#include <strings.h>

static bool is_this_machine(const struct conf_authority *a)
{
	char *host = df_strndup(a->host, a->host_len);
	bool is = df_is_loopback(host);
	free(host);
	return is;
}

/* How much of the URL's path comes before what is added to it. The API's manual shows the whole
 * of it, and with /v2/bulkevents twice every batch would get a 404. */
static size_t base_path_len(const char *path)
{
	static const char *const added[] = {"/v2/bulkevents/historical",
					    "/v2/bulkevents",
					    "/v2",
					    "/v3/requests",
					    "/v3",
					    "/users/track"};
	size_t len = strlen(path);
	while (len > 0 && path[len - 1] == '/')
		len--;
	for (size_t i = 0; i < sizeof(added) / sizeof(*added); i++) {
		size_t n = strlen(added[i]);
		if (len < n || memcmp(path + len - n, added[i], n) != 0)
			continue;
		len -= n;
		break;
	}

	while (len > 0 && path[len - 1] == '/')
		len--;
	return len;
}

static const char *const pods[] = {"us1", "us2", "eu1", "au1"};
enum { N_PODS = sizeof(pods) / sizeof(*pods) };

static char *pod_url(const char *pod)
{
	return df_format("https://s2s.%s.mparticle.com", pod);
}

const char *conf_feed_other_pod(const struct conf_feed *feed)
{
	const char *of_key = NULL, *of_endpoint = NULL;
	if (feed->send.api_key == NULL || feed->send.endpoint == NULL)
		return NULL;
	for (size_t i = 0; i < N_PODS; i++) {
		size_t len = strlen(pods[i]);
		char *url = pod_url(pods[i]);
		if (strncasecmp(feed->send.api_key, pods[i], len) == 0 &&
		    feed->send.api_key[len] == '-')
			of_key = pods[i];
		if (strcasecmp(feed->send.endpoint, url) == 0)
			of_endpoint = pods[i];
		free(url);
	}
	return of_endpoint != NULL && of_key != of_endpoint ? of_key : NULL;
}

bool conf_endpoint_pod(const struct conf_feed *feed)
{
	bool is = false;
	for (size_t i = 0; i < N_PODS && feed->send.endpoint != NULL; i++) {
		char *url = pod_url(pods[i]);
		is = is || strcasecmp(feed->send.endpoint, url) == 0;
		free(url);
	}
	return is;
}

enum df_status conf_parse_endpoint(void *home, const struct conf_key *key, const char *value,
				   const char *base, struct df_err *err)
{
	struct conf_feed *feed = home;
	(void)base;
	(void)key;
	for (size_t i = 0; i < N_PODS; i++) {
		if (strcasecmp(value, pods[i]) == 0) {
			conf_text_set(&feed->send.endpoint, pod_url(pods[i]));
			return DF_OK;
		}
	}
	bool plain = strncasecmp(value, "http://", 7) == 0;
	if (!plain && strncasecmp(value, "https://", 8) != 0)
		return df_fail(DF_USAGE, err, NULL,
			       "neither a pod (us1, us2, eu1, au1) nor an https:// URL");

	const char *rest = value + (plain ? 7 : 8);
	size_t host_len = strcspn(rest, "/?#");
	/* Nothing of the URL is quoted: what comes before an '@' is likely a secret. */
	if (memchr(rest, '@', host_len) != NULL)
		return df_fail(
		    DF_USAGE, err, NULL,
		    "the URL holds a login; take it out and use api_key and api_secret_file");
	if (strpbrk(rest, "?# \t") != NULL)
		return df_fail(DF_USAGE, err, NULL,
			       "the URL may hold no '?', '#' or blank: give the base URL only");
	struct conf_authority a = {0};
	if (!conf_authority_read(rest, host_len, &a))
		return df_fail(DF_USAGE, err, NULL, "the URL's host or port is malformed");
	if (plain && !is_this_machine(&a))
		return df_fail(DF_USAGE, err, NULL,
			       "plain http:// would send the API secret in the clear; it is "
			       "allowed to this machine only "
			       "(127.0.0.1, [::1], localhost): use https://");
	conf_text_set(&feed->send.endpoint, df_strndup(value, (size_t)(rest - value) + host_len +
								  base_path_len(rest + host_len)));
	return DF_OK;
}
