/* SPDX-License-Identifier: MIT */
/*
 * Name-based UUIDs (RFC 4122 version 5). Two are made per row, so these go through libcrypto's
 * SHA-1, which is several times as fast as libuuid's; the test holds them against libuuid. Names
 * are short: they are one block of SHA-1, which goes to the block function itself, because EVP
 * takes five times as long. OpenSSL 3 calls that function deprecated.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "batch_priv.h"

#include <endian.h>
#include <openssl/sha.h>
#include <xxhash.h>

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* dropfeed's own namespace, a random UUID made once: all ids of all versions hang on it, so it
 * never changes. */
static const uuid_t batch_id_root = {0x6f, 0x1d, 0x0c, 0x52, 0x8e, 0x3b, 0x4c, 0x97,
				     0xa4, 0x05, 0x2b, 0x71, 0xd9, 0x66, 0x3e, 0xf8};

void batch_space_init(struct batch_space *space, const char *feed, const char *sha256,
		      const char *document)
{
	struct df_buf name = {0};
	/* Length-prefixed, so that no two triples make the same name. */
	df_buf_addf(&name, "%zu:%s %s %zu:%s", strlen(feed), feed, sha256, strlen(document),
		    document);
	uuid_generate_sha1(space->root, batch_id_root, name.data, name.len);
	df_buf_free(&name);
}

#define NAME_ROOM 21u /* a letter and 20 digits */

/* The kind and the number in decimal. Returns its length. */
static size_t name_of(char name[NAME_ROOM], char kind, uint64_t position)
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

/* Eight hexadecimal digits: each half byte is moved to a byte of its own. */
static void to_hex(char out[8], uint32_t word)
{
	uint64_t v = ((uint64_t)word & 0xffff) << 32 | word >> 16;
	v = (v & UINT64_C(0x000000ff000000ff)) << 16 | (v & UINT64_C(0x0000ff000000ff00)) >> 8;
	v = (v & UINT64_C(0x000f000f000f000f)) << 8 | (v & UINT64_C(0x00f000f000f000f0)) >> 4;
	uint64_t letters = (v + EACH(6)) >> 4 & EACH(1); /* 1 for those over nine */
	v = htole64(v + EACH('0') + letters * ('a' - '9' - 1));
	memcpy(out, &v, sizeof(v));
}

static void to_text(char out[BATCH_ID_LEN], const uint32_t id[4])
{
	static const size_t dashes[] = {8, 13, 18, 23};
	char digits[32];
	for (size_t i = 0; i < 4; i++)
		to_hex(digits + 8 * i, id[i]);
	memcpy(out, digits, 8);
	memcpy(out + 9, digits + 8, 4);
	memcpy(out + 14, digits + 12, 4);
	memcpy(out + 19, digits + 16, 4);
	memcpy(out + 24, digits + 20, 12);
	for (size_t i = 0; i < 4; i++)
		out[dashes[i]] = '-';
}

#define HASH_LEN 16u
/* beside root, the one bit and the length */
#define NAME_MAX_LEN (SHA_CBLOCK - sizeof(uuid_t) - 1 - sizeof(uint64_t))
_Static_assert(NAME_ROOM + HASH_LEN <= NAME_MAX_LEN, "a name is one block of SHA-1");

/* hash: HASH_LEN bytes after the number, or NULL. */
static void make(const uuid_t root, char kind, uint64_t number, const unsigned char *hash,
		 char out[BATCH_ID_LEN])
{
	/* the name, a one bit, and at the end the name's length in bits */
	unsigned char block[SHA_CBLOCK] = {0};
	SHA_CTX sha;
	memcpy(block, root, sizeof(uuid_t));
	size_t len = sizeof(uuid_t) + name_of((char *)block + sizeof(uuid_t), kind, number);
	if (hash != NULL) {
		memcpy(block + len, hash, HASH_LEN);
		len += HASH_LEN;
	}
	block[len] = 0x80;
	uint16_t bits = htobe16((uint16_t)(len * 8));
	memcpy(block + sizeof(block) - sizeof(bits), &bits, sizeof(bits));

	(void)SHA1_Init(&sha); /* cannot fail */
	SHA1_Transform(&sha, block);
	const uint32_t id[4] = {sha.h0, (sha.h1 & 0xffff0fff) | 0x5000, /* version 5 */
				/* the variant of RFC 4122 */
				(sha.h2 & 0x3fffffff) | 0x80000000, sha.h3};
	to_text(out, id);
}

void batch_id_row(const struct batch_space *space, uint64_t number, char out[BATCH_ID_LEN])
{
	make(space->root, 'r', number, NULL, out);
}

void batch_id_batch(const struct batch_space *space, const struct batch_content *c,
		    char out[BATCH_ID_LEN])
{
	uuid_t root;
	XXH128_canonical_t hash; /* the same bytes on every machine */
	memcpy(root, space->root, sizeof(root));
	if (c->own != NULL)
		uuid_generate_sha1(root, space->root, c->own, c->own_len);
	if (c->body != NULL)
		XXH128_canonicalFromHash(&hash, XXH3_128bits(c->body, c->body_len));
	make(root, 'b', c->position, c->body != NULL ? hash.digest : NULL, out);
}
