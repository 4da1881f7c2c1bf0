/* SPDX-License-Identifier: MIT */
/*
 * Users come in any order, so that each look-up is a walk through cold memory: the table holds a
 * part of the hashes beside the pointers, an open batch is one piece of memory, and what is
 * compared is together in it.
 */
#include "batch_priv.h"

#include <endian.h>
#include <stdlib.h>

#define FIRST_BUCKETS 256
#define KEY_STEP      64
#define LINE          64 /* bytes that memory comes in */
#define EXPECTED_KEY  256

/* The last bytes, fewer than eight of `len`, as if zeros came after them. */
static uint64_t last_word(const char *p, size_t len)
{
	size_t left = len % 8;
	uint64_t word = 0;
	uint32_t head = 0, tail = 0;
	if (len > 8) { /* with those before them, which are shifted out */
		memcpy(&word, p + len - 8, 8);
		return le64toh(word) >> (64 - 8 * left);
	}
	if (left >= 4) { /* two pieces that overlap */
		memcpy(&head, p, 4);
		memcpy(&tail, p + left - 4, 4);
		return le32toh(head) | (uint64_t)le32toh(tail) << (8 * (left - 4));
	}
	for (size_t i = 0; i < left; i++)
		word |= (uint64_t)(unsigned char)p[i] << (8 * i);
	return word;
}

/* Eight bytes at a time; the multipliers and the end are those of MurmurHash64A and MurmurHash3,
 * which are in the public domain. */
uint64_t batch_hash(const char *p, size_t len)
{
	const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
	uint64_t h = len * m, word = 0;
	for (size_t i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, p + i, 8);
		word = le64toh(word) * m;
		h = (h ^ ((word ^ (word >> 47)) * m)) * m;
	}
	if (len % 8 != 0) {
		word = last_word(p, len) * m;
		h = (h ^ ((word ^ (word >> 47)) * m)) * m;
	}
	h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ (h >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;
	return h != 0 ? h : 1;
}

static void open_free(struct batch_open *o)
{
	df_buf_free(&o->events);
	free(o->rows);
	free(o);
}

static void list_free(struct batch_open *o)
{
	for (struct batch_open *next; o != NULL; o = next) {
		next = o->newer;
		open_free(o);
	}
}

/* ---- buckets ---- */

/* From bits that choose no bucket. */
static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

static struct batch_bucket *bucket_of(const struct batch_table *t, uint64_t hash)
{
	return &t->buckets[hash & (t->n_buckets - 1)];
}

static struct batch_bucket *next_bucket(const struct batch_table *t, struct batch_bucket *b)
{
	return ++b == t->buckets + t->n_buckets ? t->buckets : b;
}

/* The places that have this tag, as bits: without a branch, because none could be predicted. */
static inline unsigned places_with(const struct batch_bucket *b, uint32_t tag)
{
	_Static_assert(BATCH_BUCKET == 4, "a bit for each");
	return (unsigned)(b->tags[0] == tag) | (unsigned)(b->tags[1] == tag) << 1 |
	       (unsigned)(b->tags[2] == tag) << 2 | (unsigned)(b->tags[3] == tag) << 3;
}

static void buckets_new(struct batch_table *t, size_t n)
{
	const size_t line = _Alignof(struct batch_bucket);
	t->n_buckets = n;
	t->memory = df_alloc(n * sizeof(*t->buckets) + line);
	t->buckets = (struct batch_bucket *)(((uintptr_t)t->memory + line - 1) & ~(line - 1));
}

static void table_put(struct batch_table *t, struct batch_open *o)
{
	struct batch_bucket *b = bucket_of(t, o->hash);
	unsigned free_ones = places_with(b, 0);
	for (; free_ones == 0; free_ones = places_with(b, 0)) {
		b->passed++;
		b = next_bucket(t, b);
	}
	int place = __builtin_ctz(free_ones);
	b->tags[place] = tag_of(o->hash);
	b->open[place] = o;
}

static void grow(struct batch_table *t)
{
	free(t->memory);
	buckets_new(t, t->n_buckets * 2);
	for (struct batch_open *o = t->oldest; o != NULL; o = o->newer)
		table_put(t, o);
}

static void clear(struct batch_table *t, const struct batch_open *o)
{
	struct batch_bucket *b = bucket_of(t, o->hash);
	for (;; b = next_bucket(t, b)) {
		unsigned places = places_with(b, tag_of(o->hash));
		for (; places != 0; places &= places - 1) {
			int place = __builtin_ctz(places);
			if (b->open[place] != o)
				continue;
			b->tags[place] = 0;
			return;
		}
		b->passed--;
	}
}

void batch_table_init(struct batch_table *t)
{
	buckets_new(t, FIRST_BUCKETS);
}

void batch_table_free(struct batch_table *t)
{
	list_free(t->oldest);
	list_free(t->spare);
	free(t->memory);
}

/* ---- open batches ---- */

struct batch_open *batch_table_find(const struct batch_table *t, uint64_t hash,
				    const struct map_record *rec)
{
	struct batch_bucket *b = bucket_of(t, hash);
	for (;; b = next_bucket(t, b)) {
		unsigned places = places_with(b, tag_of(hash));
		for (; places != 0; places &= places - 1) {
			struct batch_open *o = b->open[__builtin_ctz(places)];
			if (o->hash == hash && o->ids_len == rec->ids_len &&
			    memcmp(o->key + o->ids_at, rec->ids, rec->ids_len) == 0)
				return o;
		}
		if (b->passed == 0)
			return NULL;
	}
}

static void prefetch(const void *p, size_t len)
{
	for (size_t i = 0; i < len; i += LINE)
		__builtin_prefetch((const char *)p + i);
}

void batch_table_expect(const struct batch_table *t, uint64_t hash, unsigned step)
{
	const struct batch_bucket *b = bucket_of(t, hash);
	if (step == BATCH_STEPS - 1) {
		__builtin_prefetch(b);
		return;
	}
	/* mostly it is in its own bucket */
	unsigned places = places_with(b, tag_of(hash));
	if (places == 0)
		return;
	const struct batch_open *o = b->open[__builtin_ctz(places)];
	if (step > 0) {
		prefetch(o, sizeof(*o) + EXPECTED_KEY);
	} else if (o->events.data != NULL) {
		prefetch(o->events.data + o->events.len, 2 * LINE);
		prefetch(o->rows + o->n_rows, 1);
	}
}

/* One that was used before, if it has room for the key: its other buffers come with it. */
static struct batch_open *table_take(struct batch_table *t, size_t key_len)
{
	struct batch_open *o = t->spare;
	if (o != NULL) {
		t->spare = o->newer;
		if (o->key_cap >= key_len)
			return o;
		open_free(o);
	}
	size_t cap =
	    /* users of a document are much alike: another's key fits, too */
	    (key_len / KEY_STEP + 1) * KEY_STEP;
	o = df_alloc(sizeof(*o) + cap);
	o->key_cap = cap;
	return o;
}

/* Whoever closes the one that was opened some batches before can ask for this one's memory. */
static void note_recent(struct batch_table *t, struct batch_open *o)
{
	struct batch_open **slot = &t->recent[t->added++ % BATCH_AHEAD];
	o->ahead = NULL;
	if (*slot != NULL)
		(*slot)->ahead = o;
	*slot = o;
}

struct batch_open *batch_table_add(struct batch_table *t, uint64_t hash,
				   const struct map_record *rec)
{
	size_t own_len = rec->request_id != NULL ? rec->request_id_len : 0;
	const size_t within = map_record_ids_at(rec);
	struct batch_open *o =
	    table_take(t, rec->batch_len + own_len + (within == SIZE_MAX ? rec->ids_len : 0));
	o->hash = hash;
	o->n_rows = o->events_len = o->weight = 0;
	o->n_events = 0;
	o->historical = false;
	o->latest_ms = 0;
	df_buf_reset(&o->events);
	o->ids_len = (uint32_t)rec->ids_len;
	o->members_len = (uint32_t)rec->batch_len;
	o->tail_len = (uint32_t)rec->batch_tail;
	o->own_id_len = (uint32_t)own_len;
	o->ids_at = (uint32_t)(within != SIZE_MAX ? within : rec->batch_len + own_len);
	if (rec->batch_len > 0)
		memcpy(o->key, rec->batch, rec->batch_len);
	if (own_len > 0)
		memcpy(o->key + rec->batch_len, rec->request_id, own_len);
	if (within == SIZE_MAX)
		memcpy(o->key + o->ids_at, rec->ids, rec->ids_len);
	note_recent(t, o);
	o->newer = NULL;
	o->older = t->newest;
	*(t->newest != NULL ? &t->newest->newer : &t->oldest) = o;
	t->newest = o;
	if (++t->n > t->n_buckets * BATCH_BUCKET / 2)
		grow(t);
	else
		table_put(t, o);
	return o;
}

void batch_table_remove(struct batch_table *t, struct batch_open *o)
{
	clear(t, o);
	*(o->older != NULL ? &o->older->newer : &t->oldest) = o->newer;
	*(o->newer != NULL ? &o->newer->older : &t->newest) = o->older;
	t->n--;
	for (size_t i = 0; i < BATCH_AHEAD; i++)
		if (t->recent[i] == o)
			t->recent[i] = NULL;
	o->newer = t->spare;
	t->spare = o;
}

void batch_table_prefetch(const struct batch_table *t)
{
	const struct batch_open *o = t->oldest;
	if (o == NULL)
		return;
	if (o->ahead != NULL) /* with a key that is about as long as this one's */
		prefetch(&o->ahead->events,
			 sizeof(*o) - offsetof(struct batch_open, events) + o->members_len);
	/* the oldest one's own turn is too soon */
	for (int i = 0; i < 2 && o != NULL; i++)
		o = o->newer;
	if (o == NULL)
		return;
	prefetch(bucket_of(t, o->hash), 1);
	prefetch(o->events.data, o->events.len);
	prefetch(o->rows, 1);
}
