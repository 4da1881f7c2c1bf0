/* SPDX-License-Identifier: MIT */
/* A file that begins with all that was delivered under its name: it was taken before it was written
 * to its end, or each export adds to the one before. */
#include "run_document.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define AT_ONCE (1u << 18)

struct grown {
	const struct run_file *f;
	struct ledger_file before; /* own; id 0: there is none */
};

static bool is_of_name(void *ctx, const char *name)
{
	return strcmp(name, ((const struct grown *)ctx)->f->name) == 0;
}

static enum df_status has_delivered(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	(void)err;
	*(bool *)ctx = d->delivered > 0;
	return d->delivered > 0 ? DF_END : DF_OK;
}

/* The latest one that is done. DF_END ends the walk. */
static enum df_status on_file(void *ctx, const struct ledger_file *file, struct df_err *err)
{
	struct grown *g = ctx;
	(void)err;
	if (file->id == g->f->ledger_id || file->state != LEDGER_DONE)
		return DF_OK;
	g->before = ledger_file_dup(file);
	return DF_END;
}

static enum df_status find_before(struct ledger *l, struct grown *g, struct df_err *err)
{
	char *below = df_strdup(g->f->name);
	size_t len = strlen(below);
	bool ranged = len > 0 && (unsigned char)below[len - 1] < 0x7f;
	if (ranged)
		below[len - 1]++;
	const struct ledger_latest which = {.feed = g->f->feed->name,
					    .name_from = ranged ? g->f->name : NULL,
					    .name_below = ranged ? below : NULL,
					    .names = is_of_name,
					    .ctx = g};
	enum df_status st = ledger_files_latest(l, &which, on_file, g, err);
	free(below);
	return st == DF_END ? DF_OK : st;
}

/* False, too, where it cannot be read: that shows elsewhere. */
static bool begins_with(int fd, const struct ledger_file *before)
{
	char hex[DF_SHA256_HEX];
	char *buffer = df_alloc(AT_ONCE);
	struct df_sha256 *hash = df_sha256_new();
	uint64_t at = 0;
	while (at < before->size && !df_stop_requested) {
		uint64_t left = before->size - at;
		ssize_t n = pread(fd, buffer, left < AT_ONCE ? (size_t)left : AT_ONCE, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		df_sha256_add(hash, buffer, (size_t)n);
		at += (uint64_t)n;
	}
	df_sha256_end(hash, hex);
	df_sha256_free(hash);
	free(buffer);
	return at == before->size && strcmp(hex, before->sha256) == 0;
}

enum df_status run_warn_grown(struct run_file_work *w, const char *label, struct df_err *err)
{
	struct ledger *l = w->run->env.ledger;
	struct grown g = {.f = w->f};
	bool delivered = false;
	enum df_status st = find_before(l, &g, err);
	if (st != DF_OK || g.before.id == 0 || g.before.size == 0 || g.before.size >= w->f->size)
		goto cleanup;
	st = ledger_documents(l, g.before.id, has_delivered, &delivered, err);
	st = st == DF_END ? DF_OK : st;
	if (st == DF_OK && delivered && begins_with(w->f->fd, &g.before))
		df_log_code(DF_LOG_WARN, "delivered-before",
			    "%s: begins with all of the file of this name that was delivered "
			    "before: those rows are sent once more, under other ids; either that "
			    "one was taken before it was written to its end (a longer min_age, or "
			    "a ready_marker, prevents it), or each export adds to the one before "
			    "[delivered-before]",
			    label);
cleanup:
	ledger_file_free(&g.before);
	return st;
}
