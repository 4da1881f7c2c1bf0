/* SPDX-License-Identifier: MIT */
/* Rows into structs. */
#include "ledger_priv.h"

#include <stdio.h>
#include <stdlib.h>

static char *column_text(struct ledger_stmt *s, int i)
{
	return df_strdup(ledger_text(s, i));
}

/* The order of SQL_FILE_COLUMNS. */
void ledger_file_read(const struct ledger *l, struct ledger_stmt *s, struct ledger_file *out)
{
	memset(out, 0, sizeof(*out));
	out->id = ledger_int(s, 0);
	out->feed = column_text(s, 1);
	out->name = column_text(s, LEDGER_COLUMN_NAME);
	out->size = ledger_u64(s, 3);
	out->mtime = ledger_int(s, 4);
	const char *sha256 = ledger_text(s, 5);
	snprintf(out->sha256, sizeof(out->sha256), "%s", sha256 != NULL ? sha256 : "");
	out->state = (enum ledger_state)ledger_int(s, 6);
	out->pulled_ms = ledger_int(s, 7);
	out->closed_ms = ledger_int(s, 8);
	out->code = column_text(s, 9);
	out->text = column_text(s, 10);
	out->cleanup_due = ledger_int(s, 11) != 0;
	out->source = column_text(s, 12);
	out->event_type = column_text(s, 13);
	out->place = ledger_path_whole(l, ledger_text(s, 14));
	out->attempts = ledger_u64(s, 15);
	out->idle = ledger_u64(s, 16);
	out->given_up = column_text(s, 17);
}

/* The order of SQL_DOCUMENT_COLUMNS. */
void ledger_document_read(const struct ledger *l, struct ledger_stmt *s,
			  struct ledger_document *out)
{
	memset(out, 0, sizeof(*out));
	out->id = ledger_int(s, 0);
	out->name = column_text(s, 1);
	out->event_type = column_text(s, 2);
	out->state = (enum ledger_state)ledger_int(s, 3);
	out->begun_ms = ledger_int(s, 4);
	out->closed_ms = ledger_int(s, 5);
	out->rows = ledger_u64(s, 6);
	out->delivered = ledger_u64(s, 7);
	out->rejected = ledger_u64(s, 8);
	out->batches = ledger_u64(s, 9);
	out->events = ledger_u64(s, 10);
	out->code = column_text(s, 11);
	out->text = out->state == LEDGER_REFUSED ? column_text(s, 12)
						 : ledger_path_whole(l, ledger_text(s, 12));
	out->settings = column_text(s, 13);
	out->manifest = column_text(s, 14);
	out->first_batch = column_text(s, 15);
	out->last_batch = column_text(s, 16);
	out->skipped = ledger_u64(s, 17);
	out->taken = ledger_int(s, 18) != 0;
	out->batch_format = (uint32_t)ledger_int(s, 19);
	out->version = column_text(s, 20);
	out->target = column_text(s, 21);
	out->sent_ms = ledger_int(s, 22);
	out->plan = column_text(s, 23);
}

void ledger_file_free(struct ledger_file *f)
{
	free(f->feed);
	free(f->name);
	free(f->source);
	free(f->event_type);
	free(f->place);
	free(f->given_up);
	free(f->code);
	free(f->text);
	memset(f, 0, sizeof(*f));
}

struct ledger_file ledger_file_dup(const struct ledger_file *f)
{
	struct ledger_file copy = *f;
	copy.feed = df_strdup(f->feed);
	copy.name = df_strdup(f->name);
	copy.source = df_strdup(f->source);
	copy.event_type = df_strdup(f->event_type);
	copy.place = df_strdup(f->place);
	copy.given_up = df_strdup(f->given_up);
	copy.code = df_strdup(f->code);
	copy.text = df_strdup(f->text);
	return copy;
}

void ledger_document_free(struct ledger_document *d)
{
	free(d->name);
	free(d->event_type);
	free(d->code);
	free(d->text);
	free(d->settings);
	free(d->manifest);
	free(d->plan);
	free(d->first_batch);
	free(d->last_batch);
	free(d->version);
	free(d->target);
	memset(d, 0, sizeof(*d));
}
