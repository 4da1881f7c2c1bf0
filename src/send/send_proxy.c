/* SPDX-License-Identifier: MIT */
/*
 * Which proxy a connection goes through: the feed's, else the environment's, by curl's rules (its
 * manual, "Proxy environment variables"): <scheme>_proxy, lower case before upper case (HTTP_PROXY
 * in upper case is not looked at: a web server would set it from a header), then all_proxy;
 * no_proxy lists hosts without one. Hosts on this machine are never reached through a proxy.
 */
#include "send_proxy.h"

#include "dropfeed/resolve.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>

/* ---- no_proxy ---- */

/* An address, or a network such as 10.0.0.0/8 or fd00::/8. */
static bool in_network(const char *host, const char *pattern)
{
	unsigned char a[16], b[16];
	char network[INET6_ADDRSTRLEN];
	const char *slash = strchr(pattern, '/');
	size_t len = slash != NULL ? (size_t)(slash - pattern) : strlen(pattern);
	if (len >= sizeof(network))
		return false;
	memcpy(network, pattern, len);
	network[len] = '\0';

	int family = inet_pton(AF_INET, host, a) == 1 ? AF_INET : AF_INET6;
	if ((family == AF_INET6 && inet_pton(AF_INET6, host, a) != 1) ||
	    inet_pton(family, network, b) != 1)
		return false;
	unsigned long all = family == AF_INET ? 32 : 128;
	unsigned long bits = slash != NULL ? strtoul(slash + 1, NULL, 10) : all;
	if (bits > all || memcmp(a, b, bits / 8) != 0)
		return false;
	unsigned rest = (unsigned)(bits % 8);
	return rest == 0 || ((a[bits / 8] ^ b[bits / 8]) >> (8 - rest)) == 0;
}

/* The domain itself, and what is below it; a leading dot does not matter. */
static bool in_domain(const char *host, const char *domain)
{
	size_t h = strlen(host), d = strlen(domain);
	if (d > 0 && *domain == '.')
		domain++, d--;
	if (d == 0 || h < d || strncasecmp(host + h - d, domain, d) != 0)
		return false;
	return h == d || host[h - d - 1] == '.';
}

static bool is_exempt(const char *host, const char *list)
{
	bool exempt = false;
	char *copy = df_strdup(list), *save = NULL;
	for (char *word = strtok_r(copy, ", \t", &save); word != NULL && !exempt;
	     word = strtok_r(NULL, ", \t", &save)) {
		size_t len = strlen(word);
		if (*word == '[' && word[len - 1] == ']') {
			word[len - 1] = '\0';
			word++;
		}
		exempt = strcmp(word, "*") == 0 || in_network(host, word) || in_domain(host, word);
	}
	free(copy);
	return exempt;
}

/* ---- the environment ---- */

static const char *variable(const char *lower, const char *upper)
{
	const char *value = getenv(lower);
	if ((value == NULL || *value == '\0') && upper != NULL)
		value = getenv(upper);
	return value != NULL && *value != '\0' ? value : NULL;
}

static const char *environment_proxy(const char *scheme, const char *host)
{
	const char *none = variable("no_proxy", "NO_PROXY");
	if (none != NULL && is_exempt(host, none))
		return NULL;
	const char *proxy = strcmp(scheme, "https") == 0 ? variable("https_proxy", "HTTPS_PROXY")
							 : variable("http_proxy", NULL);
	return proxy != NULL ? proxy : variable("all_proxy", "ALL_PROXY");
}

/* ---- the choice ---- */

/* What connections go to, when they go through the proxy. A port that is not named is curl's,
 * 1080. */
static bool proxy_parts(const char *url, char **host, uint16_t *port)
{
	char *name = NULL, *number = NULL;
	CURLU *u = curl_url();
	/* libcurl 7.74 takes blanks, which later ones refuse */
	bool ok = strpbrk(url, " \t\r\n") == NULL &&
		  curl_url_set(u, CURLUPART_URL, url,
			       CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_HOST, &name, 0) == CURLUE_OK && *name != '\0';
	bool named = ok && curl_url_get(u, CURLUPART_PORT, &number, 0) == CURLUE_OK;
	if (ok) {
		*host = df_strdup(name);
		*port = named ? (uint16_t)strtoul(number, NULL, 10) : 1080;
		if (!named && strncasecmp(url, "https://", 8) == 0)
			*port = 443;
	}
	curl_free(name);
	curl_free(number);
	curl_url_cleanup(u);
	return ok;
}

enum df_status send_proxy_choose(struct send_proxy *p, const struct send_proxy_wish *wish,
				 struct df_err *err)
{
	const char *url = NULL, *origin = "proxy";
	*p = (struct send_proxy){0};
	if (df_is_loopback(wish->host))
		return DF_OK;
	if (wish->url != NULL) {
		url = wish->url;
	} else {
		url = environment_proxy(wish->scheme, wish->host);
		origin = "the environment's proxy";
	}
	if (url == NULL)
		return DF_OK;

	if (!proxy_parts(url, &p->host, &p->port))
		return df_fail(DF_USAGE, err, NULL, "%s is not a URL: write http://host:port",
			       origin);
	p->url = df_strdup(url);
	if (wish->url != NULL) {
		p->user = df_strdup(wish->user);
		p->password = df_strdup(wish->password);
	}
	p->name = df_format("%s:%u", p->host, (unsigned)p->port);
	return DF_OK;
}

void send_proxy_free(struct send_proxy *p)
{
	free(p->url);
	free(p->user);
	free(p->password);
	free(p->host);
	free(p->name);
	*p = (struct send_proxy){0};
}
