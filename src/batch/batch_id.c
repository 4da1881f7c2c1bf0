/* SPDX-License-Identifier: MIT */
/*
 * Name-based UUIDs (RFC 4122 version 5). Two are made per row, so these go through libcrypto's SHA-1, which is several
 * times as fast as libuuid's; the test holds them against libuuid.
 */
#include "batch_priv.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

/* dropfeed's own namespace, a random UUID made once: all ids of all versions hang on it, so it never changes. */
static const uuid_t batch_id_root = {0x6f, 0x1d, 0x0c, 0x52, 0x8e, 0x3b, 0x4c, 0x97,
				     0xa4, 0x05, 0x2b, 0x71, 0xd9, 0x66, 0x3e, 0xf8};

/* libcrypto fails here only when it is broken or out of memory. */
static void must(bool ok)
{
	if (!ok) {
		fputs("dropfeed: SHA-1 is not available in libcrypto\n", stderr);
		abort();
	}
}

void batch_space_init(struct batch_space *space, const char *feed, const char *sha256, const char *document)
{
	struct df_buf name = {0};
	/* Length-prefixed, so that no two triples make the same name. */
	df_buf_addf(&name, "%zu:%s %s %zu:%s", strlen(feed), feed, sha256, strlen(document), document);
	uuid_generate_sha1(space->root, batch_id_root, name.data, name.len);
	df_buf_free(&name);
	space->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	space->ctx = EVP_MD_CTX_new();
	must(space->sha1 != NULL && space->ctx != NULL);
}

void batch_space_free(struct batch_space *space)
{
	EVP_MD_CTX_free(space->ctx);
	EVP_MD_free(space->sha1);
}

/* The kind and the number in decimal. Returns its length. */
static size_t name_of(char name[24], char kind, uint64_t position)
{
	char digits[20];
	size_t n = 0, len = 0;
	do {
		digits[n++] = (char)('0' + position % 10);
		position /= 10;
	} while (position > 0);
	name[len++] = kind;
	while (n > 0)
		name[len++] = digits[--n];
	return len;
}

static void to_text(char out[BATCH_ID_LEN + 1], const unsigned char *id)
{
	static const char hex[] = "0123456789abcdef";
	for (size_t i = 0; i < sizeof(uuid_t); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = hex[id[i] >> 4];
		*out++ = hex[id[i] & 15];
	}
	*out = '\0';
}

static void make(const struct batch_space *space, const uuid_t root, char kind, uint64_t position,
		 char out[BATCH_ID_LEN + 1])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	char name[sizeof(uuid_t) + 24];
	memcpy(name, root, sizeof(uuid_t));
	size_t len = sizeof(uuid_t) + name_of(name + sizeof(uuid_t), kind, position);
	must(EVP_DigestInit_ex2(space->ctx, space->sha1, NULL) == 1 && EVP_DigestUpdate(space->ctx, name, len) == 1 &&
	     EVP_DigestFinal_ex(space->ctx, sum, NULL) == 1);
	sum[6] = (unsigned char)((sum[6] & 0x0f) | 0x50); /* version 5 */
	sum[8] = (unsigned char)((sum[8] & 0x3f) | 0x80); /* the variant of RFC 4122 */
	to_text(out, sum);
}

void batch_id_make(const struct batch_space *space, char kind, uint64_t position, char out[BATCH_ID_LEN + 1])
{
	make(space, space->root, kind, position, out);
}

void batch_id_derive(const struct batch_space *space, const char *own, size_t len, uint64_t position,
		     char out[BATCH_ID_LEN + 1])
{
	uuid_t mine;
	uuid_generate_sha1(mine, space->root, own, len);
	make(space, mine, 'b', position, out);
}
