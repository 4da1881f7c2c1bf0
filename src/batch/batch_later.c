/* SPDX-License-Identifier: MIT */
#include "batch_later.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define PART_BITS 6u /* of the hash, which decide about a record's part */
#define PARTS     (1u << PART_BITS)
#define DEPTH_MAX (64 / PART_BITS)
#define BLOCK     32768u /* of the file; a part is a chain of them */

/* A record as it is held: this, then its texts in this order. */
struct head {
	uint64_t hash;
	struct batch_row where;
	uint32_t ids_len, batch_len, batch_tail, data_len, request_len, message_len;
	bool no_event, has_request, has_message;
};

static size_t texts_len(const struct head *h)
{
	return (size_t)h->ids_len + h->batch_len + h->data_len + h->request_len + h->message_len;
}

/* About what the maker holds of the record, if its user has no other. */
static uint64_t head_weight(const struct head *h)
{
	return 640 + texts_len(h) + h->data_len / 2;
}

struct part {
	struct df_buf block;  /* own: the one that is being filled */
	int64_t first, place; /* first: -1: there is none yet; place: of the one being filled */
	uint64_t weight;
};

/* What a block begins with. */
struct chain {
	int64_t next; /* place of the block after it; only where this one is full */
	uint64_t len;
};

struct level {
	int fd;
	int64_t end; /* of the file */
	struct part parts[PARTS];
};

struct batch_later {
	const char *scratch;
	uint64_t room, weight; /* weight: of what is held in memory */
	struct df_buf held;    /* own */
	struct level *top;     /* own; NULL: all is held */
};

static enum df_status file_failed(struct df_err *err)
{
	return df_fail(df_disk_status(errno, DF_RETRY), err, NULL,
		       "cannot keep rows that wait for others of their users in an unnamed file: "
		       "%s",
		       df_strerror(errno));
}

struct batch_later *batch_later_new(const char *scratch, uint64_t room)
{
	struct batch_later *l = df_alloc(sizeof(*l));
	l->scratch = scratch;
	l->room = room;
	l->held.max = SIZE_MAX / 2;
	return l;
}

static void level_free(struct level *level)
{
	if (level == NULL)
		return;
	for (unsigned i = 0; i < PARTS; i++)
		df_buf_free(&level->parts[i].block);
	if (level->fd >= 0)
		close(level->fd);
	free(level);
}

void batch_later_free(struct batch_later *l)
{
	if (l == NULL)
		return;
	df_buf_free(&l->held);
	level_free(l->top);
	free(l);
}

/* ---- records as bytes ---- */

static struct head head_of(const struct map_record *rec, const struct batch_row *where)
{
	return (struct head){
	    .hash = rec->ids_hash != 0 ? rec->ids_hash : batch_hash(rec->ids, rec->ids_len),
	    .where = *where,
	    .ids_len = (uint32_t)rec->ids_len,
	    .batch_len = (uint32_t)rec->batch_len,
	    .batch_tail = (uint32_t)rec->batch_tail,
	    .data_len = rec->no_event ? 0 : (uint32_t)rec->data_len,
	    .request_len = rec->request_id != NULL ? (uint32_t)rec->request_id_len : 0,
	    .message_len = rec->message_id != NULL ? (uint32_t)rec->message_id_len : 0,
	    .no_event = rec->no_event,
	    .has_request = rec->request_id != NULL,
	    .has_message = rec->message_id != NULL};
}

static void record_write(struct df_buf *out, const struct head *h, const struct map_record *rec)
{
	df_buf_add(out, h, sizeof(*h));
	df_buf_add(out, rec->ids, h->ids_len);
	df_buf_add(out, rec->batch, h->batch_len);
	df_buf_add(out, rec->data, h->data_len);
	df_buf_add(out, rec->request_id, h->request_len);
	df_buf_add(out, rec->message_id, h->message_len);
}

static const char *text_next(const char **at, size_t len)
{
	const char *text = *at;
	*at += len;
	return text;
}

static void record_read(struct map_record *rec, const struct head *h, const char *texts)
{
	rec->ids_hash = h->hash;
	rec->ids_len = h->ids_len;
	rec->ids = text_next(&texts, h->ids_len);
	rec->batch_len = h->batch_len;
	rec->batch_tail = h->batch_tail;
	rec->batch = text_next(&texts, h->batch_len);
	rec->data_len = h->data_len;
	rec->data = text_next(&texts, h->data_len);
	rec->request_id_len = h->request_len;
	rec->request_id = h->has_request ? text_next(&texts, h->request_len) : NULL;
	rec->message_id_len = h->message_len;
	rec->message_id = h->has_message ? text_next(&texts, h->message_len) : NULL;
	rec->no_event = h->no_event;
}

/* ---- parts in a file ---- */

static enum df_status level_new(struct batch_later *l, struct level **out, struct df_err *err)
{
	*out = df_alloc(sizeof(**out));
	for (unsigned i = 0; i < PARTS; i++)
		(*out)->parts[i].first = -1;
	(*out)->fd = -1;
	return df_unnamed_open(l->scratch, &(*out)->fd, err);
}

static int64_t block_new(struct level *level)
{
	int64_t place = level->end;
	level->end += BLOCK;
	return place;
}

static enum df_status block_write(struct level *level, struct part *p, struct df_err *err)
{
	const struct chain chain = {.next = block_new(level), .len = p->block.len - sizeof(chain)};
	memcpy(p->block.data, &chain, sizeof(chain));
	if (pwrite(level->fd, p->block.data, p->block.len, p->place) != (ssize_t)p->block.len)
		return file_failed(err);
	p->place = chain.next;
	p->block.len = sizeof(chain);
	return DF_OK;
}

static enum df_status part_add(struct level *level, struct part *p, const char *bytes, size_t len,
			       struct df_err *err)
{
	static const struct chain none;
	enum df_status st = DF_OK;
	if (p->first < 0) {
		p->first = p->place = block_new(level);
		df_buf_first(&p->block, BLOCK);
		df_buf_add(&p->block, &none, sizeof(none));
	}
	while (len > 0 && st == DF_OK) {
		size_t n = BLOCK - p->block.len < len ? BLOCK - p->block.len : len;
		df_buf_add(&p->block, bytes, n);
		bytes += n;
		len -= n;
		if (p->block.len == BLOCK)
			st = block_write(level, p, err);
	}
	return st;
}

static enum df_status level_add(struct level *level, unsigned depth, const struct head *h,
				const char *record, struct df_err *err)
{
	struct part *p = &level->parts[h->hash >> (64 - PART_BITS * (depth + 1)) & (PARTS - 1)];
	p->weight += head_weight(h);
	return part_add(level, p, record, sizeof(*h) + texts_len(h), err);
}

/* Whatever is held goes to the file. */
static enum df_status spill(struct batch_later *l, struct df_err *err)
{
	enum df_status st = l->top == NULL ? level_new(l, &l->top, err) : DF_OK;
	struct head h;
	for (size_t at = 0; at < l->held.len && st == DF_OK; at += sizeof(h) + texts_len(&h)) {
		memcpy(&h, l->held.data + at, sizeof(h));
		st = level_add(l->top, 0, &h, l->held.data + at, err);
	}
	df_buf_reset(&l->held);
	return st;
}

enum df_status batch_later_put(struct batch_later *l, const struct map_record *rec,
			       const struct batch_row *where, struct df_err *err)
{
	const struct head h = head_of(rec, where);
	record_write(&l->held, &h, rec);
	l->weight += head_weight(&h);
	if (l->scratch == NULL || (l->top == NULL && l->weight <= l->room))
		return DF_OK;
	bool large = l->top == NULL;
	enum df_status st = spill(l, err);
	if (large)
		df_buf_free(&l->held);
	return st;
}

/* ---- reading ---- */

struct reader {
	const struct level *level;
	const struct part *part;
	int64_t place;     /* of the block after those that were read; -1: there is none */
	struct df_buf buf; /* own */
	size_t at;         /* in it: what was not taken yet begins there */
};

static enum df_status block_read(struct reader *r, struct df_err *err)
{
	char block[BLOCK];
	struct chain chain = {0};
	if (r->place == r->part->place) { /* the one that was not written */
		df_buf_add(&r->buf, r->part->block.data + sizeof(chain),
			   r->part->block.len - sizeof(chain));
		r->place = -1;
		return DF_OK;
	}
	if (pread(r->level->fd, block, BLOCK, r->place) != (ssize_t)BLOCK)
		return file_failed(err);
	memcpy(&chain, block, sizeof(chain));
	df_buf_add(&r->buf, block + sizeof(chain), chain.len);
	r->place = chain.next;
	return DF_OK;
}

/* So many bytes are there, unless the part ends before. */
static enum df_status reader_need(struct reader *r, size_t len, struct df_err *err)
{
	enum df_status st = DF_OK;
	if (r->buf.len - r->at < len && r->at > 0) {
		memmove(r->buf.data, r->buf.data + r->at, r->buf.len - r->at);
		r->buf.len -= r->at;
		r->at = 0;
	}
	while (r->buf.len - r->at < len && r->place >= 0 && st == DF_OK)
		st = block_read(r, err);
	return st;
}

/* *record: as it is held; NULL: that was the last one. */
static enum df_status reader_next(struct reader *r, struct head *h, const char **record,
				  struct df_err *err)
{
	enum df_status st = reader_need(r, sizeof(*h), err);
	*record = NULL;
	if (st != DF_OK || r->buf.len - r->at < sizeof(*h))
		return st;
	memcpy(h, r->buf.data + r->at, sizeof(*h));
	st = reader_need(r, sizeof(*h) + texts_len(h), err);
	if (st != DF_OK)
		return st;
	*record = r->buf.data + r->at;
	r->at += sizeof(*h) + texts_len(h);
	return DF_OK;
}

static struct reader part_reader(const struct level *level, const struct part *p)
{
	return (struct reader){.level = level, .part = p, .place = p->first};
}

static enum df_status take(const struct batch_later_events *events, const struct head *h,
			   const char *record, struct df_err *err)
{
	struct map_record rec = {0};
	struct batch_row where = h->where;
	record_read(&rec, h, record + sizeof(*h));
	return events->take(events->ctx, &rec, &where, err);
}

static enum df_status part_take(const struct level *level, const struct part *p,
				const struct batch_later_events *events, struct df_err *err)
{
	struct reader r = part_reader(level, p);
	struct head h;
	const char *record = NULL;
	enum df_status st = reader_next(&r, &h, &record, err);
	while (st == DF_OK && record != NULL) {
		st = take(events, &h, record, err);
		if (st != DF_OK)
			break;
		st = reader_next(&r, &h, &record, err);
	}
	df_buf_free(&r.buf);
	return st == DF_OK ? events->part_end(events->ctx, err) : st;
}

/* Into the parts of another level. */
static enum df_status part_split(const struct level *from, const struct part *p, struct level *to,
				 unsigned depth, struct df_err *err)
{
	struct reader r = part_reader(from, p);
	struct head h;
	const char *record = NULL;
	enum df_status st = reader_next(&r, &h, &record, err);
	while (st == DF_OK && record != NULL) {
		st = level_add(to, depth, &h, record, err);
		if (st != DF_OK)
			break;
		st = reader_next(&r, &h, &record, err);
	}
	df_buf_free(&r.buf);
	return st;
}

static enum df_status level_take(struct batch_later *l, const struct level *level, unsigned depth,
				 const struct batch_later_events *events, struct df_err *err);

static enum df_status part_end(struct batch_later *l, const struct level *level,
			       const struct part *p, unsigned depth,
			       const struct batch_later_events *events, struct df_err *err)
{
	struct level *finer = NULL;
	if (p->first < 0)
		return DF_OK;
	if (p->weight <= l->room || depth + 1 == DEPTH_MAX)
		return part_take(level, p, events, err);
	enum df_status st = level_new(l, &finer, err);
	if (st != DF_OK)
		goto cleanup;
	st = part_split(level, p, finer, depth + 1, err);
	if (st != DF_OK)
		goto cleanup;
	st = level_take(l, finer, depth + 1, events, err);
cleanup:
	level_free(finer);
	return st;
}

static enum df_status level_take(struct batch_later *l, const struct level *level, unsigned depth,
				 const struct batch_later_events *events, struct df_err *err)
{
	enum df_status st = DF_OK;
	for (unsigned i = 0; i < PARTS && st == DF_OK; i++)
		st = part_end(l, level, &level->parts[i], depth, events, err);
	return st;
}

static enum df_status held_take(struct batch_later *l, const struct batch_later_events *events,
				struct df_err *err)
{
	enum df_status st = DF_OK;
	struct head h;
	for (size_t at = 0; at < l->held.len && st == DF_OK; at += sizeof(h) + texts_len(&h)) {
		memcpy(&h, l->held.data + at, sizeof(h));
		st = take(events, &h, l->held.data + at, err);
	}
	df_buf_free(&l->held);
	return st == DF_OK ? events->part_end(events->ctx, err) : st;
}

enum df_status batch_later_end(struct batch_later *l, const struct batch_later_events *events,
			       struct df_err *err)
{
	if (l->top == NULL)
		return held_take(l, events, err);
	enum df_status st = spill(l, err);
	return st == DF_OK ? level_take(l, l->top, 0, events, err) : st;
}
