/* SPDX-License-Identifier: MIT */
/* What a thread keeps of the rows of a part, until the calling thread takes them. */
#include "document_part.h"

static void *room_for(void *list, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return list;
	*cap = *cap > 0 ? *cap * 2 : 256;
	return df_realloc(list, *cap * size);
}

static uint32_t keep_bytes(struct document_part *p, const char *from, size_t len)
{
	df_buf_add(&p->bytes, from, len);
	return (uint32_t)len; /* MAP_MAX_OUTPUT at most */
}

static void keep_faults(struct document_part *p, const struct map_record *record)
{
	for (size_t i = 0; i < record->n_faults; i++) {
		const struct map_fault *f = &record->faults[i];
		p->faults = room_for(p->faults, p->n_faults, &p->cap_faults, sizeof(*p->faults));
		p->faults[p->n_faults++] =
		    (struct document_kept_fault){f->code, f->column, p->bytes.len};
		df_buf_add(&p->bytes, f->text, strlen(f->text) + 1);
	}
}

/* What is kept of a sound row. */
static void keep_record(struct document_part *p, struct document_kept_row *k,
			const struct map_record *record, bool lengths)
{
	k->ids_hash = batch_hash(record->ids, record->ids_len);
	const size_t within = map_record_ids_at(record);
	k->ids = (uint32_t)record->ids_len;
	k->ids_at = within != SIZE_MAX ? (uint32_t)within : DOCUMENT_IDS_APART;
	if (within == SIZE_MAX)
		df_buf_add(&p->bytes, record->ids, record->ids_len);
	k->batch = keep_bytes(p, record->batch, record->batch_len);
	k->batch_tail = (uint32_t)record->batch_tail;
	k->data = (uint32_t)record->data_len;
	if (!lengths)
		df_buf_add(&p->bytes, record->data, record->data_len);
	k->has_request_id = record->request_id != NULL;
	k->has_message_id = record->message_id != NULL;
	k->request_id = k->message_id = 0;
	if (record->request_id != NULL)
		k->request_id = keep_bytes(p, record->request_id, record->request_id_len);
	if (record->message_id != NULL)
		k->message_id = keep_bytes(p, record->message_id, record->message_id_len);
	k->has_timestamp = record->has_timestamp;
	k->timestamp_ms = record->timestamp_ms;
	k->fold_from = (uint32_t)record->fold_from;
	k->fold_to = (uint32_t)record->fold_to;
	k->fold_items = (uint32_t)record->fold_items;
	k->order = record->order;
	k->order_total = record->order_total;
}

/* Sets each member by itself: clearing all of it first is what takes time. */
void document_part_keep(struct document_part *p, const struct rows_row *row,
			const struct map_record *record, bool sound, bool lengths)
{
	static const struct map_record nothing;
	p->rows = room_for(p->rows, p->n_kept, &p->cap_rows, sizeof(*p->rows));
	struct document_kept_row *k = &p->rows[p->n_kept++];
	k->where.number = p->n_rows;
	k->where.line = row->line;
	k->where.offset = row->offset;
	k->where.length = row->length;
	k->where.event = k->where.id_at = 0;
	k->at = p->bytes.len;
	k->sound = sound;
	k->late = !sound && record->late;
	k->refuses = !sound && record->refuses;
	k->no_event = sound && record->no_event;
	k->fault = p->n_faults;
	k->n_faults = sound ? 0 : record->n_faults;
	if (!sound)
		keep_faults(p, record);
	keep_record(p, k, sound ? record : &nothing, lengths);
}

void document_part_recall(const struct document_part *p, const struct document_kept_row *k,
			  const struct document_pass *pass, struct map_record *record)
{
	const char *bytes = p->bytes.data != NULL ? p->bytes.data : "", *at = bytes + k->at;
	record->batch = k->ids_at == DOCUMENT_IDS_APART ? at + k->ids : at;
	record->ids = k->ids_at == DOCUMENT_IDS_APART ? at : at + k->ids_at;
	record->ids_len = k->ids;
	record->ids_hash = k->ids_hash;
	at = record->batch;
	record->batch_len = k->batch;
	record->batch_tail = k->batch_tail;
	record->data = at += k->batch;
	record->data_len = k->data;
	at += pass->lengths ? 0 : k->data;
	record->request_id = k->has_request_id ? at : NULL;
	record->request_id_len = k->request_id;
	at += k->request_id;
	record->message_id = k->has_message_id ? at : NULL;
	record->message_id_len = k->message_id;
	record->fold_from = k->fold_from;
	record->fold_to = k->fold_to;
	record->fold_items = k->fold_items;
	record->order = k->order;
	record->order_total = k->order_total;
	record->has_timestamp = k->has_timestamp;
	record->timestamp_ms = k->timestamp_ms;
	record->late = k->late;
	record->refuses = k->refuses;
	record->no_event = k->no_event;
	record->n_faults = k->n_faults;
	for (size_t i = 0; i < k->n_faults; i++) {
		const struct document_kept_fault *kept = &p->faults[k->fault + i];
		struct map_fault *f = &record->faults[i];
		f->code = kept->code;
		f->column = kept->column;
		f->name = map_column_name(pass->map, kept->column);
		memcpy(f->text, bytes + kept->text, strlen(bytes + kept->text) + 1);
	}
}

void document_part_clear(struct document_part *p)
{
	p->done = false;
	p->st = DF_OK;
	p->err = (struct df_err){0};
	p->n_rows = p->n_kept = p->n_faults = p->n_notes = 0;
	df_buf_reset(&p->bytes);
}

void document_part_keep_notes(struct document_part *p, struct map *m)
{
	const struct map_note *notes = NULL;
	p->n_notes = map_notes(m, &notes);
	if (p->n_notes == 0)
		return;
	p->notes = df_realloc(p->notes, p->n_notes * sizeof(*p->notes));
	memcpy(p->notes, notes, p->n_notes * sizeof(*p->notes));
	map_notes_forget(m);
}
