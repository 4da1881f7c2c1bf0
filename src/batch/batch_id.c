/* SPDX-License-Identifier: MIT */
/*
 * Name-based UUIDs (RFC 4122 version 5). Two are made per row, so these go through a SHA-1 of our
 * own, which hashes several at a time; the test holds them against libuuid.
 */
#include "batch_priv.h"

#include <endian.h>
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
	space->sha1 = batch_sha1_best();
	df_buf_free(&name);
}

#define NAME_ROOM 21u /* a letter and 20 digits */

/* The kind and the number in decimal. Returns its length. Bytes after it, up to NAME_ROOM, are set
 * to zero. */
static size_t name_of(unsigned char *name, char kind, uint64_t position)
{
	unsigned char digits[2 * NAME_ROOM] = {0};
	size_t at = NAME_ROOM;
	for (; position >= 100; position /= 100) {
		unsigned two = (unsigned)(position % 100);
		digits[--at] = (unsigned char)('0' + two % 10);
		digits[--at] = (unsigned char)('0' + two / 10);
	}
	if (position >= 10)
		digits[--at] = (unsigned char)('0' + position % 10);
	digits[--at] = (unsigned char)('0' + (position >= 10 ? position / 10 : position));
	digits[--at] = (unsigned char)kind;
	memcpy(name, digits + at, NAME_ROOM);
	return NAME_ROOM - at;
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

#define HASH_LEN  16u
#define BLOCK_LEN (BATCH_SHA1_WORDS * sizeof(uint32_t))
/* beside root, the one bit and the length */
#define NAME_MAX_LEN (BLOCK_LEN - sizeof(uuid_t) - 1 - sizeof(uint64_t))
_Static_assert(NAME_ROOM + HASH_LEN <= NAME_MAX_LEN, "a name is one block of SHA-1");

/* hash: HASH_LEN bytes after the number, or NULL. */
static void begin(struct batch_sha1 *sha, size_t lane, const uuid_t root, char kind,
		  uint64_t number, const unsigned char *hash)
{
	/* the name, a one bit, and at the end the name's length in bits */
	unsigned char block[BLOCK_LEN] = {0};
	memcpy(block, root, sizeof(uuid_t));
	size_t len = sizeof(uuid_t) + name_of(block + sizeof(uuid_t), kind, number);
	if (hash != NULL) {
		memcpy(block + len, hash, HASH_LEN);
		len += HASH_LEN;
	}
	block[len] = 0x80;
	uint16_t bits = htobe16((uint16_t)(len * 8));
	memcpy(block + sizeof(block) - sizeof(bits), &bits, sizeof(bits));

	for (size_t i = 0; i < BATCH_SHA1_WORDS; i++) {
		uint32_t word;
		memcpy(&word, block + i * sizeof(word), sizeof(word));
		sha->words[i][lane] = be32toh(word);
	}
}

static void end(const struct batch_sha1 *sha, size_t lane, char out[BATCH_ID_LEN])
{
	const uint32_t id[4] = {sha->hash[0][lane],
				(sha->hash[1][lane] & 0xffff0fff) | 0x5000, /* version 5 */
				/* the variant of RFC 4122 */
				(sha->hash[2][lane] & 0x3fffffff) | 0x80000000, sha->hash[3][lane]};
	to_text(out, id);
}

void batch_id_begin(struct batch_id_maker *m, const struct batch_space *space)
{
	m->space = space;
	m->n = 0;
}

void batch_id_end(struct batch_id_maker *m)
{
	if (m->n == 0)
		return;
	m->space->sha1(&m->sha);
	for (size_t i = 0; i < m->n; i++)
		end(&m->sha, i, m->out[i]);
	m->n = 0;
}

/* A free lane, for the id that is to be written there. */
static size_t next(struct batch_id_maker *m, char *out)
{
	if (m->n == BATCH_SHA1_LANES)
		batch_id_end(m);
	m->out[m->n] = out;
	return m->n++;
}

void batch_id_row(struct batch_id_maker *m, uint64_t number, char out[BATCH_ID_LEN])
{
	begin(&m->sha, next(m, out), m->space->root, 'r', number, NULL);
}

void batch_id_batch(struct batch_id_maker *m, const struct batch_content *c, char out[BATCH_ID_LEN])
{
	uuid_t root;
	XXH128_canonical_t hash; /* the same bytes on every machine */
	memcpy(root, m->space->root, sizeof(root));
	if (c->own != NULL)
		uuid_generate_sha1(root, m->space->root, c->own, c->own_len);
	if (c->body != NULL)
		XXH128_canonicalFromHash(&hash, XXH3_128bits(c->body, c->body_len));
	begin(&m->sha, next(m, out), root, 'b', c->position, c->body != NULL ? hash.digest : NULL);
}
