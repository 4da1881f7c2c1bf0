/* SPDX-License-Identifier: MIT */
#include "fetch_cert.h"

#include <stdio.h>

/* What certificates are called, and how many strings their public keys have. */
static const struct {
	const char *cert, *plain;
	int strings;
} cert_types[] = {
    {"ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", 1},
    {"ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256", 2},
    {"ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384", 2},
    {"ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521", 2},
    {"ssh-rsa-cert-v01@openssh.com", "ssh-rsa", 2},
};
enum { N_CERT_TYPES = sizeof(cert_types) / sizeof(cert_types[0]) };

/* The public key is the certificate's own strings after the plain type's name. */
static bool cert_key(struct fetch_wire *w, struct fetch_cert *out)
{
	struct fetch_bytes type = fetch_wire_string(w);
	int i = 0;
	while (i < N_CERT_TYPES && !fetch_bytes_are(type, cert_types[i].cert))
		i++;
	if (i == N_CERT_TYPES)
		return false;

	fetch_wire_string(w); /* the nonce */
	const unsigned char *from = w->p;
	for (int n = 0; n < cert_types[i].strings; n++)
		fetch_wire_string(w);
	snprintf(out->type, sizeof(out->type), "%s", cert_types[i].plain);
	fetch_wire_put_string(&out->key, out->type, strlen(out->type));
	df_buf_add(&out->key, from, (size_t)(w->p - from));
	return !w->bad;
}

enum df_status fetch_cert_read(const unsigned char *blob, size_t len, struct fetch_cert *out,
			       struct df_err *err)
{
	struct fetch_wire w = {blob, len, false};
	*out = (struct fetch_cert){0};
	if (!cert_key(&w, out))
		return df_fail(DF_DENIED, err, NULL,
			       "the host certificate cannot be read: it is "
			       "damaged, or of an unknown type");
	out->serial = fetch_wire_u64(&w);
	out->kind = fetch_wire_u32(&w);
	out->id = fetch_wire_string(&w);
	out->principals = fetch_wire_string(&w);
	out->after = fetch_wire_u64(&w);
	out->before = fetch_wire_u64(&w);
	out->options = fetch_wire_string(&w);
	fetch_wire_string(&w); /* extensions, which do not restrict */
	fetch_wire_string(&w); /* reserved */
	out->authority = fetch_wire_string(&w);
	out->covered = (struct fetch_bytes){blob, (size_t)(w.p - blob)};
	out->signature = fetch_wire_string(&w);
	if (w.bad || w.left > 0)
		return df_fail(DF_DENIED, err, NULL, "the host certificate is damaged");
	return DF_OK;
}

void fetch_cert_free(struct fetch_cert *cert)
{
	df_buf_free(&cert->key);
}
