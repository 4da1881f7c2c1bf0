/* SPDX-License-Identifier: MIT */
/*
 * The source_request_ids that a file brought and that a batch went out under, as hashes. A document
 * may bring millions of them, so those that do not fit into a few MiB are kept in an unnamed file.
 * Slots are in the order of their hashes' upper bits: a bigger table is filled from the smaller one
 * nearly from its beginning to its end.
 */
#include "batch_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define FIRST_BITS 8u
#define READ_SLOTS 64u

static size_t slots_of(const struct batch_ids *ids)
{
	return ids->bits > 0 ? (size_t)1 << ids->bits : 0;
}

/* ---- in memory ---- */

static bool memory_enter(uint64_t *v, unsigned bits, uint64_t hash)
{
	size_t mask = ((size_t)1 << bits) - 1, at = (size_t)(hash >> (64 - bits));
	while (v[at] != 0 && v[at] != hash)
		at = (at + 1) & mask;
	if (v[at] == hash)
		return false;
	v[at] = hash;
	return true;
}

/* ---- in a file: slots are read some at a time ---- */

static enum df_status ids_file_failed(struct df_err *err)
{
	return df_fail(df_disk_status(errno, DF_RETRY), err, NULL,
		       "cannot keep the document's own source_request_ids in an unnamed file: %s",
		       df_strerror(errno));
}

static enum df_status file_enter(int fd, unsigned bits, uint64_t hash, bool *fresh,
				 struct df_err *err)
{
	size_t mask = ((size_t)1 << bits) - 1, at = (size_t)(hash >> (64 - bits));
	uint64_t seen[READ_SLOTS];
	for (;;) {
		size_t n = mask + 1 - at < READ_SLOTS ? mask + 1 - at : READ_SLOTS;
		if (pread(fd, seen, n * sizeof(*seen), (off_t)(at * sizeof(*seen))) !=
		    (ssize_t)(n * sizeof(*seen)))
			return ids_file_failed(err);
		for (size_t i = 0; i < n; i++) {
			*fresh = seen[i] == 0;
			if (seen[i] == hash)
				return DF_OK;
			if (seen[i] == 0) {
				bool good = pwrite(fd, &hash, sizeof(hash),
						   (off_t)((at + i) * sizeof(hash))) ==
					    (ssize_t)sizeof(hash);
				return good ? DF_OK : ids_file_failed(err);
			}
		}
		at = (at + n) & mask;
	}
}

static enum df_status ids_file_open(const char *scratch, unsigned bits, int *fd, struct df_err *err)
{
	enum df_status st = df_unnamed_open(scratch, fd, err);
	if (st != DF_OK || ftruncate(*fd, (off_t)(sizeof(uint64_t) << bits)) == 0)
		return st;
	return ids_file_failed(err);
}

/* ---- either ---- */

/* The slots from `at` on: as many as *n, or fewer. */
static enum df_status slots_read(const struct batch_ids *ids, size_t at, uint64_t *v, size_t n,
				 struct df_err *err)
{
	if (ids->v != NULL) {
		memcpy(v, ids->v + at, n * sizeof(*v));
		return DF_OK;
	}
	bool good = pread(ids->fd, v, n * sizeof(*v), (off_t)(at * sizeof(*v))) ==
		    (ssize_t)(n * sizeof(*v));
	return good ? DF_OK : ids_file_failed(err);
}

static enum df_status enter(struct batch_ids *ids, uint64_t hash, bool *fresh, struct df_err *err)
{
	if (ids->v == NULL)
		return file_enter(ids->fd, ids->bits, hash, fresh, err);
	*fresh = memory_enter(ids->v, ids->bits, hash);
	return DF_OK;
}

static enum df_status ids_grow(struct batch_ids *ids, struct df_err *err)
{
	struct batch_ids bigger = {.scratch = ids->scratch,
				   .memory_bits = ids->memory_bits,
				   .fd = -1,
				   .bits = ids->bits > 0 ? ids->bits + 1 : FIRST_BITS};
	size_t old = slots_of(ids);
	enum df_status st = DF_OK;
	if (bigger.bits <= bigger.memory_bits || ids->scratch == NULL)
		bigger.v = df_alloc(slots_of(&bigger) * sizeof(*bigger.v));
	else
		st = ids_file_open(ids->scratch, bigger.bits, &bigger.fd, err);

	for (size_t at = 0; st == DF_OK && at < old; at += READ_SLOTS) {
		uint64_t v[READ_SLOTS];
		bool fresh;
		st = slots_read(ids, at, v, READ_SLOTS, err);
		for (size_t i = 0; i < READ_SLOTS && st == DF_OK; i++)
			if (v[i] != 0)
				st = enter(&bigger, v[i], &fresh, err);
	}
	bigger.n = ids->n;
	struct batch_ids left = st == DF_OK ? *ids : bigger;
	if (st == DF_OK)
		*ids = bigger;
	batch_ids_free(&left);
	return st;
}

enum df_status batch_ids_enter(struct batch_ids *ids, uint64_t hash, bool *fresh,
			       struct df_err *err)
{
	enum df_status st = ids->n >= slots_of(ids) / 4 * 3 ? ids_grow(ids, err) : DF_OK;
	if (st != DF_OK)
		return st;
	st = enter(ids, hash, fresh, err);
	if (st != DF_OK)
		return st;
	ids->n += *fresh;
	return DF_OK;
}

void batch_ids_free(struct batch_ids *ids)
{
	free(ids->v);
	if (ids->fd >= 0)
		close(ids->fd);
	*ids =
	    (struct batch_ids){.scratch = ids->scratch, .memory_bits = ids->memory_bits, .fd = -1};
}
