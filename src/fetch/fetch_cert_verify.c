/* SPDX-License-Identifier: MIT */
/* Signatures of SSH, by libcrypto. It takes keys and signatures as DER, which is the only form
 * that OpenSSL 1.1.1 and 3 both read without functions that one of them lacks or deprecates. */
#include "fetch_cert.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

enum { DER_INTEGER = 0x02, DER_BITS = 0x03, DER_SEQUENCE = 0x30, DER_MAX = 1 << 15, ED25519 = 32 };

/* AlgorithmIdentifiers: RFC 3279 §2.3.1, RFC 5480 §2.1.1. */
static const unsigned char alg_rsa[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
					0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
static const unsigned char alg_p256[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
					 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
					 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const unsigned char alg_p384[] = {0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
					 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
static const unsigned char alg_p521[] = {0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
					 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23};

/* A key type, a signature algorithm for it, and its hash. */
static const struct verify_method {
	const char *key, *signature;
	const unsigned char *algorithm;
	size_t algorithm_len;
	const EVP_MD *(*hash)(void);
} methods[] = {
    {"ssh-ed25519", "ssh-ed25519", NULL, 0, NULL},
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", alg_p256, sizeof(alg_p256), EVP_sha256},
    {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", alg_p384, sizeof(alg_p384), EVP_sha384},
    {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521", alg_p521, sizeof(alg_p521), EVP_sha512},
    {"ssh-rsa", "rsa-sha2-256", alg_rsa, sizeof(alg_rsa), EVP_sha256},
    {"ssh-rsa", "rsa-sha2-512", alg_rsa, sizeof(alg_rsa), EVP_sha512},
};
enum { N_METHODS = sizeof(methods) / sizeof(methods[0]) };

/* ---- DER ---- */

static void der_put(struct df_buf *out, unsigned char tag, const void *p, size_t len)
{
	df_buf_addc(out, (char)tag);
	if (len < 0x80)
		df_buf_addc(out, (char)len);
	else if (len < 0x100)
		df_buf_add(out, (unsigned char[]){0x81, (unsigned char)len}, 2);
	else
		df_buf_add(
		    out, (unsigned char[]){0x82, (unsigned char)(len >> 8), (unsigned char)len}, 3);
	df_buf_add(out, p, len);
}

/* A sequence of two numbers. What SSH calls an mpint holds the very bytes of a DER integer. */
static bool der_pair(struct df_buf *out, struct fetch_bytes a, struct fetch_bytes b)
{
	struct df_buf both = {.max = DER_MAX};
	if (a.len == 0 || b.len == 0 || a.len + b.len > DER_MAX / 2)
		return false;
	der_put(&both, DER_INTEGER, a.p, a.len);
	der_put(&both, DER_INTEGER, b.p, b.len);
	der_put(out, DER_SEQUENCE, both.data, both.len);
	df_buf_free(&both);
	return true;
}

/* A SubjectPublicKeyInfo (RFC 5280 §4.1): the algorithm, and the key as a string of bits. */
static EVP_PKEY *der_key(const struct verify_method *m, struct fetch_bytes key)
{
	struct df_buf bits = {.max = DER_MAX}, inner = {.max = 2 * DER_MAX},
		      outer = {.max = 2 * DER_MAX};
	df_buf_addc(&bits, 0); /* none unused in the last byte */
	df_buf_add(&bits, key.p, key.len);
	df_buf_add(&inner, m->algorithm, m->algorithm_len);
	der_put(&inner, DER_BITS, bits.data, bits.len);
	der_put(&outer, DER_SEQUENCE, inner.data, inner.len);
	const unsigned char *p = (const unsigned char *)outer.data;
	EVP_PKEY *out = bits.over ? NULL : d2i_PUBKEY(NULL, &p, (long)outer.len);
	df_buf_free(&bits);
	df_buf_free(&inner);
	df_buf_free(&outer);
	return out;
}

/* ---- keys and signatures ---- */

/* The strings after the key's type: n and e are numbers; a curve's name and a point; 32 bytes. */
static EVP_PKEY *verify_key(const struct verify_method *m, struct fetch_wire *w)
{
	struct fetch_bytes first = fetch_wire_string(w);
	if (m->hash == NULL)
		return !w->bad && w->left == 0 && first.len == ED25519
			   ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, first.p, first.len)
			   : NULL;
	struct fetch_bytes second = fetch_wire_string(w);
	if (w->bad || w->left > 0)
		return NULL;
	if (m->algorithm != alg_rsa)
		return fetch_bytes_are(first, m->key + strlen("ecdsa-sha2-")) ? der_key(m, second)
									      : NULL;
	struct df_buf pair = {.max = DER_MAX};
	EVP_PKEY *out = NULL;
	if (der_pair(&pair, second, first)) /* SSH has e first, RFC 8017 §A.1.1 has n */
		out = der_key(m, (struct fetch_bytes){(const unsigned char *)pair.data, pair.len});
	df_buf_free(&pair);
	return out;
}

/* ECDSA's two numbers are a string of two mpints (RFC 5656 §3.1.2); the others are as libcrypto
 * takes them. */
static bool verify_value(const struct verify_method *m, struct fetch_bytes value,
			 struct df_buf *out)
{
	struct fetch_wire w = {value.p, value.len, false};
	if (m->hash == NULL || m->algorithm == alg_rsa) {
		df_buf_add(out, value.p, value.len);
		return !out->over;
	}
	struct fetch_bytes r = fetch_wire_string(&w), s = fetch_wire_string(&w);
	return !w.bad && w.left == 0 && der_pair(out, r, s);
}

static bool verify_by(const struct verify_method *m, const struct fetch_cert *cert,
		      struct fetch_wire *key, struct fetch_bytes value)
{
	struct df_buf signature = {.max = DER_MAX};
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY *pkey = verify_key(m, key);
	bool good =
	    ctx != NULL && pkey != NULL && verify_value(m, value, &signature) &&
	    EVP_DigestVerifyInit(ctx, NULL, m->hash != NULL ? m->hash() : NULL, NULL, pkey) == 1 &&
	    EVP_DigestVerify(ctx, (const unsigned char *)signature.data, signature.len,
			     cert->covered.p, cert->covered.len) == 1;
	EVP_PKEY_free(pkey);
	EVP_MD_CTX_free(ctx);
	df_buf_free(&signature);
	return good;
}

enum df_status fetch_cert_verify(const struct fetch_cert *cert, struct df_err *err)
{
	struct fetch_wire key = {cert->authority.p, cert->authority.len, false};
	struct fetch_wire sig = {cert->signature.p, cert->signature.len, false};
	struct fetch_bytes type = fetch_wire_string(&key), how = fetch_wire_string(&sig),
			   value = fetch_wire_string(&sig);
	const struct verify_method *m = NULL;
	for (int i = 0; i < N_METHODS && m == NULL; i++) {
		if (fetch_bytes_are(type, methods[i].key) &&
		    fetch_bytes_are(how, methods[i].signature))
			m = &methods[i];
	}
	if (fetch_bytes_are(type, "ssh-rsa") && fetch_bytes_are(how, "ssh-rsa"))
		return df_fail(DF_DENIED, err, NULL,
			       "it is signed with SHA-1, which can be forged: have it signed anew "
			       "with ssh-keygen -t rsa-sha2-512");
	if (m == NULL)
		return df_fail(DF_DENIED, err, NULL,
			       "its signature is of a kind that dropfeed does not know: have it "
			       "signed by an Ed25519, ECDSA or RSA key");
	if (sig.bad || sig.left > 0 || !verify_by(m, cert, &key, value))
		return df_fail(DF_DENIED, err, NULL,
			       "its signature does not verify: it is damaged or forged");
	return DF_OK;
}
