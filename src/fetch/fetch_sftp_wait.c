/* SPDX-License-Identifier: MIT */
#include "fetch_sftp.h"

#include "dropfeed/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CONNECT_MS = 30000,
	FAREWELL_MS = 1000,
	SLICE_MS = 200,
	STALL_DEFAULT_MS = 60000,
	STALLS_A_CALL = 10
};

/* ---- TCP ---- */

/* 0, or why not, in errno's terms. */
static int connect_one(const struct addrinfo *to, int64_t most_ms, int *sock)
{
	int fd =
	    socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->ai_protocol);
	if (fd < 0)
		return errno;
	int why = connect(fd, to->ai_addr, to->ai_addrlen) == 0 ? 0 : errno;
	int64_t until = df_monotonic_ms() + most_ms;
	while (why == EINPROGRESS || why == EINTR) {
		if (df_stop_requested) {
			why = ECANCELED;
			break;
		}
		if (df_monotonic_ms() >= until) {
			why = ETIMEDOUT;
			break;
		}
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		if (poll(&p, 1, SLICE_MS) <= 0)
			continue;
		socklen_t size = sizeof(why);
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) != 0)
			why = errno;
		break;
	}
	if (why != 0) {
		close(fd);
		return why;
	}
	int on = 1;
	/* best effort */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*sock = fd;
	return 0;
}

enum df_status fetch_sftp_connect(const struct conf_feed *feed, int *sock, pid_t *child,
				  struct df_err *err)
{
	*child = 0;
	if (feed->fetch.proxy_command != NULL)
		return fetch_proxy_start(feed, sock, child, err);
	const struct conf_source *source = &feed->fetch.source;
	const struct addrinfo *found = NULL;
	int64_t most_ms =
	    feed->fetch.stall_timeout_ms > 0 && feed->fetch.stall_timeout_ms < CONNECT_MS
		? feed->fetch.stall_timeout_ms
		: CONNECT_MS;
	struct df_lookup *lookup = df_lookup_start(source->host, source->port);
	int why = EHOSTUNREACH;
	enum df_status st = df_lookup_wait(lookup, most_ms, &found, err);
	if (st != DF_OK)
		goto cleanup;
	for (const struct addrinfo *to = found; to != NULL; to = to->ai_next) {
		why = connect_one(to, most_ms, sock);
		if (why == 0 || why == ECANCELED)
			break;
	}
	if (why == ECANCELED)
		st = df_fail(DF_RETRY, err, NULL, "stopped while connecting to %s", source->host);
	else if (why != 0)
		st = df_fail(DF_RETRY, err, NULL, "cannot connect to %s port %u: %s", source->host,
			     (unsigned)source->port, strerror(why));
cleanup:
	df_lookup_free(lookup);
	return st;
}

/* ---- waiting ---- */

void fetch_sftp_begin(struct fetch_sftp *s)
{
	s->began_ms = s->heard_ms = df_monotonic_ms();
}

/* The server's program for SFTP is gone, and the connection is not: libssh2 does not notice. */
static bool wait_is_vain(const struct fetch_sftp *s)
{
	return s->sftp != NULL && libssh2_channel_eof(libssh2_sftp_get_channel(s->sftp)) == 1;
}

enum df_status fetch_sftp_wait(struct fetch_sftp *s, struct df_err *err)
{
	int64_t stall = s->feed->fetch.stall_timeout_ms > 0 ? s->feed->fetch.stall_timeout_ms
							    : STALL_DEFAULT_MS;
	if (s->closing)
		stall = FAREWELL_MS;
	if (!s->closing && df_stop_requested) {
		s->broken = true;
		return df_fail(DF_RETRY, err, NULL, "stopped while waiting for %s",
			       s->feed->fetch.source.host);
	}
	if (wait_is_vain(s)) {
		s->broken = true;
		return df_fail(DF_RETRY, err, NULL,
			       "%s ended the SFTP session and left the connection open",
			       s->feed->fetch.source.host);
	}
	int64_t now = df_monotonic_ms();
	/* A server that only keeps the connection alive moves the socket, but does not get
	 * anything done. */
	bool stalled = now - s->heard_ms >= stall ||
		       now - s->began_ms >= stall * (s->closing ? 1 : STALLS_A_CALL);
	if (stalled) {
		s->broken = true;
		return df_fail(DF_RETRY, err, NULL,
			       "%s did not answer for %g seconds (stall_timeout)",
			       s->feed->fetch.source.host, (double)stall / 1000);
	}
	int directions = libssh2_session_block_directions(s->session);
	struct pollfd p = {.fd = s->sock};
	if ((directions & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0)
		p.events |= POLLOUT;
	if ((directions & LIBSSH2_SESSION_BLOCK_INBOUND) != 0 || p.events == 0)
		p.events |= POLLIN;
	/* An OpenSSH server sends the next small packet only when the last one is acknowledged
	 * (RFC 896) until there is a channel: 40 ms for nothing where this side waits, too (RFC
	 * 1122, 4.2.3.2). */
	setsockopt(s->sock, IPPROTO_TCP, TCP_QUICKACK, &(int){1}, sizeof(int));
	int64_t left = s->heard_ms + stall - now;
	int rc = poll(&p, 1, left < SLICE_MS ? (int)left : SLICE_MS);
	if (rc > 0)
		s->heard_ms = df_monotonic_ms();
	return DF_OK;
}

/* ---- handles ---- */

void fetch_sftp_handle_close(struct fetch_sftp *s, LIBSSH2_SFTP_HANDLE *handle)
{
	int rc = 0;
	struct df_err unsaid = {0};
	if (handle == NULL)
		return;
	/* A handle that cannot be closed now must be freed all the same, and only a close does
	 * that. */
	bool was = s->closing;
	s->closing = true;
	if (s->broken)
		shutdown(s->sock, SHUT_RDWR);
	FETCH_SFTP_AWAIT(s, rc, libssh2_sftp_close_handle(handle), &unsaid);
	s->closing = was;
}

void fetch_sftp_part(struct fetch_sftp *s)
{
	LIBSSH2_SFTP_HANDLE *handle = s->parted;
	s->parted = NULL;
	fetch_sftp_handle_close(s, handle);
}

/* ---- errors ---- */

const char *fetch_sftp_words(struct fetch_sftp *s)
{
	char *words = NULL;
	libssh2_session_last_error(s->session, &words, NULL, 0);
	return words != NULL && words[0] != '\0' ? words : "no reason given";
}

bool fetch_sftp_is_lost(const struct fetch_sftp *s, long rc)
{
	switch (rc) {
	case LIBSSH2_ERROR_EAGAIN:
	case LIBSSH2_ERROR_SOCKET_SEND:
	case LIBSSH2_ERROR_SOCKET_RECV:
	case LIBSSH2_ERROR_SOCKET_DISCONNECT:
	case LIBSSH2_ERROR_SOCKET_TIMEOUT:
	case LIBSSH2_ERROR_SOCKET_NONE:
	case LIBSSH2_ERROR_TIMEOUT:
	case LIBSSH2_ERROR_BAD_SOCKET:
	case LIBSSH2_ERROR_CHANNEL_CLOSED:
	case LIBSSH2_ERROR_CHANNEL_EOF_SENT:
		return true;
	default:
		break;
	}
	/* libssh2 often puts its own reason over the socket's ("Unable to startup channel"): ask
	 * the socket, too. */
	char byte = 0;
	ssize_t n = recv(s->sock, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

/* The status codes of SFTP version 3 (draft-ietf-secsh-filexfer-02 §7), and those of later ones
 * that servers send anyway. */
static const char *sftp_status_words(unsigned long status)
{
	switch (status) {
	case LIBSSH2_FX_PERMISSION_DENIED:
		return "permission denied";
	case LIBSSH2_FX_OP_UNSUPPORTED:
		return "the server does not support this";
	case LIBSSH2_FX_FILE_ALREADY_EXISTS:
		return "it exists already";
	case LIBSSH2_FX_WRITE_PROTECT:
		return "the file system is read-only";
	case LIBSSH2_FX_NO_SPACE_ON_FILESYSTEM:
		return "no space left";
	case LIBSSH2_FX_QUOTA_EXCEEDED:
		return "quota exceeded";
	case LIBSSH2_FX_NOT_A_DIRECTORY:
		return "not a folder";
	case LIBSSH2_FX_INVALID_FILENAME:
		return "invalid name";
	default:
		return "the server returned failure without a reason";
	}
}

enum df_status fetch_sftp_fail(struct fetch_sftp *s, long rc, const char *what, struct df_err *err)
{
	if (rc == LIBSSH2_ERROR_SFTP_PROTOCOL) {
		unsigned long status = libssh2_sftp_last_error(s->sftp);
		s->unsupported = status == LIBSSH2_FX_OP_UNSUPPORTED;
		if (status == LIBSSH2_FX_NO_SUCH_FILE || status == LIBSSH2_FX_NO_SUCH_PATH)
			return DF_END;
		if (status != LIBSSH2_FX_NO_CONNECTION && status != LIBSSH2_FX_CONNECTION_LOST)
			return df_fail(DF_REJECT, err, NULL, "%s: %s", what,
				       sftp_status_words(status));
	}
	s->broken = true;
	return df_fail(DF_RETRY, err, NULL, "the connection to %s broke: %s",
		       s->feed->fetch.source.host, fetch_sftp_words(s));
}

bool fetch_sftp_rsa_is_sha1(void)
{
	return libssh2_version(0x010b00) == NULL;
}
