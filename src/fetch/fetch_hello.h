/* SPDX-License-Identifier: MIT */
/*
 * fetch_hello.h - the first packets of an SSH connection, which are in the clear (RFC 4253)
 *
 *	struct fetch_hello h;
 *	if (fetch_hello_open(&h, feed, most_ms, err) == DF_OK)
 *		... fetch_hello_packet, fetch_hello_send ...
 *	fetch_hello_close(&h);		whatever open returned
 *
 * For what libssh2 does not do: to say what a server offers when no method is common, and to ask
 * for its host certificate. Nothing of it is trusted. All lengths that the server states are
 * bounded, all of it together has `most_ms`, and a stop ends it.
 */
#ifndef DROPFEED_FETCH_HELLO_H
#define DROPFEED_FETCH_HELLO_H

#include "fetch_sftp.h"
#include "fetch_wire.h"

enum {
	SSH_MSG_DISCONNECT = 1,
	SSH_MSG_KEXINIT = 20,
	SSH_MSG_KEX_INIT = 30, /* of both ECDH (RFC 5656 §4) and Diffie-Hellman (RFC 4253 §8) */
	SSH_MSG_KEX_REPLY = 31
};

struct fetch_hello {
	const struct conf_feed *feed; /* borrowed */
	int sock;
	pid_t proxy;
	int64_t until_ms;
	struct df_buf in; /* what came */
	size_t at;        /* up to where it was read */
};

/* What a server offers: name-lists such as "ssh-ed25519,rsa-sha2-512". */
struct fetch_offer {
	struct fetch_bytes kex, keys;
	struct fetch_bytes rest; /* ciphers to languages: eight lists as they came */
};

/* Connects, and exchanges identification strings. DF_RETRY when that did not come about. */
enum df_status fetch_hello_open(struct fetch_hello *h, const struct conf_feed *feed,
				int64_t most_ms, struct df_err *err) DF_CHECK;
void fetch_hello_close(struct fetch_hello *h);
/* Waits for the next packet of that type; those that say nothing are passed over. *out is what
 * follows the type, borrowed until the next call. DF_RETRY otherwise. */
enum df_status fetch_hello_packet(struct fetch_hello *h, int type, struct fetch_wire *out,
				  struct df_err *err) DF_CHECK;
enum df_status fetch_hello_send(struct fetch_hello *h, const struct df_buf *payload,
				struct df_err *err) DF_CHECK;

/* ---- what these read, without a connection ---- */

/* The line that starts with "SSH-" in the first len bytes, after those that a server may write
 * before it. DF_OK: *end is after it. DF_END: more bytes are needed. DF_RETRY: not SSH. */
enum df_status fetch_hello_ident(const char *p, size_t len, size_t *end) DF_CHECK;
/* The packet that starts at p: its payload, and where it ends. The same. */
enum df_status fetch_hello_frame(const char *p, size_t len, struct fetch_wire *payload,
				 size_t *end) DF_CHECK;
/* After the type of a KEXINIT. */
bool fetch_offer_read(struct fetch_wire *w, struct fetch_offer *out);
/* Is the name in the list? */
bool fetch_offer_has(struct fetch_bytes list, const char *name);
/* For a message: at most 200 bytes, NULL when it holds what is not a list of names. The
 * caller's. */
char *fetch_offer_text(struct fetch_bytes list);

#endif
