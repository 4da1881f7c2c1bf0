/* SPDX-License-Identifier: MIT */
/* libssh2 knows no host certificates. A server shows its certificate in the clear, in its answer
 * to a key exchange (RFC 5656 §4): that is asked for on a connection of its own, which then ends.
 * The session that follows is opened with the key that the certificate is for, and the key exchange
 * of libssh2 proves that the server has it. */
#include "fetch_cert.h"
#include "fetch_hello.h"

#include <openssl/rand.h>
#include <stdlib.h>

enum { STALL_DEFAULT_MS = 60000, COOKIE = 16, PUBLIC_MAX = 1024 };

/* In the order of preference. RSA is last: libssh2 1.10 cannot always open a session with it. */
static const char *const cert_names[] = {
    "ssh-ed25519-cert-v01@openssh.com",         "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "rsa-sha2-512-cert-v01@openssh.com",        "rsa-sha2-256-cert-v01@openssh.com",
};

/* The base point of P-256, uncompressed (SEC 2 §2.4.2). */
static const unsigned char p256_point[] = {
    0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5,
    0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4,
    0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a,
    0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33,
    0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};

/* Key exchanges whose answer starts with the host key, and the size of this side's public value.
 * No secret is ever agreed on: any valid value does. */
static const struct exchange {
	const char *name;
	size_t size; /* 0: the point above */
} exchanges[] = {
    {"curve25519-sha256", 32},
    {"curve25519-sha256@libssh.org", 32},
    {"ecdh-sha2-nistp256", 0},
    {"diffie-hellman-group14-sha256", 256},
    {"diffie-hellman-group16-sha512", 512},
    {"diffie-hellman-group18-sha512", 1024},
};

static const char *pick_name(struct fetch_bytes offer)
{
	for (size_t i = 0; i < sizeof(cert_names) / sizeof(cert_names[0]); i++) {
		if (fetch_offer_has(offer, cert_names[i]))
			return cert_names[i];
	}
	return NULL;
}

static const struct exchange *pick_exchange(struct fetch_bytes offer)
{
	for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
		if (fetch_offer_has(offer, exchanges[i].name))
			return &exchanges[i];
	}
	return NULL;
}

/* The two that were picked, and the server's own lists for all that comes after the key exchange,
 * which is never reached. */
static enum df_status ask_offer(struct fetch_hello *h, const struct fetch_offer *offer,
				const struct exchange *kex, const char *name, struct df_err *err)
{
	unsigned char cookie[COOKIE];
	struct df_buf out = {.max = 1 << 17};
	if (RAND_bytes(cookie, sizeof(cookie)) != 1)
		return df_fail(DF_FATAL, err, NULL, "libcrypto has no random numbers");
	df_buf_addc(&out, SSH_MSG_KEXINIT);
	df_buf_add(&out, cookie, sizeof(cookie));
	fetch_wire_put_string(&out, kex->name, strlen(kex->name));
	fetch_wire_put_string(&out, name, strlen(name));
	df_buf_add(&out, offer->rest.p, offer->rest.len);
	df_buf_addc(&out, 0); /* no packet was sent on a guess */
	fetch_wire_put_u32(&out, 0);
	enum df_status st = fetch_hello_send(h, &out, err);
	df_buf_free(&out);
	return st;
}

static enum df_status ask_key(struct fetch_hello *h, const struct exchange *kex, struct df_err *err)
{
	unsigned char random[PUBLIC_MAX];
	struct df_buf out = {.max = 1 << 12};
	df_buf_addc(&out, SSH_MSG_KEX_INIT);
	if (kex->size == 0) {
		fetch_wire_put_string(&out, p256_point, sizeof(p256_point));
	} else {
		if (RAND_bytes(random, (int)kex->size) != 1)
			return df_fail(DF_FATAL, err, NULL, "libcrypto has no random numbers");
		/* positive, not small, and less than each group's prime, which starts with ones */
		random[0] = (unsigned char)((random[0] & 0x3f) | 0x20);
		fetch_wire_put_string(&out, random, kex->size);
	}
	enum df_status st = fetch_hello_send(h, &out, err);
	df_buf_free(&out);
	return st;
}

static enum df_status no_certificate(const struct conf_feed *feed, const struct fetch_known *known,
				     struct fetch_bytes keys, struct df_err *err)
{
	const struct conf_source *source = &feed->fetch.source;
	char *text = fetch_offer_text(keys);
	enum df_status st = df_fail(
	    DF_DENIED, err, NULL,
	    "%s port %u has no host certificate, which the @cert-authority in %s line %d asks for "
	    "(host keys of the server: %s). Have its administrator set HostCertificate, or add "
	    "the server's own key, compared with what the administrator says: ssh-keyscan -p %u %s "
	    ">> %s",
	    source->host, (unsigned)source->port, feed->fetch.known_hosts,
	    fetch_known_line(known, FETCH_KEY_AUTHORITY), text != NULL ? text : "unknown",
	    (unsigned)source->port, source->host, feed->fetch.known_hosts);
	free(text);
	return st;
}

/* The certificate's bytes, borrowed from h. */
static enum df_status ask_certificate(struct fetch_hello *h, const struct fetch_known *known,
				      struct fetch_bytes *blob, struct df_err *err)
{
	struct fetch_wire w = {0};
	struct fetch_offer offer = {0};
	enum df_status st = fetch_hello_packet(h, SSH_MSG_KEXINIT, &w, err);
	if (st != DF_OK)
		return st;
	if (!fetch_offer_read(&w, &offer))
		return df_fail(DF_RETRY, err, NULL, "%s does not keep to the SSH protocol",
			       h->feed->fetch.source.host);

	const char *name = pick_name(offer.keys);
	if (name == NULL)
		return no_certificate(h->feed, known, offer.keys, err);
	const struct exchange *kex = pick_exchange(offer.kex);
	if (kex == NULL)
		return df_fail(DF_DENIED, err, NULL,
			       "the host certificate of %s cannot be asked for: the server has "
			       "neither curve25519-sha256, ecdh-sha2-nistp256 nor a "
			       "diffie-hellman-group with SHA-2",
			       h->feed->fetch.source.host);
	st = ask_offer(h, &offer, kex, name, err);
	if (st != DF_OK)
		return st;
	st = ask_key(h, kex, err);
	if (st != DF_OK)
		return st;
	st = fetch_hello_packet(h, SSH_MSG_KEX_REPLY, &w, err);
	if (st != DF_OK)
		return st;
	*blob = fetch_wire_string(&w);
	return DF_OK;
}

enum df_status fetch_sftp_certify(const struct conf_feed *feed, struct fetch_known *known,
				  struct df_err *err)
{
	int64_t stall =
	    feed->fetch.stall_timeout_ms > 0 ? feed->fetch.stall_timeout_ms : STALL_DEFAULT_MS;
	struct fetch_hello h;
	struct fetch_cert cert = {0};
	struct fetch_bytes blob = {0};
	int line = 0;
	enum df_status st = fetch_hello_open(&h, feed, stall, err);
	if (st != DF_OK)
		goto cleanup;
	st = ask_certificate(&h, known, &blob, err);
	if (st != DF_OK)
		goto cleanup;
	st = fetch_cert_read(blob.p, blob.len, &cert, err);
	if (st != DF_OK)
		goto cleanup;
	st = fetch_cert_check(feed, known, &cert, df_now_ms() / 1000, &line, err);
	if (st != DF_OK)
		goto cleanup;
	fetch_known_add(known, FETCH_KEY_CERTIFIED, cert.key.data, cert.key.len, line);
cleanup:
	fetch_cert_free(&cert);
	fetch_hello_close(&h);
	return st;
}
