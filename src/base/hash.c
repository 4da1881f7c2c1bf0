/* SPDX-License-Identifier: MIT */
#include "dropfeed/base.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct df_sha256 {
	EVP_MD_CTX *ctx; /* own */
};

/* libcrypto fails here only when it is broken or out of memory. */
static void sha256_must(bool ok)
{
	if (!ok) {
		fputs("dropfeed: SHA-256 is not available in libcrypto\n", stderr);
		abort();
	}
}

static void hex_of(const unsigned char *sum, unsigned int n, char *hex)
{
	static const char digits[] = "0123456789abcdef";
	for (unsigned int i = 0; i < n; i++) {
		*hex++ = digits[sum[i] >> 4];
		*hex++ = digits[sum[i] & 15];
	}
	*hex = '\0';
}

struct df_sha256 *df_sha256_new(void)
{
	struct df_sha256 *h = df_alloc(sizeof(*h));
	h->ctx = EVP_MD_CTX_new();
	sha256_must(h->ctx != NULL && EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) == 1);
	return h;
}

void df_sha256_add(struct df_sha256 *h, const void *p, size_t len)
{
	sha256_must(EVP_DigestUpdate(h->ctx, p, len) == 1);
}

void df_sha256_end(struct df_sha256 *h, char hex[DF_SHA256_HEX])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	sha256_must(EVP_DigestFinal_ex(h->ctx, sum, &n) == 1 && n == 32);
	hex_of(sum, n, hex);
}

void df_sha256_free(struct df_sha256 *h)
{
	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

/* A thread's own: the digest is looked up once, and not for each cell that is hashed. */
struct digests {
	EVP_MD_CTX *ctx[DF_MD5 + 1]; /* own, or NULL: not used yet */
};

static pthread_key_t digests_key;

static void digests_free(void *p)
{
	struct digests *d = p;
	for (int i = 0; i <= DF_MD5; i++)
		EVP_MD_CTX_free(d->ctx[i]);
	free(d);
}

static void digests_make_key(void)
{
	if (pthread_key_create(&digests_key, digests_free) != 0)
		abort();
}

/* Ready to hash; NULL: libcrypto does not have this one. */
static EVP_MD_CTX *digest_begin(enum df_digest kind)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, digests_make_key);
	struct digests *d = pthread_getspecific(digests_key);
	if (d == NULL) {
		d = df_alloc(sizeof(*d));
		if (pthread_setspecific(digests_key, d) != 0)
			abort();
	}

	EVP_MD_CTX **ctx = &d->ctx[kind];
	if (*ctx != NULL) /* without a digest the one before is used, which is not looked up */
		return EVP_DigestInit_ex(*ctx, NULL, NULL) == 1 ? *ctx : NULL;
	const EVP_MD *md = kind == DF_SHA256 ? EVP_sha256()
			   : kind == DF_SHA1 ? EVP_sha1()
					     : EVP_md5();
	*ctx = EVP_MD_CTX_new();
	if (*ctx != NULL && EVP_DigestInit_ex(*ctx, md, NULL) == 1)
		return *ctx;
	EVP_MD_CTX_free(*ctx);
	*ctx = NULL;
	return NULL;
}

bool df_digest_hex(enum df_digest kind, const void *p, size_t len, char hex[DF_DIGEST_HEX])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	EVP_MD_CTX *ctx = digest_begin(kind);
	if (ctx == NULL || EVP_DigestUpdate(ctx, p, len) != 1 ||
	    EVP_DigestFinal_ex(ctx, sum, &n) != 1 || 2 * n >= DF_DIGEST_HEX)
		return false;
	hex_of(sum, n, hex);
	return true;
}
