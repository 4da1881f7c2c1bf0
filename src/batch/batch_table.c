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
#define LINE          64 /* bytes that memory comes in */
#define EXPECTED_KEY  256
/* of a user whose rows are expected to be as many as those of the one before */
#define MOST_EXPECTED 4096
#define MOST_ROWS     16
#define ROOM_ALIGN    _Alignof(struct batch_row)

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

static size_t before_open(const struct batch_table *t)
{
	return t->counts ? 0 : sizeof(struct batch_made);
}

static struct batch_open *open_new(struct batch_table *t, size_t key_cap)
{
	const size_t head = before_open(t) + sizeof(struct batch_open);
	const size_t room = batch_memory_room(head + key_cap);
	char *memory = batch_memory_take(&t->memory, room);
	struct batch_open *o = (struct batch_open *)(void *)(memory + before_open(t));
	*o = (struct batch_open){.key_cap = room - head};
	if (!t->counts)
		*batch_made(o) = (struct batch_made){0};
	return o;
}

void batch_table_give(struct batch_table *t, struct batch_open *o)
{
	struct batch_made *made = batch_made(o);
	if (!t->counts && !made->events_in_room)
		batch_memory_give(&t->memory, made->events.data, made->events.cap);
	if (!t->counts && !made->rows_in_room)
		batch_memory_give(&t->memory, made->rows, made->cap_rows * sizeof(*made->rows));
	batch_memory_give(&t->memory, (char *)o - before_open(t),
			  before_open(t) + sizeof(*o) + o->key_cap);
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
	const size_t size = n * sizeof(*t->buckets);
	t->n_buckets = n;
	t->buckets = df_large_alloc(size, _Alignof(struct batch_bucket));
	memset(t->buckets, 0, size);
}

static void buckets_free(struct batch_table *t)
{
	df_large_free(t->buckets, t->n_buckets * sizeof(*t->buckets));
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
	buckets_free(t);
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

void batch_table_init(struct batch_table *t, bool counts)
{
	t->counts = counts;
	buckets_new(t, FIRST_BUCKETS);
}

void batch_table_free(struct batch_table *t)
{
	for (struct batch_open *o = t->oldest, *next; o != NULL; o = next) {
		next = o->newer;
		batch_table_give(t, o);
	}
	batch_memory_free(&t->memory);
	buckets_free(t);
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
	struct batch_open *o = b->open[__builtin_ctz(places)];
	const struct batch_made *made = batch_made(o);
	if (step > 0) {
		prefetch(t->counts ? (const void *)o : made, sizeof(*o) + EXPECTED_KEY);
	} else if (!t->counts && made->events.data != NULL) {
		prefetch(made->events.data + made->events.len, 2 * LINE);
		prefetch(made->rows + o->n_rows, 1);
	}
}

/* ---- rows and events ---- */

/* Most users of many a document have one event while their batch is open: it is put after the key,
 * where closing finds it. Where the user before has more, this one probably has, too. */
static size_t room_for(const struct batch_table *t, size_t event_len)
{
	if (t->counts || (t->newest != NULL && t->newest->n_rows > 1))
		return 0;
	return ROOM_ALIGN + sizeof(struct batch_row) + event_len + 1; /* a comma */
}

/* What is in the room after the key stays there, and is copied. */
static void *resize(struct batch_table *t, void *p, bool in_room, size_t from, size_t to,
		    size_t len)
{
	if (!in_room)
		return batch_memory_resize(&t->memory, p, from, to, len);
	void *own = batch_memory_take(&t->memory, to);
	memcpy(own, p, len);
	return own;
}

/* Exactly so many, or what the memory has room for anyway. */
static void set_events(struct batch_table *t, struct batch_made *made, size_t cap)
{
	struct batch_events *e = &made->events;
	cap = batch_memory_room(cap);
	e->data = resize(t, e->data, made->events_in_room, e->cap, cap, e->len);
	e->cap = cap;
	made->events_in_room = false;
}

static void set_rows(struct batch_table *t, struct batch_made *made, size_t cap)
{
	const size_t before = made->cap_rows * sizeof(*made->rows);
	const size_t room = batch_memory_room(cap * sizeof(*made->rows));
	made->rows = resize(t, made->rows, made->rows_in_room, before, room, before);
	made->cap_rows = room / sizeof(*made->rows);
	made->rows_in_room = false;
}

/* As much as the user before has taken by now, who may be done: where users come one after the
 * other, nothing has to be moved as it grows. */
static void expect_as_before(struct batch_table *t, struct batch_made *made)
{
	const struct batch_open *before = t->newest;
	if (before == NULL || before->n_rows < 2)
		return;
	const size_t len = before->events_len + before->events_len / 16;
	set_events(t, made, len < MOST_EXPECTED ? len : MOST_EXPECTED);
	set_rows(t, made, before->n_rows < MOST_ROWS ? before->n_rows : MOST_ROWS);
}

/* room: after the key, which has so many bytes. */
static void made_begin(struct batch_table *t, struct batch_open *o, size_t key_len, size_t room)
{
	struct batch_made *made = batch_made(o);
	const uintptr_t after = (uintptr_t)o->key + key_len;
	char *at = o->key + key_len + (-after & (ROOM_ALIGN - 1));
	if (room == 0) {
		expect_as_before(t, made);
		return;
	}
	made->rows = (struct batch_row *)(void *)at;
	made->cap_rows = 1;
	made->rows_in_room = true;
	at += sizeof(struct batch_row);
	made->events.data = at;
	made->events.cap = (size_t)(o->key + o->key_cap - at);
	made->events_in_room = true;
}

/* Many have one event, and few have many: room for more would be most of what is held. */
void batch_table_grow_rows(struct batch_table *t, struct batch_made *made)
{
	set_rows(t, made, made->cap_rows + (made->cap_rows > 1 ? made->cap_rows / 2 : 1));
}

void batch_table_grow_events(struct batch_table *t, struct batch_made *made, size_t more)
{
	const struct batch_events *e = &made->events;
	const size_t need = e->len + more;
	if (need <= e->cap)
		return;
	const size_t some = e->cap < 1024 ? 2 * e->cap : e->cap + e->cap / 2;
	set_events(t, made, e->len == 0 || need > some ? need : some);
}

/* ---- opening and closing ---- */

/* Whoever closes the one that was opened some batches before can ask for this one's memory. */
static void note_recent(struct batch_table *t, struct batch_open *o)
{
	struct batch_open **slot = &t->recent[t->added++ % BATCH_AHEAD];
	if (*slot != NULL)
		(*slot)->ahead = o;
	*slot = o;
}

struct batch_open *batch_table_add(struct batch_table *t, uint64_t hash,
				   const struct map_record *rec, size_t event_len)
{
	const size_t own_len = rec->request_id != NULL ? rec->request_id_len : 0;
	const size_t within = map_record_ids_at(rec);
	const size_t key_len = rec->batch_len + own_len + (within == SIZE_MAX ? rec->ids_len : 0);
	const size_t room = room_for(t, event_len);
	struct batch_open *o = open_new(t, key_len + room);
	if (!t->counts)
		made_begin(t, o, key_len, room);
	o->hash = hash;
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
}

void batch_table_prefetch(const struct batch_table *t)
{
	struct batch_open *o = t->oldest;
	if (o == NULL)
		return;
	if (o->ahead != NULL) /* with a key that is about as long as this one's */
		prefetch(t->counts ? (const char *)o->ahead
				   : (const char *)o->ahead - sizeof(struct batch_made),
			 sizeof(*o) + o->members_len + (t->counts ? 0 : sizeof(struct batch_made)));
	/* the oldest one's own turn is too soon */
	for (int i = 0; i < 2 && o != NULL; i++)
		o = o->newer;
	if (o == NULL)
		return;
	prefetch(bucket_of(t, o->hash), 1);
	if (t->counts)
		return;
	prefetch(batch_made(o)->events.data, batch_made(o)->events.len);
	prefetch(batch_made(o)->rows, 1);
}
