/* SPDX-License-Identifier: MIT */
#include "fetch_hello.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INPUT_MAX = 1 << 18, SLICE_MS = 200, BLOCK = 8, PADDING_MIN = 4 };

/* Waits until the socket can be read or written. */
static enum df_status hello_wait(struct fetch_hello *h, short events, struct df_err *err)
{
	const char *host = h->feed->fetch.source.host;
	for (;;) {
		if (df_stop_requested)
			return df_fail(DF_RETRY, err, NULL, "stopped while waiting for %s", host);
		if (df_monotonic_ms() >= h->until_ms)
			return df_fail(DF_RETRY, err, NULL,
				       "%s did not answer in time while its host key was asked for",
				       host);
		struct pollfd p = {.fd = h->sock, .events = events};
		if (poll(&p, 1, SLICE_MS) > 0)
			return DF_OK;
	}
}

static enum df_status hello_receive(struct fetch_hello *h, struct df_err *err)
{
	char chunk[4096];
	enum df_status st = hello_wait(h, POLLIN, err);
	if (st != DF_OK)
		return st;

	ssize_t n = recv(h->sock, chunk, sizeof(chunk), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return DF_OK;
	if (n <= 0)
		return df_fail(DF_RETRY, err, NULL, "no SSH connection with %s port %u: it hung up",
			       h->feed->fetch.source.host, (unsigned)h->feed->fetch.source.port);
	df_buf_add(&h->in, chunk, (size_t)n);
	if (h->in.over)
		return df_fail(DF_RETRY, err, NULL, "%s sends without an end",
			       h->feed->fetch.source.host);
	return DF_OK;
}

static enum df_status hello_write(struct fetch_hello *h, const char *p, size_t len,
				  struct df_err *err)
{
	while (len > 0) {
		ssize_t n = send(h->sock, p, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return df_fail(DF_RETRY, err, NULL, "the connection to %s broke: %s",
				       h->feed->fetch.source.host, strerror(errno));
		if (n > 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		enum df_status st = hello_wait(h, POLLOUT, err);
		if (st != DF_OK)
			return st;
	}
	return DF_OK;
}

enum df_status fetch_hello_open(struct fetch_hello *h, const struct conf_feed *feed,
				int64_t most_ms, struct df_err *err)
{
	static const char ident[] = "SSH-2.0-dropfeed\r\n";
	*h = (struct fetch_hello){.feed = feed, .sock = -1, .in = {.max = INPUT_MAX}};
	enum df_status st = fetch_sftp_connect(feed, &h->sock, &h->proxy, err);
	if (st != DF_OK)
		return st;
	h->until_ms = df_monotonic_ms() + most_ms;
	st = hello_write(h, ident, sizeof(ident) - 1, err);
	if (st != DF_OK)
		return st;

	while ((st = fetch_hello_ident(h->in.data, h->in.len, &h->at)) == DF_END) {
		st = hello_receive(h, err);
		if (st != DF_OK)
			return st;
	}
	return st == DF_OK ? DF_OK
			   : df_fail(st, err, NULL, "%s port %u is not an SSH server",
				     feed->fetch.source.host, (unsigned)feed->fetch.source.port);
}

void fetch_hello_close(struct fetch_hello *h)
{
	if (h->sock >= 0)
		close(h->sock);
	h->sock = -1;
	fetch_proxy_end(&h->proxy);
	df_buf_free(&h->in);
}

/* uint32 reason, string description (RFC 4253 §11.1) */
static enum df_status hello_disconnected(const struct fetch_hello *h, struct fetch_wire *w,
					 struct df_err *err)
{
	struct df_buf words = {.max = FETCH_SHOWN_MAX};
	fetch_wire_u32(w);
	fetch_wire_show(&words, fetch_wire_string(w));
	enum df_status st = df_fail(
	    DF_RETRY, err, NULL, "no SSH connection with %s port %u: it hung up: %s",
	    h->feed->fetch.source.host, (unsigned)h->feed->fetch.source.port, df_buf_cstr(&words));
	df_buf_free(&words);
	return st;
}

enum df_status fetch_hello_packet(struct fetch_hello *h, int type, struct fetch_wire *out,
				  struct df_err *err)
{
	for (;;) {
		size_t end = 0;
		enum df_status st =
		    fetch_hello_frame(h->in.data + h->at, h->in.len - h->at, out, &end);
		if (st == DF_END)
			st = hello_receive(h, err);
		else if (st != DF_OK)
			return df_fail(st, err, NULL, "%s does not keep to the SSH protocol",
				       h->feed->fetch.source.host);
		if (st != DF_OK)
			return st;
		if (end == 0)
			continue;
		h->at += end;
		int got = fetch_wire_byte(out);
		if (got == type)
			return DF_OK;
		if (got == SSH_MSG_DISCONNECT)
			return hello_disconnected(h, out, err);
	}
}

enum df_status fetch_hello_send(struct fetch_hello *h, const struct df_buf *payload,
				struct df_err *err)
{
	unsigned char zeros[BLOCK + PADDING_MIN] = {0};
	struct df_buf packet = {.max = INPUT_MAX};
	size_t padding = BLOCK - (4 + 1 + payload->len) % BLOCK;
	if (padding < PADDING_MIN)
		padding += BLOCK;
	fetch_wire_put_u32(&packet, (uint32_t)(1 + payload->len + padding));
	df_buf_addc(&packet, (char)padding);
	df_buf_add(&packet, payload->data, payload->len);
	df_buf_add(&packet, zeros, padding);
	enum df_status st = hello_write(h, packet.data, packet.len, err);
	df_buf_free(&packet);
	return st;
}
