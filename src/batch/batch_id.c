/* SPDX-License-Identifier: MIT */
/*
 * Name-based UUIDs (RFC 4122 version 5). Two are made per row, so these go through a SHA-1 of our
 * own, which hashes several at a time; the test holds them against libuuid.
 */
#include "batch_priv.h"

#include <endian.h>
#include <xxhash.h>

static void xxh_library(const char *p, size_t len, unsigned char out[BATCH_XXH_LEN])
{
	XXH128_canonical_t hash; /* the same bytes on every machine */
	XXH128_canonicalFromHash(&hash, XXH3_128bits(p, len));
	memcpy(out, hash.digest, BATCH_XXH_LEN);
}

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
	space->xxh = batch_xxh_avx2();
	if (space->xxh == NULL)
		space->xxh = xxh_library;
	df_buf_free(&name);
}

/* The kind and the number in decimal. */
static void name_anew(struct batch_id_lanes *l, char kind, uint64_t number)
{
	unsigned char digits[2 * BATCH_NAME_ROOM] = {0};
	size_t at = BATCH_NAME_ROOM;
	do {
		digits[--at] = (unsigned char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	digits[--at] = (unsigned char)kind;
	memcpy(l->name, digits + at, BATCH_NAME_ROOM);
	l->name_len = BATCH_NAME_ROOM - at;
}

/* The next number's name, where that has as many digits. */
static bool name_next(struct batch_id_lanes *l)
{
	size_t last = l->name_len - 1, at = last;
	while (at > 0 && l->name[at] == '9')
		at--;
	if (at == 0)
		return false;
	l->name[at]++;
	memset(l->name + at + 1, '0', last - at);
	return true;
}

static void name_set(struct batch_id_lanes *l, char kind, uint64_t number)
{
	bool follows = l->name_len > 0 && number > 0 && number - 1 == l->number;
	if (!follows || !name_next(l))
		name_anew(l, kind, number);
	l->number = number;
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

#define WORD       sizeof(uint32_t)
#define ROOT_WORDS (sizeof(uuid_t) / WORD)
#define LAST_WORD  (BATCH_SHA1_WORDS - 1)
/* of words after the root: a name with a hash, and the one bit after them */
#define TEXT_WORDS ((BATCH_NAME_ROOM + BATCH_XXH_LEN) / WORD)
_Static_assert(ROOT_WORDS + TEXT_WORDS < LAST_WORD, "a name is one block of SHA-1");

static void put_words(struct batch_sha1 *sha, size_t lane, size_t from, const unsigned char *bytes,
		      size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t word;
		memcpy(&word, bytes + i * WORD, WORD);
		sha->words[from + i][lane] = be32toh(word);
	}
}

/* What is hashed ends with a one bit and the number of its bits; len: of its bytes. */
static void put_end(struct batch_sha1 *sha, size_t lane, unsigned char *text, size_t len)
{
	text[len] = 0x80;
	sha->words[LAST_WORD][lane] = (uint32_t)(sizeof(uuid_t) + len) * 8;
}

static void end(const struct batch_sha1 *sha, size_t lane, char out[BATCH_ID_LEN])
{
	const uint32_t id[4] = {sha->hash[0][lane],
				(sha->hash[1][lane] & 0xffff0fff) | 0x5000, /* version 5 */
				/* the variant of RFC 4122 */
				(sha->hash[2][lane] & 0x3fffffff) | 0x80000000, sha->hash[3][lane]};
	to_text(out, id);
}

/* The words that ids of a kind have in common. */
static void lanes_begin(struct batch_id_lanes *l, const uuid_t root)
{
	l->n = l->name_len = 0;
	for (size_t lane = 0; lane < BATCH_SHA1_LANES; lane++)
		put_words(&l->sha, lane, 0, root, ROOT_WORDS);
	memset(l->sha.words[ROOT_WORDS], 0, (LAST_WORD - ROOT_WORDS) * sizeof(l->sha.words[0]));
}

static void lanes_end(struct batch_id_lanes *l, const struct batch_space *space)
{
	if (l->n == 0)
		return;
	space->sha1(&l->sha);
	for (size_t i = 0; i < l->n; i++)
		end(&l->sha, i, l->out[i]);
	l->n = 0;
}

/* A free lane, for the id that is to be written there. */
static size_t lanes_next(struct batch_id_lanes *l, const struct batch_space *space, char *out)
{
	if (l->n == BATCH_SHA1_LANES)
		lanes_end(l, space);
	l->out[l->n] = out;
	return l->n++;
}

void batch_id_begin(struct batch_id_maker *m, const struct batch_space *space)
{
	m->space = space;
	lanes_begin(&m->rows, space->root);
	lanes_begin(&m->batches, space->root);
}

void batch_id_end(struct batch_id_maker *m)
{
	lanes_end(&m->rows, m->space);
	lanes_end(&m->batches, m->space);
}

void batch_id_row(struct batch_id_maker *m, uint64_t number, char out[BATCH_ID_LEN])
{
	struct batch_id_lanes *l = &m->rows;
	unsigned char text[BATCH_NAME_ROOM];
	size_t lane = lanes_next(l, m->space, out);
	name_set(l, 'r', number);
	memcpy(text, l->name, sizeof(text));
	put_end(&l->sha, lane, text, l->name_len);
	put_words(&l->sha, lane, ROOT_WORDS, text, sizeof(text) / WORD);
}

void batch_id_batch(struct batch_id_maker *m, const struct batch_content *c, char out[BATCH_ID_LEN])
{
	struct batch_id_lanes *l = &m->batches;
	unsigned char text[BATCH_NAME_ROOM + BATCH_XXH_LEN] = {0};
	uuid_t root;
	size_t lane = lanes_next(l, m->space, out), len;
	if (c->own != NULL)
		uuid_generate_sha1(root, m->space->root, c->own, c->own_len);
	put_words(&l->sha, lane, 0, c->own != NULL ? root : m->space->root, ROOT_WORDS);

	name_set(l, 'b', c->position);
	memcpy(text, l->name, BATCH_NAME_ROOM);
	len = l->name_len;
	if (c->body != NULL) {
		m->space->xxh(c->body, c->body_len, text + len);
		len += BATCH_XXH_LEN;
	}
	put_end(&l->sha, lane, text, len);
	put_words(&l->sha, lane, ROOT_WORDS, text, TEXT_WORDS);
}
