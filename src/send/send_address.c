/* SPDX-License-Identifier: MIT */
/*
 * Names are looked up here, not by curl: its resolver's thread is joined when a request is taken
 * off, however long the system's resolver takes. What was found is given to curl for each request.
 * It is asked for again from time to time, while the old addresses stay in use.
 */
#include "send_address.h"

#include "dropfeed/base.h"

#include <arpa/inet.h>
#include <stdlib.h>

/* after which a look-up counts as failed; it stays under way, for the next try */
#define LOOKUP_MS  30000
#define REFRESH_MS 60000

void http_address_set(struct http_address *a, const char *host, uint16_t port)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	bool literal = *host == '[' || inet_pton(AF_INET, host, bytes) == 1 ||
		       inet_pton(AF_INET6, host, bytes) == 1;
	*a = (struct http_address){.host = literal ? NULL : df_strdup(host), .port = port};
}

static struct curl_slist *address_list(const struct http_address *a, const struct addrinfo *found)
{
	struct df_buf text = {0};
	df_buf_addf(&text, "%s:%u:", a->host, (unsigned)a->port);
	size_t prefix = text.len;
	for (const struct addrinfo *p = found; p != NULL; p = p->ai_next) {
		char name[INET6_ADDRSTRLEN];
		bool v6 = p->ai_family == AF_INET6;
		if (!v6 && p->ai_family != AF_INET)
			continue;
		const void *at =
		    v6 ? (const void *)&((const struct sockaddr_in6 *)(const void *)p->ai_addr)
			     ->sin6_addr
		       : (const void *)&((const struct sockaddr_in *)(const void *)p->ai_addr)
			     ->sin_addr;
		if (inet_ntop(p->ai_family, at, name, sizeof(name)) == NULL)
			continue;
		df_buf_addf(&text, "%s%s%s%s", text.len > prefix ? "," : "", v6 ? "[" : "", name,
			    v6 ? "]" : "");
	}

	struct curl_slist *list = curl_slist_append(NULL, df_buf_cstr(&text));
	df_buf_free(&text);
	return list;
}

static void address_keep(struct http_address *a, const struct addrinfo *found)
{
	struct curl_slist *list = address_list(a, found);
	if (list == NULL || (a->known != NULL && strcmp(a->known->list->data, list->data) == 0)) {
		curl_slist_free_all(list);
		return;
	}
	struct http_known *known = df_alloc(sizeof(*known));
	*known = (struct http_known){.list = list, .next = a->known};
	a->known = known;
}

enum df_status http_address_get(struct http_address *a, int64_t now, struct curl_slist **list,
				struct df_err *err)
{
	const struct addrinfo *found = NULL;
	struct df_err why = {0};
	*list = a->known != NULL ? a->known->list : NULL;
	if (a->host == NULL)
		return DF_OK;
	if (a->lookup == NULL && a->known != NULL && now - a->known_at < REFRESH_MS)
		return DF_OK;
	if (a->lookup == NULL) {
		a->lookup = df_lookup_start(a->host, a->port);
		a->asked_at = now;
	}

	enum df_status st = df_lookup_poll(a->lookup, &found, &why);
	if (st == DF_END && a->known == NULL && now - a->asked_at >= LOOKUP_MS) {
		a->asked_at = now;
		return df_fail(DF_RETRY, err, NULL,
			       "cannot resolve %s: no answer from the resolver for %d s", a->host,
			       LOOKUP_MS / 1000);
	}
	if (st == DF_END)
		return a->known != NULL ? DF_OK : DF_END;

	if (st == DF_OK)
		address_keep(a, found);
	a->known_at = now; /* the old ones are used on where there are no new ones */
	df_lookup_free(a->lookup);
	a->lookup = NULL;
	if (a->known == NULL)
		return df_fail(DF_RETRY, err, NULL, "%s", why.text);
	*list = a->known->list;
	return DF_OK;
}

void http_address_doubt(struct http_address *a)
{
	a->known_at = INT64_MIN / 2;
}

void http_address_free(struct http_address *a)
{
	df_lookup_free(a->lookup);
	for (struct http_known *p; (p = a->known) != NULL; free(p)) {
		a->known = p->next;
		curl_slist_free_all(p->list);
	}
	free(a->host);
	*a = (struct http_address){0};
}
