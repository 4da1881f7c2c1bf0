/* SPDX-License-Identifier: MIT */
/*
 * fetch_priv.h - what the two drivers offer to fetch.c
 *
 * A driver knows paths and bytes, nothing of feeds' policies: filters, resuming, hashing, numbered
 * names and temporary names are fetch.c's. What a driver's calls return:
 *
 *	DF_OK		done
 *	DF_END		the source says that there is no such file or folder; err is untouched
 *	DF_REJECT	the source answered and said no; err has its words
 *	others  no answer (connection lost, stalled, stopped), refused login, ...: err says what
 */
#ifndef DROPFEED_FETCH_PRIV_H
#define DROPFEED_FETCH_PRIV_H

#include "dropfeed/fetch.h"

struct fetch_stat {
	enum fetch_kind {
		FETCH_FILE,
		FETCH_FOLDER,
		FETCH_LINK,
		FETCH_OTHER,
		FETCH_UNTYPED
	} kind; /* UNTYPED: it was not said */
	uint64_t size;
	int64_t mtime;
	bool partial; /* size or time was not said */
	char letter;  /* of a long line of a listing, '-' or 'd' or 'l' ...; or NUL */
};

/* Called for every name of a folder. len: the name may hold a NUL, as the source spells it.
 * False: no more of them. */
typedef bool fetch_visit(void *arg, const char *name, size_t len, const struct fetch_stat *st);

struct fetch_driver {
	enum df_status (*open)(const struct conf_feed *feed, void **state, struct df_err *err);
	void (*close)(void *state);
	/* Another feed goes on with it; NULL: each has its own. */
	void (*adopt)(void *state, const struct conf_feed *feed);
	/* what failed, after open; NULL: a folder of this machine */
	enum fetch_step (*step)(const void *state);
	bool (*broken)(const void *state); /* NULL: it cannot break */
	/* Whether the source does not know the request that was DF_REJECT just now; NULL: it knows
	 * all. */
	bool (*unsupported)(const void *state);
	/* what list says of a file may differ from what look says */
	bool listing_differs;
	enum df_status (*list)(void *state, const char *dir, fetch_visit *visit, void *arg,
			       struct df_err *err);
	/* Whether the folder can be listed: for servers that say nothing of it otherwise. */
	enum df_status (*try_folder)(void *state, const char *dir, struct df_err *err);
	/* Whether the listing of its folder lacks it: there are servers that word what is not there
	 * like any failure. NULL: this source does not. */
	bool (*absent)(void *state, const char *path);
	/* follow: look through a symbolic link */
	enum df_status (*stat)(void *state, const char *path, bool follow, struct fetch_stat *out,
			       struct df_err *err);

	/* One file at a time is open for reading. read: *n 0 is the end. */
	enum df_status (*read_open)(void *state, const char *path, uint64_t offset,
				    struct df_err *err);
	enum df_status (*read)(void *state, void *p, size_t size, size_t *n, struct df_err *err);
	void (*read_close)(void *state);

	enum df_status (*move)(void *state, const char *from, const char *to,
			       struct df_err *err); /* never onto a file */
	enum df_status (*replace)(void *state, const char *from, const char *to,
				  struct df_err *err);
	enum df_status (*delete)(void *state, const char *path, struct df_err *err);
	enum df_status (*make_dir)(void *state, const char *path, struct df_err *err);
	/* a new file; an existing one is DF_REJECT */
	enum df_status (*write)(void *state, const char *path, const void *p, size_t len,
				struct df_err *err);
};

extern const struct fetch_driver fetch_sftp_driver;
extern const struct fetch_driver fetch_dir_driver;

struct fetch {
	const struct conf_feed *feed; /* borrowed */
	const struct fetch_driver *driver;
	void *state;       /* the driver's */
	char *root;        /* the feed's folder as the driver takes it */
	uint64_t received; /* bytes of files */
	/* What the source turned out not to be able to do at all, or NULL. */
	const char *cannot;
	struct fetch_fate fate;
	/* A look before and after a file was read said what the listing had said: this source lists
	 * what is there, and removes nothing because it was read. */
	bool lists_right;
	/* files that were asked for one by one without need: the listing said as much */
	unsigned asked_in_vain;
};

/* fetch_list_look.c, fetch_list_name.c */
/* What the folder's listing says of the name now. DF_END: it is not listed. */
enum df_status fetch_list_stat(struct fetch *source, const char *name, struct fetch_stat *out,
			       struct df_err *err) DF_CHECK;
/* True when what was looked at may be the file that was listed so. */
bool fetch_is_file(const struct fetch_stat *seen);
/* The files beside it that belong to a file, <name><ready_marker> and <name><checksum>: the i-th
 * one's name, the caller's; NULL when there are no more. */
char *fetch_companion(const struct conf_feed *feed, const char *name, size_t i);

/* fetch_moved.c */
enum { FETCH_MOVE_TRIES = 10000 }; /* numbered names before giving up */
/* The i-th name that a file may get where it is moved to: name, name.1, ...; the caller's. */
char *fetch_moved_name(const char *leaf, int i);

/* fetch_checksum.c */
struct fetch_checksum; /* what the file beside says, and the hash of what was read */
/* Reads the file. *out NULL: the feed wants none. DF_END: it is not there; DF_RETRY: it cannot
 * be read or understood. */
enum df_status fetch_checksum_open(struct fetch *source, const char *name,
				   struct fetch_checksum **out, struct df_err *err) DF_CHECK;
void fetch_checksum_add(struct fetch_checksum *c, const void *p, size_t len); /* c NULL is fine */
/* DF_OK: they are the same. DF_RETRY: err names both. */
enum df_status fetch_checksum_compare(struct fetch_checksum *c, const char *name,
				      struct df_err *err) DF_CHECK;
void fetch_checksum_free(struct fetch_checksum *c);

/* fetch_path.c */
/* The path of a configured folder as the source takes it: "/~/x" is below the login's folder,
 * and without `root` ... */
char *fetch_path_root(const struct conf_source *source);
/* ... a relative one is below the feed's folder. */
char *fetch_path_dir(const struct fetch *source, const char *dir);
char *fetch_path_join(const char *dir, const char *name);
/* The path of a folder that is named below the feed's; "" is the feed's own. The caller's. */
char *fetch_path_folder(const struct fetch *source, const char *folder);
/* After a request that would do `what`: notes in source->cannot when it is one that the source
 * does not know. Returns st. */
enum df_status fetch_asked(struct fetch *source, enum df_status st, const char *what) DF_CHECK;
/* After a request about the path: whether it was refused because there is nothing of that name. */
bool fetch_absent(struct fetch *source, enum df_status st, const char *path);
/* As the driver's stat; DF_END as well where that is refused and the path is absent. */
enum df_status fetch_look(struct fetch *source, const char *path, bool follow,
			  struct fetch_stat *out, struct df_err *err) DF_CHECK;
/* Makes the folder and its missing parents. */
enum df_status fetch_path_make(struct fetch *source, const char *dir, struct df_err *err) DF_CHECK;
/* A name that cannot lead out of its folder. */
bool fetch_name_sound(const char *name, size_t len);
/* The same of one that may lead into sub-folders: "a/b/c". */
bool fetch_name_below(const char *name);
/* The folder that `dir` and the sub-folders in `name` make: "done" and "a/b.csv" are "done/a".
 * The caller's. */
char *fetch_path_beside(const char *dir, const char *name);

#endif
