/* SPDX-License-Identifier: MIT */
#include "fetch_priv.h"

#include <stdlib.h>

/* A server may say nothing of a folder that it lists all the same: then the listing decides. */
static enum df_status open_folder(struct fetch *source, struct df_err *err)
{
	struct fetch_stat seen = {0};
	struct df_err said = {0};
	enum df_status st = source->driver->stat(source->state, source->root, true, &seen, &said);
	if ((st == DF_END || st == DF_REJECT) && source->driver->try_folder != NULL) {
		said = (struct df_err){0};
		seen.kind = FETCH_FOLDER;
		st = source->driver->try_folder(source->state, source->root, &said);
	}
	if (st == DF_END)
		return df_fail(DF_USAGE, err, NULL,
			       "the source folder %s does not exist: correct `source`, or make it",
			       source->root);
	if (st != DF_OK)
		return df_fail(st == DF_REJECT ? DF_DENIED : st, err, NULL, "%s", said.text);
	if (seen.kind != FETCH_FOLDER && seen.kind != FETCH_UNTYPED)
		return df_fail(DF_USAGE, err, NULL, "the source %s is not a folder", source->root);
	return DF_OK;
}

enum df_status fetch_open(const struct conf_feed *feed, struct fetch **out, struct df_err *err)
{
	enum fetch_step at = FETCH_STEP_CONNECT;
	return fetch_open_at(feed, out, &at, err);
}

enum df_status fetch_open_at(const struct conf_feed *feed, struct fetch **out, enum fetch_step *at,
			     struct df_err *err)
{
	struct fetch *source = df_alloc(sizeof(*source));
	source->feed = feed;
	switch (feed->fetch.source.kind) {
	case CONF_SOURCE_SFTP:
		source->driver = &fetch_sftp_driver;
		break;
	case CONF_SOURCE_FILE:
		source->driver = &fetch_dir_driver;
		break;
	case CONF_SOURCE_NONE:
		free(source);
		return df_fail(DF_USAGE, err, NULL, "feed %s has no source", feed->name);
	}
	source->root = fetch_path_root(&feed->fetch.source);

	*at = FETCH_STEP_FOLDER;
	enum df_status st = source->driver->open(feed, &source->state, err);
	if (st != DF_OK) {
		*at = source->driver->step != NULL ? source->driver->step(source->state) : *at;
		goto cleanup;
	}
	st = open_folder(source, err);
	if (st != DF_OK)
		goto cleanup;
	*at = FETCH_STEP_OPEN;
	*out = source;
	source = NULL;
cleanup:
	fetch_close(source);
	return st;
}

/* ---- one connection for several feeds ---- */

static bool same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool fetch_serves(const struct fetch *source, const struct conf_feed *feed)
{
	const struct conf_fetch *a = &source->feed->fetch, *b = &feed->fetch;
	return source->driver->adopt != NULL && a->source.kind == b->source.kind &&
	       same(a->source.host, b->source.host) && a->source.port == b->source.port &&
	       same(a->source.user, b->source.user) && same(a->known_hosts, b->known_hosts) &&
	       same(a->host_key, b->host_key) && same(a->identity_file, b->identity_file) &&
	       same(a->passphrase, b->passphrase) && same(a->password, b->password) &&
	       same(a->proxy_command, b->proxy_command);
}

enum df_status fetch_reopen(struct fetch *source, const struct conf_feed *feed, struct df_err *err)
{
	source->driver->adopt(source->state, feed);
	source->feed = feed;
	source->received = 0;
	source->cannot = NULL;
	source->fate = (struct fetch_fate){0};
	source->asked_in_vain = 0;
	free(source->root);
	source->root = fetch_path_root(&feed->fetch.source);
	return open_folder(source, err);
}

void fetch_close(struct fetch *source)
{
	if (source == NULL)
		return;
	if (source->state != NULL)
		source->driver->close(source->state);
	free(source->root);
	free(source);
}

bool fetch_settled(const struct fetch_entry *now, uint64_t seen_size, int64_t seen_mtime,
		   int64_t seen_ms, int64_t now_ms, int64_t min_age_ms)
{
	if (min_age_ms == 0)
		return true;
	/* A clock that was set back only makes us wait longer. */
	return now->size == seen_size && now->mtime == seen_mtime && now_ms >= seen_ms &&
	       now_ms - seen_ms >= min_age_ms;
}

bool fetch_is_file(const struct fetch_stat *seen)
{
	return seen->kind == FETCH_FILE || seen->kind == FETCH_UNTYPED;
}

bool fetch_broken(const struct fetch *source)
{
	return source->driver->broken != NULL && source->driver->broken(source->state);
}

uint64_t fetch_received(const struct fetch *source)
{
	return source->received;
}

const struct fetch_fate *fetch_fate(const struct fetch *source)
{
	return &source->fate;
}

/* ---- looking elsewhere ---- */

void fetch_enter(struct fetch *source, const char *dir)
{
	free(source->root);
	source->root = fetch_path_root(&source->feed->fetch.source);
	if (dir == NULL)
		return;
	char *below = fetch_path_dir(source, dir);
	free(source->root);
	source->root = below;
}

enum df_status fetch_stat_file(struct fetch *source, const char *name, struct fetch_entry *out,
			       struct df_err *err)
{
	if (!fetch_name_below(name))
		return DF_END;
	struct fetch_stat seen = {0};
	char *path = fetch_path_join(source->root, name);
	enum df_status st = source->driver->stat(source->state, path, false, &seen, err);
	free(path);
	/* the source's "no" after a listing that said "yes" is the next run's matter */
	if (st != DF_OK)
		return st == DF_REJECT ? DF_RETRY : st;
	*out = (struct fetch_entry){.name = out->name, .size = seen.size, .mtime = seen.mtime};
	return fetch_is_file(&seen) ? DF_OK : DF_END;
}
