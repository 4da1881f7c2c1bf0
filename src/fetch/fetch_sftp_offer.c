/* SPDX-License-Identifier: MIT */
/* libssh2 does not tell what the server had to offer when no method is common. The first packet
 * of a server says it, in the clear: "SSH-2.0-...\r\n", then SSH_MSG_KEXINIT (RFC 4253 §4.2, §6,
 * §7.1). Nothing of it is trusted: it only serves to word an error. */
#include "fetch_sftp.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OFFER_MS = 5000, OFFER_MAX = 1 << 16, SSH_MSG_KEXINIT = 20, COOKIE = 16 };

static uint32_t offer_u32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;
	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

/* The second name-list of the packet at p: server_host_key_algorithms. */
static char *offer_parse(const char *p, size_t len)
{
	if (len < 4 + 1 + 1 + COOKIE + 4 || p[5] != SSH_MSG_KEXINIT)
		return NULL;
	size_t at = 4 + 1 + 1 + COOKIE;
	uint32_t kex = offer_u32(p + at);
	at += 4;
	if (kex > len - at || len - at - kex < 4)
		return NULL;
	at += kex;
	uint32_t keys = offer_u32(p + at);
	at += 4;
	if (keys > len - at)
		return NULL;
	for (uint32_t i = 0; i < keys; i++) {
		/* what we repeat must not move a terminal */
		if (p[at + i] < '!' || p[at + i] > '~')
			return NULL;
	}
	return df_strndup(p + at, keys < 300 ? keys : 300);
}

/* The packet once all of it is there; lines before the one with "SSH-" are allowed. */
static char *offer_find(const char *p, size_t len, bool *more)
{
	const char *end = p + len, *line = p, *nl = NULL;
	*more = true;
	while ((nl = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		bool is_version = nl - line >= 4 && memcmp(line, "SSH-", 4) == 0;
		line = nl + 1;
		if (!is_version)
			continue;
		size_t left = (size_t)(end - line);
		if (left < 4 || offer_u32(line) > left - 4)
			return NULL;
		*more = false;
		return offer_parse(line, offer_u32(line) + 4);
	}
	return NULL;
}

char *fetch_sftp_offer(const struct conf_feed *feed)
{
	static const char hello[] = "SSH-2.0-dropfeed\r\n";
	int sock = -1;
	pid_t proxy = 0;
	char *offer = NULL;
	struct df_buf in = {.max = OFFER_MAX};
	struct df_err unsaid = {0};
	if (fetch_sftp_connect(feed, &sock, &proxy, &unsaid) != DF_OK)
		return NULL;
	int64_t until = df_monotonic_ms() + OFFER_MS;
	bool more =
	    send(sock, hello, sizeof(hello) - 1, MSG_NOSIGNAL) == (ssize_t)sizeof(hello) - 1;
	while (more && !df_stop_requested && df_monotonic_ms() < until && !in.over) {
		struct pollfd p = {.fd = sock, .events = POLLIN};
		char chunk[4096];
		if (poll(&p, 1, 200) <= 0)
			continue;
		ssize_t n = recv(sock, chunk, sizeof(chunk), 0);
		if (n <= 0)
			break;
		df_buf_add(&in, chunk, (size_t)n);
		offer = offer_find(in.data, in.len, &more);
	}
	close(sock);
	fetch_proxy_end(&proxy);
	df_buf_free(&in);
	return offer;
}
