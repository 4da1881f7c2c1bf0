/* SPDX-License-Identifier: MIT */
/*
 * fetch.h - drop files come from a source folder into the spool
 *
 *	struct fetch *source = NULL;
 *	fetch_open(feed, &source, &err);
 *	fetch_list(source, &list, &err);  regular files of the folder that this feed takes, by name
 *	fetch_get(source, &list.v[i], spool, hex, &err);  one of them, whole, into the spool
 *	fetch_after(source, &list.v[i], &feed->after_done, &err);
 *	    delete or move it, once the ledger has it
 *	fetch_close(source);
 *
 * Two drivers: fetch_sftp.c (libssh2) and fetch_dir.c (file:///). Whether a listed file is ready,
 * that is, has settled, is for the caller to decide with the ledger's memory of earlier listings:
 * see fetch_settled.
 */
#ifndef DROPFEED_FETCH_H
#define DROPFEED_FETCH_H

#include "dropfeed/conf.h"

struct fetch; /* an open source */

struct fetch_entry {
	char *
	    /* own; below the feed's folder, as the source spells it: any bytes but NUL; '/' with
	     * subfolders only */
	    name;
	uint64_t size;
	int64_t mtime; /* Unix seconds, the source's clock */
	char *why;     /* own; of a file that is left alone: why, and what to do; else NULL */
};

struct fetch_list {
	struct fetch_entry *v;
	size_t n;
	/* left alone, but meant to be taken, it seems: each has its reason */
	struct fetch_entry *misnamed;
	size_t n_misnamed;
	size_t waiting;       /* files that wait for their ready_marker or checksum */
	char *missing;        /* own; what one of them waits for, or NULL */
	size_t left_out;      /* named as drop files, but include or exclude leave them out */
	const char *shortage; /* not NULL: not all of the folder was listed, and this is why */
};

/* Connects, checks the host key, logs in. DF_RETRY: unreachable. DF_DENIED: host key unknown or
 * changed (with both fingerprints), login refused. DF_USAGE: the folder is not there. */
enum df_status fetch_open(const struct conf_feed *feed, struct fetch **out,
			  struct df_err *err) DF_CHECK;

/* The same; *at gets how far it came: when it fails, what failed. */
enum fetch_step {
	FETCH_STEP_CONNECT,
	FETCH_STEP_HOST_KEY,
	FETCH_STEP_LOGIN,
	FETCH_STEP_FOLDER,
	FETCH_STEP_OPEN /* nothing failed */
};
enum df_status fetch_open_at(const struct conf_feed *feed, struct fetch **out, enum fetch_step *at,
			     struct df_err *err) DF_CHECK;

/* Regular files that the feed takes: recognised names (name_parse_as) or `include`, less
 * `exclude`, hidden files and .tmp .part .partial .filepart, sorted by name (bytes). Symlinks
 * and specials are not followed; sub-folders are with `subfolders`, but for those that
 * after_done, after_refused and receipts name. A server whose listing gives no types, sizes or
 * times is asked file by file. At most a million files. */
enum df_status fetch_list(struct fetch *source, struct fetch_list *out,
			  struct df_err *err) DF_CHECK;
void fetch_list_free(struct fetch_list *list);

/* True when `now` shows the same size and mtime as the listing of `seen_ms` and min_age_ms
 * passed between the two, or min_age_ms is 0. Clocks of this machine only: the source's clock is
 * never compared with ours. */
bool fetch_settled(const struct fetch_entry *now, uint64_t seen_size, int64_t seen_mtime,
		   int64_t seen_ms, int64_t now_ms, int64_t min_age_ms);

/* Downloads into `spool_path` through "<spool_path>.part" (0600; an existing part is resumed),
 * hashing on the way; then looks at size and mtime again, syncs, renames; to sync the folder is the
 * caller's. hex gets the SHA-256.
 * What it compares is what one and the same request said before and after: a listing that rounds
 * times or has another zone is not a change. Where that has shown that listings are right, a small
 * file is only looked at after it was read, and compared with the listing. A file whose time
 * changes because it is read is read twice, and taken when both are the same. What was read to its
 * end is kept when the file is gone then, because some servers remove what was read. DF_END: it was
 * gone before anything was read. DF_RETRY when the file changed meanwhile (the part is discarded),
 * the connection broke (the part is kept), its checksum is another one, or the disk is full. */
enum df_status fetch_get(struct fetch *source, const struct fetch_entry *entry,
			 const char *spool_path, char hex[DF_SHA256_HEX],
			 struct df_err *err) DF_CHECK;
/* The same without its checksum file: of bytes whose SHA-256 is known, with which the caller
 * compares hex. */
enum df_status fetch_get_known(struct fetch *source, const struct fetch_entry *entry,
			       const char *spool_path, char hex[DF_SHA256_HEX],
			       struct df_err *err) DF_CHECK;

/* What became, at the source, of the file that fetch_get brought last. */
struct fetch_fate {
	bool gone;     /* the source has removed it */
	bool changed;  /* DF_RETRY: it is not what was listed any more */
	int64_t mtime; /* under which it is listed from now on */
};
const struct fetch_fate *fetch_fate(const struct fetch *source); /* borrowed */

/* Deletes or moves the file on the source, as `action` says, and with it its marker and checksum
 * files; CONF_KEEP does nothing. A move never overwrites: a taken name gets ".1", ".2", ...; a
 * missing folder is made, and sub-folders are kept. DF_END: nothing was done, because the file
 * is gone already, or another one, of another size or mtime, has its name. DF_REJECT: the server
 * does not support what this needs, and never will. */
enum df_status fetch_after(struct fetch *source, const struct fetch_entry *entry,
			   const struct conf_after_action *action, struct df_err *err) DF_CHECK;

/* From now on the folder is `dir`, relative to the feed's or absolute, as after_done moves to
 * it; NULL: the feed's own. */
void fetch_enter(struct fetch *source, const char *dir);
/* What lies under this name: size and mtime. DF_END: no such file. */
enum df_status fetch_stat_file(struct fetch *source, const char *name, struct fetch_entry *out,
			       struct df_err *err) DF_CHECK;

/* The files of the folder that was entered, and files are moved to, that may be the entry: under a
 * name that fetch_after may have given it, and of its size and time in a listing. DF_END: there is
 * no such folder. DF_REJECT: it cannot be listed. */
enum df_status fetch_list_moved(struct fetch *source, const struct fetch_entry *entry,
				struct fetch_list *out, struct df_err *err) DF_CHECK;

/* Writes `len` bytes to DIR/name on the source, through a temporary name; replaces an older one.
 * Sub-folders of the name are made. DF_REJECT: as fetch_after. */
enum df_status fetch_put(struct fetch *source, const char *dir, const char *name, const void *p,
			 size_t len, struct df_err *err) DF_CHECK;

/* What a feed's receipts, after_done and after_refused need: makes a small hidden file in each
 * folder that is written to, moves it as they do, and deletes it. DF_END: they need nothing. DF_OK:
 * *where (the caller's) names the folders. DF_DENIED: the source refuses it. Folders that they
 * would make are made. */
enum df_status fetch_try_write(struct fetch *source, char **where, struct df_err *err) DF_CHECK;

/* True once the connection is of no use any more: what failed may be tried again on a new one. */
bool fetch_broken(const struct fetch *source);
/* Bytes of files that came through it. */
uint64_t fetch_received(const struct fetch *source);

/* Could the feed use the same connection: to that server, under that login, known by the same host
 * key? */
bool fetch_serves(const struct fetch *source, const struct conf_feed *feed);
/* Makes it the feed's, which it serves: as fetch_open, on the connection that there is. Whatever
 * comes of it, fetch_close ends it. */
enum df_status fetch_reopen(struct fetch *source, const struct conf_feed *feed,
			    struct df_err *err) DF_CHECK;

void fetch_close(struct fetch *source); /* NULL is fine */

struct fetch_host_key {
	char type[48];  /* "ssh-ed25519" */
	char print[64]; /* "SHA256:..." */
};
/* The key that the feed's server shows, whether it is known or not; logs in nowhere. */
enum df_status fetch_host_key(const struct conf_feed *feed, struct fetch_host_key *out,
			      struct df_err *err) DF_CHECK;
/* Whether known_hosts names the feed's server, or its key is pinned; opens no connection.
 * DF_USAGE: not, with what to do. */
enum df_status fetch_check_host(const struct conf_feed *feed, struct df_err *err) DF_CHECK;
/* Whether identity_file holds a private key that can be used, if its passphrase is right. DF_USAGE:
 * not, with what to do. */
enum df_status fetch_check_key(const struct conf_feed *feed, struct df_err *err) DF_CHECK;

#endif
