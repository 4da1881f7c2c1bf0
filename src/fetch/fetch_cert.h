/* SPDX-License-Identifier: MIT */
/*
 * fetch_cert.h - host certificates, as OpenSSH's PROTOCOL.certkeys defines them
 *
 *	struct fetch_cert cert;
 *	st = fetch_cert_read(blob, len, &cert, err);
 *	if (st == DF_OK)
 *		st = fetch_cert_check(feed, known, &cert, now, &authority, err);
 *	fetch_cert_free(&cert);
 *
 * A certificate is a host's public key with the names and the time that an authority signed it
 * for. It comes from whoever answers: nothing of it is believed before fetch_cert_check said so,
 * and even then it is public. That the server has the key itself is shown by the session that
 * follows, which has to be opened with that key.
 */
#ifndef DROPFEED_FETCH_CERT_H
#define DROPFEED_FETCH_CERT_H

#include "fetch_sftp.h"
#include "fetch_wire.h"

enum { FETCH_CERT_USER = 1, FETCH_CERT_HOST = 2 };

/* The strings are borrowed from the certificate's bytes. */
struct fetch_cert {
	char type[FETCH_TYPE_SIZE]; /* of the certified key: "ssh-ed25519" */
	struct df_buf key;          /* that key, as known_hosts has it; own */
	uint64_t serial;
	uint32_t kind; /* FETCH_CERT_HOST */
	struct fetch_bytes id, principals, options;
	uint64_t after, before;       /* valid from, and up to before, in Unix seconds */
	struct fetch_bytes authority; /* the key that signed it */
	struct fetch_bytes covered, signature;
};

/* DF_DENIED: it is not a certificate of a type that is understood. */
enum df_status fetch_cert_read(const unsigned char *blob, size_t len, struct fetch_cert *out,
			       struct df_err *err) DF_CHECK;
void fetch_cert_free(struct fetch_cert *cert);

/* Is it signed by that authority? RSA with SHA-2, ECDSA and Ed25519. DF_DENIED: no, or unknown. */
enum df_status fetch_cert_verify(const struct fetch_cert *cert, struct df_err *err) DF_CHECK;

/* Does it vouch for the feed's host at that time, in Unix seconds? *authority is the line of
 * known_hosts that says so. DF_DENIED otherwise, with what to do. */
enum df_status fetch_cert_check(const struct conf_feed *feed, const struct fetch_known *known,
				const struct fetch_cert *cert, int64_t now, int *authority,
				struct df_err *err) DF_CHECK;

#endif
