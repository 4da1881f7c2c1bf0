/* SPDX-License-Identifier: MIT */
/*
 * base.h - memory, growing buffers, logging, the lock, hashes and clocks: what knows nothing of
 * feeds
 *
 * Small allocations never fail: they abort the process, which the ledger makes safe. Whatever is
 * sized by input goes through struct df_buf, which has a cap and reports it.
 */
#ifndef DROPFEED_BASE_H
#define DROPFEED_BASE_H

#include "dropfeed/err.h"

#include <regex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The Makefile's number of the version, as a text. */
#define DF_TEXT_OF(x)    #x
#define DF_TEXT(x)       DF_TEXT_OF(x)
#define DROPFEED_VERSION DF_TEXT(DROPFEED_VERSION_NUMBER)

/* ---- memory: abort on failure, for small things only ---- */
void *df_alloc(size_t size) __attribute__((returns_nonnull)); /* zeroed; free with free() */
void *df_realloc(void *p, size_t size);
/* For what is large and is read in any order: of DF_LARGE_PAGE and more the kernel is asked for
 * large pages (madvise(2), MADV_HUGEPAGE), which it may not have. align: a power of two, up to
 * DF_LARGE_PAGE. Not zeroed; free with df_large_free and the same size. */
#define DF_LARGE_PAGE ((size_t)2 << 20)
void *df_large_alloc(size_t size, size_t align) __attribute__((returns_nonnull));
void df_large_free(void *p, size_t size);
char *df_strdup(const char *s); /* NULL gives NULL */
char *df_strndup(const char *s, size_t len);
bool df_same_text(const char *a, const char *b);      /* either may be NULL */
bool df_ends_with(const char *text, const char *end); /* ... and has something before that */
/* What counts of a secret that a file or a variable holds: its first line, without a BOM. Borrowed,
 * and not ended. */
const char *df_first_line(const char *text, size_t *len);
bool df_is_leap_year(int64_t year);

/* The end of a noun and of its verb: "1 file waits", "2 files wait". */
static inline const char *df_plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static inline const char *df_singular(uint64_t n)
{
	return n == 1 ? "s" : "";
}

/* "1 row", "3 rows", "2 batches": df_count(n, "row").text, until the statement ends. */
struct df_counted {
	char text[64];
};
struct df_counted df_count(uint64_t n, const char *noun);

static inline bool df_is_digit(char c)
{
	return c >= '0' && c <= '9';
}
char *df_format(const char *fmt, ...) DF_PRINTF(1, 2); /* owned by the caller */
/* stem and tail as the name of a file, which has 255 bytes at most: where it has to be, the stem
 * is cut, between two characters if it is UTF-8, and gets "~" and a piece of its hash, for
 * others may begin alike. The caller's. */
char *df_file_name(const char *stem, size_t stem_len, const char *tail);
const char *df_base_name(const char *path); /* its last part, borrowed */
/* the folder that holds it, "." where it names none; the caller's */
char *df_dirname(const char *path);
bool df_ends_with_slash(const char *path); /* as a folder may be written, there or not */

/* ---- a growing byte buffer ----
 *
 *	struct df_buf b = {.max = 1 << 20};
 *	df_buf_add(&b, "text", 4);
 *	df_buf_free(&b);
 *
 * max 0 means 1 GiB. An append that would pass max appends nothing and sets `over`, which stays
 * set until df_buf_reset: write a whole record, then look at `over` once. */
struct df_buf {
	char *data; /* own; not NUL-terminated unless df_buf_cstr was called */
	size_t len;
	size_t cap; /* at most max; one byte more is there, for the NUL of df_buf_cstr */
	size_t max;
	bool over;
};

void df_buf_free(struct df_buf *b); /* leaves it empty and usable */

/* len 0, memory kept */
static inline void df_buf_reset(struct df_buf *b)
{
	b->len = 0;
	b->over = false;
}

/* room for `more` bytes; false and `over` when past max */
bool df_buf_grow(struct df_buf *b, size_t more);
/* Room for `size` bytes and hardly more, where the buffer is empty. */
void df_buf_first(struct df_buf *b, size_t size);
void df_buf_addf(struct df_buf *b, const char *fmt, ...) DF_PRINTF(2, 3);
const char *df_buf_cstr(struct df_buf *b); /* NUL-terminated view, borrowed until the next append */

static inline void df_buf_add(struct df_buf *b, const void *p, size_t len)
{
	if (len > b->cap - b->len && !df_buf_grow(b, len))
		return;
	if (len > 0)
		memcpy(b->data + b->len, p, len);
	b->len += len;
}

static inline void df_buf_addc(struct df_buf *b, char c)
{
	df_buf_add(b, &c, 1);
}

static inline void df_buf_adds(struct df_buf *b, const char *s)
{
	df_buf_add(b, s, strlen(s));
}

/* ---- JSON writing (RFC 8259): one line, UTF-8 kept as it is ---- */

/* Appends the bytes with `"`, `\` and control characters escaped, without quotes around. The
 * bytes must be UTF-8. */
void df_json_escape(struct df_buf *b, const char *s, size_t len);
/* The same, with quotes around. */
void df_json_string(struct df_buf *b, const char *s, size_t len);
/* The same at a place with room for DF_JSON_MOST(len) bytes. Returns how many it takes. */
#define DF_JSON_MOST(len) (6 * (len) + 2)
size_t df_json_put(char *at, const char *s, size_t len);
/* The same of bytes that others wrote, such as a file's name: each byte that is not UTF-8
 * becomes '?'. */
void df_json_text(struct df_buf *b, const char *s, size_t len);
/* How many bytes df_json_string appends. */
size_t df_json_length(const char *s, size_t len);

/* Appends text of others, for a terminal or a line of a log. Control characters, characters that
 * change the order in which text is shown, and bytes that are not UTF-8 are written as \xNN: they
 * could move the cursor, or forge a line. */
void df_printable(struct df_buf *b, const char *s);

/* Appends text of others with what nobody sees in it as <U+200B>: characters without a width,
 * blanks that are not ASCII. */
void df_visible(struct df_buf *b, const char *s);
/* Length of the character at s if it is one of those, else 0. */
size_t df_invisible(const char *s, size_t len);

/* Levenshtein's distance of two words, regardless of ASCII case; of b only the first
 * DF_DISTANCE_MAX bytes count. */
#define DF_DISTANCE_MAX 96
unsigned df_distance(const char *a, size_t a_len, const char *b, size_t b_len);

/* ---- patterns ---- */

/* Compiles a POSIX extended regular expression, in which \d is a digit as well. DF_OK: *out is
 * the caller's to regfree. */
enum df_status df_pattern_compile(const char *pattern, regex_t *out, struct df_err *err) DF_CHECK;

/* ---- UTF-8 (RFC 3629) ---- */
/* Length of the longest valid prefix: equals len when all of it is valid. Overlong forms and
 * surrogates are not. */
size_t df_utf8_valid(const char *s, size_t len);
/* Puts '?' for each byte that is not UTF-8: for messages, which quote others and are cut to
 * their room. */
void df_utf8_sanitize(char *s);
/* Writes the character, up to U+10FFFF, and returns how many bytes it takes. */
size_t df_utf8_put(char out[4], uint32_t c);

/* What separates cells, in one number: a character, or two to four signs of ASCII, such as "||".
 * False: the text is something else. */
bool df_sequence_of(const char *text, uint32_t *out);
/* Writes either of them, and returns how many bytes it takes. */
size_t df_sequence_put(char out[4], uint32_t c);

/* Puts stars for the password of each address (scheme://user:password@host, or without the
 * scheme) in a message: whoever quotes a setting or what a library said may quote one. */
void df_hide_passwords(char *text);
/* Formats what a message says: valid UTF-8, and without these passwords. */
void DF_PRINTF(3, 0) df_message(char *out, size_t size, const char *fmt, va_list values);

/* ---- logging ---- */
enum df_log_level { DF_LOG_ERROR, DF_LOG_WARN, DF_LOG_INFO, DF_LOG_DEBUG };

/* level: the highest that is written; json: one object a line instead of text. Logs go to
 * standard error. */
void df_log_setup(enum df_log_level level, bool json);
/* One line. No secret at any level, no cell value below DF_LOG_DEBUG. Thread-safe. */
void df_log(enum df_log_level level, const char *fmt, ...) DF_PRINTF(2, 3);
void df_log_err(enum df_log_level level, const struct df_err *err);
bool df_log_writes(enum df_log_level level); /* is that level written? */
bool df_log_is_json(void);

/* What lines of JSON say beside their sentence. */
struct df_log_place { /* borrowed; NULL: none */
	const char *feed, *file, *document;
};
/* What the calling thread's lines are about from now on, NULL: nothing. Returns what they were
 * about before. */
struct df_log_place df_log_at(const struct df_log_place *now);
struct df_log_number {
	const char *name;
	uint64_t value;
};
struct df_log_fields {
	const struct df_log_place *at; /* NULL: the thread's */
	const char *code;              /* or NULL */
	const struct df_log_number *numbers;
	size_t n_numbers;
	bool always; /* whatever the level is: somebody asked for it */
};
void df_log_with(enum df_log_level level, const struct df_log_fields *f, const char *fmt, ...)
    DF_PRINTF(3, 4);

/* With a code of our own. */
#define df_log_code(level, word, ...)                                                              \
	df_log_with((level), &(struct df_log_fields){.code = (word)}, __VA_ARGS__)

/* A line of a terminal that is drawn anew each time, below the lines of the log. It holds no
 * control characters and is shorter than the terminal is wide. NULL: none. */
void df_log_status(const char *text);
/* Appends the last lines of the log, some KiB. */
void df_log_tail(struct df_buf *out);
/* Takes a line that went to standard error by another way for one of the log. */
void df_log_keep(const char *line, size_t len);

/* ---- files ---- */

/* What to do about a failed call: DF_RETRY for trouble of the machine that may pass, such as a
 * full disk, one that fails to read, or no memory or descriptors left; else `otherwise`. */
enum df_status df_disk_status(int error, enum df_status otherwise);
/* The system's words for it, and what to do about a full or read-only disk. Borrowed. */
const char *df_strerror(int error);

/* What is held: the lock file and its folder; -1: not open. */
struct df_lock {
	int file, folder;
};
/* Takes the kernel lock (flock) on `path`, creating it 0600, and on its folder, and writes this
 * process's id into it. DF_RETRY when another process holds either, which sets *busy; err names
 * that process's id. *out is held until df_lock_release, or until the process ends. */
enum df_status df_lock_take(const char *path, struct df_lock *out, bool *busy,
			    struct df_err *err) DF_CHECK;
/* Lets go of it. Nothing where both are -1. */
void df_lock_release(struct df_lock *l);
/* The process that holds it, and since when; 0: nobody does, or it cannot be seen from here (as
 * from another container). Only looks: whoever takes the lock meanwhile gets it. */
long df_lock_owner(const char *path, int64_t *since_s);

/* Opens an unnamed file (O_TMPFILE) in `dir`, or, where the file system has none, one that is
 * unlinked before anything is written to it. *fd_out is the caller's to close. */
enum df_status df_unnamed_open(const char *dir, int *fd_out, struct df_err *err) DF_CHECK;

/* Whether it is a symbolic link whose target does not exist, as that of a disk which is not
 * mounted. */
bool df_is_dangling(const char *path);
#define DF_DANGLING "is a symbolic link to a place that does not exist: mount or make that folder"
/* Creates the folder and its missing parents with mode 0700. */
enum df_status df_mkdirs(const char *path, struct df_err *err) DF_CHECK;

/* Makes names that were given, changed or removed in the folder survive a power cut. */
enum df_status df_sync_folder(const char *path, struct df_err *err) DF_CHECK;
/* The same, of the folder that a file of this path is in. */
enum df_status df_sync_folder_of(const char *path, struct df_err *err) DF_CHECK;

/* Is the folder, or where it would be made, on a network file system, or on another one whose
 * locks and shared memory cannot be relied on? Then name is what it is called: "nfs4",
 * "fuse.sshfs". */
bool df_is_remote(const char *path, char name[64]);

/* Writes everything. DF_RETRY with the system's words (disk full, ...) when it cannot. */
enum df_status df_write_all(int fd, const void *p, size_t len, struct df_err *err) DF_CHECK;

/* Starts to write to the disk what was written to the file up to `end`, so that the sync which
 * is to come has little left to wait for; what fails is reported by that sync. *begun: how far
 * that was started already, 0 at first. Does nothing before some MiB have come together. */
void df_write_behind(int fd, uint64_t *begun, uint64_t end);

/* Reads a whole small file (at most max bytes) into *out, NUL-terminated, the caller's to free.
 * DF_RETRY: the machine's trouble; DF_USAGE: there is no such file, it may not be read, or is
 * larger. */
enum df_status df_read_file(const char *path, size_t max, char **out, size_t *len,
			    struct df_err *err) DF_CHECK;

/* The folder for unnamed files where there is no state folder: $TMPDIR, or /tmp. */
const char *df_scratch(void);
/* Opens a file that was named on the command line. DF_USAGE: it cannot be read, or is a folder. */
enum df_status df_open_named(const char *path, int *fd_out, struct df_err *err) DF_CHECK;

/* ---- SHA-256 (libcrypto) ---- */
/* A digest as lower-case hex. */
enum df_digest { DF_SHA256, DF_SHA1, DF_MD5 };
#define DF_DIGEST_HEX 65 /* the longest, with its NUL */
bool df_digest_hex(enum df_digest kind, const void *p, size_t len,
		   char hex[DF_DIGEST_HEX]); /* false: libcrypto has it not */

struct df_sha256; /* a running hash */
#define DF_SHA256_HEX 65
struct df_sha256 *df_sha256_new(void);
void df_sha256_add(struct df_sha256 *h, const void *p, size_t len);
/* lower-case hex; h may not be added to any more */
void df_sha256_end(struct df_sha256 *h, char hex[DF_SHA256_HEX]);
void df_sha256_free(struct df_sha256 *h);
/* Reads fd_in from its offset to its end, hashing; writes what it read to fd_out unless
 * that is -1. */
enum df_status df_copy(int fd_in, int fd_out, char hex[DF_SHA256_HEX], struct df_err *err) DF_CHECK;

/* ---- clocks ---- */
#define DF_DAY_MS INT64_C(86400000)
int64_t df_now_ms(void); /* wall clock, Unix milliseconds */
#define DF_TIME_TEXT 32
void df_time_text(int64_t ms, char out[DF_TIME_TEXT]); /* such as 2026-01-12T03:04:05Z */
int64_t df_monotonic_ms(void);                         /* never goes back */
/* Waits so many milliseconds, or until a signal comes. Where a stop has to end it: df_rest. */
void df_sleep_ms(int64_t ms);

/* ---- stopping ---- */
/* Set by the first SIGTERM or SIGINT; rooms that wait look at it at least every 200 ms and
 * return DF_RETRY. */
/* lock-free: a signal handler may set it while threads read it */
extern atomic_int df_stop_requested;
/* Set by SIGUSR1: how far it is, please. Whoever reports it sets it back. */
extern atomic_int df_progress_requested;
/* Waits so many milliseconds, or until a stop is requested: false. */
bool df_rest(int64_t ms);

#endif
